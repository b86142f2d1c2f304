"""How the segments of a run ended, gathered from many threads."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..entities import ReportSegment
from ..errors import FATAL, Failure
from ..instances import InstanceToLoad, Look
from .loaded import CompleteInstance, LoadedSegment


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
    withdrawn: list[str]
    done: list[LoadedSegment] = field(default_factory=list)
    has_failed: bool = False


class Outcome:
    """Counts and failures of a run; `attempt` begins to note those of a load package."""

    def __init__(
        self,
        on_failure: Callable[[Failure], None] = lambda failure: None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._on_failure = on_failure
        self.on_change = on_change
        self.failures: list[Failure] = []
        self.notices: list[str] = []
        self.completed: list[LoadedSegment] = []
        self.listed_bytes = 0
        self.listed_segments = 0
        self.read_bytes = 0
        self.read_rows = 0
        self.finished_instances = 0
        self.stopped_by: Exception | None = None
        self.nothing_to_load: set[str] = set()
        """Instances of which Apple listed nothing in this run that is not loaded."""
        self.lock = threading.RLock()
        self._attempt = Attempt(self)

    def attempt(self) -> "Attempt":
        """Results of the next load package. Those of the one before count no more."""
        with self.lock:
            self._attempt.is_over = True
            self._attempt = Attempt(self)
            return self._attempt

    def segments_read(self) -> dict[str, set[str]]:
        """Which segments this run loaded of the instances that it looked at."""
        with self.lock:
            found: dict[str, set[str]] = {each: set() for each in self.nothing_to_load}
            for each in self.completed:
                found.setdefault(each.item.listed.instance.id, set()).add(each.segment.id)
            return found

    def mark(self) -> Mark:
        with self.lock:
            return Mark(
                len(self.completed),
                len(self.failures),
                len(self.notices),
                self.finished_instances,
            )

    def rewind(self, mark: Mark) -> None:
        """Forget the results since: they did not arrive, and their instances may be tried again."""
        with self.lock:
            self._attempt.is_over = True
            del self.completed[mark.completed :]
            del self.failures[mark.failures :]
            del self.notices[mark.notices :]
            self.finished_instances = mark.finished_instances

    def begin_again(self) -> None:
        """An instance that was finished is to be loaded once more."""
        with self.lock:
            self.finished_instances -= 1

    def fail_instance(self, item: InstanceToLoad, error: Exception) -> None:
        """None of its segments is loaded, perhaps not even known."""
        with self.lock:
            self.note_failure(item, error)
            self.finished_instances += 1

    def note_failure(self, item: InstanceToLoad, error: Exception) -> None:
        failure = Failure(str(item.listed), str(error))
        self.failures.append(failure)
        self._on_failure(failure)

    def notice(self, item: InstanceToLoad, text: str) -> None:
        with self.lock:
            self.notices.append(f"{item.listed}: {text}")

    def stop(self, error: Exception) -> None:
        """No further instance is begun; those under way are finished."""
        with self.lock:
            self.stopped_by = self.stopped_by or error


class Attempt:
    """What workers tell of one load package; also the one place that decides when an instance is
    complete.

    Once it is over nothing they tell counts: dlt leaves some of them running when its extract step
    fails, while the same instances may be begun again.
    """

    def __init__(self, outcome: Outcome) -> None:
        self.is_over = False
        self.looks: dict[str, tuple[InstanceToLoad, Look]] = {}
        self._outcome = outcome
        self._pending: dict[str, _Pending] = {}

    def begin(
        self, item: InstanceToLoad, segments: Iterable[ReportSegment], withdrawn: Iterable[str] = ()
    ) -> CompleteInstance | None:
        """Note what is to be loaded of an instance, and what Apple took back; the instance if it is
        complete with that.
        """
        own_id = item.listed.instance.id
        outcome = self._outcome
        with outcome.lock:
            wanted, gone = list(segments), list(withdrawn)
            if self.is_over:
                return None
            outcome.listed_bytes += sum(each.size_in_bytes for each in wanted)
            outcome.listed_segments += len(wanted)
            if wanted:
                self._pending[own_id] = _Pending({each.id for each in wanted}, gone)
                return None
            outcome.finished_instances += 1
            outcome.nothing_to_load.add(own_id)
            return CompleteInstance(item, [], gone) if gone else None

    def look(self, item: InstanceToLoad, look: Look) -> None:
        """Note how a look at an instance ended."""
        with self._outcome.lock:
            if not self.is_over:
                self.looks[item.listed.instance.id] = item, look

    def is_wanted(self, item: InstanceToLoad) -> bool:
        """Whether the segments of an instance that were begun still have to be read."""
        with self._outcome.lock:
            pending = self._pending.get(item.listed.instance.id)
            return not self.is_over and pending is not None and not pending.has_failed

    def read(self, rows: int) -> None:
        with self._outcome.lock:
            self._outcome.read_rows += 0 if self.is_over else rows
        self._outcome.on_change()

    def complete(self, loaded: LoadedSegment) -> CompleteInstance | None:
        """The instance, if this was the last of its segments and none failed."""
        with self._outcome.lock:
            if self.is_over:
                return None
            self._outcome.read_bytes += loaded.segment.size_in_bytes
            self._pending[loaded.item.listed.instance.id].done.append(loaded)
            return self._settle(loaded.item, loaded.segment.id)

    def fail(self, item: InstanceToLoad, segment: ReportSegment, error: Exception) -> None:
        with self._outcome.lock:
            if not self.is_over:
                self._outcome.note_failure(item, error)
                self._pending[item.listed.instance.id].has_failed = True
                if not isinstance(error, FATAL):  # which is not the instance's fault
                    self.look(item, Look.FAILED)
                self._settle(item, segment.id)

    def leave(self, item: InstanceToLoad, segment: ReportSegment) -> None:
        """A segment that is not wanted any more was not read."""
        with self._outcome.lock:
            if not self.is_over:
                self._settle(item, segment.id)

    def fail_instance(self, item: InstanceToLoad, error: Exception) -> None:
        """None of its segments is loaded, perhaps not even known."""
        with self._outcome.lock:
            if not self.is_over:
                self._outcome.fail_instance(item, error)
                self.look(item, Look.FAILED)

    def notice(self, item: InstanceToLoad, text: str) -> None:
        with self._outcome.lock:
            if not self.is_over:
                self._outcome.notice(item, text)

    def stop(self, error: Exception) -> None:
        with self._outcome.lock:
            if not self.is_over:
                self._outcome.stop(error)

    def _settle(self, item: InstanceToLoad, segment_id: str) -> CompleteInstance | None:
        instance_id = item.listed.instance.id
        outcome, pending = self._outcome, self._pending[instance_id]
        pending.left.discard(segment_id)
        if pending.left:
            return None
        del self._pending[instance_id]
        outcome.finished_instances += 1
        if pending.has_failed:
            return None
        if not item.is_recheck:
            self.look(item, Look.LOADED)
        outcome.completed += pending.done
        return CompleteInstance(item, pending.done, pending.withdrawn)
