"""The measures of the dashboard, and the panels that break them down: literals.

A measure is a sum of columns of the daily mart, one sum divided by another, or a stock.
"""

from dataclasses import dataclass

DISCOVERY, DOWNLOADS, INSTALLS = "discovery", "downloads", "installs"
SESSIONS, CRASHES, PURCHASES = "sessions", "crashes", "purchases"
STATES, EVENTS = "subscription_state", "subscription_events"
REPORT_NAMES = {
    DISCOVERY: "App Store Discovery and Engagement Standard",
    DOWNLOADS: "App Downloads Standard",
    INSTALLS: "App Store Installation and Deletion Standard",
    SESSIONS: "App Sessions Standard",
    CRASHES: "App Crashes",
    PURCHASES: "App Store Purchases Standard",
    STATES: "App Store Subscription State Report Standard",
    EVENTS: "App Store Subscription Event Report Standard",
}
"""Apple's names, by the prefix of the mart's `..._complete` columns."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of one day or of several."""

    key: str
    title: str
    reports: tuple[str, ...]
    columns: tuple[str, ...]
    divisors: tuple[str, ...] = ()
    factor: int = 1
    unit: str = "count"
    is_stock: bool = False
    is_better_low: bool = False
    note: str = ""

    @property
    def summed(self) -> tuple[str, ...]:
        """What is added up; for a ratio a column of its own, of days on which both sums count."""
        return (f"{self.key} above",) if self.divisors else self.columns

    @property
    def inputs(self) -> tuple[str, ...]:
        """Every column that it is counted from."""
        return (*self.summed, *((f"{self.key} below",) if self.divisors else ()))


ALL_DOWNLOADS = ("first_time_downloads", "redownloads")

TILES = (
    Measure(
        "first_time_downloads", "First-time downloads", (DOWNLOADS,), ("first_time_downloads",)
    ),
    Measure(
        "conversion",
        "Conversion",
        (DISCOVERY, DOWNLOADS),
        ALL_DOWNLOADS,
        ("impressions",),
        unit="percent",
        note="First-time downloads and redownloads for each impression.",
    ),
    Measure(
        "crash_rate",
        "Crashes per 1,000 sessions",
        (CRASHES, SESSIONS),
        ("crashes",),
        ("sessions",),
        factor=1000,
        unit="rate",
        is_better_low=True,
    ),
    Measure("sessions", "Sessions", (SESSIONS,), ("sessions",)),
    Measure("proceeds_usd", "Proceeds, USD", (PURCHASES,), ("proceeds_usd",), unit="usd"),
    Measure("deletions", "Deletions", (INSTALLS,), ("deletions",), is_better_low=True),
    Measure(
        "paid_subscriptions",
        "Paid subscriptions",
        (STATES,),
        ("paid_subscriptions",),
        is_stock=True,
        note="The number on the last complete day; days are never added up.",
    ),
)

FORECASTS = {"sessions": ("app_sessions_standard_daily", "sessions")}
"""By tile the report table and measure of its forecast. The forecasts of other reports are of more
than their tiles show: those of downloads count updates too.
"""

FUNNEL = (
    Measure("impressions", "Impressions", (DISCOVERY,), ("impressions",)),
    Measure("page_views", "Product page views", (DISCOVERY,), ("page_views",)),
    Measure("downloads", "Downloads", (DOWNLOADS,), ALL_DOWNLOADS),
    Measure("purchases", "Purchases", (PURCHASES,), ("purchases",)),
)
FUNNEL_REPORTS = (DISCOVERY, DOWNLOADS, PURCHASES)

SUBSCRIPTION_STATES = tuple(
    Measure(f"{key}_subscriptions", title, (STATES,), (f"{key}_subscriptions",), is_stock=True)
    for key, title in (
        ("paid", "Paid"),
        ("trial", "Trial"),
        ("billing_retry", "Billing retry"),
        ("other", "Other"),
    )
)
SUBSCRIPTION_EVENTS = tuple(
    Measure(key, title, (EVENTS,), (key,))
    for key, title in (
        ("offer_starts", "Offer starts"),
        ("paid_starts", "Paid starts"),
        ("paid_from_offers", "Paid after an offer"),
        ("renewals", "Renewals"),
        ("billing_issues", "Billing issues"),
        ("voluntary_churns", "Voluntary churns"),
        ("involuntary_churns", "Involuntary churns"),
        ("other_subscription_events", "Other events"),
    )
)
ALL_MEASURES = (*TILES, *FUNNEL, *SUBSCRIPTION_STATES, *SUBSCRIPTION_EVENTS)
RATIOS = tuple(each for each in ALL_MEASURES if each.divisors)
RETENTION = {
    age: Measure(
        f"sessions_after_{age}",
        title,
        (DOWNLOADS,),
        ("sessions",),
        ALL_DOWNLOADS,
        factor=100,
        unit="rate",
    )
    for age, title in (
        (0, "Same day"),
        (1, "1 day"),
        (3, "3 days"),
        (7, "7 days"),
        (14, "14 days"),
        (28, "28 days"),
    )
}
"""By days since the download: sessions for each 100 downloads, on the day of the download."""


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A panel of bars: a measure that is a sum of one column, by a dimension of the marts."""

    key: str
    title: str
    mart: str
    dimension: str
    label: str
    measure: Measure


def _breakdown(title: str, dimension: str, measure: Measure, label: str = "") -> Breakdown:
    mart = f"fct_app_store_connect__daily_by_{dimension}"
    key = f"{measure.key}_by_{dimension}"
    return Breakdown(key, title, mart, dimension, label or dimension, measure)


_BY_KEY = {each.key: each for each in ALL_MEASURES}
BREAKDOWNS = (
    _breakdown("First-time downloads by source", "source_type", _BY_KEY["first_time_downloads"]),
    _breakdown("Impressions by source", "source_type", _BY_KEY["impressions"]),
    _breakdown(
        "First-time downloads by territory",
        "territory",
        _BY_KEY["first_time_downloads"],
        "territory_name",
    ),
    _breakdown(
        "Proceeds by territory, USD", "territory", _BY_KEY["proceeds_usd"], "territory_name"
    ),
    _breakdown("Sessions by device", "device", _BY_KEY["sessions"]),
)
