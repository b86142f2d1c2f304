"""Load packages of dlt: extract, normalize and load, with the retries that they need."""

import logging
from collections import deque
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pyarrow as pa
from dlt import Pipeline
from dlt.common.pipeline import LoadInfo, StepInfo
from dlt.extract import DltSource
from dlt.pipeline.exceptions import PipelineStepFailed
from tenacity import Retrying, after_log, retry_if_exception, stop_after_attempt, wait_random

from app_store_connect.warehouse.connection import Warehouse, is_lock_timeout
from app_store_connect.warehouse.duckdb_settings import is_out_of_memory, little_memory
from asc_pipeline.dlt_pipeline.workspace import file_format_of

logger = logging.getLogger(__name__)

RELOADS = 4
"""Retries of a load package after a conflict with another writer."""


class Packages:
    """Loads sources into the open warehouse, each as one package; `steps` gets dlt's account."""

    def __init__(
        self,
        pipeline: Pipeline,
        warehouse: Warehouse,
        steps: deque[StepInfo[Any]],
        *,
        is_shared: bool,
    ) -> None:
        self._steps = steps
        self._pipeline = pipeline
        self._warehouse = warehouse
        self._is_shared = is_shared
        self._file_format = file_format_of(pipeline)
        self._is_frugal = True

    def load(self, source: DltSource) -> list[str]:
        """The ids of the loads that came of it; none if there was nothing new.

        Two first runs on a server may both make a table: who comes second goes on from there. A
        row that this doubles shows in the count that follows.
        """
        info = self._pipeline.extract(source, loader_file_format=self._file_format)
        self._steps.append(info)
        pa.default_memory_pool().release_unused()  # or it stays in memory while loading
        if not any(step["table_metrics"] for steps in info.metrics.values() for step in steps):
            self.abort()
            return []
        self._steps.append(self._pipeline.normalize())
        retrying = Retrying(
            retry=retry_if_exception(self._may_reload),
            stop=stop_after_attempt(1 + RELOADS),
            wait=wait_random(0.2, 1.0),
            after=after_log(logger, logging.DEBUG),
            reraise=True,
        )
        loaded = retrying(self._load_package)
        self._steps.append(loaded)
        return list(loaded.loads_ids)

    def abort(self) -> None:
        """Drop packages that are not loaded yet."""
        self._pipeline.abort_packages()

    def _may_reload(self, error: BaseException) -> bool:
        """Not when interrupted: dlt remembers the signal, and would break off every try; nor when
        each try would wait for somebody who reads for long.
        """
        is_pending = self._is_shared and self._pipeline.has_pending_data
        is_possible = is_pending and isinstance(error, PipelineStepFailed)
        return is_possible and not (is_interruption(error) or is_lock_timeout(error))

    def _load_package(self) -> LoadInfo:
        """Load under a memory limit; on out-of-memory, drop the limit for the rest of the run."""
        frugally = little_memory(self._warehouse.client) if self._is_frugal else nullcontext()
        try:
            with frugally:
                return self._pipeline.load()
        except PipelineStepFailed as error:
            is_small = self._is_frugal and is_out_of_memory(error)
            if not is_small or not self._pipeline.has_pending_data:
                raise
            logger.debug("package begun again with more memory", exc_info=error)
        self._is_frugal = False
        return self._pipeline.load()


def is_interruption(error: BaseException) -> bool:
    """Whether it comes of a signal; dlt's own kind is a KeyboardInterrupt too."""
    return any(isinstance(each, KeyboardInterrupt) for each in causes_of(error))


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """The error and its causes, the first cause last."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
