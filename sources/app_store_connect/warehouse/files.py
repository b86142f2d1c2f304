"""The files of a lake: which there are, of which table, in which format, of which load."""

import json
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from copy import copy
from itertools import takewhile
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from dlt.common.destination.client import DEFAULT_FILE_LAYOUT
from dlt.common.destination.exceptions import DestinationUndefinedEntity
from dlt.destinations.impl.filesystem.filesystem import CURRENT_VERSION, FilesystemClient
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from ..dlt_errors import shortened
from ..errors import ConfigurationError, DestinationError
from ..names import SOURCE_NAME
from ..tables import DELTA, ICEBERG, LOADS, OWN_TABLES, PLAIN
from .stored_schema import VERSIONS, Columns, columns_of, union_of

REMOVED = "analytics_removed_instances"
"""Which instances of which loads count as removed: a folder of small JSON files."""

FINISHED_WITHIN_SECONDS = 10
"""A file that is half written for longer than this has no writer any more."""

_OF_A_LOAD = re.compile(r"(\d+\.\d+)\.[0-9a-f]{10}\.[a-z]+(\.gz)?")
"""dlt's own files: `1795000000.12.a1b2c3d4e5.parquet` is of load `1795000000.12`."""
_MARK = re.compile(r".+__(\d+\.\d+)\.jsonl")
_NOTE = re.compile(r"(.+)__\d+\.\d+__.+\.jsonl")
_REMOVAL = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.json")
_OWN_TABLES = frozenset(table.name for table in OWN_TABLES)

Pair = tuple[str, str]
"""Instance id and load."""


class LakeFiles:
    """One dataset of dlt's `filesystem` destination. Whatever goes wrong is a DestinationError."""

    def __init__(self, client: FilesystemClient) -> None:
        """Raises ConfigurationError if the files are laid out in a way that tells no load."""
        if client.config.layout != DEFAULT_FILE_LAYOUT:
            raise ConfigurationError(
                f"destination.filesystem.layout must stay {DEFAULT_FILE_LAYOUT}: by the load in a"
                " file's name the job tells whether it is complete"
            )
        self.client = client
        self.system = client.fs_client
        self._versions: dict[str, str] = {}

    def mend(self) -> None:
        """Remove files that a kill or full disk left half written: dlt and pyiceberg fail on them.

        Another writer may just be at it, hence the wait. In a bucket a file is there whole or not
        at all.
        """
        if not self.client.is_local_filesystem or not self.system.isdir(self.path()):
            return
        init = self.path("init")
        if not self.system.exists(init) or self._is_torn(init):
            version = {"initial_version": CURRENT_VERSION, "current_version": CURRENT_VERSION}
            self.system.pipe_file(init, json.dumps(version).encode())
        self._remove_torn([*filter(self._is_torn, self._notes())])
        self.mend_iceberg(self.tables())

    def mend_iceberg(self, tables: Iterable[str]) -> None:
        """Remove versions of these tables that a kill or full disk left half written."""
        if self.client.is_local_filesystem:
            self._remove_torn([*self._torn_metadata(tables)])

    def _remove_torn(self, torn: Collection[str]) -> None:
        """Those that no living writer has finished within some seconds."""
        still_torn = Retrying(
            retry=retry_if_result(bool),
            stop=stop_after_delay(FINISHED_WITHIN_SECONDS),
            wait=wait_fixed(0.1),
            retry_error_callback=lambda last: last.outcome and last.outcome.result(),
        )
        for file in still_torn(lambda: [*filter(self._is_torn, torn)]):
            with suppress(FileNotFoundError):  # a run that began with this one was faster
                self.system.rm_file(file)

    def _is_torn(self, file: str) -> bool:
        try:
            json.loads(self.system.cat_file(file))
        except FileNotFoundError:
            return False
        except ValueError:
            return True
        return False

    def _notes(self) -> list[str]:
        """dlt's own: the schema and the state as they were written."""
        schema = self.client.schema
        tables = (schema.version_table_name, schema.state_table_name)
        return [
            self.path(table, name)
            for table in tables
            for name in self.names(table)
            if _NOTE.fullmatch(name)
        ]

    def _torn_metadata(self, tables: Iterable[str]) -> Iterator[str]:
        """Versions of Iceberg tables: pyiceberg makes the file before it knows what to write.

        The newest are enough, since nothing reads an older one. Compressed ones are not of dlt.
        """
        for table in tables:
            versions = [
                self.path(table, "metadata", name)
                for name in reversed(self.names(table, "metadata"))
                if name.endswith(".metadata.json") and not name.endswith(".gz.metadata.json")
            ]
            yield from takewhile(self._is_torn, versions)

    def forget(self) -> None:
        """Some file systems cache their listings."""
        self.system.invalidate_cache()

    def complete_loads(self) -> list[str]:
        """dlt writes a file with the load in its name when all else is there."""
        return sorted({found[1] for name in self.names(LOADS) if (found := _MARK.fullmatch(name))})

    def schema_versions(self) -> dict[str, str]:
        """The versions of dlt's schema, each by the name of its file. One that is torn is none."""
        for name in self.names(VERSIONS):
            found = _NOTE.fullmatch(name)
            if found and found[1] == SOURCE_NAME and name not in self._versions:
                with suppress(ValueError, KeyError, FileNotFoundError):
                    stored = json.loads(self.system.cat_file(self.path(VERSIONS, name)))
                    self._versions[name] = stored["schema"]
        return self._versions

    def tables(self) -> list[str]:
        """The job's own and those of dlt's schema. Other folders are the user's."""
        made: Columns = union_of(map(columns_of, self.schema_versions().values()))
        ours = _OWN_TABLES | {name for name in made if not name.startswith("_dlt")}
        return [name for name in self.names("") if name in ours]

    def format_of(self, table: str) -> str | None:
        """None as long as nothing is written: dlt makes the folders of all tables first."""
        inside = self.names(table)
        if "_delta_log" in inside:
            return DELTA
        if "metadata" in inside:
            return ICEBERG
        return PLAIN if any(map(_OF_A_LOAD.fullmatch, inside)) else None

    def paths(self, table: str, loads: Collection[str]) -> list[str]:
        """The files to read: plain files of these loads, or those of the table's newest version."""
        kind = self.format_of(table)
        if kind == DELTA:
            return _delta_files(self.client, table)
        if kind == ICEBERG:
            return _iceberg_files(self.client, table)
        names = [name for name in self.names(table) if _load_of(name) in loads]
        return [self.url(self.path(table, name)) for name in names]

    def remove_dead(self, before_load_id: str | None) -> None:
        """Plain files of loads that never completed and began before this one."""
        complete = self.complete_loads()
        for table in self.tables():
            if self.format_of(table) == PLAIN:
                for name in self.names(table):
                    load_id = _load_of(name)
                    is_old = not before_load_id or load_id < before_load_id
                    if load_id and is_old and load_id not in complete:
                        self.system.rm_file(self.path(table, name))

    def removed(self) -> list[Pair]:
        """The notes of `remove`. A note that a kill cut off is ignored."""
        pairs: list[Pair] = []
        for name in filter(_REMOVAL.fullmatch, self.names(REMOVED)):
            try:
                found = json.loads(self.system.cat_file(self.path(REMOVED, name)))
            except ValueError:
                continue
            pairs += [(instance_id, load_id) for instance_id, load_id in found]
        return pairs

    def remove(self, pairs: Collection[Pair]) -> None:
        """Write down, in one file, that these count no longer."""
        self.system.makedirs(self.path(REMOVED), exist_ok=True)
        self.system.pipe_file(
            self.path(REMOVED, f"{uuid4()}.json"), json.dumps(sorted(pairs)).encode()
        )

    def names(self, *folder: str) -> list[str]:
        """The entries of a table's folder, or of one below it, without subfolders' contents."""
        try:
            found = self.system.ls(self.path(*folder), detail=False)
        except FileNotFoundError:
            return []
        return sorted(str(path).rstrip("/").replace("\\", "/").rpartition("/")[2] for path in found)

    def path(self, *parts: str) -> str:
        return str(self.client.pathlib.join(self.client.dataset_path, *parts))

    def url(self, path: str) -> str:
        """How an engine names a file: its path on a disk, its address in a bucket."""
        return path if self.client.is_local_filesystem else self.client.make_remote_url(path)

    def of_dataset(self, dataset: str) -> "LakeFiles":
        """The files of a dataset beside this one, which need not be of dlt's making."""
        client = copy(self.client)
        client.dataset_name = dataset
        return LakeFiles(client)


@contextmanager
def file_errors() -> Iterator[None]:
    """Raises DestinationError for whatever a file system's driver has to say."""
    try:
        yield
    except ConfigurationError:
        raise
    except Exception as error:  # each driver has its own
        reason = shortened(error)
        raise DestinationError(f"the destination failed: {reason}") from error


def delta_place(client: FilesystemClient, table: str) -> tuple[str, dict[str, str]]:
    """Where a Delta table is, and the options of its storage."""
    from dlt.common.libs.deltalake import deltalake_storage_options

    config: Any = client.config
    options = deltalake_storage_options(config.credentials, config.deltalake_storage_options)
    return client.get_open_table_location("delta", table), options


def _delta_files(client: FilesystemClient, table: str) -> list[str]:
    from deltalake import DeltaTable
    from deltalake.exceptions import TableNotFoundError

    location, options = delta_place(client, table)
    try:
        found = DeltaTable(location, storage_options=options)
    except TableNotFoundError:  # its first writer was killed
        return []
    if "deletionVectors" in (found.protocol().reader_features or []):
        raise DestinationError(f"the Delta table {table} has deletion vectors, which are not read")
    return [unquote(uri) for uri in found.file_uris()]


def _iceberg_files(client: FilesystemClient, table: str) -> list[str]:
    from dlt.common.libs.pyiceberg import _get_fileio_config as fileio_config
    from dlt.common.libs.pyiceberg import get_last_metadata_file
    from pyiceberg.table import StaticTable

    folder = client.pathlib.join(client.get_table_dir(table), "metadata")
    try:
        newest = get_last_metadata_file(folder, client.fs_client, client.config)
    except DestinationUndefinedEntity:  # its first writer was killed
        return []
    credentials: Any = client.config.credentials
    planned = list(
        StaticTable.from_metadata(newest, fileio_config(credentials)).scan().plan_files()
    )
    if any(task.delete_files for task in planned):
        raise DestinationError(f"the Iceberg table {table} has row deletes, which are not read")
    return [task.file.file_path.removeprefix("file://") for task in planned]


def _load_of(name: str) -> str:
    """Empty for a file that is not of dlt's making."""
    found = _OF_A_LOAD.fullmatch(name)
    return found[1] if found else ""
