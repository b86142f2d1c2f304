"""Commits: instances in batches, each one load package of dlt, each checked after it arrived.

A batch is bounded by bytes, segments and minutes, so that a run of hours loses at most one when it
dies, and so that memory and disk do not grow with the run.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from dlt import Pipeline
from dlt.common.exceptions import SignalReceivedException
from dlt.extract import DltResource
from dlt.pipeline.exceptions import PipelineStepFailed

from app_store_connect.configuration import Configuration
from app_store_connect.discovery import Failure
from app_store_connect.errors import DestinationError
from app_store_connect.ledger import Ledger
from app_store_connect.repair import remove_miscounted
from app_store_connect.resources import SegmentLoader
from app_store_connect.selection import InstanceToLoad
from app_store_connect.source import batch_source

logger = logging.getLogger(__name__)


class Batches:
    """Loads instances until there are none, or something stops the run; `loader.outcome` tells."""

    def __init__(
        self, pipeline: Pipeline, ledger: Ledger, loader: SegmentLoader, limits: Configuration
    ) -> None:
        self._pipeline = pipeline
        self._ledger = ledger
        self._loader = loader
        self._outcome = loader.outcome
        self._limits = limits
        self._queue: deque[InstanceToLoad] = deque()
        self._retried: set[str] = set()

    def load(
        self,
        instances: Iterable[InstanceToLoad],
        listings: list[DltResource],
        *,
        before_each: Callable[[], None],
    ) -> None:
        """Load everything, the listings with the first batch."""
        self._queue.extend(instances)
        while (self._queue or listings) and not self._outcome.stopped_by:
            before_each()
            self._load_batch([*listings, self._loader.resource(self._feed())])
            listings = []

    def _feed(self) -> Iterator[InstanceToLoad]:
        """The instances of one batch: until it is large, or long, enough to be worth a commit."""
        outcome, limits = self._outcome, self._limits
        full_bytes = outcome.listed_bytes + limits.batch_megabytes * 1024**2
        full_segments = outcome.listed_segments + limits.batch_segments
        deadline = time.monotonic() + limits.batch_minutes * 60
        while (
            self._queue
            and not outcome.stopped_by
            and outcome.listed_bytes < full_bytes
            and outcome.listed_segments < full_segments
            and time.monotonic() < deadline
        ):
            yield self._queue.popleft()

    def _load_batch(self, resources: list[DltResource]) -> None:
        before = len(self._outcome.completed)
        try:
            info = self._pipeline.run(batch_source(resources), loader_file_format="parquet")
        except PipelineStepFailed as error:
            self._abandon(before, error)
            return
        for load_id in info.loads_ids:
            self._load_again(before, remove_miscounted(self._ledger, load_id))

    def _load_again(self, before: int, removed: set[str]) -> None:
        """Instances whose rows did not all arrive: once more, then they are failures."""
        done = self._outcome.completed[before:]
        items = {
            each.item.listed.instance.id: each.item for each in done if each.segment.id in removed
        }
        self._outcome.completed[before:] = [
            each for each in done if each.item.listed.instance.id not in items
        ]
        for instance_id, item in items.items():
            why = "the destination holds another number of rows than were sent"
            if instance_id in self._retried:
                self._outcome.fail_instance(item, DestinationError(why))
            else:
                self._retried.add(instance_id)
                self._outcome.notice(item, f"{why}; they were removed and loaded again")
                self._outcome.forget(each.segment.id for each in done if each.item is item)
                self._queue.append(item)

    def _abandon(self, before: int, error: PipelineStepFailed) -> None:
        """The destination, or the disk, failed: what this batch read is not loaded."""
        del self._outcome.completed[before:]
        causes = list(_causes(error))
        if any(isinstance(each, (KeyboardInterrupt, SignalReceivedException)) for each in causes):
            raise KeyboardInterrupt from None
        cause = causes[-1]
        reason = DestinationError(f"{type(cause).__name__}: {cause}")
        what = f"the instances of one batch (dlt's {error.step} step)"
        self._outcome.failures.append(Failure(what, str(reason), error))
        self._outcome.stop(reason)
        logger.debug("batch failed", exc_info=error)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from, the first cause last."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
