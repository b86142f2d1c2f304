"""rerun: nothing new with a ledger of 300,000 segments, beside nothing new with one of 300."""

from pathlib import Path

import duckdb

from app_store_connect.catalog import REPORTS
from benchmarks.job import Apple, fresh_folder, run_job, served
from benchmarks.measure import Options, Result, compare, main
from benchmarks.world import many_instances

LEDGER = 300_000
APPS = 10
SEGMENTS = 3
"""Of an instance."""
HISTORY = "history-"
_RAW = "app_store_connect_raw"
_NAMES = [each.name for each in REPORTS if each.date_column == "Date"][:10]
_EVERY = [f"--report={name}" for name in _NAMES]
# Copies of what one instance left, processed a day before it, two days before, and so on.
_COPIES = {
    "analytics_report_segments": "replace (prefix || instance_id as instance_id,"
    " prefix || segment_id as segment_id, processing_date - days as processing_date,"
    " load as _dlt_load_id)",
    "analytics_slices": "replace (_slice_key - days * 1000000 as _slice_key,"
    " prefix || instance_id as instance_id, prefix || segment_id as segment_id,"
    " processing_date - days as processing_date, cast(date - days as date) as date,"
    " load as _dlt_load_id)",
    "analytics_report_instances": "replace (prefix || id as id,"
    " processing_date - days as processing_date, load as _dlt_load_id)",
}
_ROWS = (
    "replace (cast(date - days as date) as date, _slice_key - days * 1000000 as _slice_key,"
    " load as _dlt_load_id)"
)


def rerun(options: Options) -> list[Result]:
    """Apple lists the same in both: what was processed in the last days. The rest is history."""
    world = many_instances(
        options.cache,
        apps=APPS,
        instances=APPS * len(_NAMES),
        segments=SEGMENTS,
        rows=20,
        reports=_NAMES,
        age_days=3,
    )
    days = options.scaled(LEDGER, least=600) // len(world.segments) - 1
    with served(world) as apple, fresh_folder() as folder:
        small, large = folder / "small", folder / "large"
        for each in (small, large):
            run_job(apple, each, *_EVERY)
        _add_history(large / "asc_segments.duckdb", days)
        run_job(apple, large, *_EVERY)
        return [_compared(apple, small, large, (days + 1) * len(world.segments), options)]


def _compared(apple: Apple, small: Path, large: Path, ledger: int, options: Options) -> Result:
    return compare(
        "rerun",
        f"nothing new, ledger of {ledger:,} segments; of {APPS * len(_NAMES) * SEGMENTS:,}",
        lambda: run_job(apple, large, *_EVERY),
        lambda: run_job(apple, small, *_EVERY),
        runs=options.runs,
        bar=1.3,
    )


def _add_history(database: Path, days: int) -> None:
    history = (
        f"(select cast(range as integer) as days, '{HISTORY}' || range || '-' as prefix,"
        f" (1.6e9 + range)::varchar as load from range(1, {days + 1}))"
    )
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"use {_RAW}")
        copied = _COPIES | dict.fromkeys(_report_tables(connection), _ROWS)
        for name, replaced in copied.items():
            columns = f"{name}.* {replaced}"
            connection.execute(f"insert into {name} select {columns} from {name}, {history}")
        connection.execute(
            "insert into _dlt_loads select load, schema_name, status, inserted_at,"
            f" schema_version_hash from (select * from _dlt_loads limit 1), {history}"
        )


def _report_tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute(
        "select table_name from information_schema.columns"
        f" where table_schema = '{_RAW}' and column_name = '_slice_key'"
        " and table_name <> 'analytics_slices'"
    )
    return [name for (name,) in rows.fetchall()]


if __name__ == "__main__":
    main(rerun)
