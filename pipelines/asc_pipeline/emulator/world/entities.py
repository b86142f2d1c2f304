"""The things that the world is made of, as Apple holds them: request, report, instance, segment."""

import hashlib
import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time

from app_store_connect.entities import AccessType, Granularity
from asc_pipeline.emulator.world.tables import Layout, Row, Rows, columns_of, complete, encode

_NAMESPACE = uuid.UUID("0a5c0a5c-0a5c-5a5c-8a5c-0a5c0a5c0a5c")


def stable_id(*parts: object) -> uuid.UUID:
    """The same id for the same parts, in every process."""
    return uuid.uuid5(_NAMESPACE, "/".join(map(str, parts)))


@dataclass(frozen=True, slots=True)
class SegmentFile:
    """Rows that a segment holds. `content`, if given, is served in place of their encoding.

    `rows` may be a function, called whenever the rows are needed. `rows=None` says that nobody can
    know what is in `content`.
    """

    rows: Rows | None
    content: bytes | None = None


File = bytes | Sequence[Row] | Rows | SegmentFile


def as_file(file: File) -> SegmentFile:
    if isinstance(file, SegmentFile):
        return file
    if isinstance(file, bytes):
        return SegmentFile(None, file)
    return SegmentFile(file)


@dataclass(slots=True, eq=False)
class WorldRequest:
    """A report request; a deleted one is remembered, since Apple does so for a month."""

    id: str
    app_id: str
    access_type: AccessType
    is_stopped: bool = False
    created: date | None = None
    is_deleted: bool = False
    reports: list["WorldReport"] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class WorldReport:
    id: str
    request: WorldRequest
    name: str
    category: str
    instances: list["WorldInstance"] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class WorldInstance:
    """An instance. Not `is_listed` it answers 404; its rows count as truth if it `is_true`.

    `gone` counts on from one instance that Apple stopped listing to the next; None: still listed.
    """

    id: str
    report: WorldReport
    granularity: Granularity
    processing_date: date
    layout: Layout
    segments: list["WorldSegment"] = field(default_factory=list)
    is_listed: bool = True
    is_true: bool = True
    gone: int | None = None

    @property
    def is_reachable(self) -> bool:
        return self.is_listed and not self.report.request.is_deleted

    @property
    def is_known(self) -> bool:
        """Whether the rows of all its segments are known."""
        return all(segment.file.rows is not None for segment in self.segments)

    @property
    def rank(self) -> tuple[date, bool, float, str]:
        """Of two instances that carry a date, the one of the greater rank holds it."""
        is_ongoing = self.report.request.access_type is AccessType.ONGOING
        lasting = math.inf if self.gone is None else self.gone
        return self.processing_date, is_ongoing, lasting, self.id

    def layout_for(self, rows: Sequence[Row]) -> Layout:
        """The instance's layout; without columns of its own it takes them from the rows."""
        return (
            self.layout if self.layout.columns else replace(self.layout, columns=columns_of(rows))
        )

    def rows(self) -> list[dict[str, str | None]]:
        """All rows as a reader of the files should see them; a file under two ids counts once."""
        whole: list[dict[str, str | None]] = []
        for segment in {each.checksum: each for each in self.segments}.values():
            rows = segment.rows()
            columns = self.layout_for(rows).columns
            whole += [complete(columns, row) for row in rows]
        return whole


class WorldSegment:
    """One file of an instance. Republished it keeps its id; old revisions stay in the store."""

    def __init__(self, instance: WorldInstance, number: int, file: SegmentFile) -> None:
        self.id = str(stable_id("segment", instance.id, number))
        self.instance = instance
        self.number = number
        self._revisions = [file]
        self._contents: dict[int, bytes] = {}

    @property
    def revision(self) -> int:
        return len(self._revisions) - 1

    @property
    def file(self) -> SegmentFile:
        return self._revisions[-1]

    @property
    def checksum(self) -> str:
        """MD5 of the compressed bytes, as Apple's 32 digits are."""
        return hashlib.md5(self.content(), usedforsecurity=False).hexdigest()

    @property
    def size_in_bytes(self) -> int:
        return len(self.content())

    @property
    def path(self) -> str:
        """Where the store keeps the newest revision."""
        report, day = self.instance.report, self.instance.processing_date
        request = report.request
        midnight = int(datetime.combine(day, time(), UTC).timestamp()) * 1000
        millisecond = stable_id(self.instance.id, self.revision).int % 86_400_000
        name = "_".join(report.name.upper().replace("-", " ").split())
        return (
            f"/reports/{request.app_id}/{name}/{self.instance.granularity}/{request.access_type}"
            f"/{day:%Y%m%d}/{midnight + millisecond}/{self.number}.csv.gz"
        )

    def rows(self) -> Sequence[Row]:
        """The rows of the newest revision; none if they are not known."""
        rows = self.file.rows
        return () if rows is None else rows() if callable(rows) else rows

    def content(self, revision: int | None = None) -> bytes:
        """The bytes served, encoded when first asked for."""
        number = self.revision if revision is None else revision
        if number not in self._contents:
            self._contents[number] = self._encoded(self._revisions[number])
        return self._contents[number]

    def republish(self, file: SegmentFile) -> None:
        self.content()  # the old revision is still served to whoever has its URL
        self._revisions.append(file)

    def _encoded(self, file: SegmentFile) -> bytes:
        if file.content is not None:
            return file.content
        rows = file.rows() if callable(file.rows) else file.rows or ()
        return encode(self.instance.layout_for(rows), rows)
