"""Spans of days and the values of a measure in them. Nothing here reads or writes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from asc_pipeline.dashboard.measures import Measure

HELD_DAYS = 400
"""How many days the page holds: a span of 28 days and the same weekdays of the year before."""
SPANS: Mapping[str, int] = {"28": 28, "90": 90, "365": 365, "all": HELD_DAYS}
YEAR = 52 * 7
"""The same weekdays a year ago."""
QUIET_DAYS = 14
"""The models take an app or report that is silent for longer as quiet or ended."""

Number = int | float | Decimal
Days = Mapping[date, Mapping[str, Number | None]]
"""The columns of the daily mart by day."""


@dataclass(frozen=True, slots=True)
class AppDays:
    """The days of one app or of several apps together.

    `incomplete` has the days on which a report is not complete, by report.
    """

    days: Days
    incomplete: Mapping[str, Collection[date]]
    first: date
    last: date

    def calendar(self) -> list[date]:
        """Every day, whether a row exists or not."""
        return [self.first + timedelta(n) for n in range((self.last - self.first).days + 1)]

    def is_complete(self, day: date, reports: Sequence[str]) -> bool:
        return not any(day in self.incomplete.get(report, ()) for report in reports)

    def complete_to(self, reports: Sequence[str]) -> date | None:
        """The newest day on which all these reports are complete."""
        days = reversed(self.calendar())
        return next((day for day in days if self.is_complete(day, reports)), None)

    def first_day_of(self, columns: Sequence[str]) -> date | None:
        """The first day with data of every column."""
        firsts = [
            min(
                (day for day, row in self.days.items() if row.get(column) is not None), default=None
            )
            for column in columns
        ]
        known = [day for day in firsts if day is not None]
        return max(known) if known and len(known) == len(firsts) else None


@dataclass(frozen=True, slots=True)
class Window:
    """Days in a row, both ends included."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    def back(self, days: int) -> "Window":
        return Window(self.start - timedelta(days), self.end - timedelta(days))


def window_to(end: date, days: int) -> Window:
    return Window(end - timedelta(days - 1), end)


def together(apps: Sequence[AppDays], first: date, last: date) -> AppDays:
    """The apps in one: a day is complete if it is complete for each of them.

    An app without rows for its newest days may still get some, so these days are not complete.
    """
    days: dict[date, dict[str, Number | None]] = {}
    incomplete: dict[str, set[date]] = {}
    for app in apps:
        for day, row in app.days.items():
            total = days.setdefault(day, {})
            for column, value in row.items():
                total[column] = _added(total.get(column), value)
        for report, dates in app.incomplete.items():
            incomplete.setdefault(report, set()).update(dates)
    return AppDays(days, incomplete, first, last)


def silent_days(newest: date, last: date) -> list[date]:
    """The days after an app's newest row that may still get rows."""
    count = min((last - newest).days, QUIET_DAYS)
    return [newest + timedelta(n + 1) for n in range(count)]


def _added(one: Number | None, other: Number | None) -> Number | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other  # type: ignore[operator]  # a column has one type


def value_in(app: AppDays, measure: Measure, window: Window) -> float | None:
    """The measure of these days; None without data, or without anything to divide by."""
    if measure.is_stock:
        return _sum(app, measure.columns, Window(window.end, window.end))
    top = _sum(app, measure.columns, window)
    if top is None or not measure.divisors:
        return top
    below = _sum(app, measure.divisors, window)
    return measure.factor * top / below if below else None


def _sum(app: AppDays, columns: Sequence[str], window: Window) -> float | None:
    values = [
        value
        for n in range(window.days)
        if (row := app.days.get(window.start + timedelta(n)))
        for column in columns
        if (value := row.get(column)) is not None
    ]
    return float(sum(values)) if values else None
