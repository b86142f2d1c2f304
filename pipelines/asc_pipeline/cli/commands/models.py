"""The command `asc-segments models`: options and summary. Slow modules are imported when needed."""

import sys
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import click

from asc_pipeline.cli.command import CONTEXT, Frame, examples
from asc_pipeline.cli.options import OUTPUT, PLACE, with_options
from asc_pipeline.text import PLAIN

if TYPE_CHECKING:
    from rich.console import Console

    from asc_pipeline.models.summary import ModelsSummary

_GAP = 2
_HEADINGS = {
    "date": "date",
    "is_complete": "complete",
    "impressions": "impressions",
    "page_views": "page views",
    "downloads": "downloads",
    "deletions": "deletions",
    "sessions": "sessions",
    "crashes": "crashes",
    "proceeds_usd": "proceeds, USD",
}


@click.command(
    "models",
    short_help="Build the dbt models.",
    epilog=examples(
        "models", "models --full-refresh", "models --select dim_app_store_connect__apps"
    ),
    context_settings=CONTEXT,
)
@with_options(*PLACE)
@click.option(
    "--select", multiple=True, metavar="MODEL", help="Only these, in dbt's own words. Repeatable."
)
@click.option("--full-refresh", is_flag=True, help="Build all days anew, not only changed ones.")
@click.option("--fivetran", is_flag=True, help="Also what fivetran/dbt_apple_store reads.")
@with_options(*OUTPUT)
def models(**options: Any) -> None:
    """Build the dbt models on the loaded data: marts by day, tested against the views.

    Exit codes: 0 all is built and tested, 1 a model or test failed, 2 wrong usage, dbt is missing
    or nothing is loaded, 130 interrupted.
    """
    frame = Frame(options)
    sys.exit(
        frame.run(partial(_build, options, frame), kept="what was built stays", in_thread=False)
    )


def _build(options: dict[str, Any], frame: Frame) -> int:
    from asc_pipeline.models.build import build_models
    from asc_pipeline.models.summary import ModelSettings

    summary = build_models(
        ModelSettings(
            destination=options["destination"],
            dataset=options["dataset"],
            select=options["select"],
            is_full_refresh=options["full_refresh"],
            is_fivetran=options["fivetran"],
            is_debug=frame.is_debug,
            wait_seconds=options["wait_seconds"],
        ),
        partial(click.echo, err=True),
    )
    console, _ = frame.consoles()
    _print(summary, console)
    frame.give(summary.as_json())
    return summary.exit_code


def _print(summary: "ModelsSummary", console: "Console") -> None:
    console.print(
        f"{summary.models} models built, {summary.tests} tests run,"
        f" {len(summary.failures)} failed, {len(summary.warnings)} warn, {summary.skipped} skipped"
        f" in {summary.seconds:.1f} seconds",
        **PLAIN,
    )
    for title, remarks in (("Failed", summary.failures), ("Warnings", summary.warnings)):
        if remarks:
            console.print(f"\n{title}:", style="bold")
        for each in remarks:
            console.print(f"- {each.what}: {each.why}", **PLAIN)
    if summary.last_week:
        console.print("\nAll apps, the newest seven days:")
        _print_week(summary, console)
    where = summary.location or summary.settings.destination
    console.print(f"\nThe marts are in {where}: schema {summary.schema}.", **PLAIN)


def _print_week(summary: "ModelsSummary", console: "Console") -> None:
    from rich.table import Table

    headings = list(_HEADINGS.values())
    rows = [[_text(name, row[name]) for name in _HEADINGS] for row in summary.last_week]
    fit = _fitting([headings, *rows], console.width)
    table = Table(box=None, pad_edge=False)
    for heading in headings[:fit]:
        table.add_column(heading, justify="left" if heading == "date" else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row[:fit])
    console.print(table)
    if headings[fit:]:
        console.print(f"No room here for {'; '.join(headings[fit:])}: --json has all.", **PLAIN)


def _fitting(rows: list[list[str]], width: int) -> int:
    """How many columns, from the left, a terminal shows whole."""
    ends = accumulate(max(map(len, column)) + _GAP for column in zip(*rows, strict=True))
    return sum(end - _GAP <= width for end in ends)


def _text(name: str, value: Any) -> str:
    if name == "is_complete":
        return "yes" if value else "not yet"
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else str(value)
