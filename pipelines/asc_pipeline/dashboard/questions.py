"""Reads the marts. The destination is open only for these statements."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app_store_connect.views.freshness import FRESHNESS
from app_store_connect.warehouse.connection import Warehouse
from asc_pipeline.dashboard.measures import ALL_MEASURES, RATIOS, REPORT_NAMES
from asc_pipeline.dashboard.spans import (
    HELD_DAYS,
    AppDays,
    one_app,
    silent_days,
)

DAILY = "fct_app_store_connect__daily"
APPS = "dim_app_store_connect__apps"
VERSIONS = "dim_app_store_connect__app_versions"
BY_VERSION = "fct_app_store_connect__daily_by_app_version"
FORECASTS = "fct_app_store_connect__forecasts"
RESTATEMENTS = "fct_app_store_connect__restatements"
RECENT_DAYS = 7

_MEASURED = sorted({column for each in ALL_MEASURES for column in (*each.columns, *each.divisors)})
_FRESHNESS = f"""
    select app_id, report_name, newest_processing_date, newest_complete_date, missing_dates,
        expiring_instances, reason
    from shown.{FRESHNESS} where granularity = 'DAILY' or report_name is null
    order by report_name, app_id
"""
_RESTATED = f"""
    with told as (
        select app_id, table_name, date_day, measure, measure_total, row_number() over (
            partition by app_id, table_name, date_day, measure order by restatement desc
        ) as place
        from shown.{RESTATEMENTS} where processing_date <= :since
    )
    select now.report_name, now.measure, count(distinct now.date_day),
        sum(told.measure_total), sum(now.measure_total)
    from shown.{RESTATEMENTS} as now
    join told
        on told.app_id = now.app_id and told.table_name = now.table_name
        and told.date_day = now.date_day and told.measure = now.measure and told.place = 1
    where now.is_shown and now.is_complete and now.processing_date > :since
        and now.measure_total <> told.measure_total
    group by now.report_name, now.measure order by now.report_name, now.measure
"""


@dataclass(frozen=True, slots=True)
class Freshness:
    """A daily report of an app. Without a report name `reason` is one of the whole app."""

    app_id: int
    report_name: str | None
    newest_processing_date: date | None
    newest_complete_date: date | None
    missing_dates: int
    expiring_instances: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Restated:
    """The complete dates of a report that newer instances changed: their totals before and now."""

    report_name: str
    measure: str
    dates: int
    before: Any
    now: Any


def existing_columns(warehouse: Warehouse) -> Mapping[str, set[str]]:
    """The tables and views of the schema that the warehouse shows."""
    question, values = warehouse.dialect.columns_question("shown")
    found: dict[str, set[str]] = {}
    for table, column in warehouse.run(question, *values):
        found.setdefault(warehouse.dialect.table_of(table, "shown") or "", set()).add(column)
    return found


def read_apps(warehouse: Warehouse) -> dict[int, str]:
    rows = warehouse.execute(f"select app_id, app_name from shown.{APPS} order by app_name, app_id")
    names = [name for _, name in rows]
    return {
        int(app_id): name if name and names.count(name) == 1 else f"{name or 'app'} {app_id}"
        for app_id, name in rows
    }


def read_key_names(warehouse: Warehouse) -> dict[int, list[str]]:
    """By app the API keys that see it."""
    rows = warehouse.execute(f"select app_id, key_names from shown.{APPS} where key_names <> ''")
    return {int(app_id): names.split(", ") for app_id, names in rows}


def read_days(warehouse: Warehouse, existing: Iterable[str]) -> dict[int, AppDays]:
    """The newest days of the daily mart, by app; empty without rows."""
    ((last,),) = warehouse.execute(f"select max(date_day) from shown.{DAILY}")
    if last is None:
        return {}
    there = {*existing}
    measures = [column for column in _MEASURED if column in there]
    reports = [report for report in REPORT_NAMES if f"{report}_complete" in there]
    columns = ", ".join((*measures, *(f"{report}_complete" for report in reports)))
    rows = warehouse.execute(
        f"select app_id, date_day, {columns} from shown.{DAILY} where date_day >= :since",
        since=last - timedelta(HELD_DAYS - 1),
    )
    first = min(row[1] for row in rows)
    calendar = [first + timedelta(n) for n in range((last - first).days + 1)]
    by_app: dict[int, list[tuple[Any, ...]]] = {}
    for row in rows:
        by_app.setdefault(int(row[0]), []).append(row[1:])
    return {
        app_id: _app_days(by_app[app_id], measures, reports, calendar) for app_id in sorted(by_app)
    }


def _app_days(
    rows: Sequence[tuple[Any, ...]],
    measures: Sequence[str],
    reports: Sequence[str],
    calendar: Sequence[date],
) -> AppDays:
    end = 1 + len(measures)
    silent = silent_days(max(row[0] for row in rows), calendar[-1])
    incomplete = {
        report: {*silent, *(row[0] for row in rows if not row[end + n])}
        for n, report in enumerate(reports)
    }
    days = {row[0]: dict(zip(measures, row[1:end], strict=True)) for row in rows}
    return one_app(days, incomplete, RATIOS, calendar)


@dataclass(frozen=True, slots=True)
class Forecast:
    """An estimate of the total of a day that is not complete, with its interval."""

    app_id: int
    day: date
    low: float
    expected: float
    high: float


def read_forecasts(warehouse: Warehouse, table: str, measure: str) -> list[Forecast]:
    rows = warehouse.execute(
        f"""
        select app_id, date_day, expected_low, expected_total, expected_high
        from shown.{FORECASTS} where table_name = :table and measure = :measure order by date_day
        """,
        table=table,
        measure=measure,
    )
    return [Forecast(int(row[0]), row[1], *map(float, row[2:])) for row in rows]


@dataclass(frozen=True, slots=True)
class VersionDay:
    app_id: int
    version: str
    order: str
    day: date
    sessions: int
    crashes: int


def read_versions(warehouse: Warehouse, since: date) -> list[VersionDay]:
    """Sessions and crashes by version and day, in the order of the versions."""
    rows = warehouse.execute(
        f"""
        select d.app_id, v.app_version, v.sort_key, d.date_day,
            coalesce(d.sessions, 0), coalesce(d.crashes, 0)
        from shown.{BY_VERSION} as d
        join shown.{VERSIONS} as v
            on v.app_id = d.app_id and v.app_version_key = d.app_version_key
        where d.date_day >= :since
        order by v.sort_key, d.date_day
        """,
        since=since,
    )
    return [VersionDay(int(row[0]), str(row[1]), str(row[2]), *row[3:]) for row in rows]


def read_freshness(warehouse: Warehouse) -> list[Freshness]:
    return [Freshness(*row) for row in warehouse.execute(_FRESHNESS)]


def read_restated(warehouse: Warehouse, newest: date) -> list[Restated]:
    """The changes that instances of the newest days made to complete dates, against the totals that
    were told before.
    """
    rows = warehouse.execute(_RESTATED, since=newest - timedelta(RECENT_DAYS))
    return [Restated(*row) for row in rows]
