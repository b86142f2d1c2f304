"""The values that Apple writes in columns with a fixed list, in lower case: Apple says that case
does not matter.

Seen in files of several accounts in 2026. Files differ from Apple's pages, mostly by the singular,
and Apple adds values without notice: a value that is not here is no error.
"""

from collections.abc import Mapping

_PAGE_TYPES = (
    "no page",
    "product page",
    "product sheet",
    "store sheet",
    "developer page",
    "in-app event page",
    "app version history",
    "app privacy",
    "app accessibility",
    "notification",
    "media view",
)
_DOWNLOAD_TYPES = (
    "first-time download",
    "redownload",
    "auto-update",
    "manual update",
    "restore",
    "auto-download",
    "institutional purchase",
)

LITERALS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "App Downloads Standard": {
        "download_type": _DOWNLOAD_TYPES,
        "page_type": _PAGE_TYPES,
        "source_type": (
            "app store search",
            "app store browse",
            "app referrer",
            "web referrer",
            "app clip",
            "institutional purchase",
            "unavailable",
        ),
    },
    "App Store Installation and Deletion Standard": {
        "event": ("install", "delete"),
        "download_type": _DOWNLOAD_TYPES,
    },
    "App Store Discovery and Engagement Standard": {
        "event": ("impression", "page view", "tap"),
        "page_type": _PAGE_TYPES,
    },
    "App Store Web Preview Engagement Standard": {"event": ("impression", "page view", "tap")},
    "App Store Subscription State Report Standard": {
        "state_metric": (
            "free trial",
            "full price",
            "billing retry",
            "voluntary churn",
            "involuntary churn",
        ),
    },
    "App Store Subscription Event Report Standard": {
        "event_group": (
            "offer start",
            "paid subscription start",
            "paid subscription from offer",
            "renewal",
            "enter billing issue",
            "voluntary churn",
            "involuntary churn",
        ),
    },
    "App Sessions Standard": {
        "device": (
            "iphone",
            "ipad",
            "ipod touch",
            "desktop",
            "apple tv",
            "apple watch",
            "apple vision",
        ),
    },
}
"""Report to column to its values."""
