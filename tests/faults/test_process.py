"""The job is killed or interrupted: what it shows stays true, the next run ends in the truth."""

import itertools
import json
import random
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from tests.asking import StartApple
from tests.conftest import KEYS, Job
from tests.emulator import Emulator, World, WorldInstance
from tests.faults.processes import (
    SMALL_BATCHES,
    dying,
    finish,
    flaws,
    run,
    start,
    wrong_views,
)
from tests.faults.random_kills import trial_of_kills
from tests.worlds import overlapping_world

LOAD, PACKAGES = "dlt.load.load:Load", "dlt.common.storages.load_package:PackageStorage"
JOB = "dlt.destinations.impl.duckdb.duck:DuckDbCopyJob.run"
BOUNDARIES = {
    "dlt's state is read": "dlt.pipeline.pipeline:Pipeline.sync_destination:after:1",
    "first rows are extracted": "dlt.extract.extractors:ArrowExtractor.write_items:after:3",
    "extracted, not committed": "dlt.extract.extract:Extract.commit_packages:before:1",
    "extracted": "dlt.pipeline.pipeline:Pipeline.extract:after:1",
    "extracted, second batch": "dlt.pipeline.pipeline:Pipeline.extract:after:2",
    "normalised": "dlt.pipeline.pipeline:Pipeline.normalize:after:1",
    "tables not made": f"{LOAD}.initialize_package:before:1",
    "tables made": f"{LOAD}.initialize_package:after:1",
    **{f"job {n} not run": f"{JOB}:before:{n}" for n in (1, 3)},
    **{f"job {n} run, not marked": f"{JOB}:after:{n}" for n in (1, 2, 3, 4)},
    **{f"job {n} marked": f"{PACKAGES}.save_pending_transition:after:{n}" for n in (1, 3)},
    **{f"job {n} moved": f"{PACKAGES}.complete_job:after:{n}" for n in (1, 3)},
    "load not recorded": f"{LOAD}.complete_package:before:1",
    "load not recorded, second": f"{LOAD}.complete_package:before:2",
    "load recorded, row": (
        "dlt.destinations.job_client_impl:SqlJobClientBase.complete_load:before:1"
    ),
    "load recorded": "dlt.destinations.job_client_impl:SqlJobClientBase.complete_load:after:1",
    "folder not renamed": (
        "dlt.common.storages.load_storage:LoadStorage.complete_load_package:before:1"
    ),
    "folder renamed": "dlt.common.storages.load_storage:LoadStorage.complete_load_package:after:1",
    "batch loaded": "dlt.pipeline.pipeline:Pipeline.load:after:1",
    "rows counted": "asc_pipeline.job.batches:Batches._load_batch:after:1",
    "all loaded": "asc_pipeline.job.batches:Batches.load:after:1",
}
FIRST_BOUNDARIES = (
    "dlt's state is read",
    "extracted",
    "tables not made",
    "tables made",
    "job 3 run, not marked",
    "load not recorded",
    "load recorded, row",
    "batch loaded",
)
TINY_BATCHES = {f"{KEYS}BATCH_SEGMENTS": "2", f"{KEYS}WORKERS": "1"}
EXECUTE = "app_store_connect.warehouse.connection:Warehouse.execute"
WRITES = r"(?i)^\s*(delete|create|drop)"


@pytest.fixture
def world() -> World:
    return overlapping_world(days=3)


@pytest.fixture
def apple(world: World, start_apple: StartApple) -> Emulator:
    return start_apple(world)


@pytest.mark.slow
@pytest.mark.parametrize("place", BOUNDARIES.values(), ids=BOUNDARIES)
def test_killed_at_a_boundary(place: str, world: World, apple: Emulator, job: Job) -> None:
    """SIGKILL between any two steps of dlt: the views are right at once, and the next run ends in
    the truth, each raw row once.
    """
    oldest = {each.report: each for each in reversed(world.instances.values())}.values()
    with hidden(world, [each for each in world.instances.values() if each not in oldest]):
        job.run(apple)
    code, _, err = run(apple, env=dying(place) | TINY_BATCHES)
    wrong = wrong_views(job, world)
    again = job.run(apple)

    assert (-signal.SIGKILL, []) == (code, wrong), err
    assert (0, {}) == (again.exit_code, flaws(job, world))


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("place", FIRST_BOUNDARIES)
def test_killed_in_the_first_run(place: str, world: World, apple: Emulator, job: Job) -> None:
    """The same where there is nothing yet: tables that nothing was loaded into are no hindrance."""
    code, _, err = run(apple, env=dying(BOUNDARIES[place]) | TINY_BATCHES)
    wrong = wrong_views(job, world) if job.database.exists() else []
    again = job.run(apple)

    assert (-signal.SIGKILL, []) == (code, wrong), err
    assert (0, {}) == (again.exit_code, flaws(job, world))


@contextmanager
def hidden(world: World, instances: list[WorldInstance]) -> Iterator[None]:
    for instance in instances:
        world.hide(instance)
    yield
    for instance in instances:
        world.reveal(instance)


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.timeout(300)
@pytest.mark.parametrize("change", ["a dead load", "new and re-published", "withdrawn"])
def test_killed_at_each_statement(change: str, world: World, apple: Emulator, job: Job) -> None:
    """SIGKILL before each statement of repairs and views: they show what they showed before the
    run, or what they show after it, nothing between.
    """
    prepare(change, world, apple, job)
    kept = job.database.with_suffix(".kept")
    shutil.copy(job.database, kept)
    shown_before = shown(job)
    assert 0 == run(apple, env=dying(f"{EXECUTE}:before:1000", WRITES))[0]
    allowed = (shown_before, shown(job))
    for number in itertools.count(1):
        shutil.copy(kept, job.database)
        job.database.with_name(f"{job.database.name}.wal").unlink(missing_ok=True)
        code, _, err = run(apple, env=dying(f"{EXECUTE}:before:{number}", WRITES))
        if code == 0:
            break
        assert -signal.SIGKILL == code, err
        assert shown(job) in allowed, number
        if number % 4 == 1:
            assert (0, {}) == (job.run(apple).exit_code, flaws(job, world)), number

    assert 10 < number < 60


def shown(job: Job) -> list[tuple[object, ...]]:
    return job.query(
        "select * exclude (_dlt_load_id) from app_store_connect.app_crashes_daily order by all"
    )


def prepare(change: str, world: World, apple: Emulator, job: Job) -> None:
    """A database, and a world that has gone on since it was loaded."""
    last = list(world.instances.values())[-1]
    if change == "new and re-published":
        world.hide(last)
    job.run(apple)
    if change == "new and re-published":
        world.reveal(last)
        again = list(world.instances.values())[-2].segments[0]
        world.republish(again, [{**row, "Crashes": "77"} for row in again.rows()])
    elif change == "withdrawn":
        del last.segments[1:]
    else:
        with duckdb.connect(str(job.database)) as connection:
            for table in ("app_crashes_daily", "analytics_report_segments", "apps"):
                connection.execute(
                    f"insert into app_store_connect_raw.{table} select * replace"
                    f" ('1000000000.5' as _dlt_load_id) from app_store_connect_raw.{table}"
                )


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.timeout(400)
def test_killed_at_random() -> None:
    """SIGKILL at random moments: see random_kills.py, which does this as often as it is told."""
    result = trial_of_kills(kills=12, seed=7)

    assert result.kills >= 12
    assert [] == result.flaws


SLOW = timedelta(milliseconds=150)


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("stage", "options"),
    [
        ("listing", {"latency": timedelta(seconds=1)}),
        ("downloads", {"store_latency": timedelta(seconds=1)}),
        ("budget", {"hourly_limit": 4}),
        ("loading", {}),
        ("dead store", {"store_latency": timedelta(seconds=100)}),
        ("dead API", {"latency": timedelta(seconds=100)}),
    ],
)
def test_signals_end_the_run(
    stage: str, options: dict[str, timedelta], start_apple: StartApple, job: Job
) -> None:
    """Ctrl-C and SIGTERM at any moment: 130 within 15 s, no traceback, nothing left, nothing
    wrong.
    """
    world = overlapping_world(days=4)
    apple = start_apple(world, **options)
    chance = random.Random(stage)  # noqa: S311  # moments, not secrets
    tries = 4 if "dead" in stage else 13
    for number in range(tries):
        with start(apple, env=SMALL_BATCHES) as process:
            wait_until_it_listens(process.pid)
            time.sleep(chance.uniform(0, 3.5))
            was_running = process.poll() is None
            process.send_signal(chance.choice([signal.SIGTERM, signal.SIGINT]))
            code, _, err = finish(process, timeout=15)
        assert not was_running or code in (130, 0), (number, err)
        assert "Traceback" not in err
        assert not job.database.exists() or [] == wrong_views(job, world)
        job.database.unlink(missing_ok=True)
    again = job.run(start_apple(world))

    assert (0, {}) == (again.exit_code, flaws(job, world))


@pytest.mark.slow
@pytest.mark.parametrize("gap", [0.02, 0.1, 0.25, 0.4])
def test_second_ctrl_c_has_one_answer(gap: float, start_apple: StartApple) -> None:
    """A run that is left behind, and ends a moment later, does not print its summary as well."""
    apple = start_apple(overlapping_world(days=6), store_latency=timedelta(seconds=0.4))
    with start(apple, "--json", env=TINY_BATCHES) as process:
        while not apple.downloads and process.poll() is None:
            time.sleep(0.05)
        for pause in (gap, 0):
            process.send_signal(signal.SIGINT)
            time.sleep(pause)
        code, out, err = finish(process, timeout=15)

    assert (130, 130) == (code, json.loads(out)["exit_code"]), err


def wait_until_it_listens(pid: int) -> None:
    """Python's own start takes a moment in which nobody hears a signal."""
    bit = 1 << (signal.SIGTERM - 1)
    while True:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
        caught = next((line for line in lines if line.startswith("SigCgt")), "SigCgt: 4000")
        if int(caught.split()[1], 16) & bit:
            return
        time.sleep(0.01)
