"""Commits: instances in batches, each one load package of dlt, each checked after it arrived.

A batch is bounded by bytes, segments and minutes, so that a run of hours loses at most one when it
dies, and so that memory and disk do not grow with the run.
"""

import errno
import logging
import os
import time
from collections.abc import Callable, Iterator

from dlt import Pipeline
from dlt.extract import DltResource
from dlt.load.exceptions import LoadClientJobRetry
from dlt.pipeline.exceptions import PipelineStepFailed

from app_store_connect.configuration.settings import Configuration
from app_store_connect.errors import DestinationError, Failure
from app_store_connect.extract.instance_queue import InstanceQueue
from app_store_connect.extract.outcome import Outcome
from app_store_connect.extract.resources import SegmentLoader
from app_store_connect.instances import InstanceToLoad
from app_store_connect.planning.selection import Selection
from app_store_connect.source import batch_source
from app_store_connect.views.locks import in_the_way
from app_store_connect.warehouse.connection import Warehouse
from asc_pipeline.dlt_pipeline.packages import Packages, causes_of, is_interruption
from asc_pipeline.truth.repair import remove_miscounted

logger = logging.getLogger(__name__)

FAILED_SINGLES = 3
"""After this many single-instance failures in a row, blame the destination."""
MOST_INSTANCES = 1 << 20
_NO_SPACE = os.strerror(errno.ENOSPC)


class Batches:
    """Loads instances until there are none, or something stops the run; `outcome` tells."""

    def __init__(
        self,
        pipeline: Pipeline,
        warehouse: Warehouse,
        loader: SegmentLoader,
        outcome: Outcome,
        limits: Configuration,
        packages: Packages,
    ) -> None:
        self._pipeline = pipeline
        self._packages = packages
        self._warehouse = warehouse
        self._loader = loader
        self._outcome = outcome
        self._limits = limits
        self._queue = InstanceQueue(loader.reader.keys)
        self._fed: list[InstanceToLoad] = []
        self._most = MOST_INSTANCES
        self._failed_singles = 0
        self._retried: set[str] = set()
        self._has_loaded = False

    def load(
        self,
        selection: Selection,
        listings: list[DltResource],
        *,
        before_each: Callable[[], None],
    ) -> bool:
        """Load everything, the listings with the first batch. Says whether anything came of it.

        After a load that failed the next ones grow from one instance: so what cannot be loaded is
        found and named, and the others are not kept back by it.
        """
        self._queue.extend(selection.due)
        while (self._queue or listings) and not self._outcome.stopped_by:
            before_each()
            if self._load_batch([*listings, self._loader.rows(self._feed)]):
                listings = []
        return self._has_loaded

    def _feed(self) -> Iterator[InstanceToLoad | None]:
        """The instances of one batch: until it is large, or long, enough to be worth a commit.

        One at least, however short a batch may be, or the run would never end. None while every key
        waits for its budget.
        """
        limits, attempt = self._limits, self._outcome.current
        deadline = time.monotonic() + limits.batch_minutes * 60
        while (
            self._queue
            and not self._outcome.stopped_by
            and len(self._fed) < self._most
            and attempt.listed_bytes < limits.batch_megabytes * 1024**2
            and attempt.listed_segments < limits.batch_segments
            and (not self._fed or time.monotonic() < deadline)
        ):
            if item := self._queue.take():
                self._fed.append(item)
            yield item

    def _load_batch(self, resources: list[DltResource]) -> bool:
        """Whether it arrived."""
        self._fed.clear()
        try:
            load_ids = self._packages.load(batch_source(resources))
        except (PipelineStepFailed, OSError) as error:
            self._outcome.drop()
            self._abandon(error)
            return False
        self._outcome.take()
        self._most = min(2 * self._most, MOST_INSTANCES)
        self._failed_singles = 0
        self._has_loaded = self._has_loaded or bool(load_ids)
        for load_id in load_ids:
            self._load_again(remove_miscounted(self._warehouse, load_id))
        return True

    def _load_again(self, removed: set[str]) -> None:
        """Load instances once more whose rows did not all arrive; the second time they fail."""
        why = "its rows or slice keys at the destination are not as they were sent"
        for item in self._outcome.take_back(removed):
            if item.listed.instance.id in self._retried:
                self._outcome.fail_instance(item, DestinationError(why))
            else:
                self._retried.add(item.listed.instance.id)
                self._outcome.notice(item, f"{why}; they were removed and loaded again")
                self._queue.extend([item])

    def _abandon(self, error: PipelineStepFailed | OSError) -> None:
        """The destination, or the disk, failed: this batch is not loaded."""
        if is_interruption(error):
            raise KeyboardInterrupt from None
        causes = list(causes_of(error))
        logger.debug("batch failed", exc_info=error)
        reason = DestinationError(_essence(causes[-1]))
        # a full disk, a lost server: dlt tried again and again, and smaller loads would not help
        is_lasting = any(isinstance(each, (OSError, LoadClientJobRetry)) for each in causes)
        if not is_lasting and self._is_one_to_blame(reason):
            self._pipeline.abort_packages()
            return
        step = error.step if isinstance(error, PipelineStepFailed) else "run"
        what = f"the instances of one batch (dlt's {step} step)"
        self._outcome.failures.append(Failure(what, str(reason), error))
        self._outcome.stop(reason)

    def _is_one_to_blame(self, reason: DestinationError) -> bool:
        """Isolate the failing instance. Returns whether to go on.

        Not if several did one after the other: then the destination does not work at all.
        """
        if len(self._fed) > 1:
            self._outcome.notices.append(
                f"a load of {len(self._fed)} instances failed, begun again in parts: {reason}"
            )
            self._queue.put_back(self._fed)
            self._most = 1
            return True
        self._failed_singles += 1
        for item in self._fed:
            table = item.listed.table_name
            if why := in_the_way(self._warehouse, reason, table):
                reason = DestinationError(f"{table}: {why}")
            self._outcome.fail_instance(item, reason)
            self._queue.put_last(table)
        return self._failed_singles < FAILED_SINGLES


def _essence(error: BaseException) -> str:
    """Its message; where that quotes tracebacks, the end of the last one."""
    text = f"{type(error).__name__}: {error}"
    _, is_quoted, trace = text.rpartition("Traceback (most recent call last):")
    ends = [line for line in trace.splitlines() if line[:1].strip()]
    essence = ends[0] if is_quoted and ends else text
    return f"{essence}; free some space, then run again" if _NO_SPACE in essence else essence
