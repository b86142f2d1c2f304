"""The command `asc-segments notify`. Slow modules are imported when needed."""

import sys
from datetime import UTC, datetime
from functools import partial
from typing import Any

import click

from asc_pipeline.cli.command import CONTEXT, Frame, examples
from asc_pipeline.cli.options import OUTPUT, PLACE, with_options
from asc_pipeline.text import PLAIN

_SAMPLE = (
    "App Store Connect reports: a test",
    "This is what an alert looks like: the app, the report, what is wrong, and what to do.",
)


@click.command(
    "notify",
    short_help="Send the alerts that are due.",
    epilog=examples("notify --test", "notify --destination postgres"),
    context_settings=CONTEXT,
)
@with_options(*PLACE)
@click.option("--test", "is_test", is_flag=True, help="Send a sample; open no destination.")
@with_options(*OUTPUT)
def notify(**options: Any) -> None:
    """Send the alerts that are due to the addresses in alerts.urls, as each run does at its end.

    Exit codes: 0 all addresses were reached or nothing was due, 1 an address was not reached, 2
    wrong usage, no address is set or nothing is loaded, 130 interrupted.
    """
    frame = Frame(options)
    sys.exit(frame.run(partial(_send, options, frame), kept="messages sent stay", in_thread=False))


def _send(options: dict[str, Any], frame: Frame) -> int:
    from asc_pipeline.alerts.channels import send
    from asc_pipeline.alerts.settings import required_urls
    from asc_pipeline.job.alerting import notify as notify_of_due

    urls = required_urls()
    title: str | None
    if options["is_test"]:
        title, text = _SAMPLE
        lines, notices = [text], send(urls, title, text)
    else:
        message, notices = notify_of_due(
            urls,
            destination=options["destination"],
            dataset=options["dataset"],
            now=datetime.now(UTC),
            wait_seconds=options["wait_seconds"],
            say=partial(click.echo, err=True),
        )
        title, lines = (message.title, message.lines) if message else (None, [])
    console, errors = frame.consoles()
    console.print(f"{title or 'nothing is due'}", **PLAIN)
    for line in lines:
        console.print(f"- {line}", **PLAIN)
    for notice in notices:
        errors.print(notice, **PLAIN)
    exit_code = int(bool(notices))
    content = {"exit_code": exit_code, "title": title, "lines": lines, "notices": notices}
    frame.give(content)
    return exit_code
