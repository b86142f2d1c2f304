"""Reads from the destination how far each report is, and which failures still stand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from app_store_connect.entities import Granularity
from app_store_connect.errors import AppStoreConnectError
from app_store_connect.instances import AppTable
from app_store_connect.names import table_name
from app_store_connect.tables import LOAD_FAILURES
from app_store_connect.views.owners import SLICES_VIEW
from app_store_connect.warehouse.connection import Warehouse
from app_store_connect.warehouse.ledger import COMPLETE_LOADS
from asc_pipeline.dagster.settings import WAIT_SECONDS, DagsterSettings
from asc_pipeline.dlt_pipeline.opening import Patience, opened, reading
from asc_pipeline.truth.freshness import ReportState, read_reports

_LATELY = timedelta(days=1)
"""A failure that still stands is told again by the runs of each day."""
_FAILURES = f"""
    select app_id, report_name, min(what), min(reason), count(distinct what)
    from raw.{LOAD_FAILURES.name}
    where _dlt_load_id in ({COMPLETE_LOADS}) and failed_at > :since
    and (instance_id is null or instance_id not in (select instance_id from shown.{SLICES_VIEW}))
    group by app_id, report_name, case when report_name is null then what end
"""


@dataclass(frozen=True, slots=True)
class StandingFailure:
    """Failures of the last day, of an app and report together, that no later run has loaded."""

    app_id: int | None
    report_name: str | None
    what: str
    reason: str
    count: int


@contextmanager
def _views(settings: DagsterSettings) -> Iterator[Warehouse]:
    with reading(settings.destination, settings.dataset) as (pipeline, _):
        warehouse = Warehouse(pipeline, settings.dataset)
        with opened(warehouse, None, Patience(WAIT_SECONDS)):
            yield warehouse


def read_state(settings: DagsterSettings) -> tuple[list[ReportState], list[StandingFailure]]:
    """The rows of `data_freshness`, and the failures that stand.

    Raises:
        ConfigurationError: nothing is loaded, or the destination cannot be opened.
    """
    with _views(settings) as warehouse:
        reports = read_reports(warehouse)
        if LOAD_FAILURES.name not in warehouse.columns():
            return reports, []
        since = datetime.now(UTC) - _LATELY
        rows = warehouse.execute(_FAILURES, since=since)
        return reports, [StandingFailure(*row) for row in rows]


def newest_complete_dates(settings: DagsterSettings) -> dict[AppTable, date]:
    """Of each app and table the newest date that is complete; empty before a first load."""
    try:
        with _views(settings) as warehouse:
            reports = read_reports(warehouse)
    except AppStoreConnectError:
        return {}
    return {
        (str(each.app_id), table_of(each)): each.newest_complete_date
        for each in reports
        if each.report_name and each.granularity and each.newest_complete_date
    }


def table_of(report: ReportState) -> str:
    """The table of a row that has a report."""
    granularity = Granularity(report.granularity or Granularity.DAILY)
    return table_name(report.report_name or "", granularity)
