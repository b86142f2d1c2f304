"""The reports of the dbt project: a literal, edited to add a report or a measure.

`generator` writes models, macros and properties from it: run `make questions` after a change.
"""

from .definition import Literals, Measure, Report


def _sum(name: str, column: str, *literals: Literals) -> Measure:
    return Measure(name, column, literals)


def _stock(name: str, state: Literals) -> Measure:
    return Measure(name, "counts", (state,), is_stock=True)


_IMPRESSION = Literals("event", ("impression",))
_PAGE_VIEW = Literals("event", ("page view",))
_TAP = Literals("event", ("tap",))
_PRODUCT_PAGE = Literals("page_type", ("product page", "product sheet", "store sheet"))
_OTHER_PAGE = Literals("page_type", _PRODUCT_PAGE.values, others=True)
_FIRST = Literals("download_type", ("first-time download",))
_AGAIN = Literals("download_type", ("redownload",))
_UPDATE = Literals("download_type", ("auto-update", "manual update"))
_KNOWN_DOWNLOADS = _FIRST.values + _AGAIN.values + _UPDATE.values
_OTHER = Literals("download_type", _KNOWN_DOWNLOADS, others=True)
_INSTALL = Literals("event", ("install",))
_DELETE = Literals("event", ("delete",))


def _in_state(*values: str, others: bool = False) -> Literals:
    return Literals("state_metric", values, others)


def _of_group(*values: str, others: bool = False) -> Literals:
    return Literals("event_group", values, others)


_CHURNED = ("voluntary churn", "involuntary churn")
_STATES = ("full price", "free trial", "billing retry", *_CHURNED)
_EVENT_GROUPS = (
    "offer start",
    "paid subscription start",
    "paid subscription from offer",
    "renewal",
    "enter billing issue",
    *_CHURNED,
)

_STANDARD = (
    Report(
        "App Store Discovery and Engagement Standard",
        "discovery",
        "app-store-discovery-and-engagement",
        (
            _sum("impressions", "counts", _IMPRESSION),
            _sum("page_views", "counts", _PAGE_VIEW, _PRODUCT_PAGE),
            _sum("other_page_views", "counts", _PAGE_VIEW, _OTHER_PAGE),
            _sum("taps", "counts", _TAP),
            _sum("impression_uniques_summed_over_dimensions", "unique_counts", _IMPRESSION),
            _sum(
                "page_view_uniques_summed_over_dimensions",
                "unique_counts",
                _PAGE_VIEW,
                _PRODUCT_PAGE,
            ),
        ),
        is_expected=True,
    ),
    Report(
        "App Downloads Standard",
        "downloads",
        "app-download",
        (
            _sum("first_time_downloads", "counts", _FIRST),
            _sum("redownloads", "counts", _AGAIN),
            _sum("updates", "counts", _UPDATE),
            _sum("other_downloads", "counts", _OTHER),
        ),
        is_expected=True,
    ),
    Report(
        "App Store Installation and Deletion Standard",
        "installs",
        "app-installs",
        (
            _sum("first_time_installs", "counts", _INSTALL, _FIRST),
            _sum("reinstalls", "counts", _INSTALL, _AGAIN),
            _sum("installed_updates", "counts", _INSTALL, _UPDATE),
            _sum("other_installs", "counts", _INSTALL, _OTHER),
            _sum("deletions", "counts", _DELETE),
        ),
        is_expected=True,
    ),
    Report(
        "App Sessions Standard",
        "sessions",
        "app-sessions",
        (
            _sum("sessions", "sessions"),
            _sum("session_seconds", "session_seconds"),
            _sum("session_devices_summed_over_dimensions", "unique_devices"),
        ),
        is_expected=True,
    ),
    Report(
        "App Crashes",
        "crashes",
        "app-crashes",
        (
            _sum("crashes", "crashes"),
            _sum("crash_devices_summed_over_dimensions", "unique_devices"),
        ),
    ),
    Report(
        "App Store Purchases Standard",
        "purchases",
        "app-store-purchase",
        (
            _sum("purchases", "purchases"),
            _sum("sales_usd", "sales_usd"),
            _sum("proceeds_usd", "proceeds_usd"),
            _sum("paying_users_summed_over_dimensions", "paying_users"),
        ),
    ),
    Report(
        "App Opt In",
        "opt_in",
        "app-store-opt-in",
        (
            _sum("downloading_users", "downloading_users"),
            _sum("users_opting_in", "users_opting_in"),
        ),
    ),
    Report(
        "App Store Subscription State Report Standard",
        "subscription_state",
        "subscription-state",
        (
            _stock("paid_subscriptions", _in_state("full price")),
            _stock("trial_subscriptions", _in_state("free trial")),
            _stock("billing_retry_subscriptions", _in_state("billing retry")),
            _stock("churned_subscriptions", _in_state(*_CHURNED)),
            _stock("other_subscriptions", _in_state(*_STATES, others=True)),
        ),
    ),
    Report(
        "App Store Subscription Event Report Standard",
        "subscription_events",
        "subscription-event",
        (
            _sum("offer_starts", "counts", _of_group("offer start")),
            _sum("paid_starts", "counts", _of_group("paid subscription start")),
            _sum("paid_from_offers", "counts", _of_group("paid subscription from offer")),
            _sum("renewals", "counts", _of_group("renewal")),
            _sum("billing_issues", "counts", _of_group("enter billing issue")),
            _sum("voluntary_churns", "counts", _of_group("voluntary churn")),
            _sum("involuntary_churns", "counts", _of_group("involuntary churn")),
            _sum("other_subscription_events", "counts", _of_group(*_EVENT_GROUPS, others=True)),
        ),
    ),
    Report("App Store Pre-Orders Standard", "pre_orders", "app-store-pre-order"),
    Report("App Store Web Preview Engagement Standard", "web_preview", "app-store-web-preview"),
    Report("App Clip Usage Standard", "app_clips", "app-clip-usage"),
    Report("Retention Messaging", "retention_messaging", "app-store-retention-messaging"),
    Report("Platform App Installs", "platform_installs", "platform-app-installs"),
)

DEFINITIONS = _STANDARD + tuple(each.detailed() for each in _STANDARD if each.has_detailed)
