"""Which problems to tell now, and in which words. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any

from app_store_connect.instances import RETENTION_DAYS
from app_store_connect.redaction import redacted, without_secrets
from asc_pipeline.alerts.problems import Kind, Problem
from asc_pipeline.text import counted, printable

REPEAT_AFTER = timedelta(days=7)
WORSE = 2
"""A problem grew worse if its size is so many times the size told."""
MOST_LINES = 20
_MOST_SUBJECTS = 3
_LONGEST = 300
_OVER = {
    Kind.EXPIRING: "no instance is about to be deleted any more",
    Kind.STOPPED: "there is a live report request again",
    Kind.FAILED: "loads again",
    Kind.LATE: "is on time again",
    Kind.MISSING: "no date is missing any more",
    Kind.DOUBLED: "the dates differ no more",
}


class Change(StrEnum):
    """Why a problem is told. The value begins the line."""

    NEW = ""
    WORSE = "worse: "
    STILL = "still: "
    OVER = "over: "


@dataclass(frozen=True, slots=True)
class Sent:
    """The last message about a problem, as `analytics_alerts` has it."""

    id: str
    kind: Kind
    app_id: int | None
    subject: str
    size: int
    since: datetime
    sent_at: datetime
    is_over: bool


@dataclass(frozen=True, slots=True)
class Alert:
    """A problem to tell."""

    change: Change
    problem: Problem
    since: datetime

    @property
    def line(self) -> str:
        """The problem in words, without the app and the next step."""
        return safe(f"{self.change}{self.problem.subject}: {self.problem.state}")


@dataclass(frozen=True, slots=True)
class Message:
    """A message to send, and its alerts: those with a line and those that are only counted."""

    title: str
    lines: list[str]
    alerts: list[Alert]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def alerts_due(problems: Sequence[Problem], sent: Mapping[str, Sent], now: datetime) -> list[Alert]:
    """Each problem once; again when it grew worse or after seven days; and once when it is over."""
    due = []
    for problem in problems:
        last = sent.get(problem.id)
        if change := _change(problem, last, now):
            is_new = last is None or last.is_over
            since = now if last is None or is_new else last.since
            due.append(Alert(change[0], problem, since))
    return due + _over(problems, sent)


def _change(problem: Problem, last: Sent | None, now: datetime) -> tuple[Change] | None:
    if last is None or last.is_over:
        return (Change.NEW,)
    if problem.size >= WORSE * last.size:
        return (Change.WORSE,)
    if now - last.sent_at >= REPEAT_AFTER and _can_be_mended(problem, last, now):
        return (Change.STILL,)
    return None


def _can_be_mended(problem: Problem, last: Sent, now: datetime) -> bool:
    """Not an event; nor dates that were missing for so long that Apple has deleted them."""
    is_lost = problem.kind is Kind.MISSING and now - last.since > timedelta(days=RETENTION_DAYS)
    return not (problem.kind.is_event or is_lost)


def _over(problems: Sequence[Problem], sent: Mapping[str, Sent]) -> list[Alert]:
    """The problems that are over. Late reports of an app whose request is stopped are not: none of
    them comes.
    """
    open_ids = {each.id for each in problems}
    stopped = {each.app_id for each in problems if each.kind is Kind.STOPPED}
    found = []
    for last in sorted(sent.values(), key=lambda each: (each.kind, each.id)):
        is_known = last.is_over or last.kind.is_event or last.id in open_ids
        if is_known or (last.kind is Kind.LATE and last.app_id in stopped):
            continue
        problem = Problem(last.kind, last.app_id, last.subject, _OVER[last.kind], "", last.size)
        found.append(Alert(Change.OVER, problem, last.since))
    return found


def message_of(alerts: Sequence[Alert], app_names: Mapping[int, str]) -> Message | None:
    """The message that tells these alerts; None if there are none."""
    if not alerts:
        return None
    over = sum(each.change is Change.OVER for each in alerts)
    told = [counted(len(alerts) - over, "problem")] if over < len(alerts) else []
    told += [f"{over:,} over"] if over else []
    groups = [list(group) for _, group in groupby(sorted(alerts, key=_order), key=_alike)]
    lines = [_line(group, app_names) for group in groups]
    if len(lines) > MOST_LINES:
        rest = sum(map(len, groups[MOST_LINES - 1 :]))
        lines[MOST_LINES - 1 :] = [f"and {rest} more: asc-segments status shows all reports"]
    return Message(f"App Store Connect reports: {', '.join(told)}", lines, list(alerts))


def _order(alert: Alert) -> tuple[Any, ...]:
    """The key to sort alerts by: the worst first, and problems that are over last."""
    return alert.change is Change.OVER, *_alike(alert), alert.problem.subject


def _alike(alert: Alert) -> tuple[Any, ...]:
    """Problems that one line tells have this in common."""
    problem = alert.problem
    place = problem.kind, problem.app_id or 0
    return *place, alert.change.name, problem.state, problem.advice, alert.since


def _line(group: Sequence[Alert], app_names: Mapping[int, str]) -> str:
    first = group[0]
    problem = first.problem
    subjects = [each.problem.subject for each in group]
    more = len(subjects) - _MOST_SUBJECTS
    names = ", ".join(subjects[:_MOST_SUBJECTS]) + (f" and {more} more" if more > 0 else "")
    app = ""
    if problem.app_id:
        name = app_names.get(problem.app_id)
        app = f"{name} ({problem.app_id}), " if name else f"app {problem.app_id}, "
    is_known = first.change in (Change.WORSE, Change.STILL)
    known = f", known since {first.since:%Y-%m-%d}" if is_known else ""
    state = problem.state
    advice = f"; {problem.advice}" if problem.advice else ""
    room = _LONGEST - len(advice)
    told = safe(f"{first.change}{app}{names}: {state}{known}")
    return (told if len(told) <= room else f"{told[: room - 3]}...") + advice


def safe(text: str) -> str:
    """One line without secrets, queries of addresses or control characters."""
    return printable(without_secrets(redacted(text)))
