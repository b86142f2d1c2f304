"""Runs the dbt project on the loaded data: with dbt's own runner, in this process.

Importing this module imports dlt; dbt is imported when a run begins, and may be missing.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dlt import Pipeline
from dlt.common.pipeline import get_dlt_pipelines_dir
from filelock import FileLock, Timeout

from app_store_connect.dlt_errors import shortened
from app_store_connect.errors import ConfigurationError, DestinationError, to_install
from app_store_connect.tables import SEGMENTS
from app_store_connect.views.freshness import FRESHNESS
from app_store_connect.warehouse.connection import Warehouse
from app_store_connect.warehouse.database import is_lake, kind_of
from asc_pipeline.dlt_pipeline.opening import Patience, opened
from asc_pipeline.dlt_pipeline.schemas import FIVETRAN
from asc_pipeline.dlt_pipeline.workspace import (
    is_without_file,
    location_of,
    make_pipeline,
    nothing_loaded,
    on_lake_file,
)
from asc_pipeline.models.results import DBT_LINES, add_results
from asc_pipeline.models.summary import ModelSettings, ModelsSummary, last_week

_PACKAGE = Path(__file__).parents[1]
_PLACES = (_PACKAGE / "dbt", _PACKAGE.parent / "dbt")  # wheel, clone
_ADAPTERS = ("duckdb", "postgres")
_IDENTIFYING = {
    *("ASC_DBT_TARGET", "ASC_DBT_SCHEMA"),
    *("ASC_DBT_HOST", "ASC_DBT_PORT", "ASC_DBT_DATABASE"),
}
_MOST_THREADS = 4
"""One more than there are cores: a thread that waits for the database needs none."""
# dbt's JSON files, which nothing here reads, took a twentieth of a short run
_QUIET = ["--log-level", "none", "--log-level-file", "info", "--no-write-json"]


def build_models(
    settings: ModelSettings, say: Callable[[str], None] = lambda text: None
) -> ModelsSummary:
    """Build and test the models; returns the account, with failures. `say` is told of a wait.

    Raises:
        ConfigurationError: dbt is missing, nothing is loaded, the selection is empty, or dbt cannot
            begin.
    """
    started = time.monotonic()
    runner = _dbt_runner()
    summary = ModelsSummary(settings)
    with dbt_ready(settings, say) as (pipeline, own):
        summary.location = location_of(pipeline)
        results = _run(runner, _arguments(settings, own), settings)
        warehouse = Warehouse(pipeline, summary.schema)
        with opened(warehouse):
            add_results(results, summary, warehouse)
            summary.last_week = last_week(warehouse)
    summary.seconds = time.monotonic() - started
    return summary


@contextmanager
def dbt_ready(
    settings: ModelSettings, say: Callable[[str], None] = lambda text: None
) -> Iterator[tuple[Pipeline, Path]]:
    """The destination, dbt's environment for it, and dbt's own folder, for one run at a time.

    Raises:
        ConfigurationError: nothing is loaded, or another run builds the models.
    """
    with TemporaryDirectory(prefix="asc-models-") as folder:
        more = (FIVETRAN,) if settings.is_fivetran else ()
        pipeline = make_pipeline(
            settings.destination, settings.dataset, Path(folder), more_schemas=more
        )
        if is_lake(pipeline):
            pipeline = on_lake_file(pipeline)
        environment = _connection(pipeline, settings)
        _check_loaded(pipeline, settings, say)
        location = location_of(pipeline) or settings.destination
        where = f"{location}, schema {settings.marts}"
        with _own_folder(_name_of(environment), where) as own, _environment(environment):
            yield pipeline, own


def project_folder() -> Path:
    """The dbt project: in the installed package, or in the clone."""
    for place in _PLACES:
        if (place / "dbt_project.yml").is_file():
            return place
    raise ConfigurationError(f"the dbt project is missing; looked in {_PLACES[0]}")


def _dbt_runner() -> Any:
    try:
        from dbt.cli.main import dbtRunner
    except ImportError as error:
        raise ConfigurationError(f"dbt is not installed here: {to_install('dbt')}") from error
    return dbtRunner()


def _connection(pipeline: Pipeline, settings: ModelSettings) -> dict[str, str]:
    """The variables that the project's profiles.yml reads."""
    adapter = kind_of(pipeline)
    if adapter not in _ADAPTERS:
        raise ConfigurationError(
            f"destination {settings.destination!r}: the models run on duckdb and postgres, and on a"
            " lake on a disk"
        )
    given: Any = getattr(pipeline.destination_client().config, "credentials", None)
    variables = {
        "ASC_DBT_TARGET": adapter,
        "ASC_DBT_SCHEMA": settings.dataset,
        "ASC_DBT_THREADS": str(min(_MOST_THREADS, 1 + (os.cpu_count() or 1))),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    if adapter == "duckdb":
        return variables | {"ASC_DBT_DUCKDB": str(given.database)}
    return variables | {
        "ASC_DBT_HOST": given.host or "localhost",
        "ASC_DBT_PORT": str(given.port),
        "ASC_DBT_USER": given.username or "",
        "DBT_ENV_SECRET_ASC_PASSWORD": given.password or "",
        "ASC_DBT_DATABASE": given.database or "",
        "ASC_DBT_SSLMODE": (given.query or {}).get("sslmode", "prefer"),
    }


def _check_loaded(pipeline: Pipeline, settings: ModelSettings, say: Callable[[str], None]) -> None:
    nothing = nothing_loaded(pipeline, settings.dataset)
    if is_without_file(pipeline):  # opening it would make it
        raise nothing
    warehouse = Warehouse(pipeline, settings.dataset)
    with opened(warehouse, None, Patience(settings.wait_seconds, say)):
        if SEGMENTS.name not in warehouse.columns():
            raise nothing
        try:
            warehouse.execute(f"select app_id from shown.{FRESHNESS} where 1 = 0")
        except DestinationError:
            raise nothing from None  # the source alone fills tables, but makes no views


def _name_of(variables: Mapping[str, str]) -> str:
    """A name for this dataset of this database, whoever the user and from whichever folder."""
    named = [value for name, value in sorted(variables.items()) if name in _IDENTIFYING]
    if file := variables.get("ASC_DBT_DUCKDB"):
        named.append(str(Path(file).resolve()))
    digest = hashlib.sha256("\n".join(named).encode()).hexdigest()[:12]
    return f"{variables['ASC_DBT_TARGET']}-{variables['ASC_DBT_SCHEMA']}-{digest}"


@contextmanager
def _own_folder(name: str, where: str) -> Iterator[Path]:
    """The folder of dbt's parsed project and log: beside dlt's own, one for each database and
    dataset, one run at a time.

    Raises:
        ConfigurationError: another run uses it, or it cannot be written.
    """
    folder = dbt_folder(name)
    lock = FileLock(f"{folder}.lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = lock.acquire(blocking=False)
    except Timeout:
        raise ConfigurationError(
            f"another run builds the models of {where}: wait until it ends"
        ) from None
    except OSError as error:
        raise ConfigurationError(f"dbt's folder {folder} cannot be written: {error}") from error
    with held:
        yield folder


def dbt_folder(name: str) -> Path:
    """A folder of dbt's files, beside dlt's own."""
    return Path(get_dlt_pipelines_dir()).parent / "dbt" / name


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _arguments(settings: ModelSettings, folder: Path) -> list[str]:
    project = str(project_folder())
    arguments = ["--no-use-colors", "--log-path", str(folder / "logs")]
    arguments += ["--no-version-check"]
    arguments += ["--debug"] if settings.is_debug else _QUIET
    # of a selection those tests alone whose models are in it, or before it
    arguments += [*build_command(settings), "--indirect-selection", "buildable"]
    arguments += ["--project-dir", project, "--profiles-dir", project]
    arguments += ["--target-path", str(folder / "target")]
    if settings.is_full_refresh:
        arguments.append("--full-refresh")
    for each in settings.select:
        arguments += ["--select", each]
    return arguments


def build_command(settings: ModelSettings) -> list[str]:
    """dbt's command, without the places of its files."""
    return ["build", "--exclude-resource-type", "unit_test", "--vars", project_variables(settings)]


def project_variables(settings: ModelSettings) -> str:
    """The variables of the dbt project, as JSON."""
    return json.dumps(
        {
            "app_store_connect_schema": settings.dataset,
            "app_store_connect_fivetran": settings.is_fivetran,
        }
    )


def _run(runner: Any, arguments: Sequence[str], settings: ModelSettings) -> Sequence[Any]:
    """dbt's results of the models and tests."""
    with redirect_stdout(sys.stderr) if settings.is_debug else nullcontext():  # for JSON alone
        outcome = runner.invoke(list(arguments))
    # dbt catches the exception and hands it over
    if isinstance(outcome.exception, KeyboardInterrupt):
        raise KeyboardInterrupt
    if outcome.exception or outcome.result is None:
        raise ConfigurationError(f"dbt cannot run: {shortened(outcome.exception, DBT_LINES)}")
    if not outcome.result.results:
        raise ConfigurationError(f"no model is selected by {' '.join(settings.select)}")
    results: Sequence[Any] = outcome.result.results
    return results
