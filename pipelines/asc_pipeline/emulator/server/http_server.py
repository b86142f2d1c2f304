"""The emulator: an App Store Connect, and the store of its files, on two ports of this machine."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Self

from asc_pipeline.emulator.server import store
from asc_pipeline.emulator.server.api import Api
from asc_pipeline.emulator.server.budget import Budget
from asc_pipeline.emulator.server.documents import Refused
from asc_pipeline.emulator.server.signing import Signer
from asc_pipeline.emulator.server.tokens import Tokens, new_key
from asc_pipeline.emulator.server.wire import Answer, LocalServer, Request
from asc_pipeline.emulator.world.world import World

Clock = Callable[[], datetime]

_ISSUER_ID = "69a6de70-03db-47e3-e053-5b8c7c11a4d1"
_KEY_ID = "2X9R4HXF34"


def _real_time() -> datetime:
    return datetime.now(UTC)


class Emulator:
    """A local App Store Connect that serves `world`: use it as a context manager.

    `clock` gives the time by which tokens, signed URLs and the budget live. Tests override
    `answer_api`, `perform`, `answer_store` and `signed_url` to watch requests and to set faults.
    """

    def __init__(
        self,
        world: World,
        clock: Clock | None = None,
        hourly_limit: int = 3600,
        url_lifetime: timedelta = timedelta(minutes=5),
    ) -> None:
        self.world = world
        self.clock = clock or _real_time
        self.team_key = new_key(_KEY_ID, _ISSUER_ID)
        self.issuer_id = _ISSUER_ID
        self.key_id, self.private_key = self.team_key.key_id, self.team_key.private_key
        self.tokens = Tokens(self.team_key)
        self.budget = Budget(self.clock, {"hour": hourly_limit})
        self.signer = Signer(self.clock, url_lifetime)
        self._api_server = LocalServer(lambda request: self.answer_api(request))
        self._store_server = LocalServer(lambda request: self.answer_store(request))
        self._api = Api(
            world,
            self.base_url,
            sign=lambda path: self.signed_url(path),
            today=lambda: self.clock().date(),
        )

    @property
    def base_url(self) -> str:
        """The API's address, without a slash at the end."""
        return self._api_server.origin

    @property
    def store_url(self) -> str:
        """The origin of the signed URLs, which is not the API's."""
        return self._store_server.origin

    def start(self) -> Self:
        self._api_server.start()
        self._store_server.start()
        return self

    def stop(self) -> None:
        self._api_server.stop()
        self._store_server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def answer_api(self, request: Request) -> Answer:
        """The API's answer to any request, with the budget that is left to its key."""
        key_id: str | None = None
        try:
            key_id = self.tokens.key_of(request.headers.get("Authorization"), self.clock()).key_id
            self.budget.spend(key_id)
            answer = self.perform(request)
        except Refused as refused:
            answer = refused.answer()
        told = ("Date", format_datetime(self.clock(), usegmt=True))
        return replace(answer, headers=(*answer.headers, told, *self.budget.headers(key_id)))

    def perform(self, request: Request) -> Answer:
        """The answer to a request whose token is good and whose key has budget left."""
        return self._api.answer(request)

    def answer_store(self, request: Request) -> Answer:
        return store.answer(self.world, self.signer, request)

    def signed_url(self, path: str) -> str:
        return self.store_url + self.signer.signed(path)
