"""The request budget: read, spread, waited for, and never overrun, by the emulator's own count."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from app_store_connect.api.budget import RequestBudget, Window, parse_rate_limit, slow_text
from app_store_connect.api.client import AppStoreConnectClient
from app_store_connect.errors import BudgetExhaustedError
from asc_pipeline.emulator.server.wire import Answer
from tests.asking import Clock, ScriptedServer, StartApple, client_of
from tests.emulator import Emulator, Fault, RateLimitStyle, World

pytestmark = pytest.mark.judges_answers

HOUR, MINUTE = 3600.0, 60.0
NO_APPS = b'{"data": [], "links": {"self": "/v1/apps"}}'


@pytest.fixture
def clock() -> Clock:
    return Clock()


def ask(client: AppStoreConnectClient, times: int = 1) -> None:
    for _ in range(times):
        client.list_apps()


def statuses(apple: Emulator) -> list[int]:
    return [exchange.status for exchange in apple.exchanges]


def limits(hour: str | None = None, retry_after: str | None = None) -> tuple[tuple[str, str], ...]:
    headers = {"X-Rate-Limit": hour, "Retry-After": retry_after}
    return tuple((name, value) for name, value in headers.items() if value is not None)


@pytest.mark.parametrize(
    ("header", "windows"),
    [
        (None, []),
        ("", []),
        ("user-hour-lim:3500;user-hour-rem:500;", [Window(HOUR, 3500, 500)]),
        ("user-hour-lim:3500, user-hour-rem:500", [Window(HOUR, 3500, 500)]),
        (
            "user-hour-lim:3500;user-hour-rem:500;, user-hour-lim:3500;user-hour-rem:500;",
            [Window(HOUR, 3500, 500)],
        ),
        (
            "user-hour-lim:3600;user-hour-rem:9;user-minute-lim:150;user-minute-rem:149;",
            [Window(HOUR, 3600, 9), Window(MINUTE, 150, 149)],
        ),
        ("user-minute-lim:150;user-day-lim:9;user-day-rem:8;team-hour-rem:1", []),
        ("user-hour-lim: 3500; user-hour-rem: -1;", [Window(HOUR, 3500, -1)]),
        ("nonsense", []),
    ],
    ids=[
        "absent",
        "empty",
        "as Apple documents it",
        "with commas",
        "sent twice",
        "with a minute",
        "half a window and unknown ones",
        "overdrawn",
        "nonsense",
    ],
)
def test_header_is_read_in_every_spelling(header: str | None, windows: list[Window]) -> None:
    """All spellings of `X-Rate-Limit` that were seen are read, and unknown parts passed over."""
    assert windows == parse_rate_limit(header)


@pytest.mark.parametrize("style", list(RateLimitStyle))
@pytest.mark.parametrize("minute_limit", [None, 150], ids=["hour only", "hour and minute"])
def test_what_is_left_is_taken_from_every_answer(
    style: RateLimitStyle, minute_limit: int | None, start_apple: StartApple, clock: Clock
) -> None:
    """The hour's rest is known after each answer, however it is spelled."""
    apple = start_apple(
        World(), clock=clock.now, hourly_limit=50, minute_limit=minute_limit, rate_limit_style=style
    )
    client = client_of(apple, clock=clock)

    ask(client, 3)

    assert (47, 3) == (client.budget.remaining, client.budget.requests_made)


@pytest.mark.parametrize(
    "limit", [{"hourly_limit": 3}, {"minute_limit": 3}], ids=["hour", "minute"]
)
def test_without_leave_to_wait_it_stops_at_once(
    limit: dict[str, int], start_apple: StartApple, clock: Clock
) -> None:
    """`--max-wait 0`: all of the budget is used, then it ends, without a pause or a refusal."""
    apple = start_apple(World(), clock=clock.now, **limit)
    client = client_of(apple, clock=clock, max_wait=0)
    ask(client, 3)

    with pytest.raises(BudgetExhaustedError, match="--max-wait allows 0 s more; run again later"):
        ask(client)
    assert [] == clock.naps
    assert [200] * 3 == statuses(apple)


@pytest.mark.parametrize(
    ("limit", "seconds"),
    [({"hourly_limit": 3}, HOUR), ({"minute_limit": 3}, MINUTE)],
    ids=["hour", "minute"],
)
def test_it_waits_until_its_own_requests_have_left_the_window(
    limit: dict[str, int], seconds: float, start_apple: StartApple, clock: Clock
) -> None:
    """Who used the budget alone knows when it comes back, waits that long, and is never refused."""
    apple = start_apple(World(), clock=clock.now, **limit)
    client = client_of(apple, clock=clock)

    ask(client)
    clock.sleep(7)
    ask(client, 3)

    assert [7, seconds - 7] == clock.naps
    assert [200] * 4 == statuses(apple)


def test_of_two_windows_the_later_one_is_waited_for(start_apple: StartApple, clock: Clock) -> None:
    """With the minute and the hour used up there is one wait, the hour's."""
    apple = start_apple(World(), clock=clock.now, hourly_limit=2, minute_limit=2)

    ask(client_of(apple, clock=clock), 3)

    assert [HOUR] == clock.naps


def test_a_wait_is_told_before_it_begins(start_apple: StartApple, clock: Clock) -> None:
    """`on_wait` hears the length while nobody has slept yet."""
    told: list[tuple[float, list[float]]] = []
    apple = start_apple(World(), clock=clock.now, hourly_limit=1)
    budget = RequestBudget(
        on_wait=lambda seconds: told.append((seconds, list(clock.naps))),
        clock=clock.monotonic,
        sleep=clock.sleep,
    )

    ask(client_of(apple, clock=clock, budget=budget), 2)

    assert [(HOUR, [])] == told


def test_slowness_is_told_once_a_run(start_apple: StartApple, clock: Clock) -> None:
    """`on_slow` hears the distance of requests, before the first of them waits."""
    told: list[float] = []
    apple = start_apple(World(), clock=clock.now, hourly_limit=40)
    budget = RequestBudget(on_slow=told.append, clock=clock.monotonic, sleep=clock.sleep)
    client = client_of(apple, clock=clock, budget=budget)

    ask(client, 37)
    assert [] == told
    ask(client, 2)
    assert [HOUR / 40] == told
    budget.begin_run()
    ask(client)
    assert [HOUR / 40] * 2 == told
    assert "one goes out every 90.0 s" in slow_text(told[0])


def test_first_retry_of_a_run_is_told() -> None:
    """All tries of a request may take half a minute; one line a run says why."""
    told: list[str] = []
    budget = RequestBudget(on_retry=told.append)
    for reason in ("first", "second"):
        budget.tell_retry(reason)
    budget.begin_run()
    budget.tell_retry("third")

    assert ["first", "third"] == told


def test_budget_used_by_others_is_looked_at_every_minute(
    start_apple: StartApple, clock: Clock
) -> None:
    """When it comes back cannot be worked out, so it asks again each minute, and then goes on."""
    apple = start_apple(World(), clock=clock.now, hourly_limit=4)
    ask(client_of(apple, clock=clock), 3)
    clock.sleep(HOUR - 150)
    client = client_of(apple, clock=clock)
    ask(client)

    ask(client)

    assert [MINUTE] * 3 == clock.naps[1:]
    assert [200] * 4 + [429] * 2 + [200] == statuses(apple)


def test_all_waits_together_are_bounded(start_apple: StartApple, clock: Clock) -> None:
    """`--max-wait` is for the whole run: a second wait that exceeds the rest is not begun."""
    apple = start_apple(World(), clock=clock.now, hourly_limit=2)
    client = client_of(apple, clock=clock, max_wait=5000)
    ask(client, 4)

    with pytest.raises(BudgetExhaustedError) as caught:
        ask(client)
    assert (HOUR, 5000 - HOUR) == (caught.value.wait_seconds, caught.value.max_wait_seconds)
    assert [HOUR] == clock.naps


def test_requests_are_spaced_as_the_rest_runs_low(start_apple: StartApple, clock: Clock) -> None:
    """The last tenth goes out at the rate at which the window refills, from one to the next."""
    apple = start_apple(World(), clock=clock.now, hourly_limit=40)
    client = client_of(apple, clock=clock)
    ask(client, 37)
    assert [] == clock.naps

    ask(client)
    clock.sleep(25)
    ask(client)
    clock.sleep(100)
    ask(client)

    assert [90, 25, 65, 100] == clock.naps


def test_spacing_counts_as_waiting(start_apple: StartApple, clock: Clock) -> None:
    """Pauses use up `--max-wait` too; then the rest of the budget goes out without them."""
    apple = start_apple(World(), clock=clock.now, hourly_limit=40)
    client = client_of(apple, clock=clock, max_wait=200)

    ask(client, 40)

    assert [90, 90] == clock.naps
    assert [200] * 40 == statuses(apple)


@pytest.mark.parametrize(
    ("limit", "style"),
    [(3, RateLimitStyle.SEMICOLONS), (25, RateLimitStyle.COMMAS), (25, RateLimitStyle.TWICE)],
    ids=["fewer than threads", "more than threads", "header twice"],
)
def test_threads_never_overrun_the_budget(
    limit: int, style: RateLimitStyle, start_apple: StartApple
) -> None:
    """However many threads ask, each request of the budget is used and none is ever refused."""
    apple = start_apple(
        World(), hourly_limit=limit, rate_limit_style=style, latency=timedelta(milliseconds=5)
    )
    client = client_of(apple, budget=RequestBudget(max_wait=0))

    def ask_until_stopped() -> None:
        with pytest.raises(BudgetExhaustedError):
            ask(client, limit + 1)

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(ask_until_stopped) for _ in range(8)]:
            future.result()

    assert [200] * limit == statuses(apple)
    assert limit == client.budget.requests_made


def test_threads_share_the_minute(start_apple: StartApple) -> None:
    """A limit by the minute holds for all threads together, beside a rich hour."""
    apple = start_apple(World(), minute_limit=20, latency=timedelta(milliseconds=5))
    client = client_of(apple, budget=RequestBudget(max_wait=0))

    def ask_until_stopped() -> None:
        with pytest.raises(BudgetExhaustedError):
            ask(client, 21)

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(ask_until_stopped) for _ in range(8)]:
            future.result()

    assert [200] * 20 == statuses(apple)


def test_a_lost_answer_is_taken_for_a_request_spent(start_apple: StartApple, clock: Clock) -> None:
    """Apple counts a request also if its answer never arrives, so the budget does."""
    apple = start_apple(World(), clock=clock.now, hourly_limit=5)
    client = client_of(apple, clock=clock, max_wait=0)
    ask(client, 3)
    apple.fault(Fault("api", "apps", "reset", times=None))

    with pytest.raises(BudgetExhaustedError):
        ask(client)
    assert 5 == len(apple.exchanges)
    assert 429 not in statuses(apple)


def test_answers_that_overtake_each_other_do_not_add_to_the_rest() -> None:
    """Of requests on their way together the lowest count is true, in whichever order it comes."""
    budget = RequestBudget(max_wait=0)
    budget.note(budget.wait_for_turn(), "user-hour-lim:100;user-hour-rem:3;")
    first, second = budget.wait_for_turn(), budget.wait_for_turn()
    budget.note(second, "user-hour-lim:100;user-hour-rem:1;")
    budget.note(first, "user-hour-lim:100;user-hour-rem:2;")

    budget.note(budget.wait_for_turn(), "")

    with pytest.raises(BudgetExhaustedError):
        budget.wait_for_turn()


@pytest.mark.parametrize(
    "header", ["5", "Sun, 22 Nov 2037 12:00:00 GMT"], ids=["seconds", "a date far away"]
)
def test_a_429_that_names_the_time_is_not_outwaited_without_leave(header: str) -> None:
    """With `Retry-After` beyond `--max-wait` it stops at once, whatever is left of the budget."""
    refusal = Answer(429, headers=limits("user-hour-lim:100;user-hour-rem:50;", header))
    with ScriptedServer(refusal) as apple:
        client = apple.client(budget=RequestBudget(max_wait=4))

        with pytest.raises(BudgetExhaustedError):
            ask(client)

        assert 1 == len(apple.asked)


@pytest.mark.parametrize(
    ("rest", "retry_after", "naps"),
    [
        ("user-hour-lim:100;user-hour-rem:50;", "5", [5]),
        ("user-hour-lim:100;user-hour-rem:0;", "5", [5]),
        (None, "5", [5]),
        ("user-hour-lim:100;user-hour-rem:50;", "0", [1]),
        ("user-hour-lim:100;user-hour-rem:0;", None, [60]),
        (None, None, [60]),
        (None, "soon", [60]),
    ],
    ids=[
        "budget left",
        "budget used up",
        "no header but Retry-After",
        "Retry-After of 0",
        "budget used up, by others, no Retry-After",
        "no header at all",
        "Retry-After that is none",
    ],
)
def test_a_429_is_waited_out(
    rest: str | None, retry_after: str | None, naps: list[float], clock: Clock
) -> None:
    """As long as Apple says, or else a minute at a time; then the same request is asked again."""
    refusal = Answer(429, headers=limits(rest, retry_after))
    with ScriptedServer(refusal, Answer(200, NO_APPS, headers=limits())) as apple:
        budget = RequestBudget(clock=clock.monotonic, sleep=clock.sleep)

        ask(apple.client(budget=budget))

        assert naps == clock.naps
        assert 2 == len(apple.asked)


def test_a_429_that_never_ends_does(clock: Clock) -> None:
    """`Retry-After: 0` again and again is a second each, and ends with `--max-wait`."""
    with ScriptedServer(Answer(429, headers=limits(retry_after="0"))) as apple:
        budget = RequestBudget(max_wait=20, clock=clock.monotonic, sleep=clock.sleep)

        with pytest.raises(BudgetExhaustedError):
            ask(apple.client(budget=budget))

        assert 21 == len(apple.asked)


def test_apple_without_the_header_does_not_slow_anybody_down(clock: Clock) -> None:
    """Answers that say nothing of a budget are no reason to wait, nor to ask one at a time."""
    with ScriptedServer(Answer(200, NO_APPS)) as apple:
        budget = RequestBudget(clock=clock.monotonic, sleep=clock.sleep)
        ask(apple.client(budget=budget), 3)

        turns = [budget.wait_for_turn() for _ in range(3)]

    assert 3 == len(turns)
    assert [] == clock.naps


def test_cancel_wakes_whoever_waits() -> None:
    """An interrupted run does not sit out the hour that its threads were waiting for."""
    waiting = threading.Event()
    budget = RequestBudget(on_wait=lambda seconds: waiting.set())
    budget.note(budget.wait_for_turn(), "user-hour-lim:1;user-hour-rem:0;")
    started = time.monotonic()

    with ThreadPoolExecutor(2) as pool:
        futures: list[Any] = [pool.submit(budget.wait_for_turn) for _ in range(2)]
        assert waiting.wait(5)
        budget.cancel()
        errors = [future.exception(5) for future in futures]

    assert [BudgetExhaustedError] * 2 == [type(error) for error in errors]
    assert time.monotonic() - started < 5


def test_cancel_wakes_whoever_waits_for_an_answer() -> None:
    """A thread that waits for another one's answer, to learn what is left, is woken as well."""
    budget = RequestBudget()
    budget.wait_for_turn()

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(budget.wait_for_turn)
        with pytest.raises(TimeoutError):
            future.exception(0.1)
        budget.cancel()
        error = future.exception(5)

    assert isinstance(error, BudgetExhaustedError)
