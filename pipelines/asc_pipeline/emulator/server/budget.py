"""The number of requests that a key may make in an hour, and in a minute."""

import threading
from collections import defaultdict, deque
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import takewhile

from asc_pipeline.emulator.server.documents import Refused

HEADER = "X-Rate-Limit"
_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)


class RateLimitStyle(StrEnum):
    """The spellings of `X-Rate-Limit` that were seen."""

    SEMICOLONS = "semicolons"
    COMMAS = "commas"
    TWICE = "twice"


class Budget:
    """Counts accepted requests of each key over a rolling hour. A refused request costs nothing."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        hourly_limit: int,
        minute_limit: int | None = None,
        style: RateLimitStyle = RateLimitStyle.SEMICOLONS,
    ) -> None:
        self._clock = clock
        self._limits = {"hour": (_HOUR, hourly_limit)}
        if minute_limit is not None:
            self._limits["minute"] = (_MINUTE, minute_limit)
        self._style = style
        self._spent: dict[str | None, deque[datetime]] = defaultdict(deque)
        self._guard = threading.Lock()

    def spend(self, key_id: str) -> None:
        """Takes one request from the key's budget, or refuses with 429."""
        with self._guard:
            if any(rest <= 0 for _, _, rest in self._rest(key_id)):
                raise rate_limited()
            self._spent[key_id].append(self._clock())

    def headers(self, key_id: str | None) -> tuple[tuple[str, str], ...]:
        """The header lines with the key's budget; a stranger is told the whole limit."""
        with self._guard:
            limits = self._rest(key_id)
        parts = [f"user-{n}-lim:{limit};user-{n}-rem:{max(0, rest)};" for n, limit, rest in limits]
        if self._style is RateLimitStyle.TWICE:
            return tuple((HEADER, part) for part in (parts * 2)[: max(2, len(parts))])
        value = "".join(parts)
        if self._style is RateLimitStyle.COMMAS:
            value = value.replace(";", ", ").rstrip(", ")
        return ((HEADER, value),)

    def _rest(self, key_id: str | None) -> list[tuple[str, int, int]]:
        now = self._clock()
        spent = self._spent[key_id]
        while spent and spent[0] <= now - _HOUR:
            spent.popleft()
        return [
            (name, limit, limit - _count_since(now - window, spent))
            for name, (window, limit) in self._limits.items()
        ]


def _count_since(start: datetime, instants: deque[datetime]) -> int:
    return sum(1 for _ in takewhile(lambda instant: instant > start, reversed(instants)))


def rate_limited(retry_after: timedelta | None = None) -> Refused:
    seconds = None if retry_after is None else str(round(retry_after.total_seconds()))
    return Refused(
        429,
        "RATE_LIMIT_EXCEEDED",
        "The request rate limit has been reached.",
        "We've received too many requests for this API. Please wait and try again or slow down"
        " your request rate.",
        headers=(("Retry-After", seconds),) if seconds is not None else (),
    )
