"""Sends the alerts that are due, and notes at the destination that they were sent."""

import logging
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

from app_store_connect.configuration.settings import read_configuration
from app_store_connect.dlt_errors import shortened
from app_store_connect.source import batch_source
from app_store_connect.tables import ALERTS, SEGMENTS
from app_store_connect.views.freshness import FRESHNESS
from app_store_connect.warehouse.connection import Warehouse
from asc_pipeline.alerts.channels import send
from asc_pipeline.alerts.findings import message_due
from asc_pipeline.alerts.messages import Alert, Change, Message
from asc_pipeline.dlt_pipeline.job_folder import empty_pipelines_dir
from asc_pipeline.dlt_pipeline.opening import Patience, opened, synchronise
from asc_pipeline.dlt_pipeline.own_rows import resource_of
from asc_pipeline.dlt_pipeline.packages import Packages
from asc_pipeline.dlt_pipeline.workspace import (
    is_without_file,
    make_pipeline,
    nothing_loaded,
)
from asc_pipeline.truth.freshness import make_views_of_lake

logger = logging.getLogger(__name__)


def send_due(
    urls: list[str], warehouse: Warehouse, packages: Packages, now: datetime, table_format: str
) -> tuple[Message | None, list[str]]:
    """The message that was due, and a notice for each address that it did not reach.

    If it reached none, nothing is noted, and it is due again.

    Raises:
        ConfigurationError: apprise is missing, or the destination failed.
    """
    message = message_due(warehouse, now)
    if message is None:
        return None, []
    notices = send(urls, message.title, message.text)
    if len(notices) < len(urls):
        rows = [_row(each, now) for each in message.alerts]
        packages.load(batch_source([resource_of(ALERTS, rows, table_format)]))
    return message, notices


def send_after_run(
    urls: list[str], warehouse: Warehouse, packages: Packages, now: datetime, table_format: str
) -> list[str]:
    """`send_due` with notices alone: that alerts cannot be sent ends no run."""
    try:
        if FRESHNESS not in warehouse.views():
            return []
        return send_due(urls, warehouse, packages, now, table_format)[1]
    except Exception as failure:  # whatever dlt, apprise and the destination's driver raise
        logger.debug("alerts not sent", exc_info=failure)
        return [f"alerts were not sent: {shortened(failure.__cause__ or failure)}"]


def _row(alert: Alert, now: datetime) -> dict[str, Any]:
    problem = alert.problem
    return {
        "id": problem.id,
        "kind": problem.kind.name.lower(),
        "app_id": problem.app_id,
        "subject": problem.subject,
        "message": alert.line,
        "size": problem.size,
        "since": alert.since,
        "sent_at": now,
        "is_over": alert.change is Change.OVER,
    }


def notify(
    urls: list[str],
    *,
    destination: str,
    dataset: str,
    now: datetime,
    wait_seconds: float,
    say: Callable[[str], None],
) -> tuple[Message | None, list[str]]:
    """`send_due` without a run.

    Raises:
        ConfigurationError: the destination cannot be opened, or nothing is loaded there.
    """
    table_format = read_configuration().table_format
    with empty_pipelines_dir() as folder:
        pipeline = make_pipeline(destination, dataset, folder)
        nothing = nothing_loaded(pipeline, dataset)
        if is_without_file(pipeline):  # opening it would make it
            raise nothing
        warehouse = Warehouse(pipeline, dataset)
        with opened(warehouse, table_format, Patience(wait_seconds, say)):
            if SEGMENTS.name not in warehouse.columns():
                raise nothing
            make_views_of_lake(warehouse)
            synchronise(pipeline)
            packages = Packages(pipeline, warehouse, deque(), is_shared=destination != "duckdb")
            return send_due(urls, warehouse, packages, now, table_format)
