"""Reads the figures of a digest from the marts."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from app_store_connect.errors import ConfigurationError, DestinationError
from app_store_connect.warehouse.connection import Warehouse
from asc_pipeline.digest.text import Digest
from asc_pipeline.digest.weeks import (
    FLAGS,
    LOOK_BACK,
    WEEK,
    YEAR,
    Day,
    Part,
    Weeks,
)
from asc_pipeline.dlt_pipeline.opening import Patience, opened, reading
from asc_pipeline.truth.freshness import days_late_of, read_reports

_MEASURES = tuple(FLAGS)
_DAYS = f"""
    select app_id, date_day, {", ".join(_MEASURES)}, {", ".join(FLAGS.values())}
    from shown.fct_app_store_connect__daily
    where date_day between :since and :until
"""
_VERSIONED = ("first_time_downloads", "sessions", "crashes", "deletions")
_MARTS = {
    "territory_name": ("territory", tuple(each for each in _MEASURES if each != "crashes")),
    "source_type": ("source_type", tuple(each for each in _MEASURES if each != "crashes")),
    "app_version": ("app_version", _VERSIONED),
}
"""The mart of each dimension, and the measures that it has."""
_NO_MARTS = "there are no marts: run asc-segments models first"


def read_digest(destination: str, dataset: str, today: date, patience: Patience) -> Digest:
    """The digest of the last complete week.

    Raises:
        ConfigurationError: nothing is loaded, there are no marts, or no week is complete.
    """
    with reading(destination, dataset, has_marts=True) as (pipeline, _):
        marts = Warehouse(pipeline, f"{dataset}_marts")
        with opened(marts, None, patience):
            weeks = Weeks(_read_days(marts, today))
            monday = weeks.last_complete(today)
            if monday is None:
                raise ConfigurationError(
                    f"no week of the last {LOOK_BACK.days} days is complete: asc-segments status"
                    " shows what is missing; after a load run asc-segments models"
                )
            parts = [each for name in _MARTS for each in _read_parts(marts, name, monday)]
        views = Warehouse(pipeline, dataset)
        with opened(views, None, patience):
            reports = read_reports(views)
    return Digest(
        monday=monday,
        tiles=weeks.tiles(monday),
        by_day=weeks.by_day(monday),
        moves=weeks.moves(monday, parts),
        app_names={each.app_id: each.app_name for each in reports if each.app_name},
        reports=len([each for each in reports if each.newest_processing_date]),
        late=len([each for each in reports if days_late_of(each, reports, today)]),
        missing_dates=sum(each.missing_dates for each in reports),
    )


def _read_days(marts: Warehouse, today: date) -> list[Day]:
    """Of the newest weeks, and of the same weeks last year."""
    since = today - LOOK_BACK - WEEK - WEEK
    rows: list[tuple[Any, ...]] = []
    try:
        for shift in (timedelta(0), YEAR):
            rows += marts.execute(_DAYS, since=since - shift, until=today - shift)
    except DestinationError:
        raise ConfigurationError(_NO_MARTS) from None
    return [_day(row) for row in rows]


def _day(row: tuple[Any, ...]) -> Day:
    app_id, day, *rest = row
    values, flags = rest[: len(FLAGS)], rest[len(FLAGS) :]
    named = {name: _number(each) for name, each in zip(FLAGS, values, strict=True)}
    complete = frozenset(name for name, flag in zip(FLAGS, flags, strict=True) if flag)
    return Day(app_id, day, named, complete)


def _read_parts(marts: Warehouse, dimension: str, monday: date) -> Iterator[Part]:
    """The figures of the week and of the one before, for each value of a dimension."""
    mart, measures = _MARTS[dimension]
    sums = ", ".join(f"sum({each})" for each in measures)
    for week in (monday - WEEK, monday):
        rows = marts.execute(
            f"select app_id, {dimension}, {sums} from shown.fct_app_store_connect__daily_by_{mart}"
            f" where date_day between :since and :until group by app_id, {dimension}",
            since=week,
            until=week + timedelta(days=6),
        )
        for app_id, value, *totals in rows:
            for measure, total in zip(measures, totals, strict=True):
                if value is not None and total is not None:
                    yield Part(dimension, app_id, week, str(value), measure, float(total))


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
