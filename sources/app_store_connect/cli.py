"""`asc-segments`: options, messages and exit codes. What is slow is imported when needed."""

import gc
import json
import logging
import math
import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from app_store_connect.interruption import Interruption, LeftBehindError, Program
from app_store_connect.models_command import models
from app_store_connect.printing import printable

if TYPE_CHECKING:
    from rich.console import Console

    from app_store_connect.runner import Settings

_PLAIN: dict[str, Any] = {"markup": False, "highlight": False, "soft_wrap": True}
_DATE = click.DateTime(["%Y-%m-%d"])
_GRANULARITIES = ["DAILY", "WEEKLY", "MONTHLY"]
_ACCESS_TYPES = ["ONGOING", "ONE_TIME_SNAPSHOT"]
_CATEGORIES = [
    "APP_USAGE",
    "APP_STORE_ENGAGEMENT",
    "COMMERCE",
    "FRAMEWORK_USAGE",
    "PERFORMANCE",
]
_WIDE = 160
_OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""What dlt makes on import is never garbage: looking for some took a tenth of a short run."""
_APP_ID = re.compile(r"[0-9]{1,18}")


_MAX_DAYS = 36_500  # a century; dates end in the year 1


def _app_ids(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not _APP_ID.fullmatch(value):
            raise click.BadParameter(
                f"{value!r} is not an app's Apple ID, which is a number; for others --bundle-id"
            )
    return values


def _seconds(_: click.Context, __: click.Parameter, value: float) -> float:
    if math.isnan(value):
        raise click.BadParameter("it is not a number")
    return value


def _choice(values: list[str]) -> click.Choice[str]:
    return click.Choice(values, case_sensitive=False)


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
@click.option(
    "--app-id",
    "app_ids",
    multiple=True,
    callback=_app_ids,
    metavar="ID",
    help="Only these apps.",
)
@click.option("--bundle-id", "bundle_ids", multiple=True, metavar="ID", help="Only these apps.")
@click.option(
    "--report",
    "reports",
    multiple=True,
    metavar="NAME",
    help="Apple's report names, case and punctuation aside; '*' for all. Default: the Standard"
    " reports, App Crashes and App Opt In.",
)
@click.option(
    "--category",
    "categories",
    multiple=True,
    type=_choice(_CATEGORIES),
    metavar="CATEGORY",
    help=f"Only reports of these categories: {', '.join(_CATEGORIES)}.",
)
@click.option(
    "--granularity",
    "granularities",
    multiple=True,
    type=_choice(_GRANULARITIES),
    metavar="|".join(_GRANULARITIES),
    default=["DAILY"],
    show_default=True,
)
@click.option(
    "--access-type",
    "access_types",
    multiple=True,
    type=_choice(_ACCESS_TYPES),
    metavar="|".join(_ACCESS_TYPES),
    default=_ACCESS_TYPES,
    help="Default: both.",
)
@click.option("--since", type=_DATE, metavar="DATE", help="Earliest processing date, inclusive.")
@click.option("--until", type=_DATE, metavar="DATE", help="Latest processing date, inclusive.")
@click.option(
    "--instance-id", "instance_ids", multiple=True, metavar="ID", help="Exactly these instances."
)
@click.option(
    "--request-id",
    "request_ids",
    multiple=True,
    metavar="ID",
    help="Use these report requests and list none.",
)
@click.option(
    "--create-requests",
    type=_choice(_ACCESS_TYPES),
    metavar=f"[{'|'.join(_ACCESS_TYPES)}]",
    is_flag=False,
    flag_value="ONGOING",
    help="Make a missing report request (ONGOING unless named); needs an Admin key.",
)
@click.option(
    "--recheck",
    "recheck_days",
    type=click.IntRange(min=0, max=_MAX_DAYS),
    default=2,
    show_default=True,
    metavar="DAYS",
    help="Look for re-published segments of instances processed in the last DAYS days.",
)
@click.option(
    "--max-wait",
    type=click.FloatRange(min=0),
    callback=_seconds,
    default=3600,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for Apple's hourly request budget.",
)
@click.option("--destination", default="duckdb", show_default=True, metavar="NAME")
@click.option("--dataset", default="app_store_connect", show_default=True, metavar="NAME")
@click.option("--plan", "is_plan", is_flag=True, help="Say what would be loaded; load nothing.")
@click.option("--progress", type=_choice(["auto", "bar", "log", "none"]), default="auto")
@click.option("--json", "as_json", is_flag=True, help="The summary as JSON on stdout.")
@click.option("--demo", is_flag=True, help="Load from a bundled App Store Connect; no account.")
@click.option("--debug", is_flag=True, help="Log more, and show the traceback of an error.")
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
    if options["is_plan"] and options["create_requests"]:
        raise click.UsageError("--plan makes nothing: leave out --create-requests, or --plan")
    if options["since"] and options["until"] and options["since"] > options["until"]:
        raise click.UsageError("--since is after --until: no instance can be due")
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
    os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")  # dlt reads it on import
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
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
    from rich.console import Console

    from app_store_connect.configuration import read_configuration
    from app_store_connect.progress import progress_for, without_traceback
    from app_store_connect.report import print_plan, print_summary
    from app_store_connect.runner import Run

    if not options["debug"]:
        logging.getLogger("dlt").addFilter(without_traceback)
    with ExitStack() as stack:
        configuration = read_configuration()
        if options["demo"]:
            from app_store_connect.demo import start_demo

            configuration = stack.enter_context(start_demo(configuration, errors))
        settings = _settings(options)
        progress = progress_for(options["progress"], errors)
        stack.callback(progress.close)
        run = Run(configuration, settings, progress)
        interruption.on_request = run.interrupt
        if interruption.is_requested:
            run.interrupt()
        run.execute()
        progress.close()
        console = (
            errors
            if options["as_json"]
            else Console(soft_wrap=True, width=None if sys.stdout.isatty() else _WIDE)
        )
        if settings.is_plan:
            print_plan(run.summary, console, settings.options)
        else:
            print_summary(run.summary, console)
        answer.give(run.summary.as_json(), indent=2)
        return run.summary.exit_code


def _settings(options: dict[str, Any]) -> "Settings":
    from app_store_connect.model import AccessType, Granularity
    from app_store_connect.runner import Settings
    from app_store_connect.selection import Options

    created = options["create_requests"]
    return Settings(
        options=Options(
            app_ids=options["app_ids"],
            bundle_ids=options["bundle_ids"],
            reports=options["reports"],
            categories=options["categories"],
            granularities=tuple(Granularity(each.upper()) for each in options["granularities"]),
            access_types=tuple(AccessType(each.upper()) for each in options["access_types"]),
            since=_day(options["since"]),
            until=_day(options["until"]),
            instance_ids=options["instance_ids"],
            request_ids=options["request_ids"],
            create_requests=AccessType(created.upper()) if created else None,
            recheck_days=options["recheck_days"],
        ),
        destination=options["destination"],
        dataset=options["dataset"],
        max_wait=options["max_wait"],
        is_plan=options["is_plan"],
    )


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _fail(error: Exception, errors: "Console", *, is_debug: bool) -> None:
    """Say on stderr what went wrong."""
    if is_debug:
        errors.print_exception()
    message = f"{type(error).__name__.removesuffix('Error')}: {error}"
    errors.print(printable(message), **_PLAIN)


def _exit_code(error: Exception) -> int:
    from app_store_connect.errors import ConfigurationError, ForbiddenError, UnauthorizedError
    from app_store_connect.summary import INCOMPLETE, UNUSABLE

    is_users = isinstance(error, (ConfigurationError, UnauthorizedError, ForbiddenError))
    return UNUSABLE if is_users else INCOMPLETE
