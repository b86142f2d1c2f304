"""Reports that accumulate: a segment that Apple lists under other or several instances counts once.

Reports whose dates are replaced go through the same changes in test_apples_data.py.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.asking import StartApple
from tests.conftest import Job
from tests.emulator import World
from tests.faults.exact import RAW
from tests.faults.test_apples_data import (
    list_all_under_two,
    list_under_three,
    list_under_two,
    move_in_a_circle,
    move_to_newer,
    move_to_older,
)
from tests.worlds import APPS, TODAY, Row, world_with_reports

EXPANDED = "App Crashes Expanded"
VIEW = "app_store_connect.app_crashes_expanded_daily"
DAY = TODAY - timedelta(days=5)
ALL = 0b111111
"""Each of the six segments has a bit of its own: the sum says which are shown, and how often."""

EACH = pytest.mark.parametrize(
    "change",
    [
        move_to_newer,
        move_to_older,
        move_in_a_circle,
        list_under_two,
        list_under_three,
        list_all_under_two,
    ],
    ids=lambda each: each.__name__.replace("_", " "),
)
Change = Callable[[World], None]


def accumulating_world() -> World:
    """One app; three instances of different days tell two segments each, all of one date."""
    world = world_with_reports(app_ids=APPS[:1])
    report = world.add_report(world.request(APPS[0], "ONGOING"), EXPANDED, "PERFORMANCE")
    for number in range(3):
        files = [[told(1 << (2 * number + part))] for part in range(2)]
        world.add_instance(report, "DAILY", TODAY - timedelta(days=2 - number), files)
    return world


def told(count: int) -> Row:
    return {"Date": DAY.isoformat(), "App Name": "App", "Device": "iPhone", "Count": str(count)}


def shown(job: Job) -> list[tuple[object, ...]]:
    return job.query(f"select date, sum(count)::bigint from {VIEW} group by all")


def shown_segments(job: Job) -> list[str]:
    rows = job.query(f"select _segment_id from {VIEW} order by all")
    return [segment_id for (segment_id,) in rows]


@pytest.mark.slow
@EACH
def test_before_the_first_run(change: Change, start_apple: StartApple, job: Job) -> None:
    """Each segment is shown once, and a second run has nothing to do."""
    world = accumulating_world()
    change(world)
    apple = start_apple(world)
    first = job.run(apple, "--report", EXPANDED)
    found = shown(job)
    second = job.run(apple, "--report", EXPANDED)

    assert (0, [(DAY, ALL)]) == (first.exit_code, found)
    assert (0, 0) == (second.exit_code, second.summary["segments"])
    assert [(DAY, ALL)] == shown(job)
    assert sorted(world.segments) == shown_segments(job)


@pytest.mark.slow
@EACH
def test_between_two_runs(change: Change, start_apple: StartApple, job: Job) -> None:
    """The run after the change shows each segment once, and so does the one after that."""
    world = accumulating_world()
    apple = start_apple(world)
    job.run(apple, "--report", EXPANDED)
    change(world)
    second = job.run(apple, "--report", EXPANDED)
    found = shown(job)
    third = job.run(apple, "--report", EXPANDED)

    assert (0, [(DAY, ALL)]) == (second.exit_code, found)
    assert (0, 0) == (third.exit_code, third.summary["segments"])
    assert [(DAY, ALL)] == shown(job)
    assert sorted(world.segments) == shown_segments(job)


@pytest.mark.slow
def test_the_copy_that_is_left_counts(start_apple: StartApple, job: Job) -> None:
    """Of a segment that two instances have, both are loaded; when one loses it the other shows."""
    world = accumulating_world()
    list_under_two(world)
    apple = start_apple(world)
    job.run(apple, "--report", EXPANDED)
    held = job.query(f"select count(*) from {RAW}.app_crashes_expanded_daily")
    new = max(world.instances.values(), key=world.rank)
    new.segments.pop()
    result = job.run(apple, "--report", EXPANDED)

    assert [(7,)] == held
    assert (0, [(DAY, ALL)]) == (result.exit_code, shown(job))
