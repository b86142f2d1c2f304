"""Deletes rows that no view shows: of loads that never completed, and of replaced ones.

Only tables of ours are touched, and nothing is deleted that could not come again: rows of loads
that never completed were visible to nobody, replaced rows have their successors beside them, and
withdrawn ones Apple has taken back. The views are right without it, since they show only rows whose
slice counts. The slices of replaced rows stay, marked: they tell the history of restatements.
"""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from app_store_connect import tables
from app_store_connect.tables import LOAD_ID, LOADS, SEGMENTS, SLICE_KEY, SLICES, RawTable
from app_store_connect.views.owners import SLICES_QUERY
from app_store_connect.warehouse.connection import Warehouse
from app_store_connect.warehouse.ledger import ALL_LOADS, COMPLETE_LOADS
from asc_pipeline.truth.repair import brought_since, has_ledger, lists_of
from asc_pipeline.truth.row_counts import count_rows

_OWN_TABLES = tuple(reversed(tables.OWN_TABLES))


def sweep_incomplete(
    warehouse: Warehouse, before_load_id: str | None = None, since: str = ALL_LOADS
) -> None:
    """Delete rows of loads that never completed: a dead run's, which no view ever showed. An
    earlier run has deleted those of loads before the load id `since`.
    """
    if not warehouse.database.can_delete:
        warehouse.database.sweep(before_load_id)
        return
    existing = warehouse.columns()
    if LOADS not in existing:
        return
    condition = f" and {LOAD_ID} < :before" if before_load_id else ""
    values = {"before": before_load_id} if before_load_id else {}
    own = [table.name for table in _OWN_TABLES if LOAD_ID in existing.get(table.name, ())]
    for name in [*warehouse.report_tables(), *own]:
        warehouse.execute(
            f"delete from raw.this_table where {LOAD_ID} not in ({COMPLETE_LOADS})"
            f" and {LOAD_ID} >= :since{condition}",
            this_table=name,
            since=since,
            **values,
        )


def sweep_superseded(warehouse: Warehouse, today: date, since: str = ALL_LOADS) -> None:
    """Delete rows that a later, complete load replaced or withdrew. An earlier run has deleted the
    rows that loads before the load id `since` replaced.

    Not while the later one is not there as it was loaded: then it replaces nothing.
    """
    existing = warehouse.columns()
    if LOADS not in existing or not warehouse.database.can_delete:
        return
    if has_ledger(warehouse):
        replaced = warehouse.execute(
            f"""
            select s.table_name, s.{SLICE_KEY}, s.instance_id from raw.{SLICES.name} as s
            join (
                select instance_id, segment_id, max({LOAD_ID}) as {LOAD_ID} from raw.{SEGMENTS.name}
                where {LOAD_ID} in ({COMPLETE_LOADS}) and {LOAD_ID} >= :since
                group by instance_id, segment_id
            ) as latest on latest.instance_id = s.instance_id
                and latest.segment_id = s.segment_id and s.{LOAD_ID} < latest.{LOAD_ID}
            where s.removed_on is null and s.{LOAD_ID} in ({COMPLETE_LOADS})
            """,
            since=since,
        )
        _remove_slices(warehouse, replaced, today, since)
    for table in tables.LATEST_TABLES:
        if table.name in existing:
            _sweep_replaced(warehouse, table, _newest(warehouse, table, since))


def remove_superseded(warehouse: Warehouse, before: date, today: date) -> None:
    """Delete rows of slices that are not shown, of instances processed before that day.

    Raises:
        DestinationError: the destination failed.
    """
    if has_ledger(warehouse) and warehouse.database.can_delete:
        hidden = warehouse.execute(
            f"""
            {SLICES_QUERY}
            select s.table_name, s.{SLICE_KEY}, s.instance_id from slices as s
            where not s.is_shown and s.date is not null and s.removed_on is null
                and s.processing_date < :before
            """,
            before=before,
        )
        _remove_slices(warehouse, hidden, today, ALL_LOADS)


def _remove_slices(
    warehouse: Warehouse, found: Collection[tuple[Any, ...]], today: date, since: str
) -> None:
    """Delete the rows of these slices, and mark them. Not of instances that are not whole."""
    if not found:
        return
    unsound = count_rows(warehouse, since).unsound
    by_table: dict[str, list[int]] = {}
    for table, key, instance_id in found:
        if instance_id not in unsound:
            by_table.setdefault(warehouse.physical(table), []).append(key)
    existing = warehouse.report_tables()
    for table, keys in sorted(by_table.items()):
        with warehouse.transaction():
            # marked first: cut off without a transaction, rows are left that nobody sees
            for part in lists_of(keys):
                warehouse.execute(
                    f"update raw.{SLICES.name} set removed_on = :today where {SLICE_KEY} in :keys",
                    today=today,
                    keys=part,
                )
            if table in existing:
                warehouse.execute(
                    f"delete from raw.this_table where {SLICE_KEY} in ("
                    f"select {SLICE_KEY} from raw.{SLICES.name} where removed_on = :today)",
                    this_table=table,
                    today=today,
                )


def _newest(warehouse: Warehouse, table: RawTable, since: str) -> dict[str, set[Any]]:
    """The keys that several loads wrote to `table`, by the last of these loads; only keys that a
    load from `since` on has written.

    Asked first and deleted by value: not every dialect may delete by a query on the same table.
    """
    newest: dict[str, set[Any]] = {}
    for key, load_id in warehouse.execute(
        f"select this_key, max({LOAD_ID}) from raw.this_table"
        f" where {LOAD_ID} in ({COMPLETE_LOADS}){brought_since(table, table.key[0], since)}"
        f" group by this_key having count(distinct {LOAD_ID}) > 1",
        this_table=table.name,
        this_key=table.key[0],
        since=since,
    ):
        newest.setdefault(load_id, set()).add(key)
    return newest


def _sweep_replaced(
    warehouse: Warehouse, table: RawTable, newest: Mapping[str, Collection[Any]]
) -> None:
    """Delete rows that are older than the newest load of their key."""
    for load_id, ids in ((load, part) for load, keys in newest.items() for part in lists_of(keys)):
        warehouse.execute(
            f"delete from raw.this_table where this_key in :ids and {LOAD_ID} < :load_id",
            this_table=table.name,
            this_key=table.key[0],
            ids=ids,
            load_id=load_id,
        )
