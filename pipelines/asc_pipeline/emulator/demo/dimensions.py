"""The columns of the reports that vary from row to row, and how often each value comes."""

from collections.abc import Callable, Mapping
from datetime import date

from asc_pipeline.emulator.demo.apps import Profile, Text, Weights
from asc_pipeline.emulator.demo.story import (
    DAY,
    REMEMBERED_DAYS,
    devices_of_age,
    users,
    versions,
)

Values = Weights | Callable[[Profile, date], Weights]

WHERE = "Device, Platform Version, Territory"
REACHED = f"{WHERE}, Source Type, Page Type"
IN_USE = f"{REACHED}, App Version, App Download Date"
SUBSCRIBED = "Territory, Original Purchase Device, App Download Source Type, Page Type"

_DEVICES: Weights = {"iPhone": 78, "iPad": 19, "iPod touch": 1, "Desktop": 2}
_SOURCES: Weights = {
    "App Store search": 52, "App Store browse": 18, "App referrer": 12, "Web referrer": 14,
    "Unavailable": 3, None: 1,
}  # fmt: skip


def _download_dates(profile: Profile, day: date) -> Weights:
    """Recent downloads by their share of today's devices; the loyal ones came long ago."""
    recent: dict[Text, float] = {
        (day - k * DAY).isoformat(): devices_of_age(profile, day, k) for k in range(REMEMBERED_DAYS)
    }
    devices = users(profile, day)
    loyal: dict[Text, float] = {
        (day - k * DAY).isoformat(): devices * 0.05 for k in (60, 90, 180, 365)
    }
    return {None: devices * 0.2, **recent, **loyal}


def in_europe(profile: Profile, _: date) -> Weights:
    return {c: n for c, n in profile.territories.items() if c in ("DE", "ES", "FR", "IT")}


DIMENSIONS: Mapping[str, Values] = {
    "Device": _DEVICES,
    "Original Purchase Device": _DEVICES,
    "Platform Version": {
        "iOS 26.1": 30, "iOS 26.0.1": 14, "iOS 18.7": 22, "iOS 18.6": 18, "iOS 17.6": 9,
        "iOS 16.7": 4, None: 1,
    },
    "Platform": {"iOS 26.1": 3.0, "iOS 18.7": 2.0},
    "Territory": lambda profile, _: profile.territories,
    "Source Type": _SOURCES,
    "App Download Source Type": _SOURCES,
    "Page Type": {
        "No page": 55, "Product page": 34, "Store sheet": 7, "In-app event page": 1,
        "Developer page": 1, "Notification": 1, None: 1,
    },
    "App Version": versions,
    "App Download Date": _download_dates,
    "Browser": {"Safari": 70, "Chrome": 24, "Firefox": 6},
    "Browser Version": {"26.1": 5, "18.6": 4, "17.10": 1, None: 1},
    "Payment Method": {"Visa": 38, "Mastercard": 30, "PayPal": 14, "Apple Account": 16, None: 2},
    "Cancellation Reason": {"Voluntary": 6, "Billing issue": 3, "Price increase": 1},
    "Campaign": {None: 9, "autumn": 2, 'rain "24"': 1},
    "Page Title": {"Default product page": 8, "Weekend forecast": 2, None: 1},
    "Offer Name": {None: 8, 'Autumn "Half Off", 3 months': 2},
}  # fmt: skip
"""Column name to its values in every report that does not say otherwise."""


def drawn(values: Values, profile: Profile, day: date) -> Weights:
    return values(profile, day) if callable(values) else values
