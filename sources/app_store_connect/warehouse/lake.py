"""The `filesystem` destination: Parquet, Delta or Iceberg, read through a DuckDB in memory.

Nothing is deleted from a lake but the files of dead loads. What is to be removed is written down
instead, and its ledger rows are left out when the ledger is read: views and selection follow.

Only files of complete loads are read, by name where the table is plain Parquet: a file cut off by
a killed process is never opened.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import pyarrow as pa
from dlt import Pipeline
from dlt.destinations import duckdb as duckdb_destination
from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials
from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient

from ..errors import ConfigurationError, DestinationError, to_install
from ..names import SOURCE_NAME
from ..tables import (
    DELTA,
    ICEBERG,
    LOAD_ID,
    LOADS,
    OWN_TABLES,
    PLAIN,
    SEGMENTS,
    SLICES,
)
from .database import IN_USE, LAKE_FILE, Database
from .files import REMOVED, LakeFiles, file_errors
from .stored_schema import VERSIONS

ROWS_A_BATCH = 122_880
_SMALL = {table.name for table in OWN_TABLES}
_PACKAGES = {PLAIN: "pyarrow", DELTA: "deltalake", ICEBERG: "pyiceberg"}


class Lake(Database):
    """The files of one dataset as a DuckDB schema: small tables copied, report tables as views."""

    can_delete = False

    def __init__(self, files: LakeFiles, database: duckdb.DuckDBPyConnection) -> None:
        credentials = DuckDbCredentials(database)
        credentials.resolve()
        self._dataset = files.client.dataset_name
        super().__init__(
            DuckDbSqlClient(self._dataset, "", credentials, duckdb_destination().capabilities())
        )
        self.files = files
        self._database = database
        self._seen: tuple[list[str], list[str]] | None = None

    @classmethod
    @contextmanager
    def open(cls, pipeline: Pipeline) -> Iterator["Lake"]:
        """Raises ConfigurationError if the lake cannot be used, or not be reached."""
        client: Any = pipeline.destination_client()
        files = LakeFiles(client)
        with duckdb.connect(":memory:") as database:
            if not client.is_local_filesystem:
                database.register_filesystem(files.system)
            with file_errors():
                files.mend()
            lake = cls(files, database)
            with lake.client:
                lake.client.create_dataset()
                lake.renew()
                yield lake

    def check_format(self, table_format: str) -> None:
        """Raises ConfigurationError if it is none, its package is missing, or tables differ."""
        key, client = "sources.app_store_connect.table_format", self.files.client
        if table_format not in _PACKAGES:
            raise ConfigurationError(f"{key} is {', '.join(_PACKAGES)}, not {table_format!r}")
        if not find_spec(_PACKAGES[table_format]):
            raise ConfigurationError(f"{key} {table_format} needs: {to_install(table_format)}")
        if table_format == ICEBERG and "%" in client.make_remote_url(client.dataset_path):
            raise ConfigurationError(
                "Iceberg tables cannot be under a path with spaces or the like: pyiceberg would"
                " write them elsewhere"
            )
        with file_errors():
            found = self.files.format_of(SEGMENTS.name) or table_format
        if found != table_format:
            raise ConfigurationError(f"the tables there are {found}, but {key} says {table_format}")

    def renew(self) -> None:
        """Read the ledger anew and point the tables to the files, if a load has ended since."""
        with file_errors():
            self.files.forget()
            loads = self.files.complete_loads()
            seen = (loads, self.files.names(REMOVED))
            if seen == self._seen:
                return
            if loads:
                self._keep(LOADS, pa.table({"load_id": loads, "status": [0] * len(loads)}))
                self._keep(VERSIONS, self._schema_versions())
                shown = {table for table in self.files.tables() if self._show(table, loads)}
                if SEGMENTS.name in shown:
                    for table in self._named_tables() - shown:
                        self._show(table, loads)
                self._leave_out_removed()
            self._seen = seen

    def remove(self, instance_ids: Collection[str], load_id: str) -> None:
        """Write down that this load's rows of these instances count no longer."""
        with file_errors():
            self.files.remove([(instance_id, load_id) for instance_id in instance_ids])
        self.renew()

    def sweep(self, before_load_id: str | None) -> None:
        """Delete files of loads that never completed; of Delta and Iceberg their rows stay."""
        with file_errors():
            self.files.remove_dead(before_load_id)

    def publish(self) -> None:
        """Write the DuckDB file beside its old self, and then in its place."""
        file = Path(LAKE_FILE).absolute()
        _remove_unfinished(file)
        new = file.with_suffix(f".{uuid4().hex}")
        try:
            self._database.execute(f"attach '{_escaped(str(new))}' as published")
            self._database.execute("copy from database memory to published")
            self._database.execute("detach published")
            new.replace(file)
        except (duckdb.Error, OSError) as error:
            raise DestinationError(f"{file} cannot be written: {error}") from error
        finally:
            new.unlink(missing_ok=True)

    def rows(self, statement: str, changed: pa.Table) -> pa.RecordBatchReader:
        """The answer to a question that reads this table, `changed`, too."""
        self._database.register("changed", changed)
        return self._database.execute(statement).arrow(ROWS_A_BATCH)

    def _schema_versions(self) -> pa.Table:
        stored = self.files.schema_versions()
        names = ("version_hash", "schema_name", "schema")
        rows = [(file, SOURCE_NAME, text) for file, text in stored.items()]
        return pa.Table.from_pylist(
            [dict(zip(names, row, strict=True)) for row in rows],
            schema=pa.schema([(name, pa.string()) for name in names]),
        )

    def _named_tables(self) -> set[str]:
        """The ledger's own account: a plain pipeline may have called its schema otherwise."""
        rows = self._database.execute(f"select distinct table_name from {self._at(SEGMENTS.name)}")
        return {table for (table,) in rows.fetchall()} - {REMOVED}

    def _show(self, table: str, loads: Collection[str]) -> bool:
        """Whether there is anything to show of the table."""
        paths = self.files.paths(table, loads)
        if not paths:
            return False
        listed = ", ".join(f"'{_escaped(path)}'" for path in paths)
        kind = "table" if table in _SMALL else "view"
        self._database.execute(
            f"create or replace {kind} {self._at(table)} as"
            f" select * from read_parquet([{listed}], union_by_name = true)"
        )
        return True

    def _leave_out_removed(self) -> None:
        pairs = self.files.removed()
        columns = {"instance_id": [p[0] for p in pairs], LOAD_ID: [p[1] for p in pairs]}
        kinds = pa.schema({"instance_id": pa.string(), LOAD_ID: pa.string()})
        self._keep(REMOVED, pa.table(columns, schema=kinds))
        for table in (SEGMENTS.name, SLICES.name):
            if pairs and self.files.names(table):
                self._database.execute(
                    f"delete from {self._at(table)} where (instance_id, {LOAD_ID}) in"
                    f" (select instance_id, {LOAD_ID} from {self._at(REMOVED)})"
                )

    def _keep(self, table: str, rows: pa.Table) -> None:
        self._database.register("arrived", rows)
        self._database.execute(f"create or replace table {self._at(table)} as from arrived")
        self._database.unregister("arrived")

    def _at(self, table: str) -> str:
        return f'"{self._dataset}"."{table}"'


def _remove_unfinished(file: Path) -> None:
    """Files beside this one that a killed run began. DuckDB locks that of a living run."""
    for left in file.parent.glob(f"{file.stem}.{'[0-9a-f]' * 32}"):
        try:
            duckdb.connect(str(left)).close()
        except duckdb.Error as error:
            if IN_USE in str(error):
                continue
        for each in (left, left.with_name(f"{left.name}.wal")):
            each.unlink(missing_ok=True)


def _escaped(text: str) -> str:
    return text.replace("'", "''")
