"""A segment arrives whole and verified or not at all, and its signed URL stays a secret."""

import contextlib
import hashlib
import logging
import os
import random
import resource
import socket
import stat
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import BaseAdapter

from app_store_connect.api import download
from app_store_connect.api.client import AppStoreConnectClient
from app_store_connect.api.credentials import parse_credentials
from app_store_connect.api.download import TRIES, ListedSegment, SegmentDownloader
from app_store_connect.entities import App, ReportSegment
from app_store_connect.errors import (
    AppStoreConnectError,
    ChecksumError,
    DownloadError,
    NotFoundError,
    UntrustedUrlError,
)
from asc_pipeline.emulator.server.wire import Answer, LocalServer, Request
from tests.asking import Clock
from tests.emulator import Emulator, Fault, World

APP_ID = "1500000001"
CONTENT = random.Random(1).randbytes(300_000)  # noqa: S311  bytes that do not compress, no secret
OTHER = random.Random(2).randbytes(200_000)  # noqa: S311  as above


@dataclass
class Place:
    """An emulator with one instance of two segments, and a downloader that asks it."""

    apple: Emulator
    clock: Clock
    client: AppStoreConnectClient = field(init=False)
    downloader: SegmentDownloader = field(init=False)

    def __post_init__(self) -> None:
        credentials = parse_credentials(
            key_id=self.apple.key_id,
            private_key=self.apple.private_key,
            issuer_id=self.apple.issuer_id,
            base_url=self.apple.base_url,
        )
        self.client = AppStoreConnectClient(credentials, backoff_seconds=0)
        self.downloader = SegmentDownloader(
            self.client.read_segment, clock=self.clock.monotonic, backoff_seconds=0
        )

    def listed(self) -> ListedSegment:
        (instance,) = self.apple.world.instances.values()
        segment = self.client.list_segments(instance.id)[0]
        return ListedSegment(segment, self.clock.monotonic())

    def load(self, listed: ListedSegment | None = None) -> bytes:
        with self.downloader.open(listed or self.listed()) as (_, file):
            return file.read()

    def statuses(self) -> list[int]:
        return [each.status for each in self.apple.downloads]

    def renewals(self) -> int:
        return sum("analyticsReportSegments/" in each.path for each in self.apple.exchanges)


def world(content: bytes = CONTENT) -> World:
    built = World()
    built.add_app(App(APP_ID, "Tester", "com.example.tester", "T-1", "en-US"))
    report = built.add_report(built.add_request(APP_ID, "ONGOING"), "App Crashes", "APP_USAGE")
    built.add_instance(report, "DAILY", date(2026, 11, 20), [content, OTHER])
    return built


@pytest.fixture
def place() -> Iterator[Place]:
    clock = Clock(datetime.now(UTC))  # tokens are made by this machine's clock
    with Emulator(world(), clock.now) as apple:
        yield Place(apple, clock)


Serve = Callable[[Callable[[Request], Answer]], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start stores of one's own; gives the origin of each."""
    servers: list[LocalServer] = []

    def start(respond: Callable[[Request], Answer]) -> str:
        servers.append(LocalServer(respond))
        servers[-1].start()
        return servers[-1].origin

    yield start
    for server in servers:
        server.stop()


def segment_at(url: str, content: bytes = CONTENT) -> ListedSegment:
    checksum = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return ListedSegment(ReportSegment("s-1", checksum, len(content), url), 0.0)


def never(segment_id: str) -> ReportSegment:
    raise AssertionError("no fresh URL is needed")


def fresh(listed: ListedSegment) -> SegmentDownloader:
    """A downloader whose fresh URLs are as the listed one."""
    return SegmentDownloader(lambda _: listed.segment, clock=lambda: 0.0, backoff_seconds=0)


def fails(downloader: SegmentDownloader, listed: ListedSegment) -> AppStoreConnectError:
    with pytest.raises(AppStoreConnectError) as caught, downloader.open(listed):
        pass
    return caught.value


def test_whole_file(place: Place) -> None:
    """A segment comes whole, with one download and no request for a fresh URL."""
    assert place.load() == CONTENT
    assert place.statuses() == [200]
    assert place.renewals() == 0


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("500", id="internal error"),
        pytest.param("503", id="slow down"),
        pytest.param("expired", id="url expired"),
        pytest.param("forbidden", id="access denied"),
        pytest.param("not_found", id="not found"),
        pytest.param("cut", id="cut with a length"),
        pytest.param("cut_chunked", id="cut without a length"),
        pytest.param("reset", id="connection reset"),
        pytest.param("flip", id="flipped bit"),
        pytest.param("empty", id="empty body"),
        pytest.param("other_segment", id="body of another segment"),
    ],
)
def test_each_fault_is_survived_with_a_fresh_url(place: Place, kind: str) -> None:
    """A fault of the store that passes costs a fresh URL and another try, and no byte."""
    fault = place.apple.fault(Fault("store", "0.csv.gz", kind, times=2))

    assert place.load() == CONTENT
    assert fault.fired == 2
    assert place.renewals() == 2


@pytest.mark.parametrize(
    ("kind", "error", "message"),
    [
        pytest.param("503", DownloadError, "answered 503 SlowDown for /reports/", id="slow down"),
        pytest.param("expired", DownloadError, "answered 403 AccessDenied", id="url expired"),
        pytest.param("not_found", DownloadError, "answered 404 NoSuchKey", id="not found"),
        pytest.param("cut", DownloadError, "broke off", id="cut with a length"),
        pytest.param("reset", DownloadError, "broke off", id="connection reset"),
        pytest.param("cut_chunked", ChecksumError, "only 150000 of the 300000", id="cut chunked"),
        pytest.param("empty", ChecksumError, "only 0 of the 300000", id="empty body"),
        pytest.param("other_segment", ChecksumError, "only 200000 of", id="another segment"),
        pytest.param("flip", ChecksumError, "its md5 is [0-9a-f]{32}, listed is", id="flipped bit"),
    ],
)
def test_a_lasting_fault_is_named(
    place: Place, kind: str, error: type[Exception], message: str
) -> None:
    """A fault that stays is an error that says what came, after a bounded number of tries."""
    place.apple.fault(Fault("store", "0.csv.gz", kind, times=None))

    with pytest.raises(error, match=message):
        place.load()
    assert len(place.apple.downloads) == TRIES


def test_longer_body_is_refused(serve: Serve) -> None:
    """A body longer than listed, if only by a byte, is said to be so."""
    listed = segment_at(serve(lambda _: Answer(200, CONTENT + b"x")) + "/0.gz")
    error = fails(fresh(listed), listed)

    assert isinstance(error, ChecksumError)
    assert "more of the 300000 bytes listed came" in str(error)


@pytest.mark.parametrize(
    ("status", "message"),
    [("200 OK", "more of the 300000"), ("403 Forbidden", "answered 403 for /0.gz")],
    ids=["file", "refusal"],
)
def test_body_without_end_is_not_read_to_its_end(status: str, message: str) -> None:
    """A store that never stops sending is left, whether it sends a file or a refusal."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def pour() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    with client, contextlib.suppress(OSError):
                        client.recv(65536)
                        client.sendall(f"HTTP/1.1 {status}\r\n\r\n".encode())
                        while True:
                            client.sendall(bytes(65536))

        threading.Thread(target=pour, daemon=True).start()
        listed = segment_at(f"http://127.0.0.1:{listener.getsockname()[1]}/0.gz")
        error = fails(fresh(listed), listed)
        listener.shutdown(socket.SHUT_RDWR)

    assert message in str(error)


def test_silent_store_is_given_up(serve: Serve) -> None:
    """A store that says nothing within the timeout has not answered."""
    ended = threading.Event()

    def respond(_: Request) -> Answer:
        ended.wait(10)
        return Answer(200, CONTENT)

    listed = segment_at(serve(respond) + "/0.gz?X-Amz-Signature=s3")
    downloader = SegmentDownloader(
        lambda _: listed.segment, clock=lambda: 0.0, backoff_seconds=0, timeout_seconds=0.1
    )
    error = fails(downloader, listed)
    ended.set()

    assert "no answer (ReadTimeout)" in str(error)


def test_tries_are_spaced_out(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that refuses is asked again after pauses that grow, never at once."""
    naps: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", naps.append)
    place.apple.fault(Fault("store", "0.csv.gz", "503", times=None))
    downloader = SegmentDownloader(place.client.read_segment, clock=place.clock.monotonic)

    assert isinstance(fails(downloader, place.listed()), DownloadError)
    assert TRIES - 1 == len(naps)
    assert all(0 < nap <= 2**number for number, nap in enumerate(naps))


@pytest.mark.parametrize(
    ("seconds", "renewals"), [(240, 0), (241, 1), (299, 1)], ids=["young", "old", "about to end"]
)
def test_stale_url_is_renewed_before_it_is_tried(place: Place, seconds: int, renewals: int) -> None:
    """A URL that is close to its end is renewed first, so no download is refused."""
    listed = place.listed()
    place.clock.pass_by(seconds=seconds)

    assert place.load(listed) == CONTENT
    assert place.statuses() == [200]
    assert place.renewals() == renewals


def test_url_that_expires_early_is_renewed(place: Place) -> None:
    """A URL that the store no longer takes, although it seems young, is renewed."""
    listed = place.listed()
    place.clock.pass_by(seconds=301)

    assert place.load(replace(listed, listed_at=place.clock.monotonic())) == CONTENT
    assert place.statuses() == [403, 200]


@pytest.mark.parametrize("kind", ["expired", "flip"])
def test_republished_segment_counts_as_it_is_now(place: Place, kind: str) -> None:
    """A segment that Apple re-published meanwhile, and shorter, is verified against what the fresh
    URL says; of what a try before brought nothing is left.
    """
    listed = place.listed()
    (segment, _) = place.apple.world.segments.values()
    place.apple.world.republish(segment, OTHER)
    place.apple.fault(Fault("store", "0.csv.gz", kind))

    with place.downloader.open(listed) as (verified, file):
        assert file.read() == OTHER
    assert verified.checksum == hashlib.md5(OTHER, usedforsecurity=False).hexdigest()


def test_segment_that_is_gone(place: Place) -> None:
    """If Apple no longer knows the segment, its answer is the error."""
    listed = place.listed()
    (instance,) = place.apple.world.instances.values()
    place.apple.fault(Fault("store", "0.csv.gz", "not_found", times=None))
    place.apple.world.expire(instance)

    assert isinstance(fails(place.downloader, listed), NotFoundError)


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256"])
def test_checksums_of_other_lengths(serve: Serve, algorithm: str) -> None:
    """A checksum is compared by the algorithm that its length tells, in either case."""
    listed = segment_at(serve(lambda _: Answer(200, CONTENT)) + "/0.gz")
    digest = hashlib.new(algorithm, CONTENT, usedforsecurity=False).hexdigest().upper()
    good = replace(listed, segment=replace(listed.segment, checksum=digest))
    bad = replace(listed, segment=replace(listed.segment, checksum=digest[::-1]))

    with SegmentDownloader(never).open(replace(good, listed_at=float("inf"))) as (_, file):
        assert file.read() == CONTENT
    assert f"its {algorithm} is" in str(fails(fresh(bad), bad))


def test_checksum_of_an_unknown_kind(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """What cannot be compared is loaded if its size is right, and that is said."""
    listed = segment_at(serve(lambda _: Answer(200, CONTENT)) + "/0.gz")
    listed = replace(listed, segment=replace(listed.segment, checksum="of another kind"))
    short = replace(listed, segment=replace(listed.segment, size_in_bytes=len(CONTENT) + 1))

    with SegmentDownloader(never, clock=lambda: 0.0).open(listed) as (_, file):
        assert file.read() == CONTENT
    assert "segment s-1: checksum of an unknown kind, not compared" in caplog.text
    assert isinstance(fails(fresh(short), short), ChecksumError)


def test_fresh_url_of_another_segment_is_refused(place: Place) -> None:
    """What Apple gives in a segment's place is not loaded for it, nor asked for again."""
    (instance,) = place.apple.world.instances.values()
    first, second = place.client.list_segments(instance.id)
    asked: list[str] = []

    def read_segment(segment_id: str) -> ReportSegment:
        asked.append(segment_id)
        return second

    error = fails(
        SegmentDownloader(read_segment, clock=lambda: 0.0), ListedSegment(first, float("-inf"))
    )

    assert isinstance(error, DownloadError)
    assert f"Apple gives segment {second.id} in its place" in str(error)
    assert ([first.id], []) == (asked, place.statuses())


def test_no_credentials_reach_the_store(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither a token nor a password of ~/.netrc goes with a download, and nothing is inflated."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login user password hunter2\n")
    monkeypatch.setenv("NETRC", str(netrc))
    place.load()
    (sent,) = [each.headers for each in place.apple.downloads]

    assert {"Authorization", "Cookie", "Proxy-Authorization"} & sent.keys() == set()
    assert sent["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("variable", ["http_proxy", "all_proxy"])
def test_no_proxy_sees_plain_http(
    place: Place, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """What is on this very machine is not fetched through a proxy, which would see the URL."""
    listed = place.listed()
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "http://127.0.0.1:9")

    assert place.load(listed) == CONTENT


def test_redirects_carry_nothing(serve: Serve) -> None:
    """A redirect is followed, without cookies that the store set."""
    arrived: list[Request] = []

    def target(request: Request) -> Answer:
        arrived.append(request)
        return Answer(200, CONTENT)

    elsewhere = serve(target)
    moved = Answer(
        302, headers=(("Location", f"{elsewhere}/1.gz"), ("Set-Cookie", "session=1; Path=/"))
    )
    listed = segment_at(serve(lambda _: moved) + "/0.gz")

    with fresh(listed).open(listed) as (_, file):
        assert file.read() == CONTENT
    assert [{"Authorization", "Cookie", "Referer"} & each.headers.keys() for each in arrived] == [
        set()
    ]


@pytest.mark.parametrize(("hops", "is_followed"), [(3, True), (4, False)])
def test_redirects_are_bounded(serve: Serve, hops: int, is_followed: bool) -> None:
    """Three redirects, relative ones too, are followed, and not one more."""

    def respond(request: Request) -> Answer:
        left = int(request.path[1:])
        return Answer(302, headers=(("Location", str(left - 1)),)) if left else Answer(200, CONTENT)

    listed = segment_at(f"{serve(respond)}/{hops}")
    downloader = SegmentDownloader(never, clock=lambda: 0.0)

    if is_followed:
        with downloader.open(listed) as (_, file):
            assert file.read() == CONTENT
    else:
        assert "redirects without end" in str(fails(downloader, listed))


@pytest.mark.parametrize(
    ("location", "error", "message"),
    [
        pytest.param("http://example.com/x?secret=1", UntrustedUrlError, "http://example.com:80"),
        pytest.param("ftp://127.0.0.1/x?secret=1", UntrustedUrlError, "only https"),
        pytest.param("http://[half/x?secret=1", DownloadError, "cannot be read"),
        pytest.param("https://host:port/x?secret=1", UntrustedUrlError, "refused"),
        pytest.param("http://user:secret@127.0.0.1/x", UntrustedUrlError, "without a clear host"),
        pytest.param("/again?secret=1", DownloadError, "redirects without end"),
    ],
    ids=["plain http", "another scheme", "no host", "no port", "a password", "loop"],
)
def test_redirects_that_are_refused(
    serve: Serve, location: str, error: type[Exception], message: str
) -> None:
    """A redirect to an unencrypted or unreadable address, or without end, is an error at once."""
    moved = Answer(302, headers=(("Location", location),))
    listed = segment_at(serve(lambda _: moved) + "/0.gz")

    found = fails(SegmentDownloader(never, clock=lambda: 0.0), listed)

    assert isinstance(found, error)
    assert message in str(found)
    assert "secret" not in str(found)


def test_unencrypted_url_is_refused() -> None:
    """A segment whose URL is plain http on another machine is not asked for."""
    listed = segment_at("http://store.example.com/0.gz?X-Amz-Signature=secret")

    assert "http://store.example.com:80" in str(
        fails(SegmentDownloader(never, clock=lambda: 0.0), listed)
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://{elsewhere}\\@127.0.0.1/0.gz?X-Amz-Signature=secret",
        "http://{elsewhere}\\@localhost:1/0.gz?X-Amz-Signature=secret",
        "http://secret@127.0.0.1/0.gz",
        "https://store.example.com/0 .gz?X-Amz-Signature=secret",
    ],
    ids=["backslash", "backslash and port", "user", "blank"],
)
def test_ambiguous_url_is_refused(url: str) -> None:
    """What one library takes for this machine, and another for elsewhere, is not asked at all."""
    listed = segment_at(url.format(elsewhere=socket.gethostname()))

    found = fails(SegmentDownloader(never, clock=lambda: 0.0), listed)

    assert isinstance(found, UntrustedUrlError)
    assert "secret" not in str(found)


def test_what_is_sent_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should an address look safe and not be: the request that is really sent counts."""
    monkeypatch.setattr(download, "is_safe_transport", lambda url: True)
    listed = segment_at("http://store.example.com/0.gz?X-Amz-Signature=secret")

    found = fails(SegmentDownloader(never, clock=lambda: 0.0), listed)

    assert "a request points to http://store.example.com:80; refused" in str(found)


class Redirecting(BaseAdapter):
    """An https store that sends everybody elsewhere."""

    def __init__(self, location: str) -> None:
        super().__init__()
        self._location = location

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        response = requests.Response()
        response.status_code, response.raw = 302, BytesIO()
        response.request, response.url = request, request.url or ""
        response.headers["Location"] = self._location
        return response

    def close(self) -> None:
        pass


def test_https_is_not_left(serve: Serve) -> None:
    """Who began with https is not led to plain http, not even on this machine."""
    downloader = SegmentDownloader(never, clock=lambda: 0.0)
    downloader._session.mount("https://", Redirecting(serve(lambda _: Answer(200, CONTENT))))

    found = fails(downloader, segment_at("https://store.example.com/0.gz"))

    assert isinstance(found, UntrustedUrlError)
    assert "only https after https is allowed" in str(found)


def test_unreadable_redirect_is_not_quoted(serve: Serve) -> None:
    """A redirect that cannot be taken apart is an error whose traceback does not show it either."""
    location = "https://user:secret@half\u2100host/x".encode().decode("latin-1")
    listed = segment_at(serve(lambda _: Answer(302, headers=(("Location", location),))) + "/0.gz")
    error = fails(SegmentDownloader(never, clock=lambda: 0.0), listed)

    assert isinstance(error, DownloadError)
    assert "cannot be read" in str(error)
    assert "secret" not in "".join(traceback.format_exception(error))


def test_store_that_cannot_be_reached() -> None:
    """A store that refuses connections is an error without the URL's query."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        listed = segment_at(f"http://127.0.0.1:{taken.getsockname()[1]}/0.gz?X-Amz-Signature=s3")

        error = fails(fresh(listed), listed)

    assert isinstance(error, DownloadError)
    assert "X-Amz" not in str(error)


@pytest.mark.parametrize(
    "kind", [None, "503", "expired", "cut", "reset", "flip", "empty", "other_segment"]
)
def test_no_signature_in_logs_or_errors(
    place: Place, caplog: pytest.LogCaptureFixture, kind: str | None
) -> None:
    """Whatever happens, no log line, at any level, and no traceback shows a signature."""
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, logger=name)
    if kind:
        place.apple.fault(Fault("store", "0.csv.gz", kind, times=None))
    trace = ""

    try:
        place.load()
    except AppStoreConnectError:
        trace = traceback.format_exc()

    assert "/0.csv.gz?(query removed)" in caplog.text
    assert "X-Amz" not in caplog.text + trace
    assert bool(trace) == bool(kind)


def test_segment_hides_its_url(place: Place) -> None:
    """A segment shows its path, not its URL."""
    segment = place.listed().segment

    assert "X-Amz" not in repr(segment) + segment.path
    assert segment.path == urlsplit(segment.url).path


def test_files_are_private_and_gone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: Place
) -> None:
    """A spooled file is readable by this user alone, and gone after use and after a failure."""
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(room))
    monkeypatch.setattr(download, "SPOOL_BYTES", 1000)
    held: list[IO[bytes]] = []

    with place.downloader.open(place.listed()) as (_, file):
        held.append(file)
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        assert mode & 0o077 == 0
        assert file.read() == CONTENT
    place.apple.fault(Fault("store", "0.csv.gz", "flip", times=None))
    with pytest.raises(ChecksumError):
        place.load()

    assert [file.closed for file in held] == [True]
    assert list(room.iterdir()) == []


def test_full_disk_is_not_swallowed(monkeypatch: pytest.MonkeyPatch, place: Place) -> None:
    """A disk that takes no more is the system's error, and not tried again."""
    monkeypatch.setattr(download, "SPOOL_BYTES", 1000)
    listed = place.listed()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            place.load(listed)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert place.statuses() == [200]
