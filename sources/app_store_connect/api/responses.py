"""Reads Apple's answers: documents, links, and errors with the next step. Pure."""

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import responses
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

from requests import Response

from ..entities import (
    App,
    Odd,
    Report,
    ReportInstance,
    ReportRequest,
    ReportSegment,
)
from ..errors import (
    ApiError,
    ConflictError,
    ForbiddenError,
    MalformedResponseError,
    NotFoundError,
    UnauthorizedError,
    UntrustedUrlError,
)
from .credentials import origin_of

TOO_MANY_REQUESTS = 429
LONGEST_RETRY_AFTER_SECONDS = 3600.0
"""Apple's longest window: who asks for more is not asked sooner than it ends, but no later."""

LONGEST_PAUSE_SECONDS = 300.0
"""The greatest `Retry-After` that is obeyed outside of the hourly budget."""

LONGEST_INTEGER = 20
"""Digits of a BIGINT, and its sign; a longer one is a float, as in JavaScript."""

_MAYBE_UNSTORABLE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|\xed[\xa0-\xbf]|\0")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")

Document = Mapping[str, Any]
Data = TypeVar("Data")
Item = TypeVar("Item", bound=App | ReportRequest | Report | ReportInstance | ReportSegment)

_ERRORS: Mapping[int, type[ApiError]] = {
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
}


_UNAUTHORIZED = (
    "check that key_id belongs to this private_key and was not revoked, that issuer_id is the"
    " team's for a team key and absent for an individual key, and that the clock here is right"
)
_FORBIDDEN = {
    "GET": "the key's role does not allow this, or the key may not see this app: reading needs"
    " Admin, Sales and Reports or Finance, and an individual key sees the apps of its user",
    "POST": "the key's role does not allow this: creating report requests needs Admin",
    "DELETE": "the key's role does not allow this: deleting report requests needs Admin",
}
_NOT_FOUND = (
    ("/v1/apps/", "the key does not see this app, or it was removed from App Store Connect"),
    (
        "/v1/analyticsReportRequests/",
        "this report request was deleted, or the key does not see its app; one that is made anew"
        " has another id",
    ),
    (
        "/v1/analyticsReports/",
        "this report is gone with its report request; one that is made anew has other reports",
    ),
    (
        "/v1/analyticsReportInstances/",
        "Apple has no such instance, or no longer: instances are deleted after 35 days, and with"
        " their report request",
    ),
    (
        "/v1/analyticsReportSegments/",
        "Apple has this segment no longer: it was replaced, or went with its instance",
    ),
)
_NO_SUCH_PATH = "this is not the address of App Store Connect's API: check base_url"
_NOT_APPLES = (
    "this is no answer of App Store Connect's: check the proxy or firewall in between, and base_url"
)


class TransientError(Exception):
    """An answer that another try may better; never leaves the client."""

    def __init__(
        self, reason: str, status: int | None = None, retry_after: float | None = None
    ) -> None:
        self.reason = reason
        self.status = status
        self.retry_after = retry_after
        super().__init__(reason)


def document_of(response: Response, body: bytes) -> Document:
    """The JSON document of an answer; an empty one for 204.

    Raises:
        TransientError: 429, 5xx, or a success without its document, such as a proxy's HTML.
        UntrustedUrlError: a redirect. Apple sends none, and the token must not follow one.
        ApiError: any other refusal.
    """
    status = response.status_code
    path = urlsplit(response.url).path
    if response.is_redirect:
        target = origin_of(_absolute(response.url, response.headers["Location"]))
        raise UntrustedUrlError(f"{path}: a redirect", target, "no redirect at all")
    if status == TOO_MANY_REQUESTS or status >= 500:
        raise _transient(response)
    try:
        document = _parsed(body)
    except (ValueError, RecursionError):
        document = None
    if status >= 300:
        raise _api_error(path, status, document, response.request.method or "")
    if isinstance(document, dict):
        return document
    if status == 204:
        return {}
    raise TransientError("Apple's answer was cut short or is not JSON", status)


def _transient(response: Response) -> TransientError:
    asked = retry_after_of(response)
    pause = None if asked is None else min(asked, LONGEST_PAUSE_SECONDS)
    asks = f" and asks to wait {pause:.0f} s" if pause else ""
    return TransientError(
        f"Apple answered {response.status_code}{asks}", response.status_code, pause
    )


def _parsed(body: bytes) -> Any:
    """The JSON in it, its texts without characters that files or databases cannot hold."""
    document = json.loads(body, parse_int=_number)
    return _storable(document) if _MAYBE_UNSTORABLE.search(body) else document


def _number(text: str) -> int | float:
    """Python refuses to read very long integers, and with one all of the document."""
    return int(text) if len(text) <= LONGEST_INTEGER else float(text)


def _storable(value: Any) -> Any:
    """The value with U+FFFD for every NUL, and for every half of a surrogate pair."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, dict):
        return {name: _storable(each) for name, each in value.items()}
    return [_storable(each) for each in value] if isinstance(value, list) else value


def retry_after_of(response: Response) -> float | None:
    """How long Apple asks to wait; it does not document that it does."""
    return parse_retry_after(response.headers.get("Retry-After"), now=datetime.now(UTC))


def data_of(document: Document, kind: type[Data], path: str) -> Data:
    """The `data` of a document: an object, or a list of them."""
    data = document.get("data")
    if not isinstance(data, kind):
        raise MalformedResponseError(path, f"data is {type(data).__name__}, not {kind.__name__}")
    return data


def items_by_id(data: list[Any], parse: Callable[[Any], Item], odd: Odd) -> dict[str, Item]:
    """The items of a page, each once; `odd` is told of those that are not as described."""
    found: dict[str, Item] = {}
    for each in data:
        try:
            item = parse(each)
        except MalformedResponseError as error:
            odd(error)
        else:
            found[item.id] = item
    return found


def next_link(document: Document, url: str, *, origin: str) -> str | None:
    """Where the page after the one at `url` is; None after the last.

    Raises:
        UntrustedUrlError: it is not on `origin`.
    """
    links = document.get("links")
    if not isinstance(links, Mapping | None):
        raise MalformedResponseError("links", f"it is {type(links).__name__}, not an object")
    link = links.get("next") if links else None
    if link in (None, ""):
        return None
    if not isinstance(link, str):
        raise MalformedResponseError("links.next", f"it is {type(link).__name__}, not str")
    target = _absolute(url, link)
    if origin_of(target) != origin:
        raise UntrustedUrlError("links.next", origin_of(target), origin)
    return target


def _absolute(url: str, link: str) -> str:
    """`link` as seen from `url`. A text that is no address stays as it is."""
    try:
        return urljoin(url, link)
    except ValueError:
        return link


def parse_retry_after(header: str | None, *, now: datetime) -> float | None:
    """`Retry-After` in both of HTTP's spellings; None for any other."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(header) - now).total_seconds()
        except (TypeError, ValueError, OverflowError):
            return None
    if not math.isfinite(seconds):
        return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_SECONDS)


def _api_error(path: str, status: int, document: object, method: str) -> ApiError:
    """The error that a refused request becomes, with Apple's words and the next step."""
    errors = document.get("errors") if isinstance(document, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        first = {}
    code = str(first.get("code") or responses.get(status, ""))
    detail = str(first.get("detail") or first.get("title") or "")
    is_apples = bool(first.get("code"))
    advice = _advice(status, code, method, path) if is_apples or status == 401 else _NOT_APPLES
    return _ERRORS.get(status, ApiError)(path, status, code, detail, advice)


def _advice(status: int, code: str, method: str, path: str) -> str:
    """The next step after a refusal; empty where Apple's own words name it."""
    if status == 401:
        return _UNAUTHORIZED
    if status == 403 and "AGREEMENT" in code:
        return (
            "the Account Holder must accept the agreements waiting in App Store Connect, Business"
        )
    if status == 403:
        return _FORBIDDEN.get(method, _FORBIDDEN["POST"])
    if status == 404:
        return next((why for part, why in _NOT_FOUND if path.startswith(part)), _NO_SUCH_PATH)
    if status == 409 and method == "POST" and code.startswith("STATE_ERROR"):
        return (
            "there is such a report request already, listed, stopped (delete it first), or a"
            " snapshot made within the last 31 days, deleted ones included"
        )
    return ""
