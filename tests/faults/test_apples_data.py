"""What Apple lists changes, repeats and contradicts itself: the views follow the newest listing.

A segment is loaded for each instance that lists it, and for none twice. Which of them owns a date
is decided in the view.
"""

import dataclasses
import signal
from collections.abc import Callable
from datetime import timedelta

import pytest

from asc_pipeline.emulator.server import wire
from asc_pipeline.emulator.server.wire import Request
from tests.asking import StartApple
from tests.conftest import KEYS, Job
from tests.emulator import Emulator, Fault, SegmentFile, World, WorldInstance, WorldSegment, file_of
from tests.faults.exact import RAW, adopt, expected, findings, move
from tests.faults.processes import dying, run
from tests.worlds import (
    APPS,
    CRASHES,
    TODAY,
    add_vintage,
    crash_rows,
    differences,
    raw_rows,
    world_with_reports,
)

pytestmark = pytest.mark.usefixtures("impatient")


def small_world() -> World:
    """One app with the instances of three days, each of three segments."""
    world = world_with_reports(CRASHES, app_ids=APPS[:1])
    for age in (2, 1, 0):
        add_vintage(world, world.report(APPS[0], CRASHES), TODAY - timedelta(days=age), parts=3)
    return world


def instances_of(world: World) -> list[WorldInstance]:
    """Oldest first."""
    return sorted(world.instances.values(), key=world.rank)


def add_segment(world: World, instance: WorldInstance, number: int, vintage: int) -> WorldSegment:
    rows = crash_rows(APPS[0], instance.processing_date - timedelta(days=1), vintage)
    return world.add_segment(instance, number, rows)


def holders_of(job: Job, segment: WorldSegment) -> list[str]:
    """Which instances the rows of a segment are under; each load of them counts."""
    return [
        instance_id
        for (instance_id,) in job.query(
            f"select distinct _instance_id from {raw_rows('app_crashes_daily')}"
            f" where _segment_id = '{segment.id}' group by _instance_id, _dlt_load_id order by all"
        )
    ]


def repeat_in_list(world: World) -> None:
    """The same instances twice in the list of a report."""
    report = world.report(APPS[0], CRASHES)
    report.instances += report.instances


def repeat_segments(world: World) -> None:
    for instance in world.instances.values():
        instance.segments += instance.segments[:1]


def repeat_processing_date(world: World) -> None:
    """Instances of one day, one with what another has and one with other figures."""
    report = world.report(APPS[0], CRASHES)
    twin = instances_of(world)[-1]
    world.add_instance(
        report, "DAILY", TODAY, [file_of(each) for each in twin.segments], id="zz-twin"
    )
    rows = crash_rows(APPS[0], TODAY - timedelta(days=2), vintage=7)
    world.add_instance(report, "DAILY", TODAY, [rows], id="00-other")


def restate_the_far_past(world: World) -> None:
    report = world.report(APPS[0], CRASHES)
    for days, vintage in ((400, 1), (401, 2)):
        rows = crash_rows(APPS[0], TODAY - timedelta(days=days), vintage)
        world.add_instance(report, "DAILY", TODAY - timedelta(days=1), [rows])
    again = crash_rows(APPS[0], TODAY - timedelta(days=400), vintage=9)
    world.add_instance(report, "DAILY", TODAY, [again], id="zz-correction")


def republish_one(world: World) -> None:
    newest = instances_of(world)[-1]
    world.republish(newest.segments[0], crash_rows(APPS[0], TODAY - timedelta(days=1), vintage=8))


def republish_with_the_same_rows(world: World) -> None:
    """Another checksum, though not one row is another."""
    newest = instances_of(world)[-1]
    file = file_of(newest.segments[0])
    world.republish(
        newest.segments[0], SegmentFile(file.rows, newest.segments[0].content() + EMPTY)
    )


EMPTY = bytes.fromhex("1f8b08000000000000ff03000000000000000000")
"""A gzip member without content."""


def lose_one(world: World) -> None:
    instances_of(world)[-1].segments.pop(0)


def gain_one(world: World) -> None:
    add_segment(world, instances_of(world)[-1], number=3, vintage=4)


def change_all_at_once(world: World) -> None:
    """One segment is gone, one is new, one is re-published, one stays."""
    newest = instances_of(world)[-1]
    lose_one(world)
    add_segment(world, newest, number=9, vintage=5)
    world.republish(newest.segments[0], crash_rows(APPS[0], TODAY - timedelta(days=1), vintage=6))


def swap_ids(world: World) -> None:
    """The same content under new ids: every old segment is gone."""
    newest = instances_of(world)[-1]
    contents = [file_of(each) for each in newest.segments]
    newest.segments.clear()
    for number, file in enumerate(contents):
        world.add_segment(newest, 10 + number, file)


def move_to_newer(world: World) -> None:
    _, old, new = instances_of(world)
    move(world, old.segments[0], new)


def move_to_older(world: World) -> None:
    """Both are recent enough to be listed again."""
    _, old, new = instances_of(world)
    move(world, new.segments[0], old)


def move_to_one_that_is_new(world: World) -> None:
    old = instances_of(world)[1]
    report = world.report(APPS[0], CRASHES)
    new = world.add_instance(report, "DAILY", TODAY, [], id="zz-new")
    for segment in old.segments[1:]:
        move(world, segment, new)


def move_in_a_circle(world: World) -> None:
    _, first, second = instances_of(world)
    there, back = first.segments[0], second.segments[0]
    move(world, there, second)
    move(world, back, first)


def list_under_two(world: World) -> None:
    _, old, new = instances_of(world)
    adopt(old.segments[0], new)


def list_under_three(world: World) -> None:
    oldest, old, new = instances_of(world)
    segment = oldest.segments[0]
    adopt(segment, old)
    adopt(segment, new)


def list_all_under_two(world: World) -> None:
    _, old, new = instances_of(world)
    for segment in list(old.segments):
        adopt(segment, new)


CHANGES = (
    repeat_in_list, repeat_segments, repeat_processing_date, restate_the_far_past, republish_one,
    republish_with_the_same_rows, lose_one, gain_one, change_all_at_once, swap_ids, move_to_newer,
    move_to_older, move_to_one_that_is_new, move_in_a_circle, list_under_two, list_under_three,
    list_all_under_two,
)  # fmt: skip
EACH = pytest.mark.parametrize("change", CHANGES, ids=lambda each: each.__name__.replace("_", " "))
Change = Callable[[World], None]


@pytest.mark.slow
@EACH
def test_in_one_run(change: Change, start_apple: StartApple, job: Job) -> None:
    """So it is when the first run comes: one run ends in the truth, a second has nothing to do."""
    world = small_world()
    change(world)
    apple = start_apple(world)
    first = job.run(apple)
    found = unrepeated(world, job)
    second = job.run(apple)

    assert (0, [], []) == (first.exit_code, first.summary["failures"], found)
    assert (0, 0, []) == (second.exit_code, second.summary["segments"], unrepeated(world, job))


@pytest.mark.slow
@EACH
def test_between_two_runs(change: Change, start_apple: StartApple, job: Job) -> None:
    """Apple changes it after a run: the next one follows, and the one after has nothing to do."""
    world = small_world()
    apple = start_apple(world)
    job.run(apple)
    change(world)
    second = job.run(apple)
    found = unrepeated(world, job)
    third = job.run(apple)

    assert (0, [], []) == (second.exit_code, second.summary["failures"], found)
    assert (0, 0, []) == (third.exit_code, third.summary["segments"], unrepeated(world, job))


def unrepeated(world: World, job: Job) -> list[str]:
    """`findings`, what Apple lists twice in one list being there once."""
    whole = [(each, list(each.segments)) for each in world.instances.values()]
    for instance, segments in whole:
        instance.segments[:] = dict.fromkeys(segments)
    try:
        return findings(job, world)
    finally:
        for instance, segments in whole:
            instance.segments[:] = segments


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "8"])
@pytest.mark.parametrize("is_newer_broken", [False, True], ids=["both good", "newer one broken"])
def test_shared_by_instances_of_one_batch(
    is_newer_broken: bool,
    workers: str,
    start_apple: StartApple,
    job: Job,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A segment of two instances is loaded for both; while the newer is broken, for the older."""
    monkeypatch.setenv(f"{KEYS}WORKERS", workers)
    world = small_world()
    _, old, new = instances_of(world)
    shared = old.segments[0]
    new.segments.append(shared)
    if is_newer_broken:
        good = file_of(new.segments[1])
        world.republish(new.segments[1], b"not gzip")
    apple = start_apple(world)
    result = job.run(apple)

    both = sorted([old.id, new.id])
    assert ([old.id] if is_newer_broken else both) == holders_of(job, shared)
    assert is_newer_broken == result.exit_code
    if is_newer_broken:
        world.republish(new.segments[1], good)
        job.run(apple)
    assert both == holders_of(job, shared)
    assert [] == findings(job, world)


@pytest.mark.slow
def test_moved_while_its_new_instance_is_broken(start_apple: StartApple, job: Job) -> None:
    """The instance that lost a segment shows none of it; the run that can load the other shows it
    again.
    """
    world = small_world()
    apple = start_apple(world)
    job.run(apple)
    _, old, new = instances_of(world)
    moved = old.segments[0]
    move(world, moved, new)
    good = file_of(new.segments[0])
    world.republish(new.segments[0], b"not gzip")
    broken = job.run(apple)
    held = holders_of(job, moved)
    world.republish(new.segments[0], good)
    healthy = job.run(apple)

    assert (1, []) == (broken.exit_code, held)
    assert (0, [new.id]) == (healthy.exit_code, holders_of(job, moved))
    assert [] == findings(job, world)


@pytest.mark.slow
def test_replaced_segment_stays_until_the_new_one_is_good(
    start_apple: StartApple, job: Job
) -> None:
    """An instance whose segments change ids keeps its old rows while a new file is broken."""
    world = small_world()
    apple = start_apple(world)
    job.run(apple)
    before = sorted(expected(world))
    newest = instances_of(world)[-1]
    swap_ids(world)
    good = file_of(newest.segments[1])
    world.republish(newest.segments[1], b"not gzip")
    broken = job.run(apple)
    kept = job.query(
        f"select segment_id, checksum, instance_id, row_count from {RAW}.analytics_report_segments"
        " order by all"
    )
    world.republish(newest.segments[1], good)
    healthy = job.run(apple)

    assert (1, before) == (broken.exit_code, kept)
    assert (0, []) == (healthy.exit_code, findings(job, world))


@pytest.mark.slow
def test_replaced_and_killed_before_the_old_is_removed(start_apple: StartApple, job: Job) -> None:
    """Old and new segments of an instance are never shown together, nor after a kill in between,
    when nobody looks at the instance again.
    """
    world = small_world()
    apple = start_apple(world)
    job.run(apple)
    swap_ids(world)
    code, _, err = run(apple, env=dying("asc_pipeline.job.maintenance:Upkeep.finish:before:1"))
    shown = differences(job, world)
    healthy = job.run(apple, "--recheck", "0")

    assert (-signal.SIGKILL, []) == (code, shown), err
    assert (0, 0, []) == (healthy.exit_code, healthy.summary["segments"], findings(job, world))


@pytest.mark.slow
def test_moved_and_asked_for_by_instance(start_apple: StartApple, job: Job) -> None:
    """`--instance-id` of an older instance changes nothing that a newer one shows."""
    world = small_world()
    _, old, new = instances_of(world)
    shared = old.segments[0]
    adopt(shared, new)
    apple = start_apple(world)
    job.run(apple)
    result = job.run(apple, "--instance-id", old.id)

    assert (0, sorted([old.id, new.id])) == (result.exit_code, holders_of(job, shared))
    assert [] == findings(job, world)


class Confused(Emulator):
    """Answers for one segment with another."""

    ids: tuple[str, str] = ("", "")

    def perform(self, request: Request) -> wire.Answer:
        if self.ids[0] and request.path.endswith(f"/analyticsReportSegments/{self.ids[0]}"):
            target = request.target.replace(*self.ids)
            request = dataclasses.replace(request, target=target)
        return super().perform(request)


@pytest.mark.slow
def test_another_segment_in_its_place(job: Job) -> None:
    """A fresh URL that Apple gives for another segment is refused, never loaded in its place."""
    world = small_world()
    wrong, other = instances_of(world)[-1].segments[:2]
    with Confused(world) as apple:
        apple.ids = (wrong.id, other.id)
        apple.fault(Fault("store", f"^{wrong.path}$", "expired"))
        result = job.run(apple)
        apple.ids = ("", "")
        healthy = job.run(apple)

    assert 1 == result.exit_code
    assert f"segment {wrong.id}: Apple gives segment {other.id} in its place" in result.stdout
    assert (0, []) == (healthy.exit_code, findings(job, world))
