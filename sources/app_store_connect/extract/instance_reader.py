"""Reads an instance: its segments from Apple's endpoint, then the rows of each, with the ledger's.

A segment that fails is noted in the `Attempt`, not raised: the others of the load package go on.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial

import pyarrow as pa
from dlt.common.storages.load_package import load_package_state

from .. import tables
from ..api.download import ListedSegment
from ..api.keys import ApiKeys
from ..catalog import ReportSchema, RestatementPolicy, policy_of
from ..entities import ReportSegment
from ..errors import FATAL, AppStoreConnectError, MalformedFileError, NotFoundError
from ..instances import DEFAULT_RECHECK_DAYS, InstanceToLoad, Look, is_about_to_expire
from ..report_files.tsv import (
    DEFAULT_MAX_INFLATED_BYTES,
    FileFormatError,
    RowBatch,
    read_batches,
)
from .catalogue_rows import NewCatalogueRows
from .loaded import CompleteInstance, check_rows, doubled_notes
from .outcome import Attempt
from .row_buffer import RowBuffer
from .segment_read import SegmentRead, refuse_another_app, refuse_misfit, unparsed_rows
from .segments import choose_segments
from .slices import SegmentSlices, SliceKeys
from .workers import CpuLimit, grouped

logger = logging.getLogger(__name__)

NamedTable = tuple[str, pa.Table]


@dataclass(frozen=True, slots=True)
class Work:
    """A message from one resource to the next: an instance alone, with some of its segments, or
    with its withdrawn segments if there is nothing to load. The last message has no instance.

    A message belongs to one extraction: a source may be run again, also after it failed.
    """

    attempt: Attempt
    buffer: RowBuffer
    catalogue: NewCatalogueRows
    slice_keys: SliceKeys
    item: InstanceToLoad | None = None
    segments: Sequence[ListedSegment] = ()
    withdrawal: CompleteInstance | None = None


@dataclass(frozen=True, slots=True)
class InstanceReader:
    """The settings for listing and reading. `dictionary_text` needs a destination whose files may
    have dictionary columns: dlt says which.
    """

    keys: ApiKeys
    today: date
    recheck_days: int = DEFAULT_RECHECK_DAYS
    max_inflated_bytes: int = DEFAULT_MAX_INFLATED_BYTES
    policies: Mapping[str, RestatementPolicy] = field(default_factory=dict)
    dictionary_text: bool = False
    cpu_limit: CpuLimit = field(default_factory=CpuLimit)

    def parts(self, work: Work, item: InstanceToLoad) -> Iterator[Work]:
        """The work on an instance: its withdrawn segments, then its changed ones in groups."""
        listed_at = self.keys.of(item.listed.app_id).downloader.clock()
        attempt = work.attempt
        found = self._listed(attempt, item)
        if found is None:
            return
        changed, withdrawn = self._to_load(attempt, item, found)
        if withdrawal := attempt.begin(item, changed, withdrawn):
            yield replace(work, withdrawal=withdrawal)
        segments = (ListedSegment(each, listed_at) for each in changed)
        is_busy = partial(self._are_others_busy, work.buffer)
        for group in grouped(segments, is_busy):
            yield replace(work, segments=group)

    def _are_others_busy(self, buffer: RowBuffer) -> bool:
        return buffer.totals.open_items > self.keys.all_workers

    def _listed(self, attempt: Attempt, item: InstanceToLoad) -> list[ReportSegment] | None:
        """The segments that Apple lists; None, with a note, if Apple does not answer."""
        key = self.keys.of(item.listed.app_id)
        try:
            return key.client.list_segments(item.listed.instance.id)
        except FATAL as error:
            self._stop(attempt, item, error)
        except NotFoundError as error:
            if is_about_to_expire(item.listed.instance, today=self.today):
                attempt.notice(item, "Apple listed it but has deleted it, as it does after 35 days")
                attempt.begin(item, [])
            else:
                attempt.fail_instance(item, error)
        except AppStoreConnectError as error:
            attempt.fail_instance(item, error)
        finally:
            self.keys.end_listing(item.listed.app_id, item.listed.instance.id)
        return None

    def _stop(self, attempt: Attempt, item: InstanceToLoad, error: Exception) -> None:
        """An error that stops one key stops the run only if no other key is left."""
        if self.keys.stop(self.keys.of(item.listed.app_id), error):
            attempt.stop(error)

    def _to_load(
        self, attempt: Attempt, item: InstanceToLoad, found: list[ReportSegment]
    ) -> tuple[list[ReportSegment], Sequence[str]]:
        """The segments to load, and the ids of those that Apple lists no more."""
        if not found:
            attempt.notice(item, "Apple lists it without any segment (yet)")
            if not item.is_recheck:
                attempt.look(item, Look.EMPTY)
            return [], ()
        by_id = {each.id: each for each in found}
        checksums = {each.id: each.checksum for each in by_id.values()}
        choice = choose_segments(checksums, item.loaded)
        if item.is_recheck and not (choice.changed or choice.withdrawn):
            attempt.look(item, Look.UNCHANGED)
        return [by_id[segment_id] for segment_id in choice.changed], choice.withdrawn

    def rows(self, work: Work, item: InstanceToLoad, listed: ListedSegment) -> Iterator[NamedTable]:
        attempt = work.attempt
        if not attempt.is_wanted(item):
            attempt.leave(item, listed.segment)
            return
        read = SegmentRead(listed.segment, SegmentSlices(work.slice_keys))
        try:
            yield from self._read(attempt, item, listed, read)
        except FATAL as error:
            self._stop(attempt, item, error)
            attempt.fail(item, read.segment, error)
            return
        except FileFormatError as error:
            attempt.fail(item, read.segment, MalformedFileError(read.segment.id, str(error)))
            return
        except AppStoreConnectError as error:
            attempt.fail(item, read.segment, error)
            return
        if complete := attempt.complete(read.loaded(item)):
            for note in doubled_notes(complete.loaded):
                logger.warning("%s", note)
            yield from self.ledger_rows(work, complete)

    def _read(
        self, attempt: Attempt, item: InstanceToLoad, listed: ListedSegment, read: SegmentRead
    ) -> Iterator[NamedTable]:
        """Raises FileFormatError if the rows are not of this app and report, or have no date."""
        schema, instance = item.listed.schema, item.listed.instance
        with self.keys.of(item.listed.app_id).downloader.open(listed) as (read.segment, file):
            batches = read_batches(
                file,
                schema,
                max_inflated_bytes=self.max_inflated_bytes,
                dictionary_text=self.dictionary_text,
            )
            for batch in self.cpu_limit.each(batches):
                if not read.columns:
                    refuse_misfit(item.listed, batch.header)
                    if batch.table.num_rows and not batch.date_columns:
                        self._refuse_undated(schema, batch.table.column_names)
                days = batch.days(instance.processing_date)
                read.add(schema, batch, days)
                attempt.read(batch.table.num_rows)
                yield from self._report_rows(item, read.segment, batch, read.slices, days)
        refuse_another_app(read.app_ids, item.listed.app_id)
        if read.row_count and not read.is_dated:
            self._refuse_undated(schema, read.columns)

    def _report_rows(
        self,
        item: InstanceToLoad,
        segment: ReportSegment,
        batch: RowBatch,
        slices: SegmentSlices,
        days: pa.Array,
    ) -> Iterator[NamedTable]:
        load_id = current_load_id()
        rows = slices.stamped(batch.table, days, load_id, encode=self.dictionary_text)
        yield item.listed.table_name, rows
        if batch.unparsed:
            yield tables.UNPARSED_VALUES.name, unparsed_rows(item, segment, batch, load_id)

    def _refuse_undated(self, schema: ReportSchema, columns: Iterable[str]) -> None:
        """A newer instance replaces the dates of an older one; without any, both would count."""
        if policy_of(schema, columns, self.policies) is RestatementPolicy.REPLACE:
            raise FileFormatError(
                "none of its rows has a date, so that newer instances could not replace it (if they"
                f' do not: "{schema.name}" = "accumulate" in the configuration\'s restatement)'
            )

    def ledger_rows(self, work: Work, complete: CompleteInstance) -> Iterator[NamedTable]:
        """The ledger's rows of an instance whose rows are all read."""
        load_id = current_load_id()
        slices = complete.slice_rows(work.slice_keys)
        yield tables.SEGMENTS.name, tables.SEGMENTS.arrow(complete.ledger_rows(), load_id)
        yield tables.SLICES.name, tables.SLICES.arrow(slices, load_id)
        for table, rows in work.catalogue.of(complete, self.policies).items():
            if rows:
                yield table.name, table.arrow(rows, load_id)

    def checks(self, attempt: Attempt) -> Iterator[NamedTable]:
        """Rows of the instances that were looked at and had nothing to load."""
        table = tables.INSTANCE_CHECKS
        if rows := check_rows(attempt.looks.values(), self.today, self.recheck_days):
            yield table.name, table.arrow(rows, current_load_id())


def current_load_id() -> str:
    """The id of the load package that dlt is extracting."""
    return load_package_state()["load_id"]
