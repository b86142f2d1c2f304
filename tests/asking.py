"""Asking an App Store Connect on this machine: an emulator, or a server that follows a script."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from app_store_connect.api.auth import TokenAuth
from app_store_connect.api.budget import RequestBudget
from app_store_connect.api.client import AppStoreConnectClient
from app_store_connect.api.credentials import Credentials, parse_credentials
from app_store_connect.api.download import SegmentDownloader
from app_store_connect.api.keys import DEFAULT_KEY, ApiKey, ApiKeys
from asc_pipeline.emulator.server.tokens import new_key
from asc_pipeline.emulator.server.wire import Answer, LocalServer, Request
from tests.emulator import Emulator, World
from tests.openapi import judge

KEY = new_key("2X9R4HXF34", "69a6de70-03db-47e3-e053-5b8c7c11a4d1")


NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Clock:
    """Moves only when it is told to, or somebody sleeps. `naps` are the sleeps so far."""

    def __init__(self, now: datetime = NOON) -> None:
        self.naps: list[float] = []
        self._now = now
        self._guard = threading.Lock()

    def now(self) -> datetime:
        return self._now

    def pass_by(self, **duration: float) -> None:
        self._now += timedelta(**duration)

    def monotonic(self) -> float:
        return self._now.timestamp()

    def sleep(self, seconds: float) -> None:
        with self._guard:
            self.naps.append(seconds)
            self._now += timedelta(seconds=seconds)


StartApple = Callable[..., Emulator]


@contextmanager
def judged_emulators(*, answers: bool) -> Iterator[StartApple]:
    """Start emulators; at the end compare the requests that they got with Apple's description of
    the API, and their answers too if those are not broken on purpose.
    """
    started: list[Emulator] = []
    with ExitStack() as stack:

        def start(world: World, **options: Any) -> Emulator:
            started.append(stack.enter_context(Emulator(world, **options)))
            return started[-1]

        yield start
    for apple in started:
        judge(apple.exchanges, answers=answers)


def credentials_of(apple: Emulator) -> Credentials:
    return parse_credentials(
        key_id=apple.key_id,
        private_key=apple.private_key,
        issuer_id=apple.issuer_id,
        base_url=apple.base_url,
    )


def client_of(
    apple: Emulator, *, clock: Clock | None = None, max_wait: float = 3600.0, **options: Any
) -> AppStoreConnectClient:
    """A client that tries again at once, and with a clock lives by it."""
    credentials = credentials_of(apple)
    if clock:
        budget = RequestBudget(max_wait, clock=clock.monotonic, sleep=clock.sleep)
        options = {"budget": budget, "auth": TokenAuth(credentials, now=clock.now), **options}
    return AppStoreConnectClient(credentials, **{"backoff_seconds": 0, **options})


def keys_of(client: AppStoreConnectClient) -> ApiKeys:
    """The one key of a client."""
    return ApiKeys([ApiKey(DEFAULT_KEY, client, SegmentDownloader(client.read_segment))])


class ScriptedServer:
    """Gives the answers of a script, one after the other and then the last again and again."""

    def __init__(self, *script: Answer) -> None:
        self.asked: list[Request] = []
        self._script = list(script)
        self._server = LocalServer(self._respond)

    def __enter__(self) -> "ScriptedServer":
        self._server.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.stop()

    @property
    def origin(self) -> str:
        return self._server.origin

    def answer_with(self, *script: Answer) -> None:
        self._script = list(script)

    def client(self, **options: Any) -> AppStoreConnectClient:
        credentials = parse_credentials(
            key_id=KEY.key_id,
            private_key=KEY.private_key,
            issuer_id=KEY.issuer_id,
            base_url=self.origin,
        )
        return AppStoreConnectClient(credentials, **{"backoff_seconds": 0, **options})

    def _respond(self, request: Request) -> Answer:
        self.asked.append(request)
        return self._script.pop(0) if len(self._script) > 1 else self._script[0]
