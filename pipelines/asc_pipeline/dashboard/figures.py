"""Shapes the rows of the marts for the page. Nothing here reads or writes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from asc_pipeline.dashboard.measures import FUNNEL, FUNNEL_REPORTS, Measure
from asc_pipeline.dashboard.spans import (
    SPANS,
    YEAR,
    AppDays,
    Window,
    sums_by_day,
    value_in,
    window_to,
)

TOP = 12
"""How many bars a panel shows; the rest is added up as others."""
Json = dict[str, Any]


def series(app: AppDays, measure: Measure) -> Json:
    """The sums of the measure on each day of the calendar, two for a ratio; the places of days that
    are not complete; and those of the first days with data, as the page needs them to add days up.
    """
    still_open = app.open_days(measure.reports)
    columns = [measure.summed, *([measure.inputs[-1:]] if measure.divisors else [])]
    return {
        "sums": [[rounded(value) for value in sums_by_day(app, each)] for each in columns],
        "incomplete": [n for n, day in enumerate(app.calendar) if day in still_open],
        "begins": app.positions_of_firsts(measure.inputs),
    }


def tile(app: AppDays, measure: Measure, span: str) -> Json:
    """The measure in the span, in the span before and a year before, as far as they are loaded."""
    window = _window(app, measure, measure.reports, span)
    if window is None:
        return {"value": None}
    whole = window_to(window.end, SPANS[span])
    is_short = SPANS[span] <= YEAR
    return {
        "value": rounded(value_in(app, measure, window)),
        "before": _if_loaded(app, measure, whole.back(SPANS[span])),
        "year": _if_loaded(app, measure, whole.back(YEAR)) if is_short else None,
        "from": str(window.start),
        "to": str(window.end),
        "days": window.days,
        "gaps": sum(window.start <= day <= window.end for day in app.open_days(measure.reports)),
        "later": 0 if measure.is_stock else app.begin_later(measure.inputs, window.start),
    }


def _window(app: AppDays, measure: Measure, reports: Sequence[str], span: str) -> Window | None:
    """The days of the span that have data."""
    first = app.first_day_of(measure.inputs)
    end = app.complete_to(reports)
    if first is None or end is None or end < first:
        return None
    return Window(max(first, window_to(end, SPANS[span]).start), end)


def _if_loaded(app: AppDays, measure: Measure, window: Window) -> float | None:
    """None where days of an app are not loaded: a sum of fewer days compares with nothing."""
    return rounded(value_in(app, measure, window)) if _is_loaded(app, measure, window) else None


def _is_loaded(app: AppDays, measure: Measure, window: Window) -> bool:
    begin = window.end if measure.is_stock else window.start
    return not app.begin_later(measure.inputs, begin)


def total(app: AppDays, measure: Measure, span: str) -> float | None:
    """The measure in the span alone."""
    window = _window(app, measure, measure.reports, span)
    return rounded(value_in(app, measure, window)) if window else None


def funnel(app: AppDays, span: str) -> Json:
    """From impression to purchase, over the same days for each step."""
    found = [_window(app, each, FUNNEL_REPORTS, span) for each in FUNNEL]
    known = [window for window in found if window]
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


@dataclass(frozen=True, slots=True)
class PartDays:
    """The sums of a part on each day of the calendar. The one without a name is all others."""

    name: str | None
    days: Sequence[float]


def part_days(parts: Sequence[PartDays]) -> Json:
    return {
        "names": [each.name for each in parts],
        "days": [[rounded(value) for value in each.days] for each in parts],
    }


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


def breakdown_windows(app: AppDays, measure: Measure) -> Mapping[str, tuple[Window, bool]]:
    """By span the days that a panel adds up, and whether the span before is loaded as a whole."""
    found = {}
    for span, days in SPANS.items():
        if window := _window(app, measure, measure.reports, span):
            before = window_to(window.end, days).back(days)
            found[span] = (window, _is_loaded(app, measure, before))
    return found


def rounded(value: float | None) -> float | None:
    """Whole numbers as such; others in cents, or with six digits where that is more."""
    if value is None or value == int(value):
        return value if value is None else int(value)
    return round(value, 2) if abs(value) >= 10_000 else float(f"{value:.6g}")
