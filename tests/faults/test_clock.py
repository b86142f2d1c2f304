"""The clock of a machine was wrong once: of two loads of a segment the later one still counts."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from app_store_connect.configuration.settings import read_configuration
from asc_pipeline.cli.progress import LogProgress
from asc_pipeline.job.runner import Run, Settings
from asc_pipeline.job.summary import Summary
from tests.asking import StartApple
from tests.conftest import KEYS, Job
from tests.emulator import World, WorldInstance
from tests.faults.exact import RAW, findings
from tests.worlds import APPS, CRASHES, TODAY, add_vintage, crash_rows, world_with_reports

pytestmark = pytest.mark.usefixtures("impatient")

WAITS = "the newest load lies in the future"


def small_world() -> tuple[World, WorldInstance]:
    world = world_with_reports(CRASHES, app_ids=APPS[:1])
    return world, add_vintage(world, world.report(APPS[0], CRASHES), TODAY, parts=2)


def republish(world: World, instance: WorldInstance) -> None:
    rows = crash_rows(APPS[0], TODAY - timedelta(days=1), vintage=9)
    world.republish(instance.segments[0], rows)


def lose(world: World, instance: WorldInstance) -> None:
    """Together with a new version of another one."""
    instance.segments.pop()
    republish(world, instance)


def move_loads(job: Job, seconds: float) -> None:
    """As if the clock had been so far ahead in the runs until now."""
    with duckdb.connect(str(job.database)) as connection:
        (newest,) = connection.execute(f"select max(load_id) from {RAW}._dlt_loads").fetchall()[0]
        then = str(time.time() + seconds)
        tables = connection.execute(
            "select table_name, column_name from information_schema.columns where"
            f" table_schema = '{RAW}' and column_name in ('_dlt_load_id', 'load_id')"
            " and table_name not like '\\_dlt\\_pipe%' escape '\\'"
        ).fetchall()
        for table, column in tables:
            connection.execute(
                f"update {RAW}.{table} set {column} = '{then}' where {column} = '{newest}'"
            )


@pytest.mark.slow
@pytest.mark.parametrize("change", [republish, lose])
def test_loads_of_the_near_future(
    change: Callable[[World, WorldInstance], None],
    start_apple: StartApple,
    job: Job,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The run waits until its own loads are later, says so, and what it loads is shown."""
    world, instance = small_world()
    apple = start_apple(world)
    job.run(apple)
    move_loads(job, 6)
    change(world, instance)
    result = job.run(apple)

    assert (0, []) == (result.exit_code, findings(job, world))
    assert WAITS in result.stderr


@pytest.mark.parametrize("ahead", ["400", "86400"])
def test_loads_of_the_far_future(ahead: str, start_apple: StartApple, job: Job) -> None:
    """Beyond what a run waits for it ends before it asks Apple, and changes nothing."""
    world, instance = small_world()
    apple = start_apple(world)
    job.run(apple)
    move_loads(job, float(ahead))
    republish(world, instance)
    apple.forget()
    before = job.query(f"select * from {RAW}.app_crashes_daily order by all")
    result = job.run(apple)

    assert (2, []) == (result.exit_code, apple.exchanges)
    assert "set the clock right" in result.stderr
    assert before == job.query(f"select * from {RAW}.app_crashes_daily order by all")


class Clock:
    """Right until the second load, then so many seconds behind."""

    def __init__(self, behind: float, right_for: int) -> None:
        self.behind, self.left = timedelta(seconds=behind), right_for

    def __call__(self) -> datetime:
        self.left -= 1
        return datetime.now(UTC) - (self.behind if self.left < 0 else timedelta())


def run_by(clock: Clock, job: Job) -> Summary:
    return Run(read_configuration(), Settings(), LogProgress(), clock).execute()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("behind", "is_whole"), [(4, True), (3600, False)], ids=["a little", "a lot"]
)
def test_clock_steps_back_between_two_batches(
    behind: float,
    is_whole: bool,
    start_apple: StartApple,
    job: Job,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each batch waits for its turn in time, or the run ends and keeps what it has."""
    monkeypatch.setenv(f"{KEYS}BATCH_SEGMENTS", "1")
    monkeypatch.setenv(f"{KEYS}WORKERS", "1")
    world, _ = small_world()
    for age in (1, 2):
        add_vintage(world, world.report(APPS[0], CRASHES), TODAY - timedelta(days=age))
    apple = start_apple(world)
    job.use(apple)
    # asked for today's date; before the first batch no load is there to compare with
    summary = run_by(Clock(behind, right_for=1), job)
    said = capsys.readouterr().err
    healthy = job.run(apple, "--recheck", "0") if not is_whole else None

    assert (is_whole, int(not is_whole)) == (summary.instances == 3, summary.exit_code)
    assert (0 < summary.instances, is_whole) == (True, WAITS in said)
    assert is_whole or "set the clock right" in str(summary.failures)
    assert healthy is None or healthy.exit_code == 0
    assert [] == findings(job, world)
