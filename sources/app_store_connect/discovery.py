"""The way from the key to the instances that Apple lists: apps, report requests, reports, instances."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from app_store_connect.client import AppStoreConnectClient
from app_store_connect.errors import (
    AppStoreConnectError,
    BudgetExhaustedError,
    ConflictError,
    ForbiddenError,
    NoReportRequestError,
    UnauthorizedError,
    UnknownAppError,
)
from app_store_connect.model import AccessType, App, Report, ReportRequest
from app_store_connect.selection import (
    ListedInstance,
    Options,
    check_report_names,
    wanted_reports,
    wanted_requests,
)

DEFAULT_WORKERS = 8
FATAL = (UnauthorizedError, BudgetExhaustedError)
"""What would fail again at once for every other app."""

In = TypeVar("In")
Out = TypeVar("Out")


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that could not be loaded, and why. It is tried again by the next run."""

    what: str
    why: str
    error: Exception | None = field(default=None, repr=False, compare=False)


@dataclass(slots=True)
class Listing:
    """What Apple lists for the options, what it refused (`failures`), and what is no error (`notices`)."""

    apps: list[App] = field(default_factory=list)
    requests: list[ReportRequest] = field(default_factory=list)
    created: list[ReportRequest] = field(default_factory=list)
    reports: list[tuple[ReportRequest, Report]] = field(default_factory=list)
    wanted: list[tuple[ReportRequest, Report]] = field(default_factory=list)
    instances: list[ListedInstance] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    @property
    def stopped(self) -> list[ReportRequest]:
        """Report requests that Apple stopped and that no live one of the same kind replaces."""
        live = {(each.app_id, each.access_type) for each in self.requests if not each.is_stopped}
        return [
            each
            for each in self.requests
            if each.is_stopped and (each.app_id, each.access_type) not in live
        ]


def discover(
    client: AppStoreConnectClient,
    options: Options,
    *,
    workers: int = DEFAULT_WORKERS,
    app_of_request: Callable[[str], str | None] = lambda request_id: None,
) -> Listing:
    """List everything down to instances: 1 request, 2 an app, 1 an app and wanted report.

    One app's refusal does not stop the others. `app_of_request` says which app a report request given by
    id belongs to, which Apple does not.

    Raises:
        UnknownAppError, UnknownReportError, NoReportRequestError: nothing can be loaded as asked.
        UnauthorizedError, BudgetExhaustedError: the key, or its budget, stops everything.
    """
    listing = Listing()
    with ThreadPoolExecutor(workers, thread_name_prefix="list") as pool:
        if options.request_ids:
            _read_requests(client, options, listing, app_of_request)
        else:
            listing.apps = _apps(client, options)
            _list_requests(client, options, listing, pool)
        _list_reports(client, options, listing, pool)
        _list_instances(client, options, listing, pool)
    return listing


def _apps(client: AppStoreConnectClient, options: Options) -> list[App]:
    apps = client.list_apps(app_ids=options.app_ids, bundle_ids=options.bundle_ids)
    missing = set(options.app_ids) - {app.id for app in apps}
    missing |= set(options.bundle_ids) - {app.bundle_id for app in apps if app.bundle_id}
    if missing:
        raise UnknownAppError(sorted(missing))
    return apps


def _read_requests(
    client: AppStoreConnectClient,
    options: Options,
    listing: Listing,
    app_of_request: Callable[[str], str | None],
) -> None:
    for request_id in options.request_ids:
        only_app = options.app_ids[0] if len(options.app_ids) == 1 else None
        app_id = only_app or app_of_request(request_id)
        if app_id is None:
            why = "Apple does not say which app it is for; name it with one --app-id"
            listing.failures.append(Failure(f"report request {request_id}", why))
            continue
        try:
            listing.requests.append(client.read_report_request(request_id, app_id=app_id))
        except FATAL:
            raise
        except AppStoreConnectError as error:
            listing.failures.append(Failure(f"report request {request_id}", str(error)))


def _list_requests(
    client: AppStoreConnectClient, options: Options, listing: Listing, pool: ThreadPoolExecutor
) -> None:
    found = _each(pool, listing, listing.apps, lambda app: client.list_report_requests(app.id), _app)
    without: list[App] = []
    for app, requests in found:
        if options.create_requests and not _has(requests, options.create_requests):
            requests = requests + _created(client, app, options.create_requests, listing)
        listing.requests += wanted_requests(requests, options)
        if not requests:
            without.append(app)
    if not found:
        _raise_if_forbidden(listing.failures)
    if without and not listing.requests and not listing.failures:
        raise NoReportRequestError([app.id for app in without])
    if without:
        listing.notices.append(
            f"no report request, so no reports: app {', '.join(map(_app_name, without))}; make one"
            " with --create-requests, or choose the others with --app-id"
        )


def _raise_if_forbidden(failures: list[Failure]) -> None:
    """Every app refused: that is the key's role, not the apps."""
    refusals = [each.error for each in failures if isinstance(each.error, ForbiddenError)]
    if refusals and len(refusals) == len(failures):
        raise refusals[0]


def _has(requests: Iterable[ReportRequest], access_type: AccessType) -> bool:
    return any(request.access_type is access_type for request in requests)


def _created(
    client: AppStoreConnectClient, app: App, access_type: AccessType, listing: Listing
) -> list[ReportRequest]:
    try:
        created = client.create_report_request(app.id, access_type)
    except ConflictError as error:
        listing.failures.append(Failure(f"a new {access_type} report request of {_app(app)}", str(error)))
        return [request for request in client.list_report_requests(app.id)]
    except FATAL:
        raise
    except AppStoreConnectError as error:
        listing.failures.append(Failure(f"a new {access_type} report request of {_app(app)}", str(error)))
        return []
    listing.created.append(created)
    listing.notices.append(
        f"made {access_type} report request {created.id} for {_app(app)}; Apple has the first reports"
        " in one to two days"
    )
    return [created]


def _list_reports(
    client: AppStoreConnectClient, options: Options, listing: Listing, pool: ThreadPoolExecutor
) -> None:
    found = _each(
        pool,
        listing,
        listing.requests,
        lambda request: client.list_reports(request.id),
        lambda request: f"the reports of report request {request.id} of app {request.app_id}",
    )
    for request, reports in found:
        listing.reports += [(request, report) for report in reports]
        listing.wanted += [(request, report) for report in wanted_reports(reports, options)]
        if not reports:
            listing.notices.append(
                f"report request {request.id} of app {request.app_id} has no reports yet; Apple needs"
                " one to two days after it was made"
            )
    check_report_names(options.reports, {report.name for _, report in listing.reports})


def _list_instances(
    client: AppStoreConnectClient, options: Options, listing: Listing, pool: ThreadPoolExecutor
) -> None:
    found = _each(
        pool,
        listing,
        listing.wanted,
        lambda pair: client.list_instances(pair[1].id, options.granularities),
        lambda pair: f"the instances of {pair[1].name} of app {pair[0].app_id}",
    )
    empty: dict[str, list[str]] = {}
    for (request, report), instances in found:
        listing.instances += [
            ListedInstance(request.app_id, request.access_type, report, instance)
            for instance in instances
        ]
        if not instances:
            empty.setdefault(request.app_id, []).append(report.name)
    for app_id, names in empty.items():
        listing.notices.append(
            f"app {app_id}: Apple lists no instances (yet) of {', '.join(sorted(set(names)))}"
        )


def _each(
    pool: ThreadPoolExecutor,
    listing: Listing,
    items: Iterable[In],
    ask: Callable[[In], Out],
    describe: Callable[[In], str],
) -> list[tuple[In, Out]]:
    """Ask for every item side by side. A refusal becomes a failure of that item; order is kept."""
    futures = [(item, pool.submit(ask, item)) for item in items]
    found = []
    try:
        for item, future in futures:
            try:
                found.append((item, future.result()))
            except FATAL:
                raise
            except AppStoreConnectError as error:
                listing.failures.append(Failure(describe(item), str(error), error))
    finally:
        for _, future in futures:
            future.cancel()
    return found


def _app(app: App) -> str:
    return f"app {_app_name(app)}"


def _app_name(app: App) -> str:
    return f"{app.id} ({app.name})" if app.name else app.id
