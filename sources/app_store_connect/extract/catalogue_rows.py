"""The rows of `tables.CATALOGUE_TABLES`, and those of them that a load package brings."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..catalog import ReportSchema, RestatementPolicy, first_measure, policy_of
from ..tables import CATALOGUE_TABLES, REPORT_CATALOGUE, REPORT_COLUMNS, RawTable
from .loaded import CompleteInstance

Stored = Mapping[tuple[Any, ...], Mapping[str, Any]]
"""The rows of a table at the destination, by key."""


class NewCatalogueRows:
    """Which rows of `tables.CATALOGUE_TABLES` a load package has to bring. Threads share it."""

    def __init__(self, stored: Callable[[RawTable], Stored]) -> None:
        self._known = {table: dict(stored(table)) for table in CATALOGUE_TABLES}
        self._columns: dict[str, set[str]] = {}
        for row in self._known[REPORT_COLUMNS].values():
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
            rows = catalogue_rows(table_name, listed.schema, granularity, sorted(columns), policies)
            return {table: self._new(table, found) for table, found in rows.items()}

    def _new(self, table: RawTable, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        known = self._known[table]
        new = [row for row in rows if known.get(table.key_of(row)) != row]
        known |= {table.key_of(row): row for row in new}
        return new


def catalogue_rows(
    table_name: str,
    schema: ReportSchema,
    granularity: str,
    columns: Sequence[str],
    policies: Mapping[str, RestatementPolicy],
) -> dict[RawTable, list[dict[str, Any]]]:
    """The catalogue's entry of a report table, and of these columns."""
    report = {
        "table_name": table_name,
        "report_name": schema.name,
        "category": schema.category,
        "granularity": str(granularity),
        "policy": policy_of(schema, columns, policies).value,
        "lag_days": schema.lag_days,
        "window_days": schema.window_days,
        "first_measure": first_measure(schema, frozenset(columns)),
        "is_known": schema.is_catalogued,
    }
    described = [_report_column_row(table_name, schema, column) for column in columns]
    return {REPORT_CATALOGUE: [report], REPORT_COLUMNS: described}


def _report_column_row(table_name: str, schema: ReportSchema, column: str) -> dict[str, Any]:
    kind, additivity, meaning = schema.described(column)
    return {
        "id": f"{table_name}/{column}",
        "table_name": table_name,
        "column_name": column,
        "type": kind.value,
        "additivity": additivity.value if additivity else None,
        "meaning": meaning,
    }
