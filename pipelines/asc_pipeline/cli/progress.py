"""The display of a run on stderr: a bar on a terminal, lines in a log, or nothing."""

import logging
import sys
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rich.filesize import decimal

from app_store_connect.errors import Failure
from app_store_connect.extract.outcome import Outcome
from asc_pipeline.job.progress import FOR_APPLE, Progress
from asc_pipeline.text import printable

if TYPE_CHECKING:  # a run without a bar need not import it
    from rich.console import Console

LOG_EVERY_SECONDS = 10.0
_LOAD_STEP = "load.py"  # where dlt's own messages about files come from


class NoProgress:
    """Only waits are told: a silence of an hour looks like a hang."""

    def phase(self, what: str) -> None:
        pass

    def begin(self, instances: int, outcome: Outcome) -> None:
        pass

    def changed(self) -> None:
        pass

    def failed(self, failure: Failure) -> None:
        pass

    def waiting(self, seconds: float, why: str = FOR_APPLE) -> None:
        self.say(_wait_text(seconds, why))

    def say(self, text: str) -> None:
        _line(text)

    def close(self) -> None:
        pass


class LogProgress(NoProgress):
    """A line for each phase and failure, and while loading one every few seconds."""

    def __init__(self) -> None:
        self._outcome: Outcome | None = None
        self._phase = ""
        self._instances = 0
        self._started = self._shown = time.monotonic()

    def phase(self, what: str) -> None:
        if what != self._phase:
            _line(what)
        self._phase = what

    def begin(self, instances: int, outcome: Outcome) -> None:
        self._instances, self._outcome = instances, outcome
        self._started = self._shown = time.monotonic()
        _line(f"{instances} instances to load or check")

    def changed(self) -> None:
        now = time.monotonic()
        if self._outcome is not None and now - self._shown >= LOG_EVERY_SECONDS:
            self._shown = now
            done = self._outcome.finished_instances
            left = (now - self._started) / done * (self._instances - done) if done else None
            time_left = f", {timedelta(seconds=round(left))} left" if left is not None else ""
            _line(f"{done}/{self._instances} instances, {_amount(self._outcome)}{time_left}")

    def failed(self, failure: Failure) -> None:
        _line(f"not loaded: {failure.what}: {failure.why}")


class BarProgress:
    """One live line with instances, bytes, rows and the time left; failures scroll above it."""

    def __init__(self, console: "Console") -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._outcome: Outcome | None = None
        self._bar = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[amount]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task("starting", total=None, amount="")
        self._bar.start()

    def phase(self, what: str) -> None:
        self._bar.update(self._task, description=what)

    def begin(self, instances: int, outcome: Outcome) -> None:
        self._outcome = outcome
        self._bar.update(self._task, total=instances)

    def changed(self) -> None:
        if self._outcome is not None:
            self._bar.update(
                self._task,
                completed=self._outcome.finished_instances,
                amount=_amount(self._outcome),
            )

    def failed(self, failure: Failure) -> None:
        self.say(f"not loaded: {failure.what}: {failure.why}")

    def waiting(self, seconds: float, why: str = FOR_APPLE) -> None:
        self.say(_wait_text(seconds, why))

    def say(self, text: str) -> None:
        self._bar.console.print(printable(text), markup=False)

    def close(self) -> None:
        self._bar.stop()


def progress_for(choice: str, console: "Console") -> Progress:
    """`bar`, `log`, `none`, or `auto`: a bar where someone can see it move."""
    if choice == "auto":
        choice = "bar" if console.is_terminal else "log"
    if choice == "bar":
        return BarProgress(console)
    return LogProgress() if choice == "log" else NoProgress()


def worth_showing(record: logging.LogRecord) -> bool:
    """A filter of dlt's log: what it logs of an error that it also raises is told in the summary.

    Of each try to load a file it has a line; of other errors it logs the traceback.
    """
    if record.filename == _LOAD_STEP:
        return False
    record.exc_info = None
    text, is_traced, trace = record.getMessage().partition("Traceback (most recent call last)")
    if is_traced:
        record.msg, record.args = text + trace.strip().splitlines()[-1], ()
    return True


def _amount(outcome: Outcome) -> str:
    return f"{outcome.read_rows:,} rows, {decimal(outcome.read_bytes)}"


def _wait_text(seconds: float, why: str) -> str:
    until = datetime.now().astimezone() + timedelta(seconds=seconds)
    return f"{why}: going on at {until:%H:%M:%S}"


def _line(text: str) -> None:
    sys.stderr.write(f"{datetime.now().astimezone():%H:%M:%S} {printable(text)}\n")
