"""Apple's request budget: read from every answer, spent evenly, waited for, never overrun on purpose.

Apple, "Identifying Rate Limits": every answer carries `X-Rate-Limit: user-hour-lim:3500;user-hour-rem:500;`
for a rolling hour and key. A `user-minute-*` pair was seen on other endpoints. Because the count is Apple's
own, several processes on one key share it without talking to each other.
"""

import re
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from app_store_connect.errors import BudgetExhaustedError

PACED_SHARE = 0.1
"""Below this share of a window's limit requests go out at the rate at which the window refills."""
POLL_SECONDS = 60.0
"""How often to look again when others used the budget, so that its return cannot be worked out."""

_FIELD = re.compile(r"user-(hour|minute)-(lim|rem):\s*(\d+)")
_SECONDS = {"hour": 3600.0, "minute": 60.0}


@dataclass(frozen=True, slots=True)
class Window:
    """What Apple last said about one rolling window."""

    seconds: float
    limit: int
    remaining: int

    @property
    def pace_seconds(self) -> float:
        """The pause before the next request that makes the rest last; 0 while there is plenty."""
        is_low = self.remaining < self.limit * PACED_SHARE
        return self.seconds / self.limit if is_low and self.limit else 0.0


def parse_rate_limit(header: str | None) -> list[Window]:
    """Read `X-Rate-Limit` in any of its spellings; unknown parts are passed over."""
    found: dict[str, dict[str, int]] = {}
    for window, kind, number in _FIELD.findall(header or ""):
        found.setdefault(window, {})[kind] = int(number)
    return [
        Window(_SECONDS[name], values["lim"], values["rem"])
        for name, values in found.items()
        if values.keys() >= {"lim", "rem"}
    ]


class RequestBudget:
    """Decides when the next request may go out. Shared by all threads of a run.

    Args:
        max_wait: seconds that all waits of this run may take together; 0 never waits.
        on_wait: told the length of each wait for an exhausted budget, before it begins.
    """

    def __init__(
        self,
        max_wait: float = 3600.0,
        *,
        on_wait: Callable[[float], None] = lambda seconds: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.max_wait = max_wait
        self.requests_made = 0
        self.remaining: int | None = None
        self.sleep = sleep
        self._on_wait = on_wait
        self._clock = clock
        self._waited = 0.0
        self._windows: list[Window] = []
        self._sent: deque[float] = deque(maxlen=20_000)
        self._turn = threading.Lock()
        self._state = threading.Lock()

    def wait_for_turn(self) -> None:
        """Return when a request may be sent, and count it.

        Raises:
            BudgetExhaustedError: nothing is left, and waiting would take longer than `max_wait`.
        """
        with self._turn:  # held while sleeping: waiting threads go one after the other
            with self._state:
                windows = list(self._windows)
            for window in windows:
                if window.remaining <= 0:
                    self._wait_for(window)
            self._pace(max((window.pace_seconds for window in windows), default=0.0))
            with self._state:
                self._sent.append(self._clock())
                self.requests_made += 1

    def note(self, rate_limit: str | None, *, is_refused: bool = False) -> bool:
        """Take in an answer's header; says whether the budget is used up.

        A 429 without the header is taken for an exhausted hour only if Apple never sent a header.
        """
        windows = parse_rate_limit(rate_limit)
        with self._state:
            if windows:
                self._windows = windows
                self.remaining = max(windows, key=lambda window: window.seconds).remaining
            elif is_refused and not self._windows:
                self._windows = [Window(_SECONDS["hour"], len(self._sent), 0)]
            return any(window.remaining <= 0 for window in self._windows)

    def _wait_for(self, window: Window) -> None:
        now = self._clock()
        own = next((sent for sent in self._sent if sent > now - window.seconds), None)
        seconds = max(own + window.seconds - now, 1.0) if own is not None else POLL_SECONDS
        if self._waited + seconds > self.max_wait:
            raise BudgetExhaustedError(seconds, max(self.max_wait - self._waited, 0.0))
        self._on_wait(seconds)
        self._waited += seconds
        self.sleep(seconds)
        with self._state:
            self._windows = []

    def _pace(self, seconds: float) -> None:
        if seconds and self._waited + seconds <= self.max_wait:
            self._waited += seconds
            self.sleep(seconds)
