"""API keys, and the check of the tokens that are signed with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from asc_pipeline.emulator.server.documents import Refused

AUDIENCE = "appstoreconnect-v1"
LONGEST_LIFETIME = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key. `issuer_id` is None for an individual key; `private_key` is PKCS#8 PEM text."""

    key_id: str
    issuer_id: str | None
    private_key: str = field(repr=False)
    public_key: ec.EllipticCurvePublicKey = field(repr=False)


def new_key(key_id: str, issuer_id: str | None = None) -> ApiKey:
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return ApiKey(key_id, issuer_id, pem.decode(), private.public_key())


class Tokens:
    """Knows the keys, and which tokens Apple would accept of them."""

    def __init__(self, *keys: ApiKey) -> None:
        self._keys = {key.key_id: key for key in keys}

    def key_of(self, authorization: str | None, now: datetime) -> ApiKey:
        """The key that signed the bearer token; raises `Refused` for a token that Apple refuses."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise unauthorized()
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys[header["kid"]]
            claims = _signed_claims(token, key)
        except (jwt.PyJWTError, KeyError, TypeError):
            raise unauthorized() from None
        is_typed = header.get("typ") == "JWT"
        if not (is_typed and _is_from(key, claims) and _is_in_time(claims, now)):
            raise unauthorized()
        return key


def unauthorized() -> Refused:
    return Refused(
        401,
        "NOT_AUTHORIZED",
        "Authentication credentials are missing or invalid.",
        "Provide a properly configured and signed bearer token, and make sure that it has not"
        " expired. Learn more about Generating Tokens for API Requests"
        " https://developer.apple.com/go/?id=api-generating-tokens",
    )


def _signed_claims(token: str, key: ApiKey) -> dict[str, Any]:
    """The claims of a well signed token for Apple's audience, whatever its times."""
    claims: dict[str, Any] = jwt.decode(
        token,
        key.public_key,
        algorithms=["ES256"],
        audience=AUDIENCE,
        options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
    )
    return claims


def _is_from(key: ApiKey, claims: Mapping[str, Any]) -> bool:
    if key.issuer_id is None:
        return claims.get("sub") == "user" and "iss" not in claims
    return claims.get("iss") == key.issuer_id


def _is_in_time(claims: Mapping[str, Any], now: datetime) -> bool:
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int | float) or not isinstance(expires, int | float):
        return False
    is_short = 0 < expires - issued <= LONGEST_LIFETIME.total_seconds()
    return is_short and issued <= now.timestamp() < expires
