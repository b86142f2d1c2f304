"""The number of requests that a key may make in an hour, and in a minute if that is limited too."""

import threading
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from asc_pipeline.emulator.server.documents import Refused
from asc_pipeline.emulator.server.wire import Header

HEADER = "X-Rate-Limit"
WINDOWS = {"hour": timedelta(hours=1), "minute": timedelta(minutes=1)}


class Budget:
    """Counts the accepted requests of each key. A refused request costs nothing.

    `limits` has the greatest number of requests by the name of a window, which rolls.
    """

    def __init__(self, clock: Callable[[], datetime], limits: Mapping[str, int]) -> None:
        self._clock = clock
        self._limits = limits
        self._spent: dict[str | None, list[datetime]] = defaultdict(list)
        self._guard = threading.Lock()

    def spend(self, key_id: str) -> None:
        """Take one request from the key's budget, or refuse with 429."""
        with self._guard:
            if min(self._remaining(key_id).values()) <= 0:
                raise rate_limited()
            self._spent[key_id].append(self._clock())

    def headers(self, key_id: str | None) -> tuple[Header, ...]:
        """The header with the key's budget; a stranger is told the whole limit."""
        with self._guard:
            remaining = self._remaining(key_id)
        parts = (
            f"user-{name}-lim:{self._limits[name]};user-{name}-rem:{max(0, rest)};"
            for name, rest in remaining.items()
        )
        return ((HEADER, "".join(parts)),)

    def _remaining(self, key_id: str | None) -> dict[str, int]:
        now, spent = self._clock(), self._spent[key_id]
        return {
            name: limit - len(spent) + bisect_right(spent, now - WINDOWS[name])
            for name, limit in self._limits.items()
        }


def rate_limited(*headers: Header) -> Refused:
    return Refused(
        429,
        "RATE_LIMIT_EXCEEDED",
        "The request rate limit has been reached.",
        "We've received too many requests for this API. Please wait and try again or slow down"
        " your request rate.",
        headers=headers,
    )
