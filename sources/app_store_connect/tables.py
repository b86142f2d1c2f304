"""The raw tables beside the reports' own: names, columns and keys, in one place for writing and
reading.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import pyarrow as pa

from .catalog import ColumnType
from .errors import Failure

PLAIN = "parquet"
"""The table format that is none: a database's own tables, or a lake's files of Parquet."""
DELTA, ICEBERG = "delta", "iceberg"
LOAD_ID = "_dlt_load_id"
LOADS = "_dlt_loads"

SLICE_KEY = "_slice_key"
STORED_REPORT = (
    "{report}, {granularity}: all rows of all instances that were loaded, so that dates overlap;"
    " sum the view of this name instead"
)
"""The meaning of a report table."""

_TEXT, _BIGINT, _DATE = ColumnType.TEXT, ColumnType.BIGINT, ColumnType.DATE
_BOOL, _DECIMAL, _TIMESTAMP = ColumnType.BOOLEAN, ColumnType.DECIMAL, ColumnType.TIMESTAMP


# A function: `dlt init` imports this module where pyarrow is not installed yet.
@cache
def arrow_type(column_type: ColumnType) -> pa.DataType:
    """The Arrow type of a column."""
    types: dict[ColumnType, pa.DataType] = {
        ColumnType.DATE: pa.date32(),
        ColumnType.BIGINT: pa.int64(),
        ColumnType.DECIMAL: pa.decimal128(38, 9),
        ColumnType.DOUBLE: pa.float64(),
        ColumnType.TEXT: pa.string(),
        ColumnType.BOOLEAN: pa.bool_(),
        ColumnType.TIMESTAMP: pa.timestamp("us", tz="UTC"),
    }
    return types[column_type]


@dataclass(frozen=True, slots=True, eq=False)
class RawTable:
    """A table that the loader writes. Of rows with one `key` those of the latest load count."""

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, ColumnType]

    @property
    def schema(self) -> pa.Schema:
        fields = [
            pa.field(name, arrow_type(kind), nullable=name not in self.key)
            for name, kind in self.columns.items()
        ]
        return pa.schema([*fields, pa.field(LOAD_ID, pa.string(), nullable=False)])

    def arrow(self, rows: Iterable[Mapping[str, Any]], load_id: str) -> pa.Table:
        stamped = [{**row, LOAD_ID: load_id} for row in rows]
        return pa.Table.from_pylist(stamped, schema=self.schema)

    def key_of(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(row[name] for name in self.key)


_SEGMENT = ("instance_id", "segment_id")
"""A segment that two instances list is loaded for each of them."""

SEGMENTS = RawTable(
    "analytics_report_segments",
    _SEGMENT,
    {
        "segment_id": _TEXT,
        "checksum": _TEXT,
        "size_in_bytes": _BIGINT,
        "instance_id": _TEXT,
        "report_id": _TEXT,
        "report_name": _TEXT,
        "category": _TEXT,
        "granularity": _TEXT,
        "processing_date": _DATE,
        "access_type": _TEXT,
        "app_id": _BIGINT,
        "table_name": _TEXT,
        "row_count": _BIGINT,
    },
)
SLICES = RawTable(
    "analytics_slices",
    _SEGMENT,
    {
        SLICE_KEY: _BIGINT,
        "app_id": _BIGINT,
        "table_name": _TEXT,
        "date": _DATE,
        "instance_id": _TEXT,
        "processing_date": _DATE,
        "access_type": _TEXT,
        "segment_id": _TEXT,
        "checksum": _TEXT,
        "row_count": _BIGINT,
        "rows_hash": _BIGINT,
        "measure_total": _DECIMAL,
        "is_doubled": _BOOL,
        "removed_on": _DATE,
    },
)
"""The rows of one date in one load of a segment. A segment without rows has one slice without a
date; so has one that Apple lists no more, which has no checksum either. `measure_total` adds up the
report's first summable measure. Since `removed_on` the rows are gone, and newer ones shown."""
UNPARSED_VALUES = RawTable(
    "analytics_unparsed_values",
    _SEGMENT,
    {
        "instance_id": _TEXT,
        "segment_id": _TEXT,
        "checksum": _TEXT,
        "app_id": _BIGINT,
        "table_name": _TEXT,
        "line": _BIGINT,
        "column_name": _TEXT,
        "text": _TEXT,
    },
)
SEGMENT_TABLES = (SEGMENTS, SLICES, UNPARSED_VALUES)

APPS = RawTable(
    "apps",
    ("id",),
    {
        "id": _BIGINT,
        "name": _TEXT,
        "bundle_id": _TEXT,
        "sku": _TEXT,
        "primary_locale": _TEXT,
        "key_names": _TEXT,
    },
)
REPORT_REQUESTS = RawTable(
    "analytics_report_requests",
    ("id",),
    {"id": _TEXT, "app_id": _BIGINT, "access_type": _TEXT, "stopped_due_to_inactivity": _BOOL},
)
REPORTS = RawTable(
    "analytics_reports",
    ("id",),
    {
        "id": _TEXT,
        "report_request_id": _TEXT,
        "app_id": _BIGINT,
        "name": _TEXT,
        "category": _TEXT,
        "report_name": _TEXT,
    },
)
INSTANCES = RawTable(
    "analytics_report_instances",
    ("id",),
    {
        "id": _TEXT,
        "report_id": _TEXT,
        "app_id": _BIGINT,
        "granularity": _TEXT,
        "processing_date": _DATE,
        "unlisted_since": _DATE,
    },
)
INSTANCE_CHECKS = RawTable(
    "analytics_instance_checks",
    ("instance_id",),
    {
        "instance_id": _TEXT,
        "app_id": _BIGINT,
        "report_name": _TEXT,
        "table_name": _TEXT,
        "granularity": _TEXT,
        "processing_date": _DATE,
        "access_type": _TEXT,
        "checked_on": _DATE,
        "outcome": _TEXT,
    },
)
"""The last look at an instance's segments, and its `outcome`: `loaded`, `unchanged`, `empty` (Apple
listed no segment) or `failed`."""
MISSING_REPORTS = RawTable(
    "analytics_missing_reports",
    ("id",),
    {
        "id": _TEXT,
        "app_id": _BIGINT,
        "report_name": _TEXT,
        "granularity": _TEXT,
        "reason": _TEXT,
    },
)
"""Reports that do not come, each with the reason; NULL once they come. Without a report name the
reason is one of the whole app."""
REPORT_COLUMNS = RawTable(
    "report_columns",
    ("id",),
    {
        "id": _TEXT,
        "table_name": _TEXT,
        "column_name": _TEXT,
        "type": _TEXT,
        "additivity": _TEXT,
        "meaning": _TEXT,
    },
)
"""The columns of the report tables as the catalogue knows them. `id` is table and column."""
REPORT_CATALOGUE = RawTable(
    "report_catalogue",
    ("table_name",),
    {
        "table_name": _TEXT,
        "report_name": _TEXT,
        "category": _TEXT,
        "granularity": _TEXT,
        "policy": _TEXT,
        "lag_days": _BIGINT,
        "window_days": _BIGINT,
        "first_measure": _TEXT,
        "is_known": _BOOL,
    },
)
"""The report tables as the catalogue knows them; `first_measure` is the column that
`SLICES.measure_total` adds up."""
LOAD_FAILURES = RawTable(
    "analytics_load_failures",
    ("what",),
    {
        "what": _TEXT,
        "reason": _TEXT,
        "app_id": _BIGINT,
        "report_name": _TEXT,
        "instance_id": _TEXT,
        "segment_id": _TEXT,
        "failed_at": _TIMESTAMP,
    },
)
"""A row for each failure of each run; the next run tries again. `what` names what was not loaded,
as far as it is an instance with its app, report and, if one of them failed, segment."""
LISTING_TABLES = (APPS, REPORT_REQUESTS, REPORTS, INSTANCES, MISSING_REPORTS)
"""Tables that a run writes once, from Apple's lists."""
CATALOGUE_TABLES = (REPORT_CATALOGUE, REPORT_COLUMNS)
LATEST_TABLES = (*LISTING_TABLES, *CATALOGUE_TABLES, INSTANCE_CHECKS)
"""Of each key the row of the latest load counts, and the others are swept out."""
LEDGER_TABLES = (*SEGMENT_TABLES, INSTANCE_CHECKS, *CATALOGUE_TABLES, LOAD_FAILURES)
"""Tables whose rows come with those of the reports."""
RUNS = RawTable(
    "analytics_runs",
    ("run_id",),
    {
        "run_id": _TEXT,
        "started_at": _TIMESTAMP,
        "ended_at": _TIMESTAMP,
        "checked_at": _TIMESTAMP,
        "version": _TEXT,
        "app_ids": _TEXT,
        "selection": _TEXT,
        "exit_code": _BIGINT,
        "outcome": _TEXT,
        "requests": _BIGINT,
        "segments": _BIGINT,
        "rows": _BIGINT,
        "failures": _BIGINT,
        "notices": _BIGINT,
        "reason": _TEXT,
    },
)
"""The runs of the job, also those that failed after they had opened the destination. `app_ids` is
NULL if the run was for all apps, `selection` if no other option narrowed it. `reason` says why the
exit code is not 0. At `checked_at` the run compared loads with the ledger's counts, and removed
rows of loads that never completed: all, or those since an earlier run of the day; NULL if it did
not come so far, or found rows gone that it did not load again."""
ALERTS = RawTable(
    "analytics_alerts",
    ("id",),
    {
        "id": _TEXT,
        "kind": _TEXT,
        "app_id": _BIGINT,
        "subject": _TEXT,
        "message": _TEXT,
        "size": _BIGINT,
        "since": _TIMESTAMP,
        "sent_at": _TIMESTAMP,
        "is_over": _BOOL,
    },
)
"""A row for each message about a problem; of one `id` that of the latest load counts. `size` says
how bad the problem was, `since` when it was told first."""
OWN_TABLES = (*SEGMENT_TABLES, *LATEST_TABLES, LOAD_FAILURES, RUNS, ALERTS)
"""All raw tables but those of the reports."""


def failure_rows(failures: Iterable[Failure], now: datetime) -> list[dict[str, Any]]:
    """Rows of `LOAD_FAILURES`."""
    return [
        {
            "what": each.what,
            "reason": each.why,
            "app_id": int(each.app_id) if each.app_id else None,
            "report_name": each.report_name,
            "instance_id": each.instance_id,
            "segment_id": each.segment_id,
            "failed_at": now,
        }
        for each in failures
    ]
