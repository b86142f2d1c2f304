"""The served account: apps, report requests, reports, instances, segments; and the truth.

It can be changed at any moment, also while it is served. The truth is worked out from the rows that
were put in, never from a file.
"""

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Protocol

from app_store_connect.catalog import RestatementPolicy, schema_of
from app_store_connect.entities import AccessType, App, Granularity
from asc_pipeline.emulator.world.entities import (
    File,
    WorldInstance,
    WorldReport,
    WorldRequest,
    WorldSegment,
    as_file,
    stable_id,
)
from asc_pipeline.emulator.world.tables import COMMA_SEPARATED, Layout

TruthRow = dict[str, str | None]


class AppLike(Protocol):
    """The attributes of an app that the world needs; `app_store_connect.entities.App` will do."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str | None: ...
    @property
    def bundle_id(self) -> str | None: ...
    @property
    def sku(self) -> str | None: ...


class World:
    """Everything Apple would hold for one account. `lock` guards it while a server reads it."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.apps: dict[str, App] = {}
        self.requests: list[WorldRequest] = []
        self.reports: dict[str, WorldReport] = {}
        self.instances: dict[str, WorldInstance] = {}
        self.segments: dict[str, WorldSegment] = {}
        self._objects: dict[str, tuple[WorldSegment, int]] = {}

    def add_app(self, app: AppLike) -> App:
        locale = getattr(app, "primary_locale", None) or "en-US"
        known = App(app.id, app.name, app.bundle_id, app.sku, locale)
        with self.lock:
            self.apps[app.id] = known
        return known

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
            id_ = f"r{schema_of(name, category).type_number or 1000}-{request.id}"
            if id_ in self.reports or "r1000-" in id_:  # a name of which Apple's number is unseen
                id_ = f"r{1000 + len(request.reports)}-{request.id}"
            report = WorldReport(id_, request, name, category)
            request.reports.append(report)
            self.reports[report.id] = report
        return report

    def add_instance(
        self,
        report: WorldReport,
        granularity: Granularity | str,
        processing_date: date,
        files: Sequence[File] = (),
        id: str | None = None,
        *,
        columns: Sequence[str] | None = None,
        is_quoted: bool = False,
        is_listed: bool = True,
    ) -> WorldInstance:
        """An instance with one segment for each file.

        Without `columns` the catalogue's header is used or, for a report that it does not know, the
        names in the rows.
        """
        kind = Granularity(granularity)
        header = tuple(columns or schema_of(report.name, report.category).columns)
        delimiter = "," if report.name in COMMA_SEPARATED else "\t"
        layout = Layout(header, delimiter, is_quoted or delimiter == ",")
        with self.lock:
            key = (kind, processing_date)
            number = sum((i.granularity, i.processing_date) == key for i in report.instances)
            own_id = id or str(stable_id("instance", report.id, *key, number))
            instance = WorldInstance(own_id, report, kind, processing_date, layout)
            instance.is_listed = instance.is_true = is_listed
            report.instances.append(instance)
            self.instances[instance.id] = instance
            for number, file in enumerate(files):
                self._add_segment(WorldSegment(instance, number, as_file(file)))
        return instance

    def republish(self, segment: WorldSegment, file: File) -> None:
        """Replaces a segment's content: the same id, another checksum."""
        with self.lock:
            segment.republish(as_file(file))
            self._objects[segment.path] = (segment, segment.revision)

    def expire(self, instance: WorldInstance, *, stays_true: bool = True) -> None:
        """Apple deletes the instance. Who loaded it keeps its rows, so they may stay true."""
        with self.lock:
            instance.is_listed = False
            instance.is_true = stays_true
            self._forget(instance)

    def hide(self, instance: WorldInstance) -> None:
        """The instance is not published yet: not listed, and not true."""
        with self.lock:
            instance.is_listed = instance.is_true = False

    def reveal(self, instance: WorldInstance) -> None:
        with self.lock:
            instance.is_listed = instance.is_true = True

    def delete_request(self, request: WorldRequest) -> None:
        """Apple forgets the request and all under it, except that there was one."""
        with self.lock:
            request.is_deleted = True
            for report in request.reports:
                for instance in report.instances:
                    self._forget(instance)

    def _forget(self, instance: WorldInstance) -> None:
        if instance.gone is None:
            instance.gone = sum(each.gone is not None for each in self.instances.values())

    def requests_of(self, app_id: str) -> list[WorldRequest]:
        return [r for r in self.requests if r.app_id == app_id and not r.is_deleted]

    def request(self, app_id: str, access_type: AccessType | str) -> WorldRequest:
        """The request of this kind that the app has; KeyError if there is none."""
        for request in self.requests_of(app_id):
            if request.access_type == access_type:
                return request
        raise KeyError(f"{app_id} {access_type}")

    def report(
        self, app_id: str, name: str, access_type: AccessType | str = AccessType.ONGOING
    ) -> WorldReport:
        """The report of that name; KeyError if there is none."""
        for report in self.request(app_id, access_type).reports:
            if report.name == name:
                return report
        raise KeyError(name)

    def stored(self, path: str) -> tuple[WorldSegment, int] | None:
        """Which revision of which segment the store keeps under a path."""
        with self.lock:
            return self._objects.get(path)

    def truth(
        self, app_id: str, report_name: str, granularity: Granularity | str
    ) -> list[TruthRow]:
        """The rows that are true now: Apple's column names to the file's text, None where empty.

        Of a date that several instances carry, the instance of the greatest rank holds all rows. Of
        a report that accumulates, each ONGOING instance adds its rows, of one processing date the
        first by rank; a snapshot counts where there is no other. An instance with a file of unknown
        content is left out, and so is one that is hidden.
        """
        with self.lock:
            instances = self._instances(app_id, report_name, Granularity(granularity))
            if not instances:
                return []
            schema = schema_of(report_name, instances[0].report.category)
            if schema.policy is RestatementPolicy.ACCUMULATE:
                return list(_accumulated(instances, schema.date_column))
            return list(_newest(instances, schema.date_column))

    def truth_tables(self) -> Iterable[tuple[str, str, Granularity]]:
        """Every (app id, report name, granularity) of which some rows are true."""
        with self.lock:
            found: dict[tuple[str, str, Granularity], None] = {}
            for instance in self.instances.values():
                key = (
                    instance.report.request.app_id,
                    instance.report.name,
                    instance.granularity,
                )
                if key not in found and instance.is_true and instance.is_known and instance.rows():
                    found[key] = None
        return list(found)

    def _instances(
        self, app_id: str, report_name: str, granularity: Granularity
    ) -> list[WorldInstance]:
        return [
            instance
            for instance in self.instances.values()
            if instance.is_true
            and instance.is_known
            and instance.granularity == granularity
            and instance.report.name == report_name
            and instance.report.request.app_id == app_id
        ]

    def _add_segment(self, segment: WorldSegment) -> None:
        segment.instance.segments.append(segment)
        self.segments[segment.id] = segment
        self._objects[segment.path] = (segment, segment.revision)


def _by_date(instance: WorldInstance, date_column: str) -> dict[str, list[TruthRow]]:
    dates: dict[str, list[TruthRow]] = defaultdict(list)
    for row in instance.rows():
        dates[row.get(date_column) or instance.processing_date.isoformat()].append(row)
    return dates


def _newest(instances: Iterable[WorldInstance], date_column: str) -> Iterator[TruthRow]:
    """Newest instance first; a date once seen belongs to the instance it was first seen in."""
    owned: set[str] = set()
    for instance in sorted(instances, key=lambda i: i.rank, reverse=True):
        by_date = _by_date(instance, date_column)
        for day, rows in by_date.items():
            if day not in owned:
                yield from rows
        owned |= by_date.keys()


def _accumulated(instances: Sequence[WorldInstance], date_column: str) -> Iterator[TruthRow]:
    ongoing: dict[tuple[str, date], list[TruthRow]] = {}
    snapshots: list[WorldInstance] = []
    for instance in sorted(instances, key=lambda i: i.rank, reverse=True):
        if instance.report.request.access_type is AccessType.ONE_TIME_SNAPSHOT:
            snapshots.append(instance)
            continue
        for day, rows in _by_date(instance, date_column).items():
            ongoing.setdefault((day, instance.processing_date), rows)
    for rows in ongoing.values():
        yield from rows
    taken = {day for day, _ in ongoing}
    for row in _newest(snapshots, date_column):
        if (row.get(date_column) or "") not in taken:
            yield row
