"""How often an instance is looked at: until it was seen unchanged when it was old enough."""

from datetime import UTC, datetime, timedelta
from typing import Any

import dlt
import pytest
from rich.console import Console

from app_store_connect import app_store_connect_source
from app_store_connect.configuration.settings import read_configuration
from app_store_connect.planning.options import Options
from asc_pipeline.cli.progress import progress_for
from asc_pipeline.job.runner import Run, Settings
from asc_pipeline.job.summary import Summary
from tests.asking import StartApple
from tests.conftest import KEYS, Job
from tests.emulator import Emulator, Fault, World, WorldInstance
from tests.faults.exact import RAW, findings
from tests.worlds import APPS, CRASHES, TODAY, add_vintage, crash_rows, world_with_reports


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{KEYS}BACKOFF_SECONDS", "0")


def run_in(days: int, apple: Emulator, job: Job, **options: Any) -> Summary:
    """The job as it runs so many days from now; what Apple was asked before is forgotten."""
    job.use(apple)
    apple.forget()
    progress = progress_for("none", Console())
    later = timedelta(days=days)
    settings = Settings(Options(**options))
    return Run(
        read_configuration(), settings, progress, lambda: datetime.now(UTC) + later
    ).execute()


def looks(apple: Emulator) -> list[str]:
    """Of which instances the segments were listed."""
    paths = [each.path.split("/") for each in apple.exchanges]
    return [parts[3] for parts in paths if parts[-1] == "segments"]


def world_with(*ages: int) -> tuple[World, list[WorldInstance]]:
    """One app with instances that were processed so many days ago, each of two segments."""
    world = world_with_reports(CRASHES, app_ids=APPS[:1])
    report = world.report(APPS[0], CRASHES)
    return world, [add_vintage(world, report, TODAY - timedelta(days=age), parts=2) for age in ages]


def add_segment(world: World, instance: WorldInstance, number: int = 7) -> None:
    rows = crash_rows(APPS[0], instance.processing_date - timedelta(days=1), vintage=number)
    with world.lock:
        world.add_segment(instance, number, rows)


def checks(job: Job) -> list[tuple[Any, ...]]:
    return job.query(
        f"select instance_id, outcome, checked_on from {RAW}.analytics_instance_checks"
    )


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("pause", [1, 3, 20])
def test_part_of_an_instance_is_completed_after_a_pause(
    pause: int, start_apple: StartApple, job: Job
) -> None:
    """What was first listed with some of its segments gets the others, whenever the job runs."""
    world, (instance,) = world_with(0)
    apple = start_apple(world)
    run_in(0, apple, job)
    add_segment(world, instance)
    run_in(pause, apple, job)

    assert [] == findings(job, world)


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize(
    ("first", "later", "expected"),
    [
        pytest.param(0, [1, 2, 3, 4], [True, True, False, False], id="daily from its day on"),
        pytest.param(1, [2, 3], [True, False], id="daily from the day after on"),
        pytest.param(0, [9, 10], [True, False], id="after a pause"),
        pytest.param(2, [3], [False], id="first seen when it was old enough"),
    ],
)
def test_looked_at_until_it_was_unchanged_for_long_enough(
    first: int, later: list[int], expected: list[bool], start_apple: StartApple, job: Job
) -> None:
    """The last look is one at `--recheck` days after the processing date, or later."""
    world, (instance,) = world_with(0)
    apple = start_apple(world)
    run_in(first, apple, job)
    found = []
    for day in later:
        run_in(day, apple, job)
        found.append(looks(apple) == [instance.id])

    assert expected == found


@pytest.mark.slow
def test_change_calls_for_another_look(start_apple: StartApple, job: Job) -> None:
    """A look that brought something is not the last one, however old the instance is."""
    world, (instance,) = world_with(0)
    apple = start_apple(world)
    run_in(0, apple, job)
    add_segment(world, instance, 7)
    run_in(5, apple, job)
    add_segment(world, instance, 8)
    run_in(6, apple, job)
    found = findings(job, world)
    asked = [run_in(day, apple, job) and looks(apple) for day in (7, 8)]

    assert ([], [[instance.id], []]) == (found, asked)


@pytest.mark.slow
def test_what_is_settled_costs_nothing(start_apple: StartApple, job: Job) -> None:
    """A run that finds nothing new and nothing to look at again writes nothing but its own row."""
    world, instances = world_with(0, 5, 9)
    apple = start_apple(world)
    for day in (0, 2):
        run_in(day, apple, job)
    run_in(3, apple, job)
    before = job.query(f"select max(_dlt_load_id) from {RAW}.analytics_runs")
    run_in(4, apple, job)
    after = job.query(f"select load_id from {RAW}._dlt_loads order by load_id desc limit 2")

    assert [] == looks(apple)
    assert before == after[1:]
    assert {each.id for each in instances} == {row[0] for row in checks(job)}


@pytest.mark.slow
def test_recheck_of_nothing(start_apple: StartApple, job: Job) -> None:
    """With `--recheck 0` no loaded instance is looked at, whatever the checks say."""
    world, _ = world_with(0, 1)
    apple = start_apple(world)
    run_in(0, apple, job)
    run_in(9, apple, job, recheck_days=0)

    assert [] == looks(apple)


@pytest.mark.slow
def test_each_look_says_how_it_ended(start_apple: StartApple, job: Job) -> None:
    """Loaded, unchanged, empty and failed, each once; a failure once a day."""
    world, (loaded, broken) = world_with(0, 1)
    empty = world.add_instance(
        world.report(APPS[0], CRASHES), "DAILY", TODAY - timedelta(days=2), []
    )
    apple = start_apple(world)
    apple.fault(Fault("api", f"{broken.id}/segments", "500", times=None))
    for _ in range(2):
        run_in(0, apple, job)
    first = sorted(checks(job))
    apple.clear_faults()
    for day in (4, 5):
        run_in(day, apple, job)
    then = TODAY + timedelta(days=4)

    assert (
        sorted(
            [(loaded.id, "loaded", TODAY), (broken.id, "failed", TODAY), (empty.id, "empty", TODAY)]
        )
        == first
    )
    assert sorted(
        [(loaded.id, "unchanged", then), (broken.id, "loaded", then), (empty.id, "empty", TODAY)]
    ) == sorted(checks(job))


@pytest.mark.slow
def test_source_alone_looks_alike(start_apple: StartApple, job: Job) -> None:
    """A plain `pipeline.run` completes an instance, and leaves alone what was seen when old."""
    world, (instance, old) = world_with(0, 5)
    apple = start_apple(world)
    job.use(apple)
    pipeline = dlt.pipeline("alone", destination="duckdb", dataset_name="plain")
    found = []
    for _ in range(3):
        apple.forget()
        pipeline.run(app_store_connect_source())
        found.append(looks(apple))
        add_segment(world, instance, 7 + len(found))
    with pipeline.sql_client() as client:
        rows = client.execute_sql("select segment_id from analytics_report_segments")

    assert {old.id, instance.id} == {*found[0]}
    assert [[instance.id]] * 2 == found[1:]
    assert 6 == len(rows or [])
