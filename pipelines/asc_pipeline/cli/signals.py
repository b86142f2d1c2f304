"""Ctrl-C and SIGTERM: the run is asked to stop, and left behind if it does not hear.

The run works in a thread of its own while the main thread waits, so a signal is heard at once: dlt
keeps signals to itself while it loads, and forgets them; DuckDB does not let go of a statement.
"""

import contextlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any

import click

from asc_pipeline.cli.stdio import guarded_streams

GRACE_SECONDS = 8.0
"""How long a run that was asked to stop may take to write its views and close its files."""
POLL_SECONDS = 0.2
LINGER_SECONDS = 1.0
"""How long threads that outlive the run may keep the process; their downloads are worth nothing."""
RUN = "run"
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class LeftBehindError(Exception):
    """The run did not end in time after it was asked to, or was asked twice."""


class Interruption:
    """Whether a signal came. `on_request` is called, in the main thread, at the first one."""

    def __init__(self, grace_seconds: float = GRACE_SECONDS) -> None:
        self.is_requested = False
        self.on_request: Callable[[], None] = lambda: None
        self._grace_seconds = grace_seconds
        self._heard: SimpleQueue[bool] = SimpleQueue()  # may be put to from a signal handler

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take the signals, where that is possible: in the main thread."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, self._hear) for each in _SIGNALS}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def run(self, work: Callable[[], int]) -> int:
        """The result of `work`, or its error.

        Raises:
            LeftBehindError: it was interrupted and goes on, in a thread that ends with the process.
        """
        done: list[int | BaseException] = []

        def report() -> None:
            try:
                done.append(work())
            except BaseException as error:  # the main thread raises it
                done.append(error)
            self._heard.put(True)

        threading.Thread(target=report, name=RUN, daemon=True).start()
        if not self._next(forever=True):
            self.is_requested = True
            self.on_request()
            if not self._next():
                raise LeftBehindError
        if isinstance(done[0], BaseException):
            raise done[0]
        return done[0]

    def _next(self, *, forever: bool = False) -> bool:
        """Whether the run has ended; False at a signal, or after the grace.

        The system may give a signal to any thread, and only waking up makes this one hear it.
        """
        deadline = time.monotonic() + self._grace_seconds
        while forever or time.monotonic() < deadline:
            with contextlib.suppress(Empty):
                return self._heard.get(timeout=POLL_SECONDS)
        return False

    def _hear(self, number: int, frame: object) -> None:
        self._heard.put(False)


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """SIGTERM works like Ctrl-C, where signals can be taken: in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class Program(click.Group):
    """A command that, run as a program, is not kept from ending by a download that hangs. May have
    others under it.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().__call__(*args, **kwargs)
        except SystemExit as end:
            if threading.current_thread() is threading.main_thread():
                _leave(end.code if isinstance(end.code, int) else 1)
            raise

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Also where it is called by other code: no output goes past the streams."""
        with guarded_streams():
            return super().main(*args, **kwargs)


def _leave(code: int) -> None:
    """End the process now if a thread would keep it; what is to be closed is closed.

    The run is over, so a signal has nothing left to say, and must not take the exit code away.
    """
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    own = threading.current_thread()
    others = [t for t in threading.enumerate() if t is not own and (not t.daemon or t.name == RUN)]
    deadline = time.monotonic() + LINGER_SECONDS
    for thread in others:
        thread.join(max(0.0, deadline - time.monotonic()))
    if any(thread.is_alive() for thread in others):
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
