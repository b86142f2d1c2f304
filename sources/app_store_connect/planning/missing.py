"""Why reports do not come though nothing failed, and which of Apple's reports the catalogue does
not know. Pure: from a listing and the options to values, of which both the notes and the rows of
`tables.MISSING_REPORTS` are made.
"""

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..catalog import REPORTS, ReportSchema, schema_of, schema_of_report
from ..entities import AccessType, Granularity, Report, ReportRequest
from ..instances import names_of
from ..names import normalized
from .listing import Listing, Missing
from .options import Options
from .selection import ALL_REPORTS, not_offered

MAX_NAMES = 12
MAX_NEAR = 3
_NEAR = 0.6
NO_INSTANCES = "no instances"
"""The reason of a report of which Apple has prepared nothing."""


@dataclass(slots=True)
class _App:
    """One app in the listing. `wanted` has the granularities of each wanted report."""

    app_id: str
    title: str
    requests: list[ReportRequest]
    read: list[ReportRequest] = field(default_factory=list)
    offered: list[Report] = field(default_factory=list)
    empty_requests: list[ReportRequest] = field(default_factory=list)
    wanted: dict[str, set[Granularity]] = field(default_factory=dict)


def missing_reports(listing: Listing, options: Options) -> list[Missing]:
    """For each app all that keeps its reports from coming."""
    found: list[Missing] = []
    for app in _apps(listing):
        if app.app_id not in listing.apps_in_part:
            found += _of_requests(app, options)
            found += _of_no_reports(app)
            found += _of_reports(app, options)
            found += _of_instances(app, options)
    return found


def missing_rows(
    listing: Listing, options: Options, stored: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Rows of `tables.MISSING_REPORTS`: what is missing, and of those stored the ones whose reason
    is none any more. Only of apps and reports that this run looked at in full.
    """
    found = [each for each in listing.missing if each.reason]
    found = [each for each in found if _is_seen_in_full(listing, options, each)]
    rows = {row["id"]: row for row in map(_row, reversed(found))}
    for row in stored:
        if row["id"] not in rows and _is_seen_in_full(listing, options, _missing(row)):
            rows[row["id"]] = {**row, "reason": None}
    return list(rows.values())


def _row(missing: Missing) -> dict[str, Any]:
    app_id, name, granularity = missing.app_id, missing.report_name, missing.granularity
    return {
        "id": "/".join((app_id, name or "", granularity or "")),
        "app_id": int(app_id),
        "report_name": name,
        "granularity": granularity.value if granularity else None,
        "reason": missing.reason,
    }


def _missing(row: Mapping[str, Any]) -> Missing:
    granularity = row["granularity"] and Granularity(row["granularity"])
    return Missing(str(row["app_id"]), row["reason"], None, row["report_name"], granularity)


def catalogue_notes(listing: Listing, options: Options) -> list[str]:
    """Which reports have another name now, are loaded without an entry, or are expected in vain."""
    wanted = {each.name: each for _, each in listing.wanted}
    notes = [
        f"Apple calls {report.known_as!r} {name!r} now; its table keeps its name"
        for name, report in sorted(wanted.items())
        if report.known_as
    ]
    if options.reports or not listing.reports:
        return notes
    known = [schema.name for schema in REPORTS]
    listed = set(map(schema_of_report, (each for _, each in listing.reports)))
    schemas = map(schema_of_report, wanted.values())
    new = sorted(schema.name for schema in schemas if not schema.is_catalogued)
    if new:
        notes.append(
            f"not in the catalogue, so that types and restatement are guessed: {_near(new, known)}"
        )
    unknown = [schema.name for schema in listed if not schema.is_catalogued]
    expected = [
        schema.name
        for schema in REPORTS
        if schema.is_default and schema not in listed and _is_of_category(schema, options)
    ]
    if expected:
        notes.append(f"Apple lists for no app: {_near(expected, unknown)}")
    return notes


def _is_of_category(schema: ReportSchema, options: Options) -> bool:
    categories = [each.upper() for each in options.categories]
    return not categories or schema.category in categories


def _apps(listing: Listing) -> Iterable[_App]:
    names = {app.id: app.name for app in listing.apps}
    apps = {}
    for app_id, requests in listing.requests_of.items():
        title = f"app {app_id} ({names[app_id]})" if names.get(app_id) else f"app {app_id}"
        apps[app_id] = _App(app_id, title, requests)
    for request in listing.requests:
        apps[request.app_id].read.append(request)
    for request, report in listing.reports:
        apps[request.app_id].offered.append(report)
    for (app_id, name), granularities in listing.granularities.items():
        apps[app_id].wanted[name] = granularities
    with_reports = {request.id for request, _ in listing.reports}
    for app in apps.values():
        app.empty_requests = [
            each for each in app.read if each.id not in with_reports and not each.is_stopped
        ]
    return apps.values()


def _of_requests(app: _App, options: Options) -> list[Missing]:
    kinds = {request.access_type for request in app.requests}
    if not kinds:
        note = (
            f"no report request, so no reports: {app.title}; make one with --create-requests, or"
            " choose the others with --app-id"
        )
        return [Missing(app.app_id, "no report request", note)]
    if not app.read:
        note = f"{app.title} has no report request of that access type"
        return [Missing(app.app_id, "no report request of that access type", note)]
    is_asked = AccessType.ONGOING in options.access_types and not options.request_ids
    if is_asked and AccessType.ONGOING not in kinds:
        note = (
            f"{app.title} has a snapshot and no ONGOING report request: nothing new comes, ever;"
            " run once with --create-requests and an Admin key"
        )
        return [Missing(app.app_id, "no ONGOING report request", note)]
    ongoing = [each for each in app.read if each.access_type is AccessType.ONGOING]
    if ongoing and all(each.is_stopped for each in ongoing):
        return [Missing(app.app_id, "ONGOING report request stopped", None)]
    return []


def _of_no_reports(app: _App) -> list[Missing]:
    """A request without reports is told, and is the reason of the app if no other has some."""
    reason = None if app.offered else "no reports yet"
    return [Missing(app.app_id, reason, _not_yet(request)) for request in app.empty_requests]


def _not_yet(request: ReportRequest) -> str:
    return (
        f"report request {request.id} of app {request.app_id} has no reports yet; Apple needs one"
        " to two days after it was made"
    )


def _of_reports(app: _App, options: Options) -> list[Missing]:
    """Of the reports that Apple offers for the app none may be a default one, or one asked for."""
    if not app.offered:
        return []
    asked = [name for name in options.reports if name != ALL_REPORTS]
    note = None
    if not app.wanted:
        kind = "of those asked for" if asked or options.categories else "of the default ones"
        note = (
            f"{app.title}: of {len(app.offered)} reports that Apple offers none is one {kind};"
            " --report '*' --plan lists them"
        )
    if not asked:
        return [Missing(app.app_id, "no default report offered", note)] if note else []
    missing = not_offered(asked, names_of(app.offered))
    found = [
        Missing(app.app_id, "not offered", note, schema_of(name, None).name) for name in missing
    ]
    return found or ([Missing(app.app_id, None, note)] if note else [])


def _of_instances(app: _App, options: Options) -> list[Missing]:
    """Wanted reports that Apple has prepared at other granularities only, or not at all."""
    missing: dict[str, list[str]] = {}
    for name, granularities in sorted(app.wanted.items()):
        if granularities.isdisjoint(options.granularities):
            missing.setdefault(", ".join(sorted(granularities)), []).append(name)
    is_all = not any(app.wanted.values())
    return [
        Missing(
            app.app_id,
            f"{others} only" if others else NO_INSTANCES,
            _elsewhere(app, names, others) if others else _no_instances(app, names, is_all),
            name,
            granularity,
        )
        for others, names in missing.items()
        for name in names
        for granularity in options.granularities
    ]


def _elsewhere(app: _App, names: list[str], others: str) -> str:
    options = " ".join(f"--granularity {each}" for each in others.split(", "))
    return (
        f"{app.title}: {_several(names)}: Apple has {others} instances only, as of usage by fewer"
        f" than five users a day; load them with {options}"
    )


def _no_instances(app: _App, names: list[str], is_all: bool) -> str:
    why = "; Apple needs one to two days after the request was made" if is_all else ""
    return f"app {app.app_id}: no instances (yet) of {_several(names)}{why}"


def _several(names: list[str]) -> str:
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return ", ".join(names[:MAX_NAMES]) + more


def _near(names: list[str], others: Collection[str]) -> str:
    """These names, each with those of the others that it may be another spelling of."""
    by_name = {normalized(each): each for each in others}

    def shown(name: str) -> str:
        close = difflib.get_close_matches(normalized(name), by_name, n=MAX_NEAR, cutoff=_NEAR)
        near = " or ".join(repr(by_name[each]) for each in close)
        return f"{name!r} (near: {near})" if near else repr(name)

    return _several([shown(name) for name in names])


def _is_seen_in_full(listing: Listing, options: Options, missing: Missing) -> bool:
    """Whether this run can tell that the reason holds, or no longer does."""
    app_id, name = missing.app_id, missing.report_name
    if options.request_ids or set(options.access_types) != set(AccessType):
        return False
    if app_id in listing.apps_in_part or app_id not in listing.requests_of:
        return False
    if name is None:
        return not options.reports and not options.categories
    if missing.granularity:
        is_asked = missing.granularity in options.granularities
        return is_asked and (app_id, name) in listing.granularities
    is_offered = (app_id, name) in listing.granularities
    return is_offered or not not_offered([name], options.reports)
