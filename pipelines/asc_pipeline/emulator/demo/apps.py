"""The invented apps of the demo, and their differences."""

from collections.abc import Mapping
from dataclasses import dataclass

from app_store_connect.entities import App

Text = str | None
Weights = Mapping[Text, float]
"""Values, and how often each comes in proportion to the others."""


@dataclass(frozen=True, slots=True)
class Product:
    """Something that is sold in an app; a subscription if it has a `duration`."""

    name: str
    id: str
    cents: int
    share: float
    duration: str | None = None

    @property
    def kind(self) -> str:
        return "Auto-renewable subscription" if self.duration else "In-app purchase"


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """An app's size, rhythm and story. `week` begins on Monday.

    `..._day` and the numbers of `releases` are days in each cycle of four weeks, which begin on a
    Monday; `{}` in a version is the cycle's number. `swing` is the season's share of the downloads,
    `quiet_days` the share of days on which nobody comes. Reports in `monthly` have MONTHLY
    instances alone.
    """

    app: App
    downloads: int
    week: tuple[float, ...]
    swing: float
    spike_day: int
    spike: float
    territories: Weights
    releases: Mapping[str, int]
    crashy_release: str
    products: tuple[Product, ...] = ()
    launch_day: int | None = None
    regions: tuple[str, ...] = ()
    quiet_days: float = 0.0
    monthly: frozenset[str] = frozenset()

    @property
    def group(self) -> str:
        """The id of the group of its subscriptions."""
        return f"2{self.app.id[-7:]}"


WEATHER = Profile(
    App("1500000101", "Nimbus Weather", "com.example.nimbus", "NIMBUS-IOS", "en-US"),
    downloads=900,
    week=(1.04, 1.0, 0.98, 1.0, 1.08, 0.96, 0.94),
    swing=0.2,
    spike_day=16,
    spike=3.2,
    territories={
        "US": 34, "GB": 12, "DE": 11, "NO": 8, "CA": 7, "FR": 6, "NA": 3, "JP": 5, None: 1
    },
    releases={"4.{}.9": 1, "4.{}.40": 12},
    crashy_release="4.{}.40",
    products=(
        Product("Nimbus Plus, monthly", "1500000111", 299, 0.6, "1 month"),
        Product("Nimbus Plus, yearly", "1500000112", 1999, 0.4, "1 year"),
    ),
)  # fmt: skip

COOKBOOK = Profile(
    App(
        "1500000202", 'Saltcellar: Recipes, "Plain & Good"', "com.example.saltcellar", "SALT-1",
        "en-GB",
    ),
    downloads=340,
    week=(0.82, 0.78, 0.8, 0.88, 1.05, 1.34, 1.4),
    swing=0.3,
    spike_day=5,
    spike=1.8,
    territories={
        "GB": 24, "US": 22, "IT": 12, "FR": 11, "ES": 8, "SE": 6, "NA": 2, "BR": 4, None: 1
    },
    releases={"1.{}0": 3, "1.{}0.2": 18},
    crashy_release="1.{}0",
    products=(
        Product("Chef's table, monthly", "1500000211", 499, 0.5, "1 month"),
        Product('Cookbook "Winter", unlocked', "1500000212", 799, 0.5),
    ),
)  # fmt: skip

GAME = Profile(
    App("1500000303", "Tidepool Defenders", "com.example.tidepool", "TIDE-7", "en-US"),
    downloads=2600,
    week=(0.86, 0.84, 0.88, 0.92, 1.1, 1.24, 1.16),
    swing=0.15,
    spike_day=15,
    spike=4.5,
    territories={
        "US": 26, "JP": 16, "KR": 11, "DE": 9, "BR": 9, "MX": 7, "NA": 2, "ID": 8, None: 1
    },
    releases={"1.{}": 15, "1.{}.1": 19},
    crashy_release="1.{}",
    products=(
        Product("Bucket of pearls", "1500000311", 199, 0.7),
        Product("Chest of pearls", "1500000312", 999, 0.25),
        Product("Captain's pass", "1500000313", 499, 0.05),
    ),
    launch_day=15,
    regions=("NO", "PH", "AU", "TH", "ES", "VN", "PL", "TR"),
)  # fmt: skip

# Too few users for Apple to tell of their use, except a month of crashes at a time.
QUIET = Profile(
    App("1500000404", "Tally of Tides", "com.example.tally", "TALLY", "en-GB"),
    downloads=2,
    week=(1.0,) * 7,
    swing=0.0,
    spike_day=9,
    spike=2.0,
    territories={"GB": 6, "IE": 3, "NA": 1},
    releases={"0.{}": 2},
    crashy_release="0.{}",
    quiet_days=0.7,
    monthly=frozenset({"App Crashes"}),
)

PROFILES = (WEATHER, COOKBOOK, GAME, QUIET)
