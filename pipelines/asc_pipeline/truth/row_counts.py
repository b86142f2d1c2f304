"""Compares the rows that the destination holds of each loaded segment with the ledger's counts.

They differ after a run that died before it could check its last load, and after somebody dropped a
table or deleted rows. Such an instance counts as not loaded: if Apple still lists it, the new load
replaces its rows. If not, nothing could replace them, so they stay and a note names them.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from itertools import groupby

from app_store_connect.instances import Checksums
from app_store_connect.planning.selection import Selection
from app_store_connect.tables import LOAD_ID, LOADS, SEGMENTS, SLICE_KEY, SLICES
from app_store_connect.warehouse.connection import Warehouse
from app_store_connect.warehouse.ledger import ALL_LOADS, COMPLETE_LOADS

_NO_CHECKSUM = ""
"""Of a segment whose rows are not those of its file. Apple gives no such checksum."""
_NAMED = 3
"""Instances that a note names; it counts the others."""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A segment of one complete load: `row_count` rows were loaded, its slices have `sliced`, of
    which `expected` were not removed since; and `held` are there.

    A segment that Apple withdrew has a row without checksum, which hides the earlier loads.
    """

    segment_id: str
    load_id: str
    instance_id: str
    table_name: str
    report_name: str
    granularity: str
    app_id: int
    processing_date: date
    row_count: int
    sliced: int
    expected: int
    held: int = 0

    @property
    def is_sound(self) -> bool:
        """Without its slice a row is in no view."""
        return self.row_count == self.sliced and self.expected == self.held

    def __str__(self) -> str:
        return (
            f"{self.report_name} {self.granularity} of app {self.app_id}, processed"
            f" {self.processing_date}"
        )


@dataclass(frozen=True)
class RowCounts:
    """The ledger rows of the tables in which something differs; none if nothing does."""

    rows: tuple[LedgerRow, ...] = field(default=())

    @cached_property
    def unsound(self) -> dict[str, list[LedgerRow]]:
        """The instances of which a segment's latest load is not there as it was loaded."""
        rows = sorted(self.rows, key=lambda row: row.load_id)
        latest = {(row.instance_id, row.segment_id): row for row in rows}
        wrong = {row.instance_id for row in latest.values() if not row.is_sound}
        found: dict[str, list[LedgerRow]] = {each: [] for each in sorted(wrong)}
        for row in latest.values():
            if row.instance_id in wrong:
                found[row.instance_id].append(row)
        return found

    def revertible(self) -> list[tuple[str, str]]:
        """Unsound instances, each with its load that replaced one that is still whole."""
        whole: dict[tuple[str, str], str] = {}
        for row in self.rows:
            if row.is_sound:
                key = row.instance_id, row.segment_id
                whole[key] = min(row.load_id, whole.get(key, row.load_id))
        found = []
        for instance_id, rows in self.unsound.items():
            for load_id in {row.load_id for row in rows if not row.is_sound}:
                own = [
                    (row.instance_id, row.segment_id)
                    for row in self.rows
                    if (row.instance_id, row.load_id) == (instance_id, load_id)
                ]
                if all(whole.get(key, load_id) < load_id for key in own):
                    found.append((instance_id, load_id))
        return found

    def distrusted(self, loaded: Mapping[str, Checksums]) -> dict[str, Checksums]:
        """Loaded segments by instance; where rows differ, with checksums that no file has."""
        return {
            instance_id: dict.fromkeys(segments, _NO_CHECKSUM)
            if instance_id in self.unsound
            else segments
            for instance_id, segments in loaded.items()
        }

    def select(
        self,
        loaded: Mapping[str, Checksums],
        select: Callable[[Mapping[str, Checksums]], Selection],
    ) -> Selection:
        """Choose with the unsound instances as if they were new.

        What was loaded of them is said again afterwards, for segments that Apple has withdrawn.
        """
        sound = {key: value for key, value in loaded.items() if key not in self.unsound}
        selection = select(sound)
        again = self.distrusted(loaded)
        due = (
            replace(item, loaded=again.get(item.listed.instance.id, item.loaded))
            for item in selection.due
        )
        return replace(selection, due=tuple(due))

    def notes(self, selection: Selection, broken: Collection[str]) -> list[str]:
        """A line for each table: how many instances differ, and which of them stay so.

        Of the `broken` tables there is more to say than that.
        """
        due = {item.listed.instance.id for item in selection.due}
        firsts = [min(rows, key=lambda row: row.is_sound) for rows in self.unsound.values()]
        firsts.sort(key=lambda row: (row.table_name, row.processing_date, row.instance_id))
        by_table = groupby(firsts, key=lambda row: row.table_name)
        return [
            self._note(table, list(rows), due) for table, rows in by_table if table not in broken
        ]

    def _note(self, table: str, rows: list[LedgerRow], due: Collection[str]) -> str:
        staying = [row for row in rows if row.instance_id not in due]
        again = len(rows) - len(staying)
        text = f"{table}: {len(rows)} loaded instances no longer have the rows that were loaded"
        if not staying:
            return f"{text}; all are loaded again"
        named = "; ".join(f"{row} ({self._counts(row)})" for row in staying[:_NAMED])
        more = f"; and {len(staying) - _NAMED} more" if len(staying) > _NAMED else ""
        return (
            f"{text}; {again} are loaded again, {len(staying)} are not, since Apple does not list"
            f" them for this run, and stay as they are: {named}{more}"
        )

    def _counts(self, first: LedgerRow) -> str:
        rows = self.unsound[first.instance_id]
        held, loaded = sum(row.held for row in rows), sum(row.expected for row in rows)
        return f"{held} of {loaded} rows" if held != loaded else "rows without slices"


def count_rows(warehouse: Warehouse, since: str = ALL_LOADS) -> RowCounts:
    """Compare the loads from the load id `since` on. Looks twice where something differs: another
    run may just be replacing it.

    Raises:
        DestinationError: the destination failed.
    """
    return _look(warehouse, since) if _look(warehouse, since).unsound else RowCounts()


def _look(warehouse: Warehouse, since: str) -> RowCounts:
    if not {SEGMENTS.name, SLICES.name, LOADS} <= warehouse.columns().keys():
        return RowCounts()
    suspects = _suspects(warehouse, since)
    return RowCounts(tuple(counted_segments(warehouse, suspects))) if suspects else RowCounts()


def _suspects(warehouse: Warehouse, since: str) -> list[str]:
    """The tables whose sums differ already: they cost much less than the sum of each segment.

    In the files of a lake removed rows stay, so only sums of the newest load that brought segments
    are compared there: a load of a run's row, or of lists, has none.
    """
    existing = warehouse.report_tables()
    comparison = ">="
    if not warehouse.database.can_delete:
        comparison, since = "=", _newest_of_segments(warehouse)
    sums = warehouse.execute(
        f"""
        select table_name, sum(row_count), sum(sliced), sum(expected) from ({_SLICED}) as sliced
        group by table_name order by table_name""",
        since=since,
    )

    def differs(table: str, loaded: int, sliced: int, expected: int) -> bool:
        if warehouse.physical(table) not in existing:
            return expected > 0
        # without a condition DuckDB knows the number, with one it reads the column
        condition = f" where {LOAD_ID} {comparison} :since" if since else ""
        question = f"select count(*) from raw.this_table{condition}"
        ((held,),) = warehouse.execute(question, this_table=table, since=since)
        return not (loaded == sliced and expected == held)

    return [table for table, *counts in sums if differs(table, *counts)]


def _newest_of_segments(warehouse: Warehouse) -> str:
    ((newest,),) = warehouse.execute(
        f"select max({LOAD_ID}) from raw.{SEGMENTS.name} where {LOAD_ID} in ({COMPLETE_LOADS})"
    )
    return newest or ALL_LOADS


_SLICED = f"""
    select g.segment_id, g.{LOAD_ID}, g.instance_id, g.table_name, g.report_name, g.granularity,
        g.app_id, g.processing_date, g.row_count, coalesce(s.sliced, 0) as sliced,
        coalesce(s.expected, 0) as expected
    from raw.{SEGMENTS.name} as g
    left join (
        select instance_id, segment_id, {LOAD_ID}, sum(row_count) as sliced,
            sum(case when removed_on is null then row_count else 0 end) as expected
        from raw.{SLICES.name} where {LOAD_ID} >= :since
        group by instance_id, segment_id, {LOAD_ID}
    ) as s
        on s.instance_id = g.instance_id and s.segment_id = g.segment_id
        and s.{LOAD_ID} = g.{LOAD_ID}
    where g.{LOAD_ID} in ({COMPLETE_LOADS}) and g.{LOAD_ID} >= :since"""


def counted_segments(warehouse: Warehouse, tables: Collection[str]) -> Iterator[LedgerRow]:
    """The segments of all complete loads into these tables, with the rows that there are."""
    existing = warehouse.report_tables()
    held = {
        (table, *key): count
        for table in tables
        if warehouse.physical(table) in existing
        for *key, count in warehouse.execute(
            f"""
            select s.instance_id, s.segment_id, s.{LOAD_ID}, count(*)
            from raw.this_table as r join raw.{SLICES.name} as s on s.{SLICE_KEY} = r.{SLICE_KEY}
                and s.{LOAD_ID} = r.{LOAD_ID} and s.table_name = :table
            group by s.instance_id, s.segment_id, s.{LOAD_ID}""",
            this_table=table,
            table=table,
        )
    }
    said = f"select * from ({_SLICED}) as sliced where table_name in :tables"
    for values in warehouse.execute(said, tables=sorted(tables), since=ALL_LOADS):
        row = LedgerRow(*values)
        key = row.table_name, row.instance_id, row.segment_id, row.load_id
        yield replace(row, held=held.get(key, 0))
