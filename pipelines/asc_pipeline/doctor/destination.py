"""Checks of the destination: whether it can be opened and written, by a change that is undone."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import disk_usage
from tempfile import TemporaryDirectory
from typing import Any

from dlt import Pipeline

from app_store_connect.dlt_errors import shortened
from app_store_connect.errors import AppStoreConnectError
from app_store_connect.tables import SEGMENTS
from app_store_connect.warehouse.connection import Warehouse
from app_store_connect.warehouse.database import is_lake
from asc_pipeline.dlt_pipeline.opening import opened
from asc_pipeline.dlt_pipeline.workspace import (
    database_file,
    is_without_file,
    location_of,
    make_pipeline,
)
from asc_pipeline.doctor.check import Check, Level

_SUBJECT = "destination"
_PROBE = "asc_segments_doctor"
ROOM = 512 * 2**20
"""Bytes: two batches of 256 MB of gzip, the default of `batch_megabytes`."""
_NOT_TRIED = "whether it can be written shows at the first load"


class _UndoneError(Exception):
    """Raised to have a transaction rolled back."""


def check_destination(
    destination: str, dataset: str, refuse: Callable[[Warehouse], None] | None = None
) -> Iterator[Check]:
    """Whether it can be opened and written.

    Args:
        refuse: raises ConfigurationError for data that a run would not add to.
    """
    try:
        with TemporaryDirectory(prefix="asc-doctor-") as folder:
            pipeline = make_pipeline(destination, dataset, Path(folder))
            if is_without_file(pipeline):
                file = Path(location_of(pipeline))
                yield _of_new_file(file)
                yield from _of_disk(file)
            elif is_lake(pipeline):
                yield _of_lake(pipeline)
            else:
                warehouse = Warehouse(pipeline, dataset)
                with opened(warehouse, None):
                    if refuse:
                        refuse(warehouse)
                    yield _of_database(warehouse, location_of(pipeline) or destination)
                    if existing := database_file(pipeline):
                        yield from _of_disk(existing)
    except AppStoreConnectError as error:
        yield Check(_SUBJECT, Level.ERROR, str(error))


def _of_new_file(file: Path) -> Check:
    if os.access(file.parent, os.W_OK | os.X_OK):
        return Check(_SUBJECT, Level.OK, f"{file} does not exist; the first run makes it")
    advice = "make the folder, or let the user that runs the job write it"
    return Check(_SUBJECT, Level.ERROR, f"{file.parent} is no folder to write to", advice)


def _of_disk(file: Path) -> Iterator[Check]:
    """Whether the disk of a DuckDB file has room for the rows of a run."""
    if not file.parent.is_dir():
        return
    if (free := disk_usage(file.parent).free) < ROOM:
        state = f"{free / 2**20:,.0f} MB are free on the disk of {file}"
        yield Check(_SUBJECT, Level.WARNING, state, "free some space: a first run takes more")


def _of_lake(pipeline: Pipeline) -> Check:
    """Opening a lake as a run does would mend files that a dead run left."""
    client: Any = pipeline.destination_client()
    place = client.config.bucket_url
    try:
        client.fs_client.exists(client.dataset_path)
    except Exception as error:  # each store's driver has its own
        return Check(_SUBJECT, Level.ERROR, f"{place} cannot be read: {shortened(error)}")
    return Check(_SUBJECT, Level.OK, f"{place} can be reached; {_NOT_TRIED}")


def _of_database(warehouse: Warehouse, where: str) -> Check:
    columns = warehouse.columns()
    loaded = "with data of this job" if SEGMENTS.name in columns else "without data of this job"
    client = warehouse.client
    if not client.capabilities.supports_ddl_transactions:
        return Check(_SUBJECT, Level.OK, f"{where} opens, {loaded}; {_NOT_TRIED}")
    statement = (
        warehouse.rendered("create table raw.this_table (name text)", this_table=_PROBE)
        if client.has_dataset()
        else f"create schema {_PROBE}"
    )
    try:
        with warehouse.transaction():
            warehouse.run(statement)
            raise _UndoneError
    except _UndoneError:
        return Check(_SUBJECT, Level.OK, f"{where} can be written, {loaded}")
