"""The dimensions that many reports share, and how often each value comes."""

from collections.abc import Mapping
from datetime import date, timedelta

from asc_pipeline.emulator.demo.figures import Figure, Text, Weights, unique
from asc_pipeline.emulator.demo.story import Story

DEVICES: Weights = {"iPhone": 78, "iPad": 19, "iPod touch": 1, "Desktop": 2}
SYSTEMS: Weights = {
    "iOS 26.1": 30, "iOS 26.0.1": 14, "iOS 18.7": 22, "iOS 18.6": 18, "iOS 17.6": 9, "iOS 16.7": 4,
    None: 1,
}  # fmt: skip
SOURCES: Weights = {
    "App Store search": 52, "App Store browse": 18, "App referrer": 12, "Web referrer": 14,
    "Unavailable": 3, None: 1,
}  # fmt: skip
PAGES: Weights = {
    "No page": 55, "Product page": 34, "Store sheet": 7, "In-app event page": 1,
    "Developer page": 1, "Notification": 1, None: 1,
}  # fmt: skip


def where(story: Story) -> dict[str, Weights]:
    return {
        "Device": DEVICES,
        "Platform Version": SYSTEMS,
        "Territory": story.profile.territories,
    }


def reached(story: Story) -> dict[str, Weights]:
    return {**where(story), "Source Type": SOURCES, "Page Type": PAGES}


def in_use(story: Story, day: date) -> dict[str, Weights]:
    return {**reached(story), "App Version": story.versions(day), "App Download Date": since(day)}


def since(day: date) -> Weights:
    dates: dict[Text, float] = {
        (day - timedelta(days=k)).isoformat(): 3.0 / (k + 1) for k in (0, 1, 2, 5, 9, 20)
    }
    return {None: 9.0, **dates}


def counts(_: Story, figure: Figure) -> Mapping[str, str]:
    return {"Counts": str(figure.amount)}


def counts_of_devices(_: Story, figure: Figure) -> Mapping[str, str]:
    return {"Counts": str(figure.amount), "Unique Devices": unique(figure)}
