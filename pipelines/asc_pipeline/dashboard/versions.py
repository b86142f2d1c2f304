"""The panel of versions: the share of sessions by day, and crashes for each version in order."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from asc_pipeline.dashboard.figures import rounded
from asc_pipeline.dashboard.questions import VersionDay
from asc_pipeline.dashboard.spans import SPANS, window_to

ADOPTION_DAYS = 90
_SHOWN = 8
Json = dict[str, Any]


def versions_panel(rows: Sequence[VersionDay], end: date | None) -> Json:
    """By span a row for each version, oldest first; and the sessions by day of the newest ones.

    Args:
        rows: of one app, in the order of its versions.
        end: the newest day on which sessions and crashes are complete.
    """
    if not rows or end is None:
        return {"why": "No sessions or crashes by version are loaded."}
    spans = {
        span: _by_version(rows, window_to(end, days).start, end) for span, days in SPANS.items()
    }
    return {"spans": spans, "to": str(end), "adoption": _adoption(rows, end)}


def _by_version(rows: Sequence[VersionDay], start: date, end: date) -> list[list[Any]]:
    """Version, sessions, crashes, and crashes for 1,000 sessions."""
    totals: dict[str, list[int]] = {}
    for each in rows:
        if start <= each.day <= end:
            total = totals.setdefault(each.version, [0, 0])
            total[0] += each.sessions
            total[1] += each.crashes
    return [
        [version, sessions, crashes, rounded(1000 * crashes / sessions) if sessions else None]
        for version, (sessions, crashes) in totals.items()
        if sessions or crashes
    ]


def _adoption(rows: Sequence[VersionDay], end: date) -> Json:
    window = window_to(end, ADOPTION_DAYS)
    recent = [each for each in rows if window.start <= each.day <= end and each.sessions]
    if not recent:
        return {"days": [], "versions": []}
    first = min(each.day for each in recent)
    days = [first + timedelta(n) for n in range((end - first).days + 1)]
    names = list(dict.fromkeys(each.version for each in recent))
    newest = names[-_SHOWN:]
    shown = {name: [0] * len(days) for name in (["older"] if names[:-_SHOWN] else []) + newest}
    for each in recent:
        row = shown[each.version if each.version in newest else "older"]
        row[(each.day - first).days] += each.sessions
    return {
        "days": [str(day) for day in days],
        "versions": [[name, values] for name, values in shown.items()],
    }
