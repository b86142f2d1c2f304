"""The views show what is true, to the row: whatever was restated, repeated, withdrawn or late."""

import gzip
import random
from datetime import timedelta

import pytest

from tests.asking import StartApple
from tests.conftest import Job
from tests.emulator import Fault
from tests.worlds import (
    APPS,
    CRASHES,
    PURCHASES,
    TODAY,
    Row,
    add_vintage,
    add_vintages,
    crash_rows,
    differences,
    overlapping_world,
    raw_rows,
    shown_rows,
    world_with_reports,
)

RAW = "app_store_connect_raw.app_crashes_daily"
TRACED = raw_rows("app_crashes_daily")
VIEW = "app_store_connect.app_crashes_daily"


def test_views_equal_truth(start_apple: StartApple, job: Job) -> None:
    """Of overlapping instances the newest owns each date; twins stay, vanished rows go."""
    world = overlapping_world()
    result = job.run(start_apple(world))

    assert 0 == result.exit_code
    assert [] == differences(job, world)
    assert job.query(f"select count(*) from {RAW}") > job.query(f"select count(*) from {VIEW}")


def test_second_run_downloads_nothing(start_apple: StartApple, job: Job) -> None:
    """What the ledger has is neither downloaded nor loaded again."""
    world = overlapping_world()
    apple = start_apple(world)
    job.run(apple)
    rows = job.query(f"select * from {RAW} order by all")
    apple.forget()
    result = job.run(apple)

    assert [] == apple.downloads
    assert 0 == result.summary["segments"]
    assert rows == job.query(f"select * from {RAW} order by all")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_order_of_arrival_does_not_matter(seed: int, start_apple: StartApple, job: Job) -> None:
    """Instances that are listed in any order, over several runs, end in the same truth."""
    world = overlapping_world(days=5)
    instances = list(world.instances.values())
    random.Random(seed).shuffle(instances)  # noqa: S311  # an order, not a secret
    for instance in instances:
        world.hide(instance)
    apple = start_apple(world)
    found = []
    for start in range(0, len(instances), 4):
        for instance in instances[start : start + 4]:
            world.reveal(instance)
        job.run(apple)
        found += differences(job, world)

    assert [] == found


@pytest.mark.slow
def test_expired_instances_keep_their_rows(start_apple: StartApple, job: Job) -> None:
    """What Apple deletes after 35 days stays in the warehouse, and stays visible."""
    world = overlapping_world()
    apple = start_apple(world)
    job.run(apple)
    for instance in list(world.instances.values())[:6]:
        world.expire(instance)
    result = job.run(apple)

    assert 0 == result.exit_code
    assert [] == differences(job, world)


def test_republished_segment_replaces_its_rows(start_apple: StartApple, job: Job) -> None:
    """The same segment id under a new checksum: the old rows go, from the raw table too; that they
    were there stays told.
    """
    world = overlapping_world()
    apple = start_apple(world)
    job.run(apple)
    newest = max(world.instances.values(), key=world.rank)
    segment = newest.segments[0]
    rows = crash_rows(newest.report.request.app_id, TODAY - timedelta(days=1), vintage=9)
    world.republish(segment, rows)
    result = job.run(apple)

    assert 1 == result.summary["segments"]
    assert [] == differences(job, world)
    assert [(segment.checksum, len(rows))] == job.query(
        f"select _segment_checksum, count(*) from {TRACED} where _segment_id = '{segment.id}'"
        " group by all"
    )
    assert [(False, False), (True, True)] == job.query(
        "select is_shown, row_change is not null from app_store_connect.restatements"
        f" where instance_id = '{newest.id}' and date = '{TODAY - timedelta(days=1)}'"
        " order by vintage"
    )


@pytest.mark.slow
def test_recheck_ends_where_it_is_told_to(start_apple: StartApple, job: Job) -> None:
    """With --recheck 0 nothing that is loaded is listed again."""
    world = overlapping_world()
    apple = start_apple(world)
    job.run(apple)
    apple.forget()
    job.run(apple, "--recheck", "0")

    assert [] == [each.path for each in apple.exchanges if each.path.endswith("/segments")]


@pytest.mark.slow
def test_withdrawn_segment_goes(start_apple: StartApple, job: Job) -> None:
    """A segment that Apple no longer lists for a recent instance is taken out of both datasets."""
    world = overlapping_world()
    apple = start_apple(world)
    job.run(apple)
    newest = max(world.instances.values(), key=world.rank)
    gone = newest.segments.pop()
    result = job.run(apple)

    assert 0 == result.exit_code
    assert [] == differences(job, world)
    assert [(0,)] == job.query(f"select count(*) from {TRACED} where _segment_id = '{gone.id}'")


def test_one_processing_date_twice(start_apple: StartApple, job: Job) -> None:
    """Of two instances with one processing date the greater id owns the dates, and is the last
    vintage, whichever is loaded first.
    """
    world = overlapping_world(days=2)
    report = world.report(APPS[0], CRASHES)
    apple = start_apple(world)
    for instance_id in ("ffffffff-last", "00000000-first"):
        rows = crash_rows(APPS[0], TODAY - timedelta(days=1), vintage=len(instance_id))
        world.add_instance(report, "DAILY", TODAY, [rows], id=instance_id)
        job.run(apple)

    assert [] == differences(job, world)
    assert [("ffffffff-last",)] == job.query(
        "select instance_id from app_store_connect.restatements"
        f" where date = '{TODAY - timedelta(days=1)}' and app_id = {APPS[0]}"
        " order by vintage desc limit 1"
    )


def test_corrupt_newest_instance_leaves_the_one_before(start_apple: StartApple, job: Job) -> None:
    """One bad file keeps its whole instance back: the views go on with the one before."""
    world = world_with_reports(CRASHES, app_ids=APPS[:1])
    report = world.report(APPS[0], CRASHES)
    add_vintages(world, report, days=3)
    good = crash_rows(APPS[0], TODAY - timedelta(days=1), vintage=1)
    world.add_instance(report, "DAILY", TODAY, [good, b"not gzip"], id="zz-newest")
    result = job.run(start_apple(world))

    assert 1 == result.exit_code
    assert [1] == [len(result.summary["failures"])]
    assert "not a whole gzip file" in result.summary["failures"][0]["why"]
    assert [] == differences(job, world)
    assert [(0,)] == job.query(f"select count(*) from {TRACED} where _instance_id = 'zz-newest'")


@pytest.mark.slow
def test_rows_of_a_file_that_breaks_late_are_removed(start_apple: StartApple, job: Job) -> None:
    """A row of another width after many good ones: none of them stays behind."""
    world = world_with_reports(CRASHES, app_ids=APPS[:1])
    report = world.report(APPS[0], CRASHES)
    add_vintage(world, report, TODAY - timedelta(days=1))
    lines = ["Date\tCrashes", *[f"{TODAY}\t1"] * 400_000, f"{TODAY}\t1\ttoo many"]
    world.add_instance(
        report, "DAILY", TODAY, [gzip.compress("\n".join(lines).encode())], id="late"
    )
    result = job.run(start_apple(world))

    assert 1 == result.exit_code
    assert [(0,)] == job.query(f"select count(*) from {TRACED} where _instance_id = 'late'")
    assert [] == differences(job, world)


@pytest.mark.slow
def test_policy_can_be_overridden(
    start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report said to accumulate shows the rows of all its instances."""
    monkeypatch.setenv("SOURCES__APP_STORE_CONNECT__RESTATEMENT", '{"app crashes": "accumulate"}')
    job.run(start_apple(overlapping_world()))

    assert job.query(f"select count(*) from {RAW}") == job.query(f"select count(*) from {VIEW}")


@pytest.mark.slow
def test_policy_of_no_report_is_named(
    start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name with a slip in it would change nothing, without a word."""
    monkeypatch.setenv("SOURCES__APP_STORE_CONNECT__RESTATEMENT", '{"App Crahses": "accumulate"}')
    result = job.run(start_apple(overlapping_world(days=1)))

    assert 0 == result.exit_code
    assert "restatement: there is no report 'App Crahses'" in str(result.summary["notices"])


def test_rows_without_a_date_count_under_the_processing_date(
    start_apple: StartApple, job: Job
) -> None:
    """A file some of whose rows have no date is shown with them, instance by instance."""
    world = world_with_reports(CRASHES, app_ids=APPS[:1])
    report = world.report(APPS[0], CRASHES)
    for age in (2, 1):
        day = (TODAY - timedelta(days=5)).isoformat()
        rows: list[Row] = [{"Crashes": str(age)}, {"Date": day, "Crashes": str(10 * age)}]
        world.add_instance(report, "DAILY", TODAY - timedelta(days=age), [rows])
    job.run(start_apple(world))

    assert [(1,), (2,), (10,)] == job.query(f"select crashes from {VIEW} order by all")


def test_report_without_entry_can_follow_the_rule(
    start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report that is new to the catalogue and said to replace does so by the date of its rows,
    not by the loader's own.
    """
    monkeypatch.setenv("SOURCES__APP_STORE_CONNECT__RESTATEMENT", '{"our report": "replace"}')
    world = world_with_reports("Our Report", app_ids=APPS[:1])
    report = world.report(APPS[0], "Our Report")
    start = {"Start Date": (TODAY - timedelta(days=9)).isoformat()}
    for age in (3, 2, 1):
        rows = [{"Device": "iPhone", "Counts": str(age), **start}]
        world.add_instance(report, "DAILY", TODAY - timedelta(days=age), [rows])
    result = job.run(start_apple(world), "--report", "Our Report")

    assert 0 == result.exit_code
    assert [(1,)] == job.query("select counts from app_store_connect.our_report_daily")


@pytest.mark.slow
def test_snapshot_and_ongoing_follow_one_rule(start_apple: StartApple, job: Job) -> None:
    """A snapshot's instances compete with the ongoing ones by processing date."""
    world = overlapping_world(days=4)
    snapshot = world.add_request(APPS[0], "ONE_TIME_SNAPSHOT")
    report = world.add_report(snapshot, CRASHES, "APP_USAGE")
    history = [
        row for age in range(3, 40) for row in crash_rows(APPS[0], TODAY - timedelta(days=age), 5)
    ]
    world.add_instance(report, "DAILY", TODAY - timedelta(days=2), [history])
    job.run(start_apple(world))

    assert [] == differences(job, world)
    assert 37 <= len(shown_rows(job, APPS[0], CRASHES)) // 2


def test_files_without_rows_have_views_too(start_apple: StartApple, job: Job) -> None:
    """An app on which nothing happened yet has empty views, not missing ones."""
    world = world_with_reports(CRASHES, app_ids=APPS[:1])
    columns = ["Date", "App Apple Identifier", "Crashes"]
    world.add_instance(world.report(APPS[0], CRASHES), "DAILY", TODAY, [[]], columns=columns)
    result = job.run(start_apple(world))

    assert 0 == result.exit_code
    assert [(0,)] == job.query("select count(*) from app_store_connect.app_crashes_daily")


def test_freshness_warns_of_what_was_never_loaded(start_apple: StartApple, job: Job) -> None:
    """A report of which nothing could be loaded has a row, for what Apple will delete soon."""
    world = world_with_reports(CRASHES, PURCHASES, app_ids=APPS[:1])
    add_vintages(world, world.report(APPS[0], CRASHES), days=1)
    old = world.add_instance(
        world.report(APPS[0], PURCHASES), "DAILY", TODAY - timedelta(days=30), [[]]
    )
    apple = start_apple(world)
    apple.fault(Fault("api", f"{old.id}/segments", "not_found", times=None))
    job.run(apple)

    assert [(CRASHES, 0), (PURCHASES, 1)] == job.query(
        "select report_name, expiring_instances from app_store_connect.data_freshness order by all"
    )


@pytest.mark.slow
def test_date_under_another_name(start_apple: StartApple, job: Job) -> None:
    """A file that dates its rows by the date column of another report is restated all the same."""
    name = "App Store Subscription Event Report Standard"
    world = world_with_reports(name, app_ids=APPS[:1])
    day = TODAY - timedelta(days=5)
    for age in (2, 1, 0):
        row: Row = {"Date": day.isoformat(), "Counts": str(age)}
        processed = TODAY - timedelta(days=age)
        report = world.report(APPS[0], name)
        world.add_instance(report, "DAILY", processed, [[row]], columns=list(row))
    result = job.run(start_apple(world))

    assert 0 == result.exit_code
    assert [(day, 0)] == job.query(
        "select date, counts"
        " from app_store_connect.app_store_subscription_event_report_standard_daily"
    )


@pytest.mark.slow
@pytest.mark.variants
@pytest.mark.parametrize(
    ("column", "text"),
    [
        pytest.param("Day", "2026-11-20", id="no date column"),
        pytest.param("Date", "2026-11-20 00:00:00", id="no date that can be read"),
        pytest.param("Date", None, id="no date at all"),
    ],
)
def test_file_without_a_date(
    column: str, text: str | None, start_apple: StartApple, job: Job
) -> None:
    """Where newer instances replace dates, a file without one is named and shown nowhere."""
    world = world_with_reports(CRASHES, app_ids=APPS[:1])
    report = world.report(APPS[0], CRASHES)
    good = add_vintage(world, report, TODAY - timedelta(days=1))
    row: Row = {column: text, "Crashes": "5"}
    world.add_instance(report, "DAILY", TODAY, [[row, row]], columns=list(row))
    result = job.run(start_apple(world))

    assert 1 == result.exit_code
    assert 1 == len(result.summary["failures"])
    assert "none of its rows has a date" in result.summary["failures"][0]["why"]
    assert [(good.id,)] == job.query(f"select distinct _instance_id from {VIEW}")


@pytest.mark.slow
def test_report_without_dates_may_accumulate(
    start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report that is said to accumulate needs no dates."""
    monkeypatch.setenv("SOURCES__APP_STORE_CONNECT__RESTATEMENT", '{"mystery": "accumulate"}')
    world = world_with_reports("Mystery", app_ids=APPS[:1])
    report = world.report(APPS[0], "Mystery")
    for age in (1, 0):
        processed = TODAY - timedelta(days=age)
        world.add_instance(report, "DAILY", processed, [[{"Count": "5"}]], columns=["Count"])
    result = job.run(start_apple(world), "--report", "Mystery")

    assert 0 == result.exit_code
    assert "restatement" not in str(result.summary["notices"])
    assert [(10,)] == job.query("select sum(count) from app_store_connect.mystery_daily")


@pytest.mark.slow
def test_date_columns_that_come_and_go(start_apple: StartApple, job: Job) -> None:
    """A file with other date columns than those before hides none of their rows."""
    world = world_with_reports("Mystery", app_ids=APPS[:1])
    report = world.report(APPS[0], "Mystery")
    one, other = ((TODAY - timedelta(days=age)).isoformat() for age in (9, 8))
    rows: list[Row] = [
        {"Start Date": one, "Count": "5"},
        {"Start Date": one, "Date": other, "Count": "7"},
        {"Start Date": one, "Begin Date": other, "Count": "8"},
    ]
    apple = start_apple(world)
    found = []
    for age, row in zip((2, 1, 0), rows, strict=True):
        processed = TODAY - timedelta(days=age)
        world.add_instance(report, "DAILY", processed, [[row]], columns=list(row))
        job.run(apple, "--report", "Mystery")
        found.append(job.query("select count from app_store_connect.mystery_daily order by all"))

    assert [[(5,)], [(5,), (7,)], [(5,), (8,)]] == found
