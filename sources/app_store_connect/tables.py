"""The raw tables beside the reports' own: names, columns and keys, in one place for writing and
reading.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from app_store_connect.catalog import ReportSchema, schema_of_report
from app_store_connect.model import App, Report, ReportInstance, ReportRequest

LOAD_ID = "_dlt_load_id"
LOADS = "_dlt_loads"

_TEXT, _BIGINT, _DATE, _BOOL = pa.string(), pa.int64(), pa.date32(), pa.bool_()


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table that the loader writes. Rows with the same `key` replace each other, the latest load
    wins.
    """

    name: str
    key: str
    columns: Mapping[str, pa.DataType]

    @property
    def schema(self) -> pa.Schema:
        fields = [
            pa.field(name, kind, nullable=name != self.key) for name, kind in self.columns.items()
        ]
        return pa.schema([*fields, pa.field(LOAD_ID, _TEXT, nullable=False)])

    def arrow(self, rows: Iterable[Mapping[str, Any]], load_id: str) -> pa.Table:
        stamped = [{**row, LOAD_ID: load_id} for row in rows]
        return pa.Table.from_pylist(stamped, schema=self.schema)


SEGMENTS = RawTable(
    "analytics_report_segments",
    "segment_id",
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
SEGMENT_DATES = RawTable(
    "analytics_segment_dates",
    "segment_id",
    {
        "segment_id": _TEXT,
        "instance_id": _TEXT,
        "app_id": _BIGINT,
        "table_name": _TEXT,
        "date": _DATE,
        "row_count": _BIGINT,
        "rows_hash": _BIGINT,
        "is_doubled": _BOOL,
    },
)
UNPARSED_VALUES = RawTable(
    "analytics_unparsed_values",
    "segment_id",
    {
        "segment_id": _TEXT,
        "checksum": _TEXT,
        "app_id": _BIGINT,
        "table_name": _TEXT,
        "line": _BIGINT,
        "column_name": _TEXT,
        "text": _TEXT,
    },
)
SEGMENT_TABLES = (SEGMENTS, SEGMENT_DATES, UNPARSED_VALUES)

APPS = RawTable(
    "apps",
    "id",
    {"id": _BIGINT, "name": _TEXT, "bundle_id": _TEXT, "sku": _TEXT, "primary_locale": _TEXT},
)
REPORT_REQUESTS = RawTable(
    "analytics_report_requests",
    "id",
    {"id": _TEXT, "app_id": _BIGINT, "access_type": _TEXT, "stopped_due_to_inactivity": _BOOL},
)
REPORTS = RawTable(
    "analytics_reports",
    "id",
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
    "id",
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
    "instance_id",
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
    "id",
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
    "id",
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
LISTING_TABLES = (APPS, REPORT_REQUESTS, REPORTS, INSTANCES, MISSING_REPORTS)
"""Written once a run, from what Apple lists."""
LATEST_TABLES = (*LISTING_TABLES, REPORT_COLUMNS, INSTANCE_CHECKS)
"""Of each key the row of the latest load counts, and the others are swept out."""


def app_row(app: App) -> dict[str, Any]:
    return {
        "id": int(app.id),
        "name": app.name,
        "bundle_id": app.bundle_id,
        "sku": app.sku,
        "primary_locale": app.primary_locale,
    }


def report_request_row(request: ReportRequest) -> dict[str, Any]:
    return {
        "id": request.id,
        "app_id": int(request.app_id),
        "access_type": request.access_type.value,
        "stopped_due_to_inactivity": request.is_stopped,
    }


def report_row(report: Report, app_id: str) -> dict[str, Any]:
    return {
        "id": report.id,
        "report_request_id": report.report_request_id,
        "app_id": int(app_id),
        "name": report.name,
        "category": report.category,
        "report_name": schema_of_report(report).name,
    }


def report_column_row(table_name: str, schema: ReportSchema, column: str) -> dict[str, Any]:
    kind, additivity, meaning = schema.described(column)
    return {
        "id": f"{table_name}/{column}",
        "table_name": table_name,
        "column_name": column,
        "type": kind.value,
        "additivity": additivity.value if additivity else None,
        "meaning": meaning,
    }


def instance_row(
    instance: ReportInstance, app_id: str, *, unlisted_since: date | None = None
) -> dict[str, Any]:
    return {
        "id": instance.id,
        "report_id": instance.report_id,
        "app_id": int(app_id),
        "granularity": instance.granularity.value,
        "processing_date": instance.processing_date,
        "unlisted_since": unlisted_since,
    }
