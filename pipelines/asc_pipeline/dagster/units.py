"""Which apps of a key are asked for next. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app_store_connect.api.budget import HOURLY_LIMIT
from app_store_connect.instances import RETENTION_DAYS
from app_store_connect.planning.units import APPS_LISTED, LISTED_OF_AN_APP

REPORTS = 17
"""Default reports of an app, by Apple's lists of 2026."""
NEW_IN_A_DAY = 8
"""Instances of an app that a day adds, as in the demo."""
RECHECKS = 2 * NEW_IN_A_DAY
FIRST_INSTANCES = RETENTION_DAYS * NEW_IN_A_DAY
"""Estimates. A wrong one costs nothing but an end at the budget: the rest comes an hour later."""


@dataclass(frozen=True, slots=True)
class AppRange:
    """A unit: the apps from `first` to `last`, in the order of the key's apps."""

    first: str
    last: str


def day_start(now: datetime, hour: int) -> datetime:
    """When the day began in which an app is to be loaded once: at this hour by UTC."""
    start = now.astimezone(UTC).replace(hour=hour, minute=0, second=0, microsecond=0)
    return start if start <= now else start - timedelta(days=1)


def next_unit(
    apps: Sequence[str],
    *,
    loaded_today: Collection[str],
    loaded_ever: Collection[str],
    left: Mapping[str, int],
    after: str | None,
    most_apps: int,
    most_requests: int = HOURLY_LIMIT,
) -> AppRange | None:
    """The next apps that are due, at most as many as an hour's requests load; None if none is due.

    Dagster takes a range of partitions. So an app between two that are due is asked for again,
    which costs little: nothing of it is due.

    Args:
        left: of apps that were asked for and are not complete the number of instances left.
        after: the last app of the unit before. The next one begins after it, or an app that fails
            each hour would keep those behind it from being loaded.
    """
    due = [number for number, app_id in enumerate(apps) if app_id not in loaded_today]
    if not due:
        return None
    before = apps.index(after) if after in apps else -1
    first = last = next((each for each in due if each > before), due[0])
    is_due = set(due)
    requests = APPS_LISTED
    for number in range(first, due[-1] + 1):
        requests += _requests_of(apps[number], loaded_today, loaded_ever, left)
        if number > first and (requests > most_requests or number - first >= most_apps):
            break
        if number in is_due:
            last = number
    return AppRange(apps[first], apps[last])


def _requests_of(
    app_id: str,
    loaded_today: Collection[str],
    loaded_ever: Collection[str],
    left: Mapping[str, int],
) -> int:
    lists = LISTED_OF_AN_APP + REPORTS
    if app_id in loaded_today:
        return lists
    if app_id in loaded_ever:
        return lists + NEW_IN_A_DAY + RECHECKS
    return lists + left.get(app_id, FIRST_INSTANCES)
