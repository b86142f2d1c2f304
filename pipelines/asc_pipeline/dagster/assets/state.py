"""Reads from the destination how far each report is, and which failures still stand."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

from app_store_connect.entities import Granularity
from app_store_connect.errors import AppStoreConnectError
from app_store_connect.instances import AppTable
from app_store_connect.names import table_name
from app_store_connect.warehouse.connection import Warehouse
from asc_pipeline.alerts.findings import read_failures
from asc_pipeline.alerts.runs import FailureCount
from asc_pipeline.dagster.settings import WAIT_SECONDS, DagsterSettings
from asc_pipeline.dlt_pipeline.opening import Patience, opened, reading
from asc_pipeline.truth.freshness import (
    ReportState,
    make_views_of_lake,
    newest_complete_dates,
    read_reports,
)


@contextmanager
def _views(settings: DagsterSettings) -> Iterator[Warehouse]:
    with reading(settings.destination, settings.dataset) as (pipeline, _):
        warehouse = Warehouse(pipeline, settings.dataset)
        with opened(warehouse, None, Patience(WAIT_SECONDS)):
            make_views_of_lake(warehouse)
            yield warehouse


def read_state(settings: DagsterSettings) -> tuple[list[ReportState], list[FailureCount]]:
    """The rows of `data_freshness`, and the failures that no later run has mended.

    Raises:
        ConfigurationError: nothing is loaded, or the destination cannot be opened.
    """
    with _views(settings) as warehouse:
        failures, _ = read_failures(warehouse, datetime.now(UTC))
        return read_reports(warehouse), failures


def newest_dates(settings: DagsterSettings, app_ids: Collection[str]) -> dict[AppTable, date]:
    """Of each of these apps' tables the newest date that is complete; empty before a first load."""
    try:
        with _views(settings) as warehouse:
            return newest_complete_dates(warehouse, app_ids)
    except AppStoreConnectError:
        return {}


def table_of(report: ReportState) -> str:
    """The table of a row that has a report."""
    granularity = Granularity(report.granularity or Granularity.DAILY)
    return table_name(report.report_name or "", granularity)
