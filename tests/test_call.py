"""The job as a function: `asc_pipeline.run`."""

import inspect
from typing import Any

import pytest

import asc_pipeline
from app_store_connect.errors import BudgetExhaustedError, ConfigurationError, IncompleteLoadError
from asc_pipeline.cli.main import main
from tests.asking import StartApple
from tests.conftest import Job
from tests.emulator import Fault
from tests.worlds import APPS, CRASHES, differences, overlapping_world

ON_THE_SHELL = {
    "progress",
    "as_json",
    "demo",
    "mix_demo",
    "debug",
    "version",
    "quiet",
    "log_format",
}
"""Options about what a command prints."""


def test_loads_as_the_command(start_apple: StartApple, job: Job) -> None:
    """The summary has what the command prints as JSON, and the views are made."""
    world = overlapping_world(days=3)
    job.use(start_apple(world))
    summary = asc_pipeline.run(app_ids=APPS, reports=[CRASHES])

    assert (0, 6) == (summary.exit_code, summary.as_json()["instances"])
    assert ["app_crashes_daily"] == summary.views
    assert [] == differences(job, world)
    assert 0 == asc_pipeline.run().as_json()["instances"]


def test_arguments_are_the_options() -> None:
    """Every option of the command that is not about its output, with the same default."""
    arguments = inspect.signature(asc_pipeline.run).parameters
    options = {each.name: each for each in main.params if each.name not in ON_THE_SHELL}
    chosen = main.make_context("asc-segments", []).params

    assert options.keys() == arguments.keys() - {"check", "has_alerts"}
    assert {name: chosen[name] for name in options} == {
        name: arguments[name].default for name in options
    }


def test_failures_raise(start_apple: StartApple, job: Job) -> None:
    """What the command exits with 1 for; the rest is loaded, and `check=False` returns instead."""
    apple = start_apple(overlapping_world(days=2))
    job.use(apple)
    apple.fault(Fault("api", "Instances/[^/]+/segments", "forbidden", times=2))
    with pytest.raises(IncompleteLoadError, match="2 not loaded: App Crashes DAILY of app") as red:
        asc_pipeline.run()

    assert 2 == len(red.value.failures)
    assert [(2,)] == job.query(
        "select count(distinct instance_id) from app_store_connect_raw.analytics_report_segments"
    )
    apple.fault(Fault("api", "Instances/[^/]+/segments", "forbidden"))
    assert 1 == asc_pipeline.run(check=False).exit_code


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"max_wait": 0}, BudgetExhaustedError),
        ({"reports": "App Crashes"}, ConfigurationError),
        ({"keys": ["nobody"]}, ConfigurationError),
        ({"is_plan": True, "create_requests": "ONGOING"}, ConfigurationError),
        ({"create_requests": "BAD"}, ConfigurationError),
        ({"app_ids": 1500000001}, ConfigurationError),
        ({"keys": "default"}, ConfigurationError),
        ({"max_wait": -1}, ConfigurationError),
        ({"wait_seconds": float("nan")}, ConfigurationError),
        ({"keep_superseded_days": -1}, ConfigurationError),
        ({"keep_superseded_days": 1_000_000}, ConfigurationError),
        ({"recheck_days": 1.5}, ConfigurationError),
        ({"recheck_days": "2"}, ConfigurationError),
    ],
    ids=lambda each: " and ".join(each) if isinstance(each, dict) else "",
)
def test_raises_what_the_command_exits_with(
    arguments: dict[str, Any], error: type[Exception], start_apple: StartApple, job: Job
) -> None:
    """2 and 3 are exceptions, too."""
    job.use(start_apple(overlapping_world(days=3), hourly_limit=8))
    with pytest.raises(error):
        asc_pipeline.run(**arguments)


def test_plan(start_apple: StartApple, job: Job) -> None:
    """Its units are there to map over."""
    job.use(start_apple(overlapping_world(days=3)))
    summary = asc_pipeline.run(is_plan=True)

    assert [("default", 2)] == [(unit.key, len(unit.app_ids)) for unit in summary.units]
    assert not job.database.exists()
