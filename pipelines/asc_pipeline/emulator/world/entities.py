"""The things that the world is made of, as Apple holds them: request, report, instance, segment."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from app_store_connect.entities import AccessType, Granularity
from asc_pipeline.emulator.world.tables import Layout, Row, Rows, encode

_NAMESPACE = uuid.UUID("0a5c0a5c-0a5c-5a5c-8a5c-0a5c0a5c0a5c")


def stable_id(*parts: object) -> uuid.UUID:
    """The same id for the same parts, in every process."""
    return uuid.uuid5(_NAMESPACE, "/".join(map(str, parts)))


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
    """An instance. One that is not listed answers 404."""

    id: str
    report: WorldReport
    granularity: Granularity
    processing_date: date
    layout: Layout
    segments: list["WorldSegment"] = field(default_factory=list)
    is_listed: bool = True

    @property
    def is_reachable(self) -> bool:
        return self.is_listed and not self.report.request.is_deleted


class WorldSegment:
    """One file of an instance. `revision` counts the contents that the file had before."""

    def __init__(self, instance: WorldInstance, number: int, rows: Rows) -> None:
        self.id = str(stable_id("segment", instance.id, number))
        self.instance = instance
        self.number = number
        self.revision = 0
        self._rows = rows
        self._content: bytes | None = None

    @property
    def checksum(self) -> str:
        """MD5 of the compressed bytes, as Apple's 32 digits are."""
        return hashlib.md5(self.content(), usedforsecurity=False).hexdigest()

    @property
    def size_in_bytes(self) -> int:
        return len(self.content())

    @property
    def path(self) -> str:
        """The file's place in the store."""
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
        return self._rows() if callable(self._rows) else self._rows

    def content(self) -> bytes:
        """The bytes served, encoded when first asked for."""
        if self._content is None:
            self._content = encode(self.instance.layout, self.rows())
        return self._content
