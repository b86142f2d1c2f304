"""The display of a run on stderr: a bar on a terminal, lines in a log, or nothing."""

import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rich.filesize import decimal

from app_store_connect.errors import Failure
from app_store_connect.extract.outcome import Outcome, Totals
from asc_pipeline.cli.log import Log
from asc_pipeline.job.progress import Progress
from asc_pipeline.text import counted, printable

if TYPE_CHECKING:  # a run without a bar need not import it
    from rich.console import Console

LOG_EVERY_SECONDS = 10.0
_COUNTS_WIDTH = 54
"""Of the longest counts, the time left and the shortest bar: they matter more than the phase."""


class NoProgress:
    """Only waits are told: a silence of an hour looks like a hang."""

    def __init__(self, log: Log | None = None) -> None:
        self._log = log or Log()

    def phase(self, what: str) -> None:
        pass

    def begin(self, instances: int, outcome: Outcome) -> None:
        pass

    def changed(self) -> None:
        pass

    def failed(self, failure: Failure) -> None:
        pass

    def waiting(self, seconds: float, why: str) -> None:
        self._log.write("wait", _wait_text(seconds, why), seconds=seconds)

    def say(self, text: str) -> None:
        self._log.write("wait", text)

    def close(self) -> None:
        pass


class LogProgress(NoProgress):
    """A line for each phase and failure, and while loading one every few seconds."""

    def __init__(self, log: Log | None = None) -> None:
        super().__init__(log)
        self._outcome: Outcome | None = None
        self._phase = ""
        self._instances = 0
        self._started = self._shown = time.monotonic()

    def phase(self, what: str) -> None:
        if what != self._phase:
            self._log.write("phase", what)
        self._phase = what

    def begin(self, instances: int, outcome: Outcome) -> None:
        self._instances, self._outcome = instances, outcome
        self._started = self._shown = time.monotonic()
        self._log.write(
            "begin", f"{counted(instances, 'instance')} to load or check", instances=instances
        )

    def changed(self) -> None:
        now = time.monotonic()
        if self._outcome is not None and now - self._shown >= LOG_EVERY_SECONDS:
            self._shown = now
            self._tell(self._outcome.totals_so_far, now)

    def _tell(self, totals: Totals, now: float) -> None:
        done = totals.instances
        left = (now - self._started) / done * (self._instances - done) if done else None
        time_left = f", {timedelta(seconds=round(left))} left" if left is not None else ""
        self._log.write(
            "progress",
            f"{done:,}/{self._instances:,} instances, {_amount(totals)}{time_left}",
            instances_done=done,
            instances=self._instances,
            rows=totals.read_rows,
            bytes=totals.read_bytes,
        )

    def failed(self, failure: Failure) -> None:
        text = f"not loaded: {failure.what}: {failure.why}"
        self._log.write("failure", text, what=failure.what, why=failure.why)


class BarProgress:
    """One live line with instances, bytes, rows and the time left; failures scroll above it."""

    def __init__(self, console: "Console") -> None:
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._outcome: Outcome | None = None
        self._instances = 0
        self._bar = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[count]}"),
            TextColumn("{task.fields[amount]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task("starting", total=None, count="", amount="")
        self._bar.start()

    def phase(self, what: str) -> None:
        room = max(1, self._bar.console.width - _COUNTS_WIDTH)
        fitting = what if len(what) <= room else f"{what[: room - 1]}…"
        self._bar.update(self._task, description=fitting)

    def begin(self, instances: int, outcome: Outcome) -> None:
        self._instances, self._outcome = instances, outcome
        self._bar.update(self._task, total=instances, count=f"0/{instances:,}")

    def changed(self) -> None:
        if self._outcome is not None:
            totals = self._outcome.totals_so_far
            self._bar.update(
                self._task,
                completed=totals.instances,
                count=f"{totals.instances:,}/{self._instances:,}",
                amount=_amount(totals),
            )

    def failed(self, failure: Failure) -> None:
        self.say(f"not loaded: {failure.what}: {failure.why}")

    def waiting(self, seconds: float, why: str) -> None:
        self.say(_wait_text(seconds, why))

    def say(self, text: str) -> None:
        self._bar.console.print(printable(text), markup=False)

    def close(self) -> None:
        self._bar.stop()


def progress_for(choice: str, console: "Console", log: Log | None = None) -> Progress:
    """`bar`, `log`, `none`, or `auto`: a bar where someone can see it move."""
    if choice == "auto":
        choice = "bar" if console.is_terminal and not (log and log.is_json) else "log"
    if choice == "bar":
        return BarProgress(console)
    return LogProgress(log) if choice == "log" else NoProgress(log)


def _amount(totals: Totals) -> str:
    return f"{counted(totals.read_rows, 'row')}, {decimal(totals.read_bytes)}"


def _wait_text(seconds: float, why: str) -> str:
    until = datetime.now().astimezone() + timedelta(seconds=seconds)
    return f"{why}: going on at {until:%H:%M:%S}"
