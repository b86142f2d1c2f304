"""Problems that somebody should hear of, out of the state of a destination. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import IntEnum

from app_store_connect.errors import ASKS_AGAIN, RUN_LATER, TRIES_AGAIN
from app_store_connect.instances import RETENTION_DAYS
from app_store_connect.views.owners import Tie
from asc_pipeline.alerts.runs import FailureCount, RunEnd
from asc_pipeline.text import counted
from asc_pipeline.truth.freshness import ReportState, days_late_of

_NOTHING_COMES = {
    "ONGOING report request stopped": "Apple stopped its report request for inactivity",
    "no ONGOING report request": "it has a snapshot and no ONGOING report request",
    "no report request": "it has no report request",
}
_RENEW = "run once with --create-requests and an Admin key"
_LOAD_NOW = f"run asc-segments now, since Apple deletes instances after {RETENTION_DAYS} days"
_LOAD_MISSING = "run asc-segments without --since; Apple may still list them"
_COMPARE = "compare with App Store Connect, and tell us"
_NEXT_STEPS = (TRIES_AGAIN, ASKS_AGAIN, RUN_LATER)
"""At the ends of errors that the next run mends."""
MOST_APPS = 3
"""Named in a line, of a run for some apps."""


class Kind(IntEnum):
    """The kinds of problems in the order of the lines of a message, the worst first."""

    EXPIRING = 1
    STOPPED = 2
    FAILED = 3
    LATE = 4
    MISSING = 5
    DOUBLED = 6
    NEW = 7
    UNPARSED = 8

    @property
    def is_event(self) -> bool:
        """Told once; there is no end of it to tell."""
        return self in (Kind.NEW, Kind.UNPARSED)


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem of `subject`, mostly a report. `size` says how bad it is."""

    kind: Kind
    app_id: int | None
    subject: str
    state: str
    advice: str
    size: int = 1

    @property
    def id(self) -> str:
        return f"{self.kind.name.lower()}/{self.app_id or ''}/{self.subject}"


@dataclass(frozen=True, slots=True)
class ColumnCount:
    """Values of a column, or a column as such, that the catalogue does not expect."""

    app_id: int | None
    table_name: str
    column_name: str
    count: int


@dataclass(frozen=True, slots=True)
class Findings:
    """The state of the destination. `failures` are those that no later run was to mend, and
    `ended_early` the runs that ended early without a failure.
    """

    reports: Sequence[ReportState] = ()
    failures: Sequence[FailureCount] = ()
    ended_early: Sequence[RunEnd] = ()
    ties: Sequence[Tie] = ()
    new_columns: Sequence[ColumnCount] = ()
    new_values: Sequence[tuple[str, str, str]] = ()
    """Table, column and value."""
    unparsed: Sequence[ColumnCount] = ()
    app_names: dict[int, str] = field(default_factory=dict)


def problems_in(found: Findings, today: date) -> list[Problem]:
    """All problems."""
    stopped = {
        each.app_id
        for each in found.reports
        if not each.report_name and each.reason in _NOTHING_COMES
    }
    return [
        *_of_reports(found.reports, today),
        *_of_runs(found, stopped),
        *_of_ties(found.ties),
        *_of_columns(found),
    ]


def _of_reports(reports: Sequence[ReportState], today: date) -> Iterator[Problem]:
    for each in reports:
        if each.reason in _NOTHING_COMES and not each.report_name:
            state = f"{_NOTHING_COMES[each.reason]}, so nothing new comes"
            yield Problem(Kind.STOPPED, each.app_id, "all reports", state, _RENEW)
        if not each.report_name:
            continue
        name = f"{each.report_name} {each.granularity}"
        if count := each.expiring_instances:
            state = f"{counted(count, 'instance')} not loaded and about to be deleted"
            yield Problem(Kind.EXPIRING, each.app_id, name, state, _LOAD_NOW, count)
        if days_late_of(each, reports, today) and (newest := each.newest_processing_date):
            state = f"late, no instance since {newest}"
            advice = "check in App Store Connect whether it shows newer figures"
            yield Problem(Kind.LATE, each.app_id, name, state, advice)
        if count := each.missing_dates:
            state = f"{counted(count, 'date')} missing"
            yield Problem(Kind.MISSING, each.app_id, name, state, _LOAD_MISSING, count)
        if count := each.doubled_dates:
            state = f"{counted(count, 'date')} with every row twice"
            yield Problem(Kind.DOUBLED, each.app_id, name, state, _COMPARE, count)


def _of_runs(found: Findings, stopped: set[int]) -> Iterator[Problem]:
    """Of an app without a live request one problem tells enough."""
    for each in found.failures:
        if each.app_id in stopped and not each.report_name:
            continue
        subject = each.report_name or each.what
        reason, advice = _split_next_step(each.reason)
        state = f"{each.count:,} not loaded: {reason}"
        yield Problem(Kind.FAILED, each.app_id, subject, state, advice, each.count)
    for run in found.ended_early:
        subject = "the last run" if run.app_ids is None else f"the last run of {_apps(run.app_ids)}"
        state = f"ended with {run.exit_code}: {run.reason}"
        yield Problem(Kind.FAILED, None, subject, state, "run asc-segments doctor")


def _split_next_step(reason: str) -> tuple[str, str]:
    """The reason of a failure without its next step, and that step."""
    found = (step for step in _NEXT_STEPS if reason.endswith(f"; {step}"))
    step = next(found, TRIES_AGAIN)
    return reason.removesuffix(f"; {step}"), step


def _apps(app_ids: frozenset[int]) -> str:
    names = sorted(map(str, app_ids))
    rest = len(names) - MOST_APPS
    more = f" and {rest} more" if rest > 0 else ""
    return f"{'app' if len(names) == 1 else 'apps'} {', '.join(names[:MOST_APPS])}{more}"


def _of_ties(ties: Iterable[Tie]) -> Iterator[Problem]:
    for tie in ties:
        subject = f"{tie.table_name} {tie.shown_id} {tie.other_id}"
        state = f"these two instances tell different figures of {counted(tie.dates, 'date')}"
        yield Problem(Kind.DOUBLED, tie.app_id, subject, state, _COMPARE, tie.dates)


def _of_columns(found: Findings) -> Iterator[Problem]:
    for each in found.new_columns:
        subject = f"{each.table_name}.{each.column_name}"
        advice = "look at report_columns; models may want it"
        yield Problem(Kind.NEW, None, subject, "a column that Apple added", advice)
    for table, column, value in found.new_values:
        advice = "check conditions on this column in your queries"
        subject = f"{table}.{column} = {value}"
        yield Problem(Kind.NEW, None, subject, "a value that Apple added", advice)
    for each in found.unparsed:
        state = f"{counted(each.count, 'value')} not of the column's type, so NULL"
        subject = f"{each.table_name}.{each.column_name}"
        advice = "look at analytics_unparsed_values"
        yield Problem(Kind.UNPARSED, each.app_id, subject, state, advice, each.count)


def recent(today: date) -> date:
    """The first day whose instances are searched for new values: Apple lists no older ones."""
    return today - timedelta(days=RETENTION_DAYS)
