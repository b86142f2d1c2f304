"""The dlt resources: instances | segments | rows, and the tables of what Apple lists.

`segments` reads Apple's segments endpoint, page by page, at the moment a worker is ready for the
downloads; `rows` downloads, verifies, reads and yields Arrow tables for the report's table. A
segment that fails is noted in the `Attempt`, not raised: the others of the load package go on.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import dlt
import pyarrow as pa
from dlt.common.storages.load_package import load_package_state
from dlt.extract import DltResource

from app_store_connect import tables
from app_store_connect.catalog import ReportSchema, RestatementPolicy, misfit, policy_of
from app_store_connect.checks import Look
from app_store_connect.client import AppStoreConnectClient
from app_store_connect.database import PLAIN
from app_store_connect.discovery import DEFAULT_WORKERS, FATAL
from app_store_connect.download import ListedSegment, SegmentDownloader
from app_store_connect.errors import AppStoreConnectError, MalformedFileError, NotFoundError
from app_store_connect.gathering import Gathering
from app_store_connect.loaded import CompleteInstance, LoadedSegment, check_rows, doubled_notes
from app_store_connect.model import ReportSegment
from app_store_connect.outcome import Attempt
from app_store_connect.portions import portions
from app_store_connect.provenance import SEGMENT_KEY, stamp_of, stamped
from app_store_connect.row_hashes import ByDate, added
from app_store_connect.selection import (
    DEFAULT_RECHECK_DAYS,
    InstanceToLoad,
    ListedInstance,
    choose_segments,
    is_about_to_expire,
)
from app_store_connect.tables import RawTable
from app_store_connect.tsv import (
    DEFAULT_MAX_INFLATED_BYTES,
    Batch,
    FileFormatError,
    read_batches,
)
from app_store_connect.turns import Turns

logger = logging.getLogger(__name__)

_KEYS = {
    table.name: table.key
    for table in (*tables.SEGMENT_TABLES, tables.INSTANCE_CHECKS, tables.REPORT_COLUMNS)
}

NamedTable = tuple[str, pa.Table]


@dataclass(frozen=True, slots=True)
class Work:
    """What the resources hand on: an instance, some of its segments, and at the end neither.

    Everything belongs to one extraction: a source may be run again, also after it failed.
    """

    attempt: Attempt
    gathering: Gathering
    columns: "NewColumns"
    item: InstanceToLoad | None = None
    segments: Sequence[ListedSegment] = ()


class NewColumns:
    """Which rows of `tables.REPORT_COLUMNS` a load package has to bring. Threads share it."""

    def __init__(self, stored: Mapping[str, Mapping[str, Any]]) -> None:
        self._known = dict(stored)
        self._lock = threading.Lock()

    def among(self, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Those that the destination does not have like this; each is given once."""
        with self._lock:
            new = [row for row in rows if self._known.get(row["id"]) != row]
            self._known |= {row["id"]: row for row in new}
        return new


@dataclass(frozen=True, slots=True)
class SegmentLoader:
    """What the resources share: where from, where failures go, and how rows are written.

    `write_disposition` is `merge` (idempotent by itself) or `append` (for the main job, which
    derives what is visible from the ledger). `table_format` is dlt's, for destinations of files.
    `is_text_encoded` needs a destination whose files may have dictionary columns: dlt says which.
    `workers` are as many as dlt has for it. `stored_columns` gives the rows of
    `tables.REPORT_COLUMNS` that the destination has, by id.
    """

    client: AppStoreConnectClient
    downloader: SegmentDownloader
    new_attempt: Callable[[], Attempt]
    today: date
    recheck_days: int = DEFAULT_RECHECK_DAYS
    write_disposition: str = "merge"
    table_format: str = PLAIN
    max_inflated_bytes: int = DEFAULT_MAX_INFLATED_BYTES
    policies: Mapping[str, RestatementPolicy] = field(default_factory=dict)
    is_text_encoded: bool = False
    workers: int = DEFAULT_WORKERS
    turns: Turns = field(default_factory=Turns)
    stored_columns: Callable[[], Mapping[str, Mapping[str, Any]]] = dict

    def resource(self, instances: Callable[[], Iterable[InstanceToLoad]]) -> DltResource:
        """instances | segments | rows; `instances` is asked for the next when a worker is free."""

        def until_the_end() -> Iterator[Work]:
            work = Work(self.new_attempt(), Gathering(), NewColumns(self.stored_columns()))
            for item in instances():
                work.gathering.begin()
                yield replace(work, item=item)
            yield work

        @dlt.transformer(name="segments", parallelized=True)
        def segments(work: Work) -> Iterator[Work]:
            gathering = work.gathering
            if work.item:
                listed = self._segments(work.attempt, work.item)
                for portion in portions(listed, lambda: gathering.open_items > self.workers):
                    gathering.begin()
                    yield replace(work, segments=portion)
            if gathering.finish():
                yield replace(work, item=None)

        @dlt.transformer(name="rows", parallelized=True)
        def rows(work: Work) -> Iterator[Any]:
            gathering = work.gathering
            if work.item:
                for listed in work.segments:
                    for name, data in self._rows(work, work.item, listed):
                        yield from self._written(gathering.add(name, data))
            if work.item is None or gathering.finish():
                yield from self._written([*gathering.rest(), *self._checks(work.attempt)])

        source = dlt.resource(until_the_end, name="instances", selected=False)
        return source | segments | rows

    def listing(
        self, table: RawTable, rows: Callable[[], Sequence[Mapping[str, Any]]]
    ) -> DltResource:
        """A resource of Apple's attributes, one row for each thing that Apple lists."""

        def listed() -> Iterator[Any]:
            if found := rows():
                yield self._marked(table.arrow(found, _load_id()), table.name, table.key)

        return dlt.resource(listed, name=table.name)

    def _segments(self, attempt: Attempt, item: InstanceToLoad) -> Iterator[ListedSegment]:
        listed_at = self.downloader.clock()
        try:
            found = self.client.list_segments(item.listed.instance.id)
        except FATAL as error:
            attempt.stop(error)
            return
        except NotFoundError as error:
            if is_about_to_expire(item.listed.instance, today=self.today):
                attempt.notice(item, "Apple listed it but has deleted it, as it does after 35 days")
                attempt.begin(item, [])
            else:
                attempt.fail_instance(item, error)
            return
        except AppStoreConnectError as error:
            attempt.fail_instance(item, error)
            return
        for segment in self._to_load(attempt, item, found):
            yield ListedSegment(segment, listed_at)

    def _to_load(
        self, attempt: Attempt, item: InstanceToLoad, found: list[ReportSegment]
    ) -> list[ReportSegment]:
        if not found:
            attempt.notice(item, "Apple lists it without any segment (yet)")
            if not item.is_recheck:
                attempt.look(item, Look.EMPTY)
            return attempt.begin(item, [])
        by_id = {each.id: each for each in found}
        choice = choose_segments(
            {each.id: each.checksum for each in by_id.values()},
            item.loaded,
            attempt.held(item, by_id.values()),
        )
        changed = [by_id[segment_id] for segment_id in choice.changed]
        if item.is_recheck and not (choice.changed or choice.withdrawn):
            attempt.look(item, Look.UNCHANGED)
        return attempt.begin(item, changed, choice.withdrawn)

    def _rows(
        self, work: Work, item: InstanceToLoad, listed: ListedSegment
    ) -> Iterator[NamedTable]:
        attempt, segment = work.attempt, listed.segment
        if not attempt.is_wanted(item):
            attempt.leave(item, segment)
            return
        parts: list[ByDate] = []
        row_count = unparsed = 0
        is_dated = False
        columns: list[str] = []
        app_ids: set[str] = set()
        try:
            with self.downloader.open(listed) as (segment, file):
                batches = read_batches(
                    file,
                    item.listed.schema,
                    max_inflated_bytes=self.max_inflated_bytes,
                    is_text_encoded=self.is_text_encoded,
                )
                for batch in self.turns.each(batches):
                    if not columns:
                        columns = batch.table.column_names
                        _refuse_misfit(item.listed, batch.header)
                        if batch.table.num_rows and not batch.date_columns:
                            self._refuse_undated(item.listed.schema, columns)
                    app_ids |= batch.app_ids
                    row_count += batch.table.num_rows
                    unparsed += len(batch.unparsed)
                    parts.append(batch.by_date(item.listed.instance.processing_date))
                    is_dated = is_dated or batch.is_dated
                    attempt.read(batch.table.num_rows)
                    yield from self._report_rows(item, segment, batch)
            _refuse_another_app(app_ids, item.listed.app_id)
            if row_count and not is_dated:
                self._refuse_undated(item.listed.schema, columns)
        except FATAL as error:
            attempt.stop(error)
            attempt.fail(item, segment, error)
            return
        except FileFormatError as error:
            attempt.fail(item, segment, MalformedFileError(segment.id, str(error)))
            return
        except AppStoreConnectError as error:
            attempt.fail(item, segment, error)
            return
        by_date = added(parts)
        loaded = LoadedSegment(item, segment, row_count, by_date, unparsed, tuple(columns))
        if complete := attempt.complete(loaded):
            for note in doubled_notes(complete.loaded):
                logger.warning("%s", note)
            yield from _ledger_rows(complete)
            if new := work.columns.among(complete.column_rows()):
                yield tables.REPORT_COLUMNS.name, tables.REPORT_COLUMNS.arrow(new, _load_id())

    def _report_rows(
        self, item: InstanceToLoad, segment: ReportSegment, batch: Batch
    ) -> Iterator[NamedTable]:
        stamp = stamp_of(item, segment, _load_id())
        rows = stamped(batch.table, stamp, is_text_encoded=self.is_text_encoded)
        yield item.listed.table_name, rows
        if batch.unparsed:
            yield tables.UNPARSED_VALUES.name, _unparsed_rows(item, segment, batch)

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

    def _written(self, tables: Iterable[NamedTable]) -> Iterator[Any]:
        for name, data in tables:
            yield self._marked(data, name, _KEYS.get(name, SEGMENT_KEY))

    def _marked(self, data: pa.Table, table_name: str, key: str) -> Any:
        hints = dlt.mark.make_hints(
            table_name=table_name,
            write_disposition=self.write_disposition,  # type: ignore[arg-type]  # one of its literals
            table_format=_open_format(self.table_format),
            merge_key=key if self.write_disposition == "merge" else None,
        )
        return dlt.mark.with_hints(data, hints, create_table_variant=True)


def _refuse_another_app(app_ids: set[str], app_id: str) -> None:
    if others := app_ids - {app_id}:
        raise FileFormatError(f"it has rows of app {min(others)}, and is listed for app {app_id}")


def _refuse_misfit(listed: ListedInstance, header: Iterable[str]) -> None:
    """Before the first row: nothing of another report's file may reach the table."""
    is_told = not listed.report.id
    if why := misfit(listed.schema, header, is_told=is_told):
        advice = "correct --report, or leave it out" if is_told else "Apple lists it as such"
        raise FileFormatError(f"it is taken for {listed.schema.name!r}, but {why}; {advice}")


def _unparsed_rows(item: InstanceToLoad, segment: ReportSegment, batch: Batch) -> pa.Table:
    rows = (
        {
            "segment_id": segment.id,
            "checksum": segment.checksum,
            "app_id": int(item.listed.app_id),
            "table_name": item.listed.table_name,
            "line": value.line,
            "column_name": value.column,
            "text": value.text,
        }
        for value in batch.unparsed
    )
    return tables.UNPARSED_VALUES.arrow(rows, _load_id())


def _ledger_rows(complete: CompleteInstance) -> Iterator[NamedTable]:
    load_id = _load_id()
    yield tables.SEGMENTS.name, tables.SEGMENTS.arrow(complete.ledger_rows(), load_id)
    yield tables.SEGMENT_DATES.name, tables.SEGMENT_DATES.arrow(complete.date_rows(), load_id)


def _open_format(table_format: str) -> Any:
    """Plain Parquet is to dlt no table format."""
    return None if table_format == PLAIN else table_format


def _load_id() -> str:
    return load_package_state()["load_id"]
