"""What became of the segments of a run, gathered from many threads."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app_store_connect.discovery import Failure
from app_store_connect.model import ReportSegment
from app_store_connect.moves import Moves
from app_store_connect.selection import InstanceToLoad


@dataclass(frozen=True, slots=True)
class LoadedSegment:
    """A segment all of whose rows were handed to dlt."""

    item: InstanceToLoad
    segment: ReportSegment
    row_count: int
    dates: Counter[date]
    unparsed: int

    def ledger_row(self) -> dict[str, Any]:
        """A row of `tables.SEGMENTS`."""
        return {
            "segment_id": self.segment.id,
            "checksum": self.segment.checksum,
            "size_in_bytes": self.segment.size_in_bytes,
            "row_count": self.row_count,
            **_described(self.item),
        }

    def date_rows(self) -> list[dict[str, Any]]:
        """Rows of `tables.SEGMENT_DATES`."""
        listed = self.item.listed
        return [
            {
                "segment_id": self.segment.id,
                "instance_id": listed.instance.id,
                "app_id": int(listed.app_id),
                "table_name": listed.table_name,
                "date": day,
                "row_count": count,
            }
            for day, count in sorted(self.dates.items())
        ]


@dataclass(frozen=True, slots=True)
class CompleteInstance:
    """What one load brings of an instance: all that was to be loaded, and what it takes away.

    Segments that Apple replaced by others are withdrawn in the same load that brings those: a
    ledger row without checksum and rows hides them. They are removed later.
    """

    item: InstanceToLoad
    loaded: list[LoadedSegment]
    withdrawn: list[str]

    def ledger_rows(self) -> list[dict[str, Any]]:
        """Rows of `tables.SEGMENTS`."""
        nothing = {"checksum": None, "size_in_bytes": 0, "row_count": 0, **_described(self.item)}
        gone = [{"segment_id": segment_id, **nothing} for segment_id in self.withdrawn]
        return [each.ledger_row() for each in self.loaded] + gone

    def date_rows(self) -> list[dict[str, Any]]:
        """Rows of `tables.SEGMENT_DATES`."""
        return [row for each in self.loaded for row in each.date_rows()]


def _described(item: InstanceToLoad) -> dict[str, Any]:
    """What ledger rows of all segments of an instance have in common."""
    listed = item.listed
    return {
        "instance_id": listed.instance.id,
        "report_id": listed.report.id or None,
        "report_name": listed.report.name,
        "category": listed.report.category,
        "granularity": listed.instance.granularity.value,
        "processing_date": listed.instance.processing_date,
        "access_type": listed.access_type.value if listed.access_type else None,
        "app_id": int(listed.app_id),
        "table_name": listed.table_name,
    }


@dataclass(frozen=True, slots=True)
class Mark:
    """How far things were before a load, of which nothing counts if it fails."""

    completed: int
    failures: int
    notices: int
    finished_instances: int


@dataclass(slots=True)
class _Pending:
    """An instance whose segments are under way: none of them counts before all do."""

    left: set[str]
    done: list[LoadedSegment] = field(default_factory=list)
    has_failed: bool = False


class Outcome:
    """Counts and failures; also the one place that decides when an instance is complete."""

    def __init__(
        self,
        on_failure: Callable[[Failure], None] = lambda failure: None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._on_failure = on_failure
        self._on_change = on_change
        self.failures: list[Failure] = []
        self.notices: list[str] = []
        self.completed: list[LoadedSegment] = []
        self.listed_bytes = 0
        self.listed_segments = 0
        self.read_bytes = 0
        self.read_rows = 0
        self.finished_instances = 0
        self.stopped_by: Exception | None = None
        self._pending: dict[str, _Pending] = {}
        self._under_way: dict[str, str] = {}
        self._postponed: list[InstanceToLoad] = []
        self._moves = Moves()
        self._lock = threading.Lock()

    @property
    def withdrawn(self) -> set[str]:
        """Segments that Apple lists no more, of instances all of whose others are loaded. None of
        a run that was stopped: where they may have gone to was not asked.
        """
        with self._lock:
            if self.stopped_by:
                return set()
            return self._moves.withdrawn({each.item.listed.instance.id for each in self.completed})

    def held(self, item: InstanceToLoad, segments: Iterable[ReportSegment]) -> set[str]:
        """Those that a newer instance has: a segment belongs to the newest one that lists it."""
        with self._lock:
            return self._moves.held(item, [each.id for each in segments])

    def begin(
        self, item: InstanceToLoad, segments: Iterable[ReportSegment], withdrawn: Iterable[str] = ()
    ) -> list[ReportSegment]:
        """Note what is to be loaded of an instance, and what it lost; says what to load now.

        That is nothing, and the instance is postponed, while another one is being loaded that has a
        segment in common with it: in one load package a segment has one instance.
        """
        own_id = item.listed.instance.id
        with self._lock:
            wanted = list(segments)
            if any(self._under_way.get(each.id, own_id) != own_id for each in wanted):
                self._postponed.append(item)
                return []
            fresh = [each for each in wanted if each.id not in self._under_way]
            self._under_way |= {each.id: own_id for each in fresh}
            self._moves.begin(item, {each.id for each in fresh}, withdrawn)
            self.listed_bytes += sum(each.size_in_bytes for each in fresh)
            self.listed_segments += len(fresh)
            if fresh:
                self._pending[own_id] = _Pending({each.id for each in fresh})
            else:
                self.finished_instances += 1
            return fresh

    def read(self, rows: int) -> None:
        with self._lock:
            self.read_rows += rows
        self._on_change()

    def take_postponed(self) -> list[InstanceToLoad]:
        """After each load: what had to wait for it."""
        with self._lock:
            self._under_way.clear()
            postponed = self._postponed + self._moves.take_freed()
            self._postponed = []
            return postponed

    def mark(self) -> Mark:
        with self._lock:
            return Mark(
                len(self.completed),
                len(self.failures),
                len(self.notices),
                self.finished_instances,
            )

    def rewind(self, mark: Mark) -> None:
        """What came since did not arrive; its instances may be begun again."""
        with self._lock:
            for each in self.completed[mark.completed :]:
                self._moves.holders.pop(each.segment.id, None)
            del self.completed[mark.completed :]
            del self.failures[mark.failures :]
            del self.notices[mark.notices :]
            self.finished_instances = mark.finished_instances
            self._pending.clear()
            self._postponed.clear()

    def forget(self, segment_ids: Iterable[str]) -> None:
        """Let the segments of an instance be begun again."""
        with self._lock:
            for segment_id in segment_ids:
                self._under_way.pop(segment_id, None)
                self._moves.holders.pop(segment_id, None)
            self.finished_instances -= 1

    def complete(self, loaded: LoadedSegment) -> CompleteInstance | None:
        """The instance, if this was the last of its segments and none failed."""
        with self._lock:
            self.read_bytes += loaded.segment.size_in_bytes
            pending = self._pending[loaded.item.listed.instance.id]
            pending.done.append(loaded)
            return self._settle(loaded.item, loaded.segment.id)

    def fail(self, item: InstanceToLoad, segment: ReportSegment, error: Exception) -> None:
        with self._lock:
            self._note(item, error)
            self._pending[item.listed.instance.id].has_failed = True
            self._settle(item, segment.id)

    def fail_instance(self, item: InstanceToLoad, error: Exception) -> None:
        """None of its segments is loaded, perhaps not even known."""
        with self._lock:
            self._note(item, error)
            self._moves.not_listed(item)
            self.finished_instances += 1

    def notice(self, item: InstanceToLoad, text: str) -> None:
        with self._lock:
            self.notices.append(f"{item.listed}: {text}")

    def stop(self, error: Exception) -> None:
        """No further instance is begun; those under way are finished."""
        with self._lock:
            self.stopped_by = self.stopped_by or error

    def _note(self, item: InstanceToLoad, error: Exception) -> None:
        failure = Failure(str(item.listed), str(error))
        self.failures.append(failure)
        self._on_failure(failure)

    def _settle(self, item: InstanceToLoad, segment_id: str) -> CompleteInstance | None:
        instance_id = item.listed.instance.id
        pending = self._pending[instance_id]
        pending.left.discard(segment_id)
        if pending.left:
            return None
        del self._pending[instance_id]
        self.finished_instances += 1
        if pending.has_failed:
            return None
        self.completed += pending.done
        self._moves.holders |= {each.segment.id: item.listed.rank for each in pending.done}
        gone = self._moves.gone(instance_id)
        self._under_way |= dict.fromkeys(gone, instance_id)
        return CompleteInstance(item, pending.done, sorted(gone))
