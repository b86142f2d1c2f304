"""A publisher's 35 days in simulated time: `python -m benchmarks.scale`.

The project's own code decides which apps are a unit, which instances are due, in which order, and
when a request may go out. Apple's lists, its count of requests and its failures are invented; no
request is sent and nothing is stored.
"""

import argparse
import contextlib
import hashlib
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from app_store_connect.api.budget import RequestBudget
from app_store_connect.catalog import REPORTS
from app_store_connect.entities import AccessType, Granularity, Report, ReportInstance
from app_store_connect.errors import BudgetExhaustedError
from app_store_connect.instances import (
    RETENTION_DAYS,
    Checksums,
    InstanceCheck,
    InstanceToLoad,
    ListedInstance,
    Look,
)
from app_store_connect.planning.options import Options
from app_store_connect.planning.selection import select_instances
from app_store_connect.planning.units import APPS_LISTED, LISTED_OF_AN_APP
from asc_pipeline.dagster.settings import APPS_IN_A_UNIT
from asc_pipeline.dagster.units import NEW_IN_A_DAY, day_start, next_unit
from asc_pipeline.emulator.server.budget import Budget

REPORTS_OF_AN_APP = 17
HOURLY_LIMIT = 3600
SECONDS_A_REQUEST = 1 / 27
"""Eight workers, each with an answer in 0.3 seconds."""
FIRST_DAY = datetime(2026, 10, 1, 9, tzinfo=UTC)
DAY_BEGINS = 9
FAILING_INSTANCES, FAILING_APPS = 0.005, 0.002
"""Of the instances that are asked for in an hour, and of the apps whose lists are."""
UNLIMITED = 1_000_000_000
DEAD_DAYS = 7


def share(*words: object) -> float:
    """A number from 0 to 1, the same in every run."""
    digest = hashlib.blake2b(repr(words).encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


@dataclass(slots=True)
class SimulatedKey:
    """A key with its apps, its ledger and its budget."""

    name: str
    apps: list[str]
    dead: range
    """Days on which Apple refuses it."""
    now: datetime = FIRST_DAY
    requests: Counter[date] = field(default_factory=Counter)
    loaded: dict[str, Checksums] = field(default_factory=dict)
    checks: dict[str, InstanceCheck] = field(default_factory=dict)
    loaded_on: dict[str, datetime] = field(default_factory=dict)
    """Of each app when it was complete last."""
    left: dict[str, int] = field(default_factory=dict)
    after: str | None = None
    listed: dict[str, list[ListedInstance]] = field(default_factory=dict)
    complete_at: datetime | None = None
    caught_up: timedelta | None = None
    """How long after the key was accepted again all its apps were complete."""
    budget: Budget = field(init=False)

    def __post_init__(self) -> None:
        self.budget = Budget(lambda: self.now, {"hour": HOURLY_LIMIT})

    def hour(self, start: datetime, most_requests: int) -> None:
        """The scheduler's tick: the next unit is loaded until its end or that of the budget."""
        self.now = max(self.now, start)
        since = day_start(start, DAY_BEGINS)
        unit = next_unit(
            self.apps,
            loaded_today={each for each, at in self.loaded_on.items() if at >= since},
            loaded_ever=self.loaded_on.keys(),
            left=self.left,
            after=self.after,
            most_apps=APPS_IN_A_UNIT,
            most_requests=most_requests,
        )
        if unit is None:
            return
        if (start - FIRST_DAY).days in self.dead:
            self.requests[self.now.date()] += APPS_LISTED  # refused
            return
        self.after = unit.last
        first, last = self.apps.index(unit.first), self.apps.index(unit.last)
        requests = RequestBudget(0, clock=self.now_seconds, sleep=lambda seconds: None)
        with contextlib.suppress(BudgetExhaustedError):
            self._load(self.apps[first : last + 1], requests)
        if self.complete_at is None and len(self.loaded_on) == len(self.apps):
            self.complete_at = self.now
        back = FIRST_DAY + timedelta(days=self.dead.stop)
        if self.caught_up is None and all(
            self.loaded_on.get(each, FIRST_DAY) >= back for each in self.apps
        ):
            self.caught_up = self.now - back

    def now_seconds(self) -> float:
        return self.now.timestamp()

    @property
    def hours(self) -> int:
        return int((self.now - FIRST_DAY).total_seconds() // 3600)

    def _ask(self, requests: RequestBudget, count: int = 1) -> None:
        for _ in range(count):
            turn = requests.wait_for_turn()
            self.budget.spend(self.name)
            ((_, header),) = self.budget.headers(self.name)
            self.now += timedelta(seconds=SECONDS_A_REQUEST)
            self.requests[self.now.date()] += 1
            requests.note(turn, header)

    def _load(self, apps: Sequence[str], requests: RequestBudget) -> None:
        """Raises BudgetExhaustedError."""
        today = self.now.date()
        self._ask(requests, APPS_LISTED + len(apps) * (LISTED_OF_AN_APP + REPORTS_OF_AN_APP))
        whole = [each for each in apps if share("app", each, self.hours) >= FAILING_APPS]
        listed = [item for app_id in whole for item in self._instances(app_id, today)]
        selection = select_instances(
            listed, self.loaded, Options(), today=today, checks=self.checks
        )
        left = Counter(item.listed.app_id for item in selection.due)
        try:
            for item in selection.due:
                self._ask(requests)
                if self._look(item, today):
                    left[item.listed.app_id] -= 1
        finally:
            self.left |= {each: left[each] for each in whole}
            self.loaded_on |= {each: self.now for each in whole if not left[each]}

    def _look(self, item: InstanceToLoad, today: date) -> bool:
        """Load an instance or look at it again. Returns whether that succeeded."""
        id_ = item.listed.instance.id
        if share("instance", id_, self.hours) < FAILING_INSTANCES:
            self.checks[id_] = InstanceCheck(Look.FAILED, today)
            return False
        outcome = Look.UNCHANGED if item.is_recheck else Look.LOADED
        self.loaded.setdefault(id_, {"segment": id_})
        self.checks[id_] = InstanceCheck(outcome, today)
        return True

    def _instances(self, app_id: str, today: date) -> list[ListedInstance]:
        """The instances that Apple lists for an app: of 35 days, eight reports each day."""
        kept = [
            each
            for each in self.listed.get(app_id, [])
            if (today - each.instance.processing_date).days < RETENTION_DAYS
        ]
        newest = max((each.instance.processing_date for each in kept), default=date.min)
        since = max(newest + timedelta(days=1), today - timedelta(days=RETENTION_DAYS - 1))
        for age in range((today - since).days, -1, -1):
            kept += _prepared(app_id, today - timedelta(days=age))
        self.listed[app_id] = kept
        return kept

    @property
    def lost(self) -> int:
        """Instances that Apple deleted before they were loaded."""
        ages = range(RETENTION_DAYS, RETENTION_DAYS + (self.now - FIRST_DAY).days)
        deleted = [self.now.date() - timedelta(days=age) for age in ages]
        return sum(
            each.instance.id not in self.loaded
            for app_id in self.apps
            for day in deleted
            for each in _prepared(app_id, day)
        )


def _prepared(app_id: str, day: date) -> Iterator[ListedInstance]:
    for schema in REPORTS[:NEW_IN_A_DAY]:
        report = Report(f"{app_id}-{schema.name}", app_id, schema.name, schema.category)
        instance = ReportInstance(f"{report.id}-{day}", report.id, Granularity.DAILY, day)
        yield ListedInstance(app_id, AccessType.ONGOING, report, instance)


def keys_of(apps: int, keys: int, dead: int, days: range) -> list[SimulatedKey]:
    ids = [str(1_500_000_000 + number) for number in range(apps)]
    return [
        SimulatedKey(f"KEY{number}", ids[number::keys], days if number < dead else range(0))
        for number in range(keys)
    ]


def simulate(keys: Sequence[SimulatedKey], days: int, most_requests: int) -> None:
    for hour in range(days * 24):
        for key in keys:
            key.hour(FIRST_DAY + timedelta(hours=hour), most_requests)


def report(keys: Sequence[SimulatedKey], days: int) -> None:
    complete = [each.complete_at for each in keys]
    hours = [(each - FIRST_DAY).total_seconds() / 3600 for each in complete if each]
    requests: Counter[date] = Counter()
    for key in keys:
        requests += key.requests
    usual = sorted(requests.values())[len(requests) // 2]
    end = FIRST_DAY + timedelta(days=days)
    behind = sum(
        end - key.loaded_on.get(app, FIRST_DAY) > timedelta(days=2)
        for key in keys
        for app in key.apps
    )
    if hours:
        print(f"first complete load: after {min(hours):.1f} to {max(hours):.1f} hours")
    print(f"keys with a complete load: {len(hours)} of {len(keys)}")
    print(f"requests of the first day: {requests[FIRST_DAY.date()]:,}")
    print(f"requests of a usual day: {usual:,} of {len(keys) * 24 * HOURLY_LIMIT:,} allowed")
    for key in keys:
        if key.dead and key.caught_up:
            print(
                f"{key.name} had caught up {key.caught_up.total_seconds() / 3600:.1f} hours later"
            )
    print(f"apps more than two days behind at the end: {behind}")
    print(f"instances that Apple deleted before they were loaded: {sum(k.lost for k in keys):,}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--apps", type=int, default=1000)
    parser.add_argument("--keys", type=int, default=12)
    parser.add_argument("--days", type=int, default=35)
    parser.add_argument("--dead", type=int, default=0, help="keys that Apple refuses for a week")
    parser.add_argument("--from-day", type=int, default=3, help="the day on which it begins")
    parser.add_argument(
        "--ninety", action="store_true", help="units of 90 apps, whatever they cost"
    )
    chosen = parser.parse_args()
    began = time.perf_counter()
    refused = range(chosen.from_day, chosen.from_day + DEAD_DAYS)
    keys = keys_of(chosen.apps, chosen.keys, chosen.dead, refused)
    simulate(keys, chosen.days, UNLIMITED if chosen.ninety else HOURLY_LIMIT)
    report(keys, chosen.days)
    print(f"{time.perf_counter() - began:.0f} s for {chosen.apps:,} apps and {chosen.keys} keys")


if __name__ == "__main__":
    main()
