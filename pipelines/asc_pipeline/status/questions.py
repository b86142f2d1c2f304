"""Reads the state of a destination."""

from datetime import date
from pathlib import Path
from typing import Any

from app_store_connect.errors import ConfigurationError, DestinationError
from app_store_connect.tables import APPS, RUNS, SEGMENTS
from app_store_connect.views.freshness import FRESHNESS
from app_store_connect.views.owners import SLICES_VIEW
from app_store_connect.warehouse.connection import Warehouse
from app_store_connect.warehouse.database import kind_of
from app_store_connect.warehouse.ledger import COMPLETE_LOADS, latest_rows
from asc_pipeline.dlt_pipeline.opening import Patience, opened, reading
from asc_pipeline.dlt_pipeline.workspace import location_of
from asc_pipeline.status.state import ReportState, RunState, Size, State

LAST_RUNS = 10

_REPORTS = f"""
    select f.app_id, a.name, f.report_name, f.granularity, f.newest_processing_date,
        f.newest_complete_date, f.missing_dates, f.expiring_instances, f.doubled_dates, f.reason
    from shown.{FRESHNESS} as f
    left join ({latest_rows(APPS)}) as a on a.id = f.app_id
    order by f.app_id, f.report_name, f.granularity
"""
_RUNS = f"""
    select {", ".join(RUNS.columns)} from raw.{RUNS.name}
    where _dlt_load_id in ({COMPLETE_LOADS}) order by started_at desc limit {LAST_RUNS}
"""
_ROWS = f"""
    select cast(coalesce(sum(row_count), 0) as bigint),
        cast(coalesce(sum(case when is_shown then 0 else row_count end), 0) as bigint)
    from shown.{SLICES_VIEW} where removed_on is null
"""
_POSTGRES_BYTES = """
    select cast(coalesce(sum(pg_total_relation_size(c.oid)), 0) as bigint)
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = %s and c.relkind = 'r'
"""


def read_state(destination: str, dataset: str, today: date, patience: Patience) -> State:
    """The state of the destination.

    Raises:
        ConfigurationError: it cannot be opened, or the job has loaded nothing there.
    """
    with reading(destination, dataset) as (pipeline, nothing):
        warehouse = Warehouse(pipeline, dataset)
        with opened(warehouse, None, patience):
            existing = warehouse.columns()
            if SEGMENTS.name not in existing:
                raise nothing
            runs = warehouse.execute(_RUNS) if RUNS.name in existing else []
            return State(
                destination=destination,
                location=location_of(pipeline),
                dataset=dataset,
                today=today,
                size=_size(warehouse, kind_of(pipeline), location_of(pipeline)),
                reports=[ReportState(*row) for row in _reports(warehouse, nothing)],
                runs=[RunState(*row) for row in runs],
            )


def _reports(warehouse: Warehouse, nothing: ConfigurationError) -> list[tuple[Any, ...]]:
    """Raises ConfigurationError where the source alone filled tables, and made no views."""
    try:
        return warehouse.execute(_REPORTS)
    except DestinationError:
        raise nothing from None


def _size(warehouse: Warehouse, kind: str, location: str) -> Size:
    ((rows, superseded),) = warehouse.execute(_ROWS)
    size = None
    if kind == "duckdb":
        size = Path(location).stat().st_size
    elif kind == "postgres":
        ((size,),) = warehouse.run(_POSTGRES_BYTES, warehouse.client.dataset_name)
    return Size(int(rows), int(superseded), None if size is None else int(size))
