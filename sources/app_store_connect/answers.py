"""What Apple's answers mean: error documents into errors that say what to do. Pure."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from app_store_connect.errors import (
    ApiError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    UnauthorizedError,
)

MAX_RETRY_AFTER_SECONDS = 300.0
_ERRORS: Mapping[int, type[ApiError]] = {
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
}


class TransientError(Exception):
    """An answer that another try may better; never leaves the client."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        self.reason = reason
        self.retry_after = retry_after
        super().__init__(reason)


def document_of(body: bytes, status: int) -> Mapping[str, Any]:
    """The JSON document of an answer; an empty one for 204 and for errors in other formats.

    Raises:
        TransientError: a success without its document, such as a proxy's HTML or a cut body.
    """
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if isinstance(document, Mapping):
        return document
    if status == 204 or status >= 400:
        return {}
    raise TransientError("Apple's answer was cut short or is not JSON")


def retry_after_seconds(header: str | None) -> float | None:
    """`Retry-After` in both of HTTP's spellings, bounded; Apple does not document that it sends it."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)


def api_error(path: str, status: int, document: Mapping[str, Any]) -> ApiError:
    """The error that a refused request becomes, with Apple's words and the next step."""
    errors = document.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    if not isinstance(first, Mapping):
        first = {}
    code = str(first.get("code") or "")
    detail = str(first.get("detail") or first.get("title") or "")
    return _ERRORS.get(status, ApiError)(path, status, code, detail, _advice(status, code))


def _advice(status: int, code: str) -> str:
    if status == 401:
        return (
            "check that key_id belongs to this private_key and was not revoked, that issuer_id is the"
            " team's (and absent for an individual key), and that this machine's clock is right"
        )
    if status == 403 and "AGREEMENT" in code:
        return "the Account Holder must accept the agreements waiting in App Store Connect, Business"
    if status == 403:
        return (
            "the key's role does not allow this: reading needs Admin, Sales and Reports or Finance,"
            " creating report requests needs Admin"
        )
    if status == 409:
        return (
            "there is such a report request already, listed, stopped (delete it first), or a snapshot"
            " made within the last 31 days, deleted ones included"
        )
    return ""
