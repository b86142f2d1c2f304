"""From the key to Apple's instances: what is found, what fails by itself, and what stops all."""

import json
import os
import signal
import time
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from app_store_connect.api.budget import RequestBudget
from app_store_connect.entities import AccessType, App, Granularity
from app_store_connect.errors import (
    BudgetExhaustedError,
    ConflictError,
    Failure,
    ForbiddenError,
    NoReportRequestError,
    NotFoundError,
    UnauthorizedError,
    UnavailableError,
    UnknownAppError,
    UnknownReportError,
)
from app_store_connect.planning.discovery import discover
from app_store_connect.planning.listing import Listing
from app_store_connect.planning.options import Options
from asc_pipeline.emulator.server.wire import Answer
from tests.asking import Clock, ScriptedServer, StartApple, client_of, keys_of
from tests.emulator import Emulator, Fault, World, WorldInstance

pytestmark = pytest.mark.judges_answers

FIRST, SECOND, THIRD = "1500000001", "1500000002", "1500000003"
APPS = (FIRST, SECOND, THIRD)
DOWNLOADS, CRASHES, UNCATALOGUED = "App Downloads Standard", "App Crashes", "Weather Kit Usage"
ONGOING, SNAPSHOT = AccessType.ONGOING, AccessType.ONE_TIME_SNAPSHOT


def world_of(*app_ids: str) -> World:
    world = World()
    for app_id in app_ids:
        world.add_app(App(app_id, f"App {app_id[-1]}", f"com.example.{app_id[-1]}", None, None))
    return world


def order(world: World, app_id: str, access_type: str = ONGOING, **options: Any) -> str:
    """A report request with two default reports and one that the catalogue does not know."""
    request = world.add_request(app_id, access_type, **options)
    for name, category in ((DOWNLOADS, "COMMERCE"), (CRASHES, "APP_USAGE")):
        add_instance(world, app_id, name, category, access_type)
    world.add_report(request, UNCATALOGUED, "FRAMEWORK_USAGE")
    return request.id


def add_instance(
    world: World, app_id: str, name: str, category: str, access_type: str
) -> WorldInstance:
    report = world.add_report(world.request(app_id, access_type), name, category)
    kind = "DAILY" if access_type == ONGOING else "MONTHLY"
    return world.add_instance(report, kind, date(2026, 11, 20))


def ready_world(*app_ids: str) -> World:
    world = world_of(*app_ids)
    for app_id in app_ids:
        order(world, app_id)
    return world


def found(apple: Emulator, **options: Any) -> Listing:
    return discover(keys_of(client_of(apple)), Options(**options))


def instances(listing: Listing) -> list[tuple[str, str]]:
    return [(item.app_id, item.report.name) for item in listing.instances]


def both_of(*app_ids: str) -> list[tuple[str, str]]:
    return [(app_id, name) for app_id in app_ids for name in (DOWNLOADS, CRASHES)]


def asked(apple: Emulator, method: str = "GET", part: str = "") -> list[str]:
    return [each.path for each in apple.exchanges if each.method == method and part in each.path]


def causes(listing: Listing) -> list[type[Exception]]:
    return [type(failure.error) for failure in listing.failures if failure.error]


def test_everything_is_listed_in_order_for_what_it_must_cost(start_apple: StartApple) -> None:
    """One request for the apps, two for each app, one for each app and wanted report; no more."""
    apple = start_apple(ready_world(*APPS))

    listing = found(apple, reports=(DOWNLOADS, CRASHES))

    assert both_of(*APPS) == instances(listing)
    assert list(APPS) == [app.id for app in listing.apps]
    assert (9, 6) == (len(listing.reports), len(listing.wanted))
    assert ([], [], []) == (listing.failures, listing.notices, listing.stopped)
    assert 1 + 2 * len(APPS) + len(listing.wanted) == len(apple.exchanges)


def test_one_app_among_many_costs_only_itself(start_apple: StartApple) -> None:
    """Of apps that were not chosen nothing is asked."""
    apple = start_apple(ready_world(*APPS))

    assert both_of(SECOND) == instances(found(apple, app_ids=(SECOND,)))
    assert 1 + 2 + 2 == len(apple.exchanges)


def test_instances_know_all_that_stands_above_them(start_apple: StartApple) -> None:
    """App, access type, report, granularity and processing date come with each instance."""
    world = world_of(FIRST)
    order(world, FIRST, SNAPSHOT)

    listing = found(start_apple(world), granularities=(Granularity.MONTHLY,))

    item = listing.instances[0]
    assert (FIRST, SNAPSHOT, DOWNLOADS) == (item.app_id, item.access_type, item.report.name)
    assert f"{DOWNLOADS} MONTHLY of app {FIRST}, processed 2026-11-20" == str(item)


# What fails by itself.


@pytest.mark.parametrize(
    "step", ["apps/{app}/analyticsReportRequests", "{request}/reports", "Reports/r2-{request}"]
)
@pytest.mark.parametrize(
    "kind", ["forbidden", "not_found", "500", "html", "reset", "malformed", "foreign_next"]
)
def test_one_apps_trouble_is_its_own(kind: str, step: str, start_apple: StartApple) -> None:
    """Whatever one app is refused, at whatever step, the others are listed and it is named."""
    world = ready_world(*APPS)
    apple = start_apple(world)
    request_id = world.request(SECOND, ONGOING).id
    apple.fault(Fault("api", step.format(app=SECOND, request=request_id), kind, times=None))

    listing = found(apple)

    lost = [(SECOND, CRASHES)] if "r2" in step else both_of(SECOND)
    assert [each for each in both_of(*APPS) if each not in lost] == instances(listing)
    is_each_item = (kind, step) == ("malformed", "{request}/reports")  # the list has three
    assert (3 if is_each_item else 1) == len(listing.failures)
    assert all(f"app {SECOND}" in each.what for each in listing.failures)
    assert all(str(each.error) == each.why for each in listing.failures)


def test_trouble_of_every_app_is_told_of_each(start_apple: StartApple) -> None:
    """If Apple is down for all apps there is a failure for each, and no word of wrong usage."""
    apple = start_apple(ready_world(FIRST, SECOND))
    apple.fault(Fault("api", "analyticsReportRequests", "503", times=None))

    listing = found(apple, reports=("Weather Kit Usage",))

    assert [UnavailableError] * 2 == causes(listing)
    assert [] == listing.instances


# What stops all.


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("FORBIDDEN_ERROR", "role"),
        ("FORBIDDEN.REQUIRED_AGREEMENTS_MISSING_OR_EXPIRED", "agreements"),
    ],
    ids=["role", "agreements"],
)
@pytest.mark.parametrize("apps", [(FIRST,), APPS], ids=["one app", "three apps"])
def test_a_key_refused_everywhere_is_an_error(
    code: str, advice: str, apps: tuple[str, ...], start_apple: StartApple
) -> None:
    """A 403 for every app is the key's role or an agreement: raised, with what to do about it."""
    apple = start_apple(ready_world(*apps))
    apple.fault(Fault("api", "analyticsReportRequests", "forbidden", times=None, code=code))

    with pytest.raises(ForbiddenError, match=advice):
        found(apple)


def test_one_app_refused_and_the_other_without_requests_are_both_told(
    start_apple: StartApple,
) -> None:
    """A 403 for some apps is theirs, also if there is nothing to read of the others."""
    apple = start_apple(world_of(FIRST, SECOND))
    apple.fault(Fault("api", f"apps/{FIRST}/", "forbidden", times=None))

    listing = found(apple)

    assert [ForbiddenError] == causes(listing)
    assert f"no report request, so no reports: app {SECOND}" in listing.notices[0]


def test_a_refused_token_stops_all(start_apple: StartApple) -> None:
    """A 401 that stays is not asked for again with every app."""
    apple = start_apple(ready_world(*APPS))
    apple.fault(Fault("api", "reports$", "unauthorized", times=None))

    with pytest.raises(UnauthorizedError):
        found(apple)
    assert [] == asked(apple, part="instances")


@pytest.mark.parametrize("limit", [1, 2, 5, 9], ids=lambda limit: f"after {limit}")
def test_the_end_of_the_budget_stops_all(limit: int, start_apple: StartApple) -> None:
    """Wherever the budget ends the run does, with every request of it used and none refused."""
    apple = start_apple(ready_world(*APPS), hourly_limit=limit)
    client = client_of(apple, budget=RequestBudget(max_wait=0))

    with pytest.raises(BudgetExhaustedError):
        discover(keys_of(client), Options())
    assert [200] * limit == [exchange.status for exchange in apple.exchanges]


@pytest.fixture
def control_c() -> Iterator[None]:
    """Control-C interrupts, also where the tests run in the background and would not hear it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("control_c")
def test_an_interrupt_does_not_sit_out_the_wait(start_apple: StartApple) -> None:
    """Control-C while threads wait for the budget ends the run now, not in an hour."""
    apple = start_apple(ready_world(*APPS), hourly_limit=2)
    budget = RequestBudget(on_wait=lambda seconds: os.kill(os.getpid(), signal.SIGINT))
    started = time.monotonic()

    with pytest.raises(KeyboardInterrupt):
        discover(keys_of(client_of(apple, budget=budget)), Options())
    assert time.monotonic() - started < 10


# Apps.


@pytest.mark.parametrize(
    ("chosen", "named"),
    [
        ({"app_ids": (FIRST, "42")}, ("42",)),
        ({"bundle_ids": ("com.example.1", "com.example.none")}, ("com.example.none",)),
        ({"app_ids": ("42",), "bundle_ids": ("com.example.none",)}, ("42", "com.example.none")),
    ],
    ids=["id", "bundle id", "both"],
)
def test_unknown_app_is_an_error(
    chosen: dict[str, Any], named: tuple[str, ...], start_apple: StartApple
) -> None:
    """An app that the key does not see is named, and nothing is asked of the others."""
    apple = start_apple(ready_world(FIRST))

    with pytest.raises(UnknownAppError) as caught:
        found(apple, **chosen)
    assert named == caught.value.apps
    assert [] == asked(apple, part="analyticsReportRequests")


def test_apps_add_up_once_each(start_apple: StartApple) -> None:
    """The same app by id and by bundle id is listed once."""
    apple = start_apple(ready_world(*APPS))

    listing = found(apple, app_ids=(FIRST,), bundle_ids=("com.example.1", "com.example.2"))

    assert both_of(FIRST, SECOND) == instances(listing)


def test_app_with_a_longer_bundle_id_is_not_meant() -> None:
    """Should Apple's filter match the beginning of a bundle id, only the exact app is taken."""
    apps = [
        {"type": "apps", "id": str(number), "attributes": {"bundleId": bundle_id}}
        for number, bundle_id in enumerate(("com.example.app.beta", "com.example.app"))
    ]
    listed, nothing = (
        Answer(200, json.dumps({"data": data, "links": {"self": ""}}).encode())
        for data in (apps, [])
    )
    with (
        ScriptedServer(listed, nothing) as apple,
        pytest.raises(NoReportRequestError) as caught,
    ):
        discover(keys_of(apple.client()), Options(bundle_ids=("com.example.app",)))

    assert ("1",) == caught.value.app_ids


def test_a_key_without_apps_is_told(start_apple: StartApple) -> None:
    """No app at all is no error, but not passed over in silence."""
    listing = found(start_apple(World()))

    assert (["the key sees no app"], []) == (listing.notices, listing.failures)


# Reports.


@pytest.mark.parametrize(
    "name",
    [
        DOWNLOADS,
        "app downloads standard",
        "App-Downloads/Standard",
        UNCATALOGUED,
        "weatherkitusage",
    ],
)
def test_reports_are_matched_without_case_and_punctuation(
    name: str, start_apple: StartApple
) -> None:
    """A name that Apple lists is wanted, also if the catalogue does not know it."""
    listing = found(start_apple(ready_world(FIRST)), reports=(name,))

    assert 1 == len(listing.wanted)


def test_star_wants_all_reports(start_apple: StartApple) -> None:
    """`*` stands for every report that Apple lists."""
    listing = found(start_apple(ready_world(FIRST)), reports=("*",))

    assert listing.reports == listing.wanted
    assert 3 == len(listing.wanted)


@pytest.mark.parametrize(
    ("name", "near"),
    [("App Download Standart", DOWNLOADS), ("Wether Kit Usage", UNCATALOGUED)],
    ids=["near one of the catalogue", "near one of Apple's only"],
)
def test_unknown_report_is_an_error_with_near_names(
    name: str, near: str, start_apple: StartApple
) -> None:
    """A misspelt report costs no instance listing, and the message has what was meant."""
    apple = start_apple(ready_world(FIRST))

    with pytest.raises(UnknownReportError) as caught:
        found(apple, reports=(DOWNLOADS, name))
    assert near in caught.value.near
    assert [] == asked(apple, part="instances")


def test_no_name_is_unknown_while_apple_lists_none(start_apple: StartApple) -> None:
    """Before the first reports are there a name outside the catalogue may be right."""
    world = world_of(FIRST)
    request = world.add_request(FIRST, ONGOING)

    listing = found(start_apple(world), reports=(UNCATALOGUED,))

    assert [] == listing.failures
    assert f"report request {request.id} of app {FIRST} has no reports yet" in listing.notices[0]


# Report requests.


def test_no_request_at_all_is_an_error(start_apple: StartApple) -> None:
    """Where no app has a report request nothing can be loaded, and --create-requests is named."""
    apple = start_apple(world_of(FIRST, SECOND))

    with pytest.raises(NoReportRequestError, match="--create-requests") as caught:
        found(apple)
    assert (FIRST, SECOND) == caught.value.app_ids
    assert [] == asked(apple, "POST")


def test_some_apps_without_request_are_told(start_apple: StartApple) -> None:
    """The apps that have one are listed, and the others named; that is no failure."""
    world = ready_world(FIRST)
    world.add_app(App(SECOND, "App 2", None, None, None))

    listing = found(start_apple(world))

    assert both_of(FIRST) == instances(listing)
    assert [] == listing.failures
    assert f"no report request, so no reports: app {SECOND} (App 2)" in listing.notices[0]


def test_stopped_request_is_read_to_its_end(start_apple: StartApple) -> None:
    """What Apple still lists under a stopped request is listed, and the request is told."""
    world = world_of(FIRST)
    order(world, FIRST, is_stopped=True)

    listing = found(start_apple(world))

    assert both_of(FIRST) == instances(listing)
    assert [world.request(FIRST, ONGOING).id] == [request.id for request in listing.stopped]


def test_stopped_request_that_has_a_successor_is_not_told(start_apple: StartApple) -> None:
    """A live request of the same app and kind replaces a stopped one, and no other does."""
    world = world_of(FIRST, SECOND)
    order(world, FIRST, is_stopped=True)
    order(world, FIRST)
    order(world, SECOND, is_stopped=True)
    order(world, SECOND, SNAPSHOT)

    assert [(SECOND, ONGOING)] == [
        (request.app_id, request.access_type) for request in found(start_apple(world)).stopped
    ]


@pytest.mark.parametrize(
    ("access_types", "kinds"),
    [((ONGOING, SNAPSHOT), [ONGOING, SNAPSHOT]), ((SNAPSHOT,), [SNAPSHOT])],
    ids=["both", "snapshots only"],
)
def test_requests_are_chosen_by_access_type(
    access_types: tuple[AccessType, ...], kinds: list[AccessType], start_apple: StartApple
) -> None:
    """Only requests of the wanted access types are read."""
    world = world_of(FIRST)
    order(world, FIRST)
    order(world, FIRST, SNAPSHOT)

    listing = found(start_apple(world), access_types=access_types)

    assert kinds == [request.access_type for request in listing.requests]


def test_no_request_of_the_wanted_kind_is_told(start_apple: StartApple) -> None:
    """An app whose requests are of another access type is named, and nothing fails."""
    listing = found(start_apple(ready_world(FIRST)), access_types=(SNAPSHOT,))

    assert [f"app {FIRST} (App 1) has no report request of that access type"] == listing.notices
    assert ([], []) == (listing.requests, listing.failures)


# Creating requests.


@pytest.mark.parametrize("access_type", [ONGOING, SNAPSHOT])
def test_missing_request_is_made_if_asked_for(
    access_type: AccessType, start_apple: StartApple
) -> None:
    """Each app without a request of that kind gets one, is told so, and counts as created."""
    world = ready_world(FIRST)
    world.add_app(App(SECOND, None, None, None, None))
    apple = start_apple(world)

    listing = found(apple, create_requests=access_type)

    made = [SECOND] if access_type is ONGOING else [FIRST, SECOND]
    assert made == [request.app_id for request in listing.created]
    assert len(made) == len(asked(apple, "POST"))
    assert all(world.request(app_id, access_type) for app_id in made)
    assert len(made) == sum(f"made {access_type} report request" in n for n in listing.notices)
    assert both_of(FIRST) == instances(listing)


def test_second_run_makes_none(start_apple: StartApple) -> None:
    """With --create-requests in a daily job, only the first run creates anything."""
    apple = start_apple(world_of(FIRST))
    found(apple, create_requests=ONGOING)

    assert [] == found(apple, create_requests=ONGOING).created
    assert 1 == len(asked(apple, "POST"))


def test_stopped_request_is_not_made_again_before_it_was_read(start_apple: StartApple) -> None:
    """A stopped request stands in the way of a new one: it is read, and nothing is posted."""
    world = world_of(FIRST)
    order(world, FIRST, is_stopped=True)
    apple = start_apple(world)

    assert both_of(FIRST) == instances(found(apple, create_requests=ONGOING))
    assert [] == asked(apple, "POST")


def test_request_made_by_somebody_else_meanwhile_is_used(start_apple: StartApple) -> None:
    """A 409 for a request that is listed a moment later is success, and nothing is listed twice."""
    apple = start_apple(ready_world(FIRST))
    apple.fault(Fault("api", "apps/.*/analyticsReportRequests", "empty"))

    listing = found(apple, create_requests=ONGOING)

    assert both_of(FIRST) == instances(listing)
    assert ([], []) == (listing.failures, listing.created)


def test_snapshot_of_this_month_that_was_deleted_is_explained(start_apple: StartApple) -> None:
    """A 409 without a request to be seen is a failure that tells of Apple's 31 days."""
    world = ready_world(FIRST)
    world.delete_request(world.add_request(FIRST, SNAPSHOT))

    listing = found(start_apple(world), create_requests=SNAPSHOT)

    assert [ConflictError] == causes(listing)
    assert "31 days, deleted ones included" in listing.failures[0].why
    assert f"a new {SNAPSHOT} report request of app {FIRST} (App 1)" == listing.failures[0].what
    assert both_of(FIRST) == instances(listing)


def test_conflict_that_cannot_be_looked_into_is_that_apps_own(start_apple: StartApple) -> None:
    """If the list after a 409 is refused, that app fails and the others are listed."""
    world = ready_world(*APPS)
    apple = start_apple(world)
    path = f"apps/{SECOND}/analyticsReportRequests"
    apple.fault(Fault("api", path, "empty"))
    apple.fault(Fault("api", path, "forbidden", times=None))

    listing = found(apple, create_requests=ONGOING)

    assert both_of(FIRST, THIRD) == instances(listing)
    assert [ForbiddenError] == causes(listing)


def test_key_that_may_not_create_still_reads(start_apple: StartApple) -> None:
    """A key of the role Sales lists what is there; what it could not make is a failure."""
    world = ready_world(FIRST)
    world.add_app(App(SECOND, None, None, None, None))

    listing = found(start_apple(world, role="SALES"), create_requests=ONGOING)

    assert both_of(FIRST) == instances(listing)
    assert [ForbiddenError] == causes(listing)


def test_key_that_may_not_create_with_nothing_to_read_is_an_error(start_apple: StartApple) -> None:
    """Where every app needs a request and the key may make none, the role is what must change."""
    with pytest.raises(ForbiddenError, match="creating report requests needs Admin"):
        found(start_apple(world_of(FIRST, SECOND), role="SALES"), create_requests=ONGOING)


def test_request_that_could_not_be_made_does_not_hide_another(start_apple: StartApple) -> None:
    """An app whose snapshot the key may not order is still read by its ongoing request."""
    listing = found(start_apple(ready_world(FIRST), role="SALES"), create_requests=SNAPSHOT)

    assert both_of(FIRST) == instances(listing)
    assert [ForbiddenError] == causes(listing)


# Requests given by id.


def test_requests_by_id_need_no_listing(start_apple: StartApple) -> None:
    """With --request-id neither apps nor report requests are listed: some keys may not."""
    world = ready_world(FIRST, SECOND)
    apple = start_apple(world)
    request_id = world.request(SECOND, ONGOING).id

    listing = found(apple, request_ids=(request_id, request_id), app_ids=(SECOND,))

    assert both_of(SECOND) == instances(listing)
    assert [] == asked(apple, part="/v1/apps")
    assert 1 + 1 + 2 == len(apple.exchanges)


def test_app_of_a_request_by_id_is_remembered(start_apple: StartApple) -> None:
    """What an earlier run knew of the request says which app it is for."""
    world = ready_world(FIRST)
    request_id = world.request(FIRST, ONGOING).id

    listing = discover(
        keys_of(client_of(start_apple(world))),
        Options(request_ids=(request_id,)),
        app_of_request={request_id: FIRST}.get,
    )

    assert both_of(FIRST) == instances(listing)


@pytest.mark.parametrize("app_ids", [(), (FIRST, SECOND)], ids=["no app", "two apps"])
def test_request_of_an_unknown_app_is_a_failure(
    app_ids: tuple[str, ...], start_apple: StartApple
) -> None:
    """Apple does not say which app a request is for; rows without an app are not loaded."""
    apple = start_apple(ready_world(FIRST))

    listing = found(apple, request_ids=("8f1e",), app_ids=app_ids)

    why = "Apple does not say which app it is for; name it with one --app-id"
    assert [Failure("report request 8f1e", why)] == listing.failures
    assert [] == apple.exchanges


def test_request_that_is_gone_does_not_stop_the_others(start_apple: StartApple) -> None:
    """An id that Apple does not have is named, and the others are listed."""
    world = ready_world(FIRST)
    request_id = world.request(FIRST, ONGOING).id

    listing = found(start_apple(world), request_ids=("gone", request_id), app_ids=(FIRST,))

    assert both_of(FIRST) == instances(listing)
    assert ["report request gone"] == [failure.what for failure in listing.failures]
    assert [NotFoundError] == causes(listing)


def test_request_whose_app_cannot_be_found_out_is_a_failure(start_apple: StartApple) -> None:
    """Trouble in finding a request's app is that request's own."""
    world = ready_world(FIRST)
    request_id = world.request(FIRST, ONGOING).id

    def app_of_request(wanted: str) -> str:
        if wanted == request_id:
            return FIRST
        raise NotFoundError(f"/v1/{wanted}", 404, "NOT_FOUND", "")

    listing = discover(
        keys_of(client_of(start_apple(world))),
        Options(request_ids=("gone", request_id)),
        app_of_request=app_of_request,
    )

    assert both_of(FIRST) == instances(listing)
    assert [NotFoundError] == causes(listing)


def test_requests_by_id_all_refused_are_an_error(start_apple: StartApple) -> None:
    """A key that may not read any of them is told so, as with apps."""
    world = ready_world(FIRST)
    apple = start_apple(world)
    apple.fault(Fault("api", "analyticsReportRequests", "forbidden", times=None))

    with pytest.raises(ForbiddenError):
        found(apple, request_ids=(world.request(FIRST, ONGOING).id,), app_ids=(FIRST,))


# Instances.


def test_reports_without_instances_are_told(start_apple: StartApple) -> None:
    """An empty list is no failure: the app and the reports are named, and nothing else is lost."""
    world = ready_world(FIRST, SECOND)
    for instance in world.report(FIRST, CRASHES).instances:
        world.hide(instance)

    listing = found(start_apple(world), reports=(DOWNLOADS, CRASHES))

    assert [(FIRST, DOWNLOADS), *both_of(SECOND)] == instances(listing)
    assert [f"app {FIRST}: no instances (yet) of {CRASHES}"] == listing.notices
    assert [] == listing.failures


def test_report_with_instances_under_one_request_is_not_told(start_apple: StartApple) -> None:
    """A report that has instances in the ongoing request is not called empty for its snapshot."""
    world = ready_world(FIRST)
    order(world, FIRST, SNAPSHOT)

    daily = (Granularity.DAILY,)
    listing = found(start_apple(world), granularities=daily, reports=(DOWNLOADS, CRASHES))

    assert both_of(FIRST) == instances(listing)
    assert [] == listing.notices


def test_budget_is_waited_for_and_all_is_listed(start_apple: StartApple) -> None:
    """With leave to wait, a budget too small for the listing costs hours but no instance."""
    clock = Clock()
    apple = start_apple(ready_world(*APPS), clock=clock.now, hourly_limit=5)

    listing = discover(keys_of(client_of(apple, clock=clock, max_wait=4 * 3600)), Options())

    assert both_of(*APPS) == instances(listing)
    assert {200} == {exchange.status for exchange in apple.exchanges}
