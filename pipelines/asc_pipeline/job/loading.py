"""The steps of a run while its destination is open: list, choose, load, renew."""

from collections.abc import Collection
from datetime import date
from functools import partial

from dlt import Pipeline

from app_store_connect.catalog import schema_of_report
from app_store_connect.configuration.settings import Configuration
from app_store_connect.errors import FATAL, Failure
from app_store_connect.extract.instance_reader import InstanceReader
from app_store_connect.extract.loaded import doubled_notes
from app_store_connect.extract.resources import SegmentLoader
from app_store_connect.instances import ListedInstance
from app_store_connect.planning.renewal import renew_stopped
from app_store_connect.planning.selection import Selection
from app_store_connect.planning.units import units_of_work
from app_store_connect.views.owners import ties
from app_store_connect.warehouse.connection import Warehouse
from app_store_connect.warehouse.ledger import Ledger
from asc_pipeline.dlt_pipeline.packages import Packages
from asc_pipeline.dlt_pipeline.workspace import takes_dictionaries
from asc_pipeline.job.batches import Batches
from asc_pipeline.job.due import changed_lists, list_offered, select_due
from asc_pipeline.job.maintenance import Upkeep
from asc_pipeline.job.missing_tables import Remade, make_missing
from asc_pipeline.job.progress import Progress
from asc_pipeline.job.summary import Summary
from asc_pipeline.job.verification import check_loaded
from asc_pipeline.truth.lateness import late_notes
from asc_pipeline.truth.row_counts import RowCounts, count_rows


class Loading:
    """Fills the summary of one run. Either `plan` or `load` is called, once.

    Raises:
        ApiError, BudgetExhaustedError, DestinationError: the run cannot go on.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        warehouse: Warehouse,
        packages: Packages,
        upkeep: Upkeep,
        summary: Summary,
        configuration: Configuration,
        progress: Progress,
        today: date,
    ) -> None:
        self._pipeline = pipeline
        self._warehouse = warehouse
        self._ledger = Ledger(warehouse)
        self._packages = packages
        self._upkeep = upkeep
        self._summary = summary
        self._outcome = summary.outcome
        self._options = summary.options
        self._configuration = configuration
        self._policies = configuration.policies()
        self._progress = progress
        self._today = today

    def plan(self, key_failures: Collection[Failure]) -> None:
        """List and choose; the destination stays as it is. `key_failures` are of keys that cannot
        be used.
        """
        counts = count_rows(self._warehouse, self._upkeep.first_unchecked())
        selection = self._select(key_failures, Remade(), counts)
        summary = self._summary
        summary.units = units_of_work(summary.listing, selection, summary.keys)

    def load(self, key_failures: Collection[Failure]) -> None:
        """Load all that is due, then ask for reports anew whose requests Apple stopped."""
        remade = make_missing(self._pipeline, self._warehouse)
        self._outcome.failures += remade.failures.values()
        counts = self._upkeep.recover(of_all_loads=bool(remade.tables))
        self._summary.checked_at = self._upkeep.checked_at
        apps = {str(rows[0].app_id) for rows in counts.unsound.values()}
        listed = {each.id for each in self._ledger.listed_instances(apps)} if apps else set()
        self._summary.unsound = listed & counts.unsound.keys()
        selection = self._select(key_failures, remade, counts)
        self._load_all(selection)
        listing = self._summary.listing
        if not (listing.failures or self._outcome.failures or self._outcome.stopped_by):
            try:
                renew_stopped(
                    self._summary.keys, self._options, listing, check_loaded=self._check_loaded
                )
            except FATAL as error:  # loads and deletions until then are still to be told
                self._outcome.stop(error)

    def _select(
        self, key_failures: Collection[Failure], remade: Remade, counts: RowCounts
    ) -> Selection:
        self._progress.phase("asking Apple what there is")
        listing = list_offered(self._summary.keys, self._options, self._ledger)
        self._summary.listing = listing
        listing.failures[:0] = key_failures
        listing.notices += self._configuration.notices(
            schema_of_report(each).name for _, each in listing.reports
        )
        due = select_due(listing, self._options, self._ledger, counts, self._today)
        selection = self._summary.selection = remade.loadable(due, self._warehouse)
        listing.notices += [*remade.notices, *counts.notes(selection, remade.failures)]
        listing.notices += late_notes(listing, self._today)
        return selection

    def _load_all(self, selection: Selection) -> None:
        self._progress.begin(len(selection.due), self._outcome)
        loader = self._loader()
        changed = changed_lists(
            self._summary.listing, self._options, self._ledger, self._policies, self._today
        )
        listings = [loader.listing(table, partial(list, rows)) for table, rows in changed]
        batches = Batches(
            self._pipeline,
            self._warehouse,
            loader,
            self._outcome,
            self._configuration,
            self._packages,
        )
        has_loaded = batches.load(selection, listings, before_each=self._before_each_batch)
        self._upkeep.finish(
            has_loaded=has_loaded,
            report_tables={each.item.listed.table_name for each in self._outcome.completed},
        )
        self._note_oddities()

    def _before_each_batch(self) -> None:
        self._progress.phase("loading")
        self._upkeep.check_clock()
        self._upkeep.refresh()

    def _loader(self) -> SegmentLoader:
        reader = InstanceReader(
            self._summary.keys,
            self._today,
            recheck_days=self._options.recheck_days,
            max_inflated_bytes=self._configuration.max_inflated_bytes,
            policies=self._policies,
            dictionary_text=takes_dictionaries(self._pipeline),
        )
        return SegmentLoader(
            reader,
            self._outcome.attempt,
            table_format=self._configuration.table_format,
            stored=self._ledger.latest,
        )

    def _note_oddities(self) -> None:
        completed = self._outcome.completed
        self._outcome.notices += doubled_notes(completed)
        loaded = [each.item.listed for each in completed]
        if loaded:
            since = min(each.instance.processing_date for each in loaded)
            apps, ids = {each.app_id for each in loaded}, {each.instance.id for each in loaded}
            self._outcome.notices += map(str, ties(self._warehouse, since, apps, ids))

    def _check_loaded(self, instances: Collection[ListedInstance]) -> None:
        self._upkeep.check_file()
        check_loaded(self._warehouse, instances, self._outcome.segments_read())
