"""Tells of failed runs by the addresses of alerts."""

import dagster as dg

from app_store_connect.redaction import redacted, without_secrets
from asc_pipeline.alerts.channels import send
from asc_pipeline.alerts.settings import read_alert_settings
from asc_pipeline.dagster.settings import KEY_TAG
from asc_pipeline.text import printable

_LONGEST = 300


@dg.run_failure_sensor(
    name="failed_runs",
    monitor_all_code_locations=False,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def failed_runs(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
    """Tell of a failed run, unless the run of the same job before it failed as well: a key that
    Apple refuses would be told of each hour.
    """
    run = context.dagster_run
    urls = read_alert_settings().urls or []
    if not urls or failed_before(context.instance, run):
        return dg.SkipReason("no address is set, or the run before failed too")
    for notice in send(urls, title_of(run), shown("\n".join(_reasons(context)))):
        context.log.warning(notice)
    return None


def _reasons(context: dg.RunFailureSensorContext) -> list[str]:
    """The descriptions of the failures that assets raised, else Dagster's own message."""
    steps = [event.step_failure_data for event in context.get_step_failure_events()]
    found = [each.user_failure_data for each in steps]
    raised = [each.description for each in found if each and each.description]
    return raised or [context.failure_event.message or "no reason given"]


def failed_before(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether the last run of the job that ended before this one failed."""
    ended = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
    filters = dg.RunsFilter(job_name=run.job_name, statuses=ended)
    before = [each for each in instance.get_runs(filters, limit=10) if each.run_id != run.run_id]
    return bool(before) and before[0].status is dg.DagsterRunStatus.FAILURE


def title_of(run: dg.DagsterRun) -> str:
    key = run.tags.get(KEY_TAG)
    return f"Dagster: run {run.run_id[:8]} of {run.job_name} failed" + (
        f", key {key}" if key else ""
    )


def shown(text: str) -> str:
    """One line without secrets."""
    safe = printable(without_secrets(redacted(text)))
    return safe if len(safe) <= _LONGEST else f"{safe[: _LONGEST - 3]}..."
