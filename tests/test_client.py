"""Apple's endpoints over real HTTP: what is asked, what comes of it, and what an attacker gets."""

import json
import logging
import time
import traceback
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from app_store_connect.api.budget import RequestBudget
from app_store_connect.api.client import AppStoreConnectClient
from app_store_connect.entities import AccessType, App, Granularity, Report, ReportRequest
from app_store_connect.errors import (
    ApiDownError,
    ApiError,
    AppStoreConnectError,
    ConflictError,
    ForbiddenError,
    MalformedResponseError,
    NotFoundError,
    UnauthorizedError,
    UnavailableError,
    UntrustedUrlError,
)
from asc_pipeline.emulator.server.wire import Answer
from tests.asking import Clock, ScriptedServer, StartApple, client_of
from tests.emulator import Emulator, Fault, World, WorldReport

pytestmark = pytest.mark.judges_answers

APP = App("1500000001", "Tester", "com.example.tester", "T-1", "en-US")
REPORT = "App Downloads Standard"
EMPTY = Answer(200, b'{"data": [], "links": {"self": "/v1/apps"}}')
ROW = {"Date": "2026-11-19", "Counts": "5"}
TRIES = 6


@pytest.fixture
def world() -> World:
    """An app with one report, of which there are three instances; the last has two segments."""
    world = World()
    world.add_app(APP)
    report = world.add_report(world.add_request(APP.id, "ONGOING"), REPORT, "COMMERCE")
    world.add_instance(report, "DAILY", date(2026, 11, 19), [[ROW]], "daily-1")
    world.add_instance(report, "WEEKLY", date(2026, 11, 20), [[ROW]], "weekly")
    world.add_instance(report, "DAILY", date(2026, 11, 20), [[ROW], [ROW, ROW]], "daily-2")
    return world


@pytest.fixture
def apple(world: World, start_apple: StartApple) -> Emulator:
    return start_apple(world)


@pytest.fixture
def client(apple: Emulator) -> AppStoreConnectClient:
    return client_of(apple)


def report_of(apple: Emulator) -> WorldReport:
    return apple.world.report(APP.id, REPORT)


def request_id_of(apple: Emulator) -> str:
    return apple.world.request(APP.id, "ONGOING").id


def next_to(url: object) -> Answer:
    return Answer(200, json.dumps({"data": [], "links": {"next": url}}).encode())


# What the endpoints give.


def test_apps_come_with_their_attributes(client: AppStoreConnectClient) -> None:
    """An app has id, name, bundle id, SKU and primary locale as Apple has them."""
    assert [APP] == client.list_apps()


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({"app_ids": ["3"]}, {"3"}),
        ({"bundle_ids": ["com.example.4"]}, {"4"}),
        ({"app_ids": ["3", "4"], "bundle_ids": ["com.example.4"]}, {"3", "4"}),
        ({"app_ids": ["nobody's"]}, set()),
        ({"app_ids": [str(number) for number in range(250)]}, {str(n) for n in range(210)}),
    ],
    ids=["by id", "by bundle id", "by both, once each", "unknown", "more than fit an address"],
)
def test_apps_are_chosen_by_id_or_bundle_id(
    chosen: dict[str, Any], found: set[str], start_apple: StartApple
) -> None:
    """Ids and bundle ids add up, no app comes twice, and any number of them may be given."""
    world = World()
    for number in range(210):
        world.add_app(App(str(number), None, f"com.example.{number}", None, None))

    apps = client_of(start_apple(world)).list_apps(**chosen)

    assert sorted(found) == sorted(app.id for app in apps)


def test_report_requests_are_read_one_and_all(
    apple: Emulator, client: AppStoreConnectClient
) -> None:
    """An app's list and the request by id tell the same: its kind, and whether Apple stopped it."""
    stopped = apple.world.add_request(APP.id, "ONE_TIME_SNAPSHOT", is_stopped=True)
    ongoing = ReportRequest(request_id_of(apple), APP.id, AccessType.ONGOING, is_stopped=False)
    snapshot = ReportRequest(stopped.id, APP.id, AccessType.ONE_TIME_SNAPSHOT, is_stopped=True)

    assert [ongoing, snapshot] == client.list_report_requests(APP.id)
    assert snapshot == client.read_report_request(stopped.id, app_id=APP.id)


def test_reports_have_names_and_categories(apple: Emulator, client: AppStoreConnectClient) -> None:
    """A report belongs to its request and has Apple's name and category."""
    expected = Report(report_of(apple).id, request_id_of(apple), REPORT, "COMMERCE")

    assert [expected] == client.list_reports(request_id_of(apple))


@pytest.mark.parametrize(
    ("granularities", "found"),
    [
        ([], {"daily-1", "daily-2", "weekly"}),
        ([Granularity.DAILY], {"daily-1", "daily-2"}),
        ([Granularity.WEEKLY, Granularity.MONTHLY], {"weekly"}),
        ([Granularity.MONTHLY], set()),
    ],
    ids=["all", "one", "two", "none there"],
)
def test_instances_are_chosen_by_granularity(
    granularities: list[Granularity],
    found: set[str],
    apple: Emulator,
    client: AppStoreConnectClient,
) -> None:
    """Apple is asked for the granularities that are wanted; no instances are an empty list."""
    instances = client.list_instances(report_of(apple).id, granularities)

    assert found == {instance.id for instance in instances}
    assert {date(2026, 11, 20)} >= {
        each.processing_date for each in instances if "1" not in each.id
    }


def test_instance_is_read_by_id(client: AppStoreConnectClient) -> None:
    """Granularity and processing date of an instance are known from its id alone."""
    instance = client.read_instance("weekly")

    assert (Granularity.WEEKLY, date(2026, 11, 20)) == (
        instance.granularity,
        instance.processing_date,
    )


def test_segments_are_listed_and_renewed(world: World, start_apple: StartApple) -> None:
    """A segment read again is the same with a fresh URL, which is the reason to read it again."""
    clock = Clock()
    apple = start_apple(world, clock=clock.now)
    client = client_of(apple, clock=clock)
    listed = client.list_segments("daily-2")
    clock.sleep(400)

    renewed = [client.read_segment(segment.id) for segment in listed]

    expected = [(s.id, s.checksum, s.size_in_bytes) for s in world.instances["daily-2"].segments]
    for segments in (listed, renewed):
        assert expected == [(s.id, s.checksum, s.size_in_bytes) for s in segments]
        assert all(segment.url.startswith(apple.store_url) for segment in segments)
    assert not {segment.url for segment in listed} & {segment.url for segment in renewed}


@pytest.mark.parametrize("access_type", list(AccessType))
def test_report_request_is_made_and_deleted(
    access_type: AccessType, start_apple: StartApple
) -> None:
    """A request that was made is listed, and one that was deleted is not."""
    world = World()
    world.add_app(APP)
    client = client_of(start_apple(world))

    created = client.create_report_request(APP.id, access_type)

    assert ReportRequest(created.id, APP.id, access_type, is_stopped=False) == created
    assert [created] == client.list_report_requests(APP.id)
    client.delete_report_request(created.id)
    assert [] == client.list_report_requests(APP.id)


@pytest.mark.parametrize("resource_id", ["a/b", "a?limit=1", "a#b", "ä b", "%2F"])
def test_ids_stay_one_part_of_the_path(resource_id: str) -> None:
    """An id, also one that a user mistyped, asks for that resource and no other."""
    with ScriptedServer(EMPTY) as apple:
        apple.client().list_reports(resource_id)

        assert f"/v1/analyticsReportRequests/{resource_id}/reports" == apple.asked[0].path
        assert 4 == apple.asked[0].target.count("/")


# Pages.


@pytest.mark.parametrize("is_relative", [False, True], ids=["absolute links", "relative links"])
def test_lists_are_read_to_the_last_page(is_relative: bool, start_apple: StartApple) -> None:
    """Nothing is left out or repeated, and no more pages are asked for than Apple's limit needs."""
    world = World()
    world.add_app(APP)
    request = world.add_request(APP.id, "ONGOING")
    names = [f"Report {number}" for number in range(401)]
    for name in names:
        world.add_report(request, name, "COMMERCE")
    apple = start_apple(world, relative_links=is_relative)

    reports = client_of(apple).list_reports(request.id)

    assert names == [report.name for report in reports]
    assert 3 == len(apple.exchanges)


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("?cursor=2", "/v1/apps?cursor=2"),
        ("/v1/apps?cursor=2", "/v1/apps?cursor=2"),
        ("apps?cursor=2", "/v1/apps?cursor=2"),
        ("//{host}/v1/apps?cursor=2", "/v1/apps?cursor=2"),
        ("{origin}/v1/apps?cursor=a%2Fb&limit=3", "/v1/apps?cursor=a%2Fb&limit=3"),
    ],
    ids=["query", "path", "relative path", "no scheme", "absolute, kept as it is"],
)
def test_next_may_be_relative(link: str, target: str) -> None:
    """`links.next` is resolved against the page it is on, and nothing is added to it."""
    with ScriptedServer(EMPTY) as apple:
        host = apple.origin.removeprefix("http://")
        apple.answer_with(next_to(link.format(origin=apple.origin, host=host)), EMPTY)

        apple.client().list_apps()

        assert target == apple.asked[1].target


@pytest.mark.parametrize(
    "link",
    [
        "{evil}/v1/apps",
        "//{evil_host}/v1/apps",
        "https://{host}/v1/apps",
        "http://{host}@{evil_host}/v1/apps",
        "{evil}\\@{host}/v1/apps",
        "http://localhost:{port}/v1/apps",
        "http://[::1/v1/apps",
        "{origin}0000/v1/apps",
        "file:///etc/passwd",
        "javascript:alert(1)",
    ],
    ids=[
        "another server",
        "another server, no scheme",
        "another scheme",
        "our host as user name",
        "our host behind a backslash",
        "another name of our host",
        "half an address",
        "a port that is none",
        "file",
        "script",
    ],
)
def test_next_on_another_origin_is_refused(link: str) -> None:
    """The token goes to no other server, whatever an answer tries; the list is not cut short."""
    with ScriptedServer(EMPTY) as evil, ScriptedServer(EMPTY) as apple:
        host, evil_host = (each.origin.removeprefix("http://") for each in (apple, evil))
        port = host.rpartition(":")[2]
        parts = {"origin": apple.origin, "evil": evil.origin, "evil_host": evil_host}
        apple.answer_with(next_to(link.format(host=host, port=port, **parts)))

        with pytest.raises(UntrustedUrlError):
            apple.client().list_apps()

        assert [] == evil.asked


def test_next_on_another_server_is_named(apple: Emulator, client: AppStoreConnectClient) -> None:
    """The error says where the link points and what is allowed, and that server is never asked."""
    apple.fault(Fault("api", "reports", "foreign_next"))

    with pytest.raises(UntrustedUrlError) as caught:
        client.list_reports(request_id_of(apple))
    assert (apple.store_url, apple.base_url) == (caught.value.origin, caught.value.allowed)
    assert [] == apple.downloads


def test_next_in_a_circle_ends(apple: Emulator, client: AppStoreConnectClient) -> None:
    """A link back to a page already read is an error, not an endless list."""
    apple.fault(Fault("api", "reports", "loop", times=None))

    with pytest.raises(MalformedResponseError, match="its pages never end"):
        client.list_reports(request_id_of(apple))
    assert len(apple.exchanges) <= 2


def test_next_without_end_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Links that lead on and on, each to another page, do not eat the budget of the hour."""
    monkeypatch.setattr("app_store_connect.api.client.MAX_PAGES", 5)
    with ScriptedServer(next_to("on/and")) as apple:
        with pytest.raises(MalformedResponseError, match="its pages never end"):
            apple.client().list_apps()

        assert 5 == len(apple.asked)


@pytest.mark.parametrize("link", [{"href": "/v1/apps"}, 7, True], ids=["object", "number", "bool"])
def test_next_of_another_type_is_malformed(link: object) -> None:
    """A link that cannot be followed is not taken for the end of the list."""
    with (
        ScriptedServer(next_to(link)) as apple,
        pytest.raises(MalformedResponseError, match=r"links\.next"),
    ):
        apple.client().list_apps()


@pytest.mark.parametrize("kind", ["500", "truncated", "forbidden", "malformed"])
def test_a_failed_page_is_never_a_shorter_list(kind: str, start_apple: StartApple) -> None:
    """If the second page cannot be had there is an error, and not half a list."""
    world = World()
    world.add_app(APP)
    request = world.add_request(APP.id, "ONGOING")
    for number in range(201):
        world.add_report(request, f"Report {number}", "COMMERCE")
    apple = start_apple(world)
    apple.fault(Fault("api", "reports", kind, times=None, after=1))

    with pytest.raises(AppStoreConnectError):
        client_of(apple).list_reports(request.id)


# Redirects, proxies, cookies.


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["{evil}/v1/apps", "/v1/apps/elsewhere", "http://a:b/"])
def test_redirect_is_refused(status: int, target: str) -> None:
    """Apple sends none; whatever is behind one is not asked, be it the same server."""
    with ScriptedServer(EMPTY) as evil, ScriptedServer(EMPTY) as apple:
        location = target.format(evil=evil.origin)
        apple.answer_with(Answer(status, headers=(("Location", location),)), EMPTY)

        with pytest.raises(UntrustedUrlError, match="/v1/apps: a redirect points to"):
            apple.client().list_apps()

        assert (0, 1) == (len(evil.asked), len(apple.asked))


def test_redirect_to_nowhere_is_an_error() -> None:
    """A `Location` that cannot be read ends as an error of this package, not of a library."""
    nowhere = Answer(302, headers=(("Location", "http://[::1"),))
    with ScriptedServer(nowhere) as apple, pytest.raises(AppStoreConnectError):
        apple.client().list_apps()


def test_redirect_by_the_api_is_not_followed(
    apple: Emulator, client: AppStoreConnectClient
) -> None:
    """The store is not asked where the API redirects to it."""
    apple.fault(Fault("api", "apps", "redirect"))

    with pytest.raises(UntrustedUrlError):
        client.list_apps()
    assert ([], 1) == (apple.downloads, len(apple.exchanges))


def test_other_answers_of_the_three_hundreds_are_errors() -> None:
    """An answer that is no success is none, also with JSON in it."""
    with (
        ScriptedServer(Answer(304, b'{"data": []}')) as apple,
        pytest.raises(ApiError, match="304 Not Modified"),
    ):
        apple.client().list_apps()


def test_token_for_this_machine_passes_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment never sees what goes to loopback in the clear, as in `--demo`."""
    with ScriptedServer(EMPTY) as proxy, ScriptedServer(EMPTY) as apple:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.origin)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)

        apple.client().list_apps()

        assert (0, 1) == (len(proxy.asked), len(apple.asked))


def test_cookies_are_not_kept() -> None:
    """No request carries what an answer before it set."""
    cookie = Answer(200, EMPTY.body, headers=(("Set-Cookie", "session=1; Path=/"),))
    with ScriptedServer(cookie) as apple:
        client = apple.client()
        client.list_apps()
        client.list_apps()

        assert ["Cookie" in request.headers for request in apple.asked] == [False, False]


# Answers that another try may better.


PASSING = ["500", "502", "503", "html", "truncated", "reset", "rate_limited"]


@pytest.mark.parametrize("kind", PASSING)
def test_passing_trouble_is_outlasted(
    kind: str, apple: Emulator, client: AppStoreConnectClient
) -> None:
    """Five bad answers in a row, of whatever kind, cost tries but no data."""
    fault = apple.fault(Fault("api", "apps", kind, times=TRIES - 1))

    assert [APP] == client.list_apps()
    assert TRIES - 1 == fault.fired


@pytest.mark.parametrize("kind", PASSING)
def test_lasting_trouble_is_named(
    kind: str, apple: Emulator, client: AppStoreConnectClient
) -> None:
    """After six tries the error has the path and what came, and what will be done about it."""
    apple.fault(Fault("api", "apps", kind, times=None))

    with pytest.raises(
        UnavailableError, match=r"^/v1/apps: .* \(6 tries\); the next run"
    ) as caught:
        client.list_apps()
    assert (TRIES, TRIES) == (caught.value.tries, len(apple.exchanges))


def test_silence_is_not_waited_for_forever(apple: Emulator) -> None:
    """An answer that takes longer than the timeout is asked for again."""
    apple.fault(Fault("api", "apps", "slow", delay=timedelta(seconds=5)))
    client = client_of(apple, timeout_seconds=0.2)
    started = time.monotonic()

    assert [APP] == client.list_apps()
    assert time.monotonic() - started < 4


UNREACHABLE = r"127\.0\.0\.1 cannot be reached \(NewConnectionError\): check the network, the proxy"


def test_nobody_there_is_named() -> None:
    """Where nothing listens the error says so, and no traceback of a library."""
    with ScriptedServer(EMPTY) as apple:
        client = apple.client()

    with pytest.raises(UnavailableError, match=UNREACHABLE):
        client.list_apps()


def test_tries_are_ever_further_apart(world: World, start_apple: StartApple) -> None:
    """Pauses are random, so that threads do not return together, within bounds that double."""
    clock = Clock()
    apple = start_apple(world, clock=clock.now)
    apple.fault(Fault("api", "apps", "503", times=None))
    client = client_of(apple, clock=clock, backoff_seconds=1)

    with pytest.raises(UnavailableError):
        client.list_apps()
    assert 5 == len(clock.naps)
    assert all(0 <= nap <= 2**number for number, nap in enumerate(clock.naps))


def test_a_429_without_a_reason_is_given_a_minute(world: World, start_apple: StartApple) -> None:
    """Refused with budget left it may be a limit by the minute: all tries together outlast one."""
    clock = Clock()
    apple = start_apple(world, clock=clock.now)
    apple.fault(Fault("api", "apps", "rate_limited", times=TRIES - 1))

    client_of(apple, clock=clock, backoff_seconds=1).list_apps()

    assert [12.0] * 5 == clock.naps


@pytest.mark.parametrize(
    ("header", "nap"),
    [("7", 7.0), ("86400", 300.0), ("nan", 0.0), ("inf", 0.0), ("-1", 0.0), ("soon", 0.0)],
    ids=["seconds", "too long", "not a number", "endless", "negative", "words"],
)
def test_retry_after_of_a_5xx_is_heeded_within_reason(header: str, nap: float) -> None:
    """The pause is what the server asks for, five minutes at most; nonsense is passed over."""
    clock = Clock()
    busy = Answer(503, headers=(("Retry-After", header),))
    budget = RequestBudget(clock=clock.monotonic, sleep=clock.sleep)
    with ScriptedServer(busy, EMPTY) as server:
        server.client(budget=budget).list_apps()

    assert [nap] == clock.naps


@pytest.mark.parametrize(
    ("max_wait", "naps", "tries"), [(0, [], 1), (700, [300.0, 300.0], 3), (3600, [300.0] * 5, 6)]
)
def test_long_retry_after_of_a_5xx_is_a_wait(
    max_wait: float, naps: list[float], tries: int
) -> None:
    """It counts against `--max-wait`, and is told; beyond that this request is given up."""
    clock, told = Clock(), list[float]()
    budget = RequestBudget(max_wait, on_wait=told.append, clock=clock.monotonic, sleep=clock.sleep)
    busy = Answer(503, headers=(("Retry-After", "300"),))
    says = pytest.raises(UnavailableError, match="503 and asks to wait 300 s")
    with ScriptedServer(busy) as server, says as caught:
        server.client(budget=budget).list_apps()

    assert (naps, naps, tries) == (clock.naps, told, caught.value.tries)


def test_waits_side_by_side_count_once() -> None:
    """Eight threads that are asked to wait five minutes wait five minutes."""
    clock, told = Clock(), list[float]()
    budget = RequestBudget(
        300, on_wait=told.append, clock=clock.monotonic, sleep=lambda seconds: None
    )

    for _ in range(8):
        assert budget.may_pause(300.0)
        budget.pause(300.0)
    clock.sleep(300.0)

    assert [300.0] == told
    assert not budget.may_pause(31.0)


# An API that is down.


def test_api_that_is_down_is_told_from_lists_that_are(
    apple: Emulator, client: AppStoreConnectClient
) -> None:
    """After ten requests in a row without an answer the last one is asked again that had one; Apple
    is down only if that fails too.
    """

    def error_of(instance_id: str) -> type[Exception] | None:
        try:
            client.list_segments(instance_id)
        except UnavailableError as error:
            return type(error)
        return None

    client.list_apps()
    apple.fault(Fault("api", "segments", "500", times=None))
    apple.forget()
    lists = [error_of("daily-2") for _ in range(25)]
    probes = [each for each in apple.exchanges if each.path == "/v1/apps"]
    apple.fault(Fault("api", "apps", "500", times=None))
    down = [error_of("daily-2") for _ in range(5)]

    assert {UnavailableError} == {*lists}
    assert 2 == len(probes)
    assert [UnavailableError] * 4 + [ApiDownError] == down


def test_api_that_never_answered(apple: Emulator, client: AppStoreConnectClient) -> None:
    """Before the first answer the list of apps is asked; a refusal is an answer."""
    apple.fault(Fault("api", "segments", "500", times=None))
    apple.fault(Fault("api", "apps", "forbidden"))
    errors = []
    for _ in range(20):
        with pytest.raises(UnavailableError) as caught:
            client.list_segments("daily-2")
        errors.append(type(caught.value))

    assert {UnavailableError} == {*errors}


# The token.


def test_refused_token_is_renewed_once(apple: Emulator, client: AppStoreConnectClient) -> None:
    """A 401 in the middle of a run costs one more request, with another token."""
    apple.fault(Fault("api", "apps", "unauthorized"))

    assert [APP] == client.list_apps()
    assert [401, 200] == [exchange.status for exchange in apple.exchanges]
    assert 2 == len({exchange.headers["Authorization"] for exchange in apple.exchanges})


def test_key_that_apple_refuses_is_not_tried_on(
    apple: Emulator, client: AppStoreConnectClient
) -> None:
    """After a second 401 it stops, and says what of the key and the clock to check."""
    apple.fault(Fault("api", "apps", "unauthorized", times=None))

    with pytest.raises(UnauthorizedError, match="check that key_id belongs to this private_key"):
        client.list_apps()
    assert 2 == len(apple.exchanges)


def test_token_is_renewed_before_it_ends(world: World, start_apple: StartApple) -> None:
    """In a run of hours no request is refused for an old token."""
    clock = Clock()
    apple = start_apple(world, clock=clock.now)
    client = client_of(apple, clock=clock)

    for _ in range(12):
        client.list_apps()
        clock.sleep(7 * 60)

    assert [200] * 12 == [exchange.status for exchange in apple.exchanges]


Ask = Callable[[AppStoreConnectClient], Any]


@pytest.mark.parametrize(
    "kind",
    [*PASSING, "unauthorized", "forbidden", "not_found", "redirect", "foreign_next", "malformed"],
)
def test_no_token_in_errors_or_logs(
    kind: str, apple: Emulator, client: AppStoreConnectClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever goes wrong, message, traceback and debug log show no token and no signature."""
    caplog.set_level(logging.DEBUG, "app_store_connect")
    apple.fault(Fault("api", "segments", kind, times=None))

    with pytest.raises(AppStoreConnectError) as caught:
        client.list_segments("daily-2")

    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    tokens = {exchange.headers["Authorization"].split()[1] for exchange in apple.exchanges}
    secrets = [*tokens, *(token.rpartition(".")[2] for token in tokens), "X-Amz-Signature"]
    assert [] == [secret for secret in secrets if secret in shown]


# Refusals.


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("FORBIDDEN_ERROR", "the key's role does not allow this"),
        ("FORBIDDEN.REQUIRED_AGREEMENTS_MISSING_OR_EXPIRED", "the Account Holder must accept"),
    ],
    ids=["role", "agreements"],
)
def test_a_403_says_who_must_act(
    code: str, advice: str, apple: Emulator, client: AppStoreConnectClient
) -> None:
    """A role that does not suffice and an agreement that is not signed are told apart; no retry."""
    apple.fault(Fault("api", "apps", "forbidden", code=code, times=None))

    with pytest.raises(ForbiddenError, match=advice) as caught:
        client.list_apps()
    assert (code, "/v1/apps", 1) == (caught.value.code, caught.value.path, len(apple.exchanges))


def test_a_403_of_a_proxy_is_still_one() -> None:
    """A refusal without Apple's error document has HTTP's name for it."""
    page = Answer(403, b"<html>blocked</html>", "text/html")
    with (
        ScriptedServer(page) as apple,
        pytest.raises(ForbiddenError, match=r"^/v1/apps: Apple answered 403 Forbidden; "),
    ):
        apple.client().list_apps()


@pytest.mark.parametrize(
    "errors",
    [None, [], {}, ["no"], [{}], [{"code": None, "detail": 7}], "no"],
    ids=["none", "empty", "object", "text", "nothing in it", "wrong types", "a word"],
)
def test_odd_error_documents_do_no_harm(errors: object) -> None:
    """An error document that is not as described still becomes the error of its status."""
    body = json.dumps({"errors": errors}).encode()
    with ScriptedServer(Answer(404, body)) as apple, pytest.raises(NotFoundError, match="404"):
        apple.client().list_apps()


@pytest.mark.parametrize(
    ("ask", "advice"),
    [
        (lambda client: client.list_report_requests("404"), "the key does not see this app, or"),
        (lambda client: client.read_report_request("404", app_id="1"), "request was deleted, or"),
        (lambda client: client.delete_report_request("404"), "this report request was deleted, or"),
        (lambda client: client.list_reports("404"), "this report request was deleted, or the key"),
        (lambda client: client.list_instances("404"), "this report is gone with its report reque"),
        (lambda client: client.read_instance("404"), "instances are deleted after 35 days, and"),
        (lambda client: client.list_segments("404"), "instances are deleted after 35 days, and"),
        (lambda client: client.read_segment("404"), "Apple has this segment no longer: it was re"),
    ],
    ids=[
        "requests",
        "request",
        "delete",
        "reports",
        "instances",
        "instance",
        "segments",
        "segment",
    ],
)
def test_what_is_not_there_is_not_found(
    ask: Ask, advice: str, client: AppStoreConnectClient
) -> None:
    """A 404 has Apple's words and speaks of the thing asked for; it is never an empty list."""
    with pytest.raises(NotFoundError, match=f"There is no resource of type .*{advice}") as caught:
        ask(client)
    others = {"this app", "35 days", "this segment", "this report is"} - {advice}
    assert 1 >= sum(each in str(caught.value) for each in others)


@pytest.mark.parametrize("status", [403, 404, 407, 409, 418])
@pytest.mark.parametrize("body", [b"<html>blocked</html>", b"", b'{"error": "blocked"}'])
def test_refusal_that_is_not_apples(status: int, body: bytes) -> None:
    """Neither the key's role nor a thing that is gone is blamed for what a proxy answers."""
    with (
        ScriptedServer(Answer(status, body)) as apple,
        pytest.raises(
            ApiError, match=r"no answer of App Store Connect's: check the proxy"
        ) as error,
    ):
        apple.client().list_report_requests("1")
    assert "role" not in str(error.value)
    assert "this app" not in str(error.value)


def test_404_for_the_list_of_apps() -> None:
    """There is no app to be missing: the address is another's."""
    body = json.dumps({"errors": [{"code": "NOT_FOUND", "detail": "No"}]}).encode()
    with (
        ScriptedServer(Answer(404, body)) as apple,
        pytest.raises(NotFoundError, match="check base_url"),
    ):
        apple.client().list_apps()


def test_deleting_needs_an_admin(world: World, start_apple: StartApple) -> None:
    """A key that may not delete is not told of reading, nor of apps that it may not see."""
    client = client_of(start_apple(world, role="SALES"))
    request = world.requests[0]

    with pytest.raises(ForbiddenError, match="deleting report requests needs Admin") as caught:
        client.delete_report_request(request.id)
    assert "reading" not in str(caught.value)


def test_conflict_of_a_deletion_is_no_second_request() -> None:
    """A 409 to DELETE is not explained with report requests that exist already."""
    body = json.dumps({"errors": [{"code": "STATE_ERROR", "detail": "Not now"}]}).encode()
    with (
        ScriptedServer(Answer(409, body)) as apple,
        pytest.raises(ConflictError, match=r"Not now$"),
    ):
        apple.client().delete_report_request("1")


def test_second_report_request_is_a_conflict(client: AppStoreConnectClient) -> None:
    """A 409 says why there may be such a request although none is listed."""
    with pytest.raises(ConflictError, match="You already have such an entity; there is such a"):
        client.create_report_request(APP.id, AccessType.ONGOING)


def test_conflict_of_another_kind_has_no_wrong_advice(client: AppStoreConnectClient) -> None:
    """A 409 for an app that does not exist speaks of that, not of report requests."""
    with pytest.raises(ConflictError, match=r"no resource of type 'apps' with id '404'$"):
        client.create_report_request("404", AccessType.ONGOING)


def test_creating_needs_an_admin(world: World, start_apple: StartApple) -> None:
    """A key that may only read is told which role may create."""
    client = client_of(start_apple(world, role="SALES"))

    with pytest.raises(ForbiddenError, match="creating report requests needs Admin"):
        client.create_report_request(APP.id, AccessType.ONE_TIME_SNAPSHOT)


# Answers that are not as described.


@pytest.mark.parametrize(
    "ask",
    [
        lambda client, apple: client.list_report_requests(APP.id),
        lambda client, apple: client.read_report_request(request_id_of(apple), app_id=APP.id),
        lambda client, apple: client.list_reports(request_id_of(apple)),
        lambda client, apple: client.list_instances(report_of(apple).id),
        lambda client, apple: client.read_instance("weekly"),
        lambda client, apple: client.list_segments("weekly"),
    ],
    ids=["requests", "request", "reports", "instances", "instance", "segments"],
)
def test_items_without_what_is_needed_are_malformed(
    ask: Callable[[AppStoreConnectClient, Emulator], Any],
    apple: Emulator,
    client: AppStoreConnectClient,
) -> None:
    """An item that lacks a needed attribute is an error that names it, not a row of nothing."""
    apple.fault(Fault("api", "", "malformed"))

    with pytest.raises(MalformedResponseError, match="analyticsReport"):
        ask(client, apple)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"data": None},
        {"data": {"id": "1"}},
        {"data": "apps"},
        {"data": ["app"]},
        {"data": [None]},
        {"data": [{"id": 7}]},
        {"data": [{"id": "1", "attributes": "none"}]},
    ],
    ids=["no data", "null", "object", "text", "texts", "nulls", "id a number", "attributes a text"],
)
def test_lists_of_another_shape_are_malformed(document: object) -> None:
    """JSON that is no list of apps is neither taken for an empty one nor a crash."""
    with (
        ScriptedServer(Answer(200, json.dumps(document).encode())) as apple,
        pytest.raises(MalformedResponseError),
    ):
        apple.client().list_apps()


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b'"apps"', b"\xff\xfe", b"[" * 100_000],
    ids=["nothing", "list", "null", "text", "not UTF-8", "too deep"],
)
def test_success_without_a_document_is_asked_again(body: bytes) -> None:
    """A 200 that holds no JSON object is trouble on the way, and may pass."""
    with ScriptedServer(Answer(200, body), EMPTY) as apple:
        assert [] == apple.client().list_apps()
        assert 2 == len(apple.asked)
