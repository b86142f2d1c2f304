"""The served account: apps, report requests, reports, instances and segments."""

import threading
from collections.abc import Sequence
from datetime import date

from app_store_connect.catalog import REPORTS, schema_of
from app_store_connect.entities import AccessType, App, Granularity
from asc_pipeline.emulator.world.entities import (
    WorldInstance,
    WorldReport,
    WorldRequest,
    WorldSegment,
    stable_id,
)
from asc_pipeline.emulator.world.tables import Rows, layout_of

_UNSEEN_NUMBERS = 1000
"""Type numbers from here on stand for those of Apple's that were not seen."""

ALL_REPORTS = (
    *((each.name, each.category or "") for each in REPORTS),
    ("CarPlay App Usage", "APP_USAGE"),
    ("Shortcut App Usage", "APP_USAGE"),
    ("Shortcuts Actions Usage", "APP_USAGE"),
)
"""Names and categories: the catalogue's, and those of the default categories that it lacks.

Apple lists some 120 more, of FRAMEWORK_USAGE and PERFORMANCE.
"""


class World:
    """Everything Apple would hold for one account. `lock` guards it while a server reads it."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.apps: dict[str, App] = {}
        self.requests: list[WorldRequest] = []
        self.reports: dict[str, WorldReport] = {}
        self.instances: dict[str, WorldInstance] = {}
        self.segments: dict[str, WorldSegment] = {}
        self.files: dict[str, WorldSegment] = {}

    def add_app(self, app: App) -> None:
        with self.lock:
            self.apps[app.id] = app

    def add_request(
        self,
        app_id: str,
        access_type: AccessType | str,
        is_stopped: bool = False,
        created: date | None = None,
    ) -> WorldRequest:
        """A request without reports yet. `created` matters for Apple's one snapshot a month.

        The id tells two requests apart by that day, and by their number if they share it.
        """
        kind = AccessType(access_type)
        with self.lock:
            key = (app_id, kind, created)
            number = sum((r.app_id, r.access_type, r.created) == key for r in self.requests)
            own_id = str(stable_id("request", *key, number))
            request = WorldRequest(own_id, app_id, kind, is_stopped, created)
            self.requests.append(request)
        return request

    def add_report(self, request: WorldRequest, name: str, category: str) -> WorldReport:
        with self.lock:
            id_ = f"r{schema_of(name, category).type_number}-{request.id}"
            if id_ in self.reports or id_.startswith("rNone-"):
                id_ = f"r{_UNSEEN_NUMBERS + len(request.reports)}-{request.id}"
            report = WorldReport(id_, request, name, category)
            request.reports.append(report)
            self.reports[report.id] = report
        return report

    def add_all_reports(self, request: WorldRequest) -> list[WorldReport]:
        """Add all reports to a request, as Apple does; most reports never have data."""
        return [self.add_report(request, name, category) for name, category in ALL_REPORTS]

    def add_instance(
        self,
        report: WorldReport,
        granularity: Granularity | str,
        processing_date: date,
        files: Sequence[Rows] = (),
        id: str | None = None,
    ) -> WorldInstance:
        """An instance with one segment for each file."""
        kind = Granularity(granularity)
        layout = layout_of(report.name, schema_of(report.name, report.category).columns)
        with self.lock:
            key = (kind, processing_date)
            number = sum((i.granularity, i.processing_date) == key for i in report.instances)
            own_id = id or str(stable_id("instance", report.id, *key, number))
            instance = WorldInstance(own_id, report, kind, processing_date, layout)
            report.instances.append(instance)
            self.instances[instance.id] = instance
            for number, file in enumerate(files):
                self.add_segment(instance, number, file)
        return instance

    def add_segment(self, instance: WorldInstance, number: int, file: Rows) -> WorldSegment:
        return self._keep(WorldSegment(instance, number, file))

    def _keep(self, segment: WorldSegment) -> WorldSegment:
        with self.lock:
            segment.instance.segments.append(segment)
            self.segments[segment.id] = segment
            self.files[segment.path] = segment
        return segment

    def delete_request(self, request: WorldRequest) -> None:
        """Apple forgets the request and all under it, except that there was one."""
        with self.lock:
            request.is_deleted = True

    def requests_of(self, app_id: str) -> list[WorldRequest]:
        return [r for r in self.requests if r.app_id == app_id and not r.is_deleted]
