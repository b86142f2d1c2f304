"""Units of a plan, each a process of its own, into one Postgres at the same time."""

import json
from typing import Any

import dlt
import pytest

import app_store_connect as asc
from tests.asking import StartApple
from tests.conftest import Job
from tests.faults.processes import RAW, finish, flaws, run, start
from tests.faults.test_postgres import (  # noqa: F401  # pytest finds fixtures by their names
    TO_POSTGRES,
    Postgres,
    database,
    server,
)
from tests.several_keys import (
    NORTH,
    SIX,
    SOUTH,
    UseKeys,
    world_of,
)

pytestmark = [pytest.mark.slow, pytest.mark.nightly, pytest.mark.xdist_group("postgres")]

VIEW = "app_store_connect.app_crashes_daily"
KEYS_TO_USE = ("--key", "north", "--key", "south")


def rows(asked: Any, table: str) -> list[tuple[Any, ...]]:
    """All rows but for the load, in one order."""
    schema, name = table.split(".")
    columns = asked.query(
        "select column_name from information_schema.columns"
        f" where table_schema = '{schema}' and table_name = '{name}' order by ordinal_position"
    )
    own = ("_dlt_load_id", "_slice_key")
    names = ", ".join(f'"{column}"' for (column,) in columns if column not in own)
    return sorted(asked.query(f"select {names} from {table}"), key=repr)


def test_six_units_equal_one_run(
    database: Postgres,  # noqa: F811
    job: Job,
    start_apple: StartApple,
    use_keys: UseKeys,
) -> None:
    """Over two keys, without a lock: each row once, as one run over both keys has them."""
    world = world_of(days=4)
    apple = start_apple(world, hourly_limit=12)  # an app needs eight
    use_keys(apple, north=(NORTH, SIX[:3]), south=(SOUTH, SIX[3:]))
    plan = run(apple, *TO_POSTGRES, *KEYS_TO_USE, "--plan", "--json")
    units = json.loads(plan[1])["units"]
    apple.budget.__init__(apple.clock, {"hour": 3600})  # type: ignore[misc]  # the next hour
    processes = []
    for unit in units:
        apps = [text for app_id in unit["app_ids"] for text in ("--app-id", app_id)]
        processes.append(start(apple, *TO_POSTGRES, "--key", unit["key"], *apps))
    ended = [finish(process, timeout=240) for process in processes]
    downloads = len(apple.downloads)
    single = job.run(apple, *KEYS_TO_USE)

    assert [("north", 1)] * 3 + [("south", 1)] * 3 == [
        (unit["key"], len(unit["app_ids"])) for unit in units
    ]
    assert [0] * 6 == [code for code, _, _ in ended], ended
    # where two units make the tables in the same moment, one of them loads again
    has_repeated = any("begun again" in out + error for _, out, error in ended)
    assert len(world.segments) == downloads or has_repeated, ended
    assert 0 == single.exit_code
    assert {} == flaws(database, world)
    views = asc.dataset(dlt.destinations.postgres(database.address))
    assert len(rows(database, VIEW)) == len(views["app_crashes_daily"].fetchall())
    for table in (VIEW, f"{RAW}.app_crashes_daily", "app_store_connect.data_freshness"):
        assert rows(job, table) == rows(database, table)
