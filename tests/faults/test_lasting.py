"""What fails for good keeps nothing else back: all that can be loaded is loaded in each run."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import duckdb
import pytest

from tests.asking import StartApple
from tests.conftest import Job
from tests.emulator import Emulator, Fault, World, WorldInstance
from tests.faults.exact import RAW, findings
from tests.worlds import (
    APPS,
    CRASHES,
    PURCHASES,
    TODAY,
    add_vintage,
    add_vintages,
    world_with_reports,
)

pytestmark = pytest.mark.usefixtures("impatient")


def world_of(broken: int, healthy: int) -> tuple[World, list[WorldInstance], list[WorldInstance]]:
    """One app; the instances that come first, being the oldest, are those to be broken."""
    world = world_with_reports(CRASHES, app_ids=APPS[:1])
    report = world.report(APPS[0], CRASHES)
    first, then = TODAY - timedelta(days=9), TODAY - timedelta(days=5)
    return (
        world,
        [add_vintage(world, report, first) for _ in range(broken)],
        [add_vintage(world, report, then) for _ in range(healthy)],
    )


def break_lists(apple: Emulator, instances: list[WorldInstance]) -> None:
    for each in instances:
        apple.fault(Fault("api", f"{each.id}/segments", "500", times=None))


def break_downloads(apple: Emulator, instances: list[WorldInstance]) -> None:
    for each in instances:
        apple.fault(Fault("store", each.segments[0].path, "forbidden", times=None))


def break_both(apple: Emulator, instances: list[WorldInstance]) -> None:
    half = len(instances) // 2
    break_lists(apple, instances[:half])
    break_downloads(apple, instances[half:])


def segment_lists(apple: Emulator) -> list[str]:
    """Which instances were asked for their segments, in order."""
    paths = [each.path.split("/") for each in apple.exchanges]
    return [parts[3] for parts in paths if parts[-1] == "segments"]


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("breaking", [break_lists, break_downloads, break_both])
def test_instances_that_fail_keep_no_other_back(
    breaking: Callable[[Emulator, list[WorldInstance]], None],
    start_apple: StartApple,
    job: Job,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The others are loaded in the same run; in the next one what is new comes first."""
    monkeypatch.setenv("SOURCES__APP_STORE_CONNECT__WORKERS", "1")
    world, broken, healthy = world_of(24, 6)
    apple = start_apple(world)
    breaking(apple, broken)
    first = job.run(apple)
    new = [
        add_vintage(world, world.report(APPS[0], CRASHES), TODAY - timedelta(days=4))
        for _ in range(3)
    ]
    apple.forget()
    second = job.run(apple)
    asked = list(dict.fromkeys(segment_lists(apple)))
    apple.clear_faults()
    third = job.run(apple)

    assert (1, len(healthy)) == (first.exit_code, first.summary["instances"])
    assert 24 == len(first.summary["failures"])
    assert first.summary["stopped_by"] is None
    assert (1, len(new)) == (second.exit_code, second.summary["instances"])
    assert {each.id for each in new} == {*asked[:3]}
    assert (0, []) == (third.exit_code, findings(job, world))


@pytest.mark.slow
def test_small_budget_goes_to_what_can_be_loaded(start_apple: StartApple, job: Job) -> None:
    """A failing instance costs six tries: after the first run they are the last ones to be paid."""
    world, broken, _ = world_of(12, 2)
    apple = start_apple(world)
    break_lists(apple, broken)
    job.run(apple)
    for _ in range(4):
        add_vintage(world, world.report(APPS[0], CRASHES), TODAY - timedelta(days=4))
    poor = start_apple(world, hourly_limit=12)
    break_lists(poor, broken)
    result = job.run(poor, "--max-wait", "0")

    assert (3, 4) == (result.exit_code, result.summary["instances"])


@pytest.mark.slow
def test_lists_of_one_app_that_fail(start_apple: StartApple, job: Job) -> None:
    """Every list of instances of one app fails, more than ten: the other app is loaded."""
    names = [CRASHES, *(f"App Report {number}" for number in range(14))]
    world = world_with_reports(*names)
    for app_id in APPS:
        add_vintages(world, world.report(app_id, CRASHES), days=2)
    apple = start_apple(world)
    for name in names:
        apple.fault(Fault("api", f"{world.report(APPS[0], name).id}/instances", "500", times=None))
    result = job.run(apple, "--report", "*")
    apple.clear_faults()
    healthy = job.run(apple, "--report", "*")

    assert (1, 2) == (result.exit_code, result.summary["instances"])
    assert 15 == len(result.summary["failures"])
    assert (0, []) == (healthy.exit_code, findings(job, world))


@pytest.mark.slow
def test_lists_of_one_report_that_fail(start_apple: StartApple, job: Job) -> None:
    """One report fails for every app, more than ten: the other report is loaded for all."""
    app_ids = [str(1_600_000_000 + number) for number in range(12)]
    world = world_with_reports(CRASHES, PURCHASES, app_ids=app_ids)
    apple = start_apple(world)
    for app_id in app_ids:
        add_vintages(world, world.report(app_id, CRASHES), days=1)
        path = f"{world.report(app_id, PURCHASES).id}/instances"
        apple.fault(Fault("api", path, "503", times=None))
    result = job.run(apple)

    assert (1, 12) == (result.exit_code, result.summary["instances"])
    assert 12 == len(result.summary["failures"])


@pytest.mark.slow
def test_apple_goes_down_among_failures(start_apple: StartApple, job: Job) -> None:
    """Where what was answered before fails too, the run ends soon and keeps what it loaded."""
    world, broken, _ = world_of(30, 2)
    apple = start_apple(world)
    break_lists(apple, broken)
    everything = apple.fault(Fault("api", ".", "500", times=None, after=5))
    result = job.run(apple)

    assert 1 == result.exit_code
    assert "requests in a row got no usable answer" in result.summary["failures"][-1]["why"]
    assert 200 > everything.fired + len(broken)


@dataclass(frozen=True)
class Refusal:
    """A report table that takes no rows."""

    job: Job

    def set(self, is_broken: bool) -> None:
        kind = "integer using 0" if is_broken else "text"
        with duckdb.connect(str(self.job.database)) as connection:
            connection.execute(
                "drop schema app_store_connect cascade;"
                f" alter table {RAW}.app_crashes_daily alter column device type {kind}"
            )


@pytest.mark.slow
def test_table_that_takes_no_rows(start_apple: StartApple, job: Job) -> None:
    """More instances of it than a run takes for a dead destination: other tables are loaded."""
    world = world_with_reports(CRASHES, PURCHASES, app_ids=APPS[:1])
    crashes, purchases = (world.report(APPS[0], each) for each in (CRASHES, PURCHASES))
    add_vintage(world, crashes, TODAY - timedelta(days=20))
    apple = start_apple(world)
    job.run(apple)
    for age in range(5):
        add_vintage(world, crashes, TODAY - timedelta(days=10 + age))
    for age in range(4):
        rows = [{"Date": TODAY.isoformat(), "App Apple Identifier": APPS[0], "Purchases": "1"}]
        world.add_instance(purchases, "DAILY", TODAY - timedelta(days=age + 3), [rows])
    Refusal(job).set(is_broken=True)
    result = job.run(apple)
    loaded = job.query(
        f"select count(*) from {RAW}.analytics_report_segments where report_name = '{PURCHASES}'"
        f" and _dlt_load_id in (select load_id from {RAW}._dlt_loads)"
    )

    assert (1, [(4,)]) == (result.exit_code, loaded)
