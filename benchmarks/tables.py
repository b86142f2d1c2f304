"""tables: the views of 1,500 report tables made from nothing; nothing new in 150 reports."""

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import duckdb

from app_store_connect import tables as raw
from benchmarks.job import fresh_folder, run_job, served
from benchmarks.measure import Measured, Options, Result, bounded, main, measure
from benchmarks.world import many_instances

TABLES, REPORTS = 1500, 150
COLUMNS = 20
RAW = "app_store_connect_raw"
_MAKE_VIEWS = """
import time
from pathlib import Path
from app_store_connect.warehouse.connection import Warehouse
from app_store_connect.views.create import create_views
from asc_pipeline.dlt_pipeline.opening import opened
from asc_pipeline.dlt_pipeline.workspace import make_pipeline
pipeline = make_pipeline("duckdb", "app_store_connect", Path("pipelines"))
warehouse = Warehouse(pipeline, "app_store_connect")
with opened(warehouse):
    begun = time.perf_counter()
    print(len(create_views(warehouse)))
    print(time.perf_counter() - begun)
"""


def tables(options: Options) -> list[Result]:
    """Seconds, not a ratio: there is nothing to compare them with."""
    return [_views(options), _rerun(options)]


def _views(options: Options) -> Result:
    count = options.scaled(TABLES)
    with fresh_folder() as folder:
        file = folder / "empty.duckdb"
        _build(file, count)
        return bounded(
            "views of many tables",
            f"{count:,} views of {COLUMNS} columns, with comments, made in a new database",
            lambda: _make_views(folder, file, count),
            runs=options.runs,
            bar=5.0,
            value=lambda measured: measured.extra["seconds"],
        )


def _make_views(folder: Path, file: Path, count: int) -> Measured:
    shutil.copy(file, folder / "run.duckdb")
    environment = os.environ | {"DESTINATION__DUCKDB__CREDENTIALS": str(folder / "run.duckdb")}
    measured = measure([sys.executable, "-c", _MAKE_VIEWS], folder, environment)
    made, seconds = measured.stdout.split()
    if int(made) != count:
        raise RuntimeError(f"{made} views instead of {count}")
    return replace(measured, extra={"seconds": float(seconds)})


def _build(file: Path, count: int) -> None:
    """The raw tables, each named by a ledger row."""
    with duckdb.connect(str(file)) as database:
        database.execute(f"create schema {RAW}")
        database.execute(f"use {RAW}")
        for table in raw.OWN_TABLES:
            database.register("empty", table.arrow([], ""))
            database.execute(f"create table {table.name} as from empty")
        database.execute(f"create table {raw.LOADS} (load_id text, status bigint)")
        database.execute(f"insert into {raw.LOADS} values ('1', 0)")
        columns = ", ".join(f"column_{number} text" for number in range(COLUMNS))
        for number in range(count):
            database.execute(
                f"create table report_{number}_daily"
                f" ({columns}, {raw.SLICE_KEY} bigint, {raw.LOAD_ID} text)"
            )
        database.execute(
            f"insert into {raw.SEGMENTS.name} by name select 'i' || range as instance_id,"
            " 's' || range as segment_id, 'x' as checksum, 'Report ' || range as report_name,"
            " 'COMMERCE' as category, 'DAILY' as granularity, 1 as app_id, 0 as row_count,"
            f" 'report_' || range || '_daily' as table_name, '1' as {raw.LOAD_ID}"
            f" from range({count})"
        )


def _rerun(options: Options) -> Result:
    names = [f"Report {number:03}" for number in range(options.scaled(REPORTS))]
    world = many_instances(
        options.cache,
        apps=1,
        instances=len(names),
        segments=1,
        rows=20,
        reports=names,
        age_days=3,
    )
    with served(world) as apple, fresh_folder() as folder:
        run_job(apple, folder, "--report=*")
        return bounded(
            "rerun of many reports",
            f"nothing new in {len(names)} reports",
            lambda: run_job(apple, folder, "--report=*"),
            runs=options.runs,
            bar=4.0,
        )


if __name__ == "__main__":
    main(tables)
