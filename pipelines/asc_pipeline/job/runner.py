"""The main job: batches, recovery, the views, and an account of what was done.

A run begins by removing what a dead run left, here and on the destination. It ends with the views,
also if it was cut short, and with its row in `analytics_runs`. A run that is refused before it
lists anything leaves the views as they are.
"""

import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from signal import SIGINT
from typing import Any

from dlt import Pipeline
from dlt.common.exceptions import SignalReceivedException
from dlt.common.pipeline import StepInfo
from dlt.common.runtime.signals import set_received_signal, wake_all

from app_store_connect.configuration.keys import api_keys, read_key_settings
from app_store_connect.configuration.settings import Configuration, set_dlt_defaults
from app_store_connect.errors import (
    ApiDownError,
    BudgetExhaustedError,
    ConfigurationError,
    DatabaseLostError,
    DestinationError,
    Failure,
)
from app_store_connect.extract.outcome import Outcome
from app_store_connect.planning.options import Options
from app_store_connect.warehouse.connection import Warehouse
from asc_pipeline.dlt_pipeline.folder_copy import MOST_STEPS, copy_for_dlt
from asc_pipeline.dlt_pipeline.job_folder import empty_pipelines_dir
from asc_pipeline.dlt_pipeline.opening import Patience, opened, synchronise
from asc_pipeline.dlt_pipeline.packages import Packages
from asc_pipeline.dlt_pipeline.workspace import (
    database_file,
    is_without_file,
    location_of,
    make_pipeline,
    remove_empty_file,
    without_file,
)
from asc_pipeline.job.alerting import send_after_run
from asc_pipeline.job.loading import Loading
from asc_pipeline.job.maintenance import Upkeep
from asc_pipeline.job.progress import FOR_THE_CLOCK, Progress
from asc_pipeline.job.run_record import record_run
from asc_pipeline.job.summary import Summary
from asc_pipeline.job.verification import DemoApps
from asc_pipeline.text import new_run_id


@dataclass(frozen=True, slots=True)
class Settings:
    """A run, as the command line asks for it."""

    options: Options = field(default_factory=Options)
    destination: str = "duckdb"
    dataset: str = "app_store_connect"
    max_wait: float = 3600.0
    wait_seconds: float = 0.0
    demo_apps: DemoApps | None = None
    is_plan: bool = False
    keep_superseded_days: int | None = None
    keys: tuple[str, ...] = ()
    """Names of keys; empty for all."""
    alert_urls: tuple[str, ...] = field(default=(), repr=False)
    """Where to send alerts when the run has ended."""


def _now() -> datetime:
    return datetime.now(UTC)


class Run:
    """One run from listing to views. `execute` may be called once."""

    def __init__(
        self,
        configuration: Configuration,
        settings: Settings,
        progress: Progress,
        clock: Callable[[], datetime] = _now,
        run_id: str | None = None,
    ) -> None:
        self._configuration = configuration
        self._settings = settings
        self._progress = progress
        self._keys, self._key_failures = api_keys(
            read_key_settings(configuration, settings.keys),
            configuration,
            max_wait=settings.max_wait,
            tell=self._tell,
        )
        self._outcome = Outcome(on_failure=self._failed, on_change=progress.changed)
        self._outcome.notices += self._keys.notices
        self._clock = clock
        self._today = clock().date()
        self._started = time.monotonic()
        self._is_shared = settings.destination != "duckdb"  # others may write at the same time
        self._failures_before: list[Failure] = []
        self._steps: deque[StepInfo[Any]] = deque(maxlen=MOST_STEPS)
        self.summary = Summary(
            run_id=run_id or new_run_id(),
            started_at=clock(),
            destination=settings.destination,
            dataset=settings.dataset,
            outcome=self._outcome,
            keys=self._keys,
            options=settings.options,
            is_for_all_apps=not (
                settings.keys or settings.options.app_ids or settings.options.bundle_ids
            ),
        )

    def _tell(self, key: str, why: str, seconds: float | None) -> None:
        text = why if self._keys.is_single else f"key {key}: {why}"
        if seconds is None:
            self._progress.say(text)
        else:
            self._progress.waiting(seconds, text)

    def execute(self) -> Summary:
        """Load all that is due; returns the account of it.

        Raises:
            ConfigurationError, ApiError, UnavailableError: nothing was loaded.
        """
        set_dlt_defaults(self._keys.all_workers)
        destination, dataset = self._settings.destination, self._settings.dataset
        is_plan = self._settings.is_plan
        try:
            with empty_pipelines_dir() as pipelines_dir:
                pipeline = make_pipeline(destination, dataset, pipelines_dir, is_reader=is_plan)
                self.summary.location = location_of(pipeline)
                if is_plan:
                    pipeline = without_file(pipeline, pipelines_dir)
                warehouse = Warehouse(pipeline, dataset)
                new_file = Path(location_of(pipeline)) if is_without_file(pipeline) else None
                with self._opened(warehouse, new_file):
                    try:
                        self._run_recorded(pipeline, warehouse)
                    finally:
                        if new_file:
                            remove_empty_file(pipeline, warehouse)
                if not is_plan:
                    copy_for_dlt(pipeline, self._steps)
        except KeyboardInterrupt:
            self.interrupt()
        finally:
            self._keys.cancel()  # no thread is left waiting when the run was interrupted
            set_received_signal(0)
            self.summary.seconds = time.monotonic() - self._started
        return self.summary

    def _opened(self, warehouse: Warehouse, new_file: Path | None) -> AbstractContextManager[None]:
        return opened(
            warehouse,
            self._configuration.table_format,
            self._patience(),
            new_file=new_file,
            is_plan=self._settings.is_plan,
        )

    def interrupt(self) -> None:
        """From another thread: finish the load that is under way, and begin no other."""
        if not self.summary.is_interrupted:
            self.summary.is_interrupted = True
            self._failures_before = self._outcome.failures_so_far()
        self._outcome.stop(InterruptedError("interrupted"))
        self._keys.cancel()
        set_received_signal(SIGINT)
        wake_all()

    def _run_recorded(self, pipeline: Pipeline, warehouse: Warehouse) -> None:
        """Run, and write the run's row, however it ended."""
        try:
            self._run(pipeline, warehouse)
        except Exception as error:
            self._record(pipeline, warehouse, error)
            self._alert(pipeline, warehouse)
            raise
        if self.summary.is_interrupted:
            self._outcome.failures = self._failures_before
        self._record(pipeline, warehouse)
        self._alert(pipeline, warehouse)

    def _record(
        self, pipeline: Pipeline, warehouse: Warehouse, error: Exception | None = None
    ) -> None:
        """Not of a plan, nor where the destination failed: that would fail again."""
        set_received_signal(0)  # or dlt would load nothing after an interruption
        if self._settings.is_plan or isinstance(self._outcome.stopped_by, DestinationError):
            return
        packages = self._packages(pipeline, warehouse)
        table_format = self._configuration.table_format
        self._outcome.notices += record_run(
            packages, warehouse, self.summary, self._clock(), error, table_format
        )

    def _alert(self, pipeline: Pipeline, warehouse: Warehouse) -> None:
        urls, stop = list(self._settings.alert_urls), self._outcome.stopped_by
        if not urls or self.summary.is_interrupted or isinstance(stop, DestinationError):
            return
        packages = self._packages(pipeline, warehouse)
        table_format = self._configuration.table_format
        self._outcome.notices += send_after_run(
            urls, warehouse, packages, self._clock(), table_format
        )

    def _packages(self, pipeline: Pipeline, warehouse: Warehouse) -> Packages:
        return Packages(pipeline, warehouse, deque(), is_shared=self._is_shared)

    def _run(self, pipeline: Pipeline, warehouse: Warehouse) -> None:
        if self._settings.demo_apps:
            self._settings.demo_apps.check(warehouse)
        if not self._settings.is_plan:
            synchronise(pipeline)
        upkeep = self._upkeep(pipeline, warehouse)
        loading = Loading(
            pipeline,
            warehouse,
            Packages(pipeline, warehouse, self._steps, is_shared=self._is_shared),
            upkeep,
            self.summary,
            self._configuration,
            self._progress,
            self._today,
        )
        if not self._settings.is_plan:
            upkeep.check_clock()
        try:
            if self._settings.is_plan:
                loading.plan(self._key_failures)
            else:
                loading.load(self._key_failures)
        except (BudgetExhaustedError, ApiDownError) as error:
            self._outcome.stop(error)
        except DestinationError as error:
            self._destination_failed(error)
        except (KeyboardInterrupt, SignalReceivedException):  # dlt's way to heed `interrupt`
            self.interrupt()
        if not self._settings.is_plan:
            self._finish(upkeep)

    def _upkeep(self, pipeline: Pipeline, warehouse: Warehouse) -> Upkeep:
        return Upkeep(
            warehouse,
            sweep_after=self._configuration.sweep_after if self._is_shared else None,
            database=database_file(pipeline),
            clock=self._clock,
            wait=self._wait_for_clock,
            keep_superseded_days=self._keep_superseded_days(warehouse),
            table_format=self._configuration.table_format,
        )

    def _keep_superseded_days(self, warehouse: Warehouse) -> int | None:
        """Raises ConfigurationError where rows cannot be deleted."""
        asked = self._settings.keep_superseded_days
        days = self._configuration.keep_superseded_days if asked is None else asked
        if days is not None and not warehouse.database.can_delete:
            raise ConfigurationError(
                "--keep-superseded removes rows, which the files of a lake do not allow without"
                " being written anew: leave it out, or load into a database"
            )
        return days

    def _patience(self) -> Patience:
        return Patience(self._settings.wait_seconds, self._progress.say, self._sleep)

    def _sleep(self, seconds: float) -> None:
        self._keys.first.client.budget.sleep(seconds)
        if self.summary.is_interrupted:
            raise KeyboardInterrupt

    def _wait_for_clock(self, seconds: float) -> None:
        self._progress.waiting(seconds, FOR_THE_CLOCK)
        self._sleep(seconds)

    def _finish(self, upkeep: Upkeep) -> None:
        self._progress.phase("bringing the views up to date")
        try:
            upkeep.refresh(is_last=True)
        except DestinationError as error:
            self._destination_failed(error)
        self.summary.views = upkeep.views
        if isinstance(self._outcome.stopped_by, DestinationError):
            return  # that a view cannot be made either follows from it
        for failure in upkeep.failures:
            self._outcome.failures.append(failure)
            self._failed(failure)

    def _failed(self, failure: Failure) -> None:
        if not self.summary.is_interrupted:  # of a run that was told to stop everything fails
            self._progress.failed(failure)

    def _destination_failed(self, error: DestinationError) -> None:
        is_known = isinstance(self._outcome.stopped_by, DestinationError)
        if not is_known or isinstance(error, DatabaseLostError):
            failure = Failure("the rest of this run", str(error), error)
            self._outcome.failures.append(failure)
            self._failed(failure)
        self._outcome.stop(error)
