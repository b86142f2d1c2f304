"""How an invented app fares from day to day, in totals that hang together.

All of it depends on the date alone, never on the day of the look, so that the demo is the same
world each day. The story repeats every four weeks from a fixed Monday: any 35 days show a release,
a press spike and, where an app has them, pre-orders and a launch. Downloads drive everything else.
"""

import math
import random
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache

from asc_pipeline.emulator.demo.apps import Profile, Text, Weights

EPOCH = date(2024, 1, 1)
CYCLE_DAYS = 28
DAY = timedelta(days=1)
_YEAR_DAYS = 364
REMEMBERED_DAYS = 45
_REMEMBERED_CYCLES = 3
_HALF_LIFE_DAYS = 2.5
_PRE_ORDER_DAYS = 14

Total = Callable[[Profile, date], float]


def dice(*parts: object) -> random.Random:
    """A generator that throws the same for the same parts, in every process."""
    return random.Random("/".join(map(str, parts)))  # nosec B311 # invented figures


def cycle_of(day: date) -> int:
    """The number of the four weeks that the day is in."""
    return (day - EPOCH).days // CYCLE_DAYS


def day_of(cycle: int, number: int) -> date:
    return EPOCH + (cycle * CYCLE_DAYS + number) * DAY


@cache
def downloads(profile: Profile, day: date) -> float:
    throws = dice("day", profile.app.id, day)
    if throws.random() < profile.quiet_days:
        return 0.0
    season = 1 + profile.swing * math.sin(2 * math.pi * (day - EPOCH).days / _YEAR_DAYS)
    since = (day - day_of(0, profile.spike_day)).days % CYCLE_DAYS
    press = (profile.spike - 1) * math.pow(0.5, since / _HALF_LIFE_DAYS)
    usual = profile.downloads * season * profile.week[day.weekday()]
    return usual * (1 + press) * throws.uniform(0.95, 1.05)


@cache
def users(profile: Profile, day: date) -> float:
    """Devices that open the app: a loyal base, and the rest of recent downloads."""
    recent = sum(devices_of_age(profile, day, k) for k in range(REMEMBERED_DAYS))
    loyal = 2.0 * profile.downloads
    return (loyal + recent) * (0.7 + 0.3 * profile.week[day.weekday()])


def devices_of_age(profile: Profile, day: date, age: int) -> float:
    """Of the devices that downloaded the app so many days ago, those that open it."""
    return downloads(profile, day - age * DAY) * 0.55 / math.sqrt(age + 1)


@cache
def versions(profile: Profile, day: date) -> Weights:
    """The shares of app versions in use: each release is taken up within about a week."""
    shares: dict[Text, float] = {}
    left = 1.0
    for version, age in _releases(profile, day).items():
        shares[version] = left * (1 - math.exp(-(age + 1) / 4))
        left -= shares[version]
    shares[version] += left
    return {version: share for version, share in shares.items() if share > 0.001}


def _releases(profile: Profile, day: date) -> dict[str, int]:
    """The versions that are out, newest first, to their age in days."""
    cycle = cycle_of(day)
    ages = {
        name.format(cycle - back): (day - day_of(cycle - back, number)).days
        for back in range(_REMEMBERED_CYCLES)
        for name, number in reversed([*profile.releases.items()])
    }
    return {version: age for version, age in ages.items() if age >= 0}


def subscribers(profile: Profile, day: date) -> float:
    """A stock: most stay from one day to the next, and some leave each day."""
    days = range(REMEMBERED_DAYS)
    started = sum(downloads(profile, day - k * DAY) * math.pow(0.98, k) for k in days)
    return profile.downloads * 0.5 + 0.03 * started


def launch(profile: Profile, day: date) -> date | None:
    """The day of this cycle on which the app opens in another region; None for most apps."""
    return None if profile.launch_day is None else day_of(cycle_of(day), profile.launch_day)


def region(profile: Profile, day: date) -> str:
    """The region that opens in this cycle: each cycle has the next one in the list."""
    return profile.regions[cycle_of(day) % len(profile.regions)]


def pre_orders_open(profile: Profile, day: date) -> date | None:
    """The first day of pre-orders in the region that opens next; None outside of that time."""
    opens = launch(profile, day)
    opened = opens and opens - _PRE_ORDER_DAYS * DAY
    return opened if opens and opened and opened <= day < opens else None


def page_views(profile: Profile, day: date) -> float:
    return downloads(profile, day) * 3.1


def web_views(profile: Profile, day: date) -> float:
    return downloads(profile, day) * 0.4


def impressions(profile: Profile, day: date) -> float:
    return downloads(profile, day) * 19 + profile.downloads


def sessions(profile: Profile, day: date) -> float:
    return users(profile, day) * 1.7


def updates(profile: Profile, day: date) -> float:
    """Updates installed by themselves: many in the days after a release."""
    wave = sum(math.exp(-age / 3) for age in _releases(profile, day).values())
    return users(profile, day) * 0.25 * wave


def crashes(profile: Profile, day: date, version: Text) -> float:
    crashy = {profile.crashy_release.format(cycle_of(day) - back) for back in (0, 1)}
    rate = 0.012 if version in crashy else 0.0015
    return sessions(profile, day) * versions(profile, day).get(version, 0) * rate
