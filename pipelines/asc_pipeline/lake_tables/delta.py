"""A safe table of Delta: each change is one version of the table."""

from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, TableNotFoundError

from app_store_connect.warehouse.files import LakeFiles, delta_place
from asc_pipeline.lake_tables.partitions import (
    APP_ID,
    MONTH,
    PARTITION_COLUMNS,
    VERSION,
    Change,
    ChangedMeanwhileError,
    Partition,
    Versions,
)


class DeltaLakeTable:
    """The table as of the version that it had when this was made: a later one is a conflict."""

    def __init__(self, files: LakeFiles, name: str, now: float) -> None:
        self._place, self._options = delta_place(files.client, name)
        self._name = name
        self._table: DeltaTable | None
        try:
            self._table = DeltaTable(self._place, storage_options=self._options)
        except TableNotFoundError:
            self._table = None

    @property
    def versions(self) -> Versions:
        if self._table is None:
            return {}
        added = pa.table(self._table.get_add_actions(flatten=True)).to_pylist()
        return {
            Partition(int(each[f"partition.{APP_ID}"]), each[f"partition.{MONTH}"]): each[
                f"partition.{VERSION}"
            ]
            for each in added
        }

    def replace(self, change: Change, rows: pa.RecordBatchReader) -> None:
        is_whole = change.old.keys() >= self.versions.keys()  # then its columns may change too
        how: dict[str, Any] = (
            {"schema_mode": "overwrite"} if is_whole else {"predicate": _predicate(change)}
        )
        try:
            write_deltalake(
                self._table or self._place,
                rows,
                mode="overwrite",
                partition_by=list(PARTITION_COLUMNS),
                storage_options=self._options,
                **how,
            )
        except CommitFailedError as error:
            raise ChangedMeanwhileError(f"another run has written {self._name}") from error

    def clean(self, before: float) -> None:
        """By the table's own setting, which is a week."""
        if self._table is not None:
            self._table.update_incremental()
            self._table.vacuum(dry_run=False)


def _predicate(change: Change) -> str:
    months: dict[int, list[str]] = {}
    for each in change.partitions:
        months.setdefault(each.app_id, []).append(f"'{each.month}'")
    return " or ".join(
        f"({APP_ID} = {app_id} and {MONTH} in ({', '.join(names)}))"
        for app_id, names in months.items()
    )
