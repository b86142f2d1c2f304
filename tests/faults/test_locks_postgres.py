"""Postgres: a session that reads for long keeps nobody waiting, and is named if it has to."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from app_store_connect.emulator import World
from tests.conftest import StartApple
from tests.faults.processes import differing, run
from tests.faults.test_postgres import (  # noqa: F401  # pytest finds fixtures by their names
    TO_POSTGRES,
    Postgres,
    database,
    server,
)
from tests.worlds import APPS, CRASHES, TODAY, add_vintages, crash_rows, world_with_reports

psycopg2 = pytest.importorskip("psycopg2")
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("postgres"), pytest.mark.timeout(300)]
VIEW = "app_store_connect.app_crashes_daily"


def small_world() -> World:
    world = world_with_reports(CRASHES, app_ids=APPS[:1])
    add_vintages(world, world.report(APPS[0], CRASHES), days=2)
    return world


def add_column(world: World) -> None:
    """A newer instance with a column that Apple added: the view has to be another one."""
    rows = [{**row, "New": "x"} for row in crash_rows(APPS[0], TODAY - timedelta(days=1), 3)]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    report = world.report(APPS[0], CRASHES)
    world.add_instance(report, "DAILY", TODAY, [rows], id="zz-newest", columns=columns)


@contextmanager
def reader(database: Postgres) -> Iterator[None]:  # noqa: F811
    """A session that has read the view and is idle in its transaction."""
    connection = psycopg2.connect(database.address, application_name="a dashboard")
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"select count(*) from {VIEW}")
            yield
    finally:
        connection.close()


def test_nothing_to_change_waits_for_nobody(
    database: Postgres,  # noqa: F811
    start_apple: StartApple,
) -> None:
    """New rows do not touch the view, so the run does not notice the reader."""
    world = small_world()
    apple = start_apple(world)
    run(apple, *TO_POSTGRES)
    rows = crash_rows(APPS[0], TODAY - timedelta(days=1), 3)
    world.add_instance(world.report(APPS[0], CRASHES), "DAILY", TODAY, [rows], id="zz-newest")
    with reader(database):
        code, out, err = run(apple, *TO_POSTGRES)

    assert 0 == code, out + err
    assert [] == differing(database, world)


def test_reader_in_the_way_is_named(database: Postgres, start_apple: StartApple) -> None:  # noqa: F811
    """What cannot be changed within ten seconds is named with the session that holds it, exit 1;
    the next run, without the reader, changes it.
    """
    world = small_world()
    apple = start_apple(world)
    run(apple, *TO_POSTGRES)
    add_column(world)
    with reader(database):
        code, out, err = run(apple, "--json", *TO_POSTGRES)
    summary = json.loads(out)
    again, *said = run(apple, *TO_POSTGRES)

    assert 1 == code, out + err
    assert summary["seconds"] < 60
    assert "a dashboard" in str(summary["failures"]), out
    assert 0 == again, said
    assert [] == differing(database, world)
    assert [("x",)] == database.query(f"select distinct new from {VIEW} where new is not null")
