"""The job as a function, for notebooks and schedulers."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import date
from typing import Any

from app_store_connect.api.budget import DEFAULT_MAX_WAIT
from app_store_connect.configuration.settings import read_configuration
from app_store_connect.entities import AccessType, Granularity
from app_store_connect.errors import BudgetExhaustedError, ConfigurationError, IncompleteLoadError
from app_store_connect.instances import DEFAULT_RECHECK_DAYS
from app_store_connect.planning.options import check_days, check_seconds, options_from, texts
from asc_pipeline.alerts.ping import pinged
from asc_pipeline.alerts.settings import AlertSettings, read_alert_settings
from asc_pipeline.job.progress import LoggedProgress
from asc_pipeline.job.runner import Run, Settings
from asc_pipeline.job.summary import INTERRUPTED, OK, OUT_OF_BUDGET, Summary, exit_code_of


def run(
    *,
    app_ids: Sequence[str] = (),
    bundle_ids: Sequence[str] = (),
    reports: Sequence[str] = (),
    categories: Sequence[str] = (),
    granularities: Sequence[str] = (Granularity.DAILY,),
    access_types: Sequence[str] = tuple(AccessType),
    since: date | None = None,
    until: date | None = None,
    instance_ids: Sequence[str] = (),
    request_ids: Sequence[str] = (),
    create_requests: str | None = None,
    recheck_days: int = DEFAULT_RECHECK_DAYS,
    keep_superseded_days: int | None = None,
    max_wait: float = DEFAULT_MAX_WAIT,
    wait_seconds: float = 60.0,
    keys: Sequence[str] = (),
    destination: str = "duckdb",
    dataset: str = "app_store_connect",
    is_plan: bool = False,
    check: bool = True,
    has_alerts: bool = True,
) -> Summary:
    """Run the job; the arguments are the options of `asc-segments`. It logs, and prints nothing.
    `has_alerts=False` sends no alerts and no ping, for a scheduler that sends its own.

    Raises:
        ConfigurationError, UnauthorizedError, ForbiddenError: where the command exits with 2.
        IncompleteLoadError, BudgetExhaustedError, KeyboardInterrupt: with 1, 3, 130. What was
            loaded stays. With `check=False` the summary tells instead.
    """
    settings = _settings(dict(locals()))
    settings, alerts = with_alerts(settings, is_silent=is_plan or not has_alerts)
    with pinged(alerts.ping_url, exit_code_of) as ping:
        summary = Run(read_configuration(), settings, LoggedProgress()).execute()
        ping.end(summary.exit_code)
    summary.outcome.notices += ping.notices
    return _complete(summary) if check else summary


def with_alerts(settings: Settings, *, is_silent: bool) -> tuple[Settings, AlertSettings]:
    """The settings with the addresses for alerts, and all of that section; nothing if silent.

    Raises:
        ConfigurationError: an address is none.
    """
    alerts = AlertSettings() if is_silent else read_alert_settings()
    return replace(settings, alert_urls=tuple(alerts.urls or ())), alerts


def _settings(given: dict[str, Any]) -> Settings:
    if given["is_plan"] and given["create_requests"]:
        raise ConfigurationError("is_plan makes nothing: leave out create_requests, or is_plan")
    for name in ("max_wait", "wait_seconds"):
        check_seconds(name, given[name])
    if given["keep_superseded_days"] is not None:
        check_days("keep_superseded_days", given["keep_superseded_days"])
    own = {each.name for each in fields(Settings)} & given.keys() - {"keys"}
    settings = {name: given[name] for name in own}
    return Settings(options_from(given), keys=texts("keys", given["keys"]), **settings)


def _complete(summary: Summary) -> Summary:
    """The summary of a run that loaded all; of any other run the error is raised."""
    code = summary.exit_code
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    if code == OUT_OF_BUDGET:
        stops = [summary.outcome.stopped_by, *summary.keys.stopped.values()]
        raise next(each for each in stops if isinstance(each, BudgetExhaustedError))
    if code != OK:
        raise IncompleteLoadError(summary.failures)
    return summary
