"""Reads the marts and makes the page. The destination is open for seconds, and for reading only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from app_store_connect.errors import ConfigurationError, DestinationError
from app_store_connect.warehouse.connection import Warehouse
from asc_pipeline.dashboard.choices import ALL, Choice, choices_of
from asc_pipeline.dashboard.content import Facts, content_of
from asc_pipeline.dashboard.figures import Part, PartDays
from asc_pipeline.dashboard.measures import BREAKDOWNS
from asc_pipeline.dashboard.measures import FORECASTS as FORECAST_MEASURES
from asc_pipeline.dashboard.page import page_of
from asc_pipeline.dashboard.parts import read_breakdown, read_part_days
from asc_pipeline.dashboard.questions import (
    APPS,
    BY_VERSION,
    DAILY,
    FORECASTS,
    RESTATEMENTS,
    VERSIONS,
    Forecast,
    Freshness,
    VersionDay,
    existing_columns,
    read_apps,
    read_days,
    read_forecasts,
    read_freshness,
    read_key_names,
    read_restated,
    read_versions,
)
from asc_pipeline.dashboard.retention import BY_DOWNLOAD_DATE, read_cohorts, with_cohorts
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
    return Written(path, len(page), content["apps"][0]["apps"], content["views"][ALL]["complete"])


def dashboard_content(place: Place, now: datetime, patience: Patience) -> dict[str, Any]:
    """The content of the page.

    Raises:
        ConfigurationError: the destination cannot be opened, or no models are built there.
    """
    return content_of(_read(place, patience), now)


def _read(place: Place, patience: Patience) -> Facts:
    with reading(place.destination, place.dataset, has_marts=True) as (pipeline, nothing):
        views = Warehouse(pipeline, place.dataset)
        with opened(views, None, patience):
            try:
                freshness = read_freshness(views)
            except DestinationError:
                raise nothing from None
        marts = Warehouse(pipeline, place.marts)
        with opened(marts, None, patience):
            return _read_marts(marts, place, freshness)


def _read_marts(marts: Warehouse, place: Place, freshness: Sequence[Freshness]) -> Facts:
    tables = existing_columns(marts)
    if DAILY not in tables or APPS not in tables:
        raise _no_models(place)
    apps = read_apps(marts)
    days = read_days(marts, tables[DAILY])
    if not days:
        raise _no_models(place)
    calendar = next(iter(days.values())).calendar
    if BY_DOWNLOAD_DATE in tables:
        cohorts = read_cohorts(marts, calendar[0])
        days = {key: with_cohorts(app, cohorts.get(key, {})) for key, app in days.items()}
    # a mart that an earlier version built does not know the keys
    key_names = read_key_names(marts) if "key_names" in tables[APPS] else {}
    choices = choices_of(days, apps, key_names)
    chosen = {each.key: together([days[app_id] for app_id in each.app_ids]) for each in choices}
    processed = [each.newest_processing_date for each in freshness]
    newest = max(filter(None, processed), default=calendar[-1])
    return Facts(
        schema=place.marts,
        apps=apps,
        choices=choices,
        days=chosen,
        parts=_parts(marts, tables, choices, chosen),
        part_days=_part_days(marts, tables, choices, calendar),
        versions=_versions(marts, tables, calendar[0]),
        forecasts=_forecasts(marts, tables),
        freshness=freshness,
        restated=read_restated(marts, newest) if RESTATEMENTS in tables else None,
        missing=_missing(tables),
    )


def _no_models(place: Place) -> ConfigurationError:
    return ConfigurationError(
        f"schema {place.marts} has no rows of the models: run asc-segments models first"
    )


def _parts(
    marts: Warehouse, tables: Tables, choices: Sequence[Choice], days: Mapping[str, AppDays]
) -> dict[str, dict[tuple[str, str], list[Part]]]:
    """The sums by dimension for each choice."""
    found: dict[str, dict[tuple[str, str], list[Part]]] = {}
    for each in (each for each in BREAKDOWNS if each.mart in tables):
        parts = found.setdefault(each.key, {})
        reports = each.measure.reports
        ends = {
            choice.key: end for choice in choices if (end := days[choice.key].complete_to(reports))
        }
        own = {
            choice.app_ids[0]: ends[choice.key]
            for choice in choices
            if choice.is_app and choice.key in ends
        }
        for (app_id, span), rows in read_breakdown(marts, each, own, in_one=False).items():
            parts[str(app_id), span] = rows
        for choice in _of_several(choices):
            if end := ends.get(choice.key):
                ends_of_apps = dict.fromkeys(choice.app_ids, end)
                sums = read_breakdown(marts, each, ends_of_apps, in_one=True)
                parts |= {(choice.key, span): rows for (_, span), rows in sums.items()}
    return found


def _part_days(
    marts: Warehouse, tables: Tables, choices: Sequence[Choice], calendar: Sequence[date]
) -> dict[str, dict[str, list[PartDays]]]:
    """The days by dimension for each choice."""
    found: dict[str, dict[str, list[PartDays]]] = {}
    for each in (each for each in BREAKDOWNS if each.mart in tables):
        own = read_part_days(marts, each, choices[0].app_ids, calendar, in_one=False)
        found[each.key] = {str(app_id): parts for app_id, parts in own.items()}
        for choice in _of_several(choices):
            sums = read_part_days(marts, each, choice.app_ids, calendar, in_one=True)
            found[each.key][choice.key] = sums.get(0, [])
    return found


def _of_several(choices: Iterable[Choice]) -> list[Choice]:
    """The choices whose apps the database adds up."""
    return [each for each in choices if not each.is_app]


def _versions(marts: Warehouse, tables: Tables, since: date) -> list[VersionDay]:
    if not {BY_VERSION, VERSIONS} <= tables.keys():
        return []
    return read_versions(marts, since)


def _forecasts(marts: Warehouse, tables: Tables) -> dict[str, list[Forecast]]:
    """By tile."""
    if FORECASTS not in tables:
        return {}
    return {key: read_forecasts(marts, *each) for key, each in FORECAST_MEASURES.items()}


def _missing(tables: Tables) -> dict[str, str]:
    """By panel the mart that is not built."""
    needed: dict[str, tuple[str, ...]] = {each.key: (each.mart,) for each in BREAKDOWNS}
    needed |= {"versions": (BY_VERSION, VERSIONS), "restated": (RESTATEMENTS,)}
    needed |= {"retention": (BY_DOWNLOAD_DATE,), "forecasts": (FORECASTS,)}
    absent = {
        panel: [name for name in names if name not in tables] for panel, names in needed.items()
    }
    if "key_names" not in tables[APPS]:
        absent["keys"] = [f"{APPS}.key_names, the keys in the chooser"]
    return {
        panel: f"Not built: {', '.join(names)}. Run asc-segments models."
        for panel, names in absent.items()
        if names
    }
