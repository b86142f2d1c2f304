"""The ping: a monitor hears when a run begins and how it ended, and can break no run."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from app_store_connect.errors import UnauthorizedError
from asc_pipeline import run
from asc_pipeline.emulator.server.wire import Answer
from tests.asking import ScriptedServer, StartApple
from tests.conftest import KEYS, Job
from tests.worlds import APPS, overlapping_world

PING_URL = f"{KEYS}ALERTS__PING_URL"
CHECK = "6f1ce0d2-1d9e-4b2f-9f0e-8b3f2f1c7a55"


@pytest.fixture
def monitor(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    with ScriptedServer(Answer(200, b"OK")) as server:
        monkeypatch.setenv(PING_URL, f"{server.origin}/{CHECK}?create=1")
        yield server


def pings(monitor: ScriptedServer) -> list[str]:
    return [each.target.removeprefix(f"/{CHECK}/") for each in monitor.asked]


def test_run_that_loads_all(start_apple: StartApple, job: Job, monitor: ScriptedServer) -> None:
    """The start, and exit code 0; the query of the address stays behind the path."""
    result = job.run(start_apple(overlapping_world(days=1)))

    assert 0 == result.exit_code
    assert ["start?create=1", "0?create=1"] == pings(monitor)


@pytest.mark.slow
def test_exit_code_of_every_end(
    start_apple: StartApple,
    job: Job,
    monitor: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Something not loaded, no budget left, a refused key, a setting of a wrong type."""
    world = overlapping_world(days=2)
    world.request(APPS[0], "ONGOING").is_stopped = True
    job.run(start_apple(world))
    job.run(start_apple(overlapping_world(days=6), hourly_limit=13), "--max-wait", "0")
    monkeypatch.setenv(f"{KEYS}KEY_ID", "WRONGKEYID")
    job.invoke()
    monkeypatch.setenv(f"{KEYS}WORKERS", "many")
    job.invoke()

    ends = [each.partition("?")[0] for each in pings(monitor)]
    assert ["start", "1", "start", "3", "start", "2", "start", "2"] == ends


@pytest.mark.slow
def test_run_as_a_function(
    start_apple: StartApple,
    job: Job,
    monitor: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`asc_pipeline.run` pings as the command does."""
    job.use(start_apple(overlapping_world(days=1)))
    run()
    monkeypatch.setenv(f"{KEYS}KEY_ID", "WRONGKEYID")
    with pytest.raises(UnauthorizedError):
        run()

    ends = [each.partition("?")[0] for each in pings(monitor)]
    assert ["start", "0", "start", "2"] == ends


@contextmanager
def server_that_refuses() -> Iterator[str]:
    with ScriptedServer(Answer(404)) as server:
        yield f"{server.origin}/{CHECK}"


@contextmanager
def server_that_is_gone() -> Iterator[str]:
    with ScriptedServer(Answer(200)) as server:
        address = f"{server.origin}/{CHECK}"
    yield address


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        pytest.param(server_that_refuses, "it answered 404", id="refuses"),
        pytest.param(server_that_is_gone, "ConnectionError", id="gone"),
    ],
)
def test_ping_that_fails_is_a_note(
    server: Callable[[], AbstractContextManager[str]],
    reason: str,
    start_apple: StartApple,
    job: Job,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exit 0, a note for each ping, and no word of the address, also with --debug."""
    with server() as address:
        monkeypatch.setenv(PING_URL, address)
        result = job.run(start_apple(overlapping_world(days=1)), "--debug")

    notes = [each for each in result.summary["notices"] if "ping" in each]
    assert 0 == result.exit_code
    assert [True, True] == [reason in each for each in notes]
    assert CHECK not in result.stdout + result.stderr


def test_no_ping_of_a_plan(start_apple: StartApple, job: Job, monitor: ScriptedServer) -> None:
    """It loads nothing, so that the monitor would take a wrong run for the right one."""
    job.run(start_apple(overlapping_world(days=1)), "--plan")

    assert [] == pings(monitor)


@pytest.mark.parametrize("wrong", ["no address", "ftp://example.com/x", "http://[half"])
def test_address_that_is_none(wrong: str, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 2, and the message does not quote the value."""
    monkeypatch.setenv(PING_URL, wrong)
    result = job.invoke()

    assert 2 == result.exit_code
    assert "alerts.ping_url must be an address" in result.summary["error"]
    assert wrong not in result.stdout + result.stderr
