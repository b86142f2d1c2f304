"""The dlt resources: instances | segments | rows, and the tables of Apple's lists.

`segments` reads Apple's segments endpoint, page by page, at the moment a worker is ready for the
downloads; `rows` downloads, verifies, reads and yields Arrow tables for the report's table. A
segment that fails is noted in the `Attempt`, not raised: the others of the load package go on.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import dlt
import pyarrow as pa
from dlt.extract import DltResource

from .. import tables
from ..catalog import ReportSchema
from ..errors import Failure
from ..instances import InstanceToLoad
from ..names import SOURCE_NAME
from ..tables import PLAIN, RawTable, failure_rows
from .catalogue_rows import NewCatalogueRows, Stored
from .instance_reader import InstanceReader, NamedTable, Work, current_load_id
from .outcome import Attempt
from .report_resource import LEDGER, ListResource, ReportResource, column_hints
from .row_buffer import RowBuffer
from .slices import SliceKeys

_OWN_TABLES = {table.name: table for table in tables.OWN_TABLES}
_Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class SegmentLoader:
    """The settings that the resources share: reader, outcome, and how rows are written.

    `merges` says whether of `tables.LATEST_TABLES` one row of each key is left; otherwise rows are
    added, as all others are, for the main job, which removes those of earlier loads, or in files.
    `table_format` is dlt's, for destinations of files.
    `stored` gives the rows of a table that the destination has. `new_failures`, and `other_lists`,
    which are those of Apple's lists that no resource writes, are to be written with the rows.
    """

    reader: InstanceReader
    new_attempt: Callable[[], Attempt]
    merges: Callable[[], bool] = lambda: False
    table_format: str = PLAIN
    stored: Callable[[RawTable], Stored] = lambda table: {}
    new_failures: Callable[[], Sequence[Failure]] = tuple
    other_lists: Callable[[], Iterable[tuple[RawTable, _Rows]]] = tuple

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
                for part in self.reader.parts(work, work.item):
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
            for name, data in self.reader.ledger_rows(work, work.withdrawal):
                yield from self._written(buffer.add(name, data), table_name)
        elif work.item:
            for listed in work.segments:
                for name, data in self.reader.rows(work, work.item, listed):
                    yield from self._written(buffer.add(name, data), table_name)
        if work.item is None or buffer.finish():
            ends = [*buffer.rest(), *self.reader.checks(work.attempt), *self.failures()]
            yield from self._written([*ends, *self._lists()], table_name)

    def listing(self, table: RawTable, rows: Callable[[], _Rows]) -> DltResource:
        """A resource of rows of one of `tables.LATEST_TABLES`."""

        def listed() -> Iterator[Any]:
            if found := rows():
                yield self._marked(table.arrow(found, current_load_id()), table.name, table)

        hints = dlt.mark.make_hints(table_name=table.name)
        return ListResource.from_data(listed, name=table.name, section=SOURCE_NAME, hints=hints)

    def ledger(self) -> DltResource:
        """A resource for the failures that belong to no report; dlt notes the tables of the ledger
        as its.
        """

        def failures() -> Iterator[Any]:
            yield from self._written(self.failures(), None)

        resource = ReportResource.from_data(failures, name=LEDGER, section=SOURCE_NAME)
        resource.__doc__ = "The ledger, whose rows come with those of the reports"
        return resource

    def _lists(self) -> Iterator[NamedTable]:
        for table, rows in self.other_lists():
            if rows:
                yield table.name, table.arrow(rows, current_load_id())

    def failures(self) -> list[NamedTable]:
        """Rows of the failures that no other resource has written."""
        table, rows = tables.LOAD_FAILURES, failure_rows(self.new_failures(), datetime.now(UTC))
        return [(table.name, table.arrow(rows, current_load_id()))] if rows else []

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
