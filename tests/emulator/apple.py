"""An emulator that records its requests, and breaks answers on demand."""

import dataclasses
import json
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from asc_pipeline import emulator
from asc_pipeline.emulator.server import wire
from asc_pipeline.emulator.server.budget import Budget
from asc_pipeline.emulator.server.documents import forbidden
from asc_pipeline.emulator.server.http_server import Clock
from asc_pipeline.emulator.server.tokens import Tokens, new_key
from asc_pipeline.emulator.server.wire import Header, Request
from tests.emulator.faults import Fault, Faults
from tests.emulator.sabotage import of_api, of_store
from tests.emulator.wire import Answer
from tests.emulator.world import World

_INDIVIDUAL_KEY_ID = "7K3TQM8WJB"


class RateLimitStyle(StrEnum):
    """The spellings of `X-Rate-Limit` that were seen."""

    SEMICOLONS = "semicolons"
    COMMAS = "commas"
    TWICE = "twice"


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
    response_headers: tuple[Header, ...] = field(repr=False, default=())
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Download:
    """A request that reached the store. `segment_id` is None if the path is not a segment's."""

    segment_id: str | None
    path: str
    status: int
    headers: dict[str, str] = field(repr=False)
    at: datetime
    size_in_bytes: int
    fault: str | None = None


class StyledBudget(Budget):
    """A budget whose header is spelled in one of the ways that were seen."""

    style = RateLimitStyle.SEMICOLONS

    def headers(self, key_id: str | None) -> tuple[Header, ...]:
        ((name, value),) = super().headers(key_id)
        if self.style is RateLimitStyle.TWICE:
            told = value.split(";")[:-1]
            parts = [";".join((*told[i : i + 2], "")) for i in range(0, len(told), 2)]
            return tuple((name, part) for part in (parts * 2)[: max(2, len(parts))])
        if self.style is RateLimitStyle.COMMAS:
            value = value.replace(";", ", ").rstrip(", ")
        return ((name, value),)


class Emulator(emulator.Emulator):
    """Options set the behaviour that differs between accounts, or that nobody knows.

    `minute_limit` is a second limit that some keys have.
    """

    world: World

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
    ) -> None:
        super().__init__(world, clock, hourly_limit, url_lifetime)
        self.individual_key = new_key(_INDIVIDUAL_KEY_ID)
        self.tokens = Tokens(self.team_key, self.individual_key)
        limits = {"hour": hourly_limit} | ({"minute": minute_limit} if minute_limit else {})
        budget = StyledBudget(self.clock, limits)
        budget.style = RateLimitStyle(rate_limit_style)
        self.budget = budget
        self._latency, self._store_latency = latency, store_latency
        self._has_relative_links, self._role = relative_links, role
        self._guard = threading.Lock()
        self._exchanges: list[Exchange] = []
        self._downloads: list[Download] = []
        self._faults = Faults()
        self._stopped = threading.Event()

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
        """Empty `exchanges` and `downloads`; the budget stays spent."""
        with self._guard:
            self._exchanges.clear()
            self._downloads.clear()

    def fault(self, fault: Fault) -> Fault:
        """Set a fault, and give it back for a look at `fired`."""
        return self._faults.add(fault)

    def clear_faults(self) -> None:
        self._faults.clear()

    def stop(self) -> None:
        self._stopped.set()
        super().stop()

    def answer_api(self, request: Request) -> wire.Answer:
        self._pause(self._latency)
        answer = super().answer_api(request)
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
            fault=_fault_of(answer),
        )
        with self._guard:
            self._exchanges.append(exchange)
        return answer

    def perform(self, request: Request) -> wire.Answer:
        fault = self._faults.take("api", request.method, request.path)
        if fault is None:
            return self._good_answer(request)
        if fault.kind == "slow":
            self._pause(fault.delay)
        return of_api(fault, request, self.store_url, lambda: self._good_answer(request))

    def answer_store(self, request: Request) -> wire.Answer:
        self._pause(self._store_latency)
        segment = self.world.files.get(request.path)
        fault = self._faults.take("store", request.method, request.path)
        if fault and fault.kind == "slow":
            self._pause(fault.delay)
        answer = (
            of_store(
                fault,
                lambda: super(Emulator, self).answer_store(request),
                lambda: self._other_content(request.path, fault.segment_id),
            )
            if fault
            else super().answer_store(request)
        )
        download = Download(
            segment_id=segment.id if segment else None,
            path=request.path,
            status=answer.status,
            headers=request.headers,
            at=self.clock(),
            size_in_bytes=len(answer.body),
            fault=_fault_of(answer),
        )
        with self._guard:
            self._downloads.append(download)
        return answer

    def _good_answer(self, request: Request) -> wire.Answer:
        if self._role == "SALES" and request.method != "GET":
            raise forbidden("FORBIDDEN_ERROR", "The role of this API key does not allow it")
        answer = super().perform(request)
        if not (self._has_relative_links and answer.body):
            return answer
        document = json.loads(answer.body)
        links = document.get("links", {})
        document["links"] = {n: url.removeprefix(self.base_url) for n, url in links.items()}
        return dataclasses.replace(answer, body=json.dumps(document).encode())

    def _other_content(self, path: str, segment_id: str | None) -> bytes:
        if segment_id:
            return self.world.segments[segment_id].content()
        asked = self.world.files[path]
        others = (s for s in self.world.segments.values() if s.checksum != asked.checksum)
        return next(others, asked).content()

    def _pause(self, delay: timedelta) -> None:
        if delay > timedelta(0):
            self._stopped.wait(delay.total_seconds())


def _fault_of(answer: wire.Answer) -> str | None:
    return answer.fault if isinstance(answer, Answer) else None
