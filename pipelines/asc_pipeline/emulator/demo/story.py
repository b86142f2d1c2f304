"""How an invented app fares from day to day, in totals that hang together.

All of it depends on the date alone, never on the day of the look, so that the demo is the same
world each day. The story repeats every four weeks from a fixed Monday: any 35 days show a release,
a press spike and, where an app has them, pre-orders and a launch.
"""

import math
import random
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache

from asc_pipeline.emulator.demo.profiles import Profile

EPOCH = date(2024, 1, 1)
CYCLE_DAYS = 28
_DAY = timedelta(days=1)
_YEAR_DAYS = 364
_REMEMBERED_DAYS = 45
_REMEMBERED_CYCLES = 3
_HALF_LIFE_DAYS = 2.5
_PRE_ORDER_DAYS = 14


def dice(*parts: object) -> random.Random:
    """A generator that throws the same for the same parts, in every process."""
    return random.Random("/".join(map(str, parts)))  # nosec B311 # invented figures


def cycle_of(day: date) -> int:
    """The number of the four weeks that the day is in."""
    return (day - EPOCH).days // CYCLE_DAYS


def day_of(cycle: int, number: int) -> date:
    return EPOCH + (cycle * CYCLE_DAYS + number) * _DAY


class Story:
    """An app's totals by day. Downloads drive everything else."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.downloads = cache(self._downloads)
        self.users = cache(self._users)
        self.versions = cache(self._versions)

    def _downloads(self, day: date) -> float:
        profile = self.profile
        throws = dice("day", profile.app.id, day)
        if throws.random() < profile.quiet_days:
            return 0.0
        season = 1 + profile.swing * math.sin(2 * math.pi * (day - EPOCH).days / _YEAR_DAYS)
        since = (day - day_of(0, profile.spike_day)).days % CYCLE_DAYS
        press = (profile.spike - 1) * math.pow(0.5, since / _HALF_LIFE_DAYS)
        usual = profile.downloads * season * profile.week[day.weekday()]
        return usual * (1 + press) * throws.uniform(0.95, 1.05)

    def _users(self, day: date) -> float:
        """Devices that open the app: a loyal base, and the rest of recent downloads."""
        recent = sum(
            self.downloads(day - k * _DAY) * 0.55 / math.sqrt(k + 1)
            for k in range(_REMEMBERED_DAYS)
        )
        loyal = 2.0 * self.profile.downloads
        return (loyal + recent) * (0.7 + 0.3 * self.profile.week[day.weekday()])

    def subscribers(self, day: date) -> float:
        """A stock: most stay from one day to the next, and some leave each day."""
        days = range(_REMEMBERED_DAYS)
        started = sum(self.downloads(day - k * _DAY) * math.pow(0.98, k) for k in days)
        return self.profile.downloads * 0.5 + 0.03 * started

    def launch(self, day: date) -> date | None:
        """The day of this cycle on which the app opens in another region; None for most apps."""
        number = self.profile.launch_day
        return None if number is None else day_of(cycle_of(day), number)

    def region(self, launch: date) -> str:
        """The region that opens on that day: each cycle has the next one in the list."""
        regions = self.profile.regions
        return regions[cycle_of(launch) % len(regions)]

    def pre_orders_open(self, day: date) -> date | None:
        """The first day of pre-orders in the region that opens next; None outside of that time."""
        launch = self.launch(day)
        opened = launch and launch - _PRE_ORDER_DAYS * _DAY
        return opened if launch and opened and opened <= day < launch else None

    def page_views(self, day: date) -> float:
        return self.downloads(day) * 3.1

    def impressions(self, day: date) -> float:
        return self.downloads(day) * 19 + self.profile.downloads

    def sessions(self, day: date) -> float:
        return self.users(day) * 1.7

    def _releases(self, day: date) -> dict[str, int]:
        """The versions that are out, newest first, to their age in days."""
        cycle = cycle_of(day)
        ages = {
            name.format(cycle - back): (day - day_of(cycle - back, number)).days
            for back in range(_REMEMBERED_CYCLES)
            for name, number in reversed([*self.profile.releases.items()])
        }
        return {version: age for version, age in ages.items() if age >= 0}

    def _versions(self, day: date) -> Mapping[str | None, float]:
        """The shares of app versions in use: each release is taken up within about a week."""
        shares: dict[str | None, float] = {}
        left = 1.0
        for version, age in self._releases(day).items():
            shares[version] = left * (1 - math.exp(-(age + 1) / 4))
            left -= shares[version]
        shares[version] += left
        return {version: share for version, share in shares.items() if share > 0.001}

    def updates(self, day: date) -> float:
        """Updates installed by themselves: many in the days after a release."""
        wave = sum(math.exp(-age / 3) for age in self._releases(day).values())
        return self.users(day) * 0.25 * wave

    def crashes(self, day: date, version: str | None) -> float:
        crashy = {self.profile.crashy_release.format(cycle_of(day) - back) for back in (0, 1)}
        rate = 0.012 if version in crashy else 0.0015
        return self.sessions(day) * self.versions(day).get(version, 0) * rate
