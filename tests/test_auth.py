"""Tokens: what they say, how long they are used, and whom they are given to."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
import requests

from app_store_connect.api.auth import TokenAuth
from app_store_connect.api.credentials import Credentials, parse_credentials
from app_store_connect.errors import UntrustedUrlError
from asc_pipeline.emulator.server.tokens import new_key
from tests.asking import Clock, StartApple
from tests.emulator import ApiKey, World

pytestmark = pytest.mark.judges_answers

TEAM = new_key("2X9R4HXF34", "69a6de70-03db-47e3-e053-5b8c7c11a4d1")
INDIVIDUAL = new_key("7K3TQM8WJB")


def credentials_for(key: ApiKey, **changes: Any) -> Credentials:
    parts = {
        "key_id": key.key_id,
        "issuer_id": key.issuer_id,
        "private_key": key.private_key,
        **changes,
    }
    return parse_credentials(**parts)


def claims_of(token: str, key: ApiKey) -> dict[str, Any]:
    """The claims, the signature checked; not the times, which are by the test's clock."""
    options: Any = {"verify_exp": False, "verify_iat": False}
    claims: dict[str, Any] = jwt.decode(
        token, key.public_key, ["ES256"], audience="appstoreconnect-v1", options=options
    )
    return claims


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize(
    ("key", "who"),
    [(TEAM, {"iss": TEAM.issuer_id}), (INDIVIDUAL, {"sub": "user"})],
    ids=["team", "individual"],
)
def test_token_says_what_apple_wants(key: ApiKey, who: dict[str, str], clock: Clock) -> None:
    """ES256 with the key's id, Apple's audience, and the issuer or, without one, `sub: user`."""
    token = TokenAuth(credentials_for(key), now=clock.now).token()

    claims = claims_of(token, key)
    assert {"alg": "ES256", "kid": key.key_id, "typ": "JWT"} == jwt.get_unverified_header(token)
    assert {**who, "aud": "appstoreconnect-v1"} == {
        name: value for name, value in claims.items() if name not in ("iat", "exp")
    }


def test_token_lives_as_apple_allows(clock: Clock) -> None:
    """At most 20 minutes from issue to end, issued two minutes ago in case this clock is fast."""
    claims = claims_of(TokenAuth(credentials_for(TEAM), now=clock.now).token(), TEAM)

    now = clock.now().timestamp()
    assert claims["exp"] - claims["iat"] <= 20 * 60
    assert (120, 900) == (now - claims["iat"], claims["exp"] - now)
    assert [int, int] == [type(claims[name]) for name in ("iat", "exp")]


@pytest.mark.parametrize(
    ("age", "is_same"),
    [(timedelta(minutes=10), True), (timedelta(minutes=10, seconds=1), False)],
    ids=["ten minutes old", "older"],
)
def test_token_is_reused_until_five_minutes_before_its_end(
    age: timedelta, is_same: bool, clock: Clock
) -> None:
    """Tokens are kept, as Apple asks, but none is sent that may end while a request is retried."""
    auth = TokenAuth(credentials_for(TEAM), now=clock.now)
    first = auth.token()

    clock.sleep(age.total_seconds())

    assert is_same == (first == auth.token())


@pytest.mark.parametrize("key_name", ["team_key", "individual_key"])
@pytest.mark.parametrize("ahead", [-2, 0, 2], ids=["slow clock", "right clock", "fast clock"])
def test_apple_accepts_the_token(
    key_name: str, ahead: int, clock: Clock, start_apple: StartApple
) -> None:
    """Both kinds of key open the door, also from a machine whose clock is two minutes off."""
    apple = start_apple(World(), clock=clock.now)
    credentials = credentials_for(getattr(apple, key_name), base_url=apple.base_url)
    auth = TokenAuth(credentials, now=lambda: clock.now() + timedelta(minutes=ahead))

    answer = requests.get(f"{apple.base_url}/v1/apps", auth=auth, timeout=5)

    assert 200 == answer.status_code


def test_refused_token_is_renewed_once_for_all_threads() -> None:
    """However many requests were refused with one token, a single new one takes its place."""
    auth = TokenAuth(credentials_for(TEAM))
    refused = f"Bearer {auth.token()}"
    renewed: list[str] = []
    barrier = threading.Barrier(8)

    def renew() -> None:
        barrier.wait()
        auth.renew(refused)
        renewed.append(auth.token())

    threads = [threading.Thread(target=renew) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [renewed[0]] * 8 == renewed
    assert refused != f"Bearer {renewed[0]}"


def test_threads_share_one_token(clock: Clock) -> None:
    """However many requests are first at the same time, one token is signed for all."""

    def slow_now() -> datetime:
        time.sleep(0.02)
        return clock.now()

    auth = TokenAuth(credentials_for(TEAM), now=slow_now)
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(lambda _: auth.token(), range(8)))

    assert 1 == len(set(tokens))


@pytest.mark.parametrize("refused", [None, "Bearer an older one"])
def test_token_that_was_not_refused_stays(refused: str | None, clock: Clock) -> None:
    """A refusal of what was sent without a token, or with one renewed since, renews nothing."""
    auth = TokenAuth(credentials_for(TEAM), now=clock.now)
    auth.renew(refused)
    token = auth.token()
    auth.renew(refused)

    assert token == auth.token()


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/v1/apps",
        "http://api.appstoreconnect.apple.com/v1/apps",
        "https://api.appstoreconnect.apple.com:8443/v1/apps",
        "https://api.appstoreconnect.apple.com.example/v1/apps",
        "https://api.appstoreconnect.apple.com@elsewhere.example/v1/apps",
        "https://elsewhere.example\\@api.appstoreconnect.apple.com/v1/apps",
    ],
    ids=["host", "scheme", "port", "longer host", "host as user name", "backslash"],
)
def test_token_goes_to_no_other_origin(url: str) -> None:
    """A request to any other origin is stopped before it is sent, and has no token."""
    request = requests.Request("GET", url).prepare()

    with pytest.raises(UntrustedUrlError, match="a request with the token"):
        TokenAuth(credentials_for(TEAM))(request)
    assert "Authorization" not in request.headers


def test_nothing_shows_the_token() -> None:
    """The object that holds the token does not print it."""
    auth = TokenAuth(credentials_for(TEAM))

    assert auth.token() not in repr(auth)
