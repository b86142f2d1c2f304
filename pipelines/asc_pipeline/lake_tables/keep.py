"""Keeps the safe tables of a lake: of each report the rows that its view shows."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, cast

import pyarrow as pa
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random

from app_store_connect.errors import DestinationError, Failure
from app_store_connect.extract.slices import SHOWN_PROVENANCE
from app_store_connect.tables import DELTA, ICEBERG, PLAIN, SLICE_KEY
from app_store_connect.views.owners import SLICES_VIEW
from app_store_connect.warehouse.connection import Warehouse
from app_store_connect.warehouse.files import file_errors
from app_store_connect.warehouse.lake import Lake
from asc_pipeline.lake_tables.partitions import (
    MONTH,
    SHOWN_SLICES,
    VERSION,
    Change,
    ChangedMeanwhileError,
    Partition,
    SafeTable,
    Versions,
    change_of,
    version_of,
)

TRIES = 5
_KINDS = {
    PLAIN: ("parquet", "ParquetTable"),
    DELTA: ("delta", "DeltaLakeTable"),
    ICEBERG: ("iceberg", "IcebergTable"),
}
_ROWS = f"""
    select these_columns, changed.month as {MONTH}, changed.version as {VERSION}
    from raw.this_table as r
    join shown.{SLICES_VIEW} as s on s.{SLICE_KEY} = r.{SLICE_KEY}
    join changed on changed.app_id = s.app_id and changed.month = strftime(s.date, '%Y-%m')
    where s.table_name = 'this_table' and s.is_shown
    order by s.app_id, changed.month, s.date
"""


class SafeTables:
    """The safe tables of the lake that is open; replaced files are kept for a while."""

    def __init__(
        self,
        warehouse: Warehouse,
        table_format: str,
        *,
        clock: Callable[[], datetime],
        keep_for: timedelta,
    ) -> None:
        self._warehouse = warehouse
        self._lake = cast(Lake, warehouse.database)
        self._files = self._lake.files.of_dataset(warehouse.views_dataset)
        module, name = _KINDS[table_format]
        self._module, self._class = f"{__package__}.{module}", name
        self._clock = clock
        self._keep_for = keep_for

    def keep(self) -> list[Failure]:
        """Write the partitions that have changed; returns which tables could not be written."""
        views = self._warehouse.views()
        names = sorted(self._warehouse.report_tables().keys() & views.keys())
        retrying = Retrying(
            retry=retry_if_exception_type(ChangedMeanwhileError),
            stop=stop_after_attempt(TRIES),
            wait=wait_random(0.1, 0.5),
            reraise=True,
        )
        failures = []
        for name in names:
            try:
                retrying(self._keep, name, views[name])
            except DestinationError as error:
                failures.append(Failure(f"the safe table {name}", str(error), error))
        return failures

    def _keep(self, name: str, columns: Sequence[str]) -> None:
        """The table is opened before the ledger is read: so no other writer knows of a later load
        that is in the table and not in the ledger.
        """
        with file_errors():
            now = self._clock().timestamp()
            table = self._opened(name, now)
            self._lake.renew()
            change = change_of(table.versions, self._wanted(name, columns))
            if change.partitions:
                table.clean(now - self._keep_for.total_seconds())
                table.replace(change, self._rows(name, columns, change))

    def _opened(self, name: str, now: float) -> SafeTable:
        """deltalake and pyiceberg are there for those who need them."""
        kind: Any = getattr(import_module(self._module), self._class)
        table: SafeTable = kind(self._files, name, now)
        return table

    def _wanted(self, name: str, columns: Sequence[str]) -> Versions:
        rows = self._warehouse.execute(SHOWN_SLICES, name=name)
        return {Partition(row[0], row[1]): version_of(row[2], columns) for row in rows}

    def _rows(self, name: str, columns: Sequence[str], change: Change) -> pa.RecordBatchReader:
        changed = [
            {"app_id": each.app_id, "month": each.month, "version": version}
            for each, version in change.new.items()
        ]
        kinds = [("app_id", pa.int64()), ("month", pa.string()), ("version", pa.string())]
        statement = self._statement(name, columns)
        return self._lake.rows(statement, pa.Table.from_pylist(changed, pa.schema(kinds)))

    def _statement(self, name: str, columns: Sequence[str]) -> str:
        renderer = self._warehouse.dialect.renderer
        shown = [
            f"s.{renderer.quoted(SHOWN_PROVENANCE[each])} as {renderer.quoted(each)}"
            if each in SHOWN_PROVENANCE
            else f"r.{renderer.quoted(each)}"
            for each in columns
        ]
        statement = self._warehouse.rendered(_ROWS, this_table=name)
        return statement.replace("'this_table'", f"'{name}'").replace(
            renderer.quoted("these_columns"), ", ".join(shown)
        )
