"""The `filesystem` destination: Parquet, Delta or Iceberg, read through a DuckDB in memory.

Nothing is deleted from a lake but the files of dead loads. What is to be removed is written down
instead, and its ledger rows are left out when the ledger is read: views and selection follow.

Only files of complete loads are read, by name where the table is plain Parquet: a file cut off by
a killed process is never opened.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import duckdb
import pyarrow as pa
from dlt import Pipeline
from dlt.common.destination.client import DEFAULT_FILE_LAYOUT
from dlt.destinations import duckdb as duckdb_destination
from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials
from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient
from dlt.destinations.impl.filesystem.filesystem import FilesystemClient

from app_store_connect.database import PLAIN, Database
from app_store_connect.errors import ConfigurationError, DestinationError
from app_store_connect.tables import LISTING_TABLES, LOAD_ID, LOADS, SEGMENT_TABLES, SEGMENTS

LAKE_FILE = "asc_segments_lake.duckdb"
"""Made anew by each run in the working directory: the views over the lake's files."""

REMOVED = "analytics_removed_segments"
"""Which segments of which loads count as removed."""

_SMALL = {table.name for table in (*SEGMENT_TABLES, *LISTING_TABLES)}
_DELTA, _ICEBERG = "delta", "iceberg"
_PACKAGES = {PLAIN: "pyarrow", _DELTA: "deltalake", _ICEBERG: "pyiceberg"}


@contextmanager
def open_database(pipeline: Pipeline) -> Iterator[Database]:
    """The pipeline's destination, for as long as one connection to it stays open."""
    if is_lake(pipeline):
        with Lake.open(pipeline) as lake:
            yield lake
        return
    with pipeline.sql_client() as client:
        yield Database(client)


def is_lake(pipeline: Pipeline) -> bool:
    """Whether the destination is files rather than a database."""
    return pipeline.destination.destination_type.rpartition(".")[2] == "filesystem"


class Lake(Database):
    """The files of one dataset as a DuckDB schema: small tables copied, report tables as views."""

    can_delete = False

    def __init__(self, files: FilesystemClient, database: duckdb.DuckDBPyConnection) -> None:
        credentials = DuckDbCredentials(database)
        credentials.resolve()
        super().__init__(
            DuckDbSqlClient(
                files.dataset_name, "", credentials, duckdb_destination().capabilities()
            )
        )
        self._files = files
        self._database = database
        self._seen: tuple[list[str], list[str]] | None = None

    @classmethod
    @contextmanager
    def open(cls, pipeline: Pipeline) -> Iterator["Lake"]:
        """Raises ConfigurationError if the files are laid out in a way that tells no load."""
        files: Any = pipeline.destination_client()
        if files.config.layout != DEFAULT_FILE_LAYOUT:
            raise ConfigurationError(
                f"destination.filesystem.layout must stay {DEFAULT_FILE_LAYOUT}: by the load in a"
                " file's name the job tells whether it is complete"
            )
        with duckdb.connect(":memory:") as database:
            if not files.is_local_filesystem:
                database.register_filesystem(files.fs_client)
            lake = cls(files, database)
            with lake.client:
                lake.client.create_dataset()
                lake.renew()
                yield lake

    def check_format(self, table_format: str) -> None:
        """Raises ConfigurationError if it is none, its package is missing, or tables differ."""
        key, wanted = "sources.app_store_connect.table_format", table_format
        if wanted not in _PACKAGES:
            raise ConfigurationError(f"{key} is {', '.join(_PACKAGES)}, not {wanted!r}")
        if not find_spec(_PACKAGES[wanted]):
            raise ConfigurationError(
                f"{key} {wanted} needs: pip install 'dlt-app-store-connect[{wanted}]'"
            )
        if wanted == _ICEBERG and "%" in self._files.make_remote_url(self._files.dataset_path):
            raise ConfigurationError(
                "Iceberg tables cannot be under a path with spaces or the like: pyiceberg would"
                " write them elsewhere"
            )
        with _lake_errors():
            found = self._format(SEGMENTS.name) if SEGMENTS.name in self._tables() else wanted
        if found != wanted:
            raise ConfigurationError(f"the tables there are {found}, but {key} says {wanted}")

    def renew(self) -> None:
        """Read the ledger anew and point the tables to the files, if a load has ended since."""
        with _lake_errors():
            self._files.fs_client.invalidate_cache()
            marks = self._names(LOADS)
            seen = (marks, self._names(REMOVED))
            if seen == self._seen:
                return
            loads = {mark.removesuffix(".jsonl").rpartition("__")[2] for mark in marks}
            if loads:
                self._show_loads(loads)
                for table in self._tables():
                    self._show(table, loads)
                self._leave_out_removed()
            self._seen = seen

    def remove(self, segment_ids: Collection[str], load_id: str | None) -> None:
        """Write down that these ledger rows count no longer; a later load of the segments does."""
        condition = f"list_contains($ids, segment_id) and {LOAD_ID} = coalesce($load, {LOAD_ID})"
        with _lake_errors():
            pairs = self._database.execute(
                f"select segment_id, {LOAD_ID} from {self._at(SEGMENTS.name)} where {condition}",
                {"ids": sorted(segment_ids), "load": load_id},
            ).fetchall()
            if not pairs:
                return
            folder = self._folder(REMOVED)
            self._files.fs_client.makedirs(folder, exist_ok=True)
            self._files.fs_client.pipe_file(
                self._files.pathlib.join(folder, f"{uuid4()}.json"), json.dumps(pairs).encode()
            )
        self.renew()

    def sweep(self, before_load_id: str | None) -> None:
        """Delete files of loads that never completed; of Delta and Iceberg their rows stay."""
        with _lake_errors():
            complete = {
                mark.removesuffix(".jsonl").rpartition("__")[2] for mark in self._names(LOADS)
            }
            for table in self._tables():
                if self._format(table) != PLAIN:
                    continue
                for name in self._names(table):
                    load_id = _load_of(name)
                    is_old = not before_load_id or load_id < before_load_id
                    if load_id not in complete and is_old:
                        path = self._files.pathlib.join(self._folder(table), name)
                        self._files.fs_client.rm_file(path)

    def publish(self) -> None:
        """Write the DuckDB file, beside its old self, and then in its place."""
        file = Path(LAKE_FILE).absolute()
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

    def _show_loads(self, loads: Iterable[str]) -> None:
        self._store(LOADS, pa.table({"load_id": sorted(loads), "status": [0] * len(set(loads))}))

    def _show(self, table: str, loads: Collection[str]) -> None:
        paths = self._paths(table, loads)
        if not paths:
            return
        listed = ", ".join(f"'{_escaped(path)}'" for path in paths)
        kind = "table" if table in _SMALL else "view"
        self._database.execute(
            f"create or replace {kind} {self._at(table)} as"
            f" select * from read_parquet([{listed}], union_by_name = true)"
        )

    def _leave_out_removed(self) -> None:
        pairs: list[list[str]] = []
        for name in self._names(REMOVED):
            path = self._files.pathlib.join(self._folder(REMOVED), name)
            try:
                pairs += json.loads(self._files.fs_client.cat_file(path))
            except ValueError:  # cut off by a kill: not removed, and the next run sees that
                continue
        columns = {"segment_id": [p[0] for p in pairs], LOAD_ID: [p[1] for p in pairs]}
        kinds = pa.schema({"segment_id": pa.string(), LOAD_ID: pa.string()})
        self._store(REMOVED, pa.table(columns, schema=kinds))
        if pairs and SEGMENTS.name in self._tables():
            self._database.execute(
                f"delete from {self._at(SEGMENTS.name)} where (segment_id, {LOAD_ID}) in"
                f" (select segment_id, {LOAD_ID} from {self._at(REMOVED)})"
            )

    def _store(self, table: str, rows: pa.Table) -> None:
        self._database.register("arrived", rows)
        self._database.execute(
            f"create or replace table {self._at(table)} as select * from arrived"
        )
        self._database.unregister("arrived")

    def _paths(self, table: str, loads: Collection[str]) -> list[str]:
        kind = self._format(table)
        if kind == _DELTA:
            return _delta_files(self._files, table)
        if kind == _ICEBERG:
            return _iceberg_files(self._files, table)
        names = [name for name in self._names(table) if _load_of(name) in loads]
        join = self._files.pathlib.join
        return [self._url(join(self._folder(table), name)) for name in names]

    def _url(self, path: str) -> str:
        return path if self._files.is_local_filesystem else self._files.make_remote_url(path)

    def _tables(self) -> list[str]:
        names = self._names("")
        return [
            name for name in names if not name.startswith("_dlt") and name not in (REMOVED, "init")
        ]

    def _format(self, table: str) -> str:
        inside = self._names(table)
        if "_delta_log" in inside:
            return _DELTA
        return _ICEBERG if "metadata" in inside else PLAIN

    def _folder(self, table: str) -> str:
        return str(self._files.pathlib.join(self._files.dataset_path, table))

    def _names(self, table: str) -> list[str]:
        try:
            found = self._files.fs_client.ls(self._folder(table), detail=False)
        except FileNotFoundError:
            return []
        return sorted(str(path).rstrip("/").replace("\\", "/").rpartition("/")[2] for path in found)

    def _at(self, table: str) -> str:
        return f'"{self._files.dataset_name}"."{table}"'


def _delta_files(files: FilesystemClient, table: str) -> list[str]:
    from deltalake import DeltaTable
    from dlt.common.libs.deltalake import deltalake_storage_options

    options = deltalake_storage_options(
        files.config.credentials, files.config.deltalake_storage_options
    )
    location = files.get_open_table_location("delta", table)
    found = DeltaTable(location, storage_options=options)
    if "deletionVectors" in (found.protocol().reader_features or []):
        raise DestinationError(f"the Delta table {table} has deletion vectors, which are not read")
    return [unquote(uri) for uri in found.file_uris()]


def _iceberg_files(files: FilesystemClient, table: str) -> list[str]:
    from dlt.common.libs.pyiceberg import _get_fileio_config as fileio_config
    from dlt.common.libs.pyiceberg import get_last_metadata_file
    from pyiceberg.table import StaticTable

    newest = get_last_metadata_file(
        files.pathlib.join(files.get_table_dir(table), "metadata"), files.fs_client, files.config
    )
    tasks = StaticTable.from_metadata(newest, fileio_config(files.config.credentials)).scan()
    planned = list(tasks.plan_files())
    if any(task.delete_files for task in planned):
        raise DestinationError(f"the Iceberg table {table} has row deletes, which are not read")
    return [task.file.file_path.removeprefix("file://") for task in planned]


def _load_of(name: str) -> str:
    """`1795000000.12.a1b2c3d4e5.parquet` is of load `1795000000.12`."""
    return name.rsplit(".", 2)[0]


def _escaped(text: str) -> str:
    return text.replace("'", "''")


@contextmanager
def _lake_errors() -> Iterator[None]:
    try:
        yield
    except DestinationError:
        raise
    except Exception as error:  # whatever the store of files raises
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise DestinationError(f"the destination failed: {reason}") from error
