"""The safe tables of a lake, as other engines read them."""

import json
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.dataset as pads
import s3fs
from deltalake import DeltaTable
from pyiceberg.table import StaticTable

from tests.destinations.lakes import LakeJob
from tests.faults.s3 import KEY_ID, SECRET

SAFE = "app_store_connect"
CRASHES_TABLE = "app_crashes_daily"
OWN = ("_month", "_version")


class SafeReader:
    """Reads the tables without the job and without its DuckDB file."""

    def __init__(self, lake: LakeJob) -> None:
        self._lake = lake
        self._store = lake.place.store
        self.system: Any = fsspec.filesystem("file")
        if self._store:
            self.system = s3fs.S3FileSystem(
                key=KEY_ID,
                secret=SECRET,
                endpoint_url=self._store.origin,
                skip_instance_cache=True,
                use_listings_cache=False,
            )

    def folder(self, table: str = CRASHES_TABLE) -> str:
        return f"{self._lake.place.url}/{SAFE}/{table}"

    def listed(self, table: str = CRASHES_TABLE) -> list[str]:
        """The files that hold the table now."""
        if self._lake.table_format == "parquet":
            manifest = f"{self.folder(table)}/_symlink_format_manifest/manifest"
            return sorted(self.system.cat_file(manifest).decode().splitlines())
        if self._lake.table_format == "delta":
            return sorted(self._delta(table).file_uris())
        return sorted(task.file.file_path for task in self._iceberg(table).scan().plan_files())

    def files(self) -> list[str]:
        """All files of all tables, with their sizes."""
        found = self.system.find(f"{self._lake.place.url}/{SAFE}", detail=True)
        return sorted(f"{name} {each['size']}" for name, each in found.items())

    def table(self, table: str = CRASHES_TABLE) -> pa.Table:
        if self._lake.table_format == "parquet":
            paths = [self.system._strip_protocol(each) for each in self.listed(table)]
            return pads.dataset(paths, filesystem=self.system).to_table()
        if self._lake.table_format == "delta":
            return self._delta(table).to_pyarrow_table()
        return self._iceberg(table).scan().to_arrow()

    def rows(self, table: str = CRASHES_TABLE) -> list[tuple[Any, ...]]:
        """Without the columns that the view lacks, in the order of the view's."""
        found = self.table(table)
        names = [name for name in self.columns(table) if name in found.column_names]
        assert {*names, *OWN} == {*found.column_names}
        return _sorted(zip(*(found[name].to_pylist() for name in names), strict=True))

    def flaws(self) -> list[str]:
        """The tables that do not have exactly the rows of their views."""
        views = self._lake.query(
            "select table_name from information_schema.tables where table_type = 'VIEW'"
            f" and table_schema = '{SAFE}' and table_name like '%ly'"
        )
        assert views
        return [name for (name,) in views if self.rows(name) != self.shown(name)]

    def shown(self, table: str = CRASHES_TABLE) -> list[tuple[Any, ...]]:
        return _sorted(self._lake.query(f"select * from {SAFE}.{table}"))

    def columns(self, table: str) -> list[str]:
        return [
            name
            for (name,) in self._lake.query(
                "select column_name from information_schema.columns where table_schema ="
                f" '{SAFE}' and table_name = '{table}' order by ordinal_position"
            )
        ]

    def _delta(self, table: str) -> DeltaTable:
        options = {
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_ENDPOINT_URL": self._store.origin if self._store else "",
            "AWS_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true",
        }
        return DeltaTable(self.folder(table), storage_options=options if self._store else None)

    def newest_metadata(self, table: str = CRASHES_TABLE) -> str:
        """Of an Iceberg table."""
        newest = max(
            path
            for path in self.system.glob(f"{self.folder(table)}/metadata/*.metadata.json")
            if _is_whole(self.system.cat_file(path))
        )
        return f"s3://{newest}" if self._store else str(newest)

    def _iceberg(self, table: str) -> StaticTable:
        options = {
            "s3.endpoint": self._store.origin if self._store else "",
            "s3.access-key-id": KEY_ID,
            "s3.secret-access-key": SECRET,
            "s3.region": "us-east-1",
        }
        place = self.newest_metadata(table)
        return StaticTable.from_metadata(place, options if self._store else {})


def _is_whole(content: bytes) -> bool:
    """pyiceberg makes the file before it writes it; where it is killed in between, it is empty."""
    try:
        json.loads(content)
    except ValueError:
        return False
    return True


def _sorted(rows: Any) -> list[tuple[Any, ...]]:
    return sorted(map(tuple, rows), key=repr)


def partition_of(path: str) -> str:
    """App, month and version of a file, in any format."""
    return "/".join(part.rpartition("=")[2] for part in Path(path).parts[-4:-1])
