"""What a destination holds after a run, read with statements of this file's own."""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from tests.walk.apple import EXPANDED
from tests.walk.model import Row, Table
from tests.worlds import CRASHES

RAW, SHOWN = "app_store_connect_raw", "app_store_connect"
TABLE_NAMES = {CRASHES: "app_crashes_daily", EXPANDED: "app_crashes_expanded_daily"}
REPORT_OF = {table: report for report, table in TABLE_NAMES.items()}
COMPLETE = f"(select load_id from {RAW}._dlt_loads where status = 0)"


Query = Callable[[str], list[tuple[Any, ...]]]


class Database(Protocol):
    def connected(self) -> AbstractContextManager[Query]: ...


@dataclass(frozen=True)
class StoredSlice:
    key: int
    instance_id: str
    segment_id: str
    checksum: str | None
    date: str | None
    row_count: int
    is_removed: bool
    table_name: str


class Stored:
    """The destination, asked once for everything that a check compares."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self.columns: dict[tuple[str, str], list[str]] = {}
        for schema, table, column in self._query(
            "select table_schema, table_name, column_name from information_schema.columns"
            f" where table_schema in ('{RAW}', '{SHOWN}') order by ordinal_position"
        ):
            self.columns.setdefault((schema, table), []).append(column)

    def has(self, schema: str, table: str) -> bool:
        return (schema, table) in self.columns

    def segments(self) -> dict[str, dict[str, str]]:
        """By the ledger: of each instance the segments, with their checksums."""
        found: dict[str, dict[str, str]] = {}
        if self.has(RAW, "analytics_report_segments") and self.has(RAW, "_dlt_loads"):
            for instance_id, segment_id, checksum in self._latest(
                "analytics_report_segments", "instance_id, segment_id, checksum"
            ):
                held = found.setdefault(instance_id, {})
                if checksum is not None:
                    held[segment_id] = checksum
        return found

    def slices(self) -> list[StoredSlice]:
        """Those of the latest load of each segment; not of one that is withdrawn."""
        if not self.has(RAW, "analytics_slices"):
            return []
        return [
            StoredSlice(key, instance, segment, checksum, _iso(day), count, bool(removed), table)
            for key, instance, segment, checksum, day, count, removed, table in self._latest(
                "analytics_slices",
                "_slice_key, instance_id, segment_id, checksum, date, row_count,"
                " removed_on is not null, table_name",
            )
            if checksum is not None
        ]

    def _latest(self, table: str, columns: str) -> list[tuple[Any, ...]]:
        return self._query(
            f"select {columns} from (select *, max(_dlt_load_id) over ("
            "partition by instance_id, segment_id) as latest"
            f" from {RAW}.{table} where _dlt_load_id in {COMPLETE}) as told"
            " where _dlt_load_id = latest"
        )

    def raw_counts(self, table: str) -> dict[int, int]:
        """Rows by slice key, of complete loads."""
        return dict(
            self._query(
                f"select _slice_key, count(*) from {RAW}.{table}"
                f" where _dlt_load_id in {COMPLETE} group by _slice_key"
            )
        )

    def listing(self) -> dict[str, bool]:
        """The instances that were ever listed, each with whether it is gone."""
        if not self.has(RAW, "analytics_report_instances"):
            return {}
        return {
            instance_id: bool(is_gone)
            for instance_id, is_gone in self._query(
                "select id, unlisted_since is not null from (select *, max(_dlt_load_id) over ("
                f"partition by id) as latest from {RAW}.analytics_report_instances"
                f" where _dlt_load_id in {COMPLETE}) as told where _dlt_load_id = latest"
                " and report_id <> ''"  # of a run by id alone: nobody knows its request
            )
        }

    def view(self, table: str) -> dict[Table, dict[str, Counter[Row]]]:
        """What a report's view shows, by app and date."""
        names = self.columns[SHOWN, table]
        found: dict[Table, dict[str, Counter[Row]]] = {}
        own = [index for index, name in enumerate(names) if not name.startswith("_")]
        app, day = names.index("_app_id"), names.index("date")
        quoted = ", ".join(f'"{name}"' for name in names)
        for row in self._query(f"select {quoted} from {SHOWN}.{table}"):
            key = str(row[app]), REPORT_OF[table]
            shown = frozenset((names[n], _text(row[n])) for n in own if row[n] is not None)
            found.setdefault(key, {}).setdefault(_text(row[day]), Counter())[shown] += 1
        return found

    def shown(self, view: str, columns: str, condition: str = "1 = 1") -> list[tuple[Any, ...]]:
        return self._query(f"select {columns} from {SHOWN}.{view} where {condition}")


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _text(value: Any) -> str:
    return str(value.quantize(Decimal("0.01"))) if isinstance(value, Decimal) else str(value)
