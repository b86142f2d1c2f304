"""Reads the marts and makes the page. The destination is open for seconds, and for reading only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from app_store_connect.errors import ConfigurationError, DestinationError
from app_store_connect.warehouse.connection import Warehouse
from asc_pipeline.dashboard.content import ALL, Facts, content_of
from asc_pipeline.dashboard.figures import Part
from asc_pipeline.dashboard.measures import BREAKDOWNS
from asc_pipeline.dashboard.page import page_of
from asc_pipeline.dashboard.questions import (
    APPS,
    BY_VERSION,
    DAILY,
    RESTATEMENTS,
    VERSIONS,
    VersionDay,
    existing_columns,
    read_apps,
    read_breakdown,
    read_days,
    read_freshness,
    read_restated,
    read_versions,
)
from asc_pipeline.dashboard.spans import AppDays, together
from asc_pipeline.dlt_pipeline.opening import Patience, opened, reading

Tables = Mapping[str, set[str]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the data is, as the command line asks for it."""

    destination: str = "duckdb"
    dataset: str = "app_store_connect"

    @property
    def marts(self) -> str:
        return f"{self.dataset}_marts"


@dataclass(frozen=True, slots=True)
class Written:
    """The page that was written. `complete_to` is of all apps and all tiles."""

    path: Path
    bytes: int
    apps: int
    complete_to: str | None


def write_dashboard(place: Place, output: Path, now: datetime, patience: Patience) -> Written:
    """Write the page; an earlier one stays until the new one is whole.

    Raises:
        ConfigurationError: the destination cannot be opened, no models are built there, the extra
            is missing, or the file cannot be written.
    """
    content = dashboard_content(place, now, patience)
    page = page_of(content, "App Store Connect").encode()
    path = output.absolute()
    try:
        part = path.with_name(f"{path.name}.part")
        part.write_bytes(page)
        part.replace(path)
    except OSError as error:
        raise ConfigurationError(f"the page cannot be written to {path}: {error}") from error
    return Written(
        path, len(page), len(content["apps"]) - 1, content["views"][str(ALL)]["complete"]
    )


def dashboard_content(place: Place, now: datetime, patience: Patience) -> dict[str, Any]:
    """The content of the page.

    Raises:
        ConfigurationError: the destination cannot be opened, or no models are built there.
    """
    return content_of(_read(place, patience), now)


def _read(place: Place, patience: Patience) -> Facts:
    with reading(place.destination, place.dataset) as (pipeline, nothing):
        views = Warehouse(pipeline, place.dataset)
        with opened(views, None, patience):
            try:
                freshness = read_freshness(views)
            except DestinationError:
                raise nothing from None
        marts = Warehouse(pipeline, place.marts)
        with opened(marts, None, patience):
            tables = existing_columns(marts)
            if DAILY not in tables or APPS not in tables:
                raise _no_models(place)
            apps = read_apps(marts)
            days = read_days(marts, tables[DAILY])
            if not days:
                raise _no_models(place)
            everything = together(list(days.values()))
            processed = [each.newest_processing_date for each in freshness]
            newest = max(filter(None, processed), default=everything.calendar[-1])
            return Facts(
                schema=place.marts,
                apps=apps,
                days={ALL: everything, **days},
                parts=_parts(marts, tables, everything, days),
                versions=_versions(marts, tables, days),
                freshness=freshness,
                restated=read_restated(marts, newest) if RESTATEMENTS in tables else None,
                missing=_missing(tables),
            )


def _no_models(place: Place) -> ConfigurationError:
    return ConfigurationError(
        f"schema {place.marts} has no rows of the models: run asc-segments models first"
    )


def _parts(
    marts: Warehouse, tables: Tables, everything: AppDays, days: Mapping[int, AppDays]
) -> dict[str, dict[tuple[int, str], list[Part]]]:
    """The sums by dimension for each app, and for all apps together."""
    found = {}
    for each in BREAKDOWNS:
        if each.mart not in tables:
            continue
        reports = each.measure.reports
        ends = {key: end for key, app in days.items() if (end := app.complete_to(reports))}
        common = everything.complete_to(reports)
        together_to = dict.fromkeys(days, common) if common else {}
        found[each.key] = {
            **read_breakdown(marts, each, ends, in_one=False),
            **read_breakdown(marts, each, together_to, in_one=True),
        }
    return found


def _versions(marts: Warehouse, tables: Tables, days: Mapping[int, AppDays]) -> list[VersionDay]:
    if not {BY_VERSION, VERSIONS} <= tables.keys():
        return []
    return read_versions(marts, next(iter(days.values())).calendar[0])


def _missing(tables: Tables) -> dict[str, str]:
    """By panel the mart that is not built."""
    needed: dict[str, tuple[str, ...]] = {each.key: (each.mart,) for each in BREAKDOWNS}
    needed |= {"versions": (BY_VERSION, VERSIONS), "restated": (RESTATEMENTS,)}
    absent = {
        panel: [name for name in names if name not in tables] for panel, names in needed.items()
    }
    return {
        panel: f"Not built: {', '.join(names)}. Run asc-segments models."
        for panel, names in absent.items()
        if names
    }
