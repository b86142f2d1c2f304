"""Apple's request budget: read from every answer, spent evenly, waited for, never overrun.

Apple, "Identifying Rate Limits": every answer carries `X-Rate-Limit: user-hour-lim:3500;
user-hour-rem:500;` for a rolling hour and key. A `user-minute-*` pair was seen on other endpoints.
Because the count is Apple's, several processes on one key share it without talking to each other.
"""

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ..errors import BudgetExhaustedError

DEFAULT_MAX_WAIT = 3600.0
"""Seconds; the budget is one of an hour."""
HOURLY_LIMIT = 3600
"""Requests of a key, until Apple's answers say another number."""
PACED_SHARE = 0.1
"""Below this share of a window's limit requests go out at the rate at which the window refills."""
POLL_SECONDS = 60.0
"""How often to look again when others used the budget, so that its return cannot be worked out."""
SHORTEST_WAIT_SECONDS = 1.0
"""Keeps a `Retry-After: 0` that comes again and again from becoming a storm."""

_FIELD = re.compile(r"user-(hour|minute)-(lim|rem):\s*(-?[0-9]{1,9})(?![0-9])")
_SECONDS = {"hour": 3600.0, "minute": 60.0}


@dataclass(frozen=True, slots=True)
class Window:
    """Apple's last figures of one rolling window."""

    seconds: float
    limit: int
    remaining: int

    @property
    def pace_seconds(self) -> float:
        """The pause between requests that makes the rest last; 0 while there is plenty."""
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


FOR_APPLE = "Apple's request budget is used up, or Apple asks to wait"
"""Why a request waits, for people."""


def slow_text(seconds: float) -> str:
    """For people, where requests keep a distance of so many seconds."""
    return (
        f"less than a tenth of Apple's hourly requests is left, so one goes out every {seconds:.1f}"
        " s"
    )


class RequestBudget:
    """Decides when the next request may go out. Shared by all threads of a run.

    Args:
        max_wait: seconds that all waits of this run may take together; 0 never waits.
        on_wait: told the length of each wait, for the budget or as `pause`, before it begins.
        on_slow: told once a run, before requests begin to keep a distance, how long that is.
        on_retry: told once a run why a request is repeated: all tries may take half a minute.
    """

    def __init__(
        self,
        max_wait: float = DEFAULT_MAX_WAIT,
        *,
        on_wait: Callable[[float], None] = lambda seconds: None,
        on_slow: Callable[[float], None] = lambda seconds: None,
        on_retry: Callable[[str], None] = lambda reason: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self._cancelled = threading.Event()
        self.max_wait = max_wait
        self.requests_made = 0
        self.waiting = 0
        """Threads that wait for their turn."""
        self.hourly_limit = HOURLY_LIMIT
        self.remaining: int | None = None
        self._sleep = sleep or self._cancelled.wait
        self._on_wait = on_wait
        self._on_slow = on_slow
        self._on_retry = on_retry
        self._is_slow = self._has_retried = False
        self._clock = clock
        self._waited = 0.0
        self._not_before = self._paused_until = clock()
        self._windows: list[Window] | None = None
        self._windows_answer = 0
        self._answers = 0
        self._in_flight = 0
        self._sent: deque[float] = deque(maxlen=20_000)
        self._queue = threading.Lock()
        self._state = threading.Condition()

    def begin_run(self) -> None:
        """Count waits anew: `max_wait` is for one run, and a source may be run again."""
        with self._state:
            self._waited = 0.0
            self._is_slow = self._has_retried = False

    def tell_retry(self, reason: str) -> None:
        with self._state:
            is_first, self._has_retried = not self._has_retried, True
        if is_first:
            self._on_retry(reason)

    def wait_for_turn(self) -> int:
        """Return when a request may be sent, and count it. `note` wants the number returned.

        Raises:
            BudgetExhaustedError: nothing is left, and waiting would take longer than `max_wait`.
        """
        with self._waiting_counted(), self._queue:  # held while sleeping: one after the other
            while seconds := self._seconds_to_wait():
                self._wait(seconds)
            self._pace()
            with self._state:
                self._in_flight += 1
                self._sent.append(self._clock())
                self.requests_made += 1
                return self._answers

    @contextmanager
    def _waiting_counted(self) -> Iterator[None]:
        with self._state:
            self.waiting += 1
        try:
            yield
        finally:
            with self._state:
                self.waiting -= 1

    def note(
        self,
        turn: int,
        rate_limit: str | None,
        *,
        is_refused: bool = False,
        retry_after: float | None = None,
    ) -> None:
        """Take in how the request of `turn` was answered: once for every turn.

        `rate_limit` is None if no answer came, and empty if one came without the header. A 429
        (`is_refused`) without a word is taken for an exhausted budget only while nothing is known
        of the budget.
        """
        windows = parse_rate_limit(rate_limit)
        with self._state:
            self._in_flight -= 1
            self._answers += 1
            if is_refused and retry_after is not None:
                pause = max(retry_after, SHORTEST_WAIT_SECONDS)
                self._not_before = max(self._not_before, self._clock() + pause)
                self._windows = None
            elif windows:
                self._take(windows, turn)
            elif self._windows:
                self._windows = [replace(w, remaining=w.remaining - 1) for w in self._windows]
            elif rate_limit is not None:
                self._windows = [Window(_SECONDS["hour"], 0, 0)] if is_refused else []
            self._state.notify_all()

    def sleep(self, seconds: float) -> None:
        """Pause the calling thread, but no longer than until `cancel`."""
        self._sleep(seconds)

    def may_pause(self, seconds: float) -> bool:
        """Whether `max_wait` allows a `pause` of that length."""
        with self._state:
            return self._waited + self._added_by(seconds) <= self.max_wait

    def pause(self, seconds: float) -> None:
        """Wait as an answer asks; of threads that do so side by side it counts once."""
        with self._state:
            added = self._added_by(seconds)
            self._waited += added
            self._paused_until = max(self._paused_until, self._clock() + seconds)
        if added >= SHORTEST_WAIT_SECONDS:
            self._on_wait(seconds)
        self._sleep(seconds)

    def is_exhausted(self) -> bool:
        """Whether the next turn is one to wait for."""
        with self._state:
            is_used_up = any(window.remaining <= 0 for window in self._windows or ())
            return is_used_up or self._not_before > self._clock()

    def cancel(self) -> None:
        """Wake all that wait, for good: they and all later ones get a BudgetExhaustedError."""
        self._cancelled.set()
        with self._state:
            self._state.notify_all()

    def _take(self, windows: list[Window], turn: int) -> None:
        """Answers overtake each other: of requests that overlapped the lowest count is true."""
        known = {window.seconds: window.remaining for window in self._windows or ()}
        if turn < self._windows_answer:
            windows = [
                replace(w, remaining=min(w.remaining, known.get(w.seconds, w.remaining)))
                for w in windows
            ]
        self._windows = windows
        self._windows_answer = self._answers
        longest = max(windows, key=lambda window: window.seconds)
        self.remaining = longest.remaining
        if longest.seconds == _SECONDS["hour"]:
            self.hourly_limit = longest.limit

    def _seconds_to_wait(self) -> float:
        with self._state:
            self._state.wait_for(lambda: self._cancelled.is_set() or self._is_decidable())
            if self._cancelled.is_set():
                raise BudgetExhaustedError(0.0, 0.0)
            now = self._clock()
            used_up = [window for window in self._windows or () if window.remaining <= 0]
            return max([0.0, self._not_before - now, *(self._return_of(w, now) for w in used_up)])

    def _is_decidable(self) -> bool:
        """Whether a request may go out, or must wait, whatever the answers on their way say."""
        if not self._in_flight:
            return True
        return self._windows is not None and all(
            window.remaining > self._in_flight for window in self._windows
        )

    def _return_of(self, window: Window, now: float) -> float:
        own = [sent for sent in self._sent if sent > now - window.seconds]
        seconds = own[0] + window.seconds - now if own else POLL_SECONDS
        if len(own) < window.limit or not window.limit:
            seconds = min(seconds, POLL_SECONDS)
        return max(seconds, SHORTEST_WAIT_SECONDS)

    def _added_by(self, pause: float) -> float:
        now = self._clock()
        return max(0.0, now + pause - max(now, self._paused_until))

    def _wait(self, seconds: float) -> None:
        if self._waited + seconds > self.max_wait:
            raise BudgetExhaustedError(seconds, max(self.max_wait - self._waited, 0.0))
        self._on_wait(seconds)
        self._count(seconds)
        self._sleep(seconds)
        with self._state:
            self._windows = None

    def _count(self, waited: float) -> None:
        with self._state:
            self._waited += waited

    def _pace(self) -> None:
        pace = max((window.pace_seconds for window in self._windows or ()), default=0.0)
        seconds = self._sent[-1] + pace - self._clock() if self._sent else 0.0
        if seconds > 0 and self._waited + seconds <= self.max_wait:
            if not self._is_slow:
                self._is_slow = True
                self._on_slow(pace)
            self._count(seconds)
            self._sleep(seconds)
