"""What is measured is measured alone, and what is said of others is fair."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import peers
from benchmarks.measure import Measured, Options, measure
from benchmarks.peers import Peer

pytestmark = pytest.mark.slow
SLEEP = "import time; time.sleep(60)"
START_A_CHILD = f"""
import subprocess, sys, time
print(subprocess.Popen([sys.executable, "-c", "{SLEEP}"]).pid, flush=True)
time.sleep(float(sys.argv[1]))
"""


@pytest.mark.parametrize("seconds", [0, 60], ids=["ended", "cut off"])
def test_nothing_of_a_process_goes_on(seconds: int, tmp_path: Path) -> None:
    """What a measured process started ends with it, whether it ended or was cut off."""
    command = [sys.executable, "-c", START_A_CHILD, str(seconds)]
    measured = measure(command, tmp_path, dict(os.environ), limit=5)

    assert (seconds == 60) == measured.is_cut_off
    assert measured.wall < 20
    assert has_ended(int(measured.stdout))


def has_ended(pid: int) -> bool:
    """Whoever inherited it may not have buried it yet."""
    for _ in range(100):
        status = Path(f"/proc/{pid}/status")
        if not status.exists() or "State:\tZ" in status.read_text():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def uneven_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours takes half a second at first, three times as long from then on."""

    def walls() -> Iterator[float]:
        yield 0.5
        while True:
            yield 1.5

    runs = walls()
    monkeypatch.setattr(peers, "load_fresh", lambda world: Measured(next(runs), 0, 0))


@pytest.mark.usefixtures("uneven_runs")
def test_stopped_peer_is_slower_than_its_bar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that never ends has not done better than its bar because our runs became slower."""
    endless = Peer("endless", "1", 1, lambda programs, environment: [sys.executable, "-c", SLEEP])
    monkeypatch.setattr(peers, "PEERS", [endless])
    home = tmp_path / "peers" / "endless-1"
    home.mkdir(parents=True)
    (home / "finished").touch()
    (result,) = peers.peers(Options(scale=0.001, runs=3, cache=tmp_path))

    assert "" == result.not_run
    assert (True, False) == (result.is_met, result.notes["ended"])
    assert result.ratio > result.bar
