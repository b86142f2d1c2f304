"""Cohorts by download date: sessions so many days after the download, for each 100 downloads."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from app_store_connect.warehouse.connection import Warehouse
from asc_pipeline.dashboard.figures import tile
from asc_pipeline.dashboard.measures import ALL_DOWNLOADS, DOWNLOADS, RETENTION, SESSIONS
from asc_pipeline.dashboard.spans import AppDays, first_days, sums_by_day

BY_DOWNLOAD_DATE = "fct_app_store_connect__daily_by_app_download_date"
_COHORTS = f"""
    select app_id, app_download_date, age_days, sessions from shown.{BY_DOWNLOAD_DATE}
    where app_download_date >= :since and age_days in :ages and sessions is not null
"""

Cohorts = Mapping[tuple[date, int], int]
"""The sessions of an app by date of download and days since then."""


def read_cohorts(warehouse: Warehouse, since: date) -> dict[int, dict[tuple[date, int], int]]:
    found: dict[int, dict[tuple[date, int], int]] = {}
    for row in warehouse.execute(_COHORTS, since=since, ages=list(RETENTION)):
        found.setdefault(int(row[0]), {})[row[1], int(row[2])] = int(row[3])
    return found


def with_cohorts(app: AppDays, cohorts: Cohorts) -> AppDays:
    """The days of an app, with the columns of retention on the day of the download.

    A cohort counts at an age once its downloads, and the sessions of that later day, are complete.
    A complete day on which no session of the cohort stands has none.
    """
    rows = {day: dict(row) for day, row in app.days.items()}
    open_downloads, open_sessions = app.open_days((DOWNLOADS,)), app.open_days((SESSIONS,))
    told = {day for day, row in rows.items() if row.get("sessions") is not None} - open_sessions
    counts = zip(app.calendar, sums_by_day(app, ALL_DOWNLOADS), strict=True)
    for day, count in counts:
        if count is None or day in open_downloads:
            continue
        for age, measure in RETENTION.items():
            if day + timedelta(age) in told:
                sessions, downloads = measure.inputs
                rows[day] |= {sessions: cohorts.get((day, age), 0), downloads: count}
    return replace(app, days=rows, firsts=first_days(rows))


def retention(app: AppDays, span: str) -> list[list[Any]]:
    """For each age the sessions for 100 downloads, also of the span before."""
    tiles = [(each.title, tile(app, each, span)) for each in RETENTION.values()]
    return [[title, found["value"], found.get("before")] for title, found in tiles]
