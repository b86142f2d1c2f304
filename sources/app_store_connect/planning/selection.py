"""Which instances to load, in which order. Pure: values in, values out."""

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from ..catalog import (
    REPORTS,
    category_of,
    comparable_name,
    is_default,
    schema_by_number,
    schema_of_report,
)
from ..entities import (
    AccessType,
    Report,
    ReportInstance,
    ReportRequest,
)
from ..errors import UnknownReportError, WrongAppError
from ..instances import (
    AppTable,
    Checksums,
    InstanceCheck,
    InstanceToLoad,
    ListedInstance,
    names_of,
)
from ..names import normalized, snake_case
from .options import Options

ALL_REPORTS = "*"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which instances of those that Apple lists are due, and how many are not."""

    due: tuple[InstanceToLoad, ...]
    listed: int
    already_loaded: int
    outside_window: int

    @property
    def new(self) -> int:
        return sum(not item.is_recheck for item in self.due)


def recognised(reports: Iterable[Report]) -> list[Report]:
    """All reports of one request; those that Apple has renamed with the catalogue's name of them.

    A report has been renamed if the catalogue does not know its name but has an entry of its type
    number, and no other report of the request is that entry's by name.
    """
    found = list(reports)
    by_name = {schema.name for each in found if (schema := schema_of_report(each)).is_catalogued}

    def known_as(report: Report) -> str | None:
        entry = None if schema_of_report(report).is_catalogued else schema_by_number(report.id)
        return entry.name if entry and entry.name not in by_name else None

    return [replace(each, known_as=known_as(each)) for each in found]


def wanted_reports(reports: Iterable[Report], options: Options) -> list[Report]:
    """Those that the options ask for, by category and by name as `comparable_name` has it."""
    names = set(map(comparable_name, options.reports))
    takes_all = ALL_REPORTS in options.reports
    categories = set(map(normalized, options.categories))

    def is_wanted(report: Report) -> bool:
        name = schema_of_report(report).name
        category = category_of(name, report.category)
        if categories and normalized(category or "") not in categories:
            return False
        if not options.reports:
            return is_default(name, category)
        return takes_all or not names.isdisjoint(map(comparable_name, names_of([report])))

    return [report for report in reports if is_wanted(report)]


def check_report_names(names: Iterable[str], offered: Collection[str]) -> None:
    """Raise UnknownReportError for a name that neither Apple offers nor the catalogue has."""
    for name in names:
        if name != ALL_REPORTS:
            canonical_name(name, offered)


def check_app(what: str, app_id: str, given: Collection[str]) -> None:
    """Raise WrongAppError if apps are given, and the one that it is known to be of is not."""
    if given and app_id not in given:
        raise WrongAppError(what, app_id, list(given))


def clashing(reports: Iterable[Report]) -> list[list[Report]]:
    """Those of an app's reports, in groups, whose tables would be one though they are not the same.

    The reports of one request are never the same. Those of several are if the catalogue, or Apple,
    has one name for them: Apple may rename a report between two requests.
    """
    tables: dict[str, list[Report]] = {}
    for report in reports:
        tables.setdefault(snake_case(schema_of_report(report).name), []).append(report)

    def is_clash(group: list[Report]) -> bool:
        names = {schema_of_report(each).name for each in group}
        listed = {(each.report_request_id, each.name) for each in group}
        return len(names) > 1 or len(listed) > len({request_id for request_id, _ in listed})

    return [group for group in tables.values() if is_clash(group)]


def not_offered(names: Iterable[str], offered: Iterable[str]) -> list[str]:
    """Those of the names that Apple does not offer, though the catalogue may have them."""
    known = {ALL_REPORTS, *map(comparable_name, offered)}
    return [name for name in names if not {name, comparable_name(name)} & known]


def canonical_name(name: str, offered: Iterable[str]) -> str:
    """The report's name as Apple spells it or, where Apple does not offer it, the catalogue.

    Raises:
        UnknownReportError: neither has it.
    """
    known = {comparable_name(each): each for each in [*(s.name for s in REPORTS), *offered]}
    if found := known.get(comparable_name(name)):
        return found
    near = difflib.get_close_matches(normalized(name), known, n=4, cutoff=0.5)
    raise UnknownReportError(name, [known[match] for match in near])


def wanted_requests(requests: Iterable[ReportRequest], options: Options) -> list[ReportRequest]:
    """Stopped ones too: Apple lists their instances for as long as it keeps them."""
    return [request for request in requests if request.access_type in options.access_types]


def select_instances(
    listed: Iterable[ListedInstance],
    loaded: Mapping[str, Checksums],
    options: Options,
    *,
    today: date,
    checks: Mapping[str, InstanceCheck] | None = None,
) -> Selection:
    """Choose the instances to load, oldest first, because Apple deletes those next.

    New instances come before rechecks, and those that failed lately after both.

    Args:
        listed: all instances of the wanted reports, in any order, repeats allowed.
        loaded: the ledger: for each instance that is loaded its segments.
        today: the date by UTC, from which the days since a failure count.
        checks: the last look at each instance.
    """
    instances = {item.instance.id: item for item in listed}
    items = [
        InstanceToLoad(item, loaded.get(id_, {}), (checks or {}).get(id_))
        for id_, item in instances.items()
    ]
    in_window = [each for each in items if _is_in_window(each.listed.instance, options)]
    due = [each for each in in_window if not each.is_settled(options.recheck_days)]
    return Selection(
        due=tuple(sorted(due, key=lambda each: _order(each, today))),
        listed=len(items),
        already_loaded=sum(each.is_recheck for each in in_window),
        outside_window=len(items) - len(in_window),
    )


def select_pinpointed(
    listed: Iterable[ListedInstance], loaded: Mapping[str, Checksums]
) -> Selection:
    """Exactly these instances."""
    instances = {item.instance.id: item for item in listed}
    due = tuple(InstanceToLoad(item, loaded.get(id_, {})) for id_, item in instances.items())
    return Selection(due, len(due), sum(item.is_recheck for item in due), 0)


def missing_access_types(
    requests: Collection[ReportRequest], wanted: Iterable[AccessType]
) -> list[AccessType]:
    existing = {request.access_type for request in requests}
    return [access_type for access_type in wanted if access_type not in existing]


def _is_in_window(instance: ReportInstance, options: Options) -> bool:
    processed = instance.processing_date
    return (
        instance.granularity in options.granularities
        and (options.since is None or processed >= options.since)
        and (options.until is None or processed <= options.until)
    )


def _order(item: InstanceToLoad, today: date) -> tuple[bool, bool, date, AppTable, str]:
    listed = item.listed
    return (
        item.has_failed_lately(today),
        item.is_recheck,
        listed.instance.processing_date,
        listed.app_table,
        listed.instance.id,
    )
