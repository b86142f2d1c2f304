"""The options of the job, as click has them, and their meaning for a run."""

import math
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from asc_pipeline.job.runner import Settings

F = TypeVar("F", bound=Callable[..., Any])

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


def _choice(values: list[str]) -> click.Choice[str]:
    return click.Choice(values, case_sensitive=False)


_OPTIONS = (
    click.option(
        "--app-id",
        "app_ids",
        multiple=True,
        callback=_app_ids,
        metavar="ID",
        help="Only these apps.",
    ),
    click.option("--bundle-id", "bundle_ids", multiple=True, metavar="ID", help="Only these apps."),
    click.option(
        "--report",
        "reports",
        multiple=True,
        metavar="NAME",
        help="Apple's report names, case and punctuation aside; '*' for all. Default: all"
        " of APP_USAGE, APP_STORE_ENGAGEMENT and COMMERCE that are not Detailed.",
    ),
    click.option(
        "--category",
        "categories",
        multiple=True,
        type=_choice(_CATEGORIES),
        metavar="CATEGORY",
        help=f"Only reports of these categories: {', '.join(_CATEGORIES)}.",
    ),
    click.option(
        "--granularity",
        "granularities",
        multiple=True,
        type=_choice(_GRANULARITIES),
        metavar="|".join(_GRANULARITIES),
        default=["DAILY"],
        show_default=True,
    ),
    click.option(
        "--access-type",
        "access_types",
        multiple=True,
        type=_choice(_ACCESS_TYPES),
        metavar="|".join(_ACCESS_TYPES),
        default=_ACCESS_TYPES,
        help="Default: both.",
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
        help="Exactly these instances.",
    ),
    click.option(
        "--request-id",
        "request_ids",
        multiple=True,
        metavar="ID",
        help="Use these report requests and list none.",
    ),
    click.option(
        "--create-requests",
        type=_choice(_ACCESS_TYPES),
        metavar=f"[{'|'.join(_ACCESS_TYPES)}]",
        is_flag=False,
        flag_value="ONGOING",
        help="Make a missing report request (ONGOING unless named); needs an Admin key.",
    ),
    click.option(
        "--recheck",
        "recheck_days",
        type=click.IntRange(min=0, max=_MAX_DAYS),
        default=2,
        show_default=True,
        metavar="DAYS",
        help="Look at an instance again until it was unchanged DAYS days after it was processed.",
    ),
    click.option(
        "--keep-superseded",
        "keep_superseded_days",
        type=click.IntRange(min=0, max=_MAX_DAYS),
        metavar="DAYS",
        help="Remove rows that newer instances replaced, DAYS after they were processed. Default:"
        " keep all.",
    ),
    click.option(
        "--max-wait",
        type=click.FloatRange(min=0),
        callback=_seconds,
        default=3600,
        show_default=True,
        metavar="SECONDS",
        help="How long to wait for Apple's hourly request budget.",
    ),
    click.option(
        "--key",
        "keys",
        multiple=True,
        metavar="NAME",
        help="Only these of the keys in the configuration. Default: all.",
    ),
    click.option("--destination", default="duckdb", show_default=True, metavar="NAME"),
    click.option("--dataset", default="app_store_connect", show_default=True, metavar="NAME"),
    click.option("--plan", "is_plan", is_flag=True, help="Say what would be loaded; load nothing."),
    click.option("--progress", type=_choice(["auto", "bar", "log", "none"]), default="auto"),
    click.option("--json", "as_json", is_flag=True, help="The summary as JSON on stdout."),
    click.option("--demo", is_flag=True, help="Load from a bundled App Store Connect; no account."),
    click.option("--debug", is_flag=True, help="Log more, and show the traceback of an error."),
)


def job_options(command: F) -> F:
    """Decorates a command with all of them, in the order in which `--help` lists them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


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
        is_plan=options["is_plan"],
        keep_superseded_days=options["keep_superseded_days"],
        keys=options["keys"],
    )
