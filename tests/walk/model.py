"""What must be in the warehouse, worked out from what Apple told and from nothing else.

The rules of a date: the latest processing date owns it, ONGOING before a snapshot, still listed
before gone, then the greater id. Of a report that accumulates each ONGOING processing date is
shown, one copy of a segment id, and a snapshot where there is none.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from tests.walk.apple import EXPANDED, SNAPSHOT

WINDOWS = {"App Crashes": 5, EXPANDED: 8}
"""The days for which instances carry a date; the completeness lag is the same of both reports."""
Row = frozenset[tuple[str, str]]
Table = tuple[str, str]
"""An app and a report."""


@dataclass
class HeldSegment:
    """A loaded file. `removed` are the dates of which --keep-superseded deleted the rows."""

    checksum: str
    removed: set[str] = field(default_factory=set)


@dataclass
class HeldInstance:
    """An instance of which something was loaded. `gone` is the run that found it unlisted."""

    id: str
    table: Table
    processing_date: date
    access_type: str | None
    segments: dict[str, HeldSegment] = field(default_factory=dict)
    gone: int | None = None

    @property
    def is_snapshot(self) -> bool:
        return self.access_type == SNAPSHOT

    @property
    def rank(self) -> tuple[date, bool, float, str]:
        until = math.inf if self.gone is None else self.gone
        return self.processing_date, not self.is_snapshot, until, self.id


@dataclass(frozen=True)
class Slice:
    """The rows of a date in a loaded segment."""

    instance: HeldInstance
    segment_id: str
    segment: HeldSegment
    date: str

    @property
    def is_removed(self) -> bool:
        return self.date in self.segment.removed


class Warehouse:
    """The instances that are loaded, and what the views must show of them."""

    def __init__(self) -> None:
        self.instances: dict[str, HeldInstance] = {}
        self.empty: dict[Table, set[date]] = {}
        """Processing dates of instances that were seen without a segment."""
        self.files: dict[str, dict[str, Counter[Row]]] = {}
        """What a checksum stands for: its rows by date."""

    def tables(self) -> set[Table]:
        return {each.table for each in self.instances.values()}

    def slices(self, table: Table) -> Iterator[Slice]:
        for instance in self.instances.values():
            if instance.table == table:
                for segment_id, segment in instance.segments.items():
                    for day in self.files[segment.checksum]:
                        yield Slice(instance, segment_id, segment, day)

    def shown(self, table: Table) -> dict[str, list[Slice]]:
        """The slices that are shown of each date that is held."""
        by_date: dict[str, list[Slice]] = {}
        for each in self.slices(table):
            by_date.setdefault(each.date, []).append(each)
        rule = _accumulated if table[1] == EXPANDED else _of_owner
        return {day: rule(slices) for day, slices in by_date.items()}

    def rows(self, slices: Iterable[Slice]) -> Counter[Row]:
        found: Counter[Row] = Counter()
        for each in slices:
            if not each.is_removed:
                found += self.files[each.segment.checksum][each.date]
        return found

    def count(self, slices: Iterable[Slice]) -> int:
        """Their rows, the removed ones too."""
        return sum(self.files[each.segment.checksum][each.date].total() for each in slices)

    def looks(self, table: Table) -> list[tuple[date, date | None]]:
        """The processing dates that were looked at, of a snapshot with its first date."""
        found: list[tuple[date, date | None]] = [(each, None) for each in self.empty.get(table, ())]
        for instance in self.instances.values():
            if instance.table == table:
                dates = [
                    date.fromisoformat(day)
                    for segment in instance.segments.values()
                    for day in self.files[segment.checksum]
                ]
                first = min(dates, default=None) if instance.is_snapshot else None
                found.append((instance.processing_date, first))
        return found

    def observed(self, table: Table) -> set[date]:
        """All dates that some instance told of, or would have told of."""
        found = {date.fromisoformat(each.date) for each in self.slices(table)}
        for processed, first in self.looks(table):
            day = first or processed - timedelta(days=WINDOWS[table[1]])
            while day < processed:
                found.add(day)
                day += timedelta(days=1)
        return found


def _of_owner(slices: list[Slice]) -> list[Slice]:
    owner = max((each.instance for each in slices), key=lambda each: each.rank)
    return [each for each in slices if each.instance is owner]


def _accumulated(slices: list[Slice]) -> list[Slice]:
    ongoing = [each for each in slices if not each.instance.is_snapshot]
    if not ongoing:
        return _of_owner(slices)
    by_day: dict[date, list[Slice]] = {}
    for each in ongoing:
        by_day.setdefault(each.instance.processing_date, []).append(each)
    copies: dict[str, Slice] = {}
    for day in sorted(by_day):
        copies |= {each.segment_id: each for each in _of_owner(by_day[day])}
    return list(copies.values())
