"""A safe table of Iceberg: each change is one version of the table, which takes one writer."""

from contextlib import suppress
from typing import Any

import pyarrow as pa
from dlt.common.libs.pyiceberg import evolve_table
from pyiceberg.exceptions import NoSuchTableError

from app_store_connect.warehouse.files import LakeFiles
from asc_pipeline.lake_tables.partitions import (
    PARTITION_COLUMNS,
    VERSION,
    Change,
    Partition,
    Versions,
)


class IcebergTable:
    """The table, in dlt's catalogue: one in memory, unless another is configured."""

    def __init__(self, files: LakeFiles, name: str, now: float) -> None:
        self._client = files.client
        files.mend_iceberg([name])
        self._catalog: Any = self._client.get_open_table_catalog("iceberg")
        self._id = f"{self._client.dataset_name}.{name}"
        self._place = self._client.get_open_table_location("iceberg", name)
        self._table: Any = None
        with suppress(NoSuchTableError, FileNotFoundError):
            self._table = evolve_table(
                self._catalog, self._client.fs_client, self._client.config, self._id, self._place
            )

    @property
    def versions(self) -> Versions:
        if self._table is None:
            return {}
        partitions = [task.file.partition for task in self._table.scan().plan_files()]
        return {Partition(app_id, month): version for app_id, month, version in partitions}

    def replace(self, change: Change, rows: pa.RecordBatchReader) -> None:
        found = rows.read_all()  # pyiceberg 0.12 writes partitions from a whole table alone
        if self._table is None:
            with self._catalog.create_table_transaction(
                self._id, found.schema, location=self._place.rstrip("/")
            ) as transaction:
                with transaction.update_spec() as spec:
                    for name in PARTITION_COLUMNS:
                        spec.add_identity(name)
                transaction.append(found)
            return
        with self._table.transaction() as transaction:
            with transaction.update_schema() as schema:
                schema.union_by_name(found.schema)
            if change.old:
                old = ", ".join(f"'{version}'" for version in change.old.values())
                transaction.overwrite(found, f"{VERSION} in ({old})")
            else:
                transaction.append(found)

    def clean(self, before: float) -> None:
        """Old versions stay: pyiceberg 0.12 cannot delete their files."""
