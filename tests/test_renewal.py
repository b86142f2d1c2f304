"""Report requests that Apple stopped: what is said of them, and when they are replaced."""

import pytest

from app_store_connect.emulator import Fault
from tests.conftest import Job, StartApple
from tests.worlds import (
    APPS,
    CRASHES,
    PURCHASES,
    TODAY,
    add_vintages,
    differences,
    overlapping_world,
    world_with_reports,
)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param([], id="default"),
        pytest.param(["--report", "*"], id="all reports"),
        pytest.param(["--granularity", "WEEKLY", "--granularity", "DAILY"], id="more than daily"),
    ],
)
def test_stopped_request_is_replaced_on_demand(
    options: list[str], start_apple: StartApple, job: Job
) -> None:
    """With --create-requests a stopped request is deleted and made anew, after it was read."""
    world = overlapping_world(days=2)
    old = world.request(APPS[0], "ONGOING")
    old.is_stopped = True
    apple = start_apple(world)
    result = job.run(apple, "--create-requests", *options)

    assert 0 == result.exit_code
    assert not world.request(APPS[0], "ONGOING").is_stopped
    assert old.id in " ".join(result.summary["notices"])


@pytest.mark.parametrize("why", ["a list that failed", "--report", "--since", "--granularity"])
def test_stopped_request_is_kept_while_something_is_left(
    why: str, start_apple: StartApple, job: Job
) -> None:
    """With the request goes what Apple still lists under it, so all of that is loaded first."""
    world = world_with_reports(CRASHES, PURCHASES, app_ids=APPS[:1])
    add_vintages(world, world.report(APPS[0], CRASHES), days=2)
    world.request(APPS[0], "ONGOING").is_stopped = True
    apple = start_apple(world)
    if why == "a list that failed":
        unlisted = world.report(APPS[0], PURCHASES).id
        apple.fault(Fault("api", f"{unlisted}/instances", "not_found", times=None))
    values = {"--report": CRASHES, "--since": TODAY.isoformat(), "--granularity": "WEEKLY"}
    narrow = [why, values[why]] if why in values else []
    result = job.run(apple, "--create-requests", *narrow)

    assert 1 == result.exit_code
    assert world.request(APPS[0], "ONGOING").is_stopped
    assert bool(narrow) == ("is kept" in str(result.summary["notices"]))
    assert not narrow or why in str(result.summary["notices"])


def test_refused_replacement_is_named(start_apple: StartApple, job: Job) -> None:
    """A key that may read but not order: what was there is loaded, and the refusal is said."""
    world = overlapping_world(days=2)
    world.request(APPS[0], "ONGOING").is_stopped = True
    result = job.run(start_apple(world, role="SALES"), "--create-requests")

    assert 1 == result.exit_code
    assert "creating report requests needs Admin" in str(result.summary["failures"])
    assert [] == differences(job, world)
