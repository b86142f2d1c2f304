"""Reads the state of a destination."""

from collections.abc import Callable
from dataclasses import fields
from datetime import date
from pathlib import Path

from app_store_connect.errors import ConfigurationError, DestinationError
from app_store_connect.tables import RUNS, SEGMENTS
from app_store_connect.views.owners import SLICES_VIEW
from app_store_connect.warehouse.connection import Warehouse
from app_store_connect.warehouse.database import kind_of
from app_store_connect.warehouse.ledger import COMPLETE_LOADS
from asc_pipeline.dlt_pipeline.opening import Patience, opened, reading
from asc_pipeline.dlt_pipeline.workspace import location_of
from asc_pipeline.status.state import RunState, Size, State
from asc_pipeline.truth.freshness import ReportState, make_views_of_lake, read_reports

LAST_RUNS = 10

_RUNS = f"""
    select {", ".join(each.name for each in fields(RunState))} from raw.{RUNS.name}
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


def read_state(
    destination: str,
    dataset: str,
    today: date,
    patience: Patience,
    alerts_of: Callable[[Warehouse], list[str]] = lambda warehouse: [],
) -> State:
    """The state of the destination; `alerts_of` reads the alerts that are due.

    Raises:
        ConfigurationError: it cannot be opened, or the job has loaded nothing there.
    """
    with reading(destination, dataset) as (pipeline, nothing):
        warehouse = Warehouse(pipeline, dataset)
        with opened(warehouse, None, patience):
            existing = warehouse.columns()
            if SEGMENTS.name not in existing:
                raise nothing
            make_views_of_lake(warehouse)
            runs = warehouse.execute(_RUNS) if RUNS.name in existing else []
            return State(
                destination=destination,
                location=location_of(pipeline),
                dataset=dataset,
                today=today,
                is_lake=not warehouse.database.can_delete,
                size=_size(warehouse, kind_of(pipeline), location_of(pipeline)),
                reports=_reports(warehouse, nothing),
                alerts=alerts_of(warehouse),
                runs=[RunState(*row) for row in runs],
            )


def _reports(warehouse: Warehouse, nothing: ConfigurationError) -> list[ReportState]:
    """Raises ConfigurationError where the source alone filled tables, and made no views."""
    try:
        return read_reports(warehouse)
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
