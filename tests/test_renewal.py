"""Report requests that Apple stopped: what is said of them, and when they are replaced."""

from collections.abc import Callable
from datetime import timedelta

import duckdb
import pytest
from rich.console import Console

from app_store_connect.configuration.settings import read_configuration
from app_store_connect.entities import AccessType
from app_store_connect.planning.options import Options
from asc_pipeline.cli.progress import NoProgress, progress_for
from asc_pipeline.job.runner import Run, Settings
from asc_pipeline.job.summary import Summary
from tests.asking import StartApple
from tests.conftest import KEYS, Job
from tests.emulator import Emulator, Fault, World
from tests.worlds import (
    APPS,
    CRASHES,
    PURCHASES,
    TODAY,
    add_vintage,
    add_vintages,
    app,
    differences,
    overlapping_world,
    world_with_reports,
)

DELETE, POST = "Requests/[^/]+$", "Requests$"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{KEYS}BACKOFF_SECONDS", "0")


def stopped_world(*app_ids: str) -> World:
    """Two days of App Crashes; the ongoing requests of these apps are stopped."""
    world = overlapping_world(days=2)
    for app_id in app_ids:
        world.request(app_id, "ONGOING").is_stopped = True
    return world


@pytest.mark.slow
@pytest.mark.variants
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
    world = stopped_world(APPS[0])
    old = world.request(APPS[0], "ONGOING")
    apple = start_apple(world)
    result = job.run(apple, "--create-requests", *options)

    assert 0 == result.exit_code
    assert not world.request(APPS[0], "ONGOING").is_stopped
    assert old.id in " ".join(result.summary["notices"])


@pytest.mark.slow
@pytest.mark.variants
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


@pytest.mark.slow
def test_refused_replacement_is_named(start_apple: StartApple, job: Job) -> None:
    """A key that may read but not order: what was there is loaded, and the refusal is said."""
    world = stopped_world(APPS[0])
    result = job.run(start_apple(world, role="SALES"), "--create-requests")

    assert 1 == result.exit_code
    assert "deleting report requests needs Admin" in str(result.summary["failures"])
    assert [] == differences(job, world)


@pytest.mark.slow
def test_stopped_snapshot_is_a_note(start_apple: StartApple, job: Job) -> None:
    """A snapshot brings nothing new in any case: that it is stopped is told, and is no failure."""
    world = overlapping_world(days=2)
    snapshot = world.add_request(APPS[0], "ONE_TIME_SNAPSHOT", is_stopped=True)
    result = job.run(start_apple(world))
    told = [each for each in result.summary["notices"] if snapshot.id in each]

    assert (0, []) == (result.exit_code, result.summary["failures"])
    assert 1 == len(told)
    assert "`--create-requests ONE_TIME_SNAPSHOT`" in told[0]


@pytest.mark.slow
def test_advice_for_a_stopped_snapshot_is_true(start_apple: StartApple, job: Job) -> None:
    """With what the note says a new snapshot is ordered, and the ongoing request stays."""
    world = overlapping_world(days=2)
    ongoing = world.request(APPS[0], "ONGOING").id
    long_ago = TODAY - timedelta(days=40)
    world.add_request(APPS[0], "ONE_TIME_SNAPSHOT", is_stopped=True, created=long_ago)
    world.add_request(APPS[1], "ONE_TIME_SNAPSHOT")
    apple = start_apple(world)
    results = [job.run(apple, "--create-requests", "ONE_TIME_SNAPSHOT"), job.run(apple)]

    assert [0, 0] == [result.exit_code for result in results]
    assert not world.request(APPS[0], "ONE_TIME_SNAPSHOT").is_stopped
    assert ongoing == world.request(APPS[0], "ONGOING").id
    assert "Apple stopped" not in str(results[1].summary["notices"])


@pytest.mark.parametrize("kind", ["ONGOING", "ONE_TIME_SNAPSHOT"])
def test_stopped_request_without_reports_is_not_waited_for(
    kind: str, start_apple: StartApple, job: Job
) -> None:
    """Nobody is told that the reports of a stopped request come in one to two days."""
    world = World()
    world.add_app(app(APPS[0]))
    world.add_request(APPS[0], kind, is_stopped=True)
    result = job.run(start_apple(world))

    assert int(kind == "ONGOING") == result.exit_code
    assert "has no reports yet" not in str(result.summary["notices"])


# Failures between deleting the old one and making the new one.


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["503", "reset", "forbidden", "unauthorized"])
def test_deleted_but_not_made_anew(kind: str, start_apple: StartApple, job: Job) -> None:
    """The summary comes, says that the old one is deleted and what to do, and that helps."""
    world = stopped_world(APPS[0])
    apple = start_apple(world)
    apple.fault(Fault("api", POST, kind, times=None, method="POST"))
    result = job.run(apple, "--create-requests")
    told = result.summary["failures"][0]
    apple.clear_faults()
    again = job.run(apple, "--create-requests")

    assert (1, 4) == (result.exit_code, result.summary["instances"])
    assert "is deleted" in told["what"]
    assert "no run makes one without --create-requests" in told["why"]
    assert 0 == again.exit_code
    assert not world.request(APPS[0], "ONGOING").is_stopped
    assert [] == differences(job, world)


def test_budget_ends_between_deleting_and_making(start_apple: StartApple, job: Job) -> None:
    """Exit 3 as elsewhere, and the deletion is told all the same."""
    before = 1 + 2 * len(APPS) + len(APPS) + 2 * len(APPS) + 1  # the request, listed again
    apple = start_apple(stopped_world(APPS[0]), hourly_limit=before + 1)
    result = job.run(apple, "--create-requests", "--max-wait", "0")

    assert "DELETE" == apple.exchanges[-1].method
    assert (3, 4) == (result.exit_code, result.summary["instances"])
    assert "is deleted" in result.summary["failures"][0]["what"]


@pytest.mark.slow
def test_trouble_that_lasts_ends_the_replacing(start_apple: StartApple, job: Job) -> None:
    """A refused token is not tried on the next app, whose stopped request stays."""
    world = stopped_world(*APPS)
    apple = start_apple(world)
    apple.fault(Fault("api", POST, "unauthorized", times=None, method="POST"))
    result = job.run(apple, "--create-requests")

    assert 1 == result.exit_code
    assert 1 == len([each for each in apple.exchanges if each.method == "DELETE"])
    assert world.request(APPS[1], "ONGOING").is_stopped


@pytest.mark.slow
@pytest.mark.variants
@pytest.mark.parametrize(("method", "path"), [("DELETE", DELETE), ("POST", POST)])
def test_lost_answer_is_no_failure(
    method: str, path: str, start_apple: StartApple, job: Job
) -> None:
    """What was carried out, though its answer did not arrive, is taken as done."""
    world = stopped_world(APPS[0])
    old = world.request(APPS[0], "ONGOING")
    apple = start_apple(world)
    lost = apple.fault(Fault("api", path, "lost", method=method))
    result = job.run(apple, "--create-requests")
    new = world.request(APPS[0], "ONGOING")

    assert (0, []) == (result.exit_code, result.summary["failures"])
    assert (1, False) == (lost.fired, new.is_stopped)
    assert f"report request {new.id} replaces {old.id}" in str(result.summary["notices"])


@pytest.mark.slow
def test_deletion_that_never_answers(start_apple: StartApple, job: Job) -> None:
    """Whether it was carried out is not known, and is said to be so; the next run goes on."""
    world = stopped_world(APPS[0])
    apple = start_apple(world)
    apple.fault(Fault("api", DELETE, "lost", times=1, method="DELETE"))
    apple.fault(Fault("api", DELETE, "reset", times=None, method="DELETE"))
    result = job.run(apple, "--create-requests")
    apple.clear_faults()
    again = job.run(apple, "--create-requests")

    assert 1 == result.exit_code
    assert "may be gone" in result.summary["failures"][0]["what"]
    assert 0 == again.exit_code
    assert not world.request(APPS[0], "ONGOING").is_stopped


def test_request_taken_on_trust_is_kept(start_apple: StartApple, job: Job) -> None:
    """With a wrong app one app's request would be deleted, and another's made."""
    world = world_with_reports(CRASHES)
    request = world.request(APPS[0], "ONGOING")
    request.is_stopped = True
    apple = start_apple(world)
    job.use(apple)
    ongoing = AccessType.ONGOING
    options = Options(app_ids=APPS[1:], request_ids=(request.id,), create_requests=ongoing)
    settings = Settings(options)
    summary = Run(read_configuration(), settings, progress_for("none", Console())).execute()

    assert {"GET"} == {each.method for each in apple.exchanges}
    assert "only --app-id says which app it is of" in str(summary.notices)


# What a deletion rests on is checked right before it.


class Meddler(NoProgress):
    """Does something once, while rows are read."""

    def __init__(self, meddle: Callable[[], object]) -> None:
        self._meddle: list[Callable[[], object]] = [meddle]

    def changed(self) -> None:
        while self._meddle:
            self._meddle.pop()()


def renew_while(meddle: Callable[[], object], apple: Emulator, job: Job) -> Summary:
    job.use(apple)
    options = Options(create_requests=AccessType.ONGOING)
    return Run(read_configuration(), Settings(options), Meddler(meddle)).execute()


def deletions(apple: Emulator) -> int:
    return sum(each.method == "DELETE" for each in apple.exchanges)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_kept_when_the_database_file_has_gone(how: str, start_apple: StartApple, job: Job) -> None:
    """What was loaded went with the file: Apple still has it, and the next run loads it."""
    world = stopped_world(APPS[0])
    apple = start_apple(world)

    def lose_file() -> None:
        job.database.unlink()
        if how == "replaced":
            duckdb.connect(str(job.database)).close()

    summary = renew_while(lose_file, apple, job)
    kept = world.request(APPS[0], "ONGOING").is_stopped
    healthy = job.run(apple, "--create-requests")

    assert (1, True) == (summary.exit_code, kept)
    assert any("is kept" in each.what for each in summary.failures)
    assert 0 == healthy.exit_code
    assert not world.request(APPS[0], "ONGOING").is_stopped
    assert [] == differences(job, world)


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["a row", "all rows of an instance", "the table"])
def test_kept_when_rows_have_gone(lost: str, start_apple: StartApple, job: Job) -> None:
    """Somebody deletes rows while the run is at work: the failure names the instance."""
    world = stopped_world(APPS[0])
    apple = start_apple(world)
    job.run(apple)
    add_vintage(world, world.report(APPS[1], CRASHES), TODAY - timedelta(days=3))
    table = "app_store_connect_raw.app_crashes_daily"
    (instance, *_) = world.report(APPS[0], CRASHES).instances
    slices = "_slice_key in (select _slice_key from app_store_connect_raw.analytics_slices where"
    chosen = f"{slices} instance_id = '{instance.id}')"
    statement = (
        f"delete from {table} where "
        + {
            "a row": f"rowid = (select min(rowid) from {table} where {chosen})",
            "all rows of an instance": chosen,
            "the table": f"{slices} app_id = {APPS[0]})",
        }[lost]
    )

    def delete_rows() -> None:
        with duckdb.connect(str(job.database)) as connection:
            connection.execute(statement)

    summary = renew_while(delete_rows, apple, job)

    assert (1, 0) == (summary.exit_code, deletions(apple))
    assert world.request(APPS[0], "ONGOING").is_stopped
    assert "so nothing is deleted at Apple" in str(summary.failures)
    assert "where the ledger counts" in str(summary.failures)


@pytest.mark.slow
@pytest.mark.variants
@pytest.mark.parametrize("how", ["revived", "replaced"])
def test_kept_when_apple_lists_it_otherwise_by_then(
    how: str, start_apple: StartApple, job: Job
) -> None:
    """A request that is stopped no more, or replaced by somebody, is not deleted."""
    world = stopped_world(APPS[0])
    request = world.request(APPS[0], "ONGOING")
    apple = start_apple(world)

    def change() -> None:
        request.is_stopped = how == "replaced"
        if how == "replaced":
            world.add_request(APPS[0], "ONGOING")

    summary = renew_while(change, apple, job)

    assert 0 == deletions(apple)
    assert "is kept, since Apple does not list it as stopped" in str(summary.notices)


@pytest.mark.slow
def test_instances_without_rows_of_their_own_are_no_reason(
    start_apple: StartApple, job: Job
) -> None:
    """Empty ones, and those all of whose segments a newer one has, were seen in this run."""
    world = stopped_world(APPS[0])
    report = world.report(APPS[0], CRASHES)
    newest = report.instances[-1]
    world.add_instance(report, "DAILY", TODAY - timedelta(days=4), [])
    shadow = world.add_instance(report, "DAILY", TODAY - timedelta(days=5), [])
    shadow.segments.extend(newest.segments)
    result = job.run(start_apple(world), "--create-requests")

    assert (0, False) == (result.exit_code, world.request(APPS[0], "ONGOING").is_stopped)
