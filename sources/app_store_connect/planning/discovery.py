"""From the key to the instances that Apple lists: apps, report requests, reports, instances."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ..api.keys import ApiKey, ApiKeys, apps_to_ask
from ..catalog import schema_of_report
from ..entities import AccessType, App, Report, ReportRequest, pass_over
from ..errors import (
    AppStoreConnectError,
    ConflictError,
    Failure,
    ForbiddenError,
    NoReportRequestError,
    UnknownAppError,
)
from ..instances import ListedInstance, names_of
from ..names import snake_case
from .list_reader import ListReader, list_reader
from .listing import Listing
from .missing import catalogue_notes, missing_reports
from .options import Options
from .selection import (
    check_app,
    check_report_names,
    clashing,
    not_offered,
    recognised,
    wanted_reports,
    wanted_requests,
)


def discover(
    keys: ApiKeys,
    options: Options,
    *,
    known_apps: Mapping[str, str] | None = None,
    app_of_request: Callable[[str], str | None] = lambda request_id: None,
) -> Listing:
    """List everything down to instances: 1 request, 2 an app, 1 an app and wanted report.

    One app's refusal does not stop the others, nor does a key that Apple refuses, or whose budget
    is used up, if there are several. Which app a report request given by id belongs to,
    Apple does not say: `known_apps` does of those listed before, else a single app of the options,
    else `app_of_request`.

    Raises:
        UnknownAppError, UnknownReportError, NoReportRequestError, WrongAppError: nothing can be
            loaded as asked.
        ForbiddenError: the key may read none of the apps. UnauthorizedError: it may read nothing.
        BudgetExhaustedError: it may read nothing more at the moment. ApiDownError: nor may anybody.
            Of several keys none may.
    """
    listing = Listing()
    with list_reader(keys, listing) as reader:
        _Walk(keys, options, listing, reader).read_all(known_apps or {}, app_of_request)
    listing.missing = missing_reports(listing, options)
    listing.notices += dict.fromkeys(each.note for each in listing.missing if each.note)
    listing.notices += catalogue_notes(listing, options)
    return listing


@dataclass(frozen=True, slots=True)
class _Walk:
    """The steps of `discover`, each from the results of the one before."""

    keys: ApiKeys
    options: Options
    listing: Listing
    reader: ListReader

    def read_all(
        self, known_apps: Mapping[str, str], app_of_request: Callable[[str], str | None]
    ) -> None:
        if self.options.request_ids:
            self.read_requests(known_apps, app_of_request)
        else:
            self.list_apps()
            self.list_requests()
        self.list_reports()
        self.list_instances()

    def list_apps(self) -> None:
        app_ids, bundle_ids = self.options.app_ids, self.options.bundle_ids
        found: dict[str, App] = {}
        self.listing.other_keys = {*self.keys.configured}
        for key, apps in self.reader.apps(app_ids, bundle_ids):
            self.listing.other_keys.discard(key.name)
            found |= {app.id: found.get(app.id, app) for app in apps}
            self._note_unseen(key, apps)
            for app in apps:
                self.listing.keys_of.setdefault(app.id, []).append(key.name)
        self.keys.assign(self.listing.keys_of)
        chosen = {*app_ids, *bundle_ids}
        apps = [app for app in found.values() if not chosen or {app.id, app.bundle_id} & chosen]
        self.listing.apps = apps
        if missing := chosen - {app.id for app in apps} - {app.bundle_id for app in apps}:
            self._miss(sorted(missing))
        if not (apps or self.reader.incomplete or self.listing.notices):
            self.listing.notices.append("the key sees no app")

    def _note_unseen(self, key: ApiKey, apps: Iterable[App]) -> None:
        """Apps that the configuration says the key is for, and that it does not see."""
        asked = apps_to_ask(key.app_ids, self.options.app_ids) if key.app_ids else None
        missing = sorted({*(asked or ())} - {app.id for app in apps})
        if missing and not self.reader.incomplete:
            self.listing.notices.append(
                f"key {key.name} sees no app {', '.join(missing)}, which its app_ids name; check"
                " the id and, for an individual key, which apps its user may see"
            )

    def _miss(self, app_ids: list[str]) -> None:
        """Apps that were asked for and not found: among all, or among those that can be read."""
        if not (self.reader.incomplete or self.keys.stopped):
            raise UnknownAppError(app_ids)
        why = "it is not among the apps that can be read; of others see above"
        self.listing.failures += [Failure(f"app {each}", why) for each in app_ids]

    def read_requests(
        self, known_apps: Mapping[str, str], app_of_request: Callable[[str], str | None]
    ) -> None:
        request_ids = list(dict.fromkeys(self.options.request_ids))
        given = self.options.app_ids
        for request_id, known_app in known_apps.items():
            check_app(f"report request {request_id}", known_app, given)
        only_app = given[0] if len(given) == 1 else None
        for request_id in request_ids:
            what = f"report request {request_id}"
            try:
                app_id = known_apps.get(request_id) or only_app or app_of_request(request_id)
                if app_id:
                    found = self.keys.first.client.read_report_request(request_id, app_id=app_id)
                    self.listing.requests.append(found)
                    self.listing.requests_of.setdefault(app_id, []).append(found)
                    if request_id not in known_apps and app_id == only_app:
                        self.listing.taken_on_trust.add(request_id)
                else:
                    why = "Apple does not say which app it is for; name it with one --app-id"
                    self.listing.failures.append(Failure(what, why))
            except AppStoreConnectError as error:
                self.reader.fail(what, error)
        self._raise_if_forbidden(len(request_ids))

    def list_requests(self) -> None:
        listing, options = self.listing, self.options
        for app, requests in self.reader.each(
            listing.apps,
            lambda client, app, odd: client.list_report_requests(app.id, odd=odd),
            _name,
        ):
            if options.create_requests and not _has(requests, options.create_requests):
                requests = self._with_created(app, options.create_requests, requests)
            listing.requests += wanted_requests(requests, options)
            listing.requests_of[app.id] = requests
        self._raise_if_forbidden(len(listing.apps))
        without = [app_id for app_id, requests in listing.requests_of.items() if not requests]
        if without and not listing.requests and not listing.failures:
            raise NoReportRequestError(without)

    def list_reports(self) -> None:
        listing = self.listing
        for request, reports in self.reader.each(
            listing.requests,
            lambda client, request, odd: recognised(client.list_reports(request.id, odd=odd)),
            _reports_of,
        ):
            if _reports_of(request) not in self.reader.incomplete:
                listing.read_requests.add(request.id)
            listing.reports += [(request, report) for report in reports]
            listing.wanted += [(request, each) for each in wanted_reports(reports, self.options)]
        self._refuse_clashes()
        unread = self.reader.incomplete & {_reports_of(each) for each in listing.requests}
        is_known = not (unread or self.keys.stopped)
        if listing.reports and is_known:  # else the names that Apple offers are unknown
            offered = names_of(each for _, each in listing.reports)
            check_report_names(self.options.reports, offered)
            if missing := not_offered(self.options.reports, offered):
                shown = ", ".join(map(repr, missing))
                listing.notices.append(f"Apple offers no report {shown} for any of these apps")

    def _refuse_clashes(self) -> None:
        """Reports of an app that would share a table, and so hide each other's rows in the view."""
        wanted = self.listing.wanted
        for app_id in {request.app_id for request, _ in wanted}:
            for group in clashing(each for request, each in wanted if request.app_id == app_id):
                names = " and ".join(map(repr, sorted({each.name for each in group})))
                table = snake_case(schema_of_report(group[0]).name)
                why = f"their names differ too little: both tables would be {table}"
                self.listing.failures.append(Failure(f"reports {names} of app {app_id}", why))
                self.listing.apps_in_part.add(app_id)
                wanted[:] = [pair for pair in wanted if pair[1] not in group]

    def list_instances(self) -> None:
        """All granularities for the same request: a page holds more than Apple keeps of a report,
        and what is there instead of what was asked for is to be told.
        """
        listing = self.listing
        for (request, report), instances in self.reader.each(
            listing.wanted,
            lambda client, pair, odd: client.list_instances(pair[1].id, odd=odd),
            _instances_of,
        ):
            if _instances_of((request, report)) not in self.reader.incomplete:
                listing.read_reports.add(report.id)
            listing.instances += [
                ListedInstance(request.app_id, request.access_type, report, instance)
                for instance in instances
                if instance.granularity in self.options.granularities
            ]
            key = request.app_id, schema_of_report(report).name
            found = listing.granularities.setdefault(key, set())
            found |= {instance.granularity for instance in instances}

    def _with_created(
        self, app: App, access_type: AccessType, requests: list[ReportRequest]
    ) -> list[ReportRequest]:
        """The app's report requests with a new one; or as they are, where somebody was quicker."""
        client = self.keys.of(app.id).client
        try:
            try:
                created = client.create_report_request(app.id, access_type)
            except ConflictError:
                requests = client.list_report_requests(app.id, odd=pass_over)
                if _has(requests, access_type):
                    return requests
                raise
        except AppStoreConnectError as error:
            self.reader.fail(f"a new {access_type} report request of {_name(app)}", error, app.id)
            return requests
        self.listing.created.append(created)
        self.listing.notices.append(
            f"made {access_type} report request {created.id} for {_name(app)}; Apple has the first"
            " reports in one to two days"
        )
        return [*requests, created]

    def _raise_if_forbidden(self, asked: int) -> None:
        """Refused for every app: that is the key's role, not the apps."""
        refusals = [e for f in self.listing.failures if isinstance(e := f.error, ForbiddenError)]
        if refusals and len(refusals) == asked and not self.listing.requests:
            raise refusals[0]


def _reports_of(request: ReportRequest) -> str:
    return f"the reports of report request {request.id} of app {request.app_id}"


def _instances_of(pair: tuple[ReportRequest, Report]) -> str:
    return f"the instances of {pair[1].name} of app {pair[0].app_id}"


def _has(requests: Iterable[ReportRequest], access_type: AccessType) -> bool:
    return any(request.access_type is access_type for request in requests)


def _name(app: App) -> str:
    return f"app {app.id} ({app.name})" if app.name else f"app {app.id}"
