"""Faults on demand: which, how often, and a count."""

import re
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

API_KINDS = frozenset(
    {"500", "502", "503", "html", "truncated", "reset", "lost", "slow", "redirect"}
    | {"unauthorized", "forbidden", "not_found", "rate_limited"}
    | {"empty", "foreign_next", "loop", "malformed"}
)
STORE_KINDS = frozenset(
    {"500", "503", "expired", "forbidden", "not_found", "slow"}
    | {"cut", "cut_chunked", "reset", "flip", "empty", "other_segment"}
)


@dataclass(slots=True)
class Fault:
    """Breaks the answers to requests whose path `matches`: so many `times`, once `after` passed.

    `times=None` never stops. `code` is Apple's error code of a `forbidden`, `retry_after` belongs
    to `rate_limited`, `delay` to `slow`, `segment_id` (whose body to send) to `other_segment`.
    `lost` is a `reset` after the request was carried out.
    """

    where: Literal["api", "store"]
    matches: str
    kind: str
    times: int | None = 1
    after: int = 0
    method: str | None = None
    code: str = "FORBIDDEN_ERROR"
    retry_after: timedelta | None = None
    delay: timedelta = timedelta(seconds=1)
    segment_id: str | None = None
    fired: int = field(default=0, init=False)
    seen: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.kind = str(self.kind)
        known = {"api": API_KINDS, "store": STORE_KINDS}[self.where]
        if self.kind not in known:
            raise ValueError(f"no {self.where} fault is called {self.kind!r}: {sorted(known)}")

    def fires(self, where: str, method: str, path: str) -> bool:
        """Whether this request is one to break; counts it."""
        is_meant = where == self.where and self.method in (None, method)
        if not is_meant or not re.search(self.matches, path):
            return False
        self.seen += 1
        if self.seen <= self.after or (self.times is not None and self.fired >= self.times):
            return False
        self.fired += 1
        return True


class Faults:
    """The faults that are set, in the order they were set; one request suffers at most one."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._guard = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        with self._guard:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        with self._guard:
            self._faults.clear()

    def take(self, where: str, method: str, path: str) -> Fault | None:
        with self._guard:
            return next((f for f in self._faults if f.fires(where, method, path)), None)
