"""The ledger's connection, which answers SQL, and the differences between destinations.

A `Database` is any SQL database that dlt knows. `lake.Lake` is the other kind: files, which can be
read through SQL but not deleted from.
"""

from collections.abc import Collection
from typing import Any

from dlt import Pipeline
from dlt.destinations import filesystem
from dlt.destinations.sql_client import SqlClientBase

from ..errors import ConfigurationError
from ..tables import PLAIN

LAKE_FILE = "asc_segments_lake.duckdb"
"""Made anew by each run in the working directory: the views over a lake's files."""
IN_USE = "Could not set lock"
"""In DuckDB's words: another process has the file open."""


def kind_of(pipeline: Pipeline) -> str:
    """dlt's name of the kind of destination, such as `duckdb`."""
    return pipeline.destination.destination_type.rpartition(".")[2]


def is_lake(pipeline: Pipeline) -> bool:
    """Whether the destination is files rather than a database."""
    return isinstance(pipeline.destination, filesystem)


class Database:
    """A SQL database: rows are deleted where they stand, and views live beside the tables."""

    can_delete = True

    def __init__(self, client: SqlClientBase[Any], kind: str = "") -> None:
        self.client = client
        self.kind = kind

    def check_format(self, table_format: str) -> None:
        """Raises ConfigurationError if tables cannot be written so, or are of another format."""
        if table_format != PLAIN:
            raise ConfigurationError(
                "sources.app_store_connect.table_format is for --destination filesystem"
            )

    def renew(self) -> None:
        """Make later loads visible; in a database they are."""

    def remove(self, instance_ids: Collection[str], load_id: str) -> None:
        """Where rows cannot be deleted: exclude this load's rows of these instances."""
        raise NotImplementedError

    def sweep(self, before_load_id: str | None) -> None:
        """Where rows cannot be deleted: remove the files of dead loads."""
        raise NotImplementedError

    def publish(self) -> None:
        """Put the views where users find them; in a database they are there."""
