"""The command `asc-segments doctor`. Slow modules are imported when needed."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from asc_pipeline.cli.command import CONTEXT, Frame, examples
from asc_pipeline.cli.options import APP_ID, KEY, OUTPUT, PLACE, with_options
from asc_pipeline.text import PLAIN, printable

if TYPE_CHECKING:
    from asc_pipeline.doctor.check import Check

_MARKS = ("ok     ", "warning", "ERROR  ")


@click.command(
    "doctor",
    short_help="Check whether a run would work.",
    epilog=examples(
        "doctor", "doctor --key games --app-id 1500000000", "doctor --destination postgres --json"
    ),
    context_settings=CONTEXT,
)
@with_options(APP_ID, KEY, *PLACE[:2], *OUTPUT)
def doctor(**options: Any) -> None:
    """Check whether a run would work, and name the next step. Nothing is changed.

    One line a check: versions and files with secrets here; at Apple the key, the clock, the request
    budget, and for each app its report requests and reports; the destination.

    Exit codes: 0 all is well, 1 a run works with the warnings shown, 2 no run works, 130
    interrupted.
    """
    frame = Frame(options)
    work = partial(_examine, options, frame)
    sys.exit(frame.run(work, kept="nothing was changed", in_thread=False))


def _examine(options: dict[str, Any], frame: Frame) -> int:
    from asc_pipeline.doctor.check import exit_code_of_checks

    console, _ = frame.consoles()
    checks = []
    for check in _checks(options):
        checks.append(check)
        mark = _MARKS[check.level]
        console.print(printable(f"{mark} {check.subject}: {check}"), **PLAIN)
    exit_code = exit_code_of_checks(checks)
    frame.give(
        {
            "exit_code": exit_code,
            "checks": [
                {
                    "subject": each.subject,
                    "level": each.level.name.lower(),
                    "state": each.state,
                    "advice": each.advice or None,
                }
                for each in checks
            ],
        }
    )
    return exit_code


def _checks(options: dict[str, Any]) -> Iterator["Check"]:
    from app_store_connect.configuration.keys import read_key_settings
    from app_store_connect.configuration.settings import read_configuration
    from app_store_connect.errors import ConfigurationError
    from asc_pipeline.cli.demo import kept_apart
    from asc_pipeline.doctor.apple import check_keys
    from asc_pipeline.doctor.check import Check, Level
    from asc_pipeline.doctor.destination import check_destination
    from asc_pipeline.doctor.machine import check_settings, check_versions

    yield check_versions()
    refuse, told = None, ""
    try:
        configuration = read_configuration()
        if demo_apps := kept_apart(configuration, is_demo=False):
            refuse = demo_apps.check
        keys = read_key_settings(configuration, options["keys"])
        yield from check_settings(configuration, keys)
        yield from check_keys(
            keys, configuration.base_url, options["app_ids"], lambda: datetime.now(UTC)
        )
    except ConfigurationError as error:
        told = str(error)
        yield Check("settings", Level.ERROR, told)
    for check in check_destination(options["destination"], options["dataset"], refuse):
        if check.state != told:  # of a file of settings that cannot be read
            yield check
