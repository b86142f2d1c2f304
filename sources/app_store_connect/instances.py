"""Report instances on their way: as Apple lists them, as a run is to load them, as they were last
looked at.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from .catalog import ReportSchema, schema_of_report
from .entities import AccessType, Report, ReportInstance
from .names import table_name

DEFAULT_RECHECK_DAYS = 2
RETENTION_DAYS = 35
"""How long Apple keeps an instance ("Retrieve missed reports")."""
FAILED_LATELY = timedelta(days=3)
"""An instance that failed within so many days waits until the others are loaded. After that it is
tried in its place again, so that a small budget does not keep it from being tried at all."""

Checksums = Mapping[str, str]
"""Segment id to checksum."""
AppTable = tuple[str, str]
"""An app and a report table."""


@dataclass(frozen=True, slots=True)
class ListedInstance:
    """An instance with its app and report. `access_type` is None where Apple was not asked."""

    app_id: str
    access_type: AccessType | None
    report: Report
    instance: ReportInstance

    @property
    def schema(self) -> ReportSchema:
        return schema_of_report(self.report)

    @property
    def table_name(self) -> str:
        return table_name(self.schema.name, self.instance.granularity)

    @property
    def app_table(self) -> "AppTable":
        return self.app_id, self.table_name

    def __str__(self) -> str:
        return (
            f"{self.report.name} {self.instance.granularity} of app {self.app_id}, processed"
            f" {self.instance.processing_date}"
        )


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


@dataclass(frozen=True, slots=True)
class InstanceToLoad:
    """An instance whose segments are to be listed; those in `loaded` are kept if unchanged.

    `check` is the last look at the instance.
    """

    listed: ListedInstance
    loaded: Checksums = field(default_factory=dict)
    check: InstanceCheck | None = None

    @property
    def is_recheck(self) -> bool:
        return bool(self.loaded)

    def is_settled(self, recheck_days: int) -> bool:
        """Whether it is loaded and does not have to be looked at again."""
        processed = self.listed.instance.processing_date
        was_seen = self.check is not None and self.check.is_settled(processed, recheck_days)
        return self.is_recheck and (was_seen or not recheck_days)

    def has_failed_lately(self, today: date) -> bool:
        return self.check is not None and self.check.has_failed_lately(today)


@dataclass(frozen=True, slots=True)
class KnownInstance:
    """An instance that was listed when it was last looked at."""

    id: str
    report_id: str
    report_request_id: str | None
    app_id: int
    granularity: str
    processing_date: date

    def row(self, unlisted_since: date) -> dict[str, Any]:
        """A row of `tables.INSTANCES`."""
        return {
            "id": self.id,
            "report_id": self.report_id,
            "app_id": self.app_id,
            "granularity": self.granularity,
            "processing_date": self.processing_date,
            "unlisted_since": unlisted_since,
        }


def is_about_to_expire(instance: ReportInstance, *, today: date) -> bool:
    """Whether Apple may delete the instance between listing it and being asked for its segments."""
    return today - instance.processing_date >= timedelta(days=RETENTION_DAYS - 1)


def names_of(reports: Iterable[Report]) -> set[str]:
    """All names by which these reports can be asked for."""
    return {name for each in reports for name in (each.name, each.known_as) if name}
