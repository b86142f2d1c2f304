"""Removes loads that are not at the destination as they were made: in pieces, or miscounted.

Nothing is removed that could not come again: for its row count a load is removed only by the run
that has just loaded it, or where the load that it replaced is still whole.

A load is removed in one transaction. Rows go first and the ledger last, so that where there are no
transactions a removal which is cut off can still be seen in the ledger and is resumed by the next
run.
"""

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from app_store_connect import tables
from app_store_connect.tables import LOAD_ID, LOADS, SEGMENTS, SLICE_KEY, SLICES, RawTable
from app_store_connect.warehouse.connection import Warehouse
from app_store_connect.warehouse.ledger import ALL_LOADS, COMPLETE_LOADS
from asc_pipeline.truth.row_counts import RowCounts

MAX_IDS = 1000
"""Of one statement: Snowflake takes 16,384 values in a list, BigQuery a megabyte of text."""


def has_ledger(warehouse: Warehouse) -> bool:
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
    if not has_ledger(warehouse):
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
        join (
            select instance_id, segment_id, max({LOAD_ID}) as {LOAD_ID} from raw.{SEGMENTS.name}
            where {LOAD_ID} in ({COMPLETE_LOADS}) and instance_id in (
                select instance_id from raw.{SEGMENTS.name} where {LOAD_ID} = :load_id
            )
            group by instance_id, segment_id
        ) as latest on latest.instance_id = s.instance_id and latest.segment_id = s.segment_id
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
        select distinct own.instance_id from raw.{SLICES.name} as own
        join raw.{SLICES.name} as other on other.{SLICE_KEY} = own.{SLICE_KEY}
        where own.{LOAD_ID} = :load_id and other.{LOAD_ID} <> :load_id
        """,
        load_id=load_id,
    )
    return {instance_id for (instance_id,) in rows}


def remove_equal_keys(warehouse: Warehouse, since: str = ALL_LOADS) -> None:
    """Remove loads with slice keys of an earlier load: a run may have died before it saw that.
    An earlier run has checked the loads before the load id `since`.

    Their rows would be shown under both slices. Apple lists their instances for weeks, so the run
    that finds this loads them again.
    """
    if not has_ledger(warehouse):
        return
    rows = warehouse.execute(
        f"""
        select distinct later.{LOAD_ID}, later.instance_id from raw.{SLICES.name} as later
        join (
            select {SLICE_KEY}, min({LOAD_ID}) as first_load from raw.{SLICES.name}
            where {LOAD_ID} in ({COMPLETE_LOADS}){brought_since(SLICES, SLICE_KEY, since)}
            group by {SLICE_KEY} having count(*) > 1
        ) as equal on equal.{SLICE_KEY} = later.{SLICE_KEY}
        where later.{LOAD_ID} > equal.first_load and later.{LOAD_ID} in ({COMPLETE_LOADS})
        """,
        since=since,
    )
    later: dict[str, set[str]] = {}
    for load_id, instance_id in rows:
        later.setdefault(load_id, set()).add(instance_id)
    for load_id, instance_ids in later.items():
        remove_load(warehouse, instance_ids, load_id)


def brought_since(table: RawTable, key: str, since: str) -> str:
    """A condition, which begins with `and`: a load from `:since` on wrote rows of this key. Empty
    for all loads, where it would exclude no key and take longer than the question.
    """
    if since == ALL_LOADS:
        return ""
    return f" and {key} in (select {key} from raw.{table.name} where {LOAD_ID} >= :since)"


def take_back(warehouse: Warehouse, counts: RowCounts) -> None:
    """Remove loads that are not whole where the replaced one still is: that shows again."""
    for instance_id, load_id in counts.revertible():
        remove_load(warehouse, {instance_id}, load_id)


def remove_load(warehouse: Warehouse, instance_ids: Collection[str], load_id: str) -> None:
    """Delete all that one load brought of these instances, at once."""
    if not instance_ids or not has_ledger(warehouse):
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
        for ids in lists_of(instance_ids):
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
    for part in lists_of(keys):
        for table in report_tables:
            warehouse.execute(
                f"delete from raw.this_table where {SLICE_KEY} in :keys and {LOAD_ID} = :load_id",
                this_table=table,
                keys=part,
                load_id=load_id,
            )


def lists_of(ids: Collection[Any]) -> Iterator[list[Any]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), MAX_IDS):
        yield ordered[start : start + MAX_IDS]


def newest_load(warehouse: Warehouse) -> str | None:
    if LOADS not in warehouse.columns():
        return None
    rows = warehouse.execute(f"select max(load_id) from raw.{LOADS} where status = 0")
    return rows[0][0] if rows else None
