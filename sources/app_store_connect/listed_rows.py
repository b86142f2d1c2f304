"""Apple's lists and the catalogue as rows, as far as the destination does not hold them."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from . import tables
from .catalog import RestatementPolicy, schema_of
from .extract.slices import PROVENANCE
from .planning.listing import Listing
from .planning.missing import missing_rows
from .planning.options import Options
from .planning.unlisted import no_longer_listed
from .tables import RawTable, catalogue_rows
from .warehouse.ledger import Ledger


def listing_rows(
    listing: Listing, options: Options, stored: Iterable[Mapping[str, Any]]
) -> dict[str, list[dict[str, Any]]]:
    """Apple's lists as rows of `tables.LISTING_TABLES`, by table name.

    Args:
        stored: the rows of `tables.MISSING_REPORTS` that the destination has.
    """
    return {
        tables.MISSING_REPORTS.name: missing_rows(listing, options, stored),
        tables.APPS.name: [
            tables.app_row(app, listing.keys_of.get(app.id, ())) for app in listing.apps
        ],
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
    if table is tables.INSTANCES and listing.requests_of:
        gone = no_longer_listed(ledger.listed_instances(listing.requests_of), listing, options)
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
