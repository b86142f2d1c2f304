"""How long the models take: all days, and then one new day. The last line is the ratio.

`python benchmarks/models.py [--rows 50000000] [--days 365] [--apps 10] [--keep FOLDER]` makes a
DuckDB file with so many rows in the views, twice as many in the raw tables (each date stands in two
instances), runs `asc-segments models` on it, adds an instance to each report of each app, and runs
it again.
"""

import argparse
import json
import os
import subprocess  # nosec B404
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from app_store_connect.catalog import REPORTS, ColumnType, ReportSchema
from app_store_connect.ledger import Ledger
from app_store_connect.model import Granularity
from app_store_connect.names import table_name
from app_store_connect.tables import LISTING_TABLES, SEGMENT_TABLES
from app_store_connect.views import create_views
from app_store_connect.workspace import make_pipeline

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
WINDOW = 2


@dataclass(frozen=True)
class Size:
    rows: int
    days: int
    apps: int

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
    """Empty raw tables."""
    database.execute(f"create schema {RAW}")
    for table in (*SEGMENT_TABLES, *LISTING_TABLES):
        empty = table.arrow([], "")
        database.register("empty", empty)
        database.execute(f"create table {RAW}.{table.name} as from empty")
        database.unregister("empty")
    database.execute(f"create table {RAW}._dlt_loads (load_id text, status bigint)")
    for schema in schemas():
        columns = [f"{name} {TYPES[kind]}" for name, kind in schema.table_columns().items()]
        columns += ["_app_id bigint", "_instance_id text", "_processing_date date"]
        columns += ["_segment_id text", "_segment_checksum text", "_dlt_load_id text"]
        name = table_name(schema.name, Granularity.DAILY)
        database.execute(f"create table {RAW}.{name} ({', '.join(columns)})")


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
            f" select {', '.join(values)}"
            f" from range({size.rows_of(schema.name)}) as numbers(i)"
        )


def add_day(database: duckdb.DuckDBPyConnection, size: Size, processed: date) -> None:
    """An instance of one segment for each report and app, with the `WINDOW` days before."""
    load = f"{datetime.combine(processed, datetime.min.time(), UTC).timestamp():.1f}"
    for schema in schemas():
        table = table_name(schema.name, Granularity.DAILY)
        identity = f"'{schema.name} ' || app || ' {processed}'"
        own = {"date": "day", "app_apple_identifier": "app"}
        values = ", ".join(own.get(name, name) for name in schema.table_columns())
        apps_days = (
            f"from (select 1500000000 + range as app from range({size.apps})) as apps,"
            f" (select date '{processed}' - 1 - cast(range as integer) as day"
            f" from range({WINDOW})) as days"
        )
        database.execute(
            f"insert into {RAW}.{table} select {values}, app, {identity}, date '{processed}',"
            f" {identity}, 'x', '{load}' {apps_days}, template_{table}"
        )
        count = size.rows_of(schema.name)
        database.execute(
            f"insert into {RAW}.analytics_segment_dates by name select {identity} as segment_id,"
            f" {identity} as instance_id, app as app_id, '{table}' as table_name, day as date,"
            f" {count} as row_count, '{load}' as _dlt_load_id {apps_days}"
        )
        database.execute(
            f"insert into {RAW}.analytics_report_segments by name select distinct"
            f" {identity} as segment_id, 'x' as checksum, {identity} as instance_id,"
            f" '{schema.name}' as report_name, '{schema.category}' as category,"
            f" 'DAILY' as granularity, date '{processed}' as processing_date, app as app_id,"
            f" '{table}' as table_name, {count * WINDOW} as row_count, '{load}' as _dlt_load_id"
            f" {apps_days}"
        )
    database.execute(f"insert into {RAW}._dlt_loads values ('{load}', 0)")


def create_all_views(folder: Path) -> None:
    pipeline = make_pipeline("duckdb", "app_store_connect", folder / "pipelines")
    ledger = Ledger(pipeline, "app_store_connect")
    with ledger.open():
        create_views(ledger, {})


@dataclass(frozen=True)
class Took:
    """Seconds of a run: by the clock, of the processor, and by the clock for dbt's nodes alone."""

    wall: float
    processor: float
    nodes: float

    def line(self, what: str) -> str:
        return (
            f"{what:<14} {self.wall:8.1f} s, {self.processor:8.1f} s of processor,"
            f" {self.nodes:8.1f} s in models and tests"
        )


def timed_models(*arguments: str) -> Took:
    before, started = os.times(), time.monotonic()
    script = Path(__file__).parents[1] / "pipelines" / "asc_models.py"
    command = [sys.executable, str(script), *arguments]
    subprocess.run(command, check=True, stdout=sys.stderr)  # nosec B603
    wall, after = time.monotonic() - started, os.times()
    used = after.children_user - before.children_user
    used += after.children_system - before.children_system
    (results,) = Path(os.environ["DLT_DATA_DIR"]).glob("dbt/*/target/run_results.json")
    return Took(wall, used, json.loads(results.read_text())["elapsed_time"])


@contextmanager
def working_folder(kept: Path | None) -> Iterator[Path]:
    if kept:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
    else:
        with tempfile.TemporaryDirectory(prefix="asc-benchmark-") as folder:
            yield Path(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--apps", type=int, default=10)
    parser.add_argument("--keep", type=Path, help="a folder for the file, which is left there")
    given = parser.parse_args()
    size = Size(given.rows, given.days, given.apps)
    today = datetime.now(UTC).date()
    with working_folder(given.keep) as folder:
        os.chdir(folder)
        os.environ["DLT_DATA_DIR"] = str(folder / "dlt")
        with duckdb.connect("asc_segments.duckdb") as database:
            create_tables(database)
            create_templates(database, size)
            for age in range(size.days - 1, 0, -1):
                add_day(database, size, today - timedelta(days=age))
        create_all_views(folder)
        full = timed_models()
        with duckdb.connect("asc_segments.duckdb") as database:
            create_templates(database, size)
            add_day(database, size, today)
        incremental = timed_models()
        nothing_new = timed_models()
        with duckdb.connect("asc_segments.duckdb", read_only=True) as database:
            tables = [table_name(each.name, Granularity.DAILY) for each in schemas()]
            counts = [f"(select count(*) from app_store_connect.{table})" for table in tables]
            (rows,) = database.execute(f"select {' + '.join(counts)}").fetchone() or (0,)
    print(f"{rows:,} rows in the views")
    print(full.line("all days"))
    print(incremental.line("one new day"))
    print(nothing_new.line("nothing new"))
    print(f"one new day / all days: {incremental.wall / full.wall:.3f}")


if __name__ == "__main__":
    main()
