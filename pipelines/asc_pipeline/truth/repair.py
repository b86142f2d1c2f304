"""Removes rows that do not count from the raw tables: dead runs', replaced and miscounted ones.

Only tables of ours are touched, and nothing is removed that could not come again: rows of loads
that never completed were visible to nobody, replaced rows have their successors beside them,
withdrawn ones Apple has taken back, and for its count a load is removed only by the run that has
just loaded it.

Sweeping is not needed for the views to be right: they show only rows whose slice counts. What is
visible is removed in one transaction. Rows go first and the ledger last, so that where there are no
transactions a removal which is cut off can still be seen in the ledger and is resumed by the next
run. The slices of rows that were replaced stay, marked: they tell the history of restatements.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from app_store_connect import tables
from app_store_connect.tables import (
    LOAD_ID,
    LOADS,
    SEGMENTS,
    SLICE_KEY,
    SLICES,
    RawTable,
)
from app_store_connect.views.owners import SLICES_QUERY
from app_store_connect.warehouse.connection import Warehouse
from app_store_connect.warehouse.ledger import COMPLETE_LOADS
from asc_pipeline.truth.row_counts import RowCounts, count_rows

MAX_IDS = 1000
"""Of one statement: Snowflake takes 16,384 values in a list, BigQuery a megabyte of text."""

_LATER = f"""
    select instance_id, segment_id, max({LOAD_ID}) as {LOAD_ID} from raw.{SEGMENTS.name}
    where {LOAD_ID} in ({COMPLETE_LOADS}) group by instance_id, segment_id"""


def _has_ledger(warehouse: Warehouse) -> bool:
    """Not before an instance was complete; rows of a broken file may be there already."""
    return {SEGMENTS.name, SLICES.name} <= warehouse.columns().keys()


def remove_miscounted(warehouse: Warehouse, load_id: str) -> set[str]:
    """Remove a load's rows of each instance whose row count is wrong; returns the instances' ids.

    Safe only right after the load: Apple has just listed these segments, they are loaded again.
    """
    wrong = _miscounted(warehouse, load_id)
    if wrong:  # counted again: the first count may have been taken between two commits
        wrong = _miscounted(warehouse, load_id)
    remove_load(warehouse, wrong, load_id)
    return wrong


def _miscounted(warehouse: Warehouse, load_id: str) -> set[str]:
    """Instances of which a load has another number of rows than the ledger says, or slices whose
    key another load has too.

    Rows without a slice are of an instance that was not complete, and are deleted here.
    """
    if not _has_ledger(warehouse):
        slices: dict[str, dict[int, _Slice]] = {}
        wrong: set[str] = set()
    else:
        slices, wrong = _slices_of(warehouse, load_id), _of_equal_keys(warehouse, load_id)
    for table in warehouse.report_tables():
        held = dict(
            warehouse.execute(
                f"select {SLICE_KEY}, count(*) from raw.this_table where {LOAD_ID} = :load_id"
                f" group by {SLICE_KEY}",
                this_table=table,
                load_id=load_id,
            )
        )
        said = slices.get(table, {})
        if held.keys() - said.keys():
            _delete_rows(warehouse, [table], held.keys() - said.keys(), load_id)
        wrong |= {
            each.instance_id
            for key, each in said.items()
            if each.is_latest and held.get(key, 0) != each.row_count
        }
    return wrong


class _Slice(NamedTuple):
    """If it is not the latest, a later load has the segment, and its run may be sweeping this."""

    instance_id: str
    row_count: int
    is_latest: bool


def _slices_of(warehouse: Warehouse, load_id: str) -> dict[str, dict[int, _Slice]]:
    """The slices of a load by table and key."""
    found: dict[str, dict[int, _Slice]] = {}
    for table, key, instance_id, count, latest in warehouse.execute(
        f"""
        select s.table_name, s.{SLICE_KEY}, s.instance_id, s.row_count, latest.{LOAD_ID}
        from raw.{SLICES.name} as s
        join ({_LATER}) as latest on latest.instance_id = s.instance_id
            and latest.segment_id = s.segment_id
        where s.{LOAD_ID} = :load_id and s.removed_on is null
        """,
        load_id=load_id,
    ):
        found.setdefault(warehouse.physical(table), {})[key] = _Slice(
            instance_id, count, latest == load_id
        )
    return found


def _of_equal_keys(warehouse: Warehouse, load_id: str) -> set[str]:
    rows = warehouse.execute(
        f"""
        select distinct instance_id from raw.{SLICES.name}
        where {LOAD_ID} = :load_id and {SLICE_KEY} in (
            select {SLICE_KEY} from raw.{SLICES.name} where {LOAD_ID} <> :load_id
        )
        """,
        load_id=load_id,
    )
    return {instance_id for (instance_id,) in rows}


def remove_equal_keys(warehouse: Warehouse) -> None:
    """Remove loads with slice keys of an earlier load: a run may have died before it saw that.

    Their rows would be shown under both slices. Apple lists their instances for weeks, so the run
    that finds this loads them again.
    """
    if not _has_ledger(warehouse):
        return
    rows = warehouse.execute(f"""
        select distinct later.{LOAD_ID}, later.instance_id from raw.{SLICES.name} as later
        join (
            select {SLICE_KEY}, min({LOAD_ID}) as first_load from raw.{SLICES.name}
            where {LOAD_ID} in ({COMPLETE_LOADS}) group by {SLICE_KEY} having count(*) > 1
        ) as equal on equal.{SLICE_KEY} = later.{SLICE_KEY}
        where later.{LOAD_ID} > equal.first_load and later.{LOAD_ID} in ({COMPLETE_LOADS})""")
    later: dict[str, set[str]] = {}
    for load_id, instance_id in rows:
        later.setdefault(load_id, set()).add(instance_id)
    for load_id, instance_ids in later.items():
        remove_load(warehouse, instance_ids, load_id)


def take_back(warehouse: Warehouse, counts: RowCounts) -> None:
    """Remove loads that are not whole where the replaced one still is: that shows again."""
    for instance_id, load_id in counts.revertible():
        remove_load(warehouse, {instance_id}, load_id)


def remove_load(warehouse: Warehouse, instance_ids: Collection[str], load_id: str) -> None:
    """Delete all that one load brought of these instances, at once."""
    if not instance_ids or not _has_ledger(warehouse):
        return
    if not warehouse.database.can_delete:
        warehouse.database.remove(instance_ids, load_id)
        return
    keys = warehouse.execute(
        f"select instance_id, {SLICE_KEY} from raw.{SLICES.name} where {LOAD_ID} = :load_id",
        load_id=load_id,
    )
    own = [t.name for t in reversed(tables.SEGMENT_TABLES) if t.name in warehouse.columns()]
    with warehouse.transaction():
        own_keys = [key for instance_id, key in keys if instance_id in instance_ids]
        _delete_rows(warehouse, warehouse.report_tables(), own_keys, load_id)
        for ids in _lists_of(instance_ids):
            for name in own:
                warehouse.execute(
                    f"delete from raw.this_table where instance_id in :ids"
                    f" and {LOAD_ID} = :load_id",
                    this_table=name,
                    ids=ids,
                    load_id=load_id,
                )


def _delete_rows(
    warehouse: Warehouse, report_tables: Collection[str], keys: Collection[int], load_id: str
) -> None:
    if not warehouse.database.can_delete:
        return  # rows whose slice does not count are in no view
    for part in _lists_of(keys):
        for table in report_tables:
            warehouse.execute(
                f"delete from raw.this_table where {SLICE_KEY} in :keys and {LOAD_ID} = :load_id",
                this_table=table,
                keys=part,
                load_id=load_id,
            )


def _lists_of(ids: Collection[Any]) -> Iterator[list[Any]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), MAX_IDS):
        yield ordered[start : start + MAX_IDS]


def sweep_incomplete(warehouse: Warehouse, before_load_id: str | None = None) -> None:
    """Delete rows of loads that never completed: a dead run's, which no view ever showed."""
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
            f"delete from raw.this_table where {LOAD_ID} not in ({COMPLETE_LOADS}){condition}",
            this_table=name,
            **values,
        )


_OWN_TABLES = tuple(reversed(tables.OWN_TABLES))


def sweep_superseded(warehouse: Warehouse, today: date) -> None:
    """Delete rows that a later, complete load replaced or withdrew.

    Not while the later one is not there as it was loaded: then it replaces nothing.
    """
    existing = warehouse.columns()
    if LOADS not in existing or not warehouse.database.can_delete:
        return
    if _has_ledger(warehouse):
        replaced = warehouse.execute(f"""
            select s.table_name, s.{SLICE_KEY}, s.instance_id from raw.{SLICES.name} as s
            join ({_LATER}) as latest on latest.instance_id = s.instance_id
                and latest.segment_id = s.segment_id and s.{LOAD_ID} < latest.{LOAD_ID}
            where s.removed_on is null and s.{LOAD_ID} in ({COMPLETE_LOADS})""")
        _remove_slices(warehouse, replaced, today)
    for table in tables.LATEST_TABLES:
        if table.name in existing:
            _sweep_replaced(warehouse, table, _newest(warehouse, table))


def remove_superseded(warehouse: Warehouse, before: date, today: date) -> None:
    """Delete rows of slices that are not shown, of instances processed before that day.

    Raises:
        DestinationError: the destination failed.
    """
    if _has_ledger(warehouse) and warehouse.database.can_delete:
        hidden = warehouse.execute(
            f"""
            {SLICES_QUERY}
            select s.table_name, s.{SLICE_KEY}, s.instance_id from slices as s
            where not s.is_shown and s.date is not null and s.removed_on is null
                and s.processing_date < :before
            """,
            before=before,
        )
        _remove_slices(warehouse, hidden, today)


def _remove_slices(warehouse: Warehouse, found: Collection[tuple[Any, ...]], today: date) -> None:
    """Delete the rows of these slices, and mark them. Not of instances that are not whole."""
    if not found:
        return
    unsound = count_rows(warehouse).unsound
    by_table: dict[str, list[int]] = {}
    for table, key, instance_id in found:
        if instance_id not in unsound:
            by_table.setdefault(warehouse.physical(table), []).append(key)
    existing = warehouse.report_tables()
    for table, keys in sorted(by_table.items()):
        with warehouse.transaction():
            # marked first: cut off without a transaction, rows are left that nobody sees
            for part in _lists_of(keys):
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


def _newest(warehouse: Warehouse, table: RawTable) -> dict[str, set[Any]]:
    """Of what several loads brought to `table` the last load, with the keys that it brought.

    Asked first and deleted by value: not every dialect may delete by a query on the same table.
    """
    newest: dict[str, set[Any]] = {}
    for key, load_id in warehouse.execute(
        f"select this_key, max({LOAD_ID}) from raw.this_table"
        f" where {LOAD_ID} in ({COMPLETE_LOADS}) group by this_key"
        f" having count(distinct {LOAD_ID}) > 1",
        this_table=table.name,
        this_key=table.key[0],
    ):
        newest.setdefault(load_id, set()).add(key)
    return newest


def _sweep_replaced(
    warehouse: Warehouse, table: RawTable, newest: Mapping[str, Collection[Any]]
) -> None:
    """Delete rows that are older than the newest load of their key."""
    for load_id, ids in ((load, part) for load, keys in newest.items() for part in _lists_of(keys)):
        warehouse.execute(
            f"delete from raw.this_table where this_key in :ids and {LOAD_ID} < :load_id",
            this_table=table.name,
            this_key=table.key[0],
            ids=ids,
            load_id=load_id,
        )


def newest_load(warehouse: Warehouse) -> str | None:
    if LOADS not in warehouse.columns():
        return None
    rows = warehouse.execute(f"select max(load_id) from raw.{LOADS} where status = 0")
    return rows[0][0] if rows else None
