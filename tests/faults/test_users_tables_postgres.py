"""Postgres: users' tables stay, dropped ones come again, one view that cannot be made is named."""

import json
from typing import Any

import pytest

from tests.asking import StartApple
from tests.destinations.worlds import restate
from tests.faults.processes import differing, run
from tests.faults.test_postgres import (  # noqa: F401  # pytest finds fixtures by their names
    TO_POSTGRES,
    Postgres,
    database,
    server,
)
from tests.users_objects import DROPPED, LOST, MINE, SHOWN, TABLE
from tests.worlds import overlapping_world

psycopg2 = pytest.importorskip("psycopg2")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.nightly,
    pytest.mark.xdist_group("postgres"),
    pytest.mark.timeout(300),
]
JSON = ("--json", *TO_POSTGRES)


def change(database: Postgres, *statements: str) -> None:  # noqa: F811
    connection = psycopg2.connect(database.address)
    with connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()


def failures(out: str) -> list[dict[str, Any]]:
    return list(json.loads(out)["failures"])


def test_users_tables_stay(database: Postgres, start_apple: StartApple) -> None:  # noqa: F811
    """Tables and views of the user's are neither changed nor counted; nothing loaded is lost."""
    world = overlapping_world(days=2)
    apple = start_apple(world)
    run(apple, *TO_POSTGRES)
    change(database, *(statement for _, statement in MINE.values()))
    tables = [name for name, statement in MINE.values() if "create table" in statement]
    before = [sorted(database.query(f"select * from {name}"), key=repr) for name in tables]
    for instance in world.instances.values():
        instance.is_listed = False
    quiet = run(apple, *TO_POSTGRES)
    found = differing(database, world)
    for instance in world.instances.values():
        instance.is_listed = True
    restate(world)
    restated = run(apple, *TO_POSTGRES)

    assert (0, [], 0) == (quiet[0], found, restated[0]), quiet + restated
    assert before == [sorted(database.query(f"select * from {name}"), key=repr) for name in tables]
    assert [] == differing(database, world)


@pytest.mark.parametrize("case", DROPPED)
def test_dropped(case: str, database: Postgres, start_apple: StartApple) -> None:  # noqa: F811
    """What the user dropped is made again, and loaded again as far as Apple lists it."""
    world = overlapping_world(days=2)
    apple = start_apple(world)
    run(apple, *TO_POSTGRES)
    change(database, *(f"{each} cascade" if "drop" in each else each for each in parts(case)))
    code, out, err = run(apple, *TO_POSTGRES)

    assert 0 == code, out + err
    assert [] == differing(database, world)


def parts(case: str) -> list[str]:
    return DROPPED[case].split("; ")


@pytest.mark.parametrize("case", LOST)
def test_lost_for_good(case: str, database: Postgres, start_apple: StartApple) -> None:  # noqa: F811
    """Without it nothing tells what is loaded: one message says so, and nothing is deleted."""
    statement, words = LOST[case]
    apple = start_apple(overlapping_world(days=1))
    run(apple, *TO_POSTGRES)
    before = sorted(database.query(f"select * from {TABLE}"), key=repr)
    change(database, f"{statement} cascade")
    code, out, err = run(apple, *JSON)

    assert (1, 1) == (code, len(failures(out))), out + err
    assert words in failures(out)[0]["why"]
    assert before == sorted(database.query(f"select * from {TABLE}"), key=repr)


def test_what_is_built_on_a_view(database: Postgres, start_apple: StartApple) -> None:  # noqa: F811
    """A view that must be made anew, and that the user has built on, is named and stays; the others
    are made.
    """
    world = overlapping_world(days=2)
    apple = start_apple(world)
    run(apple, *TO_POSTGRES)
    change(
        database,
        f"drop view {SHOWN}.app_crashes_daily",
        f"create view {SHOWN}.app_crashes_daily as select 1 as of_another_shape",
        f"create view {SHOWN}.mine as select * from {SHOWN}.app_crashes_daily",
        f"drop view {SHOWN}.data_freshness",
    )
    code, out, err = run(apple, *JSON)
    (failure,) = failures(out)
    freshness = database.query(f"select count(*) from {SHOWN}.data_freshness")
    mine = database.query(f"select * from {SHOWN}.mine")
    change(database, f"drop view {SHOWN}.mine")
    again = run(apple, *TO_POSTGRES)

    assert (1, f"the view {SHOWN}.app_crashes_daily") == (code, failure["what"]), out + err
    assert "is built on it" in failure["why"]
    assert ([(2,)], [(1,)]) == (freshness, mine)
    assert (0, []) == (again[0], differing(database, world))
