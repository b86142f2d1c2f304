"""Settings and summary of a run of the models, with the newest seven days."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app_store_connect.errors import DestinationError
from app_store_connect.warehouse.connection import Warehouse

_LAST_WEEK = """
    select date_day,
        sum(impressions) as impressions,
        sum(page_views) as page_views,
        sum(first_time_downloads + redownloads) as downloads,
        sum(deletions) as deletions,
        sum(sessions) as sessions,
        sum(crashes) as crashes,
        sum(proceeds_usd) as proceeds_usd,
        min(case when is_complete then 1 else 0 end) as is_complete
    from shown.fct_app_store_connect__daily
    group by date_day order by date_day desc limit 7
"""
_WEEK_COLUMNS = (
    "date_day",
    "impressions",
    "page_views",
    "downloads",
    "deletions",
    "sessions",
    "crashes",
    "proceeds_usd",
    "is_complete",
)


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """A run of the models, as the command line asks for it."""

    destination: str = "duckdb"
    dataset: str = "app_store_connect"
    select: tuple[str, ...] = ()
    is_full_refresh: bool = False
    is_fivetran: bool = False
    is_debug: bool = False
    wait_seconds: float = 0.0

    @property
    def marts(self) -> str:
        """The schema of the marts."""
        return f"{self.dataset}_marts"


@dataclass(frozen=True, slots=True)
class Remark:
    """A model or test that failed or warns, with dbt's message."""

    what: str
    why: str


@dataclass(slots=True)
class ModelsSummary:
    """The account of a run of the models."""

    settings: ModelSettings
    location: str = ""
    models: int = 0
    tests: int = 0
    skipped: int = 0
    failures: list[Remark] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)
    last_week: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        return 1 if self.failures else 0

    @property
    def schema(self) -> str:
        """Where the marts are."""
        return self.settings.marts

    def as_json(self) -> dict[str, Any]:
        return {
            "exit_code": self.exit_code,
            "models": self.models,
            "tests": self.tests,
            "skipped": self.skipped,
            "failures": [{"what": each.what, "why": each.why} for each in self.failures],
            "warnings": [{"what": each.what, "why": each.why} for each in self.warnings],
            "destination": self.settings.destination,
            "location": self.location,
            "dataset": self.settings.dataset,
            "schema": self.schema,
            "last_week": self.last_week,
            "seconds": round(self.seconds, 1),
        }


def last_week(warehouse: Warehouse) -> list[dict[str, Any]]:
    """The newest seven days over all apps, from an open warehouse that shows the marts; empty where
    there are none.
    """
    try:
        rows = warehouse.execute(_LAST_WEEK)
    except DestinationError:
        return []
    return [_week_row(row) for row in reversed(rows)]


def _week_row(row: Sequence[Any]) -> dict[str, Any]:
    values = dict(zip(_WEEK_COLUMNS, row, strict=True))
    shown: dict[str, Any] = {
        name: None if value is None else int(value)
        for name, value in values.items()
        if name not in ("date_day", "proceeds_usd", "is_complete")
    }
    day: date = values["date_day"]
    money = values["proceeds_usd"]
    return {
        "date": day.isoformat(),
        **shown,
        "proceeds_usd": None if money is None else f"{money:.2f}",
        "is_complete": bool(values["is_complete"]),
    }
