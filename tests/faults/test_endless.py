"""An answer ends: in time and in bytes, whatever part of it is slow or long."""

import contextlib
import gzip
import json
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from pathlib import Path
from typing import Any, Self

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app_store_connect.api.client import AppStoreConnectClient
from app_store_connect.api.credentials import parse_credentials
from app_store_connect.api.download import ListedSegment, SegmentDownloader
from app_store_connect.entities import ReportSegment
from app_store_connect.errors import (
    AppStoreConnectError,
    ForbiddenError,
    UnavailableError,
    UntrustedUrlError,
)
from asc_pipeline.emulator.server.wire import LocalServer, Request
from tests.asking import KEY
from tests.emulator import Answer, Delivery

TIMEOUT = 1.0
TRIES, PATIENCE = 2, 1.5
ENDS_WITHIN = 20.0
"""Two tries of one and a half timeouts, on a machine that is busy."""
BUFFERED = 8 * 1024 * 1024
"""What sockets hold of an answer that nobody reads."""
CONTENT = b'{"data": []}'
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n" + CONTENT
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
GZIP = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
EMPTY_BLOCKS = b"\x00\x00\x00\xff\xff" * 13_000
ZEROS = bytes(65536)

Parts = Callable[[], Iterable[bytes]]


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app_store_connect.api.http.PATIENCE", PATIENCE)
    for module in ("requester", "download"):
        monkeypatch.setattr(f"app_store_connect.api.{module}.TRIES", TRIES)


def slowly(start: bytes, part: bytes) -> Parts:
    """After `start`, which comes at once, a byte of `part` at a time, over and over."""
    return lambda: chain([start], (bytes([byte]) for _ in repeat(None) for byte in part))


def at_once(start: bytes, part: bytes) -> Parts:
    return lambda: chain([start], repeat(part))


def _bomb() -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=31)
    yield GZIP
    while True:
        yield packer.compress(ZEROS)


@dataclass(frozen=True)
class Endless:
    parts: Parts
    why: str
    pause: float = 0.0
    timeout: float = TIMEOUT


SLOW = "it broke off (too slow)"
LONG = "over 1048576 bytes came beside its content"
PAUSE = 0.02
TRICKLES = {
    "status line": slowly(b"", b"HTTP/1.1 200 " + b"O" * 10_000),
    "headers": slowly(b"HTTP/1.1 200 OK\r\n", b"X-A: 1\r\n"),
    "100 Continue": slowly(b"", CONTINUE),
    "chunk extension": slowly(CHUNKED + b"c;a=", b"a" * 10_000),
    "trailers": slowly(CHUNKED + b"c\r\n" + CONTENT + b"\r\n0\r\n", b"X-A: 1\r\n"),
    "content": slowly(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" "),
    "chunks": slowly(CHUNKED, b"1\r\n \r\n"),
    "words of a refusal": slowly(b"HTTP/1.1 403 Forbidden\r\n\r\n", b" "),
}
FLOODS = {
    "100 Continue": at_once(b"", CONTINUE * 1000),
    "trailers": at_once(CHUNKED + b"c\r\n" + CONTENT + b"\r\n0\r\n", b"X-A: 1\r\n" * 1000),
    "marks of chunks": at_once(CHUNKED, b"1;" + b"a" * 1000 + b"\r\n \r\n"),
}
ENDLESS = {
    **{f"slow {name}": Endless(parts, SLOW, PAUSE) for name, parts in TRICKLES.items()},
    **{f"endless {name}": Endless(parts, LONG, timeout=10) for name, parts in FLOODS.items()},
}


class Pouring:
    """Answers every request that arrives with `parts`; `sent` counts the bytes that went out."""

    def __init__(self, parts: Parts, pause: float = 0.0, tls: ssl.SSLContext | None = None) -> None:
        self.sent = self.connections = 0
        self._parts, self._pause, self._tls = parts, pause, tls
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    @property
    def origin(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._ended.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, plain: socket.socket) -> None:
        with contextlib.suppress(OSError), plain:
            wrap = self._tls.wrap_socket if self._tls else None
            with wrap(plain, server_side=True) if wrap else plain as connection:
                connection.recv(65536)
                for part in self._parts():
                    connection.sendall(part)
                    self.sent += len(part)
                    if self._ended.wait(self._pause) if self._pause else self._ended.is_set():
                        return


def client_at(origin: str, timeout: float = TIMEOUT) -> AppStoreConnectClient:
    credentials = parse_credentials(
        key_id=KEY.key_id, private_key=KEY.private_key, issuer_id=KEY.issuer_id, base_url=origin
    )
    return AppStoreConnectClient(credentials, backoff_seconds=0, timeout_seconds=timeout)


def download_from(origin: str, size: int = 100_000, timeout: float = TIMEOUT) -> bytes:
    segment = ReportSegment("s-1", "of no known kind", size, f"{origin}/0.gz?X-Amz-Signature=s3")
    downloader = SegmentDownloader(
        lambda _: segment, clock=lambda: 0.0, backoff_seconds=0, timeout_seconds=timeout
    )
    with downloader.open(ListedSegment(segment, 0.0)) as (_, file):
        return file.read()


def outcome_of(call: Callable[[], Any]) -> Any:
    """What `call` returns or raises; in a thread, since it may never do either."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(call())
        except AppStoreConnectError as error:
            found.append(error)

    thread = threading.Thread(target=run, daemon=True)
    started = time.monotonic()
    thread.start()
    thread.join(ENDS_WITHIN)
    assert found, f"no end after {time.monotonic() - started:.0f} s"
    return found[0]


@pytest.mark.variants
@pytest.mark.parametrize("name", ENDLESS)
def test_api_that_never_ends_is_given_up(name: str) -> None:
    """Whatever Apple's answer is slow or long in, it is given up, tried again, and named."""
    case = ENDLESS[name]
    with Pouring(case.parts, case.pause) as server:
        error = outcome_of(client_at(server.origin, case.timeout).list_apps)

    assert isinstance(error, UnavailableError)
    assert f"{case.why} ({TRIES} tries)" in str(error)
    assert server.sent < TRIES * BUFFERED


@pytest.mark.variants
@pytest.mark.parametrize("name", ENDLESS)
def test_store_that_never_ends_is_given_up(name: str) -> None:
    """The same of a file: it is given up, tried again, and named without its signature."""
    case = ENDLESS[name]
    with Pouring(case.parts, case.pause) as server:
        error = outcome_of(lambda: download_from(server.origin, 10**9, case.timeout))

    assert str(error) == f"segment s-1: {case.why}; the next run tries again"
    assert server.sent < TRIES * BUFFERED


REFUSAL = at_once(b"HTTP/1.1 403 Forbidden\r\n\r\n", ZEROS)
REDIRECT = at_once(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n", ZEROS)


def test_refusal_without_end_is_a_refusal() -> None:
    """Of an endless refusal the start is read, once, and it is named by its status."""
    with Pouring(REFUSAL) as server:
        error = outcome_of(client_at(server.origin).list_apps)
    with Pouring(REFUSAL) as store:
        failure = outcome_of(lambda: download_from(store.origin))

    assert isinstance(error, ForbiddenError)
    assert server.sent < BUFFERED
    assert "the store answered 403 for /0.gz" in str(failure)
    assert store.sent < TRIES * BUFFERED


def test_redirect_without_end_is_not_read() -> None:
    """The API's is refused, the store's followed, and what they say beside that is left."""
    with Pouring(REDIRECT) as server:
        error = outcome_of(client_at(server.origin).list_apps)
    with Pouring(lambda: [b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n", CONTENT]) as target:
        moved = f"HTTP/1.1 307 Moved\r\nLocation: {target.origin}/1.gz\r\n\r\n".encode()
        with Pouring(at_once(moved, ZEROS)) as store:
            content = outcome_of(lambda: download_from(store.origin, size=len(CONTENT)))

    assert isinstance(error, UntrustedUrlError)
    assert CONTENT == content
    assert max(server.sent, store.sent) < BUFFERED


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        (at_once(GZIP + gzip.compress(b"")[:10], EMPTY_BLOCKS), LONG),
        (_bomb, "it is longer than 1000000 bytes"),
        (at_once(b"HTTP/1.1 200 OK\r\n\r\n", ZEROS), "it is longer than 1000000 bytes"),
    ],
    ids=["compressed nothing", "compressed zeros", "zeros"],
)
def test_document_without_end(parts: Parts, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document is bounded by what it is unpacked, and by what comes without unpacking to any."""
    monkeypatch.setattr("app_store_connect.api.requester.MAX_DOCUMENT_BYTES", 1_000_000)
    with Pouring(parts) as server:
        error = outcome_of(client_at(server.origin, 10).list_apps)

    assert f"{why} ({TRIES} tries)" in str(error)
    assert server.sent < TRIES * BUFFERED


@pytest.mark.slow
def test_slow_but_steady_content_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Content that keeps up the slowest pace may take longer than any number of timeouts."""
    monkeypatch.setattr("app_store_connect.api.http.SLOWEST_BYTES_PER_SECOND", 1000)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"
    with Pouring(lambda: [head, *[bytes(100)] * 50], pause=0.05) as store:
        content = outcome_of(lambda: download_from(store.origin, size=5000))

    assert (bytes(5000), 1) == (content, store.connections)


# Whatever the connection.


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's side of TLS, with a certificate that requests is told to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    here = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(here, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file = tmp_path / "server.pem"
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    return context


@contextlib.contextmanager
def tunnel(port: int) -> Iterator[str]:
    """A proxy that leads every CONNECT to this port."""

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def lead(near: socket.socket) -> None:
        with near, socket.create_connection(("127.0.0.1", port)) as far:
            near.recv(65536)
            near.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=pump, args=(far, near), daemon=True)
            back.start()
            pump(near, far)
            back.join()

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                threading.Thread(target=lead, args=(near,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def use_proxy(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, origin)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.slow
@pytest.mark.variants
@pytest.mark.parametrize("is_proxied", [False, True], ids=["straight", "through a proxy"])
def test_slow_headers_over_tls(
    is_proxied: bool, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither TLS nor a proxy hides the bytes and the time, of Apple or of the store."""
    with Pouring(TRICKLES["headers"], PAUSE, tls) as server, tunnel(server.port) as proxy:
        use_proxy(monkeypatch, proxy if is_proxied else "")
        error = outcome_of(client_at(f"https://localhost:{server.port}").list_apps)
        found = outcome_of(lambda: download_from(f"https://localhost:{server.port}"))

    assert f"{SLOW} ({TRIES} tries)" in str(error)
    assert SLOW in str(found)


@pytest.mark.slow
def test_slow_headers_of_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that never ends its answer to CONNECT is given up as well."""
    with Pouring(TRICKLES["headers"], PAUSE) as proxy:
        use_proxy(monkeypatch, proxy.origin)
        monkeypatch.setattr("app_store_connect.api.http.CONNECT_SECONDS", TIMEOUT)
        error = outcome_of(client_at("https://api.example.com").list_apps)

    assert f"{SLOW} ({TRIES} tries)" in str(error)


class Counting(LocalServer):
    """Counts the connections that are made to it."""

    def __init__(self, respond: Callable[[Request], Answer]) -> None:
        super().__init__(respond)
        self.connections = 0

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)


@pytest.mark.parametrize("delivery", [Delivery.WHOLE, Delivery.CHUNKED])
def test_connections_are_kept(delivery: Delivery) -> None:
    """After an answer that was read to its end, the next request goes over the same connection."""
    body = json.dumps({"data": []}).encode()
    server = Counting(lambda _: Answer(200, body, delivery=delivery))
    server.start()
    client = client_at(server.origin)
    for _ in range(5):
        client.list_apps()
        time.sleep(0.01)
    server.stop()

    assert 1 == server.connections
