"""The schedules: each hour a unit of each key, and the models after a load with new rows."""

from datetime import datetime
from typing import TYPE_CHECKING

import dagster as dg

from asc_pipeline.dagster.events import last_observations, newest, partitions_since
from asc_pipeline.dagster.settings import (
    APPS_IN_A_UNIT,
    KEY_TAG,
    LEFT,
    DagsterSettings,
    apps_asset,
    apps_of_key,
    identifier,
)
from asc_pipeline.dagster.units import AppRange, day_start, next_unit

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition as AssetJob,
    )

_UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_RANGE = "dagster/asset_partition_range_{}"


def load_job(key: str, assets: dg.AssetsDefinition) -> "AssetJob":
    """Loads a unit. The run is made again if its process or host died, not if the job failed."""
    return dg.define_asset_job(
        f"load_{identifier(key)}",
        selection=dg.AssetSelection.assets(assets),
        executor_def=dg.in_process_executor,
        tags={
            KEY_TAG: key,
            "dagster/max_retries": "3",
            "dagster/retry_on_asset_or_op_failure": "false",
        },
    )


def load_schedule(key: str, job: "AssetJob", settings: DagsterSettings) -> dg.ScheduleDefinition:
    """Requests a run for a unit of due apps each hour, since Apple's budget is one of an hour."""

    @dg.schedule(
        name=f"load_{identifier(key)}_hourly",
        job=job,
        cron_schedule="0 * * * *",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    def hourly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        under_way = dg.RunsFilter(tags={KEY_TAG: key}, statuses=_UNDER_WAY)
        if context.instance.get_runs_count(under_way):
            return dg.SkipReason(f"a unit of key {key} is still being loaded")
        unit = due_unit(context.instance, key, settings, context.scheduled_execution_time)
        if unit is None:
            return dg.SkipReason(f"nothing of key {key} is due before the next day begins")
        return unit_request(unit)

    return hourly


def unit_request(unit: AppRange) -> dg.RunRequest:
    """One run for all apps of the unit."""
    return dg.RunRequest(tags={_RANGE.format("start"): unit.first, _RANGE.format("end"): unit.last})


def due_unit(
    instance: dg.DagsterInstance, key: str, settings: DagsterSettings, now: datetime
) -> AppRange | None:
    """The next unit of the key, by the materialisations of its apps."""
    apps = instance.get_dynamic_partitions(apps_of_key(key).name or "")
    asset = apps_asset(key)
    ever = instance.get_materialized_partitions(asset)
    observed = last_observations(instance, asset, [each for each in apps if each not in ever])
    since = day_start(now, settings.day_begins).timestamp()
    return next_unit(
        apps,
        loaded_today=partitions_since(instance, asset, since),
        loaded_ever=ever,
        left={app_id: metadata[LEFT] for app_id, metadata in observed.items()},
        after=_last_app(instance, key),
        most_apps=APPS_IN_A_UNIT,
    )


def _last_app(instance: dg.DagsterInstance, key: str) -> str | None:
    """The last app of the last unit that a schedule asked for."""
    runs = instance.get_runs(dg.RunsFilter(tags={KEY_TAG: key}), limit=1)
    return runs[0].tags.get(_RANGE.format("end")) if runs else None


def publish_schedule(keys: list[str], job: "AssetJob", last: dg.AssetKey) -> dg.ScheduleDefinition:
    """Asks each hour for views, models and pages if an app was completed since they were made."""

    @dg.schedule(
        name="publish_hourly",
        job=job,
        cron_schedule="45 * * * *",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    def publish(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        loaded = [newest(context.instance, apps_asset(key)) for key in keys]
        if max(loaded) <= newest(context.instance, last):
            return dg.SkipReason("no app was completed since the last time")
        return dg.RunRequest()

    return publish
