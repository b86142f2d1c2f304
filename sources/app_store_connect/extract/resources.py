"""The dlt resources: instances | segments | rows, and the tables of Apple's lists.

`segments` reads Apple's segments endpoint, page by page, at the moment a worker is ready for the
downloads; `rows` downloads, verifies, reads and yields Arrow tables for the report's table. A
segment that fails is noted in the `Attempt`, not raised: the others of the load package go on.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import dlt
import pyarrow as pa
from dlt.common.storages.load_package import load_package_state
from dlt.extract import DltResource

from .. import tables
from ..api.download import ListedSegment
from ..api.keys import ApiKeys
from ..catalog import ReportSchema, RestatementPolicy, policy_of
from ..entities import ReportSegment
from ..errors import FATAL, AppStoreConnectError, Failure, MalformedFileError, NotFoundError
from ..instances import DEFAULT_RECHECK_DAYS, InstanceToLoad, Look, is_about_to_expire
from ..names import SOURCE_NAME
from ..report_files.tsv import (
    DEFAULT_MAX_INFLATED_BYTES,
    FileFormatError,
    RowBatch,
    read_batches,
)
from ..tables import PLAIN, RawTable, failure_rows
from .catalogue_rows import NewCatalogueRows, Stored
from .loaded import CompleteInstance, check_rows, doubled_notes
from .outcome import Attempt
from .report_resource import LEDGER, RawResource, ReportResource, column_hints
from .row_buffer import RowBuffer
from .segment_read import SegmentRead, refuse_another_app, refuse_misfit, unparsed_rows
from .segments import choose_segments
from .slices import SegmentSlices, SliceKeys
from .workers import CpuLimit, grouped

logger = logging.getLogger(__name__)

_OWN_TABLES = {table.name: table for table in tables.LEDGER_TABLES}
NamedTable = tuple[str, pa.Table]


@dataclass(frozen=True, slots=True)
class Work:
    """What the resources hand on: an instance, some of its segments or, where there is nothing
    else to load, its withdrawal of segments; at the end nothing of it.

    Everything belongs to one extraction: a source may be run again, also after it failed.
    """

    attempt: Attempt
    buffer: RowBuffer
    catalogue: NewCatalogueRows
    slice_keys: SliceKeys
    item: InstanceToLoad | None = None
    segments: Sequence[ListedSegment] = ()
    withdrawal: CompleteInstance | None = None


@dataclass(frozen=True, slots=True)
class SegmentLoader:
    """The settings that the resources share: keys, outcome, and how rows are written.

    `merges` says whether of `tables.LATEST_TABLES` one row of each key is left; otherwise rows are
    added, as all others are, for the main job, which removes those of earlier loads, or in files.
    `table_format` is dlt's, for destinations of files. `dictionary_text` needs a destination whose
    files may have dictionary columns: dlt says which.
    `stored` gives the rows of a table that the destination has, `new_failures` those that are to be
    written with the rows.
    """

    keys: ApiKeys
    new_attempt: Callable[[], Attempt]
    today: date
    recheck_days: int = DEFAULT_RECHECK_DAYS
    merges: Callable[[], bool] = lambda: False
    table_format: str = PLAIN
    max_inflated_bytes: int = DEFAULT_MAX_INFLATED_BYTES
    policies: Mapping[str, RestatementPolicy] = field(default_factory=dict)
    dictionary_text: bool = False
    cpu_limit: CpuLimit = field(default_factory=CpuLimit)
    stored: Callable[[RawTable], Stored] = lambda table: {}
    new_failures: Callable[[], Sequence[Failure]] = tuple

    def rows(self, instances: Callable[[], Iterable[InstanceToLoad | None]]) -> DltResource:
        """One resource for the rows of all reports; `instances` is asked for the next when a worker
        is free.
        """

        def begin() -> tuple[Work, Iterable[InstanceToLoad | None]]:
            catalogue = NewCatalogueRows(self.stored)
            return Work(self.new_attempt(), RowBuffer(), catalogue, SliceKeys()), instances()

        rows = partial(self._written_rows, None)
        head = self._segments(("instances", "segments"), begin)
        return DltResource.from_data(rows, name="rows", data_from=head).parallelize()

    def report(
        self,
        name: str,
        begin: Callable[[], tuple[Work, Iterable[InstanceToLoad | None]]],
        *,
        schema: ReportSchema | None = None,
        text: str,
    ) -> DltResource:
        """A resource for the rows of one report's table or, without schema, of several ones'.

        `begin` is called for each load package, for its work and the instances that are due.
        """
        hints = dlt.mark.make_hints(
            table_name=name,
            columns=column_hints(schema) if schema else None,
            table_format=open_format(self.table_format),
            additional_table_hints={"description": text},
        )
        head = self._segments((f"{name}_instances", f"{name}_segments"), begin)
        rows = partial(self._written_rows, name if schema else None)
        resource = ReportResource.from_data(
            rows, name=name, section=SOURCE_NAME, hints=hints, data_from=head
        )
        resource.__doc__ = text
        return resource.parallelize()

    def _segments(
        self,
        names: tuple[str, str],
        begin: Callable[[], tuple[Work, Iterable[InstanceToLoad | None]]],
    ) -> DltResource:
        """instances | segments"""

        def until_the_end() -> Iterator[Work | None]:
            work, items = begin()
            for item in items:
                if item:
                    work.buffer.begin()
                yield replace(work, item=item) if item else None  # dlt asks again in a moment
            yield work

        @dlt.transformer(name=names[1], parallelized=True)
        def segments(work: Work) -> Iterator[Work]:
            buffer = work.buffer
            if work.item:
                for part in self._parts(work, work.item):
                    buffer.begin()
                    yield part
            if buffer.finish():
                yield replace(work, item=None)

        return dlt.resource(until_the_end, name=names[0], selected=False) | segments

    def _written_rows(self, table_name: str | None, work: Work) -> Iterator[Any]:
        """The transformer of segments into rows. `table_name` is its resource's own table, if it
        has one.
        """
        buffer = work.buffer
        if work.withdrawal:
            for name, data in self._ledger_rows(work, work.withdrawal):
                yield from self._written(buffer.add(name, data), table_name)
        elif work.item:
            for listed in work.segments:
                for name, data in self._rows(work, work.item, listed):
                    yield from self._written(buffer.add(name, data), table_name)
        if work.item is None or buffer.finish():
            ends = [*buffer.rest(), *self._checks(work.attempt), *self.failures()]
            yield from self._written(ends, table_name)

    def listing(
        self, table: RawTable, rows: Callable[[], Sequence[Mapping[str, Any]]]
    ) -> DltResource:
        """A resource of rows of one of `tables.LATEST_TABLES`."""

        def listed() -> Iterator[Any]:
            if found := rows():
                yield self._marked(table.arrow(found, _load_id()), table.name, table)

        hints = dlt.mark.make_hints(table_name=table.name)
        return RawResource.from_data(listed, name=table.name, section=SOURCE_NAME, hints=hints)

    def ledger(self) -> DltResource:
        """A resource for the failures that belong to no report; dlt notes the tables of the ledger
        as its.
        """

        def failures() -> Iterator[Any]:
            yield from self._written(self.failures(), None)

        resource = ReportResource.from_data(failures, name=LEDGER, section=SOURCE_NAME)
        resource.__doc__ = "The ledger, whose rows come with those of the reports"
        return resource

    def failures(self) -> list[NamedTable]:
        """Rows of the failures that no other resource has written."""
        table, rows = tables.LOAD_FAILURES, failure_rows(self.new_failures(), datetime.now(UTC))
        return [(table.name, table.arrow(rows, _load_id()))] if rows else []

    def _parts(self, work: Work, item: InstanceToLoad) -> Iterator[Work]:
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
        """None if Apple does not say; then that is noted."""
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

    def _rows(
        self, work: Work, item: InstanceToLoad, listed: ListedSegment
    ) -> Iterator[NamedTable]:
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
            yield from self._ledger_rows(work, complete)

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
        rows = slices.stamped(batch.table, days, _load_id(), encode=self.dictionary_text)
        yield item.listed.table_name, rows
        if batch.unparsed:
            yield tables.UNPARSED_VALUES.name, unparsed_rows(item, segment, batch, _load_id())

    def _ledger_rows(self, work: Work, complete: CompleteInstance) -> Iterator[NamedTable]:
        load_id = _load_id()
        slices = complete.slice_rows(work.slice_keys)
        yield tables.SEGMENTS.name, tables.SEGMENTS.arrow(complete.ledger_rows(), load_id)
        yield tables.SLICES.name, tables.SLICES.arrow(slices, load_id)
        for table, rows in work.catalogue.of(complete, self.policies).items():
            if rows:
                yield table.name, table.arrow(rows, load_id)

    def _refuse_undated(self, schema: ReportSchema, columns: Iterable[str]) -> None:
        """A newer instance replaces the dates of an older one; without any, both would count."""
        if policy_of(schema, columns, self.policies) is RestatementPolicy.REPLACE:
            raise FileFormatError(
                "none of its rows has a date, so that newer instances could not replace it (if they"
                f' do not: "{schema.name}" = "accumulate" in the configuration\'s restatement)'
            )

    def _checks(self, attempt: Attempt) -> Iterator[NamedTable]:
        table = tables.INSTANCE_CHECKS
        if rows := check_rows(attempt.looks.values(), self.today, self.recheck_days):
            yield table.name, table.arrow(rows, _load_id())

    def _written(self, named: Iterable[NamedTable], table_name: str | None) -> Iterator[Any]:
        """Rows of the resource's own table have its hints; others name their table."""
        for name, data in named:
            yield data if name == table_name else self._marked(data, name, _OWN_TABLES.get(name))

    def _marked(self, data: pa.Table, table_name: str, own: RawTable | None) -> Any:
        is_merged = own in tables.LATEST_TABLES and self.merges()
        hints = dlt.mark.make_hints(
            table_name=table_name,
            write_disposition="merge" if is_merged else "append",
            table_format=open_format(self.table_format),
            merge_key=own.key if own and is_merged else None,
        )
        return dlt.mark.with_hints(data, hints, create_table_variant=True)


def open_format(table_format: str) -> Any:
    """Plain Parquet is to dlt no table format."""
    return None if table_format == PLAIN else table_format


def _load_id() -> str:
    return load_package_state()["load_id"]
