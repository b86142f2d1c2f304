"""Checks of the content of the destination, before a run relies on it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app_store_connect.errors import ConfigurationError, NotLoadedError
from app_store_connect.instances import ListedInstance
from app_store_connect.tables import APPS, LOADS, SEGMENTS, SLICES
from app_store_connect.warehouse.connection import Warehouse
from app_store_connect.warehouse.ledger import latest_rows
from asc_pipeline.truth.row_counts import RowCounts, counted_segments

_STORED_APPS = f"select id, coalesce(bundle_id, '') from ({latest_rows(APPS)}) as stored"


@dataclass(frozen=True, slots=True)
class DemoApps:
    """The demo's invented apps, which do not belong among others.

    `own` are their ids and bundle ids; `is_loaded` says whether this run loads them, or, if not,
    apps of Apple's.
    """

    own: frozenset[tuple[int, str]]
    is_loaded: bool

    def check(self, warehouse: Warehouse) -> None:
        """Raises ConfigurationError if the destination holds the other kind."""
        if not {APPS.name, LOADS} <= warehouse.columns().keys():
            return
        stored = {tuple(row) for row in warehouse.execute(_STORED_APPS)}
        place = f"dataset {warehouse.views_dataset} of this destination"
        if self.is_loaded and (others := stored - self.own):
            raise ConfigurationError(
                f"{place} holds app {min(others)[0]}, which is not the demo's: run the demo in"
                " another folder, take another --dataset, or add --mix-demo"
            )
        if not self.is_loaded and stored & self.own:
            raise ConfigurationError(
                f"{place} holds the demo's invented apps: remove the demo's DuckDB file, take"
                " another --dataset, or add --mix-demo"
            )


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
