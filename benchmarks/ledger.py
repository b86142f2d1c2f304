"""ledger: nothing new on Postgres with a ledger of 20 million slices, beside one of 600 slices.

A run for 12 of 1,000 apps, as a unit on Dagster is: ten reports, of which each app has loaded
an instance of five dates a day, for 13 months.
"""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from app_store_connect.catalog import REPORTS
from app_store_connect.errors import to_install
from benchmarks.files import WINDOW_DAYS
from benchmarks.job import Apple, fresh_folder, run_job, served
from benchmarks.measure import Measured, Options, Result, compare, main, progress
from benchmarks.world import FIRST_APP, many_instances

SLICES = 20_000_000
APPS = 12
OTHER_UNITS = 83
"""Each of as many apps: with the unit that runs, 1,000 apps in all."""
RAW = "app_store_connect_raw"
_NAMES = [each.name for each in REPORTS if each.date_column == "Date"][:10]
_EVERY = [f"--report={name}" for name in _NAMES]
_ROW = {"date": "date - day", "_slice_key": "hashtextextended(prefix || _slice_key, 0)"}
_APP = "app_id + unit * 1000"
_OWN = {
    "instance_id": "prefix || instance_id",
    "segment_id": "prefix || segment_id",
    "processing_date": "processing_date - day",
    "app_id": _APP,
}
_LISTED = {"id": "prefix || id", "report_id": "unit || report_id"}
_CHANGED = {
    "analytics_report_segments": _OWN,
    "analytics_slices": _OWN | _ROW,
    "analytics_report_instances": _OWN | _LISTED,
    "analytics_instance_checks": _OWN,
}

_QUESTIONS = {
    "seconds_of_an_app": (
        "select date, sum(counts) from app_store_connect.app_downloads_standard_daily"
        f" where _app_id = {FIRST_APP} group by date order by date desc limit 30"
    ),
    "seconds_of_all_apps": (
        "select date, sum(counts) from app_store_connect.app_downloads_standard_daily"
        " group by date order by date desc limit 30"
    ),
    "seconds_of_data_freshness": "select * from app_store_connect.data_freshness",
}
"""Asked through the views of the large ledger."""


def ledger(options: Options) -> list[Result]:
    """Apple lists the same for both: the newest instance of each report of 12 apps."""
    try:
        from benchmarks.postgres_data import is_installed
    except ImportError:
        return [_not_run(f"psycopg2 is not installed here: {to_install('postgres')}")]
    if not is_installed():
        return [_not_run("Postgres is not installed here: apt-get install postgresql")]
    with fresh_folder() as files:
        return _measured(options, files)


def _measured(options: Options, files: Path) -> list[Result]:
    from benchmarks.postgres_data import connected, server

    rows = APPS * len(_NAMES)
    world = many_instances(
        files,
        apps=APPS,
        instances=rows,
        segments=1,
        rows=WINDOW_DAYS,
        reports=_NAMES,
        is_cached=False,
    )
    world = replace(world, budget=1_000_000)  # more runs than in an hour
    days = max(1, options.scaled(SLICES) // (rows * WINDOW_DAYS * (OTHER_UNITS + 1)))
    with served(world) as apple, fresh_folder() as folder, server() as address:
        with connected(address) as cursor:
            for name in ("small", "large"):
                cursor.execute(f"create database {name}")
        small, large = (address.replace("/postgres", f"/{name}") for name in ("small", "large"))
        for database in (small, large):
            _run(apple, folder, database)
        with connected(large) as cursor:
            held = _add_history(cursor, days)
        _run(
            apple, folder, large
        )  # makes the indexes, and compares all loads: it is the day's first
        found = compare(
            "ledger",
            f"nothing new for 12 apps, ledger of {held:,} slices; of {rows * WINDOW_DAYS}",
            lambda: _run(apple, folder, large),
            lambda: _run(apple, folder, small),
            runs=options.runs,
            bar=2.0,
        )
        with connected(large) as cursor:
            seconds = {what: _seconds(cursor, question) for what, question in _QUESTIONS.items()}
        return [replace(found, notes=found.notes | seconds)]


def _run(apple: Apple, folder: Path, database: str) -> Measured:
    settings = {"DESTINATION__POSTGRES__CREDENTIALS": database}
    options = ["--destination", "postgres", *_EVERY]
    measured = run_job(apple, folder, *options, settings=settings)
    progress(f"{database.rpartition('/')[2]}: {measured.wall:.2f} s {json.dumps(measured.extra)}")
    return measured


def _seconds(cursor: Any, question: str) -> float:
    begun = time.perf_counter()
    cursor.execute(question)
    cursor.fetchall()
    return time.perf_counter() - begun


def _add_history(cursor: Any, days: int) -> int:
    """Copies of all that the first run left, under other apps, instances, dates and loads."""
    cursor.execute(f"set search_path = {RAW}")
    cursor.execute(
        f"select indexname from pg_indexes where schemaname = '{RAW}'"
        " and not starts_with(indexname, '_dlt')"  # of constraints
    )
    for (index,) in cursor.fetchall():
        cursor.execute(f"drop index {index} cascade")
    cursor.execute("delete from analytics_definitions")
    cursor.execute(
        "create temporary table copies as select unit, day, unit || '-' || day || '-' as prefix,"
        " (1600000000 + day * 86400 + unit)::text as load"
        f" from generate_series(0, {OTHER_UNITS}) as unit, generate_series(1, {days}) as day"
        " order by day, unit"
    )
    for table, changed in {**_CHANGED, **dict.fromkeys(_report_tables(cursor), _ROW)}.items():
        _copy(cursor, table, changed)
    cursor.execute(
        "insert into _dlt_loads select load, schema_name, status, inserted_at, schema_version_hash"
        " from (select * from _dlt_loads limit 1) as one, copies"
    )
    cursor.execute("vacuum analyze")
    cursor.execute("select count(*) from analytics_slices")
    ((held,),) = cursor.fetchall()
    return int(held)


def _copy(cursor: Any, table: str, changed: dict[str, str]) -> None:
    cursor.execute(
        "select column_name from information_schema.columns"
        f" where table_schema = '{RAW}' and table_name = '{table}' order by ordinal_position"
    )
    values = changed | {"_dlt_load_id": "load"}
    columns = [name for (name,) in cursor.fetchall()]
    expressions = ", ".join(values.get(name, name) for name in columns)
    cursor.execute(f"create temporary table original as select * from {table}")
    cursor.execute(f"insert into {table} select {expressions} from copies, original")
    progress(f"{table}: {cursor.rowcount}")
    cursor.execute("drop table original")


def _report_tables(cursor: Any) -> list[str]:
    cursor.execute(
        "select table_name from information_schema.columns"
        f" where table_schema = '{RAW}' and column_name = '_slice_key'"
        " and table_name <> 'analytics_slices'"
    )
    return [name for (name,) in cursor.fetchall()]


def _not_run(reason: str) -> Result:
    return Result("ledger", "", "s", 0, 0, 0, 2.0, False, 0, not_run=reason)


if __name__ == "__main__":
    main(ledger)
