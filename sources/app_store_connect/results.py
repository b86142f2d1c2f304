"""Questions to a pipeline after its run: its views, and its failures."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
from dlt import Dataset, Pipeline
from dlt.common.schema.utils import new_table
from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials

from .errors import ConfigurationError, Failure, IncompleteLoadError
from .names import SOURCE_NAME
from .reading import FAILURES
from .views.create import create_views as create_views_in
from .warehouse.connection import Warehouse
from .warehouse.database import LAKE_FILE, is_lake
from .warehouse.dialect import Dialect


def raise_for_failures(pipeline: Pipeline) -> None:
    """Raise if the pipeline's last run could not load all that was due.

    Raises:
        IncompleteLoadError: it names them; the rest is loaded, and the next run tries again.
        ConfigurationError: dlt has no trace of a run, or of one that asked Apple, so that nothing
            is known.
    """
    if failures := list(_failures(pipeline)):
        raise IncompleteLoadError(failures)


def _failures(pipeline: Pipeline) -> Iterator[Failure]:
    trace = pipeline.last_trace
    if trace is None:
        raise ConfigurationError(
            f"dlt has no trace of a run of pipeline {pipeline.pipeline_name}: run it first, and"
            " leave enable_runtime_trace on, as it is by default"
        )
    if (info := trace.last_extract_info) is None:
        raise ConfigurationError(
            f"the last run of pipeline {pipeline.pipeline_name} loaded what a run before it had"
            " read, and asked Apple for nothing: run it again"
        )
    for steps in info.metrics.values():
        for step in steps:
            for found in step["resource_metrics"].values():
                yield from map(_failure, found.custom_metrics.get(FAILURES, ()))


def _failure(told: dict[str, str]) -> Failure:
    return Failure(told["what"], told["reason"])


def create_views(pipeline: Pipeline, name: str | None = None) -> list[str]:
    """Make or renew the views over a plain pipeline's raw tables, as the job does after a run.

    Args:
        name: the dataset of the views; else the pipeline's without `_raw`, or with `_views`.

    Returns:
        The report tables that have a view.

    Raises:
        ConfigurationError: the dataset has a name that dlt would change, that of the raw dataset,
            or that of the DuckDB file, which DuckDB mixes up.
        DestinationError: the destination fails.
    """
    name = name or _views_of(pipeline)
    _check_name(pipeline, name)
    warehouse = Warehouse(pipeline, name)
    with warehouse.open():
        made = create_views_in(warehouse)
        if made:
            warehouse.database.publish()
    return made


def dataset(where: Any, name: str | None = None) -> Dataset:
    """The views, each date once, as dlt's dataset: `dataset(pipeline)["data_freshness"].arrow()`.

    Args:
        where: a pipeline that has run, or a destination as `dlt.dataset` takes it.
        name: the dataset of the views, as in `create_views`; of a destination `app_store_connect`.

    Raises:
        ConfigurationError: there are no views.
    """
    if isinstance(where, Pipeline):
        name = name or _views_of(where)
        lake = dlt.destinations.duckdb(str(Path(LAKE_FILE).absolute()))
        where = lake if is_lake(where) else where.destination
    name = name or SOURCE_NAME
    found = dlt.dataset(where, name)
    with found.sql_client as client:
        question, values = Dialect(client, name).views_question()
        shown = [row[0] for row in client.execute_sql(question, *values) or []]
    if not shown:
        raise ConfigurationError(
            f"dataset {name} has no views: make them with create_views(pipeline) after a run, or by"
            " a run of the job"
        )
    return dlt.dataset(where, name, _schema_of(found, shown))


def _schema_of(found: Dataset, shown: list[str]) -> dlt.Schema:
    """The schema of the views, by which dlt checks and writes queries."""
    schema = dlt.Schema(found.dataset_name)
    client: Any = found.destination_client
    with client:
        for table, columns in client.get_storage_tables(shown):
            view: Any = new_table(table, columns=list(columns.values()))
            view["x-normalizer"] = {"seen-data": True}  # or dlt's row_counts would leave it out
            schema.update_table(view)
    return schema


def _check_name(pipeline: Pipeline, name: str) -> None:
    client: Any = pipeline.destination_client()
    normalized = client.schema.naming.normalize_table_identifier(name)
    if name != normalized:
        raise ConfigurationError(
            f"dlt would call dataset {name!r} {normalized!r}: take that name, or another one"
        )
    if name == _raw_dataset(pipeline):
        raise ConfigurationError(f"dataset {name} has the raw tables: choose another for the views")
    credentials = getattr(client.config, "credentials", None)
    if isinstance(credentials, DuckDbCredentials):
        file = Path(str(credentials.database)).name
        if file.partition(".")[0].casefold() == name.casefold():
            raise ConfigurationError(
                f"the views cannot be in dataset {name} of the file {file}, which DuckDB takes for"
                f" one name: choose another, create_views(pipeline, '{name}_views')"
            )


def _views_of(pipeline: Pipeline) -> str:
    raw = _raw_dataset(pipeline)
    return raw.removesuffix("_raw") if raw.endswith("_raw") else f"{raw}_views"


def _raw_dataset(pipeline: Pipeline) -> str:
    """Its name at the destination, which dlt may spell otherwise than the pipeline."""
    client: Any = pipeline.destination_client()
    return str(client.config.normalize_dataset_name(client.schema))
