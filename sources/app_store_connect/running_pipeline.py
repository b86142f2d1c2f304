"""The pipeline that runs the source, and the segments and rows at its destination.

Before dlt loads the package it empties the tables of a `refresh`: their rows are as good as gone.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from typing import cast

from dlt import Pipeline
from dlt.common.configuration.container import Container
from dlt.common.destination.exceptions import SqlClientNotAvailable
from dlt.common.destination.utils import resolve_merge_strategy
from dlt.common.pipeline import PipelineContext
from dlt.common.schema.utils import new_table
from dlt.common.storages.exceptions import CurrentLoadPackageStateNotAvailable
from dlt.common.storages.load_package import load_package_state

from . import tables
from .errors import ConfigurationError
from .extract.catalogue_rows import Stored
from .extract.instance_reader import current_load_id
from .extract.resources import open_format
from .instances import Checksums, InstanceCheck, ListedInstance
from .names import SOURCE_NAME
from .tables import PLAIN, RawTable
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


def check_lake(table_format: str, file_formats: Collection[str]) -> None:
    """Raises ConfigurationError if the files are of another format, or cannot be of this one.

    Args:
        file_formats: those that a user chose, by `loader_file_format` or as a hint.
    """
    if is_lake(_pipeline()):
        if others := sorted({*file_formats} - {PLAIN}):
            raise ConfigurationError(
                f"a lake has files of Parquet and not of {others[0]}, which the views cannot read:"
                " leave out loader_file_format and file_format"
            )
        with open_ledger() as ledger:
            ledger.warehouse.database.check_format(table_format)


def load_id() -> str:
    """That of the load package in progress. Raises ConfigurationError outside of a pipeline."""
    try:
        return current_load_id()
    except CurrentLoadPackageStateNotAvailable:
        raise ConfigurationError(
            "this source needs a pipeline, whose destination says what is loaded: run it by"
            " pipeline.run(source), and read the rows by dataset(pipeline)"
        ) from None


@contextmanager
def open_ledger() -> Iterator[Ledger]:
    """Raises ConfigurationError if the destination cannot be asked."""
    warehouse = Warehouse(_pipeline(), views_dataset=SOURCE_NAME)
    with ExitStack() as stack:
        try:
            stack.enter_context(warehouse.open())
        except SqlClientNotAvailable:
            raise ConfigurationError(
                f"destination {_pipeline().destination.destination_name} cannot be asked which"
                " segments are loaded: take one that dlt can query, such as duckdb or filesystem"
            ) from None
        yield Ledger(warehouse)


def _pipeline() -> Pipeline:
    return cast(Pipeline, Container()[PipelineContext].pipeline())
