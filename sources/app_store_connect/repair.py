"""Takes from the raw tables what does not count: dead runs' rows, replaced ones, miscounted ones.

Sweeping is not needed for the views to be right: they show only rows whose load is complete and
whose segment's ledger row is the latest. What is visible is removed in one transaction. Rows go
first and the ledger last, so that where there are no transactions a removal which is cut off can
still be seen in the ledger and is resumed by the next run.
"""

from collections.abc import Collection, Iterator
from typing import Any

from app_store_connect import tables
from app_store_connect.ledger import COMPLETE_LOADS, Ledger
from app_store_connect.provenance import SEGMENT_KEY
from app_store_connect.tables import LOAD_ID, LOADS, SEGMENTS, RawTable

MAX_IDS = 1000
"""Of one statement: Snowflake takes 16,384 values in a list, BigQuery a megabyte of text."""


def report_tables(ledger: Ledger) -> list[str]:
    """The raw tables that hold rows of reports."""
    return [name for name, columns in ledger.columns().items() if SEGMENT_KEY in columns]


def keyed_tables(ledger: Ledger) -> list[tuple[str, str]]:
    """All tables with rows of segments and their key, the ledger itself last."""
    existing = ledger.columns()
    own = [t for t in reversed(tables.SEGMENT_TABLES) if t.name in existing]
    return [(n, SEGMENT_KEY) for n in report_tables(ledger)] + [(t.name, t.key) for t in own]


def _has_ledger(ledger: Ledger) -> bool:
    """Not before an instance was complete; what was read of a broken file may be there already."""
    return SEGMENTS.name in ledger.columns()


def miscounted(ledger: Ledger, load_id: str) -> set[str]:
    """Segments of a load with another number of rows than the ledger says, or no ledger row."""
    said = _said(ledger, load_id)
    found = {
        (table_name, segment_id): count
        for table_name in report_tables(ledger)
        for segment_id, count in ledger.execute(
            f"select {SEGMENT_KEY}, count(*) from raw.this_table where {LOAD_ID} = :load_id"
            f" group by {SEGMENT_KEY}",
            this_table=table_name,
            load_id=load_id,
        )
    }
    wrong = {key[1] for key in said.keys() | found.keys() if said.get(key) != found.get(key, 0)}
    return wrong - _superseded(ledger, wrong, load_id)


def _said(ledger: Ledger, load_id: str) -> dict[tuple[str, str], int]:
    """How many rows the ledger gives each table and segment of a load."""
    if not _has_ledger(ledger):
        return {}
    rows = ledger.execute(
        f"select table_name, segment_id, row_count from raw.{SEGMENTS.name}"
        f" where {LOAD_ID} = :load_id",
        load_id=load_id,
    )
    return {(ledger.physical(table), segment_id): count for table, segment_id, count in rows}


def _superseded(ledger: Ledger, segment_ids: Collection[str], load_id: str) -> set[str]:
    """Those that a later, complete load has too: another run may just be sweeping them out."""
    if not segment_ids or not _has_ledger(ledger):
        return set()
    rows = ledger.execute(
        f"select segment_id from raw.{SEGMENTS.name} where segment_id in :ids"
        f" and {LOAD_ID} > :load_id and {LOAD_ID} in ({COMPLETE_LOADS})",
        ids=sorted(segment_ids),
        load_id=load_id,
    )
    return {segment_id for (segment_id,) in rows}


def remove_miscounted(ledger: Ledger, load_id: str) -> set[str]:
    """Remove what a load has too much or too little of, instances whole; says which segments."""
    wrong = miscounted(ledger, load_id) and miscounted(ledger, load_id)  # one look may be torn
    wrong = _with_siblings(ledger, wrong, load_id)
    remove_segments(ledger, wrong, load_id=load_id)
    return wrong


def _with_siblings(ledger: Ledger, segment_ids: Collection[str], load_id: str) -> set[str]:
    if not segment_ids or not _has_ledger(ledger):
        return {*segment_ids}
    rows = ledger.execute(
        f"""
        select segment_id from raw.{SEGMENTS.name} where {LOAD_ID} = :load_id and instance_id in (
            select instance_id from raw.{SEGMENTS.name}
            where {LOAD_ID} = :load_id and segment_id in :ids
        )
        """,
        load_id=load_id,
        ids=sorted(segment_ids),
    )
    return {*segment_ids, *(segment_id for (segment_id,) in rows)}


def remove_segments(
    ledger: Ledger, segment_ids: Collection[str], *, load_id: str | None = None
) -> None:
    """Delete all rows of these segments, or those of one load, at once."""
    if not segment_ids:
        return
    if not ledger.database.can_delete:
        if _has_ledger(ledger):
            ledger.database.remove(segment_ids, load_id)
        return
    condition = f" and {LOAD_ID} = :load_id" if load_id else ""
    values: dict[str, Any] = {"load_id": load_id} if load_id else {}
    keyed = keyed_tables(ledger)
    with ledger.transaction():
        for ids in _lists_of(segment_ids):
            for name, key in keyed:
                ledger.execute(
                    f"delete from raw.this_table where this_key in :ids{condition}",
                    this_table=name,
                    this_key=key,
                    ids=ids,
                    **values,
                )


def _lists_of(ids: Collection[Any]) -> Iterator[list[Any]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), MAX_IDS):
        yield ordered[start : start + MAX_IDS]


def sweep_incomplete(ledger: Ledger, before_load_id: str | None = None) -> None:
    """Delete rows of loads that never completed: a dead run's, invisible already."""
    if not ledger.database.can_delete:
        ledger.database.sweep(before_load_id)
        return
    existing = ledger.columns()
    if LOADS not in existing:
        return
    condition = f" and {LOAD_ID} < :before" if before_load_id else ""
    values = {"before": before_load_id} if before_load_id else {}
    listings = [table.name for table in tables.LATEST_TABLES if table.name in existing]
    for name in [name for name, _ in keyed_tables(ledger)] + listings:
        ledger.execute(
            f"delete from raw.this_table where {LOAD_ID} not in ({COMPLETE_LOADS}){condition}",
            this_table=name,
            **values,
        )


def sweep_superseded(ledger: Ledger) -> None:
    """Delete rows that a later, complete load replaced or withdrew."""
    existing = ledger.columns()
    if LOADS not in existing or not ledger.database.can_delete:
        return
    if SEGMENTS.name in existing:
        withdrawn = ledger.execute(
            f"select segment_id, {LOAD_ID} from raw.{SEGMENTS.name}"
            f" where checksum is null and {LOAD_ID} in ({COMPLETE_LOADS})"
        )
        _sweep_replaced(ledger, SEGMENTS, keyed_tables(ledger))
        for load_id in {load_id for _, load_id in withdrawn}:  # what they hide is gone now
            ids = {segment_id for segment_id, load in withdrawn if load == load_id}
            remove_segments(ledger, ids, load_id=load_id)
    for table in tables.LATEST_TABLES:
        if table.name in existing:
            _sweep_replaced(ledger, table, [(table.name, table.key)])


def _sweep_replaced(ledger: Ledger, table: RawTable, keyed: Collection[tuple[str, str]]) -> None:
    """Of what several loads brought to `table` keep the last, in all of these tables.

    Asked first and deleted by value: not every dialect may delete by a query on the same table.
    """
    newest: dict[str, list[Any]] = {}
    for key, load_id in ledger.execute(
        f"select this_key, max({LOAD_ID}) from raw.this_table"
        f" where {LOAD_ID} in ({COMPLETE_LOADS}) group by this_key"
        f" having count(distinct {LOAD_ID}) > 1",
        this_table=table.name,
        this_key=table.key,
    ):
        newest.setdefault(load_id, []).append(key)
    for load_id, ids in ((load, part) for load, keys in newest.items() for part in _lists_of(keys)):
        for name, key in keyed:
            ledger.execute(
                f"delete from raw.this_table where this_key in :ids and {LOAD_ID} < :load_id",
                this_table=name,
                this_key=key,
                ids=ids,
                load_id=load_id,
            )


def newest_load(ledger: Ledger) -> str | None:
    if LOADS not in ledger.columns():
        return None
    rows = ledger.execute(f"select max(load_id) from raw.{LOADS} where status = 0")
    return rows[0][0] if rows else None
