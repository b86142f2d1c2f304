"""HTTP as both ends need it: no cookies, and answers read in bounded time and size.

A timeout of requests is for one read; who sends a byte before each of them ends is never caught.
Hence every answer is read through a `_BoundedReader`, from its status line to its last trailer.
"""

import io
import socket
import time
from collections.abc import Iterator
from functools import cache
from http.client import HTTPResponse
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, MaxRetryError

from ..errors import UntrustedUrlError
from .credentials import is_safe_transport, origin_of

SAFE_TRANSPORT = "https, or plain http on loopback,"
MAX_CONNECTIONS = 32
CHUNK_BYTES = 256 * 1024
SLOWEST_BYTES_PER_SECOND = 8 * 1024
CONNECT_SECONDS = 10.0
PATIENCE = 5.0
"""Timeouts that an answer may take beyond the time of its content at the slowest pace."""
MAX_OVERHEAD_BYTES = 1024 * 1024
"""How much an answer may have beyond its content; Apple's headers have two kilobytes."""
MAX_REFUSAL_BYTES = 64 * 1024
"""Bytes to read of a refusal: its status counts, and Apple's words are a kilobyte."""


class BrokenTransferError(Exception):
    """No answer, or not all of it; the message says why, without the address.

    Neither an OSError nor an HTTPException: urllib3 and requests let it through as it is.
    """


_TOO_SLOW = "it broke off (too slow)"


class _Session(requests.Session):
    """Sends nothing over plain http but to this very machine, whatever the address looked like.

    Looks up proxies and certificates in the environment once for each host, not each request.

    All requests of a session have to be made with the same settings, and without redirects: of
    those requests would read the body, however long, also where it is told not to follow them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._settings: dict[tuple[str, str], Any] = {}

    def merge_environment_settings(self, url: Any, *settings: Any) -> Any:
        host = urlsplit(url)[:2]
        if host not in self._settings:
            self._settings[host] = super().merge_environment_settings(url, *settings)
        return self._settings[host]

    def send(self, request: requests.PreparedRequest, **settings: Any) -> requests.Response:
        url = request.url or ""
        if not is_safe_transport(url):
            raise UntrustedUrlError("a request", origin_of(url), SAFE_TRANSPORT)
        return super().send(request, **settings)

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class _BoundedReader(io.RawIOBase):
    """The bytes of one answer as they come from its connection.

    All that is no content, be it headers, `100 Continue`, marks between chunks or trailers, shares
    `PATIENCE` timeouts and `MAX_OVERHEAD_BYTES`. `allow` adds what content may take.
    """

    def __init__(self, raw: io.RawIOBase, connection: socket.socket) -> None:
        self._raw, self._connection = raw, connection
        self._timeout = connection.gettimeout() or CONNECT_SECONDS
        self._deadline = time.monotonic() + PATIENCE * self._timeout
        self._bytes_left = MAX_OVERHEAD_BYTES

    def allow(self, content_bytes: int) -> None:
        """Twice its bytes, since small chunks have as many bytes around them."""
        self._deadline += content_bytes / SLOWEST_BYTES_PER_SECOND
        self._bytes_left += 2 * content_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        seconds = self._deadline - time.monotonic()
        if seconds <= 0:
            raise BrokenTransferError(_TOO_SLOW)
        self._connection.settimeout(min(seconds, self._timeout))
        try:
            count = self._raw.readinto(buffer)
        except TimeoutError:
            if seconds < self._timeout:
                raise BrokenTransferError(_TOO_SLOW) from None
            raise
        self._bytes_left -= count or 0
        if self._bytes_left < 0:
            raise BrokenTransferError(f"over {MAX_OVERHEAD_BYTES} bytes came beside its content")
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _BoundedResponse(HTTPResponse):
    """The answer as http.client reads it, also a proxy's to CONNECT."""

    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.reader = _BoundedReader(self.fp.detach(), sock)
        self.fp = io.BufferedReader(self.reader)


class _Bounded:
    response_class = _BoundedResponse


class _BoundedAdapter(HTTPAdapter):
    """Lets the connections of all its pools, those through proxies too, give bounded answers."""

    def get_connection_with_tls_context(self, *arguments: Any, **options: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*arguments, **options)
        pool.ConnectionCls = _bounded(pool.ConnectionCls)
        return pool


@cache
def _bounded(kind: type) -> type:
    return kind if issubclass(kind, _Bounded) else type(kind.__name__, (_Bounded, kind), {})


def new_session() -> requests.Session:
    """For many threads at a time; keeps no cookie."""
    session = _Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("https://", "http://"):
        session.mount(scheme, _BoundedAdapter(pool_maxsize=MAX_CONNECTIONS))
    return session


def timeouts(seconds: float) -> tuple[float, float]:
    """How long to wait for a connection, and for every read."""
    return min(seconds, CONNECT_SECONDS), seconds


def chunks_of(response: requests.Response, *, decode: bool = False) -> Iterator[bytes]:
    """The body as it arrives, of a response that was asked for with `stream=True`.

    `decode=False` gives the bytes as they were sent, for hashing.

    Raises:
        BrokenTransferError: the connection broke, or the body comes too slowly, or its bytes have
            hardly any content.
    """
    answer: Any = response.raw._original_response  # from which requests has an answer's cookies
    try:
        while chunk := response.raw.read1(CHUNK_BYTES, decode_content=decode):
            answer.reader.allow(len(chunk))
            yield chunk
    except (HTTPError, OSError) as error:
        raise BrokenTransferError(f"it broke off ({type(error).__name__})") from None


def no_answer(error: Exception, also_check: str) -> str:
    """Why none came; without a connection also the host, and the next step."""
    cause = error.args[0] if error.args else None
    if not isinstance(cause, MaxRetryError):
        return f"no answer ({type(error).__name__})"
    host, kind = cause.pool.host, type(cause.reason or error).__name__
    return f"{host} cannot be reached ({kind}): check the network, {also_check}"


def exchange(
    session: requests.Session,
    method: str,
    url: str,
    *,
    timeout_seconds: float,
    max_bytes: int,
    **options: Any,
) -> tuple[requests.Response, bytes]:
    """An answer and its whole body, decoded; of a refusal its start, of a redirect none.

    Raises:
        BrokenTransferError: it did not come, not whole, or is longer than `max_bytes`.
    """
    options |= {"timeout": timeouts(timeout_seconds), "allow_redirects": False, "stream": True}
    body = bytearray()
    try:
        with session.request(method, url, **options) as response:
            for chunk in () if response.is_redirect else chunks_of(response, decode=True):
                body += chunk
                if not response.ok and len(body) > MAX_REFUSAL_BYTES:
                    break
                if len(body) > max_bytes:
                    raise BrokenTransferError(f"it is longer than {max_bytes} bytes")
    except (requests.RequestException, ValueError) as error:
        raise BrokenTransferError(no_answer(error, "the proxy and base_url")) from None
    return response, bytes(body)
