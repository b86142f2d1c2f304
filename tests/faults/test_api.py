"""Apple's API fails in each of its ways, at every step, once and for good.

Once: the run overcomes it. For good: what could not be read is named, all else is loaded, and the
next healthy run ends in the truth.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from tests.asking import StartApple
from tests.conftest import KEYS, Job
from tests.emulator import Emulator, Fault, World
from tests.faults.exact import findings
from tests.faults.slowly import Dripping
from tests.worlds import CRASHES, add_vintages, overlapping_world, world_with_reports

pytestmark = pytest.mark.usefixtures("impatient")

LEVELS = ("apps", "analyticsReportRequests", "reports", "instances", "segments")
ONE_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Trouble:
    """A fault of the API; `why` is what the job says of it when it lasts."""

    kind: str
    why: str
    does_pass: bool = True
    delay: timedelta = ONE_SECOND


TROUBLES = {
    "500": Trouble("500", "Apple answered 500 (6 tries); the next run asks again"),
    "502": Trouble("502", "Apple answered 502 (6 tries); the next run asks again"),
    "503 as HTML": Trouble("503", "Apple answered 503 (6 tries); the next run asks again"),
    "429 with budget left": Trouble("rate_limited", "Apple answered 429 (6 tries)"),
    "cut JSON": Trouble("truncated", "Apple's answer was cut short or is not JSON (6 tries)"),
    "HTML with 200": Trouble("html", "Apple's answer was cut short or is not JSON (6 tries)"),
    "reset": Trouble("reset", "no answer (ConnectionError) (6 tries)"),
    "silence": Trouble("slow", "no answer (ReadTimeout) (6 tries)", delay=3 * ONE_SECOND),
    "page repeated": Trouble("loop", "is not as Apple describes it: its pages never end"),
    "nothing in it": Trouble("malformed", "is not as Apple describes it", does_pass=False),
    "403": Trouble("forbidden", "Apple answered 403 FORBIDDEN_ERROR", does_pass=False),
    "404": Trouble("not_found", "Apple answered 404 NOT_FOUND", does_pass=False),
    "redirect": Trouble("redirect", "a redirect points to http://127.0", does_pass=False),
    "foreign next": Trouble("foreign_next", "links.next points to http://127.0", does_pass=False),
}
PASSING = [name for name, trouble in TROUBLES.items() if trouble.does_pass]


def small_world(size: int) -> World:
    """Apps with one instance each, of two segments."""
    app_ids = [str(1_600_000_000 + number) for number in range(size)]
    world = world_with_reports(CRASHES, app_ids=app_ids)
    for app_id in app_ids:
        add_vintages(world, world.report(app_id, CRASHES), days=1, parts=2)
    return world


def steps_of(world: World, app_id: str) -> dict[str, str]:
    """What is asked of Apple for an app, and how a failure of it is named."""
    report = world.report(app_id, CRASHES)
    request, (instance,) = report.request.id, report.instances
    return {
        f"/v1/apps/{app_id}/analyticsReportRequests": f"app {app_id} (App ",
        f"/v1/analyticsReportRequests/{request}/reports": f"of report request {request} of app",
        f"/v1/analyticsReports/{report.id}/instances": f"instances of {CRASHES} of app {app_id}",
        f"/v1/analyticsReportInstances/{instance.id}/segments": f"{CRASHES} DAILY of app {app_id}",
    }


def fails(apple: Emulator, path: str, name: str, times: int | None = 1) -> Fault:
    trouble = TROUBLES[name]
    return apple.fault(Fault("api", f"^{path}$", trouble.kind, times=times, delay=trouble.delay))


@pytest.mark.slow
def test_once_at_every_step(start_apple: StartApple, job: Job) -> None:
    """Every list of an app fails once, each app in its own way: all is asked again, and loaded."""
    world = small_world(len(PASSING))
    apple = start_apple(world)
    faults = [
        fails(apple, path, name)
        for name, app_id in zip(PASSING, world.apps, strict=True)
        for path in steps_of(world, app_id)
    ]
    result = job.run(apple)

    assert (0, []) == (result.exit_code, result.summary["failures"])
    assert {1} == {fault.fired for fault in faults}
    assert [] == findings(job, world)
    for table in ("apps", "analytics_report_requests", "analytics_reports"):
        rows = f"select count(*), count(distinct id) from app_store_connect_raw.{table}"
        assert [(len(PASSING), len(PASSING))] == job.query(rows)


@pytest.mark.slow
def test_for_good_at_every_step(start_apple: StartApple, job: Job) -> None:
    """One list of every other app fails for good: just these are named, with what came instead."""
    world = small_world(8 * len(TROUBLES))
    apple = start_apple(world)
    app_ids, healthy_apps = list(world.apps)[::2], list(world.apps)[1::2]
    expected = []
    for number, app_id in enumerate(app_ids):
        name = list(TROUBLES)[number // 4]
        path, what = list(steps_of(world, app_id).items())[number % 4]
        fails(apple, path, name, times=None)
        expected.append((name, what, TROUBLES[name].why))
    result = job.run(apple)
    failures = result.summary["failures"]
    shown = job.query("select distinct _app_id from app_store_connect.app_crashes_daily")
    apple.clear_faults()
    healthy = job.run(apple)

    assert (1, len(app_ids)) == (result.exit_code, len(failures))
    assert [] == [
        each
        for each in expected
        if not any(each[1] in one["what"] and each[2] in one["why"] for one in failures)
    ]
    assert {(int(app_id),) for app_id in healthy_apps} == set(shown)
    assert (0, []) == (healthy.exit_code, findings(job, world))


@pytest.mark.slow
@pytest.mark.parametrize("level", ["instances", "segments"])
def test_api_that_is_down(level: str, start_apple: StartApple, job: Job) -> None:
    """The run ends after some requests in a row without an answer, and leaves the key's budget."""
    world = small_world(40)
    apple = start_apple(world)
    fault = apple.fault(Fault("api", f"{level}$", "500", times=None, after=5))
    result = job.run(apple)
    apple.clear_faults()
    healthy = job.run(apple)

    assert 1 == result.exit_code
    assert "requests in a row got no usable answer" in result.summary["failures"][-1]["why"]
    assert "the rest of this run" == result.summary["failures"][-1]["what"]
    assert 150 > fault.fired  # without an end it were 240
    assert (5 if level == "segments" else 0) == result.summary["instances"]
    assert (0, []) == (healthy.exit_code, findings(job, world))


@pytest.mark.slow
def test_first_step_for_good(start_apple: StartApple, job: Job) -> None:
    """Without the list of apps nothing is known: an error, never an account without any app."""
    world = small_world(1)
    apple = start_apple(world)
    said = {}
    names = [name for name in TROUBLES if name != "nothing in it"]  # an app may have no attributes
    for name in names:
        apple.clear_faults()
        fails(apple, "/v1/apps", name, times=None)
        result = job.run(apple)
        said[name] = (result.exit_code, TROUBLES[name].why in result.summary.get("error", ""))
    apple.clear_faults()
    healthy = job.run(apple)

    assert {name: (2 if name == "403" else 1, True) for name in names} == said
    assert (0, []) == (healthy.exit_code, findings(job, world))


@pytest.mark.slow
@pytest.mark.parametrize("level", ["apps", "segments"])
def test_429_that_says_how_long(level: str, start_apple: StartApple, job: Job) -> None:
    """A `Retry-After` is waited out, whichever list is refused, and nothing is missing."""
    world = overlapping_world(days=1)
    apple = start_apple(world)
    fault = apple.fault(Fault("api", f"{level}$", "rate_limited", retry_after=ONE_SECOND))
    started = time.monotonic()
    result = job.run(apple)

    assert (0, 1) == (result.exit_code, fault.fired)
    assert 1 <= time.monotonic() - started
    assert [] == findings(job, world)


@pytest.mark.slow
@pytest.mark.parametrize("level", ["apps", "instances", "segments"])
def test_429_that_never_ends(level: str, start_apple: StartApple, job: Job) -> None:
    """It is waited for as long as `--max-wait` says; then the run stops with exit code 3."""
    world = overlapping_world(days=1)
    apple = start_apple(world)
    apple.fault(Fault("api", f"{level}$", "rate_limited", retry_after=60 * ONE_SECOND, times=None))
    result = job.run(apple, "--max-wait", "2")
    apple.clear_faults()
    healthy = job.run(apple)

    assert 3 == result.exit_code
    assert "request budget of this key is used up" in result.summary["stopped_by"]
    assert (0, []) == (healthy.exit_code, findings(job, world))


@pytest.mark.slow
def test_used_up_budget(start_apple: StartApple, job: Job) -> None:
    """A limit that is really reached stops the run with what it has, and the next goes on."""
    world = overlapping_world(days=3)
    low = job.run(start_apple(world, hourly_limit=8), "--max-wait", "0")
    loaded = low.summary["instances"]
    healthy = job.run(start_apple(world))

    assert (3, True) == (low.exit_code, loaded < 6)
    assert 6 == loaded + healthy.summary["instances"]
    assert (0, []) == (healthy.exit_code, findings(job, world))


@pytest.mark.slow
def test_401_at_every_step(start_apple: StartApple, job: Job) -> None:
    """A token that is refused in the middle of a run is renewed, each time."""
    world = overlapping_world(days=2)
    apple = start_apple(world)
    faults = [apple.fault(Fault("api", f"{level}$", "unauthorized")) for level in LEVELS]
    result = job.run(apple)

    assert (0, [1] * 5) == (result.exit_code, [fault.fired for fault in faults])
    assert [] == findings(job, world)


@pytest.mark.slow
@pytest.mark.parametrize(("level", "code"), [("apps", 2), ("instances", 2), ("segments", 1)])
def test_401_for_good(level: str, code: int, start_apple: StartApple, job: Job) -> None:
    """A key that is revoked in the middle of a run ends it at once, and it says what to check."""
    world = overlapping_world(days=2)
    apple = start_apple(world)
    apple.fault(Fault("api", f"{level}$", "unauthorized", times=None, after=1 * (code == 1)))
    result = job.run(apple)
    asked = len(apple.exchanges)
    apple.clear_faults()
    healthy = job.run(apple)

    assert code == result.exit_code
    assert "check that key_id belongs to this private_key" in result.stdout
    assert code == 2 or "check that key_id" in result.summary["failures"][-1]["why"]
    assert asked < 30
    assert (0, []) == (healthy.exit_code, findings(job, world))


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [-90, 90], ids=["Apple's is behind", "Apple's is ahead"])
def test_clock_that_is_off(seconds: int, start_apple: StartApple, job: Job) -> None:
    """A minute and a half between this machine's clock and Apple's, either way, harms nothing."""
    world = overlapping_world(days=2)
    apple = start_apple(world, clock=lambda: datetime.now(UTC) + timedelta(seconds=seconds))
    result = job.run(apple)

    assert (0, []) == (result.exit_code, result.summary["failures"])
    assert {200} == {each.status for each in apple.exchanges}
    assert {200} == {each.status for each in apple.downloads}
    assert [] == findings(job, world)


@pytest.mark.slow
def test_answer_that_trickles(
    start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that comes a byte at a time, each before a timeout, is given up and named."""
    world = overlapping_world(days=1)
    apple = start_apple(world)
    job.use(apple)
    monkeypatch.setenv(f"{KEYS}REQUEST_TIMEOUT_SECONDS", "0.1")
    with Dripping(apple.base_url) as proxy:
        monkeypatch.setenv(f"{KEYS}BASE_URL", proxy.origin)
        result = job.invoke()
        proxy.is_slow = False
        healthy = job.invoke()

    assert 1 == result.exit_code
    assert "/v1/apps: it broke off (too slow) (6 tries)" in result.stdout
    assert (0, []) == (healthy.exit_code, findings(job, world))
