"""The work of a run: Apple's lists, the instances due, and the rows of lists that changed."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

from app_store_connect.api.keys import ApiKeys
from app_store_connect.catalog import RestatementPolicy
from app_store_connect.errors import ConfigurationError
from app_store_connect.listed_rows import changed_catalogue, changed_rows
from app_store_connect.planning.by_id import find_app_of_request, list_pinpointed
from app_store_connect.planning.discovery import discover
from app_store_connect.planning.listing import Listing
from app_store_connect.planning.options import Options
from app_store_connect.planning.selection import Selection, select_instances, select_pinpointed
from app_store_connect.tables import LISTING_TABLES, RawTable
from app_store_connect.warehouse.ledger import Ledger
from asc_pipeline.truth.row_counts import RowCounts

Rows = Sequence[Mapping[str, Any]]


def list_offered(keys: ApiKeys, options: Options, ledger: Ledger) -> Listing:
    """Ask Apple for the lists that the options choose.

    Raises:
        ConfigurationError: an id is given, and several keys, so that none is known to be for it.
    """
    key = keys.first
    if (options.instance_ids or options.request_ids) and not keys.is_single:
        names = ", ".join(key.name for key in keys.all)
        raise ConfigurationError(
            "--instance-id and --request-id are asked with one key: name it with --key, one of"
            f" {names}"
        )
    if options.instance_ids:
        known = ledger.known_instances(options.instance_ids)
        offered = ledger.offered_reports()
        return list_pinpointed(key.client, key.downloader, options, known, offered)
    apps = {each: ledger.app_of_request(each) for each in options.request_ids}
    return discover(
        keys,
        options,
        known_apps={request_id: app_id for request_id, app_id in apps.items() if app_id},
        app_of_request=partial(find_app_of_request, key.client, key.downloader, options),
    )


def select_due(
    listing: Listing, options: Options, ledger: Ledger, counts: RowCounts, today: date
) -> Selection:
    """The listed instances that are to be loaded or looked at again."""
    dates = [item.instance.processing_date for item in listing.instances]
    since = min(dates, default=today)
    apps = {item.app_id for item in listing.instances}
    loaded = ledger.loaded_segments(since, apps)
    if options.instance_ids:
        return counts.select(loaded, partial(select_pinpointed, listing.instances))
    checks = ledger.instance_checks(since, apps)
    return counts.select(
        loaded,
        lambda sound: select_instances(
            listing.instances, sound, options, today=today, checks=checks
        ),
    )


def changed_lists(
    listing: Listing,
    options: Options,
    ledger: Ledger,
    policies: Mapping[str, RestatementPolicy],
    today: date,
) -> list[tuple[RawTable, Rows]]:
    """The rows of lists and catalogue that the destination does not have like this."""
    changed: list[tuple[RawTable, Rows]] = [
        (table, changed_rows(table, listing, options, ledger, today)) for table in LISTING_TABLES
    ]
    return [
        (table, rows) for table, rows in [*changed, *changed_catalogue(ledger, policies)] if rows
    ]
