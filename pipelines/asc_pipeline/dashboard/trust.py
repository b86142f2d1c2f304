"""What the figures rest on, in sentences. Nothing here reads or writes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import groupby

from asc_pipeline.dashboard.measures import REPORT_NAMES
from asc_pipeline.dashboard.questions import RECENT_DAYS, Freshness, Restated

_PERCENT = 100
LEFT_OUT = (
    "Sessions per active device: Apple counts unique devices in each row of a report, by version,"
    " device, source and territory, also in those of a week or month. No row is of a whole app, and"
    " a device may stand in several, so their sum is not the number of active devices.",
    "For days that are chosen, sources, territories and devices beyond the twelve largest: they are"
    " added up as Others.",
)
"""The figures that the page leaves out, each with its reason."""


def day_text(day: date | None) -> str:
    return f"{day.day} {day:%B %Y}" if day else "no day yet"


def freshness_lines(reports: Sequence[Freshness], apps: Mapping[int, str]) -> list[str]:
    """A sentence for each report that the page shows, and for each gap in it."""
    lines = [
        f"{apps.get(each.app_id, each.app_id)}: no report comes: {each.reason}."
        for each in reports
        if each.report_name is None and each.reason
    ]
    shown = [each for each in reports if each.report_name in REPORT_NAMES.values()]
    for name, rows in groupby(shown, key=lambda each: each.report_name):
        of_report = list(rows)
        lines += _report_lines(str(name), of_report, apps)
    return lines


def _report_lines(
    name: str, reports: Sequence[Freshness], apps: Mapping[int, str]
) -> Iterable[str]:
    coming = [each for each in reports if not each.reason]
    by_day: dict[date | None, list[str]] = {}
    for each in coming:
        by_day.setdefault(each.newest_complete_date, []).append(_name(each, apps))
    for day, names in by_day.items():
        whose = "" if len(by_day) == 1 else f" for {_listed(names)}"
        yield f"{name}: complete to {day_text(day)}{whose}."
    for each in coming:
        if each.missing_dates:
            yield f"{name}: {each.missing_dates} dates of {_name(each, apps)} are missing."
        if each.expiring_instances:
            yield (
                f"{name}: Apple deletes {each.expiring_instances} instances of"
                f" {_name(each, apps)} soon; they are not loaded."
            )
    by_reason: dict[str, list[str]] = {}
    for each in reports:
        if each.reason:
            by_reason.setdefault(each.reason, []).append(_name(each, apps))
    for reason, names in by_reason.items():
        yield f"{name}: does not come for {_listed(names)}: {reason}."


def _name(report: Freshness, apps: Mapping[int, str]) -> str:
    return apps.get(report.app_id, str(report.app_id))


def _listed(names: Sequence[str]) -> str:
    if len(names) > 3:
        return f"{len(names)} apps"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def restated_lines(restated: Iterable[Restated]) -> list[str]:
    lines = [
        f"{each.report_name}: newer instances of the last {RECENT_DAYS} days changed"
        f" {each.measure.replace('_', ' ')} on {each.dates} complete"
        f" {'date' if each.dates == 1 else 'dates'}{_change(each)}."
        for each in restated
    ]
    if lines:
        lines.append("Apple adds to a date until it is complete, so most of these grow.")
    return lines or [f"No complete date was changed in the last {RECENT_DAYS} days."]


def _change(each: Restated) -> str:
    if not each.before:
        return ""
    change = _PERCENT * (float(each.now) / float(each.before) - 1)
    return f", {change:+.1f} % in sum"


def reasons(reports: Sequence[Freshness], app_ids: Iterable[int]) -> dict[str, str]:
    """Why a report has no data, by the prefix of its columns in the mart."""
    wanted = {*app_ids}
    found = {}
    for prefix, name in REPORT_NAMES.items():
        whys = {
            each.reason
            for each in reports
            if each.reason and each.app_id in wanted and each.report_name in (name, None)
        }
        found[prefix] = f"{name}: {'; '.join(sorted(whys)) or 'no data is loaded'}"
    return found
