"""Runs of the job: in this process, or in one of its own that can be killed.

`python -m tests.walk.jobs` reads what to run from stdin, a line of JSON each, and answers so.
"""

import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app_store_connect.configuration.settings import read_configuration
from asc_pipeline.cli.progress import NoProgress
from asc_pipeline.job.runner import Run
from tests.walk.orders import Order

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ended:
    """How a run ended. `is_whole`: all that was due is loaded."""

    exit_code: int
    is_whole: bool
    said: str


def run_here(order: Order, on_start: Callable[[Run], None] = lambda run: None) -> Ended:
    configuration = read_configuration()
    configuration.batch_segments = order.batch_segments
    configuration.workers = 3
    configuration.backoff_seconds = 0.0
    ahead = timedelta(days=order.days_ahead)
    run = Run(configuration, order.settings(), NoProgress(), lambda: datetime.now(UTC) + ahead)
    on_start(run)
    summary = run.execute()
    outcome = summary.outcome
    failures = [str(each) for each in (*outcome.failures, *summary.listing.failures)]
    is_whole = not (failures or outcome.stopped_by or summary.is_interrupted)
    return Ended(summary.exit_code, is_whole, "; ".join([*failures, str(outcome.stopped_by)]))


class Worker:
    """A process that runs the job when it is told to."""

    def __init__(self, env: Mapping[str, str]) -> None:
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.walk.jobs"],
            env={**os.environ, "PYTHONPATH": path, **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def begin(self, order: Order) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        stdin.write(json.dumps(dataclasses.asdict(order)) + "\n")
        stdin.flush()

    def end(self) -> Ended | None:
        """How the run ended; None if the process was killed."""
        stdout = self._process.stdout
        assert stdout is not None
        if line := stdout.readline():
            return Ended(**json.loads(line))
        code = self._process.wait()
        assert code == -signal.SIGKILL, f"the process of the job ended with {code}"
        return None

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def close(self) -> None:
        self._process.kill()
        with self._process:
            pass


def main() -> None:
    for line in sys.stdin:
        given: dict[str, Any] = json.loads(line)
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in given.items()
        }
        try:
            ended = run_here(Order(**values))
        except Exception as error:  # the walk has to see whatever it is
            ended = Ended(-1, False, f"{type(error).__name__}: {error}")
        sys.stdout.write(json.dumps(dataclasses.asdict(ended)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
