"""The rows of `tables.CATALOGUE_TABLES` that a load package brings."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from .. import tables
from ..catalog import RestatementPolicy
from ..tables import RawTable
from .loaded import CompleteInstance

Stored = Mapping[tuple[Any, ...], Mapping[str, Any]]
"""The rows of a table at the destination, by key."""


class NewCatalogueRows:
    """Which rows of `tables.CATALOGUE_TABLES` a load package has to bring. Threads share it."""

    def __init__(self, stored: Callable[[RawTable], Stored]) -> None:
        self._known = {table: dict(stored(table)) for table in tables.CATALOGUE_TABLES}
        self._columns: dict[str, set[str]] = {}
        for row in self._known[tables.REPORT_COLUMNS].values():
            self._columns.setdefault(row["table_name"], set()).add(row["column_name"])
        self._seen: set[tuple[str, frozenset[str]]] = set()
        self._lock = threading.Lock()

    def of(
        self, complete: CompleteInstance, policies: Mapping[str, RestatementPolicy]
    ) -> dict[RawTable, list[dict[str, Any]]]:
        """Those that the destination does not have like this; each is given once."""
        listed = complete.item.listed
        table_name, granularity = listed.table_name, listed.instance.granularity
        key = table_name, complete.columns
        with self._lock:
            if key in self._seen or not complete.columns:
                return {}
            self._seen.add(key)
            columns = self._columns.setdefault(table_name, set())
            columns |= complete.columns
            rows = tables.catalogue_rows(
                table_name, listed.schema, granularity, sorted(columns), policies
            )
            return {table: self._new(table, found) for table, found in rows.items()}

    def _new(self, table: RawTable, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        known = self._known[table]
        new = [row for row in rows if known.get(table.key_of(row)) != row]
        known |= {table.key_of(row): row for row in new}
        return new
