"""The row of a run in `analytics_runs`."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import dlt
from dlt.common.storages.load_package import load_package_state

from app_store_connect.source import batch_source
from app_store_connect.tables import PLAIN, RUNS
from asc_pipeline.job.packages import Packages
from asc_pipeline.job.summary import (
    INCOMPLETE,
    INTERRUPTED,
    OK,
    OUT_OF_BUDGET,
    UNUSABLE,
    Summary,
    exit_code_of,
)

OUTCOMES = {
    OK: "complete",
    INCOMPLETE: "incomplete",
    UNUSABLE: "unusable",
    OUT_OF_BUDGET: "out of budget",
    INTERRUPTED: "interrupted",
}


def run_row(summary: Summary, ended_at: datetime, error: Exception | None = None) -> dict[str, Any]:
    """The row of a run. `error` ended it; without one the summary tells how it ended."""
    exit_code = exit_code_of(error) if error else summary.exit_code
    return {
        "run_id": summary.run_id,
        "started_at": summary.started_at,
        "ended_at": ended_at,
        "version": summary.version,
        "exit_code": exit_code,
        "outcome": OUTCOMES[exit_code],
        "requests": summary.budget.requests_made,
        "segments": len(summary.outcome.completed),
        "rows": sum(each.row_count for each in summary.outcome.completed),
        "failures": len(summary.failures),
        "notices": len(summary.notices),
        "reason": str(error) if error else _reason(summary),
    }


def _reason(summary: Summary) -> str | None:
    if summary.outcome.stopped_by:
        return str(summary.outcome.stopped_by)
    first = next(iter(summary.failures), None)
    return f"{first.what}: {first.why}" if first else None


def write_run(packages: Packages, row: dict[str, Any], table_format: str) -> None:
    """Load the row as a package of its own: dlt can write to every destination."""
    open_format: Any = None if table_format == PLAIN else table_format

    @dlt.resource(name=RUNS.name, write_disposition="append", table_format=open_format)
    def runs() -> Iterator[Any]:
        yield RUNS.arrow([row], load_package_state()["load_id"])

    packages.load(batch_source([runs]))
