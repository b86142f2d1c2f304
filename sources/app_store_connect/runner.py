"""The main job: batches, recovery, the views, and an account of what was done.

A run begins by dropping what a dead run left in dlt's working folder: nothing in there counts, since what is
loaded is asked of the destination. It ends with the views, also if it was cut short.
"""

import logging
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import dlt
from dlt import Pipeline
from dlt.common.exceptions import DltException
from dlt.extract import DltResource
from dlt.pipeline.exceptions import PipelineStepFailed

from app_store_connect.budget import RequestBudget
from app_store_connect.client import AppStoreConnectClient
from app_store_connect.configuration import Configuration, set_dlt_defaults
from app_store_connect.discovery import Failure, Listing, discover
from app_store_connect.download import SegmentDownloader
from app_store_connect.errors import AppStoreConnectError, BudgetExhaustedError, DestinationError
from app_store_connect.ledger import Ledger
from app_store_connect.outcome import Outcome
from app_store_connect.pinpoint import list_pinpointed
from app_store_connect.progress import Progress
from app_store_connect.resources import SegmentLoader
from app_store_connect.selection import InstanceToLoad, Options, Selection, select_instances
from app_store_connect.source import batch_source, listing_rows
from app_store_connect.summary import Summary
from app_store_connect.tables import LISTING_TABLES
from app_store_connect.views import create_views

logger = logging.getLogger(__name__)

PIPELINE_NAME = "asc_segments"


@dataclass(frozen=True, slots=True)
class Settings:
    """A run, as the command line asks for it."""

    options: Options = field(default_factory=Options)
    destination: str = "duckdb"
    dataset: str = "app_store_connect"
    max_wait: float = 3600.0
    is_plan: bool = False


class Run:
    """One run from listing to views. `execute` may be called once."""

    def __init__(
        self, configuration: Configuration, settings: Settings, progress: Progress
    ) -> None:
        self._configuration = configuration
        self._settings = settings
        self._progress = progress
        self._policies = configuration.policies()
        self._budget = RequestBudget(settings.max_wait, on_wait=progress.waiting)
        self._client = AppStoreConnectClient(configuration.credentials(), budget=self._budget)
        self._downloader = SegmentDownloader(self._client.read_segment)
        self._outcome = Outcome(on_failure=progress.failed, on_change=progress.changed)
        self._today = datetime.now(UTC).date()
        self._started = time.monotonic()
        self._retried: set[str] = set()
        self.summary = Summary(
            destination=settings.destination,
            dataset=settings.dataset,
            outcome=self._outcome,
            budget=self._budget,
        )

    def execute(self) -> Summary:
        """Load all that is due, and say what was and what was not.

        Raises:
            ConfigurationError, ApiError, UnavailableError: nothing was loaded.
        """
        set_dlt_defaults(self._configuration.workers)
        pipeline = self._pipeline()
        ledger = Ledger(pipeline, self._settings.dataset)
        with _opened(ledger):
            self.summary.location = _location(pipeline)
            try:
                if not self._settings.is_plan:
                    self._recover(pipeline, ledger)
                self._run(pipeline, ledger)
            except BudgetExhaustedError as error:
                self._outcome.stop(error)
        self.summary.seconds = time.monotonic() - self._started
        return self.summary

    def _run(self, pipeline: Pipeline, ledger: Ledger) -> None:
        self._progress.phase("asking Apple what there is")
        options = self._settings.options
        listing = self._list(ledger)
        self.summary.listing = listing
        selection = self._select(listing, ledger, options)
        self.summary.selection = selection
        if self._settings.is_plan:
            return
        try:
            self._load_all(pipeline, ledger, listing, selection)
        finally:
            self._progress.phase("bringing the views up to date")
            self.summary.tables = create_views(ledger, self._policies)
        self._renew_stopped(listing)

    def _pipeline(self) -> Pipeline:
        try:
            return dlt.pipeline(
                PIPELINE_NAME,
                destination=self._settings.destination,
                dataset_name=f"{self._settings.dataset}_raw",
            )
        except DltException as error:
            raise DestinationError(
                f"destination {self._settings.destination!r} cannot be used: {error}"
            ) from error

    def _recover(self, pipeline: Pipeline, ledger: Ledger) -> None:
        """Drop what a dead run left: packages and folders here, invisible rows on the destination."""
        pipeline.drop()
        pipeline.sync_destination()
        is_shared = self._settings.destination != "duckdb"  # others may be writing at this moment
        cutoff = datetime.now(UTC) - self._configuration.sweep_after
        ledger.sweep_incomplete(str(cutoff.timestamp()) if is_shared else None)
        ledger.sweep_superseded()
        if newest := ledger.newest_load():
            self._check(ledger, newest)

    def _list(self, ledger: Ledger) -> Listing:
        options = self._settings.options
        if options.instance_ids:
            known = ledger.known_instances(options.instance_ids)
            return list_pinpointed(self._client, self._downloader, options, known)
        return discover(
            self._client,
            options,
            workers=self._configuration.workers,
            app_of_request=ledger.app_of_request,
        )

    def _select(self, listing: Listing, ledger: Ledger, options: Options) -> Selection:
        dates = [item.instance.processing_date for item in listing.instances]
        loaded = ledger.loaded_segments(min(dates, default=self._today))
        if options.instance_ids:
            due = tuple(
                InstanceToLoad(item, loaded.get(item.instance.id, {}))
                for item in listing.instances
            )
            return Selection(due, len(due), sum(item.is_recheck for item in due), 0)
        return select_instances(listing.instances, loaded, options, today=self._today)

    def _load_all(
        self, pipeline: Pipeline, ledger: Ledger, listing: Listing, selection: Selection
    ) -> None:
        queue = deque(selection.due)
        self._progress.begin(len(queue), self._outcome)
        loader = SegmentLoader(
            self._client,
            self._downloader,
            self._outcome,
            today=self._today,
            write_disposition="append",
            max_inflated_bytes=int(self._configuration.max_inflated_gigabytes * 1024**3),
        )
        listings = self._changed_listings(loader, listing, ledger)
        while (queue or listings) and not self._outcome.stopped_by:
            self._load_batch(pipeline, ledger, [*listings, loader.resource(self._feed(queue))], queue)
            listings = []
        withdrawn = {segment_id for _, segment_id in self._outcome.withdrawn}
        ledger.remove_segments(withdrawn)
        ledger.sweep_superseded()

    def _changed_listings(
        self, loader: SegmentLoader, listing: Listing, ledger: Ledger
    ) -> list[DltResource]:
        rows = listing_rows(listing)
        changed = [(table, ledger.changed(table, rows[table.name])) for table in LISTING_TABLES]
        return [loader.listing(table, partial(list, found)) for table, found in changed if found]

    def _feed(self, queue: deque[InstanceToLoad]) -> Iterator[InstanceToLoad]:
        """The instances of one batch: until it is large, or long, enough to be worth a commit."""
        outcome, limits = self._outcome, self._configuration
        full_bytes = outcome.listed_bytes + limits.batch_megabytes * 1024**2
        full_segments = outcome.listed_segments + limits.batch_segments
        deadline = time.monotonic() + limits.batch_minutes * 60
        self._progress.phase("loading")
        while (
            queue
            and not outcome.stopped_by
            and outcome.listed_bytes < full_bytes
            and outcome.listed_segments < full_segments
            and time.monotonic() < deadline
        ):
            yield queue.popleft()

    def _load_batch(
        self,
        pipeline: Pipeline,
        ledger: Ledger,
        resources: list[DltResource],
        queue: deque[InstanceToLoad],
    ) -> None:
        before = len(self._outcome.completed)
        try:
            info = pipeline.run(batch_source(resources), loader_file_format="parquet")
        except PipelineStepFailed as error:
            self._abandon(before, error)
            return
        for load_id in info.loads_ids:
            wrong = self._check(ledger, load_id)
            queue.extend(self._again(before, wrong))
        self.summary.batches += 1

    def _check(self, ledger: Ledger, load_id: str) -> set[str]:
        """Remove what a load has too much or too little of; instances go whole."""
        wrong = ledger.miscounted(load_id)
        ledger.remove_segments(ledger.with_siblings(wrong, load_id), load_id=load_id)
        return wrong

    def _again(self, before: int, wrong: set[str]) -> Iterator[InstanceToLoad]:
        """Instances of this batch whose rows did not all arrive: once more, then they are failures."""
        done = self._outcome.completed[before:]
        items = {
            each.item.listed.instance.id: each.item for each in done if each.segment.id in wrong
        }
        if not items:
            return
        self._outcome.completed[before:] = [
            each for each in done if each.item.listed.instance.id not in items
        ]
        for instance_id, item in items.items():
            self._outcome.forget(item)
            why = "the destination holds another number of rows than were sent"
            if instance_id in self._retried:
                self._outcome.failures.append(Failure(str(item.listed), why))
            else:
                self._retried.add(instance_id)
                self._outcome.notice(item, f"{why}; they were removed and loaded again")
                yield item

    def _abandon(self, before: int, error: PipelineStepFailed) -> None:
        """The destination, or the disk, failed: what this batch read is not loaded."""
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        del self._outcome.completed[before:]
        reason = cause if isinstance(cause, AppStoreConnectError) else DestinationError(str(cause))
        what = f"batch {self.summary.batches + 1} ({error.step} step)"
        self._outcome.failures.append(Failure(what, str(reason), error))
        self._outcome.stop(reason)
        logger.debug("batch failed", exc_info=error)

    def _renew_stopped(self, listing: Listing) -> None:
        """With --create-requests and nothing left to load: order anew what Apple stopped."""
        wanted = self._settings.options.create_requests
        if self._outcome.failures or self._outcome.stopped_by:
            return
        for request in [each for each in listing.stopped if each.access_type is wanted]:
            self._client.delete_report_request(request.id)
            created = self._client.create_report_request(request.app_id, request.access_type)
            listing.requests.remove(request)
            listing.notices.append(
                f"replaced the stopped report request {request.id} of app {request.app_id} by {created.id}"
            )


@contextmanager
def _opened(ledger: Ledger) -> Iterator[None]:
    with ExitStack() as stack:
        try:
            stack.enter_context(ledger.open())
        except Exception as error:  # whatever the destination's driver raises
            raise destination_error(error) from error
        yield


def destination_error(error: Exception) -> DestinationError:
    """What keeps a destination from being opened, in words that say what to do."""
    text = str(error).strip()
    if "Conflicting lock" in text or "Could not set lock" in text:
        return DestinationError(
            f"the DuckDB file is in use by another process: close it there, or wait for the other run;"
            f" {text.splitlines()[0]}"
        )
    return DestinationError(
        f"the destination cannot be opened for writing; check its address, rights and disk: {text}"
    )


def _location(pipeline: Pipeline) -> str:
    credentials: Any = getattr(pipeline.destination_client().config, "credentials", None)
    return str(getattr(credentials, "database", "") or "")
