"""The options of the job, as click has them, and their meaning for a run."""

import math
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from asc_pipeline.job.runner import Settings

F = TypeVar("F", bound=Callable[..., Any])
Option = Callable[[Any], Any]

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


class _Number(click.FloatRange):
    name = "number"


class _WholeNumber(click.IntRange):
    name = "whole number"


class _Choice(click.Choice[str]):
    """A choice in any case, which an error lists as it is documented."""

    def __init__(self, values: list[str]) -> None:
        super().__init__(values, case_sensitive=False)

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        return f"{value!r} is not one of {', '.join(map(str, self.choices))}."


APP_ID = click.option(
    "--app-id",
    "app_ids",
    multiple=True,
    callback=_app_ids,
    metavar="ID",
    help="Only these apps. Repeatable.",
)
KEY = click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="NAME",
    help="Only this key of the configuration. Repeatable. Default: all.",
)
PLACE = (
    click.option(
        "--destination",
        default="duckdb",
        show_default=True,
        metavar="NAME",
        help="A destination of dlt.",
    ),
    click.option(
        "--dataset",
        default="app_store_connect",
        show_default=True,
        metavar="NAME",
        help="The schema of the views; dlt's tables are in NAME_raw.",
    ),
    click.option(
        "--wait",
        "wait_seconds",
        type=_Number(min=0),
        callback=_seconds,
        default=60,
        show_default=True,
        metavar="SECONDS",
        help="How long to wait for a DuckDB file that another process has open.",
    ),
)
"""The options that say where the data is, of every command that opens the destination."""
_JSON = click.option("--json", "as_json", is_flag=True, help="The result as JSON on stdout.")
_DEBUG = click.option("--debug", is_flag=True, help="Log more, and show the traceback of an error.")
OUTPUT = (_JSON, _DEBUG)
"""The options that `Frame` needs."""

_OPTIONS = (
    APP_ID,
    click.option(
        "--bundle-id",
        "bundle_ids",
        multiple=True,
        metavar="ID",
        help="Only these apps. Repeatable.",
    ),
    click.option(
        "--report",
        "reports",
        multiple=True,
        metavar="NAME",
        help="Apple's report names, case and punctuation aside; '*' for all. Default: all"
        " of APP_USAGE, APP_STORE_ENGAGEMENT and COMMERCE that are not Detailed."
        " Repeatable.",
    ),
    click.option(
        "--category",
        "categories",
        multiple=True,
        type=_Choice(_CATEGORIES),
        metavar="CATEGORY",
        help=f"Only reports of these categories: {', '.join(_CATEGORIES)}. Repeatable.",
    ),
    click.option(
        "--granularity",
        "granularities",
        multiple=True,
        type=_Choice(_GRANULARITIES),
        metavar="|".join(_GRANULARITIES),
        default=["DAILY"],
        show_default=True,
        help="Only instances of these granularities. Repeatable.",
    ),
    click.option(
        "--access-type",
        "access_types",
        multiple=True,
        type=_Choice(_ACCESS_TYPES),
        metavar="|".join(_ACCESS_TYPES),
        default=_ACCESS_TYPES,
        help="Only report requests of these types. Repeatable; default: both.",
    ),
    click.option(
        "--since", type=_DATE, metavar="DATE", help="Earliest processing date, inclusive."
    ),
    click.option("--until", type=_DATE, metavar="DATE", help="Latest processing date, inclusive."),
    click.option(
        "--instance-id",
        "instance_ids",
        multiple=True,
        metavar="ID",
        help="Exactly these instances. Repeatable.",
    ),
    click.option(
        "--request-id",
        "request_ids",
        multiple=True,
        metavar="ID",
        help="Use these report requests and list none. Repeatable.",
    ),
    click.option(
        "--create-requests",
        type=_Choice(_ACCESS_TYPES),
        metavar=f"[{'|'.join(_ACCESS_TYPES)}]",
        is_flag=False,
        flag_value="ONGOING",
        help="Make a missing report request (ONGOING unless named); needs an Admin key.",
    ),
    click.option(
        "--recheck",
        "recheck_days",
        type=_WholeNumber(min=0, max=_MAX_DAYS),
        default=2,
        show_default=True,
        metavar="DAYS",
        help="Look at an instance again until it was unchanged DAYS days after it was processed.",
    ),
    click.option(
        "--keep-superseded",
        "keep_superseded_days",
        type=_WholeNumber(min=0, max=_MAX_DAYS),
        metavar="DAYS",
        help="Remove rows that newer instances replaced, DAYS after they were processed. Default:"
        " keep all.",
    ),
    click.option(
        "--max-wait",
        type=_Number(min=0),
        callback=_seconds,
        default=3600,
        show_default=True,
        metavar="SECONDS",
        help="How long to wait for Apple's hourly request budget.",
    ),
    KEY,
    *PLACE,
    click.option("--plan", "is_plan", is_flag=True, help="Say what would be loaded; load nothing."),
    click.option(
        "--progress",
        type=_Choice(["auto", "bar", "log", "none"]),
        default="auto",
        metavar="auto|bar|log|none",
        help="Default: a bar on a terminal, else log lines.",
    ),
    click.option(
        "--log-format",
        type=_Choice(["text", "json"]),
        default="text",
        metavar="text|json",
        help="Log lines for people, or one JSON object a line.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="Print failures only."),
    _JSON,
    click.option("--demo", is_flag=True, help="Load from a bundled App Store Connect; no account."),
    click.option("--mix-demo", is_flag=True, help="Let the demo's apps be among others."),
    _DEBUG,
)


def with_options(*options: Option) -> Callable[[F], F]:
    """Decorates a command with these options, in the order in which `--help` lists them."""

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


job_options = with_options(*_OPTIONS)


def settings_of(options: Mapping[str, Any]) -> "Settings":
    """The settings of a run.

    Raises:
        UsageError: an option is not of its kind, or has no effect beside another.
    """
    from app_store_connect.errors import ConfigurationError
    from app_store_connect.planning.options import options_from
    from asc_pipeline.job.runner import Settings

    if options["is_plan"] and options["create_requests"]:
        raise click.UsageError("--plan makes nothing: leave out --create-requests, or --plan")
    try:
        chosen = options_from(options)
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from error
    return Settings(
        options=chosen,
        destination=options["destination"],
        dataset=options["dataset"],
        max_wait=options["max_wait"],
        wait_seconds=options["wait_seconds"],
        is_plan=options["is_plan"],
        keep_superseded_days=options["keep_superseded_days"],
        keys=options["keys"],
    )
