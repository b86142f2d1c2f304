"""Everything that Dagster shows and runs: `dagster dev -m asc_pipeline.dagster.definitions`."""

import dagster as dg

from app_store_connect.configuration.keys import read_key_settings
from app_store_connect.configuration.settings import read_configuration
from asc_pipeline.dagster.apps import new_apps_sensor
from asc_pipeline.dagster.assets.loads import load_assets
from asc_pipeline.dagster.assets.models import model_assets
from asc_pipeline.dagster.assets.pages import DIGEST, page_assets
from asc_pipeline.dagster.assets.views import view_checks, view_specs
from asc_pipeline.dagster.failures import failed_runs
from asc_pipeline.dagster.schedules import load_job, load_schedule, publish_schedule
from asc_pipeline.dagster.settings import read_dagster_settings


@dg.definitions
def definitions() -> dg.Definitions:
    """Read the configuration as every command does: no key is asked for here."""
    settings = read_dagster_settings()
    keys = [each.name for each in read_key_settings(read_configuration())]
    loads = {key: load_assets(key, settings) for key in keys}
    jobs = {key: load_job(key, assets) for key, assets in loads.items()}
    published = [model_assets(settings), *page_assets(settings)]
    checks = view_checks(settings)
    publish = dg.define_asset_job(
        "publish",
        selection=dg.AssetSelection.assets(*published) | dg.AssetSelection.checks(checks),
        executor_def=dg.in_process_executor,
    )
    return dg.Definitions(
        assets=[*loads.values(), *view_specs(keys), *published],
        asset_checks=[checks],
        jobs=[*jobs.values(), publish],
        schedules=[
            *(load_schedule(key, job, settings) for key, job in jobs.items()),
            publish_schedule(keys, publish, DIGEST),
        ],
        sensors=[new_apps_sensor(keys), failed_runs],
        executor=dg.in_process_executor,
    )
