"""Shapes the rows of the marts into what the page shows. Nothing here reads or writes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from asc_pipeline.dashboard.measures import FUNNEL, FUNNEL_REPORTS, Measure
from asc_pipeline.dashboard.spans import (
    SPANS,
    YEAR,
    AppDays,
    Window,
    value_in,
    window_to,
)

TOP = 12
"""How many bars a panel shows; the rest is added up as others."""
Json = dict[str, Any]


def series(app: AppDays, measure: Measure) -> Json:
    """The measure on each day of the calendar, and the places of days that are not complete."""
    calendar = app.calendar()
    values = [rounded(value_in(app, measure, Window(day, day))) for day in calendar]
    flags = [n for n, d in enumerate(calendar) if not app.is_complete(d, measure.reports)]
    return {"values": values, "incomplete": flags}


def tile(app: AppDays, measure: Measure, span: str) -> Json:
    """The measure in the span, in the span before and a year before, as far as they are loaded."""
    found = _window(app, measure, measure.reports, span)
    if found is None:
        return {"value": None}
    window, first = found
    gaps = sum(not app.is_complete(day, measure.reports) for day in _days(window))
    before = window_to(window.end, SPANS[span]).back(SPANS[span])
    year = window_to(window.end, SPANS[span]).back(YEAR)
    return {
        "value": rounded(value_in(app, measure, window)),
        "before": _if_loaded(app, measure, before, first),
        "year": _if_loaded(app, measure, year, first) if SPANS[span] <= YEAR else None,
        "from": str(window.start),
        "to": str(window.end),
        "days": window.days,
        "gaps": gaps,
    }


def _window(
    app: AppDays, measure: Measure, reports: Sequence[str], span: str
) -> tuple[Window, date] | None:
    """The days of the span that have data, and the first day with data at all."""
    first = app.first_day_of((*measure.columns, *measure.divisors))
    end = app.complete_to(reports)
    if first is None or end is None or end < first:
        return None
    return Window(max(first, window_to(end, SPANS[span]).start), end), first


def _days(window: Window) -> Iterable[date]:
    return (window.start + timedelta(n) for n in range(window.days))


def _if_loaded(app: AppDays, measure: Measure, window: Window, first: date) -> float | None:
    """None where days of the window are not loaded: a sum of fewer days compares with nothing."""
    begins = window.end if measure.is_stock else window.start
    return rounded(value_in(app, measure, window)) if begins >= first else None


def funnel(app: AppDays, span: str) -> Json:
    """From impression to purchase, over the same days for each step."""
    found = [_window(app, each, FUNNEL_REPORTS, span) for each in FUNNEL]
    known = [window for each in found if each for window in [each[0]]]
    if not known:
        return {"rows": []}
    common = Window(max(each.start for each in known), known[0].end)
    rows = [[each.title, rounded(value_in(app, each, common))] for each in FUNNEL]
    return {"rows": rows, "from": str(common.start), "to": str(common.end)}


@dataclass(frozen=True, slots=True)
class Part:
    """A value of a dimension: its sum in the span, and in the span before."""

    name: str
    value: float | None
    before: float | None


def ranked(parts: Sequence[Part]) -> Json:
    """The largest parts, and one row for the others with their number."""
    known = [each for each in parts if each.value or each.before]
    known.sort(key=lambda each: (-(each.value or 0), each.name))
    shown, others = known[:TOP], known[TOP:]
    rows = [[each.name, rounded(each.value), rounded(each.before)] for each in shown]
    if others:
        rows.append(
            [
                f"{len(others)} others",
                rounded(_total(each.value for each in others)),
                rounded(_total(each.before for each in others)),
            ]
        )
    return {"rows": rows}


def _total(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def breakdown_windows(app: AppDays, measure: Measure) -> Mapping[str, tuple[Window, Window | None]]:
    """By span the days that a panel adds up, and those of the span before if all are loaded."""
    found = {}
    for span, days in SPANS.items():
        window = _window(app, measure, measure.reports, span)
        if window:
            before = window_to(window[0].end, days).back(days)
            found[span] = (window[0], before if before.start >= window[1] else None)
    return found


def rounded(value: float | None) -> float | None:
    """Whole numbers as such; others in cents, or with six digits where that is more."""
    if value is None or value == int(value):
        return value if value is None else int(value)
    return round(value, 2) if abs(value) >= 10_000 else float(f"{value:.6g}")
