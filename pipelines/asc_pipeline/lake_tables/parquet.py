"""A safe table of plain Parquet: files that are never changed, and a manifest that lists them.

The manifest is the only file that is replaced. It has the place and form that Hive's
SymlinkTextInputFormat takes, which Athena, Trino and Spark read.
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.dataset as pads

from app_store_connect.warehouse.files import LakeFiles
from asc_pipeline.lake_tables.partitions import (
    PARTITION_COLUMNS,
    Change,
    ChangedMeanwhileError,
    Partition,
    Versions,
)

MANIFEST = ("_symlink_format_manifest", "manifest")
_FILE = re.compile(
    r"(?P<app>\d+)/(?P<month>\d{4}-\d\d)/(?P<version>[0-9a-f]{16})/"
    r"(?P<time>\d+)\.[0-9a-f]{10}-\d+\.parquet$"
)
_UNFINISHED = re.compile(r"/(?P<time>\d+)\.[0-9a-f]{10}\.manifest$")
_FOLDERS = [("app", pa.int64()), ("month", pa.string()), ("version", pa.string())]
_ROW_GROUP = 122_880


class ParquetTable:
    """Files of one table below the dataset of the views."""

    def __init__(self, files: LakeFiles, name: str, now: float) -> None:
        self._files = files
        self._name = name
        self._now = now
        self._listed = self._read()

    @property
    def versions(self) -> Versions:
        return {_partition(found): found["version"] for _, found in self._found()}

    def replace(self, change: Change, rows: pa.RecordBatchReader) -> None:
        written = self._write(rows, len(change.new))
        kept = [path for path, found in self._found() if _partition(found) not in change.old]
        if self._read() != self._listed:
            raise ChangedMeanwhileError(f"another run has written {self._name}")
        self._listed = sorted([*kept, *written])
        self._put("".join(f"{path}\n" for path in self._listed).encode())

    def clean(self, before: float) -> None:
        """Delete what is not listed and is older, if what has replaced it is older too."""
        listed = {*self._listed}
        since = {_partition(found): float(found["time"]) for _, found in self._found()}
        for path in map(str, self._files.system.find(self._files.path(self._name))):
            if self._files.url(path) not in listed and _time_of(path, since) < before:
                self._files.system.rm_file(path)

    def _found(self) -> Iterator[tuple[str, "re.Match[str]"]]:
        for path in self._listed:
            if found := _FILE.search(path):
                yield path, found

    def _read(self) -> list[str]:
        try:
            text = self._files.system.cat_file(self._files.path(self._name, *MANIFEST))
        except FileNotFoundError:
            return []
        return [str(line) for line in text.decode().splitlines()]

    def _write(self, rows: pa.RecordBatchReader, partitions: int) -> list[str]:
        """The partition's columns stay in the file, and are its folders' names as well."""
        written: list[str] = []
        pads.write_dataset(
            _with_folders(rows),
            self._files.path(self._name),
            format="parquet",
            filesystem=self._files.system,
            partitioning=pads.partitioning(pa.schema(_FOLDERS)),
            basename_template=f"{self._now:.0f}.{uuid4().hex[:10]}-{{i}}.parquet",
            existing_data_behavior="overwrite_or_ignore",
            max_partitions=partitions + 1,
            min_rows_per_group=_ROW_GROUP,
            max_rows_per_group=_ROW_GROUP,
            file_visitor=lambda file: written.append(self._files.url(str(file.path))),
        )
        return written

    def _put(self, content: bytes) -> None:
        """In a bucket a file is there whole or not at all; on a disk once it has its name."""
        system, place = self._files.system, self._files.path(self._name, *MANIFEST)
        if not self._files.client.is_local_filesystem:
            system.pipe_file(place, content)
            return
        new = self._files.path(self._name, f"{self._now:.0f}.{uuid4().hex[:10]}.manifest")
        system.makedirs(self._files.path(self._name, MANIFEST[0]), exist_ok=True)
        system.pipe_file(new, content)
        system.mv(new, place)


def _partition(found: "re.Match[str]") -> Partition:
    return Partition(int(found["app"]), found["month"])


def _time_of(path: str, since: Mapping[Partition, float]) -> float:
    """The time since which nobody begins to read the file; never, if it is not of our making."""
    if found := _FILE.search(path):
        return max(float(found["time"]), since.get(_partition(found), 0.0))
    unfinished = _UNFINISHED.search(path)
    return float(unfinished["time"]) if unfinished else math.inf


def _with_folders(rows: pa.RecordBatchReader) -> pa.RecordBatchReader:
    names = [name for name, _ in _FOLDERS]
    fields = [*rows.schema, *(pa.field(*each) for each in _FOLDERS)]

    def batches() -> Iterator[Any]:
        for batch in rows:
            columns = [batch.column(name) for name in PARTITION_COLUMNS]
            yield pa.RecordBatch.from_arrays(
                [*batch.columns, *columns], names=[*batch.schema.names, *names]
            )

    return pa.RecordBatchReader.from_batches(pa.schema(fields), batches())
