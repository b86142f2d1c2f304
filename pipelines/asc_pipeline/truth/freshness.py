"""How far the reports are: `data_freshness` as values, which are late, and complete dates."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from app_store_connect.instances import RETENTION_DAYS, AppTable
from app_store_connect.tables import APPS, INSTANCE_CHECKS
from app_store_connect.views.create import create_views
from app_store_connect.views.date_owners import date_owners_query
from app_store_connect.views.freshness import FRESHNESS
from app_store_connect.warehouse.connection import Warehouse
from app_store_connect.warehouse.ledger import latest_rows
from asc_pipeline.truth.lateness import days_late

_REPORTS = f"""
    select f.app_id, a.name, f.report_name, f.granularity, f.newest_processing_date,
        f.newest_complete_date, f.missing_dates, f.expiring_instances, f.doubled_dates, f.reason
    from shown.{FRESHNESS} as f
    left join ({latest_rows(APPS)}) as a on a.id = f.app_id
    order by f.app_id, f.report_name, f.granularity
"""


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


def make_views_of_lake(warehouse: Warehouse) -> None:
    """A lake has no views until it is opened. Others keep those that the last run made."""
    if not warehouse.database.can_delete:
        create_views(warehouse)


def read_reports(warehouse: Warehouse) -> list[ReportState]:
    """Raises DestinationError where the source alone filled tables, and made no views."""
    return [ReportState(*row) for row in warehouse.execute(_REPORTS)]


def newest_complete_dates(warehouse: Warehouse, app_ids: Collection[str]) -> dict[AppTable, date]:
    """Of each of these apps' tables the newest date that is complete. Reads no other app's slices.

    Raises:
        DestinationError: there are no views.
    """
    has_checks = INSTANCE_CHECKS.name in warehouse.columns()
    owners = date_owners_query(has_checks=has_checks, is_of_apps=True)
    rows = warehouse.execute(
        f"select app_id, table_name, max(date) from ({owners}) as owners where is_complete"
        " group by app_id, table_name",
        app_ids=sorted(map(int, app_ids)),
    )
    return {(str(app_id), table): newest for app_id, table, newest in rows}


def days_late_of(report: ReportState, reports: Sequence[ReportState], today: date) -> int:
    """0 too for a report with a reason, of an app with one, or that has ended: none of these gets
    another instance.
    """
    newest = report.newest_processing_date
    if newest is None or not report.granularity or report.reason or _has_ended(newest, reports):
        return 0
    if any(each.app_id == report.app_id for each in reports if not each.report_name):
        return 0
    return days_late(newest, report.granularity, today)


def _has_ended(newest_processing_date: date, reports: Sequence[ReportState]) -> bool:
    """Whether Apple keeps no instance of it any more, while other reports go on."""
    newest = max(each for each in (each.newest_processing_date for each in reports) if each)
    return (newest - newest_processing_date).days > RETENTION_DAYS
