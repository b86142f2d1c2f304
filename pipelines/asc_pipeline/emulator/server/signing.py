"""Signed URLs of the store: made for one path and method, dead after their lifetime."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

_INSTANT = "%Y%m%dT%H%M%SZ"
_SIGNATURE = "X-Amz-Signature"


class StoreRefused(Exception):  # noqa: N818  an answer, not a malfunction
    """The store does not hand the file out: `code` and `message` are S3's."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status = status
        self.code = code
        self.message = message
        super().__init__(code)


class Signer:
    """Signs paths with a secret of its own, after the form of Amazon's signature version 4."""

    def __init__(self, clock: Callable[[], datetime], lifetime: timedelta) -> None:
        self._clock = clock
        self._lifetime = lifetime
        self._secret = secrets.token_bytes(32)

    def signed(self, path: str) -> str:
        """The path with a query that lets anyone GET it until it expires."""
        now = self._clock()
        query = {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Date": now.strftime(_INSTANT),
            "X-Amz-SignedHeaders": "host",
            "X-Amz-Credential": f"AKIAEMULATOR/{now:%Y%m%d}/us-west-2/s3/aws4_request",
            "X-Amz-Expires": str(max(1, round(self._lifetime.total_seconds()))),
        }
        signature = self._signature("GET", path, query)
        return f"{quote(path)}?{urlencode({**query, _SIGNATURE: signature})}"

    def check(self, method: str, path: str, query: Mapping[str, str]) -> None:
        """Raises unless the query was signed here for this method and path, and is still alive."""
        given = query.get(_SIGNATURE)
        if given is None:
            raise StoreRefused(403, "AccessDenied", "Access Denied")
        rest = {name: value for name, value in query.items() if name != _SIGNATURE}
        if not hmac.compare_digest(given.encode(), self._signature(method, path, rest).encode()):
            raise StoreRefused(
                403,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided."
                " Check your key and signing method.",
            )
        signed = datetime.strptime(rest["X-Amz-Date"], _INSTANT).replace(tzinfo=UTC)
        if self._clock() >= signed + timedelta(seconds=int(rest["X-Amz-Expires"])):
            raise StoreRefused(403, "AccessDenied", "Request has expired")

    def _signature(self, method: str, path: str, query: Mapping[str, str]) -> str:
        text = "\n".join([method, path, urlencode(sorted(query.items()))])
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()
