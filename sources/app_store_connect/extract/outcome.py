"""The results of a run: an `Attempt` collects those of one load package, the `Outcome` takes them
when the package has arrived.
"""

import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from ..entities import ReportSegment
from ..errors import FATAL, Failure
from ..instances import InstanceToLoad, Look
from .loaded import CompleteInstance, LoadedSegment


@dataclass(slots=True)
class _Pending:
    """An instance whose segments are being loaded: none of them counts before all are."""

    left: set[str]
    withdrawn: list[str]
    done: list[LoadedSegment] = field(default_factory=list)
    has_failed: bool = False


@dataclass(slots=True)
class Totals:
    """Counts of a run that is under way; instances that failed are finished too."""

    instances: int = 0
    read_bytes: int = 0
    read_rows: int = 0

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(
            self.instances + other.instances,
            self.read_bytes + other.read_bytes,
            self.read_rows + other.read_rows,
        )


class Results:
    """Failures, notices and loaded segments, of one load package or of several."""

    def __init__(self) -> None:
        self.failures: list[Failure] = []
        self.notices: list[str] = []
        self.completed: list[LoadedSegment] = []
        self.nothing_to_load: set[str] = set()
        """Instances for which Apple listed no segment in this run that is not loaded."""
        self.totals = Totals()

    def add(self, other: "Results") -> None:
        self.failures += other.failures
        self.notices += other.notices
        self.completed += other.completed
        self.nothing_to_load |= other.nothing_to_load
        self.totals += other.totals

    def fail_instance(self, item: InstanceToLoad, error: Exception) -> None:
        """Note that no segment of the instance is loaded, and perhaps none is known."""
        self.failures.append(_failure(item, error))
        self.totals.instances += 1

    def notice(self, item: InstanceToLoad, text: str) -> None:
        self.notices.append(f"{item.listed}: {text}")


class Outcome(Results):
    """The results of a run: of the load packages that arrived. Only the thread that loads changes
    them; workers change those of their attempt.
    """

    def __init__(
        self,
        on_failure: Callable[[Failure], None] = lambda failure: None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self._on_failure = on_failure
        self._on_change = on_change
        self.stopped_by: Exception | None = None
        self.current = self.attempt()

    @property
    def totals_so_far(self) -> Totals:
        """With those of the current attempt."""
        return self.totals + self.current.totals

    def attempt(self) -> "Attempt":
        """Begin a load package. Results of the one before that were not taken do not count."""
        self.current = Attempt(self._on_failure, self._on_change, self.stop)
        return self.current

    def take(self) -> None:
        """Add the results of the current attempt: its load package has arrived."""
        taken = self.current
        with taken.lock:
            self.add(taken)
        self.attempt()
        self._on_change()

    def drop(self) -> None:
        """Forget the current attempt: its load package failed, its instances are loaded again.

        dlt leaves workers running when its extract step fails. They go on with the old attempt.
        """
        self.current.is_dropped = True
        self.attempt()

    def take_back(self, instance_ids: Collection[str]) -> list[InstanceToLoad]:
        """Uncount instances whose rows did not all arrive; returns them."""
        lost = {
            each.item.listed.instance.id: each.item
            for each in self.completed
            if each.item.listed.instance.id in instance_ids
        }
        self.completed = [
            each for each in self.completed if each.item.listed.instance.id not in lost
        ]
        self.totals.instances -= len(lost)
        return list(lost.values())

    def failures_so_far(self) -> list[Failure]:
        """The failures of the run, with those of the current attempt."""
        return [*self.failures, *self.current.failures]

    def segments_read(self) -> dict[str, set[str]]:
        """The segments that this run loaded, for each instance whose segments it listed."""
        found: dict[str, set[str]] = {each: set() for each in self.nothing_to_load}
        for each in self.completed:
            found.setdefault(each.item.listed.instance.id, set()).add(each.segment.id)
        return found

    def fail_instance(self, item: InstanceToLoad, error: Exception) -> None:
        super().fail_instance(item, error)
        self._on_failure(self.failures[-1])

    def stop(self, error: Exception) -> None:
        """Begin no further instance; those under way are finished. From any thread."""
        self.stopped_by = self.stopped_by or error


class Attempt(Results):
    """The results of one load package. Workers share it, and it alone decides when an instance is
    complete.
    """

    def __init__(
        self,
        on_failure: Callable[[Failure], None],
        on_change: Callable[[], None],
        stop: Callable[[Exception], None],
    ) -> None:
        super().__init__()
        self._on_failure = on_failure
        self._on_change = on_change
        self.stop = stop
        self.is_dropped = False
        self.looks: dict[str, tuple[InstanceToLoad, Look]] = {}
        self.listed_bytes = 0
        self.listed_segments = 0
        self.lock = threading.RLock()
        self._pending: dict[str, _Pending] = {}

    def begin(
        self, item: InstanceToLoad, segments: Iterable[ReportSegment], withdrawn: Iterable[str] = ()
    ) -> CompleteInstance | None:
        """Note the segments to load of an instance and those that Apple withdrew; returns the
        instance if it is complete with that.
        """
        own_id = item.listed.instance.id
        wanted, gone = list(segments), list(withdrawn)
        with self.lock:
            self.listed_bytes += sum(each.size_in_bytes for each in wanted)
            self.listed_segments += len(wanted)
            if wanted:
                self._pending[own_id] = _Pending({each.id for each in wanted}, gone)
                return None
            self.totals.instances += 1
            self.nothing_to_load.add(own_id)
            return CompleteInstance(item, [], gone) if gone else None

    def look(self, item: InstanceToLoad, look: Look) -> None:
        """Note the result of a look at an instance."""
        with self.lock:
            self.looks[item.listed.instance.id] = item, look

    def is_wanted(self, item: InstanceToLoad) -> bool:
        """Whether the remaining segments of a begun instance still have to be read."""
        with self.lock:
            pending = self._pending.get(item.listed.instance.id)
            return not self.is_dropped and pending is not None and not pending.has_failed

    def read(self, rows: int) -> None:
        with self.lock:
            self.totals.read_rows += rows
        self._on_change()

    def complete(self, loaded: LoadedSegment) -> CompleteInstance | None:
        """Note a segment as read; returns its instance if all its segments are, and none failed."""
        with self.lock:
            self.totals.read_bytes += loaded.segment.size_in_bytes
            self._pending[loaded.item.listed.instance.id].done.append(loaded)
            return self._settle(loaded.item, loaded.segment.id)

    def fail(self, item: InstanceToLoad, segment: ReportSegment, error: Exception) -> None:
        with self.lock:
            self.failures.append(_failure(item, error, segment.id))
            self._tell_of_failure()
            self._pending[item.listed.instance.id].has_failed = True
            if not isinstance(error, FATAL):  # which is not the instance's fault
                self.look(item, Look.FAILED)
            self._settle(item, segment.id)

    def leave(self, item: InstanceToLoad, segment: ReportSegment) -> None:
        """Note that a segment was not read, since its instance is not wanted any more."""
        with self.lock:
            self._settle(item, segment.id)

    def fail_instance(self, item: InstanceToLoad, error: Exception) -> None:
        with self.lock:
            super().fail_instance(item, error)
            self._tell_of_failure()
            self.look(item, Look.FAILED)

    def notice(self, item: InstanceToLoad, text: str) -> None:
        with self.lock:
            super().notice(item, text)

    def _tell_of_failure(self) -> None:
        if not self.is_dropped:
            self._on_failure(self.failures[-1])

    def _settle(self, item: InstanceToLoad, segment_id: str) -> CompleteInstance | None:
        instance_id = item.listed.instance.id
        pending = self._pending[instance_id]
        pending.left.discard(segment_id)
        if pending.left:
            return None
        del self._pending[instance_id]
        self.totals.instances += 1
        if pending.has_failed:
            return None
        if not item.is_recheck:
            self.look(item, Look.LOADED)
        self.completed += pending.done
        return CompleteInstance(item, pending.done, pending.withdrawn)


def _failure(item: InstanceToLoad, error: Exception, segment_id: str | None = None) -> Failure:
    listed = item.listed
    return Failure(
        str(listed),
        str(error),
        app_id=listed.app_id,
        report_name=listed.schema.name,
        instance_id=listed.instance.id,
        segment_id=segment_id,
    )
