"""Commits: how much goes into one, and what is begun only once."""

import gc
import time
from datetime import timedelta
from typing import Any

import duckdb
import pyarrow
import pytest

from app_store_connect.extract.instance_reader import InstanceReader
from app_store_connect.extract.outcome import Attempt
from app_store_connect.instances import InstanceToLoad
from tests.asking import StartApple
from tests.conftest import KEYS, Job
from tests.emulator import Fault, rows_of
from tests.worlds import (
    APPS,
    CRASHES,
    PURCHASES,
    TODAY,
    add_vintage,
    crash_rows,
    differences,
    overlapping_world,
    world_with_reports,
)

RAW = "app_store_connect_raw"
LOADS = f"select count(distinct _dlt_load_id) from {RAW}.analytics_report_segments"


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize(
    ("limit", "value", "loads"),
    [
        pytest.param("BATCH_SEGMENTS", "1", range(2, 13), id="segments"),
        pytest.param("BATCH_MINUTES", "0.0001", range(2, 13), id="minutes"),
        pytest.param("BATCH_MINUTES", "1e-8", range(2, 13), id="no time at all"),
        pytest.param("BATCH_SEGMENTS", "500", range(1, 2), id="one-batch"),
    ],
)
def test_batches_are_bounded(
    limit: str,
    value: str,
    loads: range,
    start_apple: StartApple,
    job: Job,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A run of many segments is several commits, and ends in the same truth."""
    monkeypatch.setenv(f"{KEYS}WORKERS", "1")
    monkeypatch.setenv(KEYS + limit, value)
    world = overlapping_world(days=6)
    job.run(start_apple(world))

    assert [] == differences(job, world)
    assert job.query(LOADS)[0][0] in loads


@pytest.mark.slow
def test_what_cannot_be_loaded_keeps_nothing_else_back(start_apple: StartApple, job: Job) -> None:
    """One table that takes no rows: its instances are named, all others are loaded, once."""
    world = world_with_reports(CRASHES, PURCHASES, app_ids=APPS[:1])
    crashes, purchases = (world.report(APPS[0], each) for each in (CRASHES, PURCHASES))
    add_vintage(world, crashes, TODAY - timedelta(days=9))
    apple = start_apple(world)
    job.run(apple)
    add_vintage(world, crashes, TODAY - timedelta(days=3))
    for age in range(6):
        rows = [{"Date": TODAY.isoformat(), "App Apple Identifier": APPS[0], "Purchases": "1"}]
        world.add_instance(purchases, "DAILY", TODAY - timedelta(days=age), [rows])
    table = f"{RAW}.app_crashes_daily"
    with duckdb.connect(str(job.database)) as connection:
        connection.execute(
            f"drop schema app_store_connect cascade; alter table {table}"
            " alter column device type integer using 0"
        )
    broken = job.run(apple)
    loaded = job.query(
        f"select count(*) from {RAW}.analytics_report_segments where _dlt_load_id in"
        f" (select load_id from {RAW}._dlt_loads) and report_name = '{PURCHASES}'"
    )
    with duckdb.connect(str(job.database)) as connection:
        connection.execute(
            f"drop schema app_store_connect cascade; alter table {table}"
            " alter column device type text; "
            f"delete from {table}; delete from {RAW}.analytics_report_segments"
            " where report_name = 'App Crashes'"
        )
    healthy = job.run(apple)

    assert (1, [(6,)]) == (broken.exit_code, loaded)
    assert ["App Crashes DAILY of app"] == [
        each["what"][:24] for each in broken.summary["failures"]
    ]
    assert (0, 2) == (healthy.exit_code, healthy.summary["instances"])
    assert [] == differences(job, world)


@pytest.mark.slow
def test_instance_is_never_split(
    start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All segments of an instance are in one load, also where a batch is smaller than it."""
    monkeypatch.setenv(f"{KEYS}BATCH_SEGMENTS", "1")
    world = overlapping_world(days=4, parts=3)
    job.run(start_apple(world))

    assert [(1,)] == job.query(
        "select max(loads) from (select count(distinct _dlt_load_id) as loads"
        f" from {RAW}.analytics_report_segments group by instance_id)"
    )


@pytest.mark.slow
def test_large_segment_is_counted_whole(start_apple: StartApple, job: Job) -> None:
    """Rows, dates and ledger agree for a file of many Arrow batches."""
    world = world_with_reports(CRASHES, app_ids=APPS[:1])
    rows = crash_rows(APPS[0], TODAY, vintage=1) * 50_000
    world.add_instance(world.report(APPS[0], CRASHES), "DAILY", TODAY, [rows])
    result = job.run(start_apple(world))

    assert 200_000 == result.summary["rows"]
    for table, column in (
        ("app_crashes_daily", "count(*)"),
        ("analytics_report_segments", "sum(row_count)"),
        ("analytics_slices", "sum(row_count)"),
    ):
        assert [(200_000,)] == job.query(f"select {column} from {RAW}.{table}")


def test_instance_listed_twice_is_loaded_once(start_apple: StartApple, job: Job) -> None:
    """Apple's list may repeat an instance; its rows are there once."""
    world = overlapping_world(days=3)
    report = world.report(APPS[0], CRASHES)
    report.instances.append(report.instances[0])
    apple = start_apple(world)
    job.run(apple)
    in_files = sum(len(rows_of(each)) for each in world.instances.values())

    assert [(in_files,)] == job.query(f"select count(*) from {RAW}.app_crashes_daily")
    assert [] == differences(job, world)


@pytest.mark.slow
def test_known_instance_costs_one_request(start_apple: StartApple, job: Job) -> None:
    """--instance-id of an instance that an earlier run saw asks for its segments alone."""
    world = overlapping_world(days=3)
    chosen = world.report(APPS[0], CRASHES).instances[0]
    apple = start_apple(world)
    job.run(apple)
    apple.forget()
    result = job.run(apple, "--instance-id", chosen.id)

    assert 0 == result.exit_code
    assert [f"/v1/analyticsReportInstances/{chosen.id}/segments"] == [
        each.path for each in apple.exchanges
    ]
    assert [] == apple.downloads


def test_instances_are_loaded_oldest_first(
    start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Apple deletes next is saved first, over all apps."""
    monkeypatch.setenv(f"{KEYS}WORKERS", "1")
    world = world_with_reports(CRASHES)
    for app_id, age in zip(APPS * 2, (1, 3, 2, 0), strict=True):
        add_vintage(world, world.report(app_id, CRASHES), TODAY - timedelta(days=age))
    apple = start_apple(world)
    job.run(apple)
    asked = [each.path.split("/")[3] for each in apple.exchanges if "/segments" in each.path]

    assert sorted(asked, key=lambda each: world.instances[each].processing_date) == asked


@pytest.mark.parametrize(
    ("name", "value", "must"),
    [
        ("WORKERS", "many", "a whole number, and is 'many'"),
        ("BATCH_MINUTES", "long", "a number, and is 'long'"),
        ("RESTATEMENT", "all", "a table, and is 'all'"),
        ("BATCH_MEGABYTES", "0", "more than 0 and at most"),
        ("BATCH_MINUTES", "-1", "more than 0 and at most"),
        ("BACKOFF_SECONDS", "-1", "0 or more and at most 3,600, and is -1.0"),
        *(
            (name, value, "and at most")
            for name in (
                "BATCH_MINUTES",
                "MAX_INFLATED_GIGABYTES",
                "SWEEP_AFTER_HOURS",
                "REQUEST_TIMEOUT_SECONDS",
                "BACKOFF_SECONDS",
            )
            for value in ("nan", "inf", "1e300")
        ),
        ("REQUEST_TIMEOUT_SECONDS", "1e10", "at most 86,400, and is 10000000000.0"),
        ("WORKERS", "1000000", "at most 1,000, and is 1000000"),
    ],
)
def test_limit_that_is_none_is_exit_2(
    name: str,
    value: str,
    must: str,
    start_apple: StartApple,
    job: Job,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The message names the key, and a run without end is not begun."""
    monkeypatch.setenv(KEYS + name, value)
    result = job.run(start_apple(overlapping_world(days=1)))

    assert 2 == result.exit_code
    assert result.stderr.startswith("Configuration: sources.app_store_connect.")
    assert f"{name.lower()} must be " in result.summary["error"]
    assert must in result.summary["error"]
    assert 1 == len(result.stderr.splitlines())


@pytest.mark.variants
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WORKERS", "1000"),
        ("BATCH_MINUTES", "1000000"),
        ("MAX_INFLATED_GIGABYTES", "1000000"),
        ("REQUEST_TIMEOUT_SECONDS", "86400"),
        ("BACKOFF_SECONDS", "3600"),
    ],
)
def test_largest_limit_is_taken(
    name: str, value: str, start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the bounds allow, the run can do."""
    monkeypatch.setenv(KEYS + name, value)

    assert 0 == job.run(start_apple(overlapping_world(days=1))).exit_code


@pytest.mark.slow
def test_failed_load_is_told_in_a_line(start_apple: StartApple, job: Job) -> None:
    """Why the destination took no rows, without the traceback that dlt puts around it."""
    world = overlapping_world(days=1)
    apple = start_apple(world)
    job.run(apple)
    with duckdb.connect(str(job.database)) as connection:
        connection.execute("drop schema app_store_connect cascade")
        connection.execute(
            "alter table app_store_connect_raw.app_crashes_daily"
            " alter column device type integer using 0"
        )
    for app_id in APPS:
        add_vintage(world, world.report(app_id, CRASHES), TODAY - timedelta(days=9))
    result = job.run(apple)
    reasons = [each["why"] for each in result.summary["failures"]]

    assert (1, 2) == (result.exit_code, len(reasons))
    for why in reasons:
        assert "Could not convert string" in why
        assert "Traceback" not in why + result.stderr


def test_what_is_written_is_let_go(start_apple: StartApple, job: Job) -> None:
    """No rows stay in memory until Python's collector comes by."""
    gc.disable()
    try:
        before = pyarrow.total_allocated_bytes()
        job.run(start_apple(overlapping_world(days=6)))
        kept = pyarrow.total_allocated_bytes() - before
    finally:
        gc.enable()

    assert 0 == kept


def test_what_an_instance_cannot_use_is_not_downloaded(
    start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After one segment failed none of its instance is loaded in this run, so no more is read."""
    monkeypatch.setenv(f"{KEYS}WORKERS", "1")
    monkeypatch.setenv(f"{KEYS}BACKOFF_SECONDS", "0")
    world = world_with_reports(CRASHES, app_ids=APPS[:1])
    report = world.report(APPS[0], CRASHES)
    bad, good = (add_vintage(world, report, TODAY - timedelta(days=age), parts=8) for age in (1, 0))
    apple = start_apple(world)
    folder = bad.segments[0].path.rpartition("/")[0]
    apple.fault(Fault("store", folder, "forbidden", times=None))
    result = job.run(apple)
    asked = {each.segment_id for each in apple.downloads if each.path.startswith(folder)}

    assert 1 == result.exit_code
    assert 1 == len(result.summary["failures"])
    assert 1 == len(asked)
    assert [(8,)] == job.query(
        f"select count(*) from {RAW}.analytics_report_segments where instance_id = '{good.id}'"
    )


@pytest.mark.slow
# dlt closes generators that those workers still execute, which Python refuses and only tells of
@pytest.mark.filterwarnings("ignore:Exception ignored in. <generator object")
def test_workers_of_a_failed_load_do_not_count(
    start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """dlt leaves workers behind that wait for a slow store, while their instance is begun again."""
    world = overlapping_world(days=1, parts=3)
    apple = start_apple(world)
    apple.fault(Fault("store", ".", "slow", times=None, delay=timedelta(seconds=3)))
    listed = InstanceReader._listed
    failures = iter([True])

    def fail_once(loader: InstanceReader, attempt: Attempt, item: InstanceToLoad) -> Any:
        if item.listed.app_id == APPS[1] and next(failures, False):
            time.sleep(0.5)  # until the downloads of the other app have begun
            raise ValueError("once")
        return listed(loader, attempt, item)

    monkeypatch.setattr(InstanceReader, "_listed", fail_once)
    result = job.run(apple)

    assert 0 == result.exit_code, result.summary
    assert 1 == str(result.summary["notices"]).count("begun again in parts")
    assert len(world.segments) == result.summary["segments"]
    assert [] == differences(job, world)
    gc.collect()  # or Python may tell of them in a later test


@pytest.mark.slow
def test_keys_that_another_writer_has_too(
    start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A load whose slices have keys of another load is taken back and made again: as if two writers
    had begun in the same microsecond.
    """
    world = overlapping_world(days=2)
    apple = start_apple(world)
    moments = [time.time_ns()]
    monkeypatch.setattr(time, "time_ns", lambda: moments[0])
    job.run(apple, "--app-id", APPS[0])
    clock = iter([moments[0], *range(moments[0] + 10**9, moments[0] + 10**12, 10**6)])
    monkeypatch.setattr(time, "time_ns", lambda: next(clock))
    result = job.run(apple)
    keys = f"select count(*), count(distinct _slice_key) from {RAW}.analytics_slices"

    assert 0 == result.exit_code
    assert "they were removed and loaded again" in str(result.summary["notices"])
    assert [True] == [count == distinct for count, distinct in job.query(keys)]
    assert [] == differences(job, world)
