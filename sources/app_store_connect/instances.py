"""The last look at an instance's segments, and whether the instance has to be looked at again."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

FAILED_LATELY = timedelta(days=3)
"""An instance that failed within so many days waits until the others are loaded. After that it is
tried in its place again, so that a small budget does not keep it from being tried at all."""


class Look(StrEnum):
    """How a look ended."""

    LOADED = "loaded"
    UNCHANGED = "unchanged"
    EMPTY = "empty"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class InstanceCheck:
    """A row of `tables.INSTANCE_CHECKS`, as far as it decides something."""

    outcome: str
    checked_on: date

    def is_settled(self, processing_date: date, recheck_days: int) -> bool:
        """Whether the instance was seen whole when it was so many days old, and stays as it is."""
        is_whole = self.outcome in (Look.LOADED, Look.UNCHANGED)
        return is_whole and (self.checked_on - processing_date).days >= recheck_days

    def has_failed_lately(self, today: date) -> bool:
        return self.outcome == Look.FAILED and today - self.checked_on <= FAILED_LATELY


def is_news(
    check: InstanceCheck,
    before: InstanceCheck | None,
    *,
    processing_date: date,
    recheck_days: int,
) -> bool:
    """Whether the destination needs a new row for this check. Most checks repeat the last one."""
    if check.outcome == Look.LOADED:
        return True
    if check.outcome == Look.UNCHANGED:
        was_settled = before is not None and before.is_settled(processing_date, recheck_days)
        return check.is_settled(processing_date, recheck_days) and not was_settled
    if check.outcome == Look.EMPTY:
        return before is None or before.outcome != Look.EMPTY
    return check != before
