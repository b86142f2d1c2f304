"""The dlt source: idempotent raw tables under a plain `pipeline.run`."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, cast

import dlt
from dlt import Pipeline
from dlt.common.configuration.container import Container
from dlt.common.pipeline import PipelineContext
from dlt.common.schema.typing import TSchemaContractDict
from dlt.common.storages.load_package import load_package_state
from dlt.common.typing import TSecretStrValue
from dlt.extract import DltResource

from . import tables
from .api.client import AppStoreConnectClient
from .api.credentials import APPLE, parse_credentials
from .api.download import SegmentDownloader
from .catalog import RestatementPolicy, schema_of
from .configuration import read_configuration
from .entities import AccessType, Granularity
from .errors import Failure
from .extract.outcome import Attempt, Outcome
from .extract.resources import SegmentLoader, Stored
from .extract.slices import PROVENANCE
from .instances import (
    DEFAULT_RECHECK_DAYS,
    Checksums,
    InstanceCheck,
    InstanceToLoad,
    ListedInstance,
)
from .planning.discovery import discover
from .planning.listing import Listing
from .planning.missing import missing_rows
from .planning.options import Options, options_of
from .planning.selection import select_instances
from .planning.unlisted import no_longer_listed
from .tables import RawTable, catalogue_rows
from .warehouse.connection import Warehouse
from .warehouse.ledger import Ledger
from .warehouse.stored_schema import SOURCE_NAME

logger = logging.getLogger(__name__)

# Of the source, not of its tables: dlt 1.31 checks a table's in a way that keeps every item of the
# table in memory until Python's collector comes by.
_CONTRACT: TSchemaContractDict = {"tables": "evolve", "columns": "evolve", "data_type": "freeze"}


@dlt.source(name=SOURCE_NAME, section=SOURCE_NAME, schema_contract=_CONTRACT)
def app_store_connect_source(
    app_ids: Sequence[str] = (),
    bundle_ids: Sequence[str] = (),
    reports: Sequence[str] = (),
    categories: Sequence[str] = (),
    granularities: Sequence[str] = (Granularity.DAILY,),
    access_types: Sequence[str] = tuple(AccessType),
    since: date | None = None,
    until: date | None = None,
    recheck_days: int = DEFAULT_RECHECK_DAYS,
    key_id: TSecretStrValue | None = None,
    private_key: TSecretStrValue | None = None,
    issuer_id: TSecretStrValue | None = None,
    base_url: str = APPLE,
) -> Iterable[DltResource]:
    """Apple's Analytics Reports: a raw table for each report and granularity, and the ledger beside
    them.

    A segment that the destination's ledger has under the same checksum is not loaded again; one
    that Apple re-published replaces its rows. A segment that fails is logged as a warning and comes
    with the next run. The tables keep every instance, so that dates overlap: the main job adds
    views which hold each date once.

    Args:
        app_ids: App Apple Identifiers; like `bundle_ids` empty for every app that the key sees.
        reports: Apple's report names, `*` for all; empty for those of APP_USAGE,
            APP_STORE_ENGAGEMENT and COMMERCE that are not Detailed.
        since, until: bounds on the processing date, inclusive.
        recheck_days: a loaded instance is asked for changed segments until it was seen unchanged
            so many days after its processing date.
        key_id, private_key, issuer_id, base_url: from dlt's configuration unless given.

    Raises:
        ConfigurationError: the key is missing or malformed or an argument not of its kind, here;
        an app or report unknown, on extraction.
    """
    options = options_of(
        app_ids=app_ids,
        bundle_ids=bundle_ids,
        reports=reports,
        categories=categories,
        granularities=granularities,
        access_types=access_types,
        since=since,
        until=until,
        recheck_days=recheck_days,
    )
    credentials = parse_credentials(
        key_id=key_id, private_key=private_key, issuer_id=issuer_id, base_url=base_url
    )
    policies = read_configuration().policies()
    return _Reading(AppStoreConnectClient(credentials), options, policies).resources()


@dlt.source(name=SOURCE_NAME, section=SOURCE_NAME, schema_contract=_CONTRACT)
def batch_source(resources: Sequence[DltResource]) -> Iterable[DltResource]:
    """One load package of the main job, under the schema of the public source."""
    return resources


def listing_rows(
    listing: Listing, options: Options, stored: Iterable[Mapping[str, Any]]
) -> dict[str, list[dict[str, Any]]]:
    """Apple's lists as rows of `tables.LISTING_TABLES`, by table name.

    Args:
        stored: the rows of `tables.MISSING_REPORTS` that the destination has.
    """
    return {
        tables.MISSING_REPORTS.name: missing_rows(listing, options, stored),
        tables.APPS.name: [tables.app_row(app) for app in listing.apps],
        tables.REPORT_REQUESTS.name: [
            tables.report_request_row(request)
            for request in listing.requests
            if request.id not in listing.taken_on_trust
        ],
        tables.REPORTS.name: [
            tables.report_row(report, request.app_id) for request, report in listing.reports
        ],
        tables.INSTANCES.name: [
            tables.instance_row(item.instance, item.app_id)
            for item in {item.instance.id: item for item in listing.instances}.values()
        ],
    }


def changed_rows(
    table: RawTable, listing: Listing, options: Options, ledger: Ledger, today: date
) -> list[Mapping[str, Any]]:
    """Rows of a listing that the destination does not hold as they are."""
    stored = ledger.latest(table).values() if table is tables.MISSING_REPORTS else ()
    rows = listing_rows(listing, options, stored)[table.name]
    if table is tables.INSTANCES:
        gone = no_longer_listed(ledger.listed_instances(), listing, options)
        rows += [each.row(unlisted_since=today) for each in gone]
    return ledger.changed(table, rows)


def changed_catalogue(
    ledger: Ledger, policies: Mapping[str, RestatementPolicy]
) -> list[tuple[RawTable, list[Mapping[str, Any]]]]:
    """Rows of `tables.CATALOGUE_TABLES`, of the reports that are loaded, that the destination does
    not hold as they are: the catalogue or its overrides have changed.
    """
    existing = ledger.warehouse.report_tables()
    rows: dict[RawTable, list[dict[str, Any]]] = {}
    for name, report, category, granularity in ledger.loaded_reports():
        own = {column for column, _ in PROVENANCE}
        columns = sorted(set(existing.get(ledger.warehouse.physical(name), ())) - own)
        schema = schema_of(report, category)
        for table, found in catalogue_rows(name, schema, granularity, columns, policies).items():
            rows.setdefault(table, []).extend(found)
    return [(table, ledger.changed(table, found)) for table, found in rows.items()]


class _Reading:
    """One reading of Apple's lists for each load package, since a source may be run again."""

    def __init__(
        self,
        client: AppStoreConnectClient,
        options: Options,
        policies: Mapping[str, RestatementPolicy],
    ) -> None:
        self._client = client
        self._options = options
        self._policies = policies
        self._outcome = Outcome()
        self._listings: dict[str, Listing] = {}

    def resources(self) -> list[DltResource]:
        loader = SegmentLoader(
            self._client,
            SegmentDownloader(self._client.read_segment),
            self._new_attempt,
            today=datetime.now(UTC).date(),
            recheck_days=self._options.recheck_days,
            stored=_stored,
            policies=self._policies,
        )
        listings = [
            loader.listing(table, partial(self._rows_of, table)) for table in tables.LISTING_TABLES
        ]
        return [*listings, loader.resource(partial(self._instances, loader.today))]

    def _new_attempt(self) -> Attempt:
        self._outcome = Outcome(on_failure=_warn)
        return self._outcome.attempt()

    def _listing(self) -> Listing:
        load_id = load_package_state()["load_id"]
        if load_id not in self._listings:
            listing = discover(self._client, self._options)
            self._listings = {load_id: listing}
            for failure in [*listing.failures, *listing.stopped_ongoing]:
                _warn(failure)
            for notice in listing.notices:
                logger.warning(notice)
        return self._listings[load_id]

    def _rows_of(self, table: RawTable) -> Sequence[Mapping[str, Any]]:
        listing = self._listing()
        if table.name in _emptied_tables():
            return listing_rows(listing, self._options, ())[table.name]
        with _ledger() as ledger:
            return changed_rows(table, listing, self._options, ledger, datetime.now(UTC).date())

    def _instances(self, today: date) -> Iterator[InstanceToLoad]:
        listed = self._listing().instances
        loaded, checks = self._known(listed, today)
        selection = select_instances(listed, loaded, self._options, today=today, checks=checks)
        for item in selection.due:
            if self._outcome.stopped_by:
                logger.warning("%s; what is left comes with the next run", self._outcome.stopped_by)
                return
            yield item

    def _known(
        self, listed: Sequence[ListedInstance], today: date
    ) -> tuple[dict[str, Checksums], dict[str, InstanceCheck]]:
        """The segments that are loaded, and the last look at each instance."""
        since = min((item.instance.processing_date for item in listed), default=today)
        emptied = _emptied_tables()
        with _ledger() as ledger:
            return (
                {} if tables.SEGMENTS.name in emptied else ledger.loaded_segments(since),
                {} if tables.INSTANCE_CHECKS.name in emptied else ledger.instance_checks(since),
            )


def _stored(table: RawTable) -> Stored:
    if table.name in _emptied_tables():
        return {}
    with _ledger() as ledger:
        return ledger.latest(table)


def _emptied_tables() -> set[str]:
    """The tables that dlt drops or empties before it loads this package, because of `refresh`."""
    state = load_package_state()["state"]
    emptied = [*state.get("dropped_tables", ()), *state.get("truncated_tables", ())]
    return {table["name"] for table in emptied}


@contextmanager
def _ledger() -> Iterator[Ledger]:
    """The ledger on the destination of the running pipeline."""
    pipeline = cast(Pipeline, Container()[PipelineContext].pipeline())
    warehouse = Warehouse(pipeline, views_dataset=SOURCE_NAME)
    with warehouse.open():
        yield Ledger(warehouse)


def _warn(failure: Failure) -> None:
    logger.warning("not loaded: %s: %s", failure.what, failure.why)
