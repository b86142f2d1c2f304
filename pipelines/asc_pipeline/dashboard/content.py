"""Puts the content of the page together from the rows of the marts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from asc_pipeline.dashboard.choices import Choice
from asc_pipeline.dashboard.figures import (
    Part,
    PartDays,
    breakdown_windows,
    funnel,
    part_days,
    ranked,
    rounded,
    series,
    tile,
    total,
)
from asc_pipeline.dashboard.measures import (
    ALL_MEASURES,
    BREAKDOWNS,
    CRASHES,
    DOWNLOADS,
    FUNNEL,
    FUNNEL_REPORTS,
    RETENTION,
    SESSIONS,
    SUBSCRIPTION_EVENTS,
    SUBSCRIPTION_STATES,
    TILES,
    Breakdown,
    Measure,
)
from asc_pipeline.dashboard.questions import Forecast, Freshness, Restated, VersionDay
from asc_pipeline.dashboard.retention import retention
from asc_pipeline.dashboard.spans import SPANS, AppDays
from asc_pipeline.dashboard.trust import LEFT_OUT, freshness_lines, reasons, restated_lines
from asc_pipeline.dashboard.versions import versions_panel

Json = dict[str, Any]
_MUST_HAVE = {DOWNLOADS: ("first_time_downloads",), SESSIONS: ("sessions",)}
_SPAN_LABELS = {"28": "28 days", "90": "90 days", "365": "365 days", "all": "All days"}


@dataclass(frozen=True, slots=True)
class Facts:
    """The data of the marts, read once; by the key of a choice where a mapping has such a key."""

    schema: str
    apps: Mapping[int, str]
    choices: Sequence[Choice]
    days: Mapping[str, AppDays]
    parts: Mapping[str, Mapping[tuple[str, str], Sequence[Part]]]
    """By panel, choice and span."""
    part_days: Mapping[str, Mapping[str, Sequence[PartDays]]]
    """By panel and choice."""
    versions: Sequence[VersionDay]
    forecasts: Mapping[str, Sequence[Forecast]]
    """By tile."""
    freshness: Sequence[Freshness]
    restated: Sequence[Restated] | None
    missing: Mapping[str, str] = field(default_factory=dict)
    """By panel, the reason why it is not there."""


def content_of(facts: Facts, built_at: datetime) -> Json:
    everything = facts.days[facts.choices[0].key]
    newest = [each.newest_processing_date for each in facts.freshness]
    loaded = max((day for day in newest if day), default=None)
    described = (*ALL_MEASURES, *TILES, *RETENTION.values())
    return {
        "built": f"{built_at:%Y-%m-%d %H:%M} UTC",
        "loaded": str(loaded) if loaded else None,
        "schema": facts.schema,
        "days": [str(day) for day in everything.calendar],
        "spans": [{"key": key, "label": _SPAN_LABELS[key], "days": SPANS[key]} for key in SPANS],
        "apps": [
            {"key": each.key, "label": each.label, "apps": len(each.app_ids)}
            for each in facts.choices
        ],
        "tiles": [each.key for each in TILES],
        "measures": {each.key: _described(each) for each in described},
        "breakdowns": [
            {"key": each.key, "title": each.title, "measure": each.measure.key}
            for each in BREAKDOWNS
        ],
        "funnel": [each.key for each in FUNNEL],
        "retention": [each.key for each in RETENTION.values()],
        "states": [each.key for each in SUBSCRIPTION_STATES],
        "events": [each.key for each in SUBSCRIPTION_EVENTS],
        "views": {each.key: _view(facts, each) for each in facts.choices},
        "trust": {
            "freshness": freshness_lines(facts.freshness, facts.apps),
            "restated": (
                [facts.missing["restated"]]
                if facts.restated is None
                else restated_lines(facts.restated)
            ),
            "left_out": [*LEFT_OUT, *filter(None, [facts.missing.get("keys")])],
        },
    }


def _described(measure: Measure) -> Json:
    return {
        "title": measure.title,
        "unit": measure.unit,
        "factor": measure.factor,
        "stock": measure.is_stock,
        "low": measure.is_better_low,
        "note": measure.note,
    }


def _view(facts: Facts, choice: Choice) -> Json:
    """The part of the page about one app, or about several."""
    app = facts.days[choice.key]
    why = reasons(facts.freshness, choice.app_ids)
    ends = [end for each in TILES if (end := app.complete_to(each.reports))]
    return {
        "complete": str(min(ends)) if ends else None,
        "series": {
            each.key: series(app, each) if app.first_day_of(each.inputs) else None
            for each in (*ALL_MEASURES, *RETENTION.values())
        },
        "tiles": {span: {each.key: tile(app, each, span) for each in TILES} for span in SPANS},
        "why": {each.key: _why(each.reports, app, each, why) for each in ALL_MEASURES},
        "ranked": {each.key: _ranked(facts, choice.key, each) for each in BREAKDOWNS},
        "parts": {
            key: part_days(parts[choice.key])
            for key, parts in facts.part_days.items()
            if choice.key in parts
        },
        "funnel": {span: funnel(app, span) for span in SPANS},
        "funnel_why": "; ".join(why[report] for report in FUNNEL_REPORTS),
        "events": {span: _events(app, span) for span in SPANS},
        "retention": {span: retention(app, span) for span in SPANS},
        "retention_why": facts.missing.get("retention") or _why_no_cohort(app, why),
        "versions": _versions(facts, choice),
        "forecasts": _forecasts(facts, choice),
    }


def _why(reports: Sequence[str], app: AppDays, measure: Measure, why: Mapping[str, str]) -> str:
    """Why a measure has no data; empty where it has."""
    if app.first_day_of(measure.inputs):
        return ""
    return "; ".join(why[report] for report in reports)


def _why_no_cohort(app: AppDays, why: Mapping[str, str]) -> str:
    absent = [why[each] for each in (DOWNLOADS, SESSIONS) if not app.first_day_of(_MUST_HAVE[each])]
    return "; ".join(absent) or "No download of these days is old enough yet."


def _ranked(facts: Facts, key: str, breakdown: Breakdown) -> Json:
    if breakdown.key in facts.missing:
        return {"why": facts.missing[breakdown.key]}
    found: Json = {}
    for span, (window, has_before) in breakdown_windows(facts.days[key], breakdown.measure).items():
        parts = facts.parts[breakdown.key].get((key, span), [])
        if not has_before:
            parts = [Part(each.name, each.value, None) for each in parts]
        found[span] = ranked(parts) | {"from": str(window.start), "to": str(window.end)}
    return found


def _events(app: AppDays, span: str) -> list[list[Any]]:
    figures = [[each.title, total(app, each, span)] for each in SUBSCRIPTION_EVENTS]
    return [figure for figure in figures if figure[1] is not None]


def _forecasts(facts: Facts, choice: Choice) -> Json:
    """By tile a row for each day: its place in the calendar, and the estimate in its interval."""
    if "forecasts" in facts.missing:
        return {"why": facts.missing["forecasts"]}
    if len(choice.app_ids) > 1:
        return {"why": "Intervals of different apps do not add up: choose an app."}
    start = facts.days[choice.key].calendar[0]
    return {
        key: [
            [(each.day - start).days, *map(rounded, (each.low, each.expected, each.high))]
            for each in forecasts
            if each.app_id in choice.app_ids
        ]
        for key, forecasts in facts.forecasts.items()
    }


def _versions(facts: Facts, choice: Choice) -> Json:
    if "versions" in facts.missing:
        return {"why": facts.missing["versions"]}
    if len(choice.app_ids) > 1:
        return {"why": "Versions of different apps do not compare: choose an app."}
    rows = [each for each in facts.versions if each.app_id in choice.app_ids]
    app = facts.days[choice.key]
    return versions_panel(rows, app.calendar, app.complete_to((SESSIONS, CRASHES)))
