"""Nothing fails and nothing comes: the reason is a note, and a row at the destination."""

from collections.abc import Callable
from datetime import timedelta

import dlt
import pytest

from app_store_connect import app_store_connect_source
from tests.asking import StartApple
from tests.conftest import Job
from tests.emulator import Fault, World
from tests.test_source import pipeline as pipeline
from tests.test_source import rows
from tests.worlds import APPS, CRASHES, TODAY, add_vintages, app, crash_rows, overlapping_world

FIRST, QUIET = APPS
DETAILED = "App Downloads Detailed"
MISSING = (
    "select app_id, report_name, granularity, reason from {}analytics_missing_reports as m"
    " where not exists (select 1 from {}analytics_missing_reports as l"
    " where l.id = m.id and l._dlt_load_id > m._dlt_load_id)"
)
IN_JOB = MISSING.format(*["app_store_connect_raw."] * 2)


def healthy() -> World:
    """One app that loads, and another one without a report request."""
    world = overlapping_world(days=2)
    world.requests = [each for each in world.requests if each.app_id == FIRST]
    return world


def add_monthly(world: World, access_type: str, *, name: str = CRASHES) -> None:
    report = world.add_report(world.add_request(QUIET, access_type), name, "APP_USAGE")
    day = TODAY.replace(day=1) - timedelta(days=31)
    world.add_instance(report, "MONTHLY", TODAY - timedelta(days=1), [crash_rows(QUIET, day, 2)])


def frozen(world: World) -> None:
    report = world.add_report(world.add_request(QUIET, "ONE_TIME_SNAPSHOT"), CRASHES, "APP_USAGE")
    add_vintages(world, report, days=1)


def unasked(world: World) -> None:
    world.add_report(world.add_request(QUIET, "ONGOING"), DETAILED, "COMMERCE")


def monthly_only(world: World) -> None:
    add_monthly(world, "ONGOING")


def without_reports(world: World) -> None:
    world.add_request(QUIET, "ONGOING")


def without_instances(world: World) -> None:
    world.add_report(world.add_request(QUIET, "ONGOING"), CRASHES, "APP_USAGE")


def stopped(world: World) -> None:
    report = world.add_report(world.add_request(QUIET, "ONGOING", True), CRASHES, "APP_USAGE")
    add_vintages(world, report, days=1)


def without_requests(world: World) -> None:
    pass


OF_CRASHES = (CRASHES, "DAILY")
OF_APP = (None, None)
MEMBERS = [
    pytest.param(without_requests, OF_APP, "no report request", "--create-requests"),
    pytest.param(frozen, OF_APP, "no ONGOING report request", "nothing new comes"),
    pytest.param(without_reports, OF_APP, "no reports yet", "one to two days"),
    pytest.param(unasked, OF_APP, "no default report offered", "none is one of the default ones"),
    pytest.param(monthly_only, OF_CRASHES, "MONTHLY only", "--granularity MONTHLY"),
    pytest.param(
        without_instances, OF_CRASHES, "no instances", "no instances (yet) of App Crashes"
    ),
]
BY_MEMBER = pytest.mark.parametrize(("member", "what", "reason", "said"), MEMBERS)
Member = Callable[[World], None]
What = tuple[str | None, str | None]


@pytest.mark.slow
@BY_MEMBER
def test_note_and_row(
    member: Member, what: What, reason: str, said: str, start_apple: StartApple, job: Job
) -> None:
    """Exit 0, a note that names the app, a row with the reason, and none more by the next run."""
    world = healthy()
    member(world)
    apple = start_apple(world)
    results = [job.run(apple) for _ in range(2)]
    row = int(QUIET), *what, reason

    for result in results:
        told = [each for each in result.summary["notices"] if QUIET in each]
        assert (0, 1) == (result.exit_code, len(told))
        assert said in told[0]
    assert [row] == job.query(IN_JOB)
    assert [(1,)] == job.query(
        "select count(*) from app_store_connect_raw.analytics_missing_reports"
    )


@pytest.mark.slow
@BY_MEMBER
def test_source_alone_does_the_same(
    member: Member,
    what: What,
    reason: str,
    said: str,
    start_apple: StartApple,
    job: Job,
    pipeline: dlt.Pipeline,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The note is logged, and the row is written once."""
    world = healthy()
    member(world)
    job.use(start_apple(world))
    for _ in range(2):
        pipeline.run(app_store_connect_source())

    assert said in caplog.text
    assert [(int(QUIET), *what, reason)] == rows(pipeline, MISSING.format("", ""))


@pytest.mark.slow
def test_stopped_request_fails_and_has_a_row(
    start_apple: StartApple, job: Job, pipeline: dlt.Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    """Exit 1 with the next step, said once; the source alone warns of it."""
    world = healthy()
    stopped(world)
    apple = start_apple(world)
    result = job.run(apple)
    told = [each for each in result.summary["notices"] if QUIET in each]

    assert (1, []) == (result.exit_code, told)
    assert "--create-requests" in result.summary["failures"][0]["why"]
    assert [(int(QUIET), None, None, "ONGOING report request stopped")] == job.query(IN_JOB)
    pipeline.run(app_store_connect_source())
    assert "Apple stopped this ONGOING request" in caplog.text


@pytest.mark.slow
@BY_MEMBER
def test_reason_that_no_longer_holds(
    member: Member, what: What, reason: str, said: str, start_apple: StartApple, job: Job
) -> None:
    """Once the report comes its row is written anew without a reason, and no note is left."""
    world = healthy()
    member(world)
    apple = start_apple(world)
    job.run(apple)
    request = next(
        (each for each in world.requests_of(QUIET) if each.access_type == "ONGOING"), None
    ) or world.add_request(QUIET, "ONGOING")
    report = next((each for each in request.reports if each.name == CRASHES), None)
    add_vintages(world, report or world.add_report(request, CRASHES, "APP_USAGE"), days=1)
    result = job.run(apple)

    assert [] == [each for each in result.summary["notices"] if QUIET in each]
    assert [(int(QUIET), *what, None)] == job.query(IN_JOB)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("member", "options"),
    [
        (unasked, ("--report", CRASHES)),
        (unasked, ("--app-id", FIRST)),
        (frozen, ("--access-type", "ONE_TIME_SNAPSHOT")),
        (monthly_only, ("--granularity", "MONTHLY")),
        (without_instances, ("--category", "COMMERCE")),
    ],
)
def test_partial_run_takes_no_reason_back(
    member: Member, options: tuple[str, ...], start_apple: StartApple, job: Job
) -> None:
    """A run that did not look at all of an app does not say that its reports come."""
    world = healthy()
    member(world)
    apple = start_apple(world)
    job.run(apple)
    before = job.query(IN_JOB)
    job.run(apple, *options)

    assert set(before) <= set(job.query(IN_JOB))


@pytest.mark.slow
@pytest.mark.parametrize("path", ["apps/{}/analyticsReportRequests", "Requests/.*/reports"])
def test_failure_takes_no_reason_back(path: str, start_apple: StartApple, job: Job) -> None:
    """Nor does one that could not list the app."""
    world = healthy()
    unasked(world)
    apple = start_apple(world)
    job.run(apple)
    before = job.query(IN_JOB)
    apple.fault(Fault("api", path.format(QUIET), "forbidden", times=None))
    job.run(apple)

    assert before == job.query(IN_JOB)


@pytest.mark.parametrize("asked", [("App Sessions Standard",), ("App Sessions Standard", CRASHES)])
def test_asked_for_and_not_offered(
    asked: tuple[str, ...], start_apple: StartApple, job: Job
) -> None:
    """A report that was asked for and that Apple does not offer for an app is a row of that app."""
    world = healthy()
    unasked(world)
    result = job.run(start_apple(world), *(part for each in asked for part in ("--report", each)))

    assert any(QUIET in each and "asked for" in each for each in result.summary["notices"])
    assert (int(QUIET), asked[0], None, "not offered") in job.query(IN_JOB)


@pytest.mark.slow
def test_other_granularities_cost_no_request(start_apple: StartApple, job: Job) -> None:
    """What there is instead is seen in the list that is read anyway, and is not loaded."""
    world = World()
    world.add_app(app(QUIET))
    monthly_only(world)
    apple = start_apple(world)
    result = job.run(apple)

    assert (0, 4) == (result.summary["instances"], result.summary["requests_used"])
    assert 1 == job.run(apple, "--granularity", "MONTHLY").summary["instances"]
