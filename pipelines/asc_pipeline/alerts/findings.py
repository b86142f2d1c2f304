"""Reads problems, and the messages sent about them, from an open destination."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from app_store_connect.catalog.literals import LITERALS
from app_store_connect.entities import Granularity
from app_store_connect.names import table_name
from app_store_connect.tables import (
    ALERTS,
    LOAD_FAILURES,
    LOAD_ID,
    LOADS,
    REPORT_CATALOGUE,
    REPORT_COLUMNS,
    RUNS,
    SLICES,
    UNPARSED_VALUES,
)
from app_store_connect.views.owners import ties
from app_store_connect.warehouse.connection import Warehouse
from app_store_connect.warehouse.ledger import COMPLETE_LOADS, Ledger, latest_rows
from asc_pipeline.alerts.messages import Message, Sent, alerts_due, message_of
from asc_pipeline.alerts.problems import (
    ColumnCount,
    Findings,
    Kind,
    problems_in,
    recent,
)
from asc_pipeline.alerts.runs import FailureCount, RunEnd, failed_still
from asc_pipeline.truth.freshness import read_reports

_INTERRUPTED = 130
_RUNS = f"""
    select {LOAD_ID}, exit_code, reason, app_ids, selection from raw.{RUNS.name}
    where {LOAD_ID} in ({COMPLETE_LOADS}) and exit_code <> {_INTERRUPTED} and started_at >= :since
    order by started_at desc
"""
# an instance that a later load brought is no failure any more, however that run ended
_FAILURES = f"""
    select f.{LOAD_ID}, f.app_id, f.report_name, min(f.what), min(f.reason), count(*)
    from (select * from raw.{LOAD_FAILURES.name} where failed_at >= :since) as f
    left join (
        select instance_id, max({LOAD_ID}) as loaded from raw.{SLICES.name}
        where {LOAD_ID} in ({COMPLETE_LOADS}) and instance_id in (
            select instance_id from raw.{LOAD_FAILURES.name} where failed_at >= :since
        )
        group by instance_id
    ) as s on s.instance_id = f.instance_id
    where s.loaded is null or s.loaded <= f.{LOAD_ID}
    group by f.{LOAD_ID}, f.app_id, f.report_name,
        case when f.report_name is null then f.what end
"""
REMEMBERED = timedelta(days=8)
"""A failure that no run met for so long is forgotten, even if no run was to mend it:
its app may be gone."""
_NEW_COLUMNS = f"""
    select c.table_name, c.column_name from ({latest_rows(REPORT_COLUMNS)}) as c
    join ({latest_rows(REPORT_CATALOGUE)}) as r on r.table_name = c.table_name
    where c.meaning is null and r.is_known and substr(c.column_name, 1, 1) <> '_'
"""
_UNPARSED = f"""
    select app_id, table_name, column_name, count(*) from raw.{UNPARSED_VALUES.name}
    where {LOAD_ID} in ({COMPLETE_LOADS})
    group by app_id, table_name, column_name
"""


def message_due(warehouse: Warehouse, now: datetime) -> Message | None:
    """The message that is due now; None if there is none.

    Raises:
        DestinationError: the job has made no views yet, or the destination fails.
    """
    found = read_findings(warehouse, now)
    due = alerts_due(problems_in(found, now.date()), read_sent(warehouse), now)
    return message_of(due, found.app_names)


def read_findings(warehouse: Warehouse, now: datetime) -> Findings:
    """Raises DestinationError where the job has made no views yet, or the destination fails."""
    today = now.date()
    existing = warehouse.columns()
    reports = read_reports(warehouse)
    failures, ended_early = read_failures(warehouse, now)
    columns, unparsed = [], []
    if {REPORT_COLUMNS.name, REPORT_CATALOGUE.name} <= existing.keys():
        columns = [
            ColumnCount(None, table, column, 1) for table, column in warehouse.execute(_NEW_COLUMNS)
        ]
    if UNPARSED_VALUES.name in existing:
        unparsed = [ColumnCount(*row) for row in warehouse.execute(_UNPARSED)]
    return Findings(
        reports=reports,
        failures=failures,
        ended_early=ended_early,
        ties=ties(warehouse, recent(today)),
        new_columns=columns,
        new_values=list(_new_values(warehouse, today)),
        unparsed=unparsed,
        app_names={each.app_id: each.app_name for each in reports if each.app_name},
    )


def read_failures(warehouse: Warehouse, now: datetime) -> tuple[list[FailureCount], list[RunEnd]]:
    """The failures that no later run has mended, and the runs that ended early without one. A run
    that was interrupted tells nothing.
    """
    existing, since = warehouse.columns(), now - REMEMBERED
    if not {RUNS.name, SLICES.name, LOADS} <= existing.keys():
        return [], []
    runs = [_run_end(*row) for row in warehouse.execute(_RUNS, since=since)]
    failures = []
    if LOAD_FAILURES.name in existing:
        failures = [FailureCount(*row) for row in warehouse.execute(_FAILURES, since=since)]
    return failed_still(runs, failures)


def _run_end(
    load_id: str, exit_code: int, reason: str | None, app_ids: str | None, selection: str | None
) -> RunEnd:
    apps = None if app_ids is None else frozenset(map(int, filter(None, app_ids.split(","))))
    return RunEnd(load_id, exit_code, reason, apps, selection)


def _new_values(warehouse: Warehouse, today: date) -> Iterator[tuple[str, str, str]]:
    """Values in columns with a fixed list that the list lacks, of the instances of a month."""
    views = warehouse.views()
    for report, columns in LITERALS.items():
        table = table_name(report, Granularity.DAILY)
        for column, known in columns.items():
            if column in views.get(table, ()):
                rows = warehouse.execute(
                    f"select distinct lower({column}) from shown.this_table"
                    f" where _processing_date >= :since and {column} is not null",
                    this_table=table,
                    since=recent(today),
                )
                yield from ((table, column, row[0]) for row in rows if row[0] not in known)


def read_sent(warehouse: Warehouse) -> dict[str, Sent]:
    """The last message about each problem."""
    stored = Ledger(warehouse).latest(ALERTS).values()
    return {
        row["id"]: Sent(
            id=row["id"],
            kind=Kind[row["kind"].upper()],
            app_id=row["app_id"],
            subject=row["subject"],
            size=row["size"],
            since=row["since"],
            sent_at=row["sent_at"],
            is_over=row["is_over"],
        )
        for row in stored
    }
