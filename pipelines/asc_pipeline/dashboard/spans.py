"""Spans of days and the values of a measure in them. Nothing here reads or writes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
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

    `incomplete` has the days on which a report is not complete, by report; `firsts` the first day
    with data of each app, by column; `calendar` every day, whether a row exists or not.
    """

    days: Days
    incomplete: Mapping[str, Collection[date]]
    firsts: Mapping[str, Sequence[date]]
    calendar: Sequence[date]

    def open_days(self, reports: Sequence[str]) -> set[date]:
        """The days on which one of these reports is not complete."""
        return {day for report in reports for day in self.incomplete.get(report, ())}

    def complete_to(self, reports: Sequence[str]) -> date | None:
        """The newest day on which all these reports are complete."""
        still_open = self.open_days(reports)
        return next((day for day in reversed(self.calendar) if day not in still_open), None)

    def first_day_of(self, columns: Sequence[str]) -> date | None:
        """The first day on which there is data of every column; None if a column has none."""
        if not all(self.firsts.get(column) for column in columns):
            return None
        return max(min(self.firsts[column]) for column in columns)

    def positions_of_firsts(self, columns: Sequence[str]) -> list[list[int]]:
        """For each column the first day with data of each app, as places in the calendar."""
        start = self.calendar[0]
        return [sorted((day - start).days for day in self.firsts[column]) for column in columns]

    def begin_later(self, columns: Sequence[str], day: date) -> int:
        """How many apps have their first data after this day."""
        return max(sum(first > day for first in self.firsts[column]) for column in columns)


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


def together(apps: Sequence[AppDays]) -> AppDays:
    """The apps in one: a day is complete if it is complete for each of them.

    An app without rows for its newest days may still get some, so these days are not complete.
    """
    if len(apps) == 1:
        return apps[0]
    days: dict[date, dict[str, Number | None]] = {}
    incomplete: dict[str, set[date]] = {}
    firsts: dict[str, list[date]] = {}
    for app in apps:
        for day, row in app.days.items():
            total = days.setdefault(day, {})
            for column, value in row.items():
                total[column] = _added(total.get(column), value)
        for report, dates in app.incomplete.items():
            incomplete.setdefault(report, set()).update(dates)
        for column, day_list in app.firsts.items():
            firsts.setdefault(column, []).extend(day_list)
    return AppDays(days, incomplete, firsts, apps[0].calendar)


def one_app(
    days: Days,
    incomplete: Mapping[str, Collection[date]],
    ratios: Iterable[Measure],
    calendar: Sequence[date],
) -> AppDays:
    """The days of one app, with the columns of ratios.

    Both sums of a ratio are of the same days: those with something to divide by, since the report
    of the other sum began. There such a report tells 0 of a day by having no row, once it is
    complete. So an app without crash reports does not lower the rate of all apps.
    """
    firsts = first_days(days)
    rows = {day: dict(row) for day, row in days.items()}
    for each in ratios:
        begins = [firsts[column][0] for column in each.columns if column in firsts]
        above, below = each.inputs
        for day, row in rows.items():
            values = [row.get(column) for column in each.columns]
            divisor = _total(row.get(column) for column in each.divisors)
            is_open = any(day in incomplete.get(report, ()) for report in each.reports)
            is_told = begins and day >= min(begins) and not (is_open and _total(values) is None)
            row[above] = (_total(values) or 0) if is_told and divisor is not None else None
            row[below] = divisor if is_told else None
    return AppDays(rows, incomplete, first_days(rows), calendar)


def first_days(days: Days) -> dict[str, list[date]]:
    """The first day on which a column has data, as `AppDays.firsts` has it."""
    firsts: dict[str, list[date]] = {}
    for day in sorted(days):
        for column, value in days[day].items():
            if value is not None:
                firsts.setdefault(column, [day])
    return firsts


def _total(values: Iterable[Number | None]) -> Number | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


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
        window = Window(window.end, window.end)
    days = [window.start + timedelta(n) for n in range(window.days)]
    return _value(measure, [row for day in days if (row := app.days.get(day))])


def sums_by_day(app: AppDays, columns: Sequence[str]) -> list[float | None]:
    """The sum of these columns on each day of the calendar."""
    rows = [app.days.get(day, {}) for day in app.calendar]
    totals = [_total([row.get(column) for column in columns]) for row in rows]
    return [None if total is None else float(total) for total in totals]


def _value(measure: Measure, rows: Sequence[Mapping[str, Number | None]]) -> float | None:
    total = _total(row.get(column) for column in measure.summed for row in rows)
    if total is None or not measure.divisors:
        return None if total is None else float(total)
    below = _total(row.get(measure.inputs[-1]) for row in rows)
    return measure.factor * float(total) / float(below) if below else None
