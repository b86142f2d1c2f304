"""views: a sum over 100 million raw rows with 5 vintages a date, beside the true rows alone."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb

from app_store_connect.views.create import create_views
from app_store_connect.warehouse.connection import Warehouse
from asc_pipeline.dlt_pipeline.opening import opened
from asc_pipeline.dlt_pipeline.workspace import make_pipeline
from asc_pipeline.truth.sweeping import remove_superseded
from benchmarks.files import REPORT, WINDOW_DAYS, rows_query
from benchmarks.job import fresh_folder, run_job, served
from benchmarks.measure import Measured, Options, Result, compare, main, measure, progress
from benchmarks.world import FIRST_APP, FIXED_DAY, large_instances

ROWS = 100_000_000
INSTANCES = 100
RAW, SHOWN = "app_store_connect_raw", "app_store_connect"
TABLE = "app_downloads_detailed_daily"
TRUE_ROWS = "true_rows"
_QUERY = """
import duckdb, time
connection = duckdb.connect({file!r}, read_only=True)
begun = time.perf_counter()
query = "select sum(n) from (select date, sum(counts) as n from {table} group by date)"
print(connection.execute(query).fetchall())
print(time.perf_counter() - begun)
"""


def views(options: Options) -> list[Result]:
    """Three ratios: of all rows; of a tenth of them, since the ratio must not grow with the rows;
    and of all rows after the removal of those that newer instances replaced.
    """
    count = options.scaled(ROWS, least=INSTANCES * 10)
    small = _compared(options, options.scaled(ROWS // 10, least=INSTANCES * 10), "views", 7.0)
    large = _compared(options, count, "views", 7.0)
    notes = large.notes | {"ratio_at_a_tenth": small.ratio}
    is_met = large.is_met and large.ratio <= small.ratio * 1.1
    removed = _compared(options, count, "views, superseded removed", 2.0, is_removed=True)
    return [replace(large, notes=notes, is_met=is_met), removed]


def _compared(
    options: Options, rows: int, name: str, bar: float, *, is_removed: bool = False
) -> Result:
    database = _database(options, rows)
    if is_removed:
        database = _without_superseded(database)
    with _warehouse(database) as warehouse:
        create_views(warehouse)
    vintages = "superseded rows removed" if is_removed else f"{WINDOW_DAYS} vintages a date"
    with fresh_folder() as folder:
        ours, other = _sum(folder, database, f"{SHOWN}.{TABLE}"), _sum(folder, database, TRUE_ROWS)
        if ours.stdout != other.stdout:
            raise RuntimeError(f"the view sums to {ours.stdout}, the true rows to {other.stdout}")
        return compare(
            name,
            f"sum by date, {rows:,} raw rows, {vintages}; the true rows alone",
            lambda: _sum(folder, database, f"{SHOWN}.{TABLE}"),
            lambda: _sum(folder, database, TRUE_ROWS),
            runs=options.runs,
            bar=bar,
            value=lambda measured: measured.extra["seconds"],
        )


def _database(options: Options, rows: int) -> Path:
    database = options.cache / f"views-v3-{rows}.duckdb"
    if not database.exists():
        _build(options.cache, database, rows // INSTANCES)
    return database


def _without_superseded(database: Path) -> Path:
    removed = database.with_suffix(".removed.duckdb")
    if not removed.exists():
        unfinished = removed.with_suffix(".unfinished")
        shutil.copy(database, unfinished)
        with _warehouse(unfinished) as warehouse:
            remove_superseded(warehouse, FIXED_DAY, FIXED_DAY)
        progress(f"views: {database.stat().st_size:,} bytes, {unfinished.stat().st_size:,} without")
        unfinished.rename(removed)
    return removed


def _sum(folder: Path, database: Path, table: str) -> Measured:
    """The statement's own seconds: a process begins with the same import in both."""
    command = [sys.executable, "-c", _QUERY.format(file=str(database), table=table)]
    measured = measure(command, folder, dict(os.environ))
    total, seconds = measured.stdout.splitlines()
    return replace(measured, stdout=total, extra={"seconds": float(seconds)})


def _build(cache: Path, database: Path, rows: int) -> None:
    """What the job makes, with the rows of so many instances put there as it would."""
    with fresh_folder() as folder:
        world = large_instances(cache, segments=1, rows=1000)
        with served(world) as apple:
            run_job(apple, folder)
        unfinished = folder / "asc_segments.duckdb"
        with duckdb.connect(str(unfinished)) as connection:
            connection.execute(f"use {RAW}")
            for number in range(INSTANCES):
                _add_instance(connection, number, rows)
                if number % 10 == 9:
                    progress(f"views: {number + 1} of {INSTANCES} instances made")
        with _warehouse(unfinished) as warehouse:
            create_views(warehouse)
        with duckdb.connect(str(unfinished)) as connection:
            connection.execute(f"create table {TRUE_ROWS} as select * from {SHOWN}.{TABLE}")
        unfinished.rename(database)


def _add_instance(connection: duckdb.DuckDBPyConnection, number: int, rows: int) -> None:
    """Each a day after the one before; its oldest date is the newest vintage of that date."""
    processed = FIXED_DAY - timedelta(days=INSTANCES - number)
    load = str(1_700_000_000 + number)
    first_key = (1_700_000_000 + number) * 1_000_000
    made = rows_query(number, rows, processed, str(FIRST_APP))
    connection.execute(
        f"insert into {TABLE} select *, {first_key} + (date '{processed}' - date), '{load}'"
        f" from ({made})"
    )
    connection.execute(
        "insert into analytics_slices by name select _slice_key, any_value(date) as date,"
        f" {FIRST_APP} as app_id, '{TABLE}' as table_name, 'made-{number:05}' as instance_id,"
        f" date '{processed}' as processing_date, 'ONGOING' as access_type,"
        f" 'made-{number:05}-0000' as segment_id, 'checksum' as checksum, count(*) as row_count,"
        f" 0 as rows_hash, false as is_doubled, '{load}' as _dlt_load_id"
        f" from {TABLE} where _dlt_load_id = '{load}' group by _slice_key"
    )
    connection.execute(
        "insert into analytics_report_segments by name select * replace ("
        f"'made-{number:05}' as instance_id, 'made-{number:05}-0000' as segment_id,"
        f" date '{processed}' as processing_date, {rows} as row_count, '{load}' as _dlt_load_id)"
        f" from analytics_report_segments where report_name = '{REPORT}' limit 1"
    )
    connection.execute(
        f"insert into _dlt_loads by name select * replace ('{load}' as load_id) from _dlt_loads"
        " limit 1"
    )


@contextmanager
def _warehouse(database: Path) -> Iterator[Warehouse]:
    os.environ["DESTINATION__DUCKDB__CREDENTIALS"] = str(database)
    with fresh_folder() as folder:
        warehouse = Warehouse(make_pipeline("duckdb", SHOWN, folder), SHOWN)
        with opened(warehouse):
            yield warehouse
    del os.environ["DESTINATION__DUCKDB__CREDENTIALS"]


if __name__ == "__main__":
    main(views)
