"""The command `asc-segments`: output and exit codes. Slow modules are imported when needed."""

import json
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from asc_pipeline.cli.models import models
from asc_pipeline.cli.options import job_options, refuse_contradictions, settings_of
from asc_pipeline.cli.signals import Interruption, LeftBehindError, Program
from asc_pipeline.cli.startup import prepare_imports
from asc_pipeline.text import PLAIN, console_on, failure_line, traceback_of

if TYPE_CHECKING:
    from rich.console import Console


class _Answer:
    """The one JSON object of a run on stdout: what comes second, of a thread left behind, is not
    printed.
    """

    def __init__(self, is_wanted: bool) -> None:
        self._is_due = threading.Semaphore(int(is_wanted))

    def give(self, content: dict[str, Any], **style: Any) -> None:
        if self._is_due.acquire(blocking=False):
            click.echo(json.dumps(content, **style))


class _Command(Program):
    """Answers wrong usage as JSON too, where that was asked for; click says it on stderr."""

    def make_context(self, info_name: str | None, args: list[str], *rest: Any, **more: Any) -> Any:
        with _usage_as_json("--json" in args):
            return super().make_context(info_name, args, *rest, **more)

    def invoke(self, ctx: click.Context) -> Any:
        with _usage_as_json(ctx.params["as_json"]):
            return super().invoke(ctx)


@contextmanager
def _usage_as_json(is_wanted: bool) -> Iterator[None]:
    try:
        yield
    except click.UsageError as error:
        _Answer(is_wanted).give({"exit_code": error.exit_code, "error": error.format_message()})
        raise


@click.group(
    cls=_Command,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@job_options
@click.version_option(package_name="dlt-app-store-connect")
def main(**options: Any) -> None:
    """Load Apple's App Store Connect Analytics Reports into DuckDB or another dlt destination.

    Exit codes: 0 all that was due is loaded, 1 something could not be loaded, 2 wrong usage,
    configuration or credentials, 3 stopped at the request budget, 130 interrupted.
    """
    context = click.get_current_context()
    if context.invoked_subcommand:
        _refuse_options_before_it(context)
        return
    refuse_contradictions(options)
    sys.exit(_run(options))


main.add_command(models)


def _refuse_options_before_it(context: click.Context) -> None:
    given = [
        each.opts[0]
        for each in context.command.params
        if each.name
        and context.get_parameter_source(each.name) is click.core.ParameterSource.COMMANDLINE
    ]
    if given:
        raise click.UsageError(
            f"{given[0]} is an option of the job: {context.invoked_subcommand} takes its own after"
            " its name"
        )


def _run(options: dict[str, Any]) -> int:
    prepare_imports()
    interruption, answer = Interruption(), _Answer(options["as_json"])
    with interruption.listening():
        try:
            return interruption.run(partial(_load_or_fail, options, interruption, answer))
        except LeftBehindError:
            click.echo("interrupted: what was loaded stays, the next run goes on", err=True)
            answer.give({"exit_code": 130, "error": "interrupted"})
            return 130


def _load_or_fail(options: dict[str, Any], interruption: Interruption, answer: _Answer) -> int:
    from rich.console import Console

    from app_store_connect.errors import AppStoreConnectError

    level = logging.DEBUG if options["debug"] else logging.ERROR
    logging.basicConfig(level=level, format="%(asctime)s %(name)s %(message)s")
    errors = Console(stderr=True)
    try:
        return _load(options, errors, interruption, answer)
    except AppStoreConnectError as error:
        code = 130 if interruption.is_requested else _exit_code(error)
        _fail(error, errors, is_debug=options["debug"])
        answer.give({"exit_code": code, "error": str(error)})
        return code


def _load(
    options: dict[str, Any], errors: "Console", interruption: Interruption, answer: _Answer
) -> int:
    from app_store_connect.configuration import read_configuration
    from asc_pipeline.cli.console import print_plan, print_summary
    from asc_pipeline.cli.progress import progress_for, worth_showing
    from asc_pipeline.job.runner import Run

    if not options["debug"]:
        logging.getLogger("dlt").addFilter(worth_showing)
    with ExitStack() as stack:
        configuration = read_configuration()
        if options["demo"]:
            from asc_pipeline.cli.demo import start_demo

            today = datetime.now(UTC).date()
            configuration = stack.enter_context(start_demo(configuration, errors, today))
        settings = settings_of(options)
        progress = progress_for(options["progress"], errors)
        stack.callback(progress.close)
        run = Run(configuration, settings, progress)
        interruption.on_request = run.interrupt
        if interruption.is_requested:
            run.interrupt()
        run.execute()
        progress.close()
        console = errors if options["as_json"] else console_on(is_stderr=False)
        if settings.is_plan:
            print_plan(run.summary, console, settings.options)
        else:
            print_summary(run.summary, console)
        answer.give(run.summary.as_json(), indent=2)
        return run.summary.exit_code


def _fail(error: Exception, errors: "Console", *, is_debug: bool) -> None:
    """Report the error on stderr."""
    if is_debug:
        click.echo(traceback_of(error), err=True)
    errors.print(failure_line(error), **PLAIN)


def _exit_code(error: Exception) -> int:
    from app_store_connect.errors import ConfigurationError, ForbiddenError, UnauthorizedError
    from asc_pipeline.job.summary import INCOMPLETE, UNUSABLE

    is_users = isinstance(error, (ConfigurationError, UnauthorizedError, ForbiddenError))
    return UNUSABLE if is_users else INCOMPLETE
