"""What a user asks a run of the job for."""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from app_store_connect.entities import AccessType
from app_store_connect.planning.options import Options
from asc_pipeline.job.runner import Settings
from tests.walk.account import NAMES, Account
from tests.walk.apple import ONGOING, SNAPSHOT


@dataclass(frozen=True)
class Order:
    """What a user asks a run for. `days_ahead`: so far the walk's day is from the real one."""

    days_ahead: int = 0
    destination: str = "duckdb"
    reports: tuple[str, ...] = ("*",)
    app_ids: tuple[str, ...] = ()
    access_types: tuple[str, ...] = (ONGOING, SNAPSHOT)
    since: str | None = None
    until: str | None = None
    instance_ids: tuple[str, ...] = ()
    is_renewing: bool = False
    recheck: int = 2
    keep_superseded: int | None = None
    batch_segments: int = 2000

    def settings(self) -> Settings:
        return Settings(
            options=Options(
                app_ids=self.app_ids,
                reports=self.reports,
                access_types=tuple(map(AccessType, self.access_types)),
                since=_day(self.since),
                until=_day(self.until),
                instance_ids=self.instance_ids,
                create_requests=AccessType.ONGOING if self.is_renewing else None,
                recheck_days=self.recheck,
            ),
            destination=self.destination,
            max_wait=0,
            keep_superseded_days=self.keep_superseded,
        )


def days_ahead(account: Account) -> int:
    return (account.today - datetime.now(UTC).date()).days


def draw_order(chance: random.Random, account: Account) -> Order:
    """The options of a run: mostly the daily ones."""
    some = chance.random() < 0.5
    since = until = None
    if some and chance.random() < 0.3:
        since = (account.today - timedelta(days=chance.randint(0, 12))).isoformat()
    if some and chance.random() < 0.2:
        until = (account.today - timedelta(days=chance.randint(0, 5))).isoformat()
    if since and until and since > until:
        since, until = until, since
    return Order(
        days_ahead=days_ahead(account),
        reports=(chance.choice(list(NAMES)),) if some and chance.random() < 0.2 else ("*",),
        app_ids=(chance.choice(list(account.world.apps)),)
        if some and chance.random() < 0.15
        else (),
        access_types=("ONGOING",) if some and chance.random() < 0.1 else Order.access_types,
        since=since,
        until=until,
        recheck=chance.choice([0, 1, 2, 5, 40]) if some else 2,
        keep_superseded=chance.choice([None, None, 0, 0, 3]) if some else None,
        batch_segments=chance.choice([1, 3, 2000]),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
