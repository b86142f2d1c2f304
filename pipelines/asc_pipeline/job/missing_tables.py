"""Makes tables and columns again that dlt made once and somebody has dropped.

dlt takes a table for made once its schema is stored at the destination, and would fail at the first
row. Its own forced update of the schema makes what the destination lacks.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dlt import Pipeline

from app_store_connect.dlt_errors import shortened
from app_store_connect.errors import DestinationError, Failure
from app_store_connect.extract.slices import PROVENANCE
from app_store_connect.names import SOURCE_NAME
from app_store_connect.planning.selection import Selection
from app_store_connect.tables import (
    ALERTS,
    LOADS,
    RUNS,
    SEGMENT_TABLES,
    SEGMENTS,
    SLICE_KEY,
    SLICES,
)
from app_store_connect.views.definitions import forget
from app_store_connect.warehouse.connection import Warehouse

_NEXT_STEP = "rename or drop it, and the next run makes it again and loads what Apple still lists"


@dataclass(frozen=True, slots=True)
class Gap:
    """Columns that a table should have and has not: all of them if the table is gone."""

    table: str
    lost: frozenset[str]
    is_gone: bool
    is_report: bool

    @property
    def is_beyond_repair(self) -> bool:
        """Of the rows that are left nothing would tell what they belong to."""
        needed = {name for name, _ in PROVENANCE} if self.is_report else set()
        needed |= {name for own in SEGMENT_TABLES if own.name == self.table for name in own.columns}
        return not self.is_gone and bool(needed & self.lost)

    @property
    def columns(self) -> str:
        return ", ".join(sorted(self.lost))


@dataclass(frozen=True, slots=True)
class Remade:
    """The tables that were made again, whole or in part, the notices about them, and the report
    tables that cannot be loaded into.
    """

    tables: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    failures: dict[str, Failure] = field(default_factory=dict)

    def loadable(self, selection: Selection, warehouse: Warehouse) -> Selection:
        """The instances of the other reports."""
        broken = self.failures.keys()
        due = [
            item
            for item in selection.due
            if warehouse.physical(item.listed.table_name) not in broken
        ]
        return replace(selection, due=tuple(due))


def make_missing(pipeline: Pipeline, warehouse: Warehouse) -> Remade:
    """Make the tables and columns of dlt's schema again that the destination lacks.

    Raises:
        DestinationError: so much is gone of the job's own tables that no run can go on.
    """
    existing = warehouse.columns()
    dataset = pipeline.dataset_name
    if SEGMENTS.name in existing and LOADS not in existing:
        raise DestinationError(
            f"the table {LOADS} of {dataset} is gone, and without it no load counts as complete:"
            f" restore it, or drop {dataset} to load again what Apple still lists"
        )
    remade = Remade()
    if SOURCE_NAME not in pipeline.schemas or not warehouse.database.can_delete:
        return remade  # the first load makes all, and files make their own folders
    for gap in _gaps(pipeline.schemas[SOURCE_NAME].tables, existing):
        if why := _why_not_made(pipeline, warehouse, gap):
            what = f"the table {gap.table} of {dataset}"
            if gap.table in (RUNS.name, ALERTS.name):
                remade.notices.append(f"{what} {why}")
            elif not gap.is_report:
                raise DestinationError(f"{what} {why}")
            else:
                remade.failures[gap.table] = Failure(what, why)
        else:
            forget(warehouse)
            remade.tables.append(gap.table)
            remade.notices.extend(_notices(gap))
    return remade


def _gaps(made: Mapping[str, Any], existing: Mapping[str, Collection[str]]) -> Iterator[Gap]:
    for table, hints in made.items():
        columns = {name for name, each in hints["columns"].items() if "data_type" in each}
        lost = frozenset(columns - {*existing.get(table, ())})
        if lost and not table.startswith("_dlt"):
            yield Gap(table, lost, table not in existing, _is_report(table, columns))


def _is_report(table: str, columns: Collection[str]) -> bool:
    return SLICE_KEY in columns and table != SLICES.name


def _why_not_made(pipeline: Pipeline, warehouse: Warehouse, gap: Gap) -> str:
    """Empty if it is there now."""
    if gap.is_beyond_repair:
        return f"has lost {gap.columns}, without which its rows belong to nothing: {_NEXT_STEP}"
    try:
        with pipeline.destination_client(SOURCE_NAME) as client:
            client.update_stored_schema(only_tables=[gap.table], force=True)
    except Exception as error:  # each destination's driver has its own
        if gap.lost <= {*warehouse.columns().get(gap.table, ())}:  # another run was faster
            return ""
        reason = shortened(error)
        return f"has lost {gap.columns}, which cannot be made again ({reason}): {_NEXT_STEP}"
    return ""


def _notices(gap: Gap) -> list[str]:
    """The lost columns. A report table that is gone shows in its counts of rows."""
    if gap.table == SEGMENTS.name:
        return [
            f"{gap.table} was gone and is made again: all that Apple lists is loaded again; rows of"
            " what it lists no more stay in the report tables, and are in no view"
        ]
    if gap.is_report and not gap.is_gone:
        return [
            f"{gap.table} had lost {gap.columns}, which is made again, without values in the rows"
            " that are there; to load these again as far as Apple lists them, drop the table"
        ]
    return []
