"""What the marts must say, worked out from the emulator's own truth and never from a database."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal

from tests.emulator import World

Row = dict[str, str | None]
Measure = tuple[str, str, Callable[[Row], bool]]
"""A report, its column, and which rows count."""


def _is(column: str, *literals: str) -> Callable[[Row], bool]:
    return lambda row: row[column] in literals


def _any(row: Row) -> bool:
    return True


def _views_of_product(row: Row) -> bool:
    pages = ("Product page", "Product sheet", "Store sheet")
    return row["Event"] == "Page view" and row["Page Type"] in pages


def _views_of_others(row: Row) -> bool:
    return row["Event"] == "Page view" and not _views_of_product(row)


def _installed(*types: str) -> Callable[[Row], bool]:
    return lambda row: row["Event"] == "Install" and row["Download Type"] in types


def _installed_otherwise(row: Row) -> bool:
    known = ("First-time download", "Redownload", "Auto-update", "Manual update")
    return row["Event"] == "Install" and row["Download Type"] not in known


_DOWNLOADS = "App Downloads Standard"
_INSTALLS = "App Store Installation and Deletion Standard"
_DISCOVERY = "App Store Discovery and Engagement Standard"
_SESSIONS = "App Sessions Standard"
_PURCHASES = "App Store Purchases Standard"

_STATE = "App Store Subscription State Report Standard"
_EVENT = "App Store Subscription Event Report Standard"
_STATES = {
    "paid_subscriptions": ("Full price",),
    "trial_subscriptions": ("Free trial",),
    "billing_retry_subscriptions": ("Billing retry",),
    "churned_subscriptions": ("Voluntary churn", "Involuntary churn"),
    "other_subscriptions": (),
}
_EVENTS = {
    "offer_starts": ("Offer start",),
    "paid_starts": ("Paid subscription start",),
    "paid_from_offers": ("Paid subscription from offer",),
    "renewals": ("Renewal",),
    "billing_issues": ("Enter billing issue",),
    "voluntary_churns": ("Voluntary churn",),
    "involuntary_churns": ("Involuntary churn",),
    "other_subscription_events": (),
}

MEASURES: dict[str, Measure] = {
    "impressions": (_DISCOVERY, "Counts", _is("Event", "Impression")),
    "page_views": (_DISCOVERY, "Counts", _views_of_product),
    "other_page_views": (_DISCOVERY, "Counts", _views_of_others),
    "taps": (_DISCOVERY, "Counts", _is("Event", "Tap")),
    "first_time_downloads": (_DOWNLOADS, "Counts", _is("Download Type", "First-time download")),
    "redownloads": (_DOWNLOADS, "Counts", _is("Download Type", "Redownload")),
    "updates": (_DOWNLOADS, "Counts", _is("Download Type", "Auto-update", "Manual update")),
    "first_time_installs": (_INSTALLS, "Counts", _installed("First-time download")),
    "reinstalls": (_INSTALLS, "Counts", _installed("Redownload")),
    "installed_updates": (_INSTALLS, "Counts", _installed("Auto-update", "Manual update")),
    "other_installs": (_INSTALLS, "Counts", _installed_otherwise),
    "deletions": (_INSTALLS, "Counts", _is("Event", "Delete")),
    "sessions": (_SESSIONS, "Sessions", _any),
    "session_seconds": (_SESSIONS, "Total Session Duration", _any),
    "session_devices_summed_over_dimensions": (_SESSIONS, "Unique Devices", _any),
    "crashes": ("App Crashes", "Crashes", _any),
    "crash_devices_summed_over_dimensions": ("App Crashes", "Unique Devices", _any),
    "purchases": (_PURCHASES, "Purchases", _any),
    "sales_usd": (_PURCHASES, "Sales in USD", _any),
    "proceeds_usd": (_PURCHASES, "Proceeds in USD", _any),
    "paying_users_summed_over_dimensions": (_PURCHASES, "Paying Users", _any),
    "downloading_users": ("App Opt In", "Downloading Users", _any),
    "users_opting_in": ("App Opt In", "Users Opting-In", _any),
    **{name: (_STATE, "Counts", _is("State Metric", *values)) for name, values in _STATES.items()},
    **{name: (_EVENT, "Counts", _is("Event Group", *values)) for name, values in _EVENTS.items()},
}

Totals = dict[tuple[int, date, str], Decimal]


def daily(world: World, measure: str, dimension: str | None = None) -> Totals:
    """The sum for each app, date and value of a dimension (Apple's name of it)."""
    report, column, counts = MEASURES[measure]
    totals: Totals = defaultdict(Decimal)
    for app_id in world.apps:
        for row in world.truth(app_id, report, "DAILY"):
            value = (row[dimension] or "(not stated)") if dimension else ""
            key = (
                int(app_id),
                date.fromisoformat(row.get("Date") or row.get("Event Date") or ""),
                value.lower(),
            )
            totals[key] += Decimal(row[column] or 0) if counts(row) else 0
    return dict(totals)


def shown(rows: Iterable[tuple[int, date, str, object]]) -> Totals:
    """The same from a mart: rows in which the measure is not NULL."""
    return {(app, day, value): Decimal(str(total)) for app, day, value, total in rows}


def without_zeros(totals: Totals) -> Totals:
    """A mart also has values of a dimension that another report brings in; there it says 0."""
    return {key: total for key, total in totals.items() if total}
