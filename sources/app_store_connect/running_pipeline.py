"""The pipeline that runs the source, and the segments and rows at its destination.

Before dlt loads the package it empties the tables of a `refresh`: their rows are as good as gone.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import cast

from dlt import Pipeline
from dlt.common.configuration.container import Container
from dlt.common.destination.utils import resolve_merge_strategy
from dlt.common.pipeline import PipelineContext
from dlt.common.schema.utils import new_table
from dlt.common.storages.load_package import load_package_state

from . import tables
from .extract.catalogue_rows import Stored
from .extract.resources import open_format
from .instances import Checksums, InstanceCheck, ListedInstance
from .names import SOURCE_NAME
from .tables import RawTable
from .warehouse.connection import Warehouse
from .warehouse.database import is_lake
from .warehouse.ledger import Ledger


def known(
    listed: Sequence[ListedInstance], today: date
) -> tuple[dict[str, Checksums], dict[str, InstanceCheck]]:
    """The segments that are loaded, and the last look at each instance."""
    since = min((item.instance.processing_date for item in listed), default=today)
    apps = {item.app_id for item in listed}
    emptied = emptied_tables()
    gone = {item.instance.id for item in listed if item.table_name in emptied}
    with open_ledger() as ledger:
        has_segments = tables.SEGMENTS.name not in emptied
        loaded = ledger.loaded_segments(since, apps) if has_segments else {}
        is_unknown = tables.INSTANCE_CHECKS.name in emptied
        checks = {} if is_unknown else ledger.instance_checks(since, apps)
    return {each: loaded[each] for each in loaded.keys() - gone}, checks


def stored(table: RawTable) -> Stored:
    """The rows of a table, the latest of each key."""
    if table.name in emptied_tables():
        return {}
    with open_ledger() as ledger:
        return ledger.latest(table)


def emptied_tables() -> set[str]:
    """The tables that dlt drops or empties before it loads this package, because of `refresh`."""
    state = load_package_state()["state"]
    emptied = [*state.get("dropped_tables", ()), *state.get("truncated_tables", ())]
    return {table["name"] for table in emptied}


def can_merge(table_format: str) -> bool:
    """Whether dlt deletes rows by their key there. It does not in files, whatever their format."""
    table = new_table(
        tables.APPS.name, write_disposition="merge", table_format=open_format(table_format)
    )
    caps = _pipeline().destination.capabilities()
    return resolve_merge_strategy({tables.APPS.name: table}, table, caps) == "delete-insert"


def check_lake(table_format: str) -> None:
    """Raises ConfigurationError if the files are of another format, or cannot be of this one."""
    if is_lake(_pipeline()):
        with open_ledger() as ledger:
            ledger.warehouse.database.check_format(table_format)


@contextmanager
def open_ledger() -> Iterator[Ledger]:
    warehouse = Warehouse(_pipeline(), views_dataset=SOURCE_NAME)
    with warehouse.open():
        yield Ledger(warehouse)


def _pipeline() -> Pipeline:
    return cast(Pipeline, Container()[PipelineContext].pipeline())
