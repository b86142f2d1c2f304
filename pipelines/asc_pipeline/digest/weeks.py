"""Figures by day as weeks that can be compared. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

WEEK = timedelta(days=7)
YEAR = timedelta(days=364)
"""The same days of the week, a year before."""
LOOK_BACK = timedelta(days=42)
"""The last complete week is not older; Apple's longest completeness lag is some days."""
MOVES = 3
FLAGS: Mapping[str, str] = {
    "impressions": "discovery_complete",
    "first_time_downloads": "downloads_complete",
    "sessions": "sessions_complete",
    "crashes": "crashes_complete",
    "deletions": "installs_complete",
    "proceeds_usd": "purchases_complete",
}
"""The measures that are added up, each with the column that says whether its day is complete."""


@dataclass(frozen=True, slots=True)
class Day:
    """A row of the daily mart: the figures of an app, and which of them are complete."""

    app_id: int
    date: date
    values: Mapping[str, float | None]
    complete: frozenset[str]


@dataclass(frozen=True, slots=True)
class Part:
    """A measure of an app in one week, for one value of a dimension."""

    dimension: str
    app_id: int
    week: date
    value: str
    measure: str
    total: float


@dataclass(frozen=True, slots=True)
class DayFigure:
    """A measure of all apps on a day of the week, which is the last complete one or that before."""

    measure: str
    weekday: int
    is_this_week: bool
    value: float


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure of the week beside those that it is compared with; None if they are not known."""

    name: str
    now: float | None
    week_before: float | None
    year_before: float | None


@dataclass(frozen=True, slots=True)
class Source:
    """A value of a dimension that has much of a change."""

    dimension: str
    value: str
    change: float


@dataclass(frozen=True, slots=True)
class Move:
    """A change of a measure of an app from one week to the next, and its likely source."""

    app_id: int
    measure: str
    before: float
    now: float
    source: Source | None = None

    @property
    def change(self) -> float:
        return self.now - self.before


class Weeks:
    """Sums of the measures by app and week; a week counts if each of its days is complete."""

    def __init__(self, days: Sequence[Day]) -> None:
        self._days = days
        self._sums: dict[tuple[date, str, int], float] = defaultdict(float)
        self._complete: dict[tuple[date, str, int], int] = defaultdict(int)
        for day in days:
            monday = day.date - timedelta(days=day.date.weekday())
            for measure in FLAGS:
                key = (monday, measure, day.app_id)
                self._sums[key] += day.values.get(measure) or 0.0
                self._complete[key] += measure in day.complete
        self._apps = {
            measure: {each.app_id for each in days if each.values.get(measure) is not None}
            for measure in FLAGS
        }

    def last_complete(self, today: date) -> date | None:
        """The Monday of the newest week in which every app's every measure is complete."""
        monday = today - timedelta(days=today.weekday())
        while (monday := monday - WEEK) >= today - LOOK_BACK:
            used = [measure for measure, apps in self._apps.items() if apps]
            if used and all(self.total(monday, each) is not None for each in used):
                return monday
        return None

    def total(self, monday: date, measure: str) -> float | None:
        """Of all apps; None if nothing is known, or not all of it."""
        values = [self.of_app(monday, measure, each) for each in self._apps[measure]]
        known = [each for each in values if each is not None]
        return sum(known) if known and len(known) == len(values) else None

    def of_app(self, monday: date, measure: str, app_id: int) -> float | None:
        key = (monday, measure, app_id)
        return self._sums[key] if self._complete.get(key) == WEEK.days else None

    def by_day(self, monday: date) -> list[DayFigure]:
        """The measures that are complete, by day of the week and of the week before."""
        sums: dict[tuple[date, str], float] = defaultdict(float)
        for day in self._days:
            for measure in FLAGS:
                sums[day.date, measure] += day.values.get(measure) or 0.0
        return [
            DayFigure(measure, number, week == monday, sums[week + timedelta(number), measure])
            for measure in FLAGS
            for week in (monday - WEEK, monday)
            if self.total(week, measure) is not None
            for number in range(WEEK.days)
        ]

    def tiles(self, monday: date) -> list[Tile]:
        """The measures that some app has, and two rates."""
        weeks = (monday, monday - WEEK, monday - YEAR)
        found = [
            Tile(measure, *(self.total(week, measure) for week in weeks))
            for measure, apps in self._apps.items()
            if apps
        ]
        for name, part, whole, scale in (
            ("conversion", "first_time_downloads", "impressions", 1.0),
            ("crashes_per_1000_sessions", "crashes", "sessions", 1000.0),
        ):
            rates = [
                _rate(self.total(week, part), self.total(week, whole), scale) for week in weeks
            ]
            if rates[0] is not None:
                found.append(Tile(name, *rates))
        return found

    def moves(self, monday: date, parts: Sequence[Part]) -> list[Move]:
        """The three largest changes since the week before, as shares of all apps' figures."""
        found = []
        for measure, apps in self._apps.items():
            whole = self.total(monday - WEEK, measure)
            for app_id in apps if whole else ():
                before = self.of_app(monday - WEEK, measure, app_id)
                now = self.of_app(monday, measure, app_id)
                if whole and before is not None and now is not None and now != before:
                    found.append((abs(now - before) / whole, Move(app_id, measure, before, now)))
        found.sort(key=lambda each: (-each[0], each[1].app_id, each[1].measure))
        return [_with_source(move, monday, parts) for _, move in found[:MOVES]]


def _rate(part: float | None, whole: float | None, scale: float) -> float | None:
    return part / whole * scale if part is not None and whole else None


def _with_source(move: Move, monday: date, parts: Sequence[Part]) -> Move:
    """The value whose share of the change exceeds its share of the week before by the most."""
    sums: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for each in parts:
        if (each.app_id, each.measure) == (move.app_id, move.measure):
            sums[each.dimension, each.value][each.week == monday] += each.total
    best: tuple[float, Source] | None = None
    for (dimension, value), (before, now) in sorted(sums.items()):
        share = (now - before) / move.change
        excess = share - (before / move.before if move.before else 0.0)
        if share > 0 and excess > 0 and (best is None or excess > best[0]):
            best = excess, Source(dimension, value, now - before)
    source = best[1] if best else None
    return Move(move.app_id, move.measure, move.before, move.now, source)
