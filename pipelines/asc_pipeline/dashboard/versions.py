"""The panel of versions: sessions and crashes of each version, by span and by day."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from asc_pipeline.dashboard.figures import rounded
from asc_pipeline.dashboard.questions import VersionDay
from asc_pipeline.dashboard.spans import SPANS, window_to

Json = dict[str, Any]


def versions_panel(rows: Sequence[VersionDay], calendar: Sequence[date], end: date | None) -> Json:
    """By span and by day a row for each version, oldest first.

    Args:
        rows: of one app, in the order of its versions.
        end: the newest day on which sessions and crashes are complete.
    """
    if not rows or end is None:
        return {"why": "No sessions or crashes by version are loaded."}
    spans = {
        span: _by_version(rows, window_to(end, days).start, end) for span, days in SPANS.items()
    }
    return {"spans": spans, "to": str(end), "days": _days(rows, calendar)}


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


def _days(rows: Sequence[VersionDay], calendar: Sequence[date]) -> list[list[Any]]:
    """For each version its name, the place of its first day, sessions and crashes from then on."""
    by_version: dict[str, list[VersionDay]] = {}
    for each in rows:
        by_version.setdefault(each.version, []).append(each)
    found = []
    for version, own in by_version.items():
        first, last = min(each.day for each in own), max(each.day for each in own)
        sessions, crashes = [0] * ((last - first).days + 1), [0] * ((last - first).days + 1)
        for each in own:
            sessions[(each.day - first).days] = each.sessions
            crashes[(each.day - first).days] = each.crashes
        found.append([version, (first - calendar[0]).days, sessions, crashes])
    return found
