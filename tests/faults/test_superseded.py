"""`--keep-superseded`: rows that newer instances replaced go, and what is shown stays as it is."""

import itertools
import shutil
import signal
from typing import Any

import duckdb
import pytest

from tests.asking import StartApple
from tests.conftest import KEYS, Job
from tests.emulator import Emulator, World
from tests.faults.exact import RAW
from tests.faults.processes import differing, dying, run
from tests.faults.test_postgres import (  # noqa: F401  # pytest finds fixtures by their names
    TO_POSTGRES,
    Postgres,
    database,
    server,
)
from tests.worlds import APPS, CRASHES, TODAY, Database, crash_rows, differences, overlapping_world

pytestmark = pytest.mark.usefixtures("impatient")
REMOVE = ("--keep-superseded", "0")
WRITES = r"(?i)^\s*(delete|update)"
EXECUTE = "app_store_connect.warehouse.connection:Warehouse.run"
TOLD = "select app_id, date, vintage, row_count, measure_total, is_shown"
RESTATEMENTS = f"{TOLD} from app_store_connect.restatements order by 1, 2, 3"
VIEW = "select * from app_store_connect.app_crashes_daily order by all"
COUNT = f"select count(*) from {RAW}.app_crashes_daily"
ORPHANS = (
    f"{COUNT} where _slice_key not in"
    f" (select _slice_key from {RAW}.analytics_slices where removed_on is null)"
)


def counted(database: Database, statement: str) -> int:  # noqa: F811
    ((count,),) = database.query(statement)
    return int(count)


def seen(database: Database) -> list[Any]:  # noqa: F811
    """What people see: the view, and what restatements tell."""
    return [sorted(map(str, database.query(each))) for each in (VIEW, RESTATEMENTS)]


@pytest.mark.slow
def test_rows_go_and_nothing_else_changes(start_apple: StartApple, job: Job) -> None:
    """Raw holds as many rows as the view shows; history is told as before; a run again does
    nothing, and newer instances replace what is left as ever.
    """
    world = overlapping_world(days=5)
    apple = start_apple(world)
    job.run(apple)
    before, all_rows = seen(job), counted(job, COUNT)
    first = job.run(apple, *REMOVE)
    after, left = seen(job), counted(job, COUNT)
    again = job.run(apple, *REMOVE)
    rows = crash_rows(APPS[0], TODAY, vintage=9)
    world.add_instance(world.report(APPS[0], CRASHES), "DAILY", TODAY, [rows], id="zz-newest")
    job.run(apple)

    assert (0, 0, 0) == (first.exit_code, again.exit_code, again.summary["segments"])
    assert before == after
    assert left == len(before[0]) < all_rows
    assert [] == differences(job, world)


@pytest.mark.slow
def test_rows_stay_as_long_as_is_said(
    start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the configuration, and counted from the processing date of the instance."""
    world = overlapping_world(days=5)
    apple = start_apple(world)
    job.run(apple)
    old = min(each.processing_date for each in world.instances.values())
    days = (TODAY - old).days
    found = []
    for keep in (days, days - 1, 0):
        monkeypatch.setenv(f"{KEYS}KEEP_SUPERSEDED_DAYS", str(keep))
        job.run(apple)
        found.append(counted(job, COUNT))
    removed = job.query(
        f"select distinct processing_date from {RAW}.analytics_slices where removed_on is not null"
    )

    assert found[0] > found[1] > found[2]
    assert {(TODAY,)} & set(removed) == set()


@pytest.mark.slow
def test_the_only_vintage_is_never_removed(start_apple: StartApple, job: Job) -> None:
    """A date that newer instances tell no more stays, however old its instance is."""
    world = overlapping_world(days=3)
    apple = start_apple(world)
    job.run(apple, *REMOVE)
    for instance in list(world.instances.values()):
        world.expire(instance)
    job.run(apple, *REMOVE)

    assert [] == differences(job, world)


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.timeout(300)
def test_killed_at_each_statement(start_apple: StartApple, job: Job) -> None:
    """SIGKILL after each statement that removes: nothing that is shown goes, and the next run
    removes what is left.
    """
    world = overlapping_world(days=4)
    apple = start_apple(world)
    job.run(apple)
    kept = job.database.with_suffix(".kept")
    shutil.copy(job.database, kept)
    before = seen(job)
    for number in itertools.count(1):
        shutil.copy(kept, job.database)
        job.database.with_name(f"{job.database.name}.wal").unlink(missing_ok=True)
        code, _, err = run(apple, *REMOVE, env=dying(f"{EXECUTE}:after:{number}", WRITES))
        if code == 0:
            break
        assert -signal.SIGKILL == code, err
        assert before == seen(job), number
        assert (0, before) == (job.run(apple, *REMOVE).exit_code, seen(job)), number
        assert (len(before[0]), 0) == (counted(job, COUNT), counted(job, ORPHANS)), number

    assert number > 5


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.xdist_group("postgres")
@pytest.mark.timeout(300)
def test_killed_at_each_statement_on_postgres(
    database: Postgres,  # noqa: F811
    start_apple: StartApple,
) -> None:
    """On Postgres a kill before the commit removes no rows; after it the rows stay removed."""
    world = overlapping_world(days=3)
    apple = start_apple(world)
    run(apple, *TO_POSTGRES)
    before, all_rows = seen(database), counted(database, COUNT)
    for number in itertools.count(1):
        at = dying(f"{EXECUTE}:after:{number}", WRITES)
        code, out, err = run(apple, *TO_POSTGRES, *REMOVE, env=at)
        assert before == seen(database), number
        if code == 0:
            break
        assert -signal.SIGKILL == code, out + err
        assert all_rows == counted(database, COUNT), number
    again = run(apple, *TO_POSTGRES, *REMOVE)

    assert number > 2
    assert 0 == again[0], again
    assert before == seen(database)
    assert (len(before[0]), 0) == (counted(database, COUNT), counted(database, ORPHANS))
    assert [] == differing(database, world)


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.xdist_group("postgres")
def test_killed_after_the_removal_on_postgres(
    database: Postgres,  # noqa: F811
    start_apple: StartApple,
) -> None:
    """A run that dies after the removal is committed changes no view."""
    world = overlapping_world(days=3)
    apple = start_apple(world)
    run(apple, *TO_POSTGRES)
    before = seen(database)
    end = dying("asc_pipeline.job.maintenance:remove_superseded:after:1")
    killed = run(apple, *TO_POSTGRES, *REMOVE, env=end)
    cut_off = seen(database), counted(database, COUNT)
    again = run(apple, *TO_POSTGRES, *REMOVE)

    assert (-signal.SIGKILL, 0) == (killed[0], again[0]), killed + again
    assert (before, len(before[0])) == cut_off
    assert (before, len(before[0])) == (seen(database), counted(database, COUNT))


def test_lake_refuses_it(
    start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files cannot lose rows: exit 2 before Apple is asked, with the reason."""
    monkeypatch.setenv("DESTINATION__FILESYSTEM__BUCKET_URL", str(job.database.parent / "lake"))
    apple: Emulator = start_apple(world_of_one_day())
    result = job.run(apple, "--destination", "filesystem", *REMOVE)

    assert 2 == result.exit_code
    assert "--keep-superseded removes rows" in result.stderr
    assert [] == apple.exchanges


def world_of_one_day() -> World:
    return overlapping_world(days=1)


@pytest.mark.slow
def test_dataset_of_an_earlier_version(start_apple: StartApple, job: Job) -> None:
    """Rows without slices are told by their table of dates: one line, and nothing is written."""
    apple = start_apple(world_of_one_day())
    job.run(apple)
    with duckdb.connect(str(job.database)) as connection:
        connection.execute(f"create table {RAW}.analytics_segment_dates (segment_id text)")
    before = all_of(job)
    apple.forget()
    result = job.run(apple)

    assert 2 == result.exit_code
    assert "load anew into another --dataset, or keep the earlier version" in result.stderr
    assert 1 == len(result.stderr.strip().splitlines()), result.stderr
    assert (before, []) == (all_of(job), apple.exchanges)


def all_of(job: Job) -> dict[str, list[Any]]:
    """The definition and the rows of each table and view."""
    names = job.query("select table_schema || '.' || table_name from information_schema.tables")
    made = job.query("select sql from duckdb_views() where not internal order by all")
    rows = {name: job.query(f"select * from {name} order by all") for (name,) in names}
    return {**rows, "views": made}
