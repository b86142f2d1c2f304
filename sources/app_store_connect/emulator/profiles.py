"""The invented apps of the demo, and what sets each of them apart."""

from collections.abc import Mapping
from dataclasses import dataclass

from app_store_connect.model import App


@dataclass(frozen=True, slots=True)
class Product:
    """Something that is sold in an app; a subscription if it has a `duration`."""

    name: str
    id: str
    cents: int
    share: float
    duration: str | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """An app's size, rhythm and story. `week` begins on Monday; `..._ago` is in days."""

    app: App
    downloads: int
    week: tuple[float, ...]
    growth: float
    spike_ago: int
    spike: float
    territories: Mapping[str | None, float]
    releases: Mapping[str, int]
    crashy_release: str
    products: tuple[Product, ...] = ()
    launch_ago: int | None = None
    silent: frozenset[str] = frozenset()


_PRE_ORDERS = "App Store Pre-Orders Standard"
_CLIPS = "App Clip Usage Standard"
_STATE = "App Store Subscription State Report Standard"
_EVENT = "App Store Subscription Event Report Standard"

WEATHER = Profile(
    app=App("1500000101", "Nimbus Weather", "com.example.nimbus", "NIMBUS-IOS", "en-US"),
    downloads=900,
    week=(1.04, 1.0, 0.98, 1.0, 1.08, 0.96, 0.94),
    growth=0.002,
    spike_ago=9,
    spike=3.2,
    territories={
        "US": 34,
        "GB": 12,
        "DE": 11,
        "NO": 8,
        "CA": 7,
        "FR": 6,
        "NA": 3,
        "JP": 5,
        None: 1,
    },
    releases={"4.2.9": 200, "4.2.40": 24, "4.3": 6},
    crashy_release="4.2.40",
    products=(
        Product("Nimbus Plus, monthly", "1500000111", 299, 0.6, "1 month"),
        Product("Nimbus Plus, yearly", "1500000112", 1999, 0.4, "1 year"),
    ),
    silent=frozenset({_PRE_ORDERS, _CLIPS}),
)

RECIPES = Profile(
    app=App(
        "1500000202",
        'Saltcellar: Recipes, "Plain & Good"',
        "com.example.saltcellar",
        "SALT-1",
        "en-GB",
    ),
    downloads=340,
    week=(0.82, 0.78, 0.8, 0.88, 1.05, 1.34, 1.4),
    growth=0.004,
    spike_ago=20,
    spike=1.8,
    territories={
        "GB": 24,
        "US": 22,
        "IT": 12,
        "FR": 11,
        "ES": 8,
        "SE": 6,
        "NA": 2,
        "BR": 4,
        None: 1,
    },
    releases={"1.9": 150, "1.10": 30, "1.11.2": 11},
    crashy_release="1.11.2",
    products=(
        Product("Chef's table, monthly", "1500000211", 499, 0.5, "1 month"),
        Product('Cookbook "Winter", unlocked', "1500000212", 799, 0.5),
    ),
    silent=frozenset({_PRE_ORDERS}),
)

GAME = Profile(
    app=App("1500000303", "Tidepool Defenders", "com.example.tidepool", "TIDE-7", "en-US"),
    downloads=2600,
    week=(0.86, 0.84, 0.88, 0.92, 1.1, 1.24, 1.16),
    growth=-0.003,
    spike_ago=16,
    spike=4.5,
    territories={
        "US": 26,
        "JP": 16,
        "KR": 11,
        "DE": 9,
        "BR": 9,
        "MX": 7,
        "NA": 2,
        "ID": 8,
        None: 1,
    },
    releases={"0.9": 120, "1.0": 16, "1.0.1": 12, "1.10": 4},
    crashy_release="1.0",
    products=(
        Product("Bucket of pearls", "1500000311", 199, 0.7),
        Product("Chest of pearls", "1500000312", 999, 0.25),
        Product("Captain's pass", "1500000313", 499, 0.05),
    ),
    launch_ago=16,
    silent=frozenset({_CLIPS, _STATE, _EVENT}),
)

PROFILES = (WEATHER, RECIPES, GAME)
