"""An account that can be changed at any moment, also while it is served; and the truth about it.

The truth is worked out from the rows that were put in, never from a file.
"""

import copy
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from app_store_connect.catalog import RestatementPolicy, schema_of
from app_store_connect.entities import AccessType, Granularity
from asc_pipeline import emulator
from asc_pipeline.emulator import WorldInstance, WorldReport, WorldRequest, WorldSegment, add_demo
from asc_pipeline.emulator.world.tables import Layout, Row, Rows, encode

TruthRow = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class SegmentFile:
    """Rows that a segment holds. `content`, if given, is served in place of their encoding.

    `rows=None` says that nobody can know what is in `content`.
    """

    rows: Rows | None
    content: bytes | None = None


File = bytes | Rows | SegmentFile


class Segment(WorldSegment):
    """A segment of a file that may be odd. Republished it keeps its id."""

    def __init__(self, instance: WorldInstance, number: int, file: File) -> None:
        self.file = _as_file(file)
        super().__init__(instance, number, self.file.rows or ())

    def content(self) -> bytes:
        if self._content is None:
            given, rows = self.file.content, self.rows()
            self._content = encode(_layout(self, rows), rows) if given is None else given
        return self._content

    def replace_file(self, file: File) -> None:
        self.file = _as_file(file)
        self._rows, self._content = self.file.rows or (), None
        self.revision += 1


class World(emulator.World):
    """`untrue` has the ids of instances whose rows do not count as truth.

    `gone` counts on from one instance that Apple stopped listing to the next.
    """

    def __init__(self) -> None:
        super().__init__()
        self.untrue: set[str] = set()
        self.gone: dict[str, int] = {}

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
        with self.lock:
            instance = super().add_instance(report, granularity, processing_date, id=id)
            layout = instance.layout
            header = tuple(columns or layout.columns)
            quoted = is_quoted or layout.is_quoted
            instance.layout = replace(layout, columns=header, is_quoted=quoted)
            for number, file in enumerate(files):
                self.add_segment(instance, number, file)
            if not is_listed:
                self.hide(instance)
        return instance

    def add_segment(self, instance: WorldInstance, number: int, file: File) -> WorldSegment:
        return self._keep(Segment(instance, number, file))

    def republish(self, segment: WorldSegment, file: File) -> None:
        """Replace a segment's content: the same id, another checksum. An old URL still gives the
        old content.
        """
        assert isinstance(segment, Segment)
        with self.lock:
            segment.content()
            self.files[segment.path] = copy.copy(segment)
            segment.replace_file(file)
            self.files[segment.path] = segment

    def expire(self, instance: WorldInstance, *, stays_true: bool = True) -> None:
        """Apple deletes the instance. Who loaded it keeps its rows, so they may stay true."""
        with self.lock:
            instance.is_listed = False
            if not stays_true:
                self.untrue.add(instance.id)
            self._forget(instance)

    def hide(self, instance: WorldInstance) -> None:
        """The instance is not published yet: not listed, and not true."""
        with self.lock:
            instance.is_listed = False
            self.untrue.add(instance.id)

    def reveal(self, instance: WorldInstance) -> None:
        with self.lock:
            instance.is_listed = True
            self.untrue.discard(instance.id)

    def delete_request(self, request: WorldRequest) -> None:
        with self.lock:
            super().delete_request(request)
            for report in request.reports:
                for instance in report.instances:
                    self._forget(instance)

    def _forget(self, instance: WorldInstance) -> None:
        self.gone.setdefault(instance.id, len(self.gone))

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

    def rank(self, instance: WorldInstance) -> tuple[date, bool, float, str]:
        """Of two instances that carry a date, the one of the greater rank holds it."""
        is_ongoing = instance.report.request.access_type is AccessType.ONGOING
        lasting = self.gone.get(instance.id, math.inf)
        return instance.processing_date, is_ongoing, lasting, instance.id

    def is_true(self, instance: WorldInstance) -> bool:
        """Whether the rows count as truth, and are known for all of its files."""
        is_known = all(file_of(segment).rows is not None for segment in instance.segments)
        return is_known and instance.id not in self.untrue

    def truth(
        self, app_id: str, report_name: str, granularity: Granularity | str
    ) -> list[TruthRow]:
        """The rows that are true now: Apple's column names to the file's text, None where empty.

        Of a date that several instances carry, the instance of the greatest rank holds all rows. Of
        a report that accumulates, each ONGOING instance adds its rows, of one processing date the
        first by rank; a snapshot counts where there is no other. An instance with a file of unknown
        content is left out, and so is one that is hidden.
        """
        key = (app_id, report_name, Granularity(granularity))
        with self.lock:
            instances = [i for i in self.instances.values() if _table(i) == key and self.is_true(i)]
            if not instances:
                return []
            schema = schema_of(report_name, instances[0].report.category)
            if schema.policy is RestatementPolicy.ACCUMULATE:
                return list(self._accumulated(instances, schema.date_column))
            return list(self._newest(instances, schema.date_column))

    def truth_tables(self) -> list[tuple[str, str, Granularity]]:
        """The app id, report name and granularity of each report that has rows which are true."""
        found: dict[tuple[str, str, Granularity], None] = {}
        with self.lock:
            for instance in self.instances.values():
                key = _table(instance)
                if key not in found and self.is_true(instance) and rows_of(instance):
                    found[key] = None
        return list(found)

    def _newest(self, instances: Iterable[WorldInstance], date_column: str) -> Iterator[TruthRow]:
        """Newest instance first; a date once seen belongs to the instance it was first seen in."""
        owned: set[str] = set()
        for instance in sorted(instances, key=self.rank, reverse=True):
            by_date = _by_date(instance, date_column)
            for day, rows in by_date.items():
                if day not in owned:
                    yield from rows
            owned |= by_date.keys()

    def _accumulated(
        self, instances: Iterable[WorldInstance], date_column: str
    ) -> Iterator[TruthRow]:
        ongoing: dict[tuple[str, date], list[TruthRow]] = {}
        snapshots: list[WorldInstance] = []
        for instance in sorted(instances, key=self.rank, reverse=True):
            if instance.report.request.access_type is AccessType.ONE_TIME_SNAPSHOT:
                snapshots.append(instance)
                continue
            for day, rows in _by_date(instance, date_column).items():
                ongoing.setdefault((day, instance.processing_date), rows)
        for rows in ongoing.values():
            yield from rows
        taken = {day for day, _ in ongoing}
        for row in self._newest(snapshots, date_column):
            if (row.get(date_column) or "") not in taken:
                yield row


def demo_world(today: date, days: int = 35) -> World:
    world = World()
    add_demo(world, today, days)
    return world


def file_of(segment: WorldSegment) -> SegmentFile:
    assert isinstance(segment, Segment)
    return segment.file


def rows_of(instance: WorldInstance) -> list[TruthRow]:
    """All rows as a reader of the files should see them; a file under two ids counts once."""
    whole: list[TruthRow] = []
    for segment in {each.checksum: each for each in instance.segments}.values():
        rows = segment.rows()
        columns = _layout(segment, rows).columns
        whole += [{column: row.get(column) or None for column in columns} for row in rows]
    return whole


def _as_file(file: File) -> SegmentFile:
    if isinstance(file, SegmentFile):
        return file
    if isinstance(file, bytes):
        return SegmentFile(None, file)
    return SegmentFile(file)


def _layout(segment: WorldSegment, rows: Sequence[Row]) -> Layout:
    """The instance's layout; without columns of its own it takes them from the rows."""
    layout = segment.instance.layout
    if layout.columns:
        return layout
    return replace(layout, columns=tuple(dict.fromkeys(name for row in rows for name in row)))


def _table(instance: WorldInstance) -> tuple[str, str, Granularity]:
    return instance.report.request.app_id, instance.report.name, instance.granularity


def _by_date(instance: WorldInstance, date_column: str) -> dict[str, list[TruthRow]]:
    dates: dict[str, list[TruthRow]] = defaultdict(list)
    for row in rows_of(instance):
        dates[row.get(date_column) or instance.processing_date.isoformat()].append(row)
    return dates
