"""The loaded segments of an instance, and their rows in the ledger."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from .. import tables
from ..entities import ReportSegment
from ..instances import InstanceCheck, InstanceToLoad, Look, is_news
from ..report_files.row_hashes import ByDate, DateRows, added
from ..tables import SLICE_KEY
from .slices import SegmentSlices, SliceKeys


@dataclass(frozen=True, slots=True)
class LoadedSegment:
    """A segment all of whose rows, which have these table columns, were handed to dlt."""

    item: InstanceToLoad
    segment: ReportSegment
    row_count: int
    dates: ByDate
    unparsed: int
    slices: SegmentSlices
    columns: tuple[str, ...] = ()

    def ledger_row(self) -> dict[str, Any]:
        """A row of `tables.SEGMENTS`."""
        return {
            "segment_id": self.segment.id,
            "checksum": self.segment.checksum,
            "size_in_bytes": self.segment.size_in_bytes,
            "row_count": self.row_count,
            **_described(self.item),
        }

    def slice_rows(self, doubled: Collection[date]) -> list[dict[str, Any]]:
        """Rows of `tables.SLICES`."""
        checksum = self.segment.checksum
        dates: list[tuple[date | None, DateRows]] = [*sorted(self.dates.items())]
        return [
            {
                **_slice_row(self.item, self.segment.id, checksum, self.slices.key(day), day),
                "row_count": rows.count,
                "rows_hash": rows.hash_sum,
                "measure_total": rows.total,
                "is_doubled": day in doubled,
            }
            for day, rows in dates or [(None, DateRows())]
        ]


@dataclass(frozen=True, slots=True)
class CompleteInstance:
    """An instance in one load: the segments that were loaded, and those that were withdrawn.

    Segments that Apple lists no more for the instance are withdrawn by a ledger row and a slice
    without a checksum, in the load that brings the instance's new ones.
    """

    item: InstanceToLoad
    loaded: list[LoadedSegment]
    withdrawn: list[str]

    def ledger_rows(self) -> list[dict[str, Any]]:
        """Rows of `tables.SEGMENTS`."""
        nothing = {"checksum": None, "size_in_bytes": 0, "row_count": 0, **_described(self.item)}
        gone = [{"segment_id": segment_id, **nothing} for segment_id in self.withdrawn]
        return [each.ledger_row() for each in self.loaded] + gone

    def slice_rows(self, keys: SliceKeys) -> list[dict[str, Any]]:
        """Rows of `tables.SLICES`."""
        doubled = self.doubled_dates()
        rows = [row for each in self.loaded for row in each.slice_rows(doubled)]
        return rows + [
            _slice_row(self.item, segment_id, None, keys.take(), None)
            for segment_id in self.withdrawn
        ]

    @property
    def columns(self) -> frozenset[str]:
        """All table columns of the loaded segments."""
        return frozenset(name for each in self.loaded for name in each.columns)

    def doubled_dates(self) -> set[date]:
        """Dates in which every row stands an even number of times, over all segments together.

        Apple was seen to write every row of a month twice (one owner, three apps, 2026). Of a
        re-published segment the others' rows are not at hand, so nothing is said of its dates.
        """
        if self.item.is_recheck:
            return set()
        dates = added(each.dates for each in self.loaded)
        return {day for day, rows in dates.items() if rows.is_doubled}


def doubled_notes(loaded: Iterable[LoadedSegment]) -> list[str]:
    """A line for each app and report that has doubled dates. Nothing is removed on suspicion."""
    instances: dict[str, CompleteInstance] = {}
    for each in loaded:
        item = each.item
        whole = instances.setdefault(item.listed.instance.id, CompleteInstance(item, [], []))
        whole.loaded.append(each)
    doubled: dict[tuple[str, str], set[date]] = {}
    for whole in instances.values():
        if dates := whole.doubled_dates():
            doubled.setdefault(whole.item.listed.app_table, set()).update(dates)
    return [
        f"{table} of app {app_id}: every row {_of(dates)} stands there an even number of times, as"
        " if Apple had written them twice; they are shown as they are, compare them with App Store"
        " Connect"
        for (app_id, table), dates in sorted(doubled.items())
    ]


def _of(dates: Collection[date]) -> str:
    if len(dates) == 1:
        return f"of {min(dates)}"
    return f"of {len(dates)} dates from {min(dates)} to {max(dates)}"


def check_rows(
    looks: Iterable[tuple[InstanceToLoad, Look]], today: date, recheck_days: int
) -> list[dict[str, Any]]:
    """Rows of `tables.INSTANCE_CHECKS`, of the looks that tell something new."""
    return [
        _check_row(item, check)
        for item, check in ((item, InstanceCheck(look.value, today)) for item, look in looks)
        if is_news(
            check,
            item.check,
            processing_date=item.listed.instance.processing_date,
            recheck_days=recheck_days,
        )
    ]


def _check_row(item: InstanceToLoad, check: InstanceCheck) -> dict[str, Any]:
    described = _described(item)
    names = tables.INSTANCE_CHECKS.columns.keys() & described.keys()
    return {
        **{name: described[name] for name in names},
        "checked_on": check.checked_on,
        "outcome": check.outcome,
    }


def _slice_row(
    item: InstanceToLoad, segment_id: str, checksum: str | None, key: int, day: date | None
) -> dict[str, Any]:
    described = _described(item)
    names = tables.SLICES.columns.keys() & described.keys()
    return {
        SLICE_KEY: key,
        "segment_id": segment_id,
        "checksum": checksum,
        "date": day,
        "row_count": 0,
        "rows_hash": 0,
        "is_doubled": False,
        **{name: described[name] for name in names},
    }


def _described(item: InstanceToLoad) -> dict[str, Any]:
    """The columns that the ledger rows of an instance's segments have in common."""
    listed = item.listed
    return {
        "instance_id": listed.instance.id,
        "report_id": listed.report.id or None,
        "report_name": listed.schema.name,
        "category": listed.report.category,
        "granularity": listed.instance.granularity.value,
        "processing_date": listed.instance.processing_date,
        "access_type": listed.access_type.value if listed.access_type else None,
        "app_id": int(listed.app_id),
        "table_name": listed.table_name,
    }
