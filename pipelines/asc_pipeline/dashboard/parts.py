"""Reads the marts by source, territory and device: sums of spans, and the days of the largest."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from app_store_connect.warehouse.connection import Warehouse
from asc_pipeline.dashboard.figures import TOP, Part, PartDays
from asc_pipeline.dashboard.measures import Breakdown
from asc_pipeline.dashboard.spans import SPANS, window_to

_PART_DAYS = """
    with placed as (
        select {app} as app_id, {key} as part, min({label}) as label, row_number() over (
            partition by {app} order by sum(abs({column})) desc, min({label}), {key}
        ) as place
        from shown.{mart} where app_id in :app_ids and date_day >= :since
        group by {group}{key} having sum(abs({column})) > 0
    ),
    days as (
        select placed.app_id, least(placed.place, {others}) as place,
            min(case when placed.place < {others} then placed.label end) as label,
            told.date_day - :since as day_number, sum(told.{column}) as day_sum
        from shown.{mart} as told
        join placed on placed.part = told.{key} and placed.app_id = {joined}
        where told.app_id in :app_ids and told.date_day >= :since and told.{column} <> 0
        group by placed.app_id, least(placed.place, {others}), told.date_day
    )
    select app_id, min(label), array_agg(day_number), array_agg(day_sum)
    from days group by app_id, place order by app_id, place
"""


def read_part_days(
    warehouse: Warehouse,
    breakdown: Breakdown,
    app_ids: Sequence[int],
    calendar: Sequence[date],
    *,
    in_one: bool,
) -> dict[int, list[PartDays]]:
    """The days of the largest parts by app, and of the others added up; `in_one` adds the apps up
    under the app 0.
    """
    (column,) = breakdown.measure.columns
    statement = _PART_DAYS.format(
        app="0" if in_one else "app_id",
        joined="0" if in_one else "told.app_id",
        group="" if in_one else "app_id, ",
        key=f"{breakdown.dimension}_key",
        label=breakdown.label,
        mart=breakdown.mart,
        column=column,
        others=TOP + 1,
    )
    found: dict[int, list[PartDays]] = {}
    for row in warehouse.execute(statement, app_ids=list(app_ids), since=calendar[0]):
        values: list[float] = [0] * len(calendar)
        for number, value in zip(row[2], row[3], strict=True):
            values[number] = float(value)
        found.setdefault(int(row[0]), []).append(PartDays(row[1], values))
    return found


def read_breakdown(
    warehouse: Warehouse, breakdown: Breakdown, ends: Mapping[int, date], *, in_one: bool
) -> dict[tuple[int, str], list[Part]]:
    """The sums of a measure by app and span; `in_one` adds the apps up under the app 0.

    Args:
        ends: the last day of every span, by app.
    """
    found: dict[tuple[int, str], list[Part]] = {}
    for end in sorted({*ends.values()}):
        app_ids = sorted(app_id for app_id, day in ends.items() if day == end)
        for row in warehouse.execute(_breakdown_query(breakdown, in_one), **_bounds(end, app_ids)):
            for n, span in enumerate(SPANS):
                value, before = (_float(each) for each in row[2 + 2 * n : 4 + 2 * n])
                part = Part(str(row[1]), value, before)
                found.setdefault((int(row[0]), span), []).append(part)
    return found


def _breakdown_query(breakdown: Breakdown, in_one: bool) -> str:
    (column,) = breakdown.measure.columns
    app = "0" if in_one else "app_id"
    sums = ", ".join(
        f"sum(case when date_day between :{which}_{span} and :{which}_{span}_end then {column} end)"
        for span in SPANS
        for which in ("now", "before")
    )
    group = "" if in_one else "app_id, "
    key = f"{breakdown.dimension}_key"
    return (
        f"select {app}, min({breakdown.label}), {sums} from shown.{breakdown.mart}"
        f" where app_id in :app_ids group by {group}{key}"
    )


def _bounds(end: date, app_ids: Sequence[int]) -> dict[str, Any]:
    values: dict[str, Any] = {"app_ids": list(app_ids)}
    for span, days in SPANS.items():
        window = window_to(end, days)
        for which, each in (("now", window), ("before", window.back(days))):
            values |= {f"{which}_{span}": each.start, f"{which}_{span}_end": each.end}
    return values


def _float(value: Any) -> float | None:
    return None if value is None else float(value)
