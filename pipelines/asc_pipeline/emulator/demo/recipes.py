"""The reports of the demo: how an app's day becomes blocks of figures and measures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from asc_pipeline.emulator.demo import commerce
from asc_pipeline.emulator.demo.dimensions import (
    DEVICES,
    SOURCES,
    SYSTEMS,
    counts,
    counts_of_devices,
    in_use,
    reached,
    where,
)
from asc_pipeline.emulator.demo.figures import Block, Figure, Weights, unique
from asc_pipeline.emulator.demo.story import Story

Blocks = list[Block]

_EUROPE = ("DE", "ES", "FR", "IT", "SE")
_BROWSERS: Weights = {"Safari": 70, "Chrome": 24, "Firefox": 6}
_BROWSER_VERSIONS: Weights = {"26.1": 5, "18.6": 4, "17.10": 1, None: 1}


@dataclass(frozen=True, slots=True)
class Recipe:
    """A report: rows a day, its blocks and its measures."""

    rows: int
    blocks: Callable[[Story, date], Blocks]
    measures: Callable[[Story, Figure], Mapping[str, str]]


def _downloads(story: Story, day: date) -> Blocks:
    total = story.downloads(day)
    varied: dict[str, Weights] = {**reached(story), "App Version": story.versions(day)}
    amounts = {
        "First-time download": total,
        "Redownload": total * 0.3,
        "Auto-update": story.updates(day),
        "Manual update": story.updates(day) * 0.06,
        "Restore": total * 0.04,
        "Auto-download": total * 0.02,
        "Institutional purchase": total * 0.005,
    }
    blocks = [Block({"Download Type": kind}, n, varied) for kind, n in amounts.items()]
    if day == story.launch(day):
        ordered = {
            "Download Type": "First-time download",
            "Pre-Order": "Pre-order",
            "Territory": story.region(day),
        }
        others = {name: each for name, each in varied.items() if name not in ordered}
        blocks.append(Block(ordered, total * 0.3, others))
    return blocks


def _sessions(story: Story, day: date) -> Blocks:
    return [Block({}, story.sessions(day), in_use(story, day))]


def _session_measures(_: Story, figure: Figure) -> Mapping[str, str]:
    return {
        "Sessions": str(figure.amount),
        "Total Session Duration": str(round(figure.amount * (40 + 180 * figure.luck))),
        "Unique Devices": unique(figure),
    }


def _installations(story: Story, day: date) -> Blocks:
    total = story.downloads(day)
    varied = in_use(story, day)
    amounts = {
        ("Install", "First-time download"): total * 0.97,
        ("Install", "Redownload"): total * 0.29,
        ("Install", "Auto-update"): story.updates(day) * 0.98,
        ("Delete", "First-time download"): story.users(day) * 0.03,
        ("Delete", "Manual update"): story.users(day) * 0.006,
    }
    return [
        Block({"Event": event, "Download Type": kind}, n, varied)
        for (event, kind), n in amounts.items()
    ]


def _discovery(story: Story, day: date) -> Blocks:
    varied = {**where(story), "Source Type": SOURCES}
    total, views = story.downloads(day), story.page_views(day)
    amounts = {
        ("Impression", "No page", None): story.impressions(day),
        ("Page view", "Product page", None): views * 0.9,
        ("Page view", "Store sheet", None): views * 0.1,
        ("Page view", "Developer page", None): views * 0.04,
        ("Page view", "In-app event page", None): views * 0.03,
        ("Page view", "App version history", None): views * 0.02,
        ("Tap", "Product page", "Get"): total * 0.9,
        ("Tap", "Product page", "Re-download"): total * 0.2,
        ("Tap", "No page", "Get"): total * 0.4,
    }
    return [
        Block({"Event": event, "Page Type": page, "Engagement Type": kind}, n, varied)
        for (event, page, kind), n in amounts.items()
    ]


def _discovery_measures(_: Story, figure: Figure) -> Mapping[str, str]:
    return {"Counts": str(figure.amount), "Unique Counts": unique(figure, 0.45)}


def _web_preview(story: Story, day: date) -> Blocks:
    varied = {**where(story), "Browser": _BROWSERS, "Browser Version": _BROWSER_VERSIONS}
    fixed = {"Page Type": "Product page", "Source Type": "Web referrer"}
    total = story.downloads(day) * 0.4
    tap = {**fixed, "Event": "Tap", "Engagement Type": "View in App Store"}
    return [
        Block({**fixed, "Event": "Page view"}, total, varied),
        Block(tap, total * 0.35, varied),
    ]


def _platform_installs(story: Story, day: date) -> Blocks:
    """Installs by where they came from, which Apple tells for the European Union alone."""
    europe: Weights = {
        c: n for c, n in story.profile.territories.items() if c in ("DE", "ES", "FR", "IT")
    }
    varied: dict[str, Weights] = {**where(story), "Territory": europe}
    amounts = {"App Store": 0.3, "Web": 0.004}
    fixed = {"Install Type": "First-time install"}
    return [
        Block({**fixed, "Channel": channel}, story.downloads(day) * n, varied)
        for channel, n in amounts.items()
    ]


def _platform_measures(_: Story, figure: Figure) -> Mapping[str, str]:
    return {"Installs": str(figure.amount)}


def _app_clips(story: Story, day: date) -> Blocks:
    varied: dict[str, Weights] = {
        **where(story),
        "Source Type": {"App Clip Code": 5, "Maps": 3, "Safari": 2},
        "App Version": story.versions(day),
    }
    amounts = {"Card view": 0.5, "Installation": 0.2, "Session": 0.25}
    total = story.downloads(day)
    return [Block({"App Clip Event Type": kind}, total * n, varied) for kind, n in amounts.items()]


def _clip_measures(_: Story, figure: Figure) -> Mapping[str, str]:
    is_session = figure.dimensions["App Clip Event Type"] == "Session"
    seconds = round(figure.amount * (20 + 40 * figure.luck)) if is_session else 0
    return {
        "Counts": str(figure.amount),
        "Total Session Duration": str(seconds),
        "Unique Devices": unique(figure),
    }


def _crashes(story: Story, day: date) -> Blocks:
    where = {"Device": DEVICES, "Platform Version": SYSTEMS}
    return [
        Block({"App Version": version}, story.crashes(day, version), where)
        for version in story.versions(day)
    ]


def _crash_measures(_: Story, figure: Figure) -> Mapping[str, str]:
    return {"Crashes": str(figure.amount), "Unique Devices": unique(figure, 0.7)}


def _opt_in(story: Story, day: date) -> Blocks:
    return [Block({}, story.downloads(day), {})]


def _opt_in_measures(_: Story, figure: Figure) -> Mapping[str, str]:
    opted = round(figure.amount * (0.22 + 0.1 * figure.luck))
    return {"Downloading Users": str(figure.amount), "Users Opting-In": str(opted)}


RECIPES: Mapping[str, Recipe] = {
    "App Downloads Standard": Recipe(66, _downloads, counts),
    "App Sessions Standard": Recipe(50, _sessions, _session_measures),
    "App Store Installation and Deletion Standard": Recipe(55, _installations, counts_of_devices),
    "App Store Discovery and Engagement Standard": Recipe(60, _discovery, _discovery_measures),
    "App Store Purchases Standard": Recipe(30, commerce.purchases, commerce.purchase_measures),
    "App Store Pre-Orders Standard": Recipe(20, commerce.pre_orders, commerce.pre_order_measures),
    "App Store Web Preview Engagement Standard": Recipe(20, _web_preview, counts),
    "App Clip Usage Standard": Recipe(16, _app_clips, _clip_measures),
    "App Store Subscription State Report Standard": Recipe(30, commerce.subscription_state, counts),
    "App Store Subscription Event Report Standard": Recipe(36, commerce.subscription_event, counts),
    "Retention Messaging": Recipe(8, commerce.retention, counts),
    "Platform App Installs": Recipe(10, _platform_installs, _platform_measures),
    "App Crashes": Recipe(20, _crashes, _crash_measures),
    "App Opt In": Recipe(1, _opt_in, _opt_in_measures),
}
