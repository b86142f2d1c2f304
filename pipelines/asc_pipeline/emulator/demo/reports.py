"""The table of the demo's reports, from which `demo.py` makes the rows of every instance."""

from collections.abc import Mapping

from app_store_connect.entities import Granularity
from asc_pipeline.emulator.demo import totals
from asc_pipeline.emulator.demo.apps import COOKBOOK, GAME, PROFILES, WEATHER
from asc_pipeline.emulator.demo.dimensions import IN_USE, REACHED, SUBSCRIBED, WHERE, in_europe
from asc_pipeline.emulator.demo.measures import unique
from asc_pipeline.emulator.demo.report import Report
from asc_pipeline.emulator.demo.story import (
    downloads,
    impressions,
    page_views,
    sessions,
    subscribers,
    updates,
    users,
    web_views,
)
from asc_pipeline.emulator.demo.totals import parts, plans, products

_ALL = (Granularity.DAILY, Granularity.WEEKLY, Granularity.MONTHLY)
_SOLD = {
    "Content Name": "{product.name}",
    "Content Apple Identifier": "{product.id}",
    "Purchase Type": "{product.kind}",
}
_PLAN = {
    "Subscription Name": "{product.name}",
    "Subscription Identifier": "{product.id}",
    "Subscription Duration": "{product.duration}",
    "Billing Frequency": "Unknown",
    "Subscription Group": "Full access",
    "Subscription Group Identifier": "{app.group}",
    "Family Sharing": "No",
}
_MESSAGE = {
    "Current Group Subscription": "Full access",
    "Current Subscription Group Identifier": "{app.group}",
    "Current Subscription": "{product.name}",
    "Current Subscription Identifier": "{product.id}",
    "Page": "Confirm cancellation",
    "Retention Message Type": "Text",
}
_STARTED = "Paid subscription start"
_CANCELLED = "Cancellation Reason"

# fmt: off
REPORTS: Mapping[str, Report] = {
    "App Downloads Standard": Report(
        66,
        (parts(
            "Download Type",
            (downloads, 1, "First-time download"), (downloads, 0.3, "Redownload"),
            (updates, 1, "Auto-update"), (updates, 0.06, "Manual update"),
            (downloads, 0.04, "Restore"), (downloads, 0.02, "Auto-download"),
            (downloads, 0.005, "Institutional purchase"),
        ), totals.launch),
        f"{REACHED}, App Version", "Counts", apps=PROFILES, has_snapshot=True,
    ),
    "App Downloads Detailed": Report(
        60,
        (parts(
            "Download Type",
            (downloads, 0.8, "First-time download"), (downloads, 0.22, "Redownload"),
        ),),
        f"{REACHED}, App Version, Campaign, Page Title", "Counts",
    ),
    "App Sessions Standard": Report(
        50, (parts("", (sessions, 1)),), IN_USE, "Sessions, Total Session Duration, Unique Devices",
        granularities=_ALL, has_snapshot=True,
    ),
    "App Store Installation and Deletion Standard": Report(
        55,
        (parts(
            "Event, Download Type",
            (downloads, 0.97, "Install", "First-time download"),
            (downloads, 0.29, "Install", "Redownload"), (updates, 0.98, "Install", "Auto-update"),
            (users, 0.03, "Delete", "First-time download"),
            (users, 0.006, "Delete", "Manual update"),
        ),),
        IN_USE, "Counts, Unique Devices",
    ),
    "App Store Discovery and Engagement Standard": Report(
        60,
        (parts(
            "Event, Page Type, Engagement Type",
            (impressions, 1, "Impression", "No page", None),
            (page_views, 0.9, "Page view", "Product page", None),
            (page_views, 0.1, "Page view", "Store sheet", None),
            (page_views, 0.04, "Page view", "Developer page", None),
            (page_views, 0.03, "Page view", "In-app event page", None),
            (page_views, 0.02, "Page view", "App version history", None),
            (downloads, 0.9, "Tap", "Product page", "Get"),
            (downloads, 0.2, "Tap", "Product page", "Re-download"),
            (downloads, 0.4, "Tap", "No page", "Get"),
        ),),
        f"{WHERE}, Source Type", "Counts, Unique Counts",
        apps=PROFILES, granularities=_ALL, has_snapshot=True,
    ),
    "App Store Purchases Standard": Report(
        30,
        (
            parts("", (users, 0.012), each=products, always=_SOLD),
            parts("", (users, -0.00072), each=products, always=_SOLD),
        ),
        f"{REACHED}, Payment Method, App Download Date",
        "Purchases, Proceeds in USD, Sales in USD, Paying Users",
        granularities=_ALL, is_doubled=True, has_snapshot=True,
    ),
    "App Store Pre-Orders Standard": Report(
        20, (totals.pre_orders,), REACHED, "Pre-Orders Placed, Pre-Orders Canceled", apps=(GAME,),
    ),
    "App Store Web Preview Engagement Standard": Report(
        20,
        (parts(
            "Event, Engagement Type",
            (web_views, 1, "Page view", None), (web_views, 0.35, "Tap", "View in App Store"),
            always={"Page Type": "Product page", "Source Type": "Web referrer"},
        ),),
        f"{WHERE}, Browser, Browser Version", "Counts", apps=(WEATHER, GAME),
    ),
    "App Clip Usage Standard": Report(
        16,
        (parts(
            "App Clip Event Type",
            (downloads, 0.5, "Card view"), (downloads, 0.2, "Installation"),
            (downloads, 0.25, "Session"),
        ),),
        f"{WHERE}, Source Type, App Version", "Counts, Total Session Duration, Unique Devices",
        apps=(COOKBOOK,), values={"Source Type": {"App Clip Code": 5, "Maps": 3, "Safari": 2}},
    ),
    "App Store Subscription State Report Standard": Report(
        30,
        (parts(
            "State Metric",
            (subscribers, 1, "Full price"), (subscribers, 0.08, "Free trial"),
            (subscribers, 0.02, "Voluntary churn"),
            each=plans, always=_PLAN,
        ),),
        SUBSCRIBED, "Counts", apps=(WEATHER, COOKBOOK), also={"Voluntary churn": _CANCELLED},
    ),
    "App Store Subscription Event Report Standard": Report(
        36,
        (totals.with_plan_left(parts(
            "Event Group, Event Name",
            (downloads, 0.03, "Offer start", "Free trial start activation"),
            (downloads, 0.012, _STARTED, "Full price subscription start activation"),
            (downloads, 0.003, _STARTED, "Full price subscription start reactivation"),
            (downloads, 0.018, "Paid subscription from offer", "Full price from free trial"),
            (downloads, 0.07, "Renewal", "Full price renewal"),
            (downloads, 0.004, "Enter billing issue", "Billing retry from full price"),
            (downloads, 0.012, "Voluntary churn", "Voluntary churn from full price"),
            (downloads, 0.003, "Involuntary churn", "Involuntary churn from billing retry"),
            each=plans, always=_PLAN,
        )),),
        SUBSCRIBED, "Counts", apps=(WEATHER, COOKBOOK),
        also={
            "Offer start": "Offer Name", "Voluntary churn": _CANCELLED,
            "Involuntary churn": _CANCELLED,
        },
    ),
    "Retention Messaging": Report(
        8,
        (parts(
            "Event", (downloads, 0.02, "Page views"), (downloads, 0.004, "Saves"),
            each=plans, always=_MESSAGE,
        ),),
        WHERE, "Counts", apps=(WEATHER,),
    ),
    "Platform App Installs": Report(
        10,
        (parts(
            "Channel", (downloads, 0.3, "App Store"), (downloads, 0.004, "Web"),
            always={"Install Type": "First-time install"},
        ),),
        WHERE, "Installs", apps=(COOKBOOK,), values={"Territory": in_europe},
    ),
    "App Crashes": Report(
        20, (totals.crashes,), "Device, Platform Version", "Crashes, Unique Devices",
        apps=PROFILES, own={"Unique Devices": unique(0.7)}, has_snapshot=True,
    ),
    "App Crashes Expanded": Report(
        12, (totals.crashes_of_builds,), "Device, Territory, Platform", "Count, Unique Devices",
        values={"Device": {"iPhone15,2": 4.0, "iPhone17,1": 6.0, "iPad14,3": 2.0}},
    ),
    "App Opt In": Report(
        1, (parts("", (downloads, 1)),), "", "Downloading Users, Users Opting-In",
    ),
}
# fmt: on
