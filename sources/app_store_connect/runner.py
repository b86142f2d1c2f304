"""The main job: batches, recovery, the views, and an account of what was done.

A run begins by removing what a dead run left, here and on the destination. It ends with the views,
also if it was cut short.
"""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from dlt import Pipeline
from dlt.extract import DltResource

from app_store_connect.batches import Batches
from app_store_connect.budget import RequestBudget
from app_store_connect.client import AppStoreConnectClient
from app_store_connect.configuration import Configuration, set_dlt_defaults
from app_store_connect.discovery import Failure, Listing, discover
from app_store_connect.download import SegmentDownloader
from app_store_connect.errors import ApiError, BudgetExhaustedError
from app_store_connect.ledger import Ledger
from app_store_connect.outcome import Outcome
from app_store_connect.pinpoint import find_app_of_request, list_pinpointed
from app_store_connect.progress import Progress
from app_store_connect.repair import (
    newest_load,
    remove_miscounted,
    remove_segments,
    sweep_incomplete,
    sweep_superseded,
)
from app_store_connect.resources import SegmentLoader
from app_store_connect.selection import InstanceToLoad, Options, Selection, select_instances
from app_store_connect.source import listing_rows
from app_store_connect.summary import Summary
from app_store_connect.tables import LISTING_TABLES
from app_store_connect.views import create_views
from app_store_connect.workspace import (
    empty_pipelines_dir,
    location_of,
    make_pipeline,
    opened,
)


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
        destination, dataset = self._settings.destination, self._settings.dataset
        try:
            with empty_pipelines_dir() as pipelines_dir:
                pipeline = make_pipeline(destination, dataset, pipelines_dir)
                ledger = Ledger(pipeline, dataset)
                with opened(ledger):
                    self.summary.location = location_of(pipeline)
                    self._run(pipeline, ledger)
        finally:
            self._budget.cancel()  # no thread is left waiting when the run was interrupted
            self.summary.seconds = time.monotonic() - self._started
        return self.summary

    def _run(self, pipeline: Pipeline, ledger: Ledger) -> None:
        if not self._settings.is_plan:
            self._recover(pipeline, ledger)
        self._progress.phase("asking Apple what there is")
        try:
            listing = self.summary.listing = self._list(ledger)
            selection = self.summary.selection = self._select(listing, ledger)
            if not self._settings.is_plan:
                self._load_all(pipeline, ledger, listing, selection)
                self._renew_stopped(listing)
        except BudgetExhaustedError as error:
            self._outcome.stop(error)
        finally:
            if not self._settings.is_plan:
                self._progress.phase("bringing the views up to date")
                self.summary.tables = create_views(ledger, self._policies)

    def _recover(self, pipeline: Pipeline, ledger: Ledger) -> None:
        """Remove the rows of loads that never completed, which are invisible already."""
        pipeline.sync_destination()
        is_shared = self._settings.destination != "duckdb"  # others may be writing at this moment
        cutoff = datetime.now(UTC) - self._configuration.sweep_after
        sweep_incomplete(ledger, str(cutoff.timestamp()) if is_shared else None)
        sweep_superseded(ledger)
        if newest := newest_load(ledger):
            remove_miscounted(ledger, newest)

    def _list(self, ledger: Ledger) -> Listing:
        options = self._settings.options
        if options.instance_ids:
            known = ledger.known_instances(options.instance_ids)
            return list_pinpointed(self._client, self._downloader, options, known)
        return discover(
            self._client,
            options,
            workers=self._configuration.workers,
            app_of_request=partial(self._app_of_request, ledger),
        )

    def _app_of_request(self, ledger: Ledger, request_id: str) -> str | None:
        return ledger.app_of_request(request_id) or find_app_of_request(
            self._client, self._downloader, self._settings.options, request_id
        )

    def _select(self, listing: Listing, ledger: Ledger) -> Selection:
        options = self._settings.options
        dates = [item.instance.processing_date for item in listing.instances]
        loaded = ledger.loaded_segments(min(dates, default=self._today))
        if options.instance_ids:
            due = tuple(
                InstanceToLoad(item, loaded.get(item.instance.id, {})) for item in listing.instances
            )
            return Selection(due, len(due), sum(item.is_recheck for item in due), 0)
        return select_instances(listing.instances, loaded, options, today=self._today)

    def _load_all(
        self, pipeline: Pipeline, ledger: Ledger, listing: Listing, selection: Selection
    ) -> None:
        self._progress.begin(len(selection.due), self._outcome)
        loader = SegmentLoader(
            self._client,
            self._downloader,
            self._outcome,
            today=self._today,
            write_disposition="append",
            max_inflated_bytes=int(self._configuration.max_inflated_gigabytes * 1024**3),
        )
        listings = self._changed_listings(loader, listing, ledger)
        batches = Batches(pipeline, ledger, loader, self._configuration)
        batches.load(selection.due, listings, before_each=partial(self._progress.phase, "loading"))
        remove_segments(ledger, self._outcome.withdrawn)
        sweep_superseded(ledger)

    def _changed_listings(
        self, loader: SegmentLoader, listing: Listing, ledger: Ledger
    ) -> list[DltResource]:
        rows = listing_rows(listing)
        changed = [(table, ledger.changed(table, rows[table.name])) for table in LISTING_TABLES]
        return [loader.listing(table, partial(list, found)) for table, found in changed if found]

    def _renew_stopped(self, listing: Listing) -> None:
        """With --create-requests and nothing left to load: order anew what Apple stopped."""
        wanted = self._settings.options.create_requests
        if self._outcome.failures or self._outcome.stopped_by:
            return
        for request in [each for each in listing.stopped if each.access_type is wanted]:
            what = f"a new {wanted} report request for app {request.app_id}"
            try:
                self._client.delete_report_request(request.id)
                what += f", whose stopped one {request.id} is deleted"
                listing.requests.remove(request)
                created = self._client.create_report_request(request.app_id, request.access_type)
            except ApiError as error:
                listing.failures.append(Failure(what, str(error), error))
                continue
            listing.notices.append(
                f"app {request.app_id}: report request {created.id} replaces {request.id}, which"
                " Apple had stopped"
            )
