"""Whether a report's newest instance is older than it should be. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from app_store_connect.entities import AccessType, Granularity
from app_store_connect.planning.listing import Listing

PERIOD_DAYS: Mapping[str, int] = {
    Granularity.DAILY: 1,
    Granularity.WEEKLY: 7,
    Granularity.MONTHLY: 31,
}
"""How many days Apple needs at most from one instance of a report to the next."""
MAX_NAMES = 6


def days_late(newest_processing_date: date, granularity: str, today: date) -> int:
    """How many days ago the next instance was due; 0 if the report is on time.

    Apple calls a date complete its lag after it, in the instance of that day. So a report whose
    newest complete date is its lag and one day old is on time, and a day later it is late.
    """
    due = newest_processing_date + timedelta(days=PERIOD_DAYS[granularity])
    return max(0, (today - due).days)


def late_notes(listing: Listing, today: date) -> list[str]:
    """A note for each app and date after which Apple lists no instance of some of its reports.

    Of apps without a live ONGOING request another message tells that nothing new comes.
    """
    live = {
        each.app_id
        for each in listing.requests
        if each.access_type is AccessType.ONGOING and not each.is_stopped
    }
    newest: dict[tuple[str, str, str], date] = {}
    for item in listing.instances:
        if item.access_type is AccessType.ONGOING and item.app_id in live:
            key = item.app_id, item.schema.name, item.instance.granularity.value
            newest[key] = max(newest.get(key, date.min), item.instance.processing_date)
    late: dict[tuple[str, date], list[str]] = {}
    for (app_id, name, granularity), processed in sorted(newest.items()):
        if days_late(processed, granularity, today):
            late.setdefault((app_id, processed), []).append(f"{name} {granularity}")
    return [
        f"late: app {app_id}: Apple lists no instance after {processed} of {_several(names)}"
        for (app_id, processed), names in late.items()
    ]


def _several(names: Iterable[str]) -> str:
    found = list(names)
    more = f" and {len(found) - MAX_NAMES} more" if len(found) > MAX_NAMES else ""
    return ", ".join(found[:MAX_NAMES]) + more
