"""One reading of the source: Apple's lists for a load package, and the instances that are due."""

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import dlt
from dlt.extract import DltResource

from . import running_pipeline, tables
from .api.keys import ApiKeys
from .configuration.settings import Configuration
from .errors import Failure, IncompleteLoadError
from .extract.catalogue_rows import NewCatalogueRows
from .extract.instance_queue import InstanceQueue
from .extract.instance_reader import InstanceReader, Work
from .extract.outcome import Outcome
from .extract.report_resource import LEDGER, file_formats, refuse_data_from
from .extract.resources import SegmentLoader
from .extract.row_buffer import BufferTotals, RowBuffer
from .extract.slices import SliceKeys
from .instances import InstanceToLoad, ListedInstance
from .listed_rows import changed_rows, listing_rows
from .planning.discovery import discover
from .planning.listing import Listing
from .planning.options import Options
from .planning.report_tables import (
    OTHER_REPORTS,
    may_have_others,
    names_of_reports,
    report_tables,
)
from .planning.selection import select_instances
from .tables import RawTable

logger = logging.getLogger(__name__)

FAILURES = "failures"
"""A metric in dlt's trace: a row for each failure."""
_OTHERS = "The rows of all reports that are not in the catalogue, each report in a table of its own"


@dataclass(slots=True)
class _Package:
    """The content of one load package. Its resources share it."""

    load_id: str
    options: Options
    listing: Listing
    outcome: Outcome
    due: dict[str, list[InstanceToLoad]]
    """By resource."""
    catalogue: NewCatalogueRows
    totals: BufferTotals = field(default_factory=BufferTotals)
    slice_keys: SliceKeys = field(default_factory=SliceKeys)
    told_stops: set[str] = field(default_factory=set)
    """Keys that are stopped, and named as such."""
    other_lists: list[RawTable] = field(default_factory=list)
    """Those of Apple's lists that no selected resource writes, and that are to be written."""


class Reading:
    """Apple's lists are read once for each load package, since a source may be run again."""

    def __init__(
        self,
        keys: ApiKeys,
        options: Options,
        configuration: Configuration,
        failures: Sequence[Failure] = (),
        *,
        raises: bool,
    ) -> None:
        self._keys = keys
        self._failures_before = tuple(failures)
        self._options = options
        self._configuration = configuration
        self._raises = raises
        self._tables = report_tables(options)
        self._package: _Package | None = None
        self._unwritten: list[Failure] = []
        self._metrics: dict[str, Any] = {}
        self._lock = threading.Lock()

    def resources(self) -> list[DltResource]:
        """One for each of Apple's lists, one for each report table, and the ledger."""
        loader = self._loader()
        lists = [
            loader.listing(table, partial(self._rows_of, table)) for table in tables.LISTING_TABLES
        ]
        reports = [
            loader.report(
                each.name, partial(self._begin, each.name), schema=each.schema, text=each.text
            )
            for each in self._tables
        ]
        if may_have_others(self._options):
            begin = partial(self._begin, OTHER_REPORTS)
            reports.append(loader.report(OTHER_REPORTS, begin, text=_OTHERS))
        return [*lists, *reports, loader.ledger()]

    def _loader(self) -> SegmentLoader:
        configuration = self._configuration
        reader = InstanceReader(
            self._keys,
            datetime.now(UTC).date(),
            recheck_days=self._options.recheck_days,
            max_inflated_bytes=configuration.max_inflated_bytes,
            policies=configuration.policies(),
        )
        return SegmentLoader(
            reader,
            lambda: self._of_this_load().outcome.attempt(),
            merges=partial(running_pipeline.can_merge, configuration.table_format),
            table_format=configuration.table_format,
            stored=running_pipeline.stored,
            new_failures=self._take_failures,
            other_lists=self._take_lists,
        )

    def _of_this_load(self) -> _Package:
        load_id = running_pipeline.load_id()
        if self._package is None or self._package.load_id != load_id:
            self._package = self._new_package(load_id)
        return self._package

    def _new_package(self, load_id: str) -> _Package:
        selected = dlt.current.source().selected_resources
        refuse_data_from(selected.values())
        formats = file_formats(selected.values())
        running_pipeline.check_lake(self._configuration.table_format, formats)
        self._unwritten.clear()
        self._metrics = _metrics()
        self._metrics.pop(FAILURES, None)
        self._keys.begin_run()
        options = self._narrowed()
        listing = discover(self._keys, options)
        for failure in [*self._failures_before, *listing.failures, *listing.stopped_ongoing]:
            self._failed(failure)
        for notice in listing.notices:
            logger.warning(notice)
        due = self._due(listing.instances, options, datetime.now(UTC).date())
        outcome = Outcome(on_failure=self._failed)
        stops = set(self._keys.stopped)  # the listing has a failure for each
        catalogue = NewCatalogueRows(running_pipeline.stored)
        package = _Package(load_id, options, listing, outcome, due, catalogue, told_stops=stops)
        package.other_lists = [each for each in tables.LISTING_TABLES if each.name not in selected]
        return package

    def _narrowed(self) -> Options:
        """The options for the selected resources: Apple is not asked about the others."""
        selected = dlt.current.source().selected_resources.keys()
        chosen = [each for each in self._tables if each.name in selected]
        if OTHER_REPORTS in selected or not chosen:
            return self._options
        return replace(self._options, reports=names_of_reports(chosen))

    def _due(
        self, listed: Sequence[ListedInstance], options: Options, today: date
    ) -> dict[str, list[InstanceToLoad]]:
        loaded, checks = running_pipeline.known(listed, today)
        selection = select_instances(listed, loaded, options, today=today, checks=checks)
        own = {each.name for each in self._tables}
        due: dict[str, list[InstanceToLoad]] = {}
        for item in selection.due:
            name = item.listed.table_name
            due.setdefault(name if name in own else OTHER_REPORTS, []).append(item)
        return due

    def _rows_of(self, table: RawTable) -> Sequence[Mapping[str, Any]]:
        package = self._of_this_load()
        listing, options = package.listing, package.options
        if table.name in running_pipeline.emptied_tables():
            return listing_rows(listing, options, ())[table.name]
        with running_pipeline.open_ledger() as ledger:
            return changed_rows(table, listing, options, ledger, datetime.now(UTC).date())

    def _take_lists(self) -> Iterator[tuple[RawTable, Sequence[Mapping[str, Any]]]]:
        """The views need all lists, also where a user selects a report alone."""
        package = self._of_this_load()
        with self._lock:
            taken, package.other_lists = package.other_lists, []
        for table in taken:
            yield table, self._rows_of(table)

    def _begin(self, name: str) -> tuple[Work, Iterable[InstanceToLoad | None]]:
        package = self._of_this_load()
        attempt = package.outcome.attempt()
        buffer = RowBuffer(package.totals)
        work = Work(attempt, buffer, package.catalogue, package.slice_keys)
        queue = InstanceQueue(self._keys, package.due.get(name, ()))
        return work, _until_stopped(queue)

    def _failed(self, failure: Failure) -> None:
        """From any thread. Raises IncompleteLoadError if the source is to load all or nothing."""
        logger.warning("not loaded: %s: %s", failure.what, failure.why)
        if self._raises:
            raise IncompleteLoadError([failure])
        with self._lock:
            self._unwritten.append(failure)
            told = {"what": failure.what, "reason": failure.why}
            self._metrics.setdefault(FAILURES, []).append(told)

    def _take_failures(self) -> list[Failure]:
        """Those that are to be written; asked for at the end of each resource."""
        told = self._of_this_load().told_stops
        with self._lock:
            stops = {key: why for key, why in self._keys.stopped.items() if key not in told}
            told.update(stops)
        for key, reason in stops.items():
            what = "this run" if self._keys.is_single else f"key {key}"
            self._failed(Failure(f"the rest of {what}", str(reason), reason))
        with self._lock:
            taken, self._unwritten = self._unwritten, []
        return taken


def _metrics() -> dict[str, Any]:
    """Of dlt's trace: those of the resource `ledger`, or of another one if that is not selected."""
    selected = dlt.current.source().selected_resources
    return selected.get(LEDGER, next(iter(selected.values()))).custom_metrics


def _until_stopped(queue: InstanceQueue) -> Iterator[InstanceToLoad | None]:
    """The instances; None while all keys wait for their budgets."""
    while queue:
        yield queue.take()
