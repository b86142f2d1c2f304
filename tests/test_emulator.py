"""The emulator keeps Apple's rules, as FACTS.md and Apple's description state them, over HTTP."""

import gzip
import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec

from app_store_connect.catalog import REPORTS
from app_store_connect.entities import App
from asc_pipeline.emulator.server.api import ENDPOINTS
from asc_pipeline.emulator.server.queries import GREATEST_LIMIT, PARAMETERS
from asc_pipeline.emulator.world.world import ALL_REPORTS
from tests import openapi
from tests.asking import Clock
from tests.emulator import Emulator, Fault, SegmentFile, World, demo_world

TODAY = date(2026, 11, 22)
APP_ID = "1500000001"
DOWNLOADS = "App Downloads Standard"


def row(day: str | None, counts: int, territory: str | None = "NA") -> dict[str, str | None]:
    return {"Date": day, "Territory": territory, "App Version": "1.10", "Counts": str(counts)}


def small_world() -> World:
    """One app whose downloads were told of on the 20th, and again, corrected, on the 21st."""
    world = World()
    world.add_app(App(APP_ID, "Tester", "com.example.tester", "T-1", "en-US"))
    request = world.add_request(APP_ID, "ONGOING")
    report = world.add_report(request, DOWNLOADS, "COMMERCE")
    first = [row("2026-11-18", 5), row("2026-11-19", 3)]
    second = [row("2026-11-19", 4), row("2026-11-19", 4), row("2026-11-20", 1, None)]
    world.add_instance(report, "DAILY", date(2026, 11, 20), [first])
    world.add_instance(report, "DAILY", date(2026, 11, 21), [second[:1], second[1:]])
    for number in range(130):
        world.add_report(request, f"Empty Report {number}", "FRAMEWORK_USAGE")
    return world


def claims_of(apple: Emulator, **changes: object) -> dict[str, Any]:
    now = int(apple.clock().timestamp())
    claims = {
        "iss": apple.issuer_id,
        "iat": now,
        "exp": now + 1200,
        "aud": "appstoreconnect-v1",
    }
    return {name: value for name, value in (claims | changes).items() if value is not None}


def token_of(apple: Emulator, **changes: object) -> str:
    headers = {"kid": apple.key_id}
    return jwt.encode(claims_of(apple, **changes), apple.private_key, "ES256", headers)


@dataclass
class Client:
    """Asks with a good token, minted anew for each request."""

    apple: Emulator
    session: requests.Session = field(default_factory=requests.Session)

    def ask(self, path: str, method: str = "GET", **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token_of(self.apple)}", **options.pop("headers", {})}
        url = path if path.startswith("http") else self.apple.base_url + path
        return self.session.request(
            method, url, headers=headers, timeout=10, allow_redirects=False, **options
        )

    def data(self, path: str, **params: str) -> Any:
        response = self.ask(path, params=params)
        assert response.status_code == 200, response.text
        return response.json()["data"]

    def create(self, access_type: str, app_id: str = APP_ID) -> requests.Response:
        app = {"data": {"type": "apps", "id": app_id}}
        data = {
            "type": "analyticsReportRequests",
            "attributes": {"accessType": access_type},
            "relationships": {"app": app},
        }
        return self.ask("/v1/analyticsReportRequests", "POST", json={"data": data})

    def reports_path(self) -> str:
        request = self.apple.world.request(APP_ID, "ONGOING")
        return f"/v1/analyticsReportRequests/{request.id}/reports"

    def instances_path(self) -> str:
        return f"/v1/analyticsReports/{self.apple.world.report(APP_ID, DOWNLOADS).id}/instances"

    def segment_url(self, number: int = 0) -> str:
        segment = list(self.apple.world.segments.values())[number]
        url: str = self.data(f"/v1/analyticsReportSegments/{segment.id}")["attributes"]["url"]
        return url


Start = Callable[..., Client]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def start(clock: Clock) -> Iterator[Start]:
    """Starts emulators of the small world, with the options given, and ends them after the test."""
    clients: list[Client] = []

    def start_one(world: World | None = None, **options: Any) -> Client:
        apple = Emulator(world or small_world(), clock.now, **options)
        clients.append(Client(apple.start()))
        return clients[-1]

    yield start_one
    for client in clients:
        client.session.close()
        client.apple.stop()


@pytest.fixture
def client(start: Start) -> Client:
    return start()


def error_of(response: requests.Response) -> dict[str, Any]:
    (error,) = response.json()["errors"]
    return dict(error)


def test_good_tokens(client: Client) -> None:
    """A team key with its issuer and an individual key with `sub: user` are let in."""
    individual = client.apple.individual_key
    claims = claims_of(client.apple, iss=None, sub="user")
    token = jwt.encode(claims, individual.private_key, "ES256", {"kid": individual.key_id})
    headers = {"Authorization": f"Bearer {token}"}

    assert client.ask("/v1/apps").status_code == 200
    assert client.ask("/v1/apps", headers=headers).status_code == 200
    assert "PRIVATE KEY" not in repr(individual)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"iss": "0" * 36}, id="another issuer"),
        pytest.param({"iss": None}, id="no issuer"),
        pytest.param({"aud": "appstoreconnect-v2"}, id="another audience"),
        pytest.param({"aud": None}, id="no audience"),
        pytest.param({"life": 1201}, id="longer than 20 minutes"),
        pytest.param({"age": 60, "life": 60}, id="expired"),
        pytest.param({"age": -1, "life": 600}, id="from the future"),
        pytest.param({"exp": None}, id="no expiry"),
        pytest.param({"iat": None}, id="no issue time"),
    ],
)
def test_bad_claims(client: Client, changes: dict[str, Any]) -> None:
    """A token with a wrong claim gets Apple's 401, and costs nothing of the budget."""
    now = int(client.apple.clock().timestamp())
    times = {}
    if "life" in changes:
        issued = now - changes.pop("age", 0)
        times = {"iat": issued, "exp": issued + changes.pop("life")}
    token = token_of(client.apple, **changes, **times)
    response = client.ask("/v1/apps", headers={"Authorization": f"Bearer {token}"})

    assert response.status_code == 401
    assert error_of(response)["code"] == "NOT_AUTHORIZED"
    assert "user-hour-rem:3600" in response.headers["X-Rate-Limit"]
    openapi.judge(client.apple.exchanges)


def test_bad_signatures(client: Client) -> None:
    """A foreign key, another kid or algorithm, DER, or no token at all: 401."""
    apple = client.apple
    claims, kid = claims_of(apple), {"kid": apple.key_id}
    stranger = ec.generate_private_key(ec.SECP256R1())
    good = token_of(apple)
    tokens = {
        "foreign": jwt.encode(claims, stranger, "ES256", kid),
        "unknown kid": jwt.encode(claims, apple.private_key, "ES256", {"kid": "X"}),
        "no kid": jwt.encode(claims, apple.private_key, "ES256"),
        "HS256": jwt.encode(claims, "s" * 32, "HS256", kid),
        "none": jwt.encode(claims, "", "none", kid),
        "typ": jwt.encode(claims, apple.private_key, "ES256", {**kid, "typ": "at+jwt"}),
        "no signature": good.rpartition(".")[0] + ".",
        "changed": good[:-8] + ("A" * 8 if good[-8:] != "A" * 8 else "B" * 8),
    }
    headers = {name: f"Bearer {token}" for name, token in tokens.items()}
    headers |= {"no bearer": good, "basic": f"Basic {good}"}
    statuses = {
        name: client.ask("/v1/apps", headers={"Authorization": value}).status_code
        for name, value in headers.items()
    }

    assert statuses == dict.fromkeys(headers, 401)
    assert requests.get(apple.base_url + "/v1/apps", timeout=5).status_code == 401


@pytest.mark.parametrize("relative", [False, True])
def test_paging(start: Start, relative: bool) -> None:
    """A list comes in pages of 50, or of `limit`, and `links.next` leads through all of it once."""
    client = start(relative_links=relative)
    path, names, sizes = client.reports_path(), [], []
    while path:
        document = client.ask(path).json()
        names += [item["attributes"]["name"] for item in document["data"]]
        sizes.append(len(document["data"]))
        path = document["links"].get("next")
        assert path is None or path.startswith("/v1/" if relative else client.apple.base_url)

    assert (len(set(names)), sizes) == (131, [50, 50, 31])
    assert document["meta"]["paging"] == {"total": 131, "limit": 50}
    assert len(client.data(client.reports_path(), limit="200")) == 131
    openapi.judge(client.apple.exchanges)


def test_next_keeps_filters(client: Client) -> None:
    """`links.next` carries the filters and the limit of the first page."""
    options = {"filter[granularity]": "DAILY", "limit": "1"}
    document = client.ask(client.instances_path(), params=options).json()
    query = parse_qs(urlsplit(document["links"]["next"]).query)

    assert query["filter[granularity]"] == ["DAILY"]
    assert query["limit"] == ["1"]
    assert len(client.data(document["links"]["next"])) == 1


@pytest.mark.parametrize(
    ("path", "params", "count"),
    [
        ("apps", {"filter[id]": APP_ID}, 1),
        ("apps", {"filter[id]": "1"}, 0),
        ("apps", {"filter[bundleId]": f"com.example.tester,{APP_ID}"}, 1),
        ("instances", {"filter[granularity]": "WEEKLY,MONTHLY"}, 0),
        ("instances", {"filter[granularity]": "DAILY"}, 2),
    ],
)
def test_filters(client: Client, path: str, params: dict[str, str], count: int) -> None:
    """Filters select; an id that no app has gives an empty list, without a word."""
    paths = {"apps": "/v1/apps", "instances": client.instances_path()}

    assert len(client.data(paths[path], **params)) == count
    openapi.judge(client.apple.exchanges)


def test_fields(client: Client) -> None:
    """`fields[...]` leaves only the attributes that were asked for."""
    (app,) = client.data("/v1/apps", **{"fields[apps]": "name,sku"})

    assert app["attributes"] == {"name": "Tester", "sku": "T-1"}


@pytest.mark.parametrize(
    ("params", "code", "is_described"),
    [
        ({"limit": "201"}, "PARAMETER_ERROR.INVALID", True),
        ({"limit": "0"}, "PARAMETER_ERROR.INVALID", False),
        ({"limit": "many"}, "PARAMETER_ERROR.INVALID", True),
        ({"cursor": "nonsense"}, "PARAMETER_ERROR.INVALID", False),
        ({"filter[granularity]": "HOURLY"}, "PARAMETER_ERROR.INVALID", True),
        ({"fields[analyticsReportInstances]": "state"}, "PARAMETER_ERROR.INVALID", True),
        ({"sort": "processingDate"}, "PARAMETER_ERROR.ILLEGAL", True),
        ({"filter[name]": DOWNLOADS}, "PARAMETER_ERROR.ILLEGAL", True),
    ],
)
def test_wrong_parameters(
    client: Client, params: dict[str, str], code: str, is_described: bool
) -> None:
    """What the endpoint does not take is refused with 400, and the parameter is named."""
    response = client.ask(client.instances_path(), params=params)

    assert response.status_code == 400
    assert error_of(response)["code"] == code
    assert error_of(response)["source"] == {"parameter": next(iter(params))}
    openapi.judge(client.apple.exchanges, requests=False)
    if is_described:
        with pytest.raises(AssertionError, match="analyticsReports"):
            openapi.judge(client.apple.exchanges)


def test_endpoints_are_apples() -> None:
    """Paths, methods, parameters, enumerations and limits are those of Apple's description."""
    described = openapi.described_templates()
    assert {template for _, template in ENDPOINTS} == PARAMETERS.keys()
    for verb, template in ENDPOINTS:
        assert verb in described[template]
        if verb != "GET":
            continue
        schemas = openapi.described_parameters("GET", template)
        for name, allowed in PARAMETERS[template].items():
            if name == "limit":
                assert schemas[name]["maximum"] == GREATEST_LIMIT
            elif name != "cursor":
                values = schemas[name]["items"].get("enum")
                assert (allowed is None) == (values is None), name
                assert (allowed or set()) <= set(values or ()), name


def test_unknown_things(client: Client) -> None:
    """A path or resource that is not there is 404, and the answer says which."""
    nowhere = client.ask("/v1/analyticsReports/r1-x/segments")
    missing = client.ask("/v1/analyticsReportInstances/abc/segments")

    assert (nowhere.status_code, error_of(nowhere)["code"]) == (404, "NOT_FOUND")
    assert (missing.status_code, error_of(missing)["detail"]) == (
        404,
        "There is no resource of type 'analyticsReportInstances' with id 'abc'",
    )
    assert client.ask("/v1/apps", "DELETE").status_code == 403


def test_everything_is_as_described(clock: Clock) -> None:
    """Every kind of resource, listed and read, is as Apple describes it."""
    with Emulator(demo_world(TODAY, days=2), clock.now) as apple:
        client = Client(apple)
        app = client.data("/v1/apps", limit="1")[0]["id"]
        request = client.data(f"/v1/apps/{app}/analyticsReportRequests")[0]["id"]
        report = apple.world.report(app, DOWNLOADS).id
        instance = client.data(f"/v1/analyticsReports/{report}/instances")[0]["id"]
        segment = client.data(f"/v1/analyticsReportInstances/{instance}/segments")[0]["id"]
        for path in (
            f"/v1/analyticsReportRequests/{request}",
            f"/v1/analyticsReportRequests/{request}/reports",
            f"/v1/analyticsReportInstances/{instance}",
            f"/v1/analyticsReportSegments/{segment}",
        ):
            assert client.data(path)
        client.session.close()

    assert len(apple.exchanges) == 8
    openapi.judge(apple.exchanges)


def test_judge_sees_wrong_requests_and_answers(client: Client) -> None:
    """The judge is no rubber stamp: a bad body, a bad answer and an unknown path are named."""
    client.ask("/v1/analyticsReportRequests", "POST", json={"data": {"type": "apps"}})
    with pytest.raises(AssertionError, match=r"POST .*request"):
        openapi.judge(client.apple.exchanges)
    client.apple.forget()
    report = client.apple.world.report(APP_ID, DOWNLOADS)
    report.category = "NOT_A_CATEGORY"
    client.ask(client.reports_path())
    with pytest.raises(AssertionError, match="NOT_A_CATEGORY"):
        openapi.judge(client.apple.exchanges)
    client.apple.forget()
    client.ask("/v1/analyticsReports")
    with pytest.raises(AssertionError, match="no such endpoint"):
        openapi.judge(client.apple.exchanges)


def test_create_conflicts(start: Start) -> None:
    """One request of a kind for an app, also over a stopped one; what is made starts out empty."""
    world = small_world()
    client = start(world)
    world.request(APP_ID, "ONGOING").is_stopped = True
    conflict, made = client.create("ONGOING"), client.create("ONE_TIME_SNAPSHOT")
    request = made.json()["data"]["id"]
    reports = client.data(f"/v1/analyticsReportRequests/{request}/reports", limit="200")
    listed = client.data(f"/v1/apps/{APP_ID}/analyticsReportRequests")

    assert (conflict.status_code, error_of(conflict)["code"]) == (409, "STATE_ERROR")
    assert error_of(conflict)["detail"] == "You already have such an entity"
    assert (made.status_code, len(reports)) == (201, len(ALL_REPORTS))
    assert {r["attributes"]["stoppedDueToInactivity"] for r in listed} == {True, False}
    assert client.create("ONGOING", app_id="1").status_code == 409
    openapi.judge(client.apple.exchanges)


def test_deleted_requests(client: Client, clock: Clock) -> None:
    """A deleted ongoing request can be made anew at once, a snapshot only after 31 days."""
    for access_type, days, status in (
        ("ONGOING", 0, 201),
        ("ONE_TIME_SNAPSHOT", 30, 409),
        ("ONE_TIME_SNAPSHOT", 1, 201),
    ):
        client.create(access_type)
        for request in client.apple.world.requests_of(APP_ID):
            path = f"/v1/analyticsReportRequests/{request.id}"
            assert client.ask(path, "DELETE").status_code == 204
            assert client.ask(path).status_code == 404
        clock.pass_by(days=days)
        assert client.create(access_type).status_code == status, access_type
    openapi.judge(client.apple.exchanges)


def test_sales_role(start: Start) -> None:
    """A key of the role Sales reads everything, and creates and deletes nothing."""
    client = start(role="SALES")
    request = client.apple.world.request(APP_ID, "ONGOING")
    for response in (
        client.create("ONE_TIME_SNAPSHOT"),
        client.ask(f"/v1/analyticsReportRequests/{request.id}", "DELETE"),
    ):
        assert (response.status_code, error_of(response)["code"]) == (403, "FORBIDDEN_ERROR")
    assert client.data(client.reports_path())
    openapi.judge(client.apple.exchanges)


def test_hourly_budget(start: Start, clock: Clock) -> None:
    """The budget counts over a rolling hour and for each key; a refused request costs nothing."""
    client = start(hourly_limit=3)
    client.ask("/v1/apps")
    clock.pass_by(minutes=30)
    answers = [client.ask("/v1/apps") for _ in range(4)]
    clock.pass_by(minutes=30)

    assert [a.status_code for a in answers] == [200, 200, 429, 429]
    assert answers[1].headers["X-Rate-Limit"] == "user-hour-lim:3;user-hour-rem:0;"
    assert error_of(answers[2])["code"] == "RATE_LIMIT_EXCEEDED"
    assert "Retry-After" not in answers[2].headers
    assert [client.ask("/v1/apps").status_code for _ in range(2)] == [200, 429]
    clock.pass_by(hours=1)
    fresh = [client.ask("/v1/apps").headers["X-Rate-Limit"] for _ in range(2)]
    assert [told.partition("rem:")[2] for told in fresh] == ["2;", "1;"]
    openapi.judge(client.apple.exchanges)


def test_minute_budget(start: Start, clock: Clock) -> None:
    """With a limit a minute, 429 comes while the hour's budget has not run out."""
    client = start(minute_limit=2)
    statuses = [client.ask("/v1/apps").status_code for _ in range(3)]
    told = client.ask("/v1/apps").headers["X-Rate-Limit"]
    clock.pass_by(seconds=60)

    assert statuses == [200, 200, 429]
    assert told == "user-hour-lim:3600;user-hour-rem:3598;user-minute-lim:2;user-minute-rem:0;"
    assert client.ask("/v1/apps").status_code == 200


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("commas", "user-hour-lim:3600, user-hour-rem:3599"),
        (
            "twice",
            "user-hour-lim:3600;user-hour-rem:3599;, user-hour-lim:3600;user-hour-rem:3599;",
        ),
    ],
)
def test_rate_limit_spellings(start: Start, style: str, expected: str) -> None:
    """The header comes with commas, or as two lines, where that is asked for."""
    assert start(rate_limit_style=style).ask("/v1/apps").headers["X-Rate-Limit"] == expected


def test_files(client: Client) -> None:
    """A signed URL gives, without a token, the bytes whose MD5 and size are listed: a gzip TSV."""
    segment = next(iter(client.apple.world.segments.values()))
    listed = client.data(f"/v1/analyticsReportInstances/{segment.instance.id}/segments")[0]
    attributes = listed["attributes"]
    response = requests.get(attributes["url"], timeout=5)
    lines = gzip.decompress(response.content).decode().splitlines()

    assert urlsplit(attributes["url"]).netloc != urlsplit(client.apple.base_url).netloc
    assert response.headers["Content-Type"] == "application/gzip"
    assert attributes["checksum"] == hashlib.md5(response.content).hexdigest()  # noqa: S324  Apple's
    assert attributes["sizeInBytes"] == len(response.content)
    assert lines[0].split("\t") == list(
        next(schema.columns for schema in REPORTS if schema.name == DOWNLOADS)
    )
    assert lines[1].split("\t")[4] == "1.10"
    assert [d.segment_id for d in client.apple.downloads] == [segment.id]


def test_url_refusals(client: Client, clock: Clock) -> None:
    """A URL dies after five minutes, and takes no change, other method or Authorization header."""
    url = client.segment_url()
    base, _, query = url.partition("?")
    cases = {
        "fresh": requests.get(url, timeout=5),
        "token": client.ask(url),
        "changed": requests.get(f"{url[:-4]}0000", timeout=5),
        "other path": requests.get(f"{base.replace('0.csv', '1.csv')}?{query}", timeout=5),
        "longer": requests.get(url.replace("Expires=300", "Expires=900"), timeout=5),
        "unsigned": requests.get(base, timeout=5),
    }
    clock.pass_by(seconds=299)
    cases["late"] = requests.get(url, timeout=5)
    clock.pass_by(seconds=1)
    cases["dead"] = requests.get(url, timeout=5)
    seen = {
        n: (r.status_code, r.text.partition("<Code>")[2].partition("<")[0])
        for n, r in cases.items()
    }

    forged = (403, "SignatureDoesNotMatch")
    assert seen == {
        "fresh": (200, ""),
        "token": (400, "InvalidArgument"),
        "changed": forged,
        "other path": forged,
        "longer": forged,
        "unsigned": (403, "AccessDenied"),
        "late": (200, ""),
        "dead": (403, "AccessDenied"),
    }
    assert "Request has expired" in cases["dead"].text
    assert "Only one auth mechanism allowed" in cases["token"].text


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("500", 500, "UNEXPECTED_ERROR"),
        ("502", 502, None),
        ("503", 503, None),
        ("html", 200, None),
        ("unauthorized", 401, "NOT_AUTHORIZED"),
        ("forbidden", 403, "FORBIDDEN.REQUIRED_AGREEMENTS_MISSING_OR_EXPIRED"),
        ("not_found", 404, "NOT_FOUND"),
        ("rate_limited", 429, "RATE_LIMIT_EXCEEDED"),
    ],
)
def test_refusing_faults(client: Client, kind: str, status: int, code: str | None) -> None:
    """A fault of the API fires as often as it is set to, after as many as it lets pass."""
    fault = client.apple.fault(
        Fault(
            "api",
            r"/instances$",
            kind,
            after=1,
            code="FORBIDDEN.REQUIRED_AGREEMENTS_MISSING_OR_EXPIRED",
            retry_after=timedelta(seconds=7),
        )
    )
    answers = [client.ask(client.instances_path()) for _ in range(3)]
    broken = answers[1]

    assert [a.status_code for a in answers] == [200, status, 200]
    assert (fault.fired, client.ask("/v1/apps").status_code) == (1, 200)
    assert "user-hour-rem:3598" in broken.headers["X-Rate-Limit"]
    if code:
        assert error_of(broken)["code"] == code
    else:
        assert broken.headers["Content-Type"].startswith("text/html")
    assert ("Retry-After" in broken.headers) == (kind == "rate_limited")
    openapi.judge(client.apple.exchanges)


def test_misleading_faults(client: Client) -> None:
    """Lists can be empty, malformed, cut, circular, or point to another host."""
    apple, path = client.apple, client.instances_path()

    def spoilt(kind: str) -> requests.Response:
        fault = apple.fault(Fault("api", "/instances$", kind))
        response = client.ask(path)
        assert fault.fired == 1
        return response

    looping = spoilt("loop").json()["links"]
    assert spoilt("empty").json()["data"] == []
    assert looping["next"] == looping["self"]
    assert spoilt("foreign_next").json()["links"]["next"].startswith(apple.store_url)
    assert spoilt("redirect").headers["Location"].startswith(apple.store_url)
    assert {frozenset(item) for item in spoilt("malformed").json()["data"]} == {
        frozenset({"type", "id", "links"})
    }
    with pytest.raises(json.JSONDecodeError):
        json.loads(spoilt("truncated").content)
    with pytest.raises(requests.ConnectionError):
        spoilt("reset")
    assert [e.fault for e in apple.exchanges if e.fault][-1] == "reset"
    openapi.judge(apple.exchanges)


def test_foreign_host_is_watched(client: Client) -> None:
    """A token that is sent to the other origin leaves a trace there."""
    client.ask(f"{client.apple.store_url}/v1/apps")

    (download,) = client.apple.downloads
    assert download.headers["Authorization"].startswith("Bearer ")
    assert (download.segment_id, download.status) == (None, 400)


def test_slow_fault(start: Start) -> None:
    """A slow answer is late, but right."""
    client = start(latency=timedelta(milliseconds=20), store_latency=timedelta(milliseconds=20))
    client.apple.fault(Fault("api", "/apps", "slow", delay=timedelta(milliseconds=200)))
    client.apple.fault(Fault("store", "", "slow", delay=timedelta(milliseconds=200)))
    begin = time.monotonic()
    assert client.ask("/v1/apps").status_code == 200
    middle = time.monotonic()
    assert requests.get(client.segment_url(), timeout=5).status_code == 200

    assert middle - begin > 0.2
    assert time.monotonic() - middle > 0.2


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("500", 500, "InternalError"),
        ("503", 503, "SlowDown"),
        ("expired", 403, "Request has expired"),
        ("forbidden", 403, "Access Denied"),
        ("not_found", 404, "NoSuchKey"),
    ],
)
def test_refusing_store_faults(client: Client, kind: str, status: int, code: str) -> None:
    """A fault of the store fires as often as set, and looks as S3's errors do."""
    fault = client.apple.fault(Fault("store", "DOWNLOADS_STANDARD", kind, times=2))
    url = client.segment_url()
    answers = [requests.get(url, timeout=5) for _ in range(3)]

    assert [a.status_code for a in answers] == [status, status, 200]
    assert code in answers[0].text
    assert [d.status for d in client.apple.downloads] == [status, status, 200]
    assert (fault.fired, client.apple.downloads[0].fault) == (2, kind)


def test_damaging_store_faults(client: Client) -> None:
    """Bodies can be cut with and without a trace, reset, flipped, empty, or another segment's."""
    url, other = client.segment_url(0), client.segment_url(1)
    good, foreign = requests.get(url, timeout=5).content, requests.get(other, timeout=5).content

    def spoilt(kind: str) -> bytes:
        client.apple.fault(Fault("store", "", kind))
        return requests.get(url, timeout=5).content

    assert spoilt("cut_chunked") == good[: len(good) // 2]
    assert spoilt("empty") == b""
    assert spoilt("other_segment") == foreign
    flipped = spoilt("flip")
    assert len(flipped) == len(good)
    assert sum(a != b for a, b in zip(flipped, good, strict=True)) == 1
    for kind in ("cut", "reset"):
        with pytest.raises(requests.RequestException):
            spoilt(kind)
    assert requests.get(url, timeout=5).content == good


def test_unknown_fault() -> None:
    """A kind of fault that does not exist is refused at once."""
    with pytest.raises(ValueError, match="flip"):
        Fault("api", "", "flip")


def test_truth_is_the_newest_instance_of_each_date(client: Client) -> None:
    """Truth takes each date whole from the newest instance that carries it, twins and all."""
    truth = client.apple.world.truth(APP_ID, DOWNLOADS, "DAILY")

    assert sorted((r["Date"], r["Counts"], r["Territory"]) for r in truth) == [
        ("2026-11-18", "5", "NA"),
        ("2026-11-19", "4", "NA"),
        ("2026-11-19", "4", "NA"),
        ("2026-11-20", "1", None),
    ]
    assert truth[0].keys() >= {"Pre-Order", "App Apple Identifier"}


def test_truth_follows_the_world(client: Client) -> None:
    """Hidden instances are neither listed nor true; expired ones are true, and no longer listed."""
    world = client.apple.world
    old, new = list(world.instances.values())

    def state() -> tuple[int, list[str]]:
        truth = world.truth(APP_ID, DOWNLOADS, "DAILY")
        return len(client.data(client.instances_path())), sorted(str(r["Counts"]) for r in truth)

    world.hide(new)
    assert state() == (1, ["3", "5"])
    world.reveal(new)
    world.expire(old)
    assert state() == (1, ["1", "4", "4", "5"])
    assert client.ask(f"/v1/analyticsReportInstances/{old.id}/segments").status_code == 404
    world.expire(old, stays_true=False)
    assert state() == (1, ["1", "4", "4"])
    world.republish(new.segments[0], [row("2026-11-19", 9)])
    assert state() == (1, ["1", "4", "9"])
    world.republish(new.segments[0], b"not gzip")
    assert state() == (1, [])


def test_truth_of_ties_empty_dates_and_snapshots() -> None:
    """Of one processing date ONGOING wins, then the greatest id; a row without a date has the
    processing date.
    """
    world = small_world()
    snapshot = world.add_request(APP_ID, "ONE_TIME_SNAPSHOT")
    report = world.add_report(snapshot, DOWNLOADS, "COMMERCE")
    day = date(2026, 11, 21)
    world.add_instance(report, "DAILY", day, [[row("2026-11-20", 7)]], id="ffffffff")
    world.add_instance(report, "DAILY", day, [[row("2026-11-20", 8)]], id="00000000")
    world.add_instance(report, "DAILY", date(2026, 11, 20), [[row(None, 6)]], id="0")

    def counts() -> Counter[str | None]:
        return Counter(r["Counts"] for r in world.truth(APP_ID, DOWNLOADS, "DAILY"))

    assert counts() == {"5": 1, "4": 2, "1": 1}
    world.hide(world.report(APP_ID, DOWNLOADS).instances[-1])
    assert counts() == {"5": 1, "3": 1, "7": 1}
    world.hide(world.instances["ffffffff"])
    assert counts() == {"5": 1, "3": 1, "8": 1}


def test_republished_segment(client: Client) -> None:
    """A republished segment keeps its id, not its checksum; an old URL still gives the old file."""
    world = client.apple.world
    segment = next(iter(world.segments.values()))
    url, before = client.segment_url(), segment.checksum
    old = requests.get(url, timeout=5).content
    world.republish(segment, [row("2026-11-18", 50)])
    attributes = client.data(f"/v1/analyticsReportSegments/{segment.id}")["attributes"]
    new = requests.get(attributes["url"], timeout=5).content

    assert attributes["checksum"] != before
    assert requests.get(url, timeout=5).content == old
    assert hashlib.md5(new).hexdigest() == attributes["checksum"]  # noqa: S324  Apple's choice


def test_odd_files(client: Client) -> None:
    """Bytes are served as they are, and may come with the rows that are in them."""
    world = client.apple.world
    report = world.report(APP_ID, "Empty Report 1")
    content = gzip.compress(b"\xef\xbb\xbfDate\tCounts\r\n2026-11-20\t1\r\n")
    rows = [{"Date": "2026-11-20", "Counts": "1"}]
    instance = world.add_instance(report, "DAILY", TODAY, [SegmentFile(rows, content)])
    world.add_instance(report, "DAILY", TODAY + timedelta(days=1), [b"junk"])
    quoted = world.add_instance(report, "WEEKLY", TODAY, [[{"Name": 'a\t"b"'}]], is_quoted=True)

    assert instance.segments[0].content() == content
    assert world.truth(APP_ID, report.name, "DAILY") == rows
    assert gzip.decompress(quoted.segments[0].content()) == b'Name\n"a\t""b"""\n'
    bad = world.add_instance(report, "MONTHLY", TODAY, [[{"Name": "a\tb"}]])
    with pytest.raises(ValueError, match="delimiter"):
        bad.segments[0].content()
