"""Keeps the safe tables of a lake: of each report the rows that its view shows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, cast

import pyarrow as pa
from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_random

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
        reports = {name: views[name] for name in self._warehouse.report_tables() if name in views}
        retrying = Retrying(
            retry=retry_if_result(_are_of_others),
            stop=stop_after_attempt(TRIES),
            wait=wait_random(0.1, 0.5),
            retry_error_callback=lambda last: last.outcome and last.outcome.result(),
        )
        failed: dict[str, DestinationError] = retrying(self._keep, reports)
        return [
            Failure(f"the safe table {name}", str(error), error) for name, error in failed.items()
        ]

    def _keep(self, reports: Mapping[str, Sequence[str]]) -> dict[str, DestinationError]:
        """The tables are opened before the ledger is read: so no other writer knows of a later load
        that is in a table and not in the ledger.
        """
        now = self._clock().timestamp()
        failed: dict[str, DestinationError] = {}
        opened: dict[str, SafeTable] = {}
        for name in reports:
            with _noted(failed, name):
                opened[name] = self._opened(name, now)
        self._lake.renew()
        wanted = self._wanted(reports)
        for name, table in opened.items():
            with _noted(failed, name):
                change = change_of(table.versions, wanted.get(name, {}))
                if change.partitions:
                    table.clean(now - self._keep_for.total_seconds())
                    table.replace(change, self._rows(name, reports[name], change))
        return failed

    def _opened(self, name: str, now: float) -> SafeTable:
        """deltalake and pyiceberg are there for those who need them."""
        kind: Any = getattr(import_module(self._module), self._class)
        table: SafeTable = kind(self._files, name, now)
        return table

    def _wanted(self, reports: Mapping[str, Sequence[str]]) -> Mapping[str, Versions]:
        found: dict[str, dict[Partition, str]] = {}
        for name, app_id, month, keys in self._warehouse.execute(SHOWN_SLICES):
            if columns := reports.get(name):
                version = version_of(keys, columns)
                found.setdefault(name, {})[Partition(app_id, month)] = version
        return found

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


@contextmanager
def _noted(failed: dict[str, DestinationError], name: str) -> Iterator[None]:
    """What happens to one table keeps none of the others back."""
    try:
        with file_errors():
            yield
    except DestinationError as error:
        failed[name] = error


def _are_of_others(failed: Mapping[str, DestinationError]) -> bool:
    return any(isinstance(error, ChangedMeanwhileError) for error in failed.values())
