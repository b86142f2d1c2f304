"""The job's dlt pipeline on a destination, and questions about that destination."""

import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import dlt
import duckdb
from dlt import Pipeline
from dlt.common.configuration.exceptions import ConfigurationException
from dlt.common.configuration.utils import get_resolved_traces
from dlt.common.destination import TLoaderFileFormat
from dlt.common.destination.exceptions import UnknownDestinationModule
from dlt.common.exceptions import DltException
from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials

from app_store_connect.dlt_errors import check_files, complaint, how_to_install, shortened
from app_store_connect.errors import AppStoreConnectError, ConfigurationError, DestinationError
from app_store_connect.redaction import remember
from app_store_connect.warehouse.connection import PLACEHOLDERS, Warehouse
from app_store_connect.warehouse.database import LAKE_FILE, is_lake, kind_of
from asc_pipeline.dlt_pipeline.schemas import catalog_of_file, check_schemas

PIPELINE_NAME = "asc_segments"
_DATASET = re.compile(r"[a-z_][a-z0-9_]*")
_TAKEN = {"information_schema", "main", "memory", "system", "temp", *PLACEHOLDERS}
_NO_SQLITE = (
    "SQLite cannot be used: it has no information_schema, which the job reads names of tables and"
    " columns from; take --destination duckdb, which is a file too"
)
LOCK_SECONDS = 10
"""How long a statement on Postgres waits for a lock; Postgres' own default is for ever."""
_FORMATS: tuple[TLoaderFileFormat, ...] = ("parquet", "csv")


def make_pipeline(
    destination: str,
    dataset: str,
    pipelines_dir: Path,
    *,
    more_schemas: Sequence[str] = (),
    is_reader: bool = False,
) -> Pipeline:
    """The pipeline; a reader opens a DuckDB file beside other readers, and never makes it.

    Raises:
        DestinationError: dlt has no such destination, or the job cannot work with it.
        ConfigurationError: a file of settings cannot be read.
    """
    check_files()
    _check_names(destination, dataset)
    try:
        pipeline = _pipeline(destination, f"{dataset}_raw", str(pipelines_dir))
        client = pipeline.destination_client()  # reads its configuration, and imports its driver
        if client.capabilities.sqlglot_dialect == "sqlite":
            raise DestinationError(_NO_SQLITE)
        if kind_of(pipeline) == "postgres":
            pipeline = _with_lock_limit(pipeline, client.config)
        if is_reader and kind_of(pipeline) == "duckdb":
            pipeline = _of_a_reader(pipeline, client.config)
        catalog, longest = _catalog_of(pipeline), _longest_name(pipeline)
    except (DltException, ImportError) as error:
        reason = _why_unusable(destination, error)
        raise DestinationError(f"destination {destination!r} cannot be used: {reason}") from error
    finally:
        _remember_secrets()
    check_schemas(dataset, catalog=catalog, longest=longest, more=more_schemas)
    return pipeline


def _pipeline(destination: Any, dataset_name: str, pipelines_dir: str) -> Pipeline:
    """dlt's own trace quotes settings and errors: `dlt_folder` keeps one without them."""
    pipeline = dlt.pipeline(
        PIPELINE_NAME,
        destination=destination,
        dataset_name=dataset_name,
        pipelines_dir=pipelines_dir,
    )
    pipeline.config.enable_runtime_trace = False
    return pipeline


def _with_lock_limit(pipeline: Pipeline, configuration: Any) -> Pipeline:
    """The pipeline, whose statements wait no longer for another session's locks, unless the
    connection string has a limit of its own.
    """
    query = configuration.credentials.query or {}
    options = query.get("options", "")
    if "lock_timeout" not in options:
        limited = f"{options} -clock_timeout={LOCK_SECONDS}s".strip()
        configuration.credentials.query = {**query, "options": limited}
    limited_destination = dlt.destinations.postgres(
        credentials=configuration.credentials,
        destination_name=pipeline.destination.destination_name,
    )
    return _pipeline(limited_destination, pipeline.dataset_name, pipeline.pipelines_dir)


def _of_a_reader(pipeline: Pipeline, configuration: Any) -> Pipeline:
    configuration.credentials.read_only = True
    return dlt.pipeline(
        PIPELINE_NAME,
        destination=dlt.destinations.duckdb(
            credentials=configuration.credentials,
            destination_name=pipeline.destination.destination_name,
        ),
        dataset_name=pipeline.dataset_name,
        pipelines_dir=pipeline.pipelines_dir,
    )


def on_lake_file(pipeline: Pipeline) -> Pipeline:
    """A pipeline on the DuckDB file of views that the last run wrote for this lake.

    Raises:
        ConfigurationError: the lake is in a bucket, for which every reader needs its key.
    """
    client: Any = pipeline.destination_client()
    if not client.is_local_filesystem:
        raise ConfigurationError(
            f"the models read a lake through {LAKE_FILE}, which has no key for"
            f" {client.config.bucket_url}: load into DuckDB as well, and build them there"
        )
    file = dlt.destinations.duckdb(location_of(pipeline))
    return _pipeline(file, pipeline.dataset_name, pipeline.pipelines_dir)


def reader_of_lake_file(pipeline: Pipeline) -> Pipeline:
    """A pipeline that reads the same file. Its views of reports need the lake, too; the others, and
    the marts, do not.
    """
    file = dlt.destinations.duckdb(location_of(pipeline))
    folder = str(Path(pipeline.pipelines_dir) / "lake_file")  # dlt keeps a destination in each
    on_file = _pipeline(file, pipeline.dataset_name, folder)
    client: Any = on_file.destination_client()
    return _of_a_reader(on_file, client.config)


def nothing_loaded(pipeline: Pipeline, dataset: str) -> ConfigurationError:
    """The error of a command that finds no data of the job."""
    where = location_of(pipeline) or pipeline.destination.destination_name
    return ConfigurationError(
        f"nothing is loaded in {where}, dataset {dataset}: run asc-segments first"
    )


def _catalog_of(pipeline: Pipeline) -> str:
    """The database that DuckDB has the schemas in; empty for other destinations."""
    location = location_of(pipeline)
    kind = kind_of(pipeline)
    if kind in ("duckdb", "filesystem"):
        return catalog_of_file(location)
    return location if kind == "motherduck" else ""


def _longest_name(pipeline: Pipeline) -> int:
    return pipeline.destination.capabilities().max_identifier_length or sys.maxsize


def _remember_secrets() -> None:
    """The settings that dlt found for the destination, in any place, readable or not."""
    for found in get_resolved_traces().resolved_traces:
        if found.sections[:1] != ["sources"]:
            remember(".".join((*found.sections, found.key)), found.value)


def _why_unusable(destination: str, error: Exception) -> str:
    name = destination.rpartition(".")[2]
    if isinstance(error, UnknownDestinationModule):
        near = get_close_matches(name.lower(), dlt.destinations.__all__)
        return "dlt has none of that name" + (
            f"; did you mean {' or '.join(near)}?" if near else ""
        )
    if isinstance(error, ImportError):
        return f"what it needs is not installed; {how_to_install(name)}"
    if isinstance(error, ConfigurationException):
        return complaint(error, f"destination.{name}")
    return shortened(error)


def is_without_file(pipeline: Pipeline) -> bool:
    """Whether the destination is a DuckDB file that does not exist yet."""
    is_duckdb = pipeline.destination.destination_name == "duckdb"
    return is_duckdb and not Path(location_of(pipeline)).exists()


def remove_empty_file(pipeline: Pipeline, warehouse: Warehouse) -> None:
    """Remove the DuckDB file that this run made, if nothing was loaded into it. The file is still
    open, so that no other process can have begun to write to it.
    """
    with suppress(AppStoreConnectError, OSError):
        if not warehouse.columns():
            Path(location_of(pipeline)).unlink()


def without_file(pipeline: Pipeline, pipelines_dir: Path) -> Pipeline:
    """The pipeline to plan with: an empty database in memory where DuckDB would make the file."""
    if not is_without_file(pipeline):
        return pipeline
    in_memory = dlt.destinations.duckdb(duckdb.connect(":memory:"))
    return _pipeline(in_memory, pipeline.dataset_name, str(pipelines_dir))


def _check_names(destination: str, dataset: str) -> None:
    if not _DATASET.fullmatch(dataset):
        raise DestinationError(
            f"dataset {dataset!r} cannot be used: take lower case letters, digits and underscores"
        )
    if dataset in _TAKEN or dataset.startswith("pg_"):
        raise DestinationError(f"dataset {dataset!r} cannot be used: the name is taken")


def file_format_of(pipeline: Pipeline) -> Any:
    """The fastest format that dlt can load there with the installed packages; None: dlt's own."""
    caps = pipeline.destination.capabilities()
    formats = list(caps.supported_loader_file_formats)
    if caps.loader_file_format_selector and caps.preferred_loader_file_format:
        _, offered = caps.loader_file_format_selector(
            caps.preferred_loader_file_format, formats, table_schema={}
        )
        formats = list(offered)
    return next((each for each in _FORMATS if each in formats), None)


def takes_dictionaries(pipeline: Pipeline) -> bool:
    """Whether dlt may be given text columns as dictionaries for this destination."""
    parquet = pipeline.destination.capabilities().parquet_format
    is_refused = parquet is not None and not parquet.supports_dictionary_encoding
    return file_format_of(pipeline) == "parquet" and not is_refused


def database_file(pipeline: Pipeline) -> Path | None:
    """The DuckDB file, if that is where the data goes."""
    credentials: Any = getattr(pipeline.destination_client().config, "credentials", None)
    if not isinstance(credentials, DuckDbCredentials):
        return None
    file = Path(str(credentials.database))
    return file if file.is_file() else None


def location_of(pipeline: Pipeline) -> str:
    """The destination's database, as a user would open it; empty where there is no such thing."""
    if is_lake(pipeline):
        return str(Path(LAKE_FILE).absolute())
    credentials: Any = getattr(pipeline.destination_client().config, "credentials", None)
    return str(getattr(credentials, "database", "") or "")
