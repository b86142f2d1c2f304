"""The state of a destination as values, and as JSON."""

from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from asc_pipeline.truth.freshness import ReportState, days_late_of


@dataclass(frozen=True, slots=True)
class RunState:
    """A row of `analytics_runs`."""

    run_id: str
    started_at: datetime
    ended_at: datetime
    version: str
    app_ids: str | None
    selection: str | None
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
    is_lake: bool = False
    reports: list[ReportState] = field(default_factory=list)
    runs: list[RunState] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    """The lines of the message that is due."""

    def days_late(self, report: ReportState) -> int:
        return days_late_of(report, self.reports, self.today)

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
            "alerts": self.alerts,
            "runs": [_plain(asdict(each) | {"seconds": each.seconds}) for each in self.runs],
            **asdict(self.size),
        }


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Dates and times as ISO 8601 text, for JSON."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in values.items()
    }
