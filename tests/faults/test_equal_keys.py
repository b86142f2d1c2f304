"""Two loads whose slice keys are equal: the later one is taken back, and made again with others."""

import signal
import subprocess
from collections.abc import Mapping
from datetime import timedelta

import pytest

from tests.asking import StartApple
from tests.conftest import Job
from tests.emulator import Emulator, World
from tests.faults.processes import (
    INJECT,
    RAW,
    differing,
    dying,
    finish,
    flaws,
    run,
    start,
)
from tests.faults.test_postgres import (  # noqa: F401  # pytest finds fixtures by their names
    TO_POSTGRES,
    Postgres,
    database,
    server,
)
from tests.worlds import APPS, Database, overlapping_world

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
SAME = INJECT / "same_microsecond.py"
LOADED_AGAIN = "they were removed and loaded again"


def started(
    apple: Emulator, app_id: str, *arguments: str, env: Mapping[str, str] | None = None
) -> "subprocess.Popen[str]":
    """A run for one app, whose first slice keys are those of every other such run."""
    return start(apple, "--app-id", app_id, *arguments, env=env, script=SAME)


def shared_keys(database: Database) -> list[tuple[object, ...]]:  # noqa: F811
    """Slice keys that more than one load has."""
    return database.query(
        f"select _slice_key from {RAW}.analytics_slices"
        " group by 1 having count(distinct _dlt_load_id) > 1"
    )


def small_world() -> World:
    return overlapping_world(days=2)


def test_one_after_the_other(start_apple: StartApple, job: Job) -> None:
    """The keys of the second run are those of the first: it says so, and loads again."""
    world = small_world()
    apple = start_apple(world)
    first = finish(started(apple, APPS[0]))
    second = finish(started(apple, APPS[1]))
    again = run(apple)

    assert (0, 0, 0) == (first[0], second[0], again[0]), first + second + again
    assert LOADED_AGAIN not in first[1]
    assert LOADED_AGAIN in second[1]
    assert ([], {}) == (shared_keys(job), flaws(job, world))


def test_killed_before_it_is_taken_back(start_apple: StartApple, job: Job) -> None:
    """The run that found equal keys dies before it removes them: the next run makes it good."""
    world = small_world()
    apple = start_apple(world)
    finish(started(apple, APPS[0]))
    mined = dying("asc_pipeline.truth.repair:remove_load:before:1")
    code, _, err = finish(started(apple, APPS[1], env=mined))
    equal = shared_keys(job)
    healthy = run(apple)

    assert -signal.SIGKILL == code, err
    assert equal
    assert 0 == healthy[0], healthy
    assert ([], {}) == (shared_keys(job), flaws(job, world))


@pytest.mark.xdist_group("postgres")
def test_at_the_same_time(database: Postgres, start_apple: StartApple) -> None:  # noqa: F811
    """Two runs at once: one of them at least loads again, and nothing is lost, doubled or mixed."""
    world = small_world()
    apple = start_apple(world, store_latency=timedelta(milliseconds=100))
    runs = [started(apple, each, *TO_POSTGRES) for each in APPS]
    ended = [finish(each) for each in runs]
    equal, wrong = shared_keys(database), differing(database, world)
    again = run(apple, *TO_POSTGRES)

    assert [0, 0] == [code for code, _, _ in ended], ended
    assert LOADED_AGAIN in ended[0][1] + ended[1][1]
    assert ([], []) == (equal, wrong)
    assert 0 == again[0], again
    assert {} == flaws(database, world)
