"""For each key its report tables as assets, the job that loads a unit, and its hourly schedule."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg

import asc_pipeline
from app_store_connect.errors import AppStoreConnectError, DestinationError
from app_store_connect.instances import AppTable
from asc_pipeline.dagster.assets.account import (
    Loaded,
    complete_apps,
    instances_left,
    loaded_tables,
    requests_of,
    unfinished_tables,
)
from asc_pipeline.dagster.assets.state import newest_dates
from asc_pipeline.dagster.settings import (
    APPS_IN_A_UNIT,
    LEFT,
    WAIT_SECONDS,
    DagsterSettings,
    apps_asset,
    apps_of_key,
    daily_tables,
    identifier,
    pool_of,
    table_asset,
)
from asc_pipeline.job.summary import OK, OUT_OF_BUDGET, Summary

_RETRY = dg.RetryPolicy(max_retries=3, delay=30, backoff=dg.Backoff.EXPONENTIAL)
"""For a destination that cannot be reached. Whatever else failed is asked for in the next hour."""


def load_assets(key: str, settings: DagsterSettings) -> dg.AssetsDefinition:
    """The report tables of a key, and `apps`; a partition is an app."""

    @dg.multi_asset(
        name=f"load_unit_{identifier(key)}",
        specs=list(_specs(key)),
        partitions_def=apps_of_key(key),
        backfill_policy=dg.BackfillPolicy.multi_run(APPS_IN_A_UNIT),
        pool=pool_of(key, settings),
        retry_policy=_RETRY,
    )
    def load(context: dg.AssetExecutionContext) -> Iterator[Any]:
        app_ids = list(context.partition_keys)
        summary = _run(key, app_ids, settings)
        yield from materialisations(key, summary, newest_dates(settings, app_ids))
        for app_id, left in instances_left(summary).items():
            yield dg.AssetObservation(apps_asset(key), partition=app_id, metadata={LEFT: left})
        _tell(context, key, summary, len(app_ids))

    return load


def _specs(key: str) -> Iterator[dg.AssetSpec]:
    shared: dict[str, Any] = {"group_name": identifier(key), "skippable": True}
    yield dg.AssetSpec(
        apps_asset(key),
        description=(
            "An app of this key is materialised when all of its lists were read and all that was"
            " due of it is loaded. Until then the next hour asks for it again."
        ),
        kinds={"dlt"},
        **shared,
    )
    for table, report in daily_tables().items():
        yield dg.AssetSpec(
            table_asset(key, table),
            description=(
                f"Raw rows of {report.name}. An app is materialised when all that was due is"
                " loaded, also where nothing was. Apple calls figures complete"
                f" {report.lag_days} days after their date."
            ),
            metadata={
                "report": report.name,
                "category": report.category,
                "lag_days": report.lag_days,
            },
            kinds={"dlt"},
            **shared,
        )


def _run(key: str, app_ids: Sequence[str], settings: DagsterSettings) -> Summary:
    try:
        return asc_pipeline.run(
            keys=[key],
            app_ids=app_ids,
            destination=settings.destination,
            dataset=settings.dataset,
            max_wait=0,  # the slot is worth more than the rest of the unit
            wait_seconds=WAIT_SECONDS,
            check=False,
            has_alerts=False,  # the sensor and the checks tell, once for all units
        )
    except AppStoreConnectError as error:
        raise dg.Failure(
            f"key {key}: {error}", allow_retries=isinstance(error, DestinationError)
        ) from None


def materialisations(
    key: str, summary: Summary, newest_complete: Mapping[AppTable, date]
) -> Iterator[dg.AssetMaterialization]:
    """Of each app that is complete, with its tables, and of single tables of other apps. One by
    one, since a unit may be loaded in part.
    """
    tables, requests = loaded_tables(summary), requests_of(summary)
    complete = complete_apps(summary)
    whole = {(app_id, table) for app_id in complete for table in daily_tables()}
    for app_id, table in sorted(whole | (tables.keys() - unfinished_tables(summary).keys())):
        if table in daily_tables():
            newest = newest_complete.get((app_id, table))
            metadata = {
                **_metadata(tables.get((app_id, table), Loaded()), requests[app_id, table]),
                "newest_complete_date": _shown(newest),
            }
            asset = table_asset(key, table)
            yield dg.AssetMaterialization(asset, partition=app_id, metadata=metadata)
    for app_id in complete:
        own = [loaded for (app, _), loaded in tables.items() if app == app_id]
        asked = sum(count for (app, _), count in requests.items() if app == app_id)
        metadata = {**_metadata(sum(own, Loaded()), asked), "run_id": summary.run_id}
        yield dg.AssetMaterialization(apps_asset(key), partition=app_id, metadata=metadata)


def _tell(context: dg.AssetExecutionContext, key: str, summary: Summary, apps: int) -> None:
    """Tag the run, and raise a Failure if instances were not loaded for another reason than the
    budget.
    """
    complete = f"{len(complete_apps(summary))} of {apps}"
    tags = {
        "asc/exit_code": str(summary.exit_code),
        "asc/requests": str(summary.keys.requests_made),
        "asc/complete_apps": complete,
        "asc/failures": str(len(summary.failures)),
    }
    context.instance.add_run_tags(context.run.run_id, tags)
    if summary.exit_code == OUT_OF_BUDGET:
        context.log.warning(
            f"the hourly requests of key {key} are used up: {complete} apps are complete, the next"
            " hour asks for the others"
        )
    elif summary.exit_code != OK:
        raise _failure(summary)


def _failure(summary: Summary) -> dg.Failure:
    named = [f"{each.what}: {each.why}" for each in summary.failures]
    stop = summary.outcome.stopped_by
    first = named[0] if named else str(stop)
    return dg.Failure(
        f"{max(len(named), 1)} not loaded, the next hour asks again; the first: {first}",
        metadata={"failures": dg.MetadataValue.md("\n".join(f"- {each}" for each in named))},
        allow_retries=isinstance(stop, DestinationError),
    )


def _metadata(loaded: Loaded, requests: int) -> dict[str, Any]:
    return {
        "dagster/partition_row_count": loaded.rows,
        "rows": loaded.rows,
        "bytes": loaded.bytes,
        "segments": loaded.segments,
        "requests": requests,
        "newest_processing_date": _shown(loaded.newest_processing_date),
    }


def _shown(day: date | None) -> str:
    return day.isoformat() if day and day > date.min else "none yet"
