"""Apple's lists and the catalogue as rows, as far as the destination does not hold them."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any

from . import tables
from .catalog import RestatementPolicy, schema_of, schema_of_report
from .entities import App, Report, ReportInstance, ReportRequest
from .extract.catalogue_rows import catalogue_rows
from .extract.slices import PROVENANCE
from .planning.listing import Listing
from .planning.missing import missing_rows
from .planning.options import Options
from .planning.unlisted import no_longer_listed
from .tables import RawTable
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
        tables.APPS.name: [app_row(app, listing.keys_of.get(app.id, ())) for app in listing.apps],
        tables.REPORT_REQUESTS.name: [
            report_request_row(request)
            for request in listing.requests
            if request.id not in listing.taken_on_trust
        ],
        tables.REPORTS.name: [
            report_row(report, request.app_id) for request, report in listing.reports
        ],
        tables.INSTANCES.name: [
            instance_row(item.instance, item.app_id)
            for item in {item.instance.id: item for item in listing.instances}.values()
        ],
    }


def app_row(app: App, key_names: Iterable[str]) -> dict[str, Any]:
    return {
        "id": int(app.id),
        "name": app.name,
        "bundle_id": app.bundle_id,
        "sku": app.sku,
        "primary_locale": app.primary_locale,
        "key_names": ", ".join(key_names),
    }


def with_other_keys(
    rows: Iterable[dict[str, Any]], others: Collection[str], stored: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The rows of apps, with the names of keys that this run did not ask and that saw the app in an
    earlier run.
    """
    known = {row["id"]: (row["key_names"] or "").split(", ") for row in stored}
    found = []
    for row in rows:
        kept = {*others} & {*known.get(row["id"], ())}
        names = {*filter(None, row["key_names"].split(", ")), *kept}
        found.append({**row, "key_names": ", ".join(sorted(names))})
    return found


def report_request_row(request: ReportRequest) -> dict[str, Any]:
    return {
        "id": request.id,
        "app_id": int(request.app_id),
        "access_type": request.access_type.value,
        "stopped_due_to_inactivity": request.is_stopped,
    }


def report_row(report: Report, app_id: str) -> dict[str, Any]:
    return {
        "id": report.id,
        "report_request_id": report.report_request_id,
        "app_id": int(app_id),
        "name": report.name,
        "category": report.category,
        "report_name": schema_of_report(report).name,
    }


def instance_row(instance: ReportInstance, app_id: str) -> dict[str, Any]:
    return {
        "id": instance.id,
        "report_id": instance.report_id,
        "app_id": int(app_id),
        "granularity": instance.granularity.value,
        "processing_date": instance.processing_date,
        "unlisted_since": None,
    }


def changed_rows(
    table: RawTable, listing: Listing, options: Options, ledger: Ledger, today: date
) -> list[Mapping[str, Any]]:
    """Rows of a listing that the destination does not hold as they are."""
    stored = ledger.latest(table).values() if table is tables.MISSING_REPORTS else ()
    rows = listing_rows(listing, options, stored)[table.name]
    if table is tables.APPS:
        rows = with_other_keys(rows, listing.other_keys, ledger.latest(table).values())
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
