"""A DuckDB file as the job leaves it, with as many rows as wanted, made by DuckDB itself."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from app_store_connect.catalog import REPORTS, ColumnType, ReportSchema
from app_store_connect.entities import Granularity
from app_store_connect.extract.catalogue_rows import catalogue_rows
from app_store_connect.names import table_name
from app_store_connect.tables import (
    LOAD_ID,
    OWN_TABLES,
    SEGMENTS,
    SLICE_KEY,
    SLICES,
    RawTable,
)
from app_store_connect.views.create import create_views
from app_store_connect.warehouse.connection import Warehouse
from asc_pipeline.dlt_pipeline.workspace import make_pipeline

SHARES = {
    "App Sessions Standard": 0.40,
    "App Store Installation and Deletion Standard": 0.22,
    "App Store Discovery and Engagement Standard": 0.20,
    "App Downloads Standard": 0.13,
    "App Store Purchases Standard": 0.04,
    "App Crashes": 0.01,
}
LITERALS = {
    "download_type": ["First-time download", "Redownload", "Auto-update", "Manual update"],
    "device": ["iPhone", "iPad", "Desktop", "Apple Vision"],
    "source_type": ["App Store search", "App Store browse", "App referrer", "Web referrer"],
}
EVENTS = {
    "App Store Installation and Deletion Standard": ["Install", "Delete"],
    "App Store Discovery and Engagement Standard": ["Impression", "Page view", "Tap"],
}
KINDS = {"territory": 60, "platform_version": 30, "app_version": 12}
OTHER_KINDS = 4
TYPES = {
    ColumnType.DATE: "date",
    ColumnType.BIGINT: "bigint",
    ColumnType.DECIMAL: "decimal(38,9)",
    ColumnType.TEXT: "text",
}
RAW = "app_store_connect_raw"
FILE = "asc_segments.duckdb"
FIRST_LOAD = "1000000000.0"


@dataclass(frozen=True)
class Size:
    """`rows` are those of the views; the raw tables have so many times more as there are vintages
    of a date.
    """

    rows: int
    days: int
    apps: int
    vintages: int = 2

    def rows_of(self, report: str) -> int:
        """Of one app's day."""
        return max(1, round(self.rows * SHARES[report] / self.days / self.apps))


def schemas() -> list[ReportSchema]:
    return [each for each in REPORTS if each.name in SHARES]


def value_of(report: str, column: str, kind: ColumnType) -> str:
    """An expression for a column of row `i` of an app's day."""
    if kind is ColumnType.DATE:
        return f"date '2026-01-01' - cast(hash(i, '{column}') % 30 as integer)"
    if kind is ColumnType.DECIMAL:
        return f"cast(hash(i, '{column}') % 2000 as decimal(38,9)) / 100"
    if kind is ColumnType.BIGINT:
        return f"1 + cast(hash(i, '{column}') % 20 as bigint)"
    listed = EVENTS.get(report) if column == "event" else LITERALS.get(column)
    if listed:
        return f"{listed}[1 + cast(hash(i, '{column}') % {len(listed)} as integer)]"
    return f"'{column} ' || hash(i, '{column}') % {KINDS.get(column, OTHER_KINDS)}"


def create_tables(database: duckdb.DuckDBPyConnection) -> None:
    """Empty raw tables, and the catalogue's rows."""
    database.execute(f"create schema {RAW}")
    for table in OWN_TABLES:
        insert(database, table, [], is_new=True)
    database.execute(f"create table {RAW}._dlt_loads (load_id text, status bigint)")
    database.execute(f"insert into {RAW}._dlt_loads values ('{FIRST_LOAD}', 0)")
    for schema in schemas():
        kinds = schema.table_columns()
        columns = [f"{name} {TYPES[kind]}" for name, kind in kinds.items()]
        columns += [f"{SLICE_KEY} bigint not null", f"{LOAD_ID} text not null"]
        name = table_name(schema.name, Granularity.DAILY)
        database.execute(f"create table {RAW}.{name} ({', '.join(columns)})")
        described = catalogue_rows(name, schema, Granularity.DAILY.value, list(kinds), {})
        for table, rows in described.items():
            insert(database, table, rows)


def insert(
    database: duckdb.DuckDBPyConnection,
    table: RawTable,
    rows: list[dict[str, Any]],
    *,
    is_new: bool = False,
) -> None:
    database.register("added", table.arrow(rows, FIRST_LOAD))
    name = f"{RAW}.{table.name}"
    database.execute(
        f"create table {name} as from added" if is_new else f"insert into {name} from added"
    )
    database.unregister("added")


def create_templates(database: duckdb.DuckDBPyConnection, size: Size) -> None:
    """The rows of one app's day of each report, which every day of every app repeats."""
    for schema in schemas():
        columns = schema.table_columns().items()
        values = [
            f"{value_of(schema.name, name, kind)} as {name}"
            for name, kind in columns
            if name not in ("date", "app_apple_identifier")
        ]
        database.execute(
            f"create or replace temp table template_{table_name(schema.name, Granularity.DAILY)} as"
            f" select i as number, {', '.join(values)}"
            f" from range({size.rows_of(schema.name)}) as numbers(i)"
        )


def add_days(database: duckdb.DuckDBPyConnection, size: Size, first: date, days: int) -> None:
    """For each of these processing dates an instance of one segment for each report and app, with
    the `size.vintages` days before; the dates follow each other in the file, as if they were loaded
    so.
    """
    dates = f"range(date '{first}', date '{first}' + {days}, interval 1 day)"
    database.execute(
        "create or replace temp table held as"
        " select row_number() over (order by processed, app, day) - 1 as number, *,"
        " epoch(processed)::bigint || '.0' as load"
        f" from (select unnest({dates})::date as processed),"
        f" (select 1500000000 + unnest(range({size.apps})) as app),"
        f" lateral (select processed - unnest(range(1, {size.vintages + 1}))::integer as day)"
    )
    for schema in schemas():
        add_report(database, schema, size.rows_of(schema.name), size.vintages)
    database.execute(f"insert into {RAW}._dlt_loads select distinct load, 0 from held")


def add_report(
    database: duckdb.DuckDBPyConnection, schema: ReportSchema, count: int, dates: int
) -> None:
    """Its rows, slices and segments: `count` rows for each of the `dates` of an instance."""
    table = table_name(schema.name, Granularity.DAILY)
    (base,) = database.execute(f"select count(*) from {RAW}.{SLICES.name}").fetchone() or (0,)
    database.execute(
        f"create or replace temp table segments as select *, {base} + number as key,"
        f" '{schema.name} ' || app || ' ' || processed as segment_id from held"
    )
    own = {"date": "day", "app_apple_identifier": "app"}
    values = ", ".join(own.get(name, name) for name in schema.table_columns())
    database.execute(
        f"insert into {RAW}.{table} select {values}, key, load"
        f" from range((select count(*) from segments) * {count}) as rows(i)"
        f" join segments on segments.number = i // {count}"
        f" join template_{table} as template on template.number = i % {count}"
        " order by i"
    )
    told = (
        "segment_id, 'x' as checksum, segment_id as instance_id, processed as processing_date,"
        f" 'ONGOING' as access_type, app as app_id, '{table}' as table_name, load as {LOAD_ID}"
    )
    database.execute(
        f"insert into {RAW}.{SLICES.name} by name select {told}, key as {SLICE_KEY},"
        f" day as date, {count} as row_count, number as rows_hash, false as is_doubled"
        " from segments"
    )
    database.execute(
        f"insert into {RAW}.{SEGMENTS.name} by name select distinct {told},"
        f" '{schema.name}' as report_name, '{schema.category}' as category,"
        f" 'DAILY' as granularity, {count * dates} as row_count from segments"
    )


def create_file(folder: Path, size: Size) -> None:
    """The DuckDB file in this folder up to yesterday, with its views, unless it is there."""
    note, text = folder / "size.json", json.dumps(asdict(size))
    if note.is_file() and note.read_text() == text:
        return
    for each in (note, folder / FILE):
        each.unlink(missing_ok=True)
    with duckdb.connect(FILE) as database:
        database.execute("set memory_limit = '2GB'")
        create_tables(database)
        create_templates(database, size)
        first = datetime.now(UTC).date() - timedelta(days=size.days - 1)
        add_days(database, size, first, size.days - 1)
    pipeline = make_pipeline("duckdb", "app_store_connect", folder / "pipelines")
    warehouse = Warehouse(pipeline, "app_store_connect")
    with warehouse.open():
        create_views(warehouse)
    note.write_text(text)


def add_new_day(size: Size) -> None:
    """The processing date after the newest one."""
    with duckdb.connect(FILE) as database:
        newest = f"select max(processing_date) from {RAW}.analytics_report_segments"
        (last,) = database.execute(newest).fetchone() or (None,)
        create_templates(database, size)
        add_days(database, size, last + timedelta(days=1), 1)


def rows_in_views() -> int:
    with duckdb.connect(FILE, read_only=True) as database:
        tables = [table_name(each.name, Granularity.DAILY) for each in schemas()]
        counts = [f"(select count(*) from app_store_connect.{table})" for table in tables]
        (rows,) = database.execute(f"select {' + '.join(counts)}").fetchone() or (0,)
    return int(rows)
