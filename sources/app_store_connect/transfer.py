"""HTTP as both ends need it: no cookies, and bodies read in bounded time and size.

A timeout of requests is for one read; who sends a byte before each of them ends is never caught.
"""

import time
from collections.abc import Iterator
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, MaxRetryError

from app_store_connect.credentials import is_safe_transport, origin_of
from app_store_connect.errors import UntrustedUrlError

SAFE_TRANSPORT = "https, or plain http on loopback,"
MAX_CONNECTIONS = 32
CHUNK_BYTES = 256 * 1024
SLOWEST_BYTES_PER_SECOND = 8 * 1024
CONNECT_SECONDS = 10.0
PATIENCE = 5.0
"""How many timeouts an answer may take before it has to have kept up the slowest pace."""


class BrokenTransferError(Exception):
    """No answer, or not all of it; the message says why, without the address."""


class _Session(requests.Session):
    """Sends nothing over plain http but to this very machine, whatever the address looked like.

    Looks up proxies and certificates in the environment once for each host, not each request.

    All requests of a session have to be made with the same settings.
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


def new_session() -> requests.Session:
    """For many threads at a time; keeps no cookie."""
    session = _Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=MAX_CONNECTIONS))
    return session


def timeouts(seconds: float) -> tuple[float, float]:
    """How long to wait for a connection, and for every read."""
    return min(seconds, CONNECT_SECONDS), seconds


def chunks_of(
    response: requests.Response, *, timeout_seconds: float, decode: bool = False
) -> Iterator[bytes]:
    """The body as it arrives, of a response that was asked for with `stream=True`.

    `decode=False` gives the bytes as they were sent, for hashing.

    Raises:
        BrokenTransferError: the connection broke, or the body comes too slowly.
    """
    deadline = time.monotonic() + PATIENCE * timeout_seconds
    try:
        while chunk := response.raw.read1(CHUNK_BYTES, decode_content=decode):
            yield chunk
            deadline += len(chunk) / SLOWEST_BYTES_PER_SECOND
            if time.monotonic() > deadline:
                raise BrokenTransferError("it broke off (too slow)")
    except (HTTPError, OSError) as error:
        raise BrokenTransferError(f"it broke off ({type(error).__name__})") from None


def no_answer(error: Exception, also_check: str) -> str:
    """Why none came. Where there was not even a connection: to which host, and what to check."""
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
    """An answer and its whole body, decoded; a redirect is an answer.

    Raises:
        BrokenTransferError: it did not come, not whole, or is longer than `max_bytes`.
    """
    options |= {"timeout": timeouts(timeout_seconds), "allow_redirects": False, "stream": True}
    body = bytearray()
    try:
        with session.request(method, url, **options) as response:
            for chunk in chunks_of(response, timeout_seconds=timeout_seconds, decode=True):
                body += chunk
                if len(body) > max_bytes:
                    raise BrokenTransferError(f"it is longer than {max_bytes} bytes")
    except (requests.RequestException, ValueError) as error:
        raise BrokenTransferError(no_answer(error, "the proxy and base_url")) from None
    return response, bytes(body)
