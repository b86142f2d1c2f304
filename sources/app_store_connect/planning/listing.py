"""Apple's lists for a run's options, and the lists that failed."""

from dataclasses import dataclass, field

from ..entities import AccessType, App, Granularity, Report, ReportRequest
from ..errors import Failure
from ..instances import ListedInstance


@dataclass(frozen=True, slots=True)
class Missing:
    """A report that does not come, or without `report_name` those of an app, and the reason.

    Several may share a `note`; without one something else tells of it. A note without a reason is
    of something that keeps nothing from coming.
    """

    app_id: str
    reason: str | None
    note: str | None
    report_name: str | None = None
    granularity: Granularity | None = None


@dataclass(slots=True)
class Listing:
    """Apple's lists for the options, the failures in listing, and notices that are no failures."""

    apps: list[App] = field(default_factory=list)
    keys_of: dict[str, list[str]] = field(default_factory=dict)
    """Of each app the names of the keys that see it, as far as they were asked."""
    other_keys: set[str] = field(default_factory=set)
    """Names of keys in the configuration that were not asked for their apps, or did not answer."""
    requests: list[ReportRequest] = field(default_factory=list)
    created: list[ReportRequest] = field(default_factory=list)
    taken_on_trust: set[str] = field(default_factory=set)
    """Report requests, by id, of which only the options say the app: not for later runs to know."""
    reports: list[tuple[ReportRequest, Report]] = field(default_factory=list)
    wanted: list[tuple[ReportRequest, Report]] = field(default_factory=list)
    instances: list[ListedInstance] = field(default_factory=list)
    requests_of: dict[str, list[ReportRequest]] = field(default_factory=dict)
    """All report requests of each app, also those that the options leave out."""
    granularities: dict[tuple[str, str], set[Granularity]] = field(default_factory=dict)
    """Of each app and wanted report those that it has instances of, asked for or not."""
    read_requests: set[str] = field(default_factory=set)
    """Report requests, by id, whose list of reports was read in full."""
    read_reports: set[str] = field(default_factory=set)
    """Reports, by id, whose list of instances was read in full."""
    apps_in_part: set[str] = field(default_factory=set)
    """Apps of which something could not be listed."""
    missing: list[Missing] = field(default_factory=list)
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

    @property
    def stopped_ongoing(self) -> list[Failure]:
        """A failure for each stopped request of which something new used to come."""
        return [
            Failure(
                f"report request {request.id} of app {request.app_id}",
                f"Apple stopped this {request.access_type} request for inactivity, so nothing new"
                " comes; run once with --create-requests and an Admin key to replace it",
                app_id=request.app_id,
            )
            for request in self.stopped
            if request.access_type is not AccessType.ONE_TIME_SNAPSHOT
        ]
