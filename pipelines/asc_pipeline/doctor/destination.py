"""Checks of the destination: whether it can be opened and written, by a change that is undone."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dlt import Pipeline

from app_store_connect.dlt_errors import shortened
from app_store_connect.errors import AppStoreConnectError
from app_store_connect.tables import SEGMENTS
from app_store_connect.warehouse.connection import Warehouse
from app_store_connect.warehouse.database import is_lake
from asc_pipeline.dlt_pipeline.opening import opened
from asc_pipeline.dlt_pipeline.workspace import is_without_file, location_of, make_pipeline
from asc_pipeline.doctor.check import Check, Level

_SUBJECT = "destination"
_PROBE = "asc_segments_doctor"
_NOT_TRIED = "whether it can be written shows at the first load"


class _UndoneError(Exception):
    """Raised to have a transaction rolled back."""


def check_destination(destination: str, dataset: str) -> Iterator[Check]:
    try:
        with TemporaryDirectory(prefix="asc-doctor-") as folder:
            pipeline = make_pipeline(destination, dataset, Path(folder))
            if is_without_file(pipeline):
                yield _of_new_file(Path(location_of(pipeline)))
            elif is_lake(pipeline):
                yield _of_lake(pipeline)
            else:
                warehouse = Warehouse(pipeline, dataset)
                with opened(warehouse, None):
                    yield _of_database(warehouse, location_of(pipeline) or destination)
    except AppStoreConnectError as error:
        yield Check(_SUBJECT, Level.ERROR, str(error))


def _of_new_file(file: Path) -> Check:
    if os.access(file.parent, os.W_OK | os.X_OK):
        return Check(_SUBJECT, Level.OK, f"{file} does not exist; the first run makes it")
    advice = "make the folder, or let the user that runs the job write it"
    return Check(_SUBJECT, Level.ERROR, f"{file.parent} is no folder to write to", advice)


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
