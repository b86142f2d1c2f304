"""The command `asc-segments status`. Slow modules are imported when needed."""

import sys
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from asc_pipeline.cli.command import CONTEXT, Frame, examples
from asc_pipeline.cli.options import OUTPUT, PLACE, with_options
from asc_pipeline.text import PLAIN, counted, printable

if TYPE_CHECKING:
    from rich.console import Console

    from app_store_connect.warehouse.connection import Warehouse
    from asc_pipeline.status.state import State
    from asc_pipeline.truth.freshness import ReportState

_SHOWN_RUNS = 5


@click.command(
    "status",
    short_help="Show how things stand.",
    epilog=examples("status", "status --destination postgres", "status --fail-if-late --json"),
    context_settings=CONTEXT,
)
@with_options(*PLACE)
@click.option("--fail-if-late", is_flag=True, help="Exit with 1 if a report is late.")
@with_options(*OUTPUT)
def status(**options: Any) -> None:
    """Show how things stand at the destination; Apple is not asked.

    For each app and report the newest complete date, and whether the report is late; dates that
    are missing or doubled, and instances that Apple deletes soon; the last runs; the size.

    Exit codes: 0, 1 a report is late and --fail-if-late is given, 2 wrong usage or nothing is
    loaded, 130 interrupted.
    """
    frame = Frame(options)
    work = partial(_show, options, frame)
    sys.exit(frame.run(work, kept="nothing was changed", in_thread=False))


def _show(options: dict[str, Any], frame: Frame) -> int:
    from asc_pipeline.alerts.findings import message_due
    from asc_pipeline.dlt_pipeline.opening import Patience
    from asc_pipeline.status.questions import read_state

    now = datetime.now(UTC)
    today = now.date()

    def alerts_of(warehouse: "Warehouse") -> list[str]:
        message = message_due(warehouse, now)
        return message.lines if message else []

    patience = Patience(options["wait_seconds"], partial(click.echo, err=True))
    state = read_state(options["destination"], options["dataset"], today, patience, alerts_of)
    exit_code = int(options["fail_if_late"] and bool(state.late))
    console, _ = frame.consoles()
    _print(state, console)
    frame.give(state.as_json(exit_code))
    return exit_code


def _print(state: "State", console: "Console") -> None:
    for _, reports in groupby(state.reports, key=lambda each: each.app_id):
        _print_app(state, list(reports), console)
    _print_alerts(state, console)
    _print_runs(state, console)
    _print_size(state, console)
    if late := state.late:
        console.print(f"\nlate: {len(late)} of {counted(len(state.reports), 'report')}", **PLAIN)


def _print_app(state: "State", reports: list["ReportState"], console: "Console") -> None:
    name = f" ({reports[0].app_name})" if reports[0].app_name else ""
    console.print(printable(f"app {reports[0].app_id}{name}"), style="bold", markup=False)
    coming = [each for each in reports if not each.reason and each.report_name]
    if coming:
        console.print(_reports_table(state, coming))
    for reason, quiet in _by_reason(reports):
        names = ", ".join(each.report_name or "all reports" for each in quiet)
        console.print(f"  quiet, {printable(f'{reason}: {names}')}", markup=False, highlight=False)
    console.print()


def _by_reason(reports: list["ReportState"]) -> list[tuple[str, list["ReportState"]]]:
    found: dict[str, list[ReportState]] = {}
    for each in reports:
        if each.reason:
            found.setdefault(each.reason, []).append(each)
    return list(found.items())


def _reports_table(state: "State", reports: list["ReportState"]) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("  report", overflow="fold")
    for heading in ("complete to", "late", "missing", "expiring", "doubled"):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in reports:
        days = state.days_late(each)
        table.add_row(
            printable(f"  {each.report_name} {each.granularity}").replace("[", r"\["),
            str(each.newest_complete_date or "-"),
            f"{days} d" if days else "-",
            *(str(count or "-") for count in _counts(each)),
        )
    return table


def _counts(report: "ReportState") -> tuple[int, int, int]:
    return report.missing_dates, report.expiring_instances, report.doubled_dates


def _print_alerts(state: "State", console: "Console") -> None:
    """What the next run, or `asc-segments notify`, sends if it finds the same."""
    if state.alerts:
        console.print("alerts that are due", style="bold")
        for line in state.alerts:
            console.print(f"  {line}", **PLAIN)
        console.print()


def _print_runs(state: "State", console: "Console") -> None:
    console.print("last runs", style="bold")
    for each in state.runs[:_SHOWN_RUNS]:
        reason = f": {printable(each.reason)}" if each.reason else ""
        console.print(
            f"  {each.started_at:%Y-%m-%d %H:%M:%S} UTC, {each.seconds} s, exit {each.exit_code}"
            f" ({each.outcome}), {counted(each.requests, 'request')},"
            f" {counted(each.rows, 'row')}, {counted(each.failures, 'failure')}{reason}",
            markup=False,
            highlight=False,
        )
    if not state.runs:
        console.print("  none is recorded", **PLAIN)


def _print_size(state: "State", console: "Console") -> None:
    from rich.filesize import decimal

    size = state.size
    share = f"{size.superseded_rows / size.rows:.0%}" if size.rows else "0%"
    # rows stay in a lake's files
    removal = "" if state.is_lake else " (--keep-superseded DAYS removes these)"
    where = state.location or state.destination
    console.print(f"\n{where}, schema {state.dataset}", style="bold", markup=False)
    console.print(
        f"  {counted(size.rows, 'row')} in the report tables, {size.superseded_rows:,} of them"
        f" ({share}) superseded by newer instances{removal}",
        markup=False,
        highlight=False,
    )
    if size.bytes is not None:
        console.print(f"  {decimal(size.bytes)} on disk", **PLAIN)
