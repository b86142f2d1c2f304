"""The views as assets, with checks by `data_freshness` and `analytics_load_failures`."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg

from app_store_connect.entities import Granularity
from app_store_connect.names import table_name
from app_store_connect.views.freshness import FRESHNESS
from asc_pipeline.alerts.channels import send
from asc_pipeline.alerts.messages import safe
from asc_pipeline.alerts.problems import Findings, Kind, Problem, problems_in
from asc_pipeline.alerts.runs import FailureCount
from asc_pipeline.alerts.settings import read_alert_settings
from asc_pipeline.dagster.assets.state import read_state, table_of
from asc_pipeline.dagster.events import metadata_before
from asc_pipeline.dagster.settings import (
    DagsterSettings,
    apps_asset,
    daily_tables,
    pool_of_models,
    table_asset,
    view_asset,
)
from asc_pipeline.text import counted
from asc_pipeline.truth.freshness import ReportState

FRESH, LOADED = "data_freshness", "load_failures"
"""The checks of each view: by the view `data_freshness`, and by `analytics_load_failures`."""
_GROUP = "views"
_MOST_NAMED = 20
_RED_LINES = "red"
_RED = (Kind.EXPIRING, Kind.LATE, Kind.STOPPED)
"""Of these something is lost, or nothing comes, unless somebody acts. Others are a warning."""


def view_specs(keys: Sequence[str]) -> list[dg.AssetSpec]:
    """The views: loads keep them up to date, so Dagster only watches them."""
    views = [
        dg.AssetSpec(
            view_asset(table),
            deps=[table_asset(key, table) for key in keys],
            group_name=_GROUP,
            description=f"{report.name}: each date once, by its newest complete instance.",
            metadata={"report": report.name, "lag_days": report.lag_days},
            freshness_policy=freshness_policy(report.lag_days),
            kinds={"sql"},
        )
        for table, report in daily_tables().items()
    ]
    freshness = dg.AssetSpec(
        view_asset(FRESHNESS),
        deps=[apps_asset(key) for key in keys],
        group_name=_GROUP,
        description="How far each report of each app is, and reports that do not come.",
        kinds={"sql"},
    )
    return [*views, freshness]


def freshness_policy(lag_days: int) -> dg.FreshnessPolicy:
    """A daily report warns when its next instance is a day late. It fails when none came for the
    days in which Apple still restates a date: from then on no further date can become complete.
    """
    return dg.FreshnessPolicy.time_window(
        warn_window=timedelta(days=2), fail_window=timedelta(days=lag_days + 3)
    )


def view_checks(settings: DagsterSettings) -> dg.AssetChecksDefinition:
    """Reads the state of all reports: checks the views, tells what is new and red, and materialises
    each view that has newer instances than before.
    """

    @dg.multi_asset_check(
        name="check_views",
        specs=[
            dg.AssetCheckSpec(name, asset=view_asset(table), description=_CHECKED[name])
            for table in [*daily_tables(), FRESHNESS]
            for name in (FRESH, LOADED)
        ],
        pool=pool_of_models(settings),
    )
    def check_views(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        reports, failures = read_state(settings)
        today = datetime.now(UTC).date()
        for notice in _tell_new(context.instance, red_lines(reports, today)):
            context.log.warning(notice)
        for event in materialisations(reports, today):
            before = metadata_before(context.instance, event.asset_key)
            if before != {name: value.value for name, value in event.metadata.items()}:
                context.op_execution_context.log_event(event)
        yield from results(reports, failures, today)

    return check_views


_CHECKED = {
    FRESH: "No app is late, has missing or doubled dates, or loses instances soon.",
    LOADED: "Nothing failed that no later run has loaded.",
}


def materialisations(
    reports: Sequence[ReportState], today: date
) -> Iterator[dg.AssetMaterialization]:
    """Of each view that there is. Its metadata says how far it is."""
    states: dict[str, list[ReportState]] = defaultdict(list)
    for each in reports:
        if each.report_name and each.granularity:
            states[table_of(each)].append(each)
    for table in daily_tables():
        if own := states[table]:
            yield dg.AssetMaterialization(view_asset(table), metadata=_metadata(own))
    everything = {**_metadata(reports), _RED_LINES: red_lines(reports, today)}
    yield dg.AssetMaterialization(view_asset(FRESHNESS), metadata=everything)


def results(
    reports: Sequence[ReportState], failures: Sequence[FailureCount], today: date
) -> Iterator[dg.AssetCheckResult]:
    """Two checks of each view."""
    problems, failed = _by_table(reports, failures, today)
    for table in [*daily_tables(), FRESHNESS]:
        yield _freshness(view_asset(table), problems[table])
        yield _failures(view_asset(table), failed[table])


def _by_table(
    reports: Sequence[ReportState], failures: Sequence[FailureCount], today: date
) -> tuple[Mapping[str, list[Problem]], Mapping[str, list[FailureCount]]]:
    """Problems and failures of each table; under `data_freshness` those of no table."""
    tables = {
        f"{each.report_name} {each.granularity}": table_of(each)
        for each in reports
        if each.report_name and each.granularity
    }
    problems: dict[str, list[Problem]] = defaultdict(list)
    for problem in problems_in(Findings(reports=reports), today):
        problems[tables.get(problem.subject, FRESHNESS)].append(problem)
    known = daily_tables()
    failed: dict[str, list[FailureCount]] = defaultdict(list)
    for each in failures:
        table = table_name(each.report_name, Granularity.DAILY) if each.report_name else FRESHNESS
        failed[table if table in known else FRESHNESS].append(each)
    return problems, failed


def _metadata(reports: Sequence[ReportState]) -> dict[str, Any]:
    complete = [each.newest_complete_date for each in reports if each.newest_complete_date]
    processed = [each.newest_processing_date for each in reports if each.newest_processing_date]
    return {
        "apps": len({each.app_id for each in reports}),
        "newest_processing_date": _day(max(processed, default=None)),
        "newest_complete_date": _day(max(complete, default=None)),
        "complete_in_all_apps_to": _day(min(complete, default=None)),
        "missing_dates": sum(each.missing_dates for each in reports),
        "expiring_instances": sum(each.expiring_instances for each in reports),
    }


def red_lines(reports: Sequence[ReportState], today: date) -> list[str]:
    """Problems of reports for which somebody must act."""
    problems = problems_in(Findings(reports=reports), today)
    return [_line(each) for each in problems if each.kind in _RED]


def _tell_new(instance: dg.DagsterInstance, lines: Sequence[str]) -> list[str]:
    """Send the problems that the last materialisation did not have; returns a notice for each
    address that was not reached.
    """
    urls = read_alert_settings().urls or []
    told = metadata_before(instance, view_asset(FRESHNESS)).get(_RED_LINES, [])
    new = [each for each in lines if each not in told]
    if not (new and urls):
        return []
    more = [f"and {len(new) - _MOST_NAMED} more"] if len(new) > _MOST_NAMED else []
    title = f"App Store Connect reports: {counted(len(new), 'new problem')}"
    return send(urls, title, "\n".join([*new[:_MOST_NAMED], *more]))


def _line(problem: Problem) -> str:
    app = f"app {problem.app_id}: " if problem.app_id else ""
    return safe(f"{app}{problem.subject}: {problem.state}; {problem.advice}")


def _freshness(view: dg.AssetKey, problems: Sequence[Problem]) -> dg.AssetCheckResult:
    is_red = any(each.kind in _RED for each in problems)
    return _result(view, FRESH, list(map(_line, problems)), is_red=is_red)


def _failures(view: dg.AssetKey, failures: Sequence[FailureCount]) -> dg.AssetCheckResult:
    return _result(view, LOADED, list(map(_failure_line, failures)), is_red=True)


def _failure_line(failures: FailureCount) -> str:
    more = f" and {failures.count - 1} more" if failures.count > 1 else ""
    return f"{failures.what}{more}: {failures.reason}"


def _result(
    view: dg.AssetKey, name: str, lines: Sequence[str], *, is_red: bool
) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=view,
        check_name=name,
        passed=not lines,
        severity=dg.AssetCheckSeverity.ERROR if is_red else dg.AssetCheckSeverity.WARN,
        description="; ".join(lines[:1]) or None,
        metadata={
            "found": len(lines),
            "named": dg.MetadataValue.md(_bullets(lines)),
        },
    )


def _bullets(lines: Iterable[str]) -> str:
    named = list(lines)
    more = [f"and {len(named) - _MOST_NAMED} more"] if len(named) > _MOST_NAMED else []
    return "\n".join(f"- {each}" for each in [*named[:_MOST_NAMED], *more]) or "nothing"


def _day(day: date | None) -> str:
    return day.isoformat() if day else "none yet"
