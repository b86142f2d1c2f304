"""The job keeps to its own tables and columns, and deletes nothing that could not come again."""

from datetime import timedelta
from typing import Any

import dlt
import duckdb
import pytest

from app_store_connect import app_store_connect_source
from tests.asking import StartApple
from tests.conftest import Job, Result
from tests.destinations.worlds import restate
from tests.emulator import World
from tests.users_objects import DROPPED, LEDGER, LOST, MINE, RAW, SHOWN, TABLE
from tests.worlds import (
    APPS,
    CRASHES,
    PURCHASES,
    TODAY,
    add_vintages,
    differences,
    overlapping_world,
    world_with_reports,
)

OWN_REPORT = "A Report Of The Future"


def change(job: Job, *statements: str) -> None:
    with duckdb.connect(str(job.database)) as connection:
        for statement in statements:
            connection.execute(statement)


def kept(job: Job, table: str) -> list[tuple[Any, ...]]:
    return job.query(f"select * from {table} order by all")


def notes(result: Result) -> list[str]:
    """Those of the counts of rows: that Apple lists no instance is another one."""
    others = ("no instances (yet)", "Apple lists for no app")
    return [text for text in result.summary["notices"] if not any(each in text for each in others)]


def unlist(world: World, *, but: int = 0) -> int:
    """Apple lists the older instances no more, as after 35 days. They stay true; says how many."""
    gone = sorted(world.instances.values(), key=world.rank)[: len(world.instances) - but]
    for instance in gone:
        instance.is_listed = False
    return len(gone)


def world_of_two_reports() -> World:
    """Two reports of one app: what happens to the crashes does not concern the purchases."""
    world = world_with_reports(CRASHES, PURCHASES, app_ids=APPS[:1])
    add_vintages(world, world.report(APPS[0], CRASHES), days=2)
    row = {"Date": TODAY.isoformat(), "App Apple Identifier": APPS[0], "Purchases": "3"}
    world.add_instance(world.report(APPS[0], PURCHASES), "DAILY", TODAY, [[row]])
    return world


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("case", MINE)
def test_users_tables_stay(case: str, start_apple: StartApple, job: Job) -> None:
    """A table or view of the user's is neither changed nor counted, in either schema; what Apple
    lists no more stays loaded beside it.
    """
    name, statement = MINE[case]
    is_view = statement.startswith("create view")
    world = overlapping_world(days=3)
    apple = start_apple(world)
    job.run(apple)
    change(job, statement)
    before = kept(job, name)
    unlist(world)
    apple.forget()
    quiet = job.run(apple)
    found = [differences(job, world), apple.downloads, notes(quiet)]
    for instance in world.instances.values():
        instance.is_listed = True
    restate(world)
    restated = job.run(apple)

    assert (0, 0) == (quiet.exit_code, restated.exit_code)
    assert [[], [], []] == found
    assert is_view or before == kept(job, name)
    assert [] == differences(job, world)


@pytest.mark.slow
@pytest.mark.nightly
def test_all_at_once(start_apple: StartApple, job: Job) -> None:
    """Many objects of the user's are as little a reason to stop as one."""
    world = overlapping_world(days=2)
    apple = start_apple(world)
    job.run(apple)
    change(job, *(statement for _, statement in MINE.values()))
    restate(world)

    assert 0 == job.run(apple).exit_code
    assert [] == differences(job, world)


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("report", [CRASHES, OWN_REPORT])
def test_users_columns_stay_out(report: str, start_apple: StartApple, job: Job) -> None:
    """A column that the user added to a report table dates no row, and is in no view."""
    world = world_with_reports(report, app_ids=APPS[:1])
    add_vintages(world, world.report(APPS[0], report), days=3)
    apple = start_apple(world)
    job.run(apple, "--report", report)
    (name,) = {each.report.name for each in world.instances.values()}
    table = name.lower().replace(" ", "_") + "_daily"
    shown = kept(job, f"{SHOWN}.{table}")
    change(
        job,
        f"alter table {RAW}.{table} add column a_date date",
        f"alter table {RAW}.{table} add column my_note text",
        f"update {RAW}.{table} set a_date = date '2020-01-01', my_note = 'mine'",
    )
    result = job.run(apple, "--report", report)

    assert 0 == result.exit_code
    assert shown == kept(job, f"{SHOWN}.{table}")
    assert [("mine",)] == job.query(f"select distinct my_note from {RAW}.{table}")


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("case", DROPPED)
def test_dropped(case: str, start_apple: StartApple, job: Job) -> None:
    """What the user dropped is made again, and loaded again as far as Apple lists it."""
    world = overlapping_world(days=3)
    apple = start_apple(world)
    job.run(apple)
    change(job, *DROPPED[case].split("; "))
    result = job.run(apple)
    apple.forget()
    again = job.run(apple)

    assert (0, 0, []) == (result.exit_code, again.exit_code, notes(again))
    assert ([], []) == (differences(job, world), apple.downloads)


@pytest.mark.slow
@pytest.mark.nightly
def test_dropped_and_no_longer_listed(start_apple: StartApple, job: Job) -> None:
    """A note counts the instances that Apple lists no more, and names the first of them."""
    world = overlapping_world(days=5)
    apple = start_apple(world)
    job.run(apple)
    change(job, f"drop table {TABLE}")
    gone = unlist(world, but=4)
    result = job.run(apple)
    (note,) = notes(result)

    assert (0, 4) == (result.exit_code, result.summary["instances"])
    assert (
        f"10 loaded instances no longer have the rows that were loaded; 4 are loaded again, {gone}"
    )
    assert "app_crashes_daily: 10 loaded instances no longer have the rows" in note
    assert f"4 are loaded again, {gone} are not" in note
    assert f"App Crashes DAILY of app {APPS[0]}, processed {TODAY - timedelta(days=4)}" in note
    assert f"and {gone - 3} more" in note


@pytest.mark.slow
@pytest.mark.nightly
def test_dropped_column(start_apple: StartApple, job: Job) -> None:
    """A column of Apple's comes back empty, and a note says how to fill it."""
    apple = start_apple(overlapping_world(days=2))
    job.run(apple)
    change(job, f"alter table {TABLE} drop column crashes")
    result = job.run(apple)

    assert 0 == result.exit_code
    assert "app_crashes_daily had lost crashes" in notes(result)[0]
    assert [(None,)] == job.query(f"select distinct crashes from {SHOWN}.app_crashes_daily")


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("case", LOST)
def test_lost_for_good(case: str, start_apple: StartApple, job: Job) -> None:
    """Without it nothing tells what is loaded: the run says so and what to do, deletes nothing, and
    the next step that it names helps.
    """
    statement, words = LOST[case]
    world = overlapping_world(days=2)
    apple = start_apple(world)
    job.run(apple)
    change(job, statement)
    before = kept(job, TABLE)
    result = job.run(apple)
    failures = [each["why"] for each in result.summary["failures"]]

    assert (1, 1) == (result.exit_code, len(failures))
    assert words in failures[0]
    assert "to load again what Apple still lists" in failures[0] or "drop it" in failures[0]
    assert before == kept(job, TABLE)
    table = failures[0].split()[2] if "drop it" in failures[0] else ""
    change(job, f"drop table {RAW}.{table}" if table else f"drop schema {RAW} cascade")
    assert 0 == job.run(apple).exit_code
    assert [] == differences(job, world)


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("column", ["_slice_key", "_dlt_load_id"])
def test_report_table_without_provenance(column: str, start_apple: StartApple, job: Job) -> None:
    """One table that cannot be loaded into is named with the next step; all others load."""
    world = world_of_two_reports()
    apple = start_apple(world)
    job.run(apple)
    change(job, f"alter table {TABLE} drop column {column}")
    row = {"Date": TODAY.isoformat(), "App Apple Identifier": APPS[0], "Purchases": "5"}
    newest = next(each for each in world.instances.values() if each.report.name == PURCHASES)
    world.republish(newest.segments[0], [row])
    result = job.run(apple)
    failure = result.summary["failures"][0]  # its view may be the second

    assert (1, f"the table app_crashes_daily of {RAW}") == (result.exit_code, failure["what"])
    assert f"has lost {column}" in failure["why"]
    assert "rename or drop it" in failure["why"]
    assert [(5,)] == job.query(f"select purchases from {SHOWN}.app_store_purchases_standard_daily")
    change(job, f"alter table {TABLE} rename to my_old")
    assert 0 == job.run(apple).exit_code
    assert [] == differences(job, world)


TORN = {
    "rows missing": f"delete from {TABLE} where rowid in (select max(rowid) from {TABLE})",
    "rows doubled": f"insert into {TABLE} from {TABLE} limit 1",
    "slices missing": f"delete from {RAW}.analytics_slices where segment_id in"
    f" (select min(segment_id) from {LEDGER})",
}


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("torn", TORN)
def test_newest_load_that_apple_lists_no_more(torn: str, start_apple: StartApple, job: Job) -> None:
    """Rows that differ from the ledger stay if nothing can replace them, and a note names them."""
    world = overlapping_world(days=2)
    apple = start_apple(world)
    job.run(apple)
    change(job, TORN[torn])
    before = [kept(job, table) for table in (TABLE, LEDGER)]
    unlist(world)
    results = [job.run(apple) for _ in range(2)]

    assert [0, 0] == [result.exit_code for result in results]
    for result in results:
        (note,) = notes(result)
        assert "1 loaded instances no longer have the rows" in note
        assert "stay as they are: App Crashes DAILY of app" in note
    assert before == [kept(job, table) for table in (TABLE, LEDGER)]


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("torn", TORN)
def test_torn_and_withdrawn_since(torn: str, start_apple: StartApple, job: Job) -> None:
    """What is loaded again replaces all of the instance, a segment that Apple withdrew too."""
    world = overlapping_world(days=2)
    apple = start_apple(world)
    job.run(apple)
    change(job, TORN[torn])
    for instance in world.instances.values():
        instance.segments.pop()
    result = job.run(apple, "--recheck", "0")
    job.run(apple)

    assert 0 == result.exit_code
    assert [] == differences(job, world)


@pytest.mark.slow
@pytest.mark.nightly
def test_replaced_rows_stay_until_the_new_ones_are_whole(start_apple: StartApple, job: Job) -> None:
    """Of two loads of a segment the older goes only when the later one is all there."""
    world = overlapping_world(days=2)
    apple = start_apple(world)
    job.run(apple)
    later = "cast(_dlt_load_id as decimal(20, 6)) + 1"
    change(
        job,
        f"insert into {LEDGER} select * replace ('x' as checksum, {later} as _dlt_load_id)"
        f" from {LEDGER}",
        f"insert into {RAW}.analytics_slices select * replace ({later} as _dlt_load_id,"
        f" _slice_key + 1000000 as _slice_key) from {RAW}.analytics_slices",
        f"insert into {TABLE} select * replace ({later} as _dlt_load_id,"
        f" _slice_key + 1000000 as _slice_key) from {TABLE} order by all limit 7",
        f"insert into {RAW}._dlt_loads select * replace ({later.replace('_dlt_', '')} as load_id)"
        f" from {RAW}._dlt_loads where load_id = (select max(load_id) from {RAW}._dlt_loads)",
    )
    unlist(world)
    result = job.run(apple)

    assert 0 == result.exit_code
    assert [] == differences(job, world)


@pytest.mark.slow
@pytest.mark.nightly
def test_rows_that_no_ledger_row_names(start_apple: StartApple, job: Job) -> None:
    """They are in no view, and nothing says that they could come again: they stay."""
    world = overlapping_world(days=2)
    apple = start_apple(world)
    job.run(apple)
    change(
        job,
        f"insert into {TABLE} select * replace (-_slice_key as _slice_key) from {TABLE}",
        f"delete from {LEDGER} where instance_id = (select min(instance_id) from {LEDGER})",
    )
    before = kept(job, TABLE)
    unlist(world)
    result = job.run(apple)

    assert (0, before) == (result.exit_code, kept(job, TABLE))


@pytest.mark.slow
@pytest.mark.nightly
def test_a_table_where_a_view_belongs(start_apple: StartApple, job: Job) -> None:
    """One view that cannot be made is named, with the next step; all others are made."""
    world = world_of_two_reports()
    apple = start_apple(world)
    job.run(apple)
    change(
        job,
        f"drop view {SHOWN}.app_crashes_daily",
        f"drop view {SHOWN}.app_store_purchases_standard_daily",
        f"create table {SHOWN}.app_crashes_daily as select 1 as mine",
        f"drop view {SHOWN}.data_freshness",
    )
    result = job.run(apple)
    (failure,) = result.summary["failures"]

    assert (1, f"the view {SHOWN}.app_crashes_daily") == (result.exit_code, failure["what"])
    assert "rename or drop" in failure["why"]
    assert ["app_store_purchases_standard_daily"] == result.summary["views"]
    assert [(1,)] == kept(job, f"{SHOWN}.app_crashes_daily")
    assert [(2,)] == job.query(f"select count(*) from {SHOWN}.data_freshness")
    change(job, f"drop table {SHOWN}.app_crashes_daily")
    assert 0 == job.run(apple).exit_code
    assert [] == differences(job, world)


@pytest.mark.slow
@pytest.mark.nightly
def test_a_table_where_freshness_belongs(start_apple: StartApple, job: Job) -> None:
    """The same of `data_freshness`."""
    world = overlapping_world(days=2)
    apple = start_apple(world)
    job.run(apple)
    change(
        job,
        f"drop view {SHOWN}.data_freshness",
        f"create table {SHOWN}.data_freshness as select 1 as mine",
    )
    result = job.run(apple)

    assert (1, [(1,)]) == (result.exit_code, kept(job, f"{SHOWN}.data_freshness"))
    assert [f"the view {SHOWN}.data_freshness"] == [
        each["what"] for each in result.summary["failures"]
    ]
    assert [] == differences(job, world)


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("schema", [None, "mine"])
def test_the_source_alone(schema: str | None, start_apple: StartApple, job: Job) -> None:
    """A plain `pipeline.run` keeps to its tables as well, and the job after it counts the tables of
    the ledger as its own, whatever the pipeline called its schema.
    """
    world = overlapping_world(days=2)
    apple = start_apple(world)
    job.use(apple)

    def load() -> None:
        destination = dlt.destinations.duckdb(str(job.database))
        pipeline = dlt.pipeline("alone", destination=destination, dataset_name=RAW)
        source = app_store_connect_source(reports=[CRASHES])
        if schema:
            source = source.clone(with_name=schema)
        pipeline.run(source).raise_on_failed_jobs()

    load()
    change(job, *(sql for name, sql in MINE.values() if name.startswith(RAW)))
    before = kept(job, f"{RAW}.my_backup")
    apple.forget()
    load()
    downloads = list(apple.downloads)
    restate(world)
    load()
    result = job.run(apple)

    assert ([], 0) == (downloads, result.exit_code)
    assert before == kept(job, f"{RAW}.my_backup")
    assert [] == differences(job, world)
