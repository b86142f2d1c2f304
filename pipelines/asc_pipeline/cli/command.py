"""The frame of every command: signals, logging, the error line, the JSON answer and exit codes."""

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import click

from asc_pipeline.cli.log import Log, LogFormatter
from asc_pipeline.cli.signals import (
    Interruption,
    LeftBehindError,
    Program,
    terminated_as_interrupted,
)
from asc_pipeline.cli.startup import prepare_imports
from asc_pipeline.text import PLAIN, console_on, failure_line, traceback_of

if TYPE_CHECKING:
    from rich.console import Console

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
INTERRUPTED = 130
_JSON, _LOG_FORMAT = "--json", "--log-format"


def examples(*lines: str) -> str:
    """The end of a command's `--help`."""
    return "\n".join(["\b", "Examples:", *(f"  asc-segments {line}".rstrip() for line in lines)])


class _Answer:
    """The one JSON object of a command on stdout. A second one, from a thread that was left behind,
    is not printed.
    """

    def __init__(self, is_wanted: bool) -> None:
        self.is_wanted = is_wanted
        self._is_due = threading.Semaphore(int(is_wanted))

    def give(self, content: Mapping[str, Any], **style: Any) -> None:
        if self._is_due.acquire(blocking=False):
            click.echo(json.dumps(content, **style))


class CommandGroup(Program):
    """A group whose usage errors are JSON too, if `--json` or `--log-format json` was given."""

    def make_context(self, info_name: str | None, args: list[str], *rest: Any, **more: Any) -> Any:
        wanted = _JSON in args, _has_json_log(args)
        with _usage_as_json(*wanted):
            context = super().make_context(info_name, args, *rest, **more)
        context.meta[_JSON] = wanted
        return context

    def invoke(self, ctx: click.Context) -> Any:
        with _usage_as_json(*ctx.meta[_JSON]):
            return super().invoke(ctx)


def _has_json_log(args: list[str]) -> bool:
    """Whether the log is JSON, by the words alone: click may have refused them."""
    given = {each if "=" in each else f"{each}={value}" for each, value in pairwise([*args, ""])}
    return f"{_LOG_FORMAT}=json" in {each.casefold() for each in given}


@contextmanager
def _usage_as_json(is_answer: bool, is_log: bool) -> Iterator[None]:
    """The error on stdout, as the answer; in the log, instead of click's lines of text."""
    try:
        yield
    except click.UsageError as error:
        _Answer(is_answer).give({"exit_code": error.exit_code, "error": error.format_message()})
        if not is_log:
            raise
        Log(is_json=True).write("end", error.format_message(), exit_code=error.exit_code)
        raise click.exceptions.Exit(error.exit_code) from None


class Frame:
    """One run of a command with the options `as_json` and `debug`, and perhaps `log_format`."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.is_debug = bool(options["debug"])
        self.interruption = Interruption()
        self._answer = _Answer(options["as_json"])
        self.log = Log(is_json=options.get("log_format") == "json")
        prepare_imports()
        handler = logging.StreamHandler()
        handler.setFormatter(LogFormatter(self.log))
        level = logging.DEBUG if self.is_debug else logging.ERROR
        logging.basicConfig(level=level, handlers=[handler])

    def run(self, work: Callable[[], int], *, kept: str, in_thread: bool) -> int:
        """The exit code of the command.

        Args:
            kept: what an interruption leaves in place, for its message.
            in_thread: work in a thread that hears of a signal through `interruption`; else a signal
                is a KeyboardInterrupt in the work.
        """
        listening = self.interruption.listening if in_thread else terminated_as_interrupted
        with listening():
            try:
                return self.interruption.run(work) if in_thread else work()
            except (LeftBehindError, KeyboardInterrupt):
                self._tell_end(f"interrupted: {kept}, the next run goes on", INTERRUPTED)
                self._answer.give({"exit_code": INTERRUPTED, "error": "interrupted"})
                return INTERRUPTED
            except Exception as error:
                return self._fail(error)

    def consoles(self) -> tuple["Console", "Console"]:
        """For the summary, which leaves stdout to JSON, and for errors and progress."""
        errors = console_on(is_stderr=True)
        return errors if self._answer.is_wanted else console_on(is_stderr=False), errors

    def give(self, content: Mapping[str, Any]) -> None:
        """Print the summary as JSON, if it was asked for."""
        self._answer.give(content, indent=2)

    def _tell_end(self, text: str, exit_code: int) -> None:
        if self.log.is_json:
            self.log.write("end", text, exit_code=exit_code)
        else:
            console_on(is_stderr=True).print(text, **PLAIN)

    def _fail(self, error: Exception) -> int:
        from app_store_connect.errors import AppStoreConnectError
        from asc_pipeline.job.summary import exit_code_of

        if not isinstance(error, AppStoreConnectError):
            raise error
        code = INTERRUPTED if self.interruption.is_requested else exit_code_of(error)
        if self.is_debug and self.log.is_json:
            self.log.write("log", traceback_of(error), level="debug")
        elif self.is_debug:
            click.echo(traceback_of(error), err=True)
        self._tell_end(failure_line(error), code)
        self._answer.give({"exit_code": code, "error": str(error)})
        return code
