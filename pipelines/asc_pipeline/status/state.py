"""The state of a destination as values, and as JSON."""

from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from app_store_connect.instances import RETENTION_DAYS
from asc_pipeline.truth.lateness import days_late


@dataclass(frozen=True, slots=True)
class ReportState:
    """A row of `data_freshness`. Without a report name `reason` is one of the whole app."""

    app_id: int
    app_name: str | None
    report_name: str | None
    granularity: str | None
    newest_processing_date: date | None
    newest_complete_date: date | None
    missing_dates: int
    expiring_instances: int
    doubled_dates: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class RunState:
    """A row of `analytics_runs`."""

    run_id: str
    started_at: datetime
    ended_at: datetime
    version: str
    exit_code: int
    outcome: str
    requests: int
    segments: int
    rows: int
    failures: int
    notices: int
    reason: str | None

    @property
    def seconds(self) -> float:
        return round((self.ended_at - self.started_at).total_seconds(), 1)


@dataclass(frozen=True, slots=True)
class Size:
    """Rows in the report tables. `superseded_rows` are those that no view shows; `bytes` is None
    where the destination does not tell.
    """

    rows: int
    superseded_rows: int
    bytes: int | None


@dataclass(frozen=True, slots=True)
class State:
    """All of it, as of `today`."""

    destination: str
    location: str
    dataset: str
    today: date
    size: Size
    reports: list[ReportState] = field(default_factory=list)
    runs: list[RunState] = field(default_factory=list)

    def days_late(self, report: ReportState) -> int:
        """0 too for a report with a reason, of an app with one, or that has ended: none of these
        gets another instance.
        """
        newest = report.newest_processing_date
        if newest is None or not report.granularity or report.reason or self._has_ended(newest):
            return 0
        if any(each.app_id == report.app_id for each in self.reports if not each.report_name):
            return 0
        return days_late(newest, report.granularity, self.today)

    def _has_ended(self, newest_processing_date: date) -> bool:
        """Whether Apple keeps no instance of it any more, while other reports go on."""
        all_dates = [each.newest_processing_date for each in self.reports]
        newest = max(each for each in all_dates if each)
        return (newest - newest_processing_date).days > RETENTION_DAYS

    @property
    def late(self) -> list[ReportState]:
        return [each for each in self.reports if self.days_late(each)]

    def as_json(self, exit_code: int) -> dict[str, Any]:
        reports = [{**asdict(each), "days_late": self.days_late(each)} for each in self.reports]
        return {
            "exit_code": exit_code,
            "destination": self.destination,
            "location": self.location,
            "dataset": self.dataset,
            "reports": [_plain(each) for each in reports],
            "runs": [_plain(asdict(each) | {"seconds": each.seconds}) for each in self.runs],
            **asdict(self.size),
        }


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Dates and times as ISO 8601 text, for JSON."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in values.items()
    }
