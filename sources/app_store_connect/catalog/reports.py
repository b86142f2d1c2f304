"""The reports that the catalogue knows: a literal, edited to add a report.

Columns, completeness lags and the list of restated reports come from Apple's Analytics Reports
documentation; where a header was seen in a live file and differs (both Subscription reports, 2026),
the live header stands here. Columns are matched by name, so their order only decides that of the
tables. Windows were seen in live files (April to September 2026); where none was, the window is the
lag. Type numbers were seen in several unrelated accounts.
"""

import re
from dataclasses import replace
from typing import Any

from .schema import ReportSchema, RestatementPolicy

_APP = "Date, App Name, App Apple Identifier, "
_FRAMEWORK = (
    "Date, App Name, App Version, Platform, Device, Build, Release Type, Territory, Count,"
    " Unique Devices"
)
_SUBSCRIPTION = (
    "Subscription Name, Subscription Identifier, Subscription Duration, Billing Frequency,"
    " Billing Period, Subscription Group, Subscription Group Identifier, Offer Type, Offer Name,"
    " Offer ID, Vanity Code, Offer Pricing, Offer Duration, "
)
_ACCUMULATE = RestatementPolicy.ACCUMULATE


def _report(
    name: str, category: str, columns: str, *, lag: int, window: int = 0, **more: Any
) -> ReportSchema:
    return ReportSchema(name, category, tuple(columns.split(", ")), lag, window or lag, **more)


def _pair(
    title: str,
    category: str,
    columns: str,
    *,
    numbers: tuple[int | None, int | None] = (None, None),
    **more: Any,
) -> tuple[ReportSchema, ...]:
    """A Standard report and its Detailed sibling: `[...]` marks the columns of the latter alone."""
    standard = re.sub(r"\[.*?\]", "", columns)
    detailed = columns.replace("[", "").replace("]", "")
    return (
        _report(f"{title} Standard", category, standard, type_number=numbers[0], **more),
        _report(f"{title} Detailed", category, detailed, type_number=numbers[1], **more),
    )


def _also(schema: ReportSchema, *aliases: str) -> ReportSchema:
    return replace(schema, aliases=aliases)


_DOWNLOADS = _pair(
    "App Downloads",
    "COMMERCE",
    _APP + "Download Type, App Version, Device, Platform Version, Source Type, [Source Info,"
    " Campaign, ]Page Type, [Page Title, ]Pre-Order, Territory, Counts",
    lag=2,
    numbers=(3, 4),
)
_SESSIONS = _pair(
    "App Sessions",
    "APP_USAGE",
    _APP + "App Version, Device, Platform Version, Source Type, [Source Info, Campaign, ]Page Type,"
    " [Page Title, ]App Download Date, Territory, Sessions, Total Session Duration, Unique Devices",
    lag=5,
    window=6,
    numbers=(8, None),
)
_INSTALLATIONS = _pair(
    "App Store Installation and Deletion",
    "APP_USAGE",
    _APP + "Event, Download Type, App Version, Device, Platform Version, Source Type, [Source Info,"
    " Campaign, ]Page Type, [Page Title, ]App Download Date, Territory, Counts, Unique Devices",
    lag=5,
    numbers=(6, None),
)
_DISCOVERY = _pair(
    "App Store Discovery and Engagement",
    "APP_STORE_ENGAGEMENT",
    _APP + "Event, Page Type, [Page Title, ]Source Type, [Source Info, Campaign, ]Engagement Type,"
    " Device, Platform Version, Territory, Counts, Unique Counts",
    lag=3,
    numbers=(14, 15),
)
_PURCHASES = _pair(
    "App Store Purchases",
    "COMMERCE",
    _APP + "Purchase Type, Content Name, Content Apple Identifier, Payment Method, Device,"
    " Platform Version, Source Type, [Source Info, Campaign, ]Page Type, [Page Title, ]"
    "App Download Date, Pre-Order, Territory, Purchases, Proceeds in USD, Sales in USD,"
    " Paying Users",
    lag=2,
    numbers=(12, 13),
)
_PRE_ORDERS = _pair(
    "App Store Pre-Orders",
    "COMMERCE",
    _APP
    + "Device, Platform Version, Source Type, [Source Info, Campaign, ]Page Type, [Page Title, ]"
    "Territory, Pre-Order Start Date, Pre-Order End Date, Pre-Orders Placed, Pre-Orders Canceled",
    lag=2,
)
_WEB_PREVIEW = _pair(
    "App Store Web Preview Engagement",
    "APP_STORE_ENGAGEMENT",
    _APP + "Event, Page Type, [Page Title, ]Source Type, [Source Info, ]Engagement Type, Browser,"
    " Browser Version, Device, Platform Version, Territory, Counts",
    lag=3,
    numbers=(179, 180),
)
_APP_CLIPS = _pair(
    "App Clip Usage",
    "APP_USAGE",
    _APP + "App Clip Event Type, Source Type, [Source Info, Campaign, ]App Version, Device,"
    " Platform Version, Territory, Counts, Total Session Duration, Unique Devices",
    lag=5,
)
# Apple's documentation lists State Metric Grouping; the files of 2026 lack it.
_SUBSCRIPTION_STATE = _pair(
    "App Store Subscription State Report",
    "COMMERCE",
    _APP + "State Metric, " + _SUBSCRIPTION + "Family Sharing, Cancellation Reason,"
    " App Download Source Type, [App Download Source Info, Campaign, ]Page Type, [Page Title, ]"
    "Pre-Order, Original Purchase Device, Territory, Counts",
    lag=3,
    window=2,
    is_stock=True,
)
_SUBSCRIPTION_EVENT = _pair(
    "App Store Subscription Event Report",
    "COMMERCE",
    "Event " + _APP + "Event Group, Event Name, " + _SUBSCRIPTION + "Plan Change Type,"
    " Previous Subscription Name, Previous Subscription Identifier, Family Sharing,"
    " Cancellation Reason, Churn Tenure, Paid Service Days Recovered, App Download Source Type,"
    " [App Download Source Info, Campaign, ]Page Type, [Page Title, ]Pre-Order,"
    " Original Purchase Device, Territory, Counts",
    lag=3,
    date_column="Event Date",
)
_SINGLE = (
    _report(
        "App Crashes",
        "APP_USAGE",
        _APP + "App Version, Device, Platform Version, Crashes, Unique Devices",
        lag=5,
        type_number=2,
    ),
    _report(
        "App Opt In",
        "APP_USAGE",
        _APP + "Downloading Users, Users Opting-In",
        lag=3,
        type_number=189,
    ),
    _report(
        "Retention Messaging",
        "APP_STORE_ENGAGEMENT",
        _APP + "Current Group Subscription, Current Subscription Group Identifier,"
        " Current Subscription, Current Subscription Identifier, Event, Page,"
        " Retention Message Type, Message Selection Type, Save Type, Device, Platform Version,"
        " Territory, Counts",
        lag=3,
        window=2,
        type_number=320,
    ),
    _report(
        "Platform App Installs",
        "APP_USAGE",
        "Install Day, App Name, App Apple Identifier, Install Type, Channel, Device,"
        " Platform Version, Territory, Installs",
        lag=0,
        window=1,
        date_column="Install Day",
        type_number=194,
    ),
    _report(
        "App Install Performance",
        "PERFORMANCE",
        _APP + "Download Type, Download Info, Install Status, Install Package Type, Device,"
        " Platform Version, Territory, Counts, Avg Install Duration",
        lag=2,
    ),
    # Percentages: the same key comes again in the next instance, and the newest counts.
    _report(
        "Browser Choice Screen Selection",
        "FRAMEWORK_USAGE",
        "Date, Territory, Platform, Device, Build, Release Type, Selection Rate,"
        " New Install Rate, Existing Install Rate, Product Page Conversion Rate,"
        " Informed Selection Rate, Direct Selection Rate",
        lag=8,
    ),
    _report("App Crashes Expanded", "PERFORMANCE", _FRAMEWORK, lag=8, policy=_ACCUMULATE),
    _report(
        "App Runtime Usage",
        "FRAMEWORK_USAGE",
        _FRAMEWORK + ", Architecture, Binary Code Directory Hash, Binary Path, Binary Team ID,"
        " Binary UUID, Dynamic Library Code Directory Hash, Dynamic Library Path,"
        " Dynamic Library Team ID, Dynamic Library UUID, Symbol Name, Symbol Offset,"
        " Symbol Count, Dynamic Library Version, Binary Version, Caller Path,"
        " Caller Symbol Name",
        lag=8,
        policy=_ACCUMULATE,
    ),
)

REPORTS: tuple[ReportSchema, ...] = (
    *_DOWNLOADS,
    *_SESSIONS,
    *_INSTALLATIONS,
    *_DISCOVERY,
    *_PURCHASES,
    *_PRE_ORDERS,
    *_WEB_PREVIEW,
    _also(_APP_CLIPS[0], "App Clip Usage"),  # both names were seen; the live one is unverified
    _APP_CLIPS[1],
    _also(_SUBSCRIPTION_STATE[0], "App Store Subscription State Standard"),
    _also(_SUBSCRIPTION_STATE[1], "App Store Subscription State Detailed"),
    _also(_SUBSCRIPTION_EVENT[0], "App Store Subscription Event Standard"),
    _also(_SUBSCRIPTION_EVENT[1], "App Store Subscription Event Detailed"),
    *_SINGLE,
)

REPLACED = (
    "AirPlay Errors",
    "AirPlay Performance",
    "Browser Choice Screen Engagement (iOS versions before 18.2)",
    "Streaming Downloads Performance",
    "Streaming Playback Performance",
)
"""Reports without an entry that are in Apple's list of those whose newer instances replace older
ones."""

UNDOCUMENTED_CATEGORIES = frozenset({"FRAMEWORK_USAGE", "PERFORMANCE"})
"""Apple does not say of most of their reports whether a newer instance replaces an older one."""

CATEGORIES = frozenset(each.category for each in REPORTS if each.category) | UNDOCUMENTED_CATEGORIES
