"""Log lines on stderr: for people with date, zone and run, or as JSON, one object a line."""

import json
import logging
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

from asc_pipeline.text import new_run_id, printable

_LOAD_STEP = "load.py"  # where dlt's own messages about files come from
_TRACE = "Traceback (most recent call last)"


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"{line}\n")


class Log:
    """Writes the events of one run. `fields` of an event are in JSON only."""

    def __init__(
        self,
        run_id: str | None = None,
        *,
        is_json: bool = False,
        write: Callable[[str], object] = _to_stderr,
    ) -> None:
        self.run_id = run_id or new_run_id()
        self.is_json = is_json
        self._write = write

    def write(self, event: str, message: str, **fields: Any) -> None:
        self._write(self.line(event, message, fields))

    def line(self, event: str, message: str, fields: dict[str, Any]) -> str:
        now = datetime.now().astimezone()
        if not self.is_json:
            return f"{now:%Y-%m-%d %H:%M:%S%z} {self.run_id} {printable(message)}"
        told = {"time": now.isoformat(timespec="milliseconds"), "run_id": self.run_id}
        return json.dumps({**told, "event": event, "message": message, **fields}, default=str)

    def muted(self) -> "Log":
        return Log(self.run_id, write=lambda line: None)


class LogFormatter(logging.Formatter):
    """Formats the records of libraries as lines of this log."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def format(self, record: logging.LogRecord) -> str:
        fields = {"logger": record.name, "level": record.levelname.lower()}
        return self._log.line("log", f"{record.name} {super().format(record)}", fields)


def take_over_dlt(log: Log) -> None:
    """Have dlt's records written here; its own handler, with its own format, gets none."""
    logger = logging.getLogger("dlt")
    for each in [each for each in logger.filters if isinstance(each, _DltFilter)]:
        logger.removeFilter(each)
    logger.addFilter(_DltFilter(log))


class _DltFilter(logging.Filter):
    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def filter(self, record: logging.LogRecord) -> bool:
        if text := worth_showing(record):
            self._log.write("log", text, logger=record.name, level=record.levelname.lower())
        return False


def worth_showing(record: logging.LogRecord) -> str:
    """The text to show for a record of dlt; empty to show none.

    dlt logs errors that it also raises, and the summary has those: a line for each try to load a
    file is dropped, and of a traceback the last line stays.
    """
    if record.filename == _LOAD_STEP:
        return ""
    text, is_traced, trace = record.getMessage().partition(_TRACE)
    return text + trace.strip().splitlines()[-1] if is_traced else text
