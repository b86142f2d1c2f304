"""The row of a run in `analytics_runs`, and those of its failures."""

import json
import logging
from datetime import datetime
from typing import Any

from app_store_connect.dlt_errors import shortened
from app_store_connect.source import batch_source
from app_store_connect.tables import LOAD_FAILURES, LOADS, RUNS, failure_rows
from app_store_connect.warehouse.connection import Warehouse
from asc_pipeline.dlt_pipeline.own_rows import resource_of
from asc_pipeline.dlt_pipeline.packages import Packages
from asc_pipeline.job.summary import (
    INCOMPLETE,
    INTERRUPTED,
    OK,
    OUT_OF_BUDGET,
    UNUSABLE,
    Summary,
    exit_code_of,
)

logger = logging.getLogger(__name__)

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
    apps = {*summary.options.app_ids, *(app.id for app in summary.listing.apps)}
    narrowing = summary.options.narrowing()
    return {
        "run_id": summary.run_id,
        "started_at": summary.started_at,
        "ended_at": ended_at,
        "checked_at": _checked_at(summary),
        "version": summary.version,
        "app_ids": None if summary.is_for_all_apps else ",".join(sorted(apps)),
        "selection": json.dumps(narrowing, default=str, sort_keys=True) if narrowing else None,
        "exit_code": exit_code,
        "outcome": OUTCOMES[exit_code],
        "requests": summary.keys.requests_made,
        "segments": len(summary.outcome.completed),
        "rows": sum(each.row_count for each in summary.outcome.completed),
        "failures": len(summary.failures),
        "notices": len(summary.notices),
        "reason": str(error) if error else _reason(summary),
    }


def _checked_at(summary: Summary) -> datetime | None:
    """None if this run found rows gone and did not load them again, so that the next run compares
    all loads, too.
    """
    loaded = {each.item.listed.instance.id for each in summary.outcome.completed}
    return None if summary.unsound - loaded else summary.checked_at


def _reason(summary: Summary) -> str | None:
    if summary.outcome.stopped_by:
        return str(summary.outcome.stopped_by)
    first = next(iter(summary.failures), None)
    return f"{first.what}: {first.why}" if first else None


def record_run(
    packages: Packages,
    warehouse: Warehouse,
    summary: Summary,
    ended_at: datetime,
    error: Exception | None,
    table_format: str,
) -> list[str]:
    """Load the row of a run, and one for each of its failures, as a package of their own: dlt can
    write to every destination. Returns a notice if that fails, which ends no run.

    Nothing is written where nothing was ever loaded.
    """
    try:
        if LOADS in warehouse.columns():
            rows = {RUNS: [run_row(summary, ended_at, error)]}
            if summary.failures and not summary.is_interrupted:
                rows[LOAD_FAILURES] = failure_rows(summary.failures, ended_at)
            resources = [resource_of(table, rows[table], table_format) for table in rows]
            packages.abort()
            packages.load(batch_source(resources))
    except Exception as failure:  # whatever dlt and the destination's driver raise
        logger.debug("run not recorded", exc_info=failure)
        return [f"this run is not in {RUNS.name}: {shortened(failure.__cause__ or failure)}"]
    return []
