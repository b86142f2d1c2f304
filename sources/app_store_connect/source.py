"""The dlt source: idempotent raw tables under a plain `pipeline.run`."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cached_property, partial
from typing import Any, cast

import dlt
from dlt import Pipeline
from dlt.common.configuration.container import Container
from dlt.common.pipeline import PipelineContext
from dlt.common.schema.typing import TSchemaContractDict
from dlt.common.typing import TSecretStrValue
from dlt.extract import DltResource

from app_store_connect import tables
from app_store_connect.client import AppStoreConnectClient
from app_store_connect.credentials import APPLE, parse_credentials
from app_store_connect.discovery import Failure, Listing, discover
from app_store_connect.download import SegmentDownloader
from app_store_connect.ledger import Ledger
from app_store_connect.model import AccessType, Granularity
from app_store_connect.outcome import Outcome
from app_store_connect.resources import SegmentLoader
from app_store_connect.selection import (
    DEFAULT_RECHECK_DAYS,
    InstanceToLoad,
    Options,
    select_instances,
)
from app_store_connect.tables import RawTable

logger = logging.getLogger(__name__)

SOURCE_NAME = "app_store_connect"
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
    key_id: str | None = None,
    private_key: TSecretStrValue | None = None,
    issuer_id: str | None = None,
    base_url: str = APPLE,
) -> Iterable[DltResource]:
    """Apple's Analytics Reports: a raw table for each report and granularity, and the ledger beside
    them.

    A segment that the destination's ledger has under the same checksum is not loaded again; one
    that Apple re-published replaces its rows. A segment that fails is logged as a warning and comes
    with the next run. The tables keep every instance, so that dates overlap: the main job adds
    views which are safe to sum.

    Args:
        app_ids: App Apple Identifiers; like `bundle_ids` empty for every app that the key sees.
        reports: Apple's report names, `*` for all; empty for the Standard reports.
        since, until: bounds on the processing date, inclusive.
        recheck_days: how many days back loaded instances are asked for changed segments.
        key_id, private_key, issuer_id, base_url: from dlt's configuration unless given.

    Raises:
        ConfigurationError: the key is missing or malformed, here; an app or report unknown, on
        extraction.
    """
    credentials = parse_credentials(
        key_id=key_id, private_key=private_key, issuer_id=issuer_id, base_url=base_url
    )
    options = Options(
        app_ids=tuple(app_ids),
        bundle_ids=tuple(bundle_ids),
        reports=tuple(reports),
        categories=tuple(categories),
        granularities=tuple(map(Granularity, granularities)),
        access_types=tuple(map(AccessType, access_types)),
        since=since,
        until=until,
        recheck_days=recheck_days,
    )
    return _Extraction(AppStoreConnectClient(credentials), options).resources()


@dlt.source(name=SOURCE_NAME, section=SOURCE_NAME, schema_contract=_CONTRACT)
def batch_source(resources: Sequence[DltResource]) -> Iterable[DltResource]:
    """One load package of the main job, under the schema of the public source."""
    return resources


def listing_rows(listing: Listing) -> dict[str, list[dict[str, Any]]]:
    """What Apple lists, as rows of `tables.LISTING_TABLES`, by table name."""
    return {
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


class _Extraction:
    """One extraction; Apple is asked when a resource is first read, not when the source is made."""

    def __init__(self, client: AppStoreConnectClient, options: Options) -> None:
        self._client = client
        self._options = options
        self._outcome = Outcome(on_failure=_warn)

    @cached_property
    def _listing(self) -> Listing:
        listing = discover(self._client, self._options)
        for failure in listing.failures:
            _warn(failure)
        return listing

    def resources(self) -> list[DltResource]:
        loader = SegmentLoader(
            self._client,
            SegmentDownloader(self._client.read_segment),
            self._outcome,
            today=datetime.now(UTC).date(),
        )
        listings = [
            loader.listing(table, partial(self._rows_of, table)) for table in tables.LISTING_TABLES
        ]
        return [*listings, loader.resource(self._instances(loader.today))]

    def _rows_of(self, table: RawTable) -> Sequence[Mapping[str, Any]]:
        rows = listing_rows(self._listing)[table.name]
        with _ledger() as ledger:
            return ledger.changed(table, rows) if ledger else rows

    def _instances(self, today: date) -> Iterator[InstanceToLoad]:
        listed = self._listing.instances
        since = min((item.instance.processing_date for item in listed), default=today)
        with _ledger() as ledger:
            loaded = ledger.loaded_segments(since) if ledger else {}
        for item in select_instances(listed, loaded, self._options, today=today).due:
            if self._outcome.stopped_by:
                logger.warning("%s; what is left comes with the next run", self._outcome.stopped_by)
                return
            yield item


@contextmanager
def _ledger() -> Iterator[Ledger | None]:
    """The ledger on the destination of the running pipeline; None if the source is read without
    one.
    """
    context = Container()[PipelineContext]
    if not context.is_active():
        yield None
        return
    ledger = Ledger(cast(Pipeline, context.pipeline()), views_dataset=SOURCE_NAME)
    with ledger.open():
        yield ledger


def _warn(failure: Failure) -> None:
    logger.warning("not loaded: %s: %s", failure.what, failure.why)
