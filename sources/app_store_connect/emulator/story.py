"""How an invented app fares from day to day, in totals that hang together."""

import math
import random
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache

from app_store_connect.emulator.profiles import Profile

_DAY = timedelta(days=1)
_REMEMBERED_DAYS = 45
_HALF_LIFE_DAYS = 2.5
_SOFT_LAUNCH = 0.08


def dice(*parts: object) -> random.Random:
    """A generator that throws the same for the same parts, in every process."""
    return random.Random("/".join(map(str, parts)))  # nosec B311 # invented figures


class Story:
    """An app's totals by day. Downloads drive everything else."""

    def __init__(self, profile: Profile, today: date) -> None:
        self.profile = profile
        self.today = today
        self.downloads = cache(self._downloads)
        self.users = cache(self._users)

    def ago(self, day: date) -> int:
        return (self.today - day).days

    def is_launched(self, day: date) -> bool:
        launch = self.profile.launch_ago
        return launch is None or self.ago(day) <= launch

    def _downloads(self, day: date) -> float:
        profile, ago = self.profile, self.ago(day)
        usual = profile.downloads * (1 + profile.growth) ** -ago * profile.week[day.weekday()]
        since = profile.spike_ago - ago
        press = (profile.spike - 1) * 0.5 ** (since / _HALF_LIFE_DAYS) if since >= 0 else 0
        soft = 1 if self.is_launched(day) else _SOFT_LAUNCH
        return usual * (1 + press) * soft * dice("day", profile.app.id, day).uniform(0.95, 1.05)

    def _users(self, day: date) -> float:
        """Devices that open the app: a loyal base, and what is left of recent downloads."""
        recent = sum(
            self.downloads(day - k * _DAY) * 0.55 / math.sqrt(k + 1)
            for k in range(_REMEMBERED_DAYS)
        )
        loyal = 2.0 * self.profile.downloads if self.is_launched(day) else 0.0
        return (loyal + recent) * (0.7 + 0.3 * self.profile.week[day.weekday()])

    def page_views(self, day: date) -> float:
        return self.downloads(day) * 3.1

    def impressions(self, day: date) -> float:
        return self.downloads(day) * 19 + self.profile.downloads

    def sessions(self, day: date) -> float:
        return self.users(day) * 1.7

    def versions(self, day: date) -> Mapping[str | None, float]:
        """The shares of app versions in use: each release is taken up within about a week."""
        shares: dict[str | None, float] = {}
        left = 1.0
        for version, released_ago in reversed(list(self.profile.releases.items())):
            age = released_ago - self.ago(day)
            share = left * (1 - math.exp(-(age + 1) / 4)) if age >= 0 else 0.0
            shares[version] = share
            left -= share
        oldest = next(iter(self.profile.releases))
        shares[oldest] = shares.get(oldest, 0.0) + left
        return {version: share for version, share in shares.items() if share > 0}

    def updates(self, day: date) -> float:
        """Updates installed by themselves: many in the days after a release."""
        ages = (released - self.ago(day) for released in self.profile.releases.values())
        wave = sum(math.exp(-age / 3) for age in ages if age >= 0)
        return self.users(day) * 0.25 * wave

    def crashes(self, day: date, version: str | None) -> float:
        rate = 0.012 if version == self.profile.crashy_release else 0.0015
        return self.sessions(day) * self.versions(day).get(version, 0) * rate
