"""Postgres: a session that reads for long keeps nobody waiting, and is named if it has to."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from tests.asking import StartApple
from tests.emulator import World
from tests.faults.processes import RAW, differing, finish, run, start
from tests.faults.test_postgres import (  # noqa: F401  # pytest finds fixtures by their names
    TO_POSTGRES,
    Postgres,
    database,
    server,
)
from tests.faults.test_users_tables_postgres import change
from tests.worlds import (
    APPS,
    CRASHES,
    TODAY,
    Row,
    add_vintages,
    crash_rows,
    world_with_reports,
)

psycopg2 = pytest.importorskip("psycopg2")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.nightly,
    pytest.mark.xdist_group("postgres"),
    pytest.mark.timeout(300),
]
VIEW = "app_store_connect.app_crashes_daily"
KEY = "view app_crashes_daily"
DEFINED = f"{RAW}.analytics_definitions"
OTHER = "Other Report"
EVERY_REPORT = (*TO_POSTGRES, "--report", "*")


def small_world() -> World:
    world = world_with_reports(CRASHES, OTHER, app_ids=APPS[:1])
    add_vintages(world, world.report(APPS[0], CRASHES), days=2)
    return world


def newest_of(world: World, report: str, rows: list[Row]) -> None:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    world.add_instance(
        world.report(APPS[0], report), "DAILY", TODAY, [rows], id=f"zz-{report}", columns=columns
    )


def restate(world: World, **new: str) -> None:
    """Newer instances of both reports; that of the crashes with the columns that Apple added."""
    rows = crash_rows(APPS[0], TODAY - timedelta(days=1), 3)
    newest_of(world, CRASHES, [{**row, **new} for row in rows])
    newest_of(world, OTHER, [{"Date": TODAY.isoformat(), "Counts": "7"}])


@contextmanager
def reader(database: Postgres) -> Iterator[int]:  # noqa: F811
    """A session that has read the view and is idle in its transaction; the number of its process.

    While it is there others may ask; at the end it has ended too.
    """
    connection = psycopg2.connect(database.address, application_name="a dashboard")
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"select count(*) from {VIEW}")
            yield connection.info.backend_pid
    finally:
        connection.close()


def others(database: Postgres) -> list[tuple[object, ...]]:  # noqa: F811
    return database.query(f"select counts from {RAW}.other_report_daily")


def test_nothing_to_change_waits_for_nobody(
    database: Postgres,  # noqa: F811
    start_apple: StartApple,
) -> None:
    """New rows do not touch the view: no statement of the run waits for the reader."""
    world = small_world()
    apple = start_apple(world)
    run(apple, *EVERY_REPORT)
    restate(world)
    with reader(database), waits(database) as seen:
        code, out, err = run(apple, *EVERY_REPORT)

    assert 0 == code, out + err
    assert [] == seen
    assert [] == differing(database, world)
    assert [(7,)] == others(database)


@contextmanager
def waits(database: Postgres) -> Iterator[list[str]]:  # noqa: F811
    """The statements that are seen to wait for a lock meanwhile, asked ten times a second."""
    seen: list[str] = []
    ended = threading.Event()
    connection = psycopg2.connect(database.address)
    connection.autocommit = True

    def look() -> None:
        with connection.cursor() as cursor:
            while not ended.wait(0.1):
                cursor.execute(
                    "select query from pg_stat_activity where wait_event_type = 'Lock'"
                    " and datname = current_database()"
                )
                seen.extend(query for (query,) in cursor.fetchall())

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield seen
    finally:
        ended.set()
        looking.join()
        connection.close()


@pytest.mark.parametrize(
    "made", ["schema app_store_connect", f"table {DEFINED} (name text, digest text)"]
)
def test_two_runs_make_it_in_one_moment(
    made: str,
    database: Postgres,  # noqa: F811
    start_apple: StartApple,
) -> None:
    """Postgres refuses the second one, `if not exists` or not; that run tries again."""
    world = small_world()
    apple = start_apple(world)
    connection = psycopg2.connect(database.address)
    with connection, connection.cursor() as cursor:
        cursor.execute(f"create schema {RAW}")
    with waits(database) as seen, connection.cursor() as cursor:
        cursor.execute(f"create {made}")  # by another run, which has not committed yet
        process = start(apple, *TO_POSTGRES)
        while not seen and process.poll() is None:
            time.sleep(0.05)
        connection.commit()
        code, out, err = finish(process)
    connection.close()

    assert ["create"] == [each.split()[0].casefold() for each in seen][:1]
    assert 0 == code, out + err
    assert [] == differing(database, world)


def test_reader_in_the_way_of_a_column(database: Postgres, start_apple: StartApple) -> None:  # noqa: F811
    """A table that cannot get its new column is named with the process that holds it, exit 1
    within a minute; all else is loaded. Without the reader the next run loads it.
    """
    world = small_world()
    apple = start_apple(world)
    run(apple, *EVERY_REPORT)
    restate(world, New="x")
    with reader(database) as process:
        code, out, err = run(apple, "--json", *EVERY_REPORT)
    summary = json.loads(out)
    loaded = others(database)
    again, *said = run(apple, *EVERY_REPORT)

    assert 1 == code, out + err
    assert summary["seconds"] < 60
    (failure,) = summary["failures"]
    assert f"app_crashes_daily: it is in use by process {process} of asc" in failure["why"]
    assert "a dashboard" in failure["why"]
    assert [(7,)] == loaded
    assert 0 == again, said
    assert [] == differing(database, world)
    assert [("x",)] == database.query(f"select distinct new from {VIEW} where new is not null")


def test_reader_in_the_way_of_a_view(database: Postgres, start_apple: StartApple) -> None:  # noqa: F811
    """A view that is to be another one, as after an update of the job, is named in the same way;
    rows are loaded, and it shows them. Without the reader the next run makes it.
    """
    world = small_world()
    apple = start_apple(world)
    run(apple, *EVERY_REPORT)
    restate(world)
    change(database, f"update {DEFINED} set digest = 'of an earlier version' where name = '{KEY}'")
    with reader(database) as process:
        code, out, err = run(apple, "--json", *EVERY_REPORT)
    summary = json.loads(out)
    shown, stored = differing(database, world), digests(database)
    again, *said = run(apple, *EVERY_REPORT)

    assert 1 == code, out + err
    assert summary["seconds"] < 60
    (failure,) = summary["failures"]
    assert f"the view {VIEW}" == failure["what"]
    assert f"it is in use by process {process} of asc" in failure["why"]
    assert ([], [("of an earlier version",)]) == (shown, stored)
    assert [(7,)] == others(database)
    assert 0 == again, said
    assert [("of an earlier version",)] != digests(database)


def digests(database: Postgres) -> list[tuple[object, ...]]:  # noqa: F811
    return database.query(f"select digest from {DEFINED} where name = '{KEY}'")
