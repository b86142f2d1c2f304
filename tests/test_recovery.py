"""What a dead run leaves behind is never shown, and is gone after the next run."""

from datetime import timedelta

import duckdb
import pytest

from tests.asking import StartApple
from tests.conftest import Job
from tests.emulator import Fault
from tests.worlds import CRASHES, TODAY, add_vintages, differences, overlapping_world

RAW = "app_store_connect_raw"
VIEW = "app_store_connect.app_crashes_daily"
RECORDED = "1000000000.5"
TABLES = ("app_crashes_daily", "analytics_report_segments", "analytics_slices")


def copied(table: str, load_id: str) -> str:
    """A statement: all rows once more, as another load would have brought them."""
    key = "" if table == "analytics_report_segments" else ", _slice_key - 1000000 as _slice_key"
    return (
        f"insert into {RAW}.{table} select * replace ('{load_id}' as _dlt_load_id{key})"
        f" from {RAW}.{table}"
    )


def change(job: Job, *statements: str) -> None:
    with duckdb.connect(str(job.database)) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.mark.slow
@pytest.mark.parametrize("dead", ["1000000000.5", "9000000000.5"], ids=["older", "newer"])
def test_rows_of_an_unfinished_load_are_invisible_and_swept(
    dead: str, start_apple: StartApple, job: Job
) -> None:
    """Rows and ledger of a load that never completed count for nothing, at any moment."""
    world = overlapping_world()
    apple = start_apple(world)
    job.run(apple)
    shown = job.query(f"select * from {VIEW} order by all")
    change(
        job,
        *(copied(table, dead) for table in TABLES),
    )
    shown_then = job.query(f"select * from {VIEW} order by all")
    job.run(apple)

    assert shown == shown_then
    assert [(0,)] == job.query(
        f"select count(*) from {RAW}.app_crashes_daily where _dlt_load_id = '{dead}'"
    )
    assert [] == differences(job, world)


@pytest.mark.slow
def test_replaced_rows_are_invisible_and_swept(start_apple: StartApple, job: Job) -> None:
    """Of several loads of a segment the latest counts, from the moment it is complete."""
    world = overlapping_world()
    apple = start_apple(world)
    job.run(apple)
    shown = job.query(f"select * from {VIEW} order by all")
    change(
        job,
        f"insert into {RAW}._dlt_loads select * replace ('{RECORDED}' as load_id)"
        f" from {RAW}._dlt_loads limit 1",
        *(copied(table, RECORDED) for table in TABLES),
    )
    shown_then = job.query(f"select * from {VIEW} order by all")
    job.run(apple)

    assert shown == shown_then
    assert [(0,)] == job.query(
        f"select count(*) from {RAW}.app_crashes_daily where _dlt_load_id = '{RECORDED}'"
    )


@pytest.mark.slow
def test_miscounted_successor_does_not_take_its_predecessor_along(
    start_apple: StartApple, job: Job
) -> None:
    """What a run did not come to check is removed before what it replaced, which shows again."""
    world = overlapping_world(days=2)
    apple = start_apple(world)
    job.run(apple)
    shown = job.query(f"select * from {VIEW} order by all")
    newest = list(world.instances.values())[-1]
    later = "cast(_dlt_load_id as decimal(20, 6)) + 1"
    change(
        job,
        f"insert into {RAW}.analytics_report_segments"
        f" select * replace ('x' as checksum, {later} as _dlt_load_id)"
        f" from {RAW}.analytics_report_segments where segment_id = '{newest.segments[0].id}'",
        f"insert into {RAW}._dlt_loads select * replace ({later.replace('_dlt_', '')} as load_id)"
        f" from {RAW}._dlt_loads where load_id = (select max(load_id) from {RAW}._dlt_loads)",
    )
    apple.fault(Fault("api", f"{newest.id}/segments", "not_found", times=None))
    job.run(apple)

    assert shown == job.query(f"select * from {VIEW} order by all")


@pytest.mark.slow
def test_clock_that_was_set_back(start_apple: StartApple, job: Job) -> None:
    """Loads of the future would win over what is loaded now: the run ends before it begins."""
    apple = start_apple(overlapping_world(days=1))
    job.run(apple)
    apple.forget()
    change(
        job,
        f"insert into {RAW}._dlt_loads select * replace ('9000000000.5' as load_id)"
        f" from {RAW}._dlt_loads limit 1",
    )
    result = job.run(apple)

    assert 2 == result.exit_code
    assert "set the clock right" in result.stderr
    assert [] == apple.exchanges


@pytest.mark.slow
def test_half_a_newest_load_is_repaired(start_apple: StartApple, job: Job) -> None:
    """A segment with fewer rows than its ledger says is taken out whole, and loaded again."""
    world = overlapping_world()
    apple = start_apple(world)
    job.run(apple)
    (key, instance_id) = job.query(
        f"select min(_slice_key), instance_id from {RAW}.analytics_slices group by all"
        " order by all limit 1"
    )[0]
    change(
        job,
        f"delete from {RAW}.app_crashes_daily where rowid in (select min(rowid)"
        f" from {RAW}.app_crashes_daily where _slice_key = {key})",
    )
    apple.forget()
    result = job.run(apple, "--recheck", "0")

    assert 1 == result.summary["instances"]
    assert len(world.instances[instance_id].segments) == len(apple.downloads)
    assert [] == differences(job, world)


@pytest.mark.slow
def test_doubled_rows_are_repaired(start_apple: StartApple, job: Job) -> None:
    """A package that was loaded twice shows in the count, and is loaded again, once."""
    world = overlapping_world(days=3)
    apple = start_apple(world)
    job.run(apple)
    change(job, f"insert into {RAW}.app_crashes_daily select * from {RAW}.app_crashes_daily")
    job.run(apple)

    assert [] == differences(job, world)


@pytest.mark.slow
def test_a_load_recorded_twice_is_counted_once(start_apple: StartApple, job: Job) -> None:
    """dlt may write a load into _dlt_loads twice; nothing is doubled by it."""
    world = overlapping_world(days=3)
    job.run(start_apple(world))
    change(job, f"insert into {RAW}._dlt_loads select * from {RAW}._dlt_loads")

    assert [] == differences(job, world)


@pytest.mark.slow
def test_views_appear_in_the_run_that_first_loads_a_report(
    start_apple: StartApple, job: Job
) -> None:
    """A report that comes later is readable at once, beside those that were there."""
    world = overlapping_world(days=2)
    apple = start_apple(world)
    job.run(apple)
    request = world.request("1500000001", "ONGOING")
    sessions = world.add_report(request, "App Sessions Standard", "APP_USAGE")
    row = {"Date": TODAY.isoformat(), "Sessions": "7"}
    world.add_instance(sessions, "DAILY", TODAY, [[row]])
    result = job.run(apple)

    assert ["app_crashes_daily", "app_sessions_standard_daily"] == result.summary["views"]
    assert [(7,)] == job.query("select sessions from app_store_connect.app_sessions_standard_daily")


@pytest.mark.slow
def test_freshness(start_apple: StartApple, job: Job) -> None:
    """Newest dates, gaps between them, and what Apple will delete before it is loaded."""
    world = overlapping_world(days=0)
    report = world.report("1500000001", CRASHES)
    add_vintages(world, report, days=3, window=2)
    old = TODAY - timedelta(days=30)
    rows = [{"Date": (old - timedelta(days=8)).isoformat(), "Crashes": "1"}]
    world.add_instance(report, "DAILY", old, [rows], id="loaded")
    world.add_instance(report, "DAILY", old, [b"broken"], id="waiting")
    result = job.run(start_apple(world))
    days = [TODAY - timedelta(days=age) for age in (0, 1, 5, 38)]
    missing = 2 + 23  # before the window of the old instance, and between it and the new ones

    assert 1 == result.exit_code
    assert [("App Crashes", "DAILY", *days[:3], missing, days[3], 1)] == job.query(
        "select report_name, granularity, newest_processing_date, newest_date,"
        " newest_complete_date, missing_dates, last_date_before_gap, expiring_instances"
        " from app_store_connect.data_freshness where app_id = 1500000001"
    )
