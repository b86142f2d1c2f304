"""What became of the segments of a run, gathered from many threads."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

from app_store_connect.discovery import Failure
from app_store_connect.model import ReportSegment
from app_store_connect.selection import InstanceToLoad


@dataclass(frozen=True, slots=True)
class LoadedSegment:
    """A segment all of whose rows were handed to dlt."""

    item: InstanceToLoad
    segment: ReportSegment
    row_count: int
    dates: Counter[date]
    unparsed: int


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
        self.withdrawn: set[str] = set()
        self.listed_bytes = 0
        self.listed_segments = 0
        self.read_bytes = 0
        self.read_rows = 0
        self.finished_instances = 0
        self.stopped_by: Exception | None = None
        self._pending: dict[str, _Pending] = {}
        self._segment_ids: set[str] = set()
        self._lock = threading.Lock()

    def begin(self, item: InstanceToLoad, segments: Iterable[ReportSegment]) -> list[ReportSegment]:
        """Note what is to be loaded of an instance; a segment id that is under way is not begun
        twice.
        """
        with self._lock:
            fresh = [each for each in segments if each.id not in self._segment_ids]
            self._segment_ids |= {each.id for each in fresh}
            self.listed_bytes += sum(each.size_in_bytes for each in fresh)
            self.listed_segments += len(fresh)
            if fresh:
                self._pending[item.listed.instance.id] = _Pending({each.id for each in fresh})
            else:
                self.finished_instances += 1
            return fresh

    def read(self, rows: int) -> None:
        with self._lock:
            self.read_rows += rows
        self._on_change()

    def forget(self, segment_ids: Iterable[str]) -> None:
        """Let the segments of an instance be begun again."""
        with self._lock:
            self._segment_ids -= set(segment_ids)
            self.finished_instances -= 1

    def complete(self, loaded: LoadedSegment) -> list[LoadedSegment]:
        """All segments of the instance if this was the last one and none failed, else an empty
        list.
        """
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
        with self._lock:
            self._note(item, error)
            self.finished_instances += 1

    def notice(self, item: InstanceToLoad, text: str) -> None:
        with self._lock:
            self.notices.append(f"{item.listed}: {text}")

    def withdraw(self, segment_ids: Iterable[str]) -> None:
        with self._lock:
            self.withdrawn.update(segment_ids)

    def stop(self, error: Exception) -> None:
        """No further instance is begun; those under way are finished."""
        with self._lock:
            self.stopped_by = self.stopped_by or error

    def _note(self, item: InstanceToLoad, error: Exception) -> None:
        failure = Failure(str(item.listed), str(error))
        self.failures.append(failure)
        self._on_failure(failure)

    def _settle(self, item: InstanceToLoad, segment_id: str) -> list[LoadedSegment]:
        instance_id = item.listed.instance.id
        pending = self._pending[instance_id]
        pending.left.discard(segment_id)
        if pending.left:
            return []
        del self._pending[instance_id]
        self.finished_instances += 1
        if pending.has_failed:
            return []
        self.completed += pending.done
        return pending.done
