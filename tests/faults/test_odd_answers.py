"""One thing that Apple describes in a new or odd way costs itself: it is named, all else loads."""

from dataclasses import dataclass

import pytest

from tests.conftest import Job
from tests.emulator import World
from tests.odd import HUGE, Edit, OddApple, beside, first
from tests.worlds import (
    APPS,
    CRASHES,
    PURCHASES,
    add_vintages,
    differences,
    shown_rows,
    world_with_reports,
)

pytestmark = pytest.mark.usefixtures("impatient")

INSTANCES = "/instances"
HALF_A_NUMBER = "user-hour-lim:" + "9" * 5000 + ";user-hour-rem:3;"


def small_world() -> World:
    """Two apps with two reports, of which the second has no instance."""
    world = world_with_reports(CRASHES, PURCHASES)
    for app_id in APPS:
        add_vintages(world, world.report(app_id, CRASHES), days=2)
    return world


@dataclass(frozen=True)
class Odd:
    """An edit of answers whose path ends so, and how it is named, if it is."""

    path: str
    edit: Edit
    what: str
    why: str


ATTRIBUTES = {
    "bundle id a list": Odd("/apps", first("bundleId", ["a"]), f"apps {APPS[0]}", "bundleId is no"),
    "sku a number": Odd("/apps", first("sku", 7), f"apps {APPS[0]}", "sku is no text, and left e"),
    "name an object": Odd("/apps", first("name", {"de": "A"}), f"apps {APPS[0]}", "name is no"),
    "locale 5,000 digits": Odd("/apps", first("primaryLocale", HUGE), "apps", "is no text"),
    "category a list": Odd("/reports", first("category", ["X"]), "analyticsReports r", "category"),
}
ENTITIES = {
    "one more app": Odd("/apps", beside("apps"), "apps new-at-apple in the list", "id is no n"),
    "access type": Odd(
        "/analyticsReportRequests",
        beside("analyticsReportRequests", accessType="HOURLY"),
        "analyticsReportRequests new-at-apple in app 15",
        "accessType is not as described: 'HOURLY'",
    ),
    "report without a name": Odd(
        "/reports",
        beside("analyticsReports", name=None),
        "analyticsReports new-at-apple in the reports of report request",
        "name is missing",
    ),
    "granularity": Odd(
        INSTANCES,
        beside("analyticsReportInstances", granularity="HOURLY", processingDate="2026-11-20"),
        "analyticsReportInstances new-at-apple in the instances of App",
        "granularity is not as described: 'HOURLY'",
    ),
    "year 1": Odd(
        INSTANCES,
        beside("analyticsReportInstances", granularity="DAILY", processingDate="0001-01-01"),
        "analyticsReportInstances new-at-apple in the instances",
        "processingDate is not as described: '0001-01-01'",
    ),
    "year 9999": Odd(
        INSTANCES,
        beside("analyticsReportInstances", granularity="DAILY", processingDate="9999-12-31"),
        "analyticsReportInstances new-at-apple in the instances",
        "processingDate is not as described: '9999-12-31'",
    ),
}


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("name", [*ATTRIBUTES, *ENTITIES])
def test_odd_one_beside_good_ones(name: str, job: Job) -> None:
    """It is named, with what is odd, exit 1; all else is loaded, and true."""
    odd = (ATTRIBUTES | ENTITIES)[name]
    world = small_world()
    with OddApple(world, {odd.path: odd.edit}) as apple:
        result = job.run(apple)
    failures = result.summary["failures"]

    assert (1, True) == (result.exit_code, bool(failures))
    assert all(odd.what in each["what"] and odd.why in each["why"] for each in failures)
    assert [] == differences(job, world)


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize(
    ("path", "edit", "why"),
    [
        ("/apps", first("id", "fifteen"), "id is no number: 'fifteen'"),
        ("/apps", first("id", "9" * 19), "id is no number"),
        (f"{APPS[0]}/analyticsReportRequests", first("stoppedDueToInactivity", "false"), "stopped"),
        (f"{APPS[0]}/analyticsReportRequests", first("accessType", None), "accessType is missing"),
    ],
    ids=["app id a word", "app id too long", "stopped a word", "no access type"],
)
def test_odd_one_costs_itself(path: str, edit: Edit, why: str, job: Job) -> None:
    """Without an app, or the report request of one, the other app's data is loaded and true."""
    world = small_world()
    with OddApple(world, {path: edit}) as apple:
        result = job.run(apple)
    failures = result.summary["failures"]

    assert (1, 1) == (result.exit_code, len(failures))
    assert why in failures[0]["why"]
    assert not [each for each in result.summary["notices"] if "no report request" in each]
    assert [f"{APPS[0]} {CRASHES} DAILY"] == differences(job, world)
    assert [(int(APPS[1]),)] == job.query(
        "select distinct _app_id from app_store_connect.app_crashes_daily"
    )


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize(
    ("name", "value"),
    [("sizeInBytes", 2**70), ("sizeInBytes", HUGE), ("url", ["a"]), ("checksum", None)],
    ids=["size over a BIGINT", "size of 5,000 digits", "URL a list", "no checksum"],
)
def test_odd_segment_costs_its_instance(name: str, value: object, job: Job) -> None:
    """An instance is loaded whole or not at all; the others are, and a healthy run brings it."""
    world = small_world()
    newest = world.report(APPS[0], CRASHES).instances[-1]
    with OddApple(world, {f"{newest.id}/segments": first(name, value)}) as apple:
        result = job.run(apple)
        failures = result.summary["failures"]
        world.hide(newest)
        without = differences(job, world)
        world.reveal(newest)
        apple.edits.clear()
        healthy = job.run(apple)

    assert (1, 1) == (result.exit_code, len(failures))
    assert f"app {APPS[0]}" in failures[0]["what"]
    assert f"{name} is" in failures[0]["why"]
    assert [] == without
    assert (0, []) == (healthy.exit_code, differences(job, world))


@pytest.mark.variants
@pytest.mark.parametrize(
    ("path", "edit", "asked"),
    [
        ("/apps", first("id", "fifteen"), ["--app-id", APPS[0]]),
        ("/apps", first("bundleId", 7), ["--bundle-id", "com.example.app1"]),
    ],
    ids=["by id", "by bundle id"],
)
def test_odd_app_that_was_asked_for(path: str, edit: Edit, asked: list[str], job: Job) -> None:
    """It is not said that the key does not see it; another app that was asked for is loaded."""
    world = small_world()
    with OddApple(world, {path: edit}) as apple:
        result = job.run(apple, *asked, "--app-id", APPS[1])

    assert 1 == result.exit_code
    assert "sees no app" not in result.stdout + result.stderr
    assert {f"app {asked[1]}"} < {each["what"] for each in result.summary["failures"]}
    assert shown_rows(job, APPS[1], CRASHES)


def test_many_odd_ones_are_counted(job: Job) -> None:
    """Should Apple rename what is needed everywhere, the first of each list are named."""

    def edit(document: dict[str, object]) -> None:
        document["data"] = [{"type": "apps", "id": f"x{number}"} for number in range(200)]

    with OddApple(small_world(), {"/apps": edit}) as apple:
        result = job.run(apple)

    assert (1, 13) == (result.exit_code, len(result.summary["failures"]))
    assert "188 more in the list of apps" == result.summary["failures"][-1]["what"]


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("rate_limit", [HALF_A_NUMBER, "user-hour-lim:1e9;user-hour-rem:-;", "9"])
def test_odd_budget_header(rate_limit: str, job: Job) -> None:
    """A budget that cannot be read is none that is known: everything is loaded."""
    world = small_world()
    with OddApple(world, rate_limit=rate_limit) as apple:
        result = job.run(apple)

    assert (0, []) == (result.exit_code, differences(job, world))


@pytest.mark.slow
@pytest.mark.nightly
def test_new_category(job: Job) -> None:
    """A category that nobody knows is text like any other."""
    world = small_world()
    with OddApple(world, {"/reports": first("category", "SPATIAL")}) as apple:
        result = job.run(apple)

    assert (0, []) == (result.exit_code, differences(job, world))
    assert ("SPATIAL",) in job.query("select category from app_store_connect_raw.analytics_reports")
