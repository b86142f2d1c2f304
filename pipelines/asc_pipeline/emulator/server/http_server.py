"""The emulator: an App Store Connect, and the store of its files, on two ports of this machine."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Literal, Self

from asc_pipeline.emulator.server.api import Api, Surroundings
from asc_pipeline.emulator.server.budget import Budget, RateLimitStyle
from asc_pipeline.emulator.server.documents import Refused
from asc_pipeline.emulator.server.faults import Fault, Faults
from asc_pipeline.emulator.server.sabotage import Saboteur
from asc_pipeline.emulator.server.signing import Signer
from asc_pipeline.emulator.server.store import Download, Store
from asc_pipeline.emulator.server.tokens import Tokens, new_key
from asc_pipeline.emulator.server.wire import Answer, LocalServer, Request
from asc_pipeline.emulator.world.world import World

Clock = Callable[[], datetime]

_ISSUER_ID = "69a6de70-03db-47e3-e053-5b8c7c11a4d1"
_TEAM_KEY_ID = "2X9R4HXF34"
_INDIVIDUAL_KEY_ID = "7K3TQM8WJB"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request to the API and its answer. `fault` is the kind of the one that spoilt it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str] = field(repr=False)
    request_body: bytes = field(repr=False)
    status: int
    response_body: bytes = field(repr=False)
    content_type: str | None
    at: datetime
    response_headers: tuple[tuple[str, str], ...] = field(repr=False, default=())
    fault: str | None = None


def _real_time() -> datetime:
    return datetime.now(UTC)


class Emulator:
    """A local App Store Connect that serves `world`: use it as a context manager.

    `clock` gives the time by which tokens, signed URLs and the budget live; the other options set
    what varies with Apple, or is not known. `minute_limit` is a second limit that some keys have.
    """

    def __init__(
        self,
        world: World,
        clock: Clock | None = None,
        hourly_limit: int = 3600,
        minute_limit: int | None = None,
        url_lifetime: timedelta = timedelta(minutes=5),
        latency: timedelta = timedelta(0),
        store_latency: timedelta = timedelta(0),
        *,
        relative_links: bool = False,
        role: Literal["ADMIN", "SALES"] = "ADMIN",
        rate_limit_style: RateLimitStyle | str = RateLimitStyle.SEMICOLONS,
        clock_leeway: timedelta = timedelta(0),
        port: int = 0,
    ) -> None:
        self.world = world
        self.clock = clock or _real_time
        self.issuer_id = _ISSUER_ID
        self.team_key = new_key(_TEAM_KEY_ID, _ISSUER_ID)
        self.individual_key = new_key(_INDIVIDUAL_KEY_ID)
        self.key_id, self.private_key = self.team_key.key_id, self.team_key.private_key
        self._guard = threading.Lock()
        self._exchanges: list[Exchange] = []
        self._downloads: list[Download] = []
        self._faults = Faults()
        self._stopped = threading.Event()
        self._latency, self._store_latency = latency, store_latency
        self._tokens = Tokens([self.team_key, self.individual_key], clock_leeway)
        self._budget = Budget(
            self.clock, hourly_limit, minute_limit, RateLimitStyle(rate_limit_style)
        )
        self._api_server = LocalServer(self._answer_api, port)
        self._store_server = LocalServer(self._answer_store)
        signer = Signer(self.clock, url_lifetime)
        self._store = Store(world, signer, self._faults, self._pause)
        self._saboteur = Saboteur(self.store_url, self._pause)
        self._api = Api(world, self._surroundings(signer, role == "ADMIN", relative_links))

    @property
    def base_url(self) -> str:
        """The API's address, without a slash at the end."""
        return self._api_server.origin

    @property
    def store_url(self) -> str:
        """The origin of the signed URLs, which is not the API's."""
        return self._store_server.origin

    @property
    def exchanges(self) -> list[Exchange]:
        """The exchanges with the API so far, in the order of their answers."""
        with self._guard:
            return list(self._exchanges)

    @property
    def downloads(self) -> list[Download]:
        """The downloads so far."""
        with self._guard:
            return list(self._downloads)

    def forget(self) -> None:
        """Empties `exchanges` and `downloads`; the budget stays spent."""
        with self._guard:
            self._exchanges.clear()
            self._downloads.clear()

    def fault(self, fault: Fault) -> Fault:
        """Sets a fault, and gives it back for a look at `fired`."""
        return self._faults.add(fault)

    def clear_faults(self) -> None:
        self._faults.clear()

    def start(self) -> Self:
        self._api_server.start()
        self._store_server.start()
        return self

    def stop(self) -> None:
        self._stopped.set()
        self._api_server.stop()
        self._store_server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _surroundings(self, signer: Signer, may_write: bool, relative_links: bool) -> Surroundings:
        return Surroundings(
            origin=self.base_url,
            sign=lambda path: self.store_url + signer.signed(path),
            today=lambda: self.clock().date(),
            may_write=may_write,
            has_relative_links=relative_links,
        )

    def _pause(self, seconds: float) -> None:
        if seconds > 0:
            self._stopped.wait(seconds)

    def _answer_api(self, request: Request) -> Answer:
        self._pause(self._latency.total_seconds())
        key_id: str | None = None
        fault: Fault | None = None
        try:
            key_id = self._tokens.key_of(request.headers.get("Authorization"), self.clock()).key_id
            self._budget.spend(key_id)
            fault = self._faults.take("api", request.method, request.path)
            answer = (
                self._saboteur.answer(fault, request, lambda: self._good_answer(request))
                if fault
                else self._good_answer(request)
            )
        except Refused as refused:
            answer = refused.answer()
        headers = (*answer.headers, *self._budget.headers(key_id))
        answer = Answer(answer.status, answer.body, answer.content_type, headers, answer.delivery)
        self._record(request, answer, fault)
        return answer

    def _good_answer(self, request: Request) -> Answer:
        try:
            return self._api.answer(request)
        except Refused as refused:
            return refused.answer()

    def _record(self, request: Request, answer: Answer, fault: Fault | None) -> None:
        exchange = Exchange(
            method=request.method,
            path=request.path,
            query=request.query,
            headers=request.headers,
            request_body=request.body,
            status=answer.status,
            response_body=answer.body,
            content_type=answer.content_type,
            at=self.clock(),
            response_headers=answer.headers,
            fault=fault.kind if fault else None,
        )
        with self._guard:
            self._exchanges.append(exchange)

    def _answer_store(self, request: Request) -> Answer:
        self._pause(self._store_latency.total_seconds())
        answer, segment, fault = self._store.answer(request)
        download = Download(
            segment_id=segment.id if segment else None,
            path=request.path,
            status=answer.status,
            headers=request.headers,
            at=self.clock(),
            size_in_bytes=len(answer.body),
            fault=fault.kind if fault else None,
        )
        with self._guard:
            self._downloads.append(download)
        return answer
