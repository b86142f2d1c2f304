"""A segment while its file is read: its totals, and the files that are refused."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import pyarrow as pa

from .. import tables
from ..catalog import ReportSchema, first_measure, misfit
from ..entities import ReportSegment
from ..instances import InstanceToLoad, ListedInstance
from ..report_files.row_hashes import ByDate, added, rows_by_date
from ..report_files.tsv import FileFormatError, RowBatch
from .loaded import LoadedSegment
from .slices import SegmentSlices


@dataclass(slots=True)
class SegmentRead:
    """The totals of a segment's rows, batch by batch."""

    segment: ReportSegment
    slices: SegmentSlices
    columns: tuple[str, ...] = ()
    app_ids: set[str] = field(default_factory=set)
    row_count: int = 0
    unparsed: int = 0
    is_dated: bool = False
    _by_date: list[ByDate] = field(default_factory=list)

    def add(self, schema: ReportSchema, batch: RowBatch, days: pa.Array) -> None:
        """Count the rows of a batch, which have these dates."""
        self.columns = self.columns or tuple(batch.table.column_names)
        self.app_ids |= batch.app_ids
        self.row_count += batch.table.num_rows
        self.unparsed += len(batch.unparsed)
        self.is_dated = self.is_dated or batch.is_dated
        measure = first_measure(schema, frozenset(self.columns))
        self._by_date.append(rows_by_date(batch.table, days, measure))

    def loaded(self, item: InstanceToLoad) -> LoadedSegment:
        by_date = added(self._by_date)
        return LoadedSegment(
            item, self.segment, self.row_count, by_date, self.unparsed, self.slices, self.columns
        )


def refuse_another_app(app_ids: set[str], app_id: str) -> None:
    if others := app_ids - {app_id}:
        raise FileFormatError(f"it has rows of app {min(others)}, and is listed for app {app_id}")


def refuse_misfit(listed: ListedInstance, header: Iterable[str]) -> None:
    """Before the first row: nothing of another report's file may reach the table."""
    is_told = not listed.report.id
    if why := misfit(listed.schema, header, is_told=is_told):
        advice = "correct --report, or leave it out" if is_told else "Apple lists it as such"
        raise FileFormatError(f"it is taken for {listed.schema.name!r}, but {why}; {advice}")


def unparsed_rows(
    item: InstanceToLoad, segment: ReportSegment, batch: RowBatch, load_id: str
) -> pa.Table:
    rows = (
        {
            "instance_id": item.listed.instance.id,
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
    return tables.UNPARSED_VALUES.arrow(rows, load_id)
