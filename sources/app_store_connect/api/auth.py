"""Tokens: signed from the key, reused, renewed early, and given to one origin only.

Apple, "Generating Tokens for API Requests": ES256, audience `appstoreconnect-v1`, a lifetime of at
most 20 minutes; an individual key has `sub: "user"` and no issuer.
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from requests import PreparedRequest
from requests.auth import AuthBase

from ..errors import UntrustedUrlError
from .credentials import Credentials, origin_of

AUDIENCE = "appstoreconnect-v1"
LIFETIME = timedelta(minutes=15)
"""From now; with the back-dating below the token's own lifetime is 17 of Apple's 20 minutes."""
CLOCK_SKEW = timedelta(minutes=2)
"""How far this machine's clock may run ahead of Apple's before `iat` lies in Apple's future."""
RENEWAL_MARGIN = timedelta(minutes=5)
"""A token this close to its end is replaced, so that it outlives a retried request."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def token_claims(issuer_id: str | None, *, now: datetime) -> dict[str, Any]:
    """The claims of a token: issuer, audience, and from when to when."""
    who = {"iss": issuer_id} if issuer_id else {"sub": "user"}
    issued, expires = now - CLOCK_SKEW, now + LIFETIME
    return {
        **who,
        "aud": AUDIENCE,
        "iat": int(issued.timestamp()),
        "exp": int(expires.timestamp()),
    }


class TokenAuth(AuthBase):
    """Signs requests to the credentials' origin; safe to share between threads."""

    def __init__(self, credentials: Credentials, *, now: Callable[[], datetime] = utc_now) -> None:
        self._credentials = credentials
        self._now = now
        self._lock = threading.Lock()
        self._token = ""  # nosec B105 # none yet
        self._expires = datetime.min.replace(tzinfo=UTC)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the token.

        Raises:
            UntrustedUrlError: the request goes to another origin.
        """
        origin = origin_of(request.url or "")
        if origin != self._credentials.origin:
            raise UntrustedUrlError("a request with the token", origin, self._credentials.origin)
        request.headers["Authorization"] = f"Bearer {self.token()}"
        return request

    def token(self) -> str:
        """A token with at least `RENEWAL_MARGIN` to live by this machine's clock."""
        with self._lock:
            now = self._now()
            if self._expires - now < RENEWAL_MARGIN:
                claims = token_claims(self._credentials.issuer_id, now=now)
                headers = {"kid": self._credentials.key_id, "typ": "JWT"}
                key = self._credentials.private_key
                self._token = jwt.encode(claims, key, algorithm="ES256", headers=headers)
                self._expires = now + LIFETIME
            return self._token

    def renew(self, refused: str | None) -> None:
        """Forget the token that Apple refused, unless another thread renewed it meanwhile."""
        with self._lock:
            if refused == f"Bearer {self._token}":
                self._expires = datetime.min.replace(tzinfo=UTC)
