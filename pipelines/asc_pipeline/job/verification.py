"""Whether the destination holds instances whole, asked before Apple is told to delete them."""

from collections.abc import Collection, Mapping

from app_store_connect.errors import NotLoadedError
from app_store_connect.instances import ListedInstance
from app_store_connect.tables import LOADS, SEGMENTS, SLICES
from app_store_connect.warehouse.connection import Warehouse
from asc_pipeline.truth.row_counts import RowCounts, counted_segments


def check_loaded(
    warehouse: Warehouse, instances: Collection[ListedInstance], read: Mapping[str, Collection[str]]
) -> None:
    """Check that the ledger has these instances, and that the report tables hold as many rows of
    them as the ledger counts.

    `read` names the segments that this run loaded of each instance that it looked at. An instance
    without ledger rows passes if Apple lists no segment of it.

    Raises:
        NotLoadedError: an instance is not there whole.
        DestinationError: the destination cannot be asked, or a table is gone.
    """
    tables = {each.table_name for each in instances}
    is_there = {SEGMENTS.name, SLICES.name, LOADS} <= warehouse.columns().keys()
    counts = RowCounts(tuple(counted_segments(warehouse, tables)) if tables and is_there else ())
    known = {row.instance_id for row in counts.rows}
    for each in instances:
        instance_id = each.instance.id
        if wrong := [row for row in counts.unsound.get(instance_id, ()) if not row.is_sound]:
            row = wrong[0]
            problem = (
                f"has {row.held:,} rows in {row.table_name} where the ledger counts"
                f" {row.expected:,}"
            )
            raise NotLoadedError(str(each), problem)
        if instance_id not in known and read.get(instance_id) != set():
            raise NotLoadedError(str(each), "is not in the ledger")
