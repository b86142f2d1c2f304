"""The summary and the plan, as people read them."""

from collections import Counter

from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.table import Table

from app_store_connect.planning.missing import NO_INSTANCES
from app_store_connect.planning.options import Options
from app_store_connect.planning.selection import ALL_REPORTS, Selection
from asc_pipeline.job.summary import Summary
from asc_pipeline.text import counted, printable

MAX_LINES = 20
_FAVOURITE = "app_downloads_standard_daily"
_DOWNLOADS = (  # as the models count them: the report has updates too
    "select date, sum(counts) as downloads from {dataset}.app_downloads_standard_daily"
    " where lower(download_type) in ('first-time download', 'redownload')"
    " group by date order by date desc limit 7;"
)
_ANYTHING = "select * from {dataset}.data_freshness;"


def print_summary(summary: Summary, console: Console) -> None:
    """Print the summary: loads, failures with reasons, where the data is, and a query to try."""
    data = summary.as_json()
    for label, text in (
        ("apps", f"{data['apps']:,}"),
        ("reports", f"{data['reports']:,}"),
        ("instances", _instances(summary)),
        ("segments", f"{data['segments']:,}"),
        ("rows", f"{data['rows']:,}"),
        ("bytes", decimal(data["bytes"])),
        ("requests", _requests(summary)),
        ("seconds", f"{data['seconds']}"),
    ):
        console.print(f"[bold]{label:<10}[/bold] {text}", highlight=False, soft_wrap=True)
    if data["unparsed_values"]:
        _say(
            console,
            f"{counted(data['unparsed_values'], 'value')} not of the column's type: NULL there,"
            f" kept in {summary.dataset}_raw.analytics_unparsed_values",
        )
    if data["unverified_segments"]:
        _say(
            console,
            f"{counted(data['unverified_segments'], 'segment')} with a checksum of an unknown kind:"
            " only their size was compared",
        )
    _list(console, "Notes", _notes(summary))
    print_failures(summary, console, is_first=False)
    _print_whereabouts(summary, console)


def print_failures(summary: Summary, console: Console, *, is_first: bool = True) -> None:
    """Print failures, and why the run ended early: somebody may have to act."""
    failures = [f"{each.what}: {each.why}" for each in summary.failures]
    _list(console, "Not loaded", failures, is_first=is_first)
    if summary.is_interrupted:
        _say(console, "Interrupted: what was loaded stays, the next run goes on")
    else:
        _print_stop(summary, console)


def _print_stop(summary: Summary, console: Console) -> None:
    """Not if a failure says the same."""
    reason = str(summary.outcome.stopped_by or "")
    if reason and reason not in [each.why for each in summary.failures]:
        _say(console, f"Stopped early: {reason}")


def _notes(summary: Summary) -> list[str]:
    """The notices; of several apps without instances of some reports the numbers alone."""
    quiet = [each for each in summary.listing.missing if each.reason == NO_INSTANCES]
    apps = {each.app_id for each in quiet}
    if len(apps) < 2:
        return summary.notices
    reports = len({each.report_name for each in quiet})
    hidden = {each.note for each in quiet}
    return [
        f"no instances (yet) of {counted(reports, 'report')}, each of some"
        f" of {len(apps)} apps: usual in the first two days, and for reports that do not apply;"
        " asc-segments status names them",
        *(each for each in summary.notices if each not in hidden),
    ]


def print_plan(summary: Summary, console: Console, options: Options) -> None:
    """Print the plan: instances to load by report, and the requests that they would take."""
    selection = _known(summary) or Selection((), 0, 0, 0)
    counts = Counter(
        (item.listed.app_id, item.listed.report.name, item.listed.instance.granularity.value)
        for item in selection.due
        if not item.is_recheck
    )
    if counts:
        table = Table(box=None, pad_edge=False)
        for heading in ("app", "report", "granularity"):
            table.add_column(heading, no_wrap=True)
        table.add_column("instances to load", no_wrap=True, justify="right")
        for key, count in sorted(counts.items()):
            table.add_row(*(escape(printable(each)) for each in key), f"{count:,}")
        console.print(table)
    failures = [f"{each.what}: {each.why}" for each in summary.failures]
    _list(console, "Notes", summary.notices, is_first=not counts)
    _list(console, "Cannot be listed", failures, is_first=not (counts or summary.notices))
    offered = sorted({report.name for _, report in summary.listing.reports})
    if offered and ALL_REPORTS in options.reports:
        _say(console, f"Apple offers {counted(len(offered), 'report')}: {', '.join(offered)}")
    _say(console, f"{_planned(summary)} This plan: {_requests(summary)}. Nothing was loaded.")
    _print_stop(summary, console)


def _known(summary: Summary) -> Selection | None:
    """The instances that a plan found; None if it was interrupted, and may lack a part of them."""
    return None if summary.is_interrupted else summary.selection


def _planned(summary: Summary) -> str:
    selection = _known(summary)
    if selection is None:
        return "The number of instances is not known: the plan ended early."
    rechecks = len(selection.due) - selection.new
    return (
        f"{counted(selection.new, 'instance')} to load and {rechecks:,} to check again of"
        f" {selection.listed:,} listed{_outside(selection)}:"
        f" {counted(summary.planned_requests, 'more request')}."
    )


def _instances(summary: Summary) -> str:
    selection = summary.selection
    if selection is None:
        return "0"
    return (
        f"{summary.instances:,} loaded of {selection.new:,} new; {selection.already_loaded:,} were"
        f" loaded before{_outside(selection)}"
    )


def _outside(selection: Selection) -> str:
    count = selection.outside_window
    return f"; {count:,} outside --since and --until" if count else ""


def _requests(summary: Summary) -> str:
    left = summary.keys.remaining
    used = f"{summary.keys.requests_made:,} used"
    return used if left is None else f"{used}, {left:,} left this hour"


def _print_whereabouts(summary: Summary, console: Console) -> None:
    if not summary.views:
        return
    where = summary.location or summary.destination
    console.print()
    _say(
        console,
        f"The data is in {where}: the views of schema {summary.dataset} hold each date once; which"
        f" columns may be summed is in {summary.dataset}_raw.report_columns.",
    )
    query = _DOWNLOADS if _FAVOURITE in summary.views else _ANYTHING
    _say(console, f"Try: {query.format(dataset=summary.dataset)}")


def _list(console: Console, title: str, lines: list[str], *, is_first: bool = False) -> None:
    """After an empty line, unless nothing is above: cron mails begin with it."""
    if not lines:
        return
    if not is_first:
        console.print()
    console.print(f"{title}:", style="bold")
    for line in lines[:MAX_LINES]:
        _say(console, f"- {line}")
    if len(lines) > MAX_LINES:
        _say(console, f"- and {len(lines) - MAX_LINES} more (--json names them all)")


def _say(console: Console, text: str) -> None:
    console.print(printable(text), markup=False, highlight=False, soft_wrap=True)
