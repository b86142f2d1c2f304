"""The dbt project as assets: the same build as `asc-segments models`, told model by model."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, dbt_assets
from filelock import FileLock

from app_store_connect.dlt_errors import shortened
from app_store_connect.errors import AppStoreConnectError, ConfigurationError
from asc_pipeline.dagster.settings import WAIT_SECONDS, DagsterSettings, pool_of_models
from asc_pipeline.models.build import (
    build_command,
    dbt_folder,
    dbt_ready,
    project_folder,
    project_variables,
)
from asc_pipeline.models.summary import ModelSettings


def model_assets(settings: DagsterSettings) -> dg.AssetsDefinition:
    """The models, with their tests as asset checks."""
    models = ModelSettings(settings.destination, settings.dataset, wait_seconds=WAIT_SECONDS)

    @dbt_assets(
        name="models",
        manifest=manifest(models),
        exclude="resource_type:unit_test",
        pool=pool_of_models(settings),
    )
    def build(context: dg.AssetExecutionContext) -> Iterator[Any]:
        project = str(project_folder())
        try:
            with dbt_ready(models, context.log.info) as (_, own):
                dbt = DbtCliResource(
                    project_dir=project, profiles_dir=project, dbt_executable=_executable()
                )
                target = own / "dagster" / context.run_id
                yield from dbt.cli(
                    build_command(models), context=context, target_path=target
                ).stream()
        except AppStoreConnectError as error:
            raise dg.Failure(str(error), allow_retries=False) from None

    return build


def manifest(models: ModelSettings) -> Path:
    """dbt's account of the project, made anew when a file of the project is newer."""
    project = project_folder()
    folder = dbt_folder(f"dagster-{models.dataset}")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "manifest.json"
    with FileLock(f"{folder}.lock"):
        newest = max(each.stat().st_mtime for each in project.rglob("*") if each.is_file())
        if not file.exists() or file.stat().st_mtime < newest:
            _parse(project, folder, project_variables(models))
    return file


def _parse(project: Path, folder: Path, variables: str) -> None:
    """Raises ConfigurationError if dbt cannot read the project."""
    from dbt.cli.main import dbtRunner

    arguments = ["--no-use-colors", "--log-level", "none", "--log-path", str(folder / "logs")]
    arguments += ["--no-version-check", "parse", "--vars", variables]
    arguments += ["--project-dir", str(project), "--profiles-dir", str(project)]
    outcome = dbtRunner().invoke([*arguments, "--target-path", str(folder)])
    if outcome.exception or not outcome.success:
        raise ConfigurationError(f"dbt cannot read {project}: {shortened(outcome.exception, 3)}")


def _executable() -> str:
    """That of this environment, which need not be in PATH."""
    return str(Path(sys.executable).with_name("dbt"))
