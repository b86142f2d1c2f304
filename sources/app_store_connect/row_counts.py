"""Compares the rows that the destination holds of each loaded segment with the ledger's counts.

They differ after a run that died before it could check its last load, and after somebody dropped a
table or deleted rows. Such an instance counts as not loaded: if Apple still lists it, the new load
replaces its rows. If not, nothing could replace them, so they stay and a note names them.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from itertools import groupby
from typing import Any

from app_store_connect.ledger import COMPLETE_LOADS, Ledger
from app_store_connect.provenance import SEGMENT_KEY
from app_store_connect.selection import Checksums, Selection
from app_store_connect.tables import LOAD_ID, LOADS, SEGMENT_DATES, SEGMENTS

_NO_CHECKSUM = ""
"""Of a segment whose rows are not those of its file. Apple gives no such checksum."""
_NAMED = 3
"""Instances that a note names; it counts the others."""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A segment of one complete load: `row_count` rows were loaded, and `held` rows are there.

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
    held: int = 0
    is_dated: bool = False

    @property
    def is_sound(self) -> bool:
        """Without its dates a row is in no view."""
        return self.held == self.row_count and (self.is_dated or not self.row_count)

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
        latest = {row.segment_id: row for row in sorted(self.rows, key=lambda row: row.load_id)}
        wrong = {row.instance_id for row in latest.values() if not row.is_sound}
        found: dict[str, list[LedgerRow]] = {each: [] for each in sorted(wrong)}
        for row in latest.values():
            if row.instance_id in wrong:
                found[row.instance_id].append(row)
        return found

    @property
    def unsound_segments(self) -> set[str]:
        """All segments of these instances: an instance is loaded again as a whole."""
        return {row.segment_id for rows in self.unsound.values() for row in rows}

    def revertible(self) -> list[tuple[str, set[str]]]:
        """Loads of unsound instances, with their segments, that replaced what is still whole."""
        whole: dict[str, str] = {}
        for row in self.rows:
            if row.is_sound:
                whole[row.segment_id] = min(row.load_id, whole.get(row.segment_id, row.load_id))
        found = []
        for instance_id, rows in self.unsound.items():
            for load_id in {row.load_id for row in rows if not row.is_sound}:
                own = {
                    row.segment_id
                    for row in self.rows
                    if (row.instance_id, row.load_id) == (instance_id, load_id)
                }
                if all(whole.get(segment_id, load_id) < load_id for segment_id in own):
                    found.append((load_id, own))
        return found

    def distrusted(self, loaded: Mapping[str, Checksums]) -> dict[str, Checksums]:
        """What is loaded of each instance, by checksums that no file has where rows differ."""
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
        held, loaded = sum(row.held for row in rows), sum(row.row_count for row in rows)
        return f"{held} of {loaded} rows" if held != loaded else "rows without dates"


def count_rows(ledger: Ledger) -> RowCounts:
    """Looks twice where something differs: another run may just be replacing it.

    Raises:
        DestinationError: the destination failed.
    """
    return _look(ledger) if _look(ledger).unsound else RowCounts()


def _look(ledger: Ledger) -> RowCounts:
    if not {SEGMENTS.name, LOADS} <= ledger.columns().keys():
        return RowCounts()
    existing = ledger.report_tables()
    suspects = _suspects(ledger, existing)
    if not suspects:
        return RowCounts()
    held = {
        key: count
        for table in suspects
        if ledger.physical(table) in existing
        for key, count in held_rows(ledger, table).items()
    }
    dated = _dated(ledger, suspects)
    return RowCounts(
        tuple(
            replace(
                row,
                held=held.get((row.table_name, row.segment_id, row.load_id), 0),
                is_dated=(row.segment_id, row.load_id) in dated,
            )
            for row in _said(ledger, suspects)
        )
    )


def _suspects(ledger: Ledger, existing: Collection[str]) -> list[str]:
    """The tables whose sums differ already: they cost much less than the sum of each segment.

    In the files of a lake removed rows stay, so only sums of the newest load are compared there.
    """
    where = ""
    if not ledger.database.can_delete:
        where = f" where {LOAD_ID} in (select max(load_id) from raw.{LOADS} where status = 0)"
    gone = {
        table
        for table, count in _sums(ledger, SEGMENTS.name).items()
        if count and ledger.physical(table) not in existing
    }
    dated = _sums(ledger, SEGMENT_DATES.name, where)
    return sorted(gone) + [
        table
        for table, count in _sums(ledger, SEGMENTS.name, where).items()
        if table not in gone and not count == dated.get(table, 0) == _sum(ledger, table, where)
    ]


def _sum(ledger: Ledger, table: str, where: str) -> int:
    question = f"select count(*) from raw.this_table{where}"
    return int(ledger.execute(question, this_table=table)[0][0])


def _sums(ledger: Ledger, table: str, where: str = "") -> dict[str, int]:
    if table not in ledger.columns():
        return {}
    rows = ledger.execute(
        f"select table_name, sum(row_count) from raw.this_table{where} group by table_name",
        this_table=table,
    )
    return {name: int(count) for name, count in rows}


def _said(ledger: Ledger, tables: Collection[str]) -> Iterable[LedgerRow]:
    rows = ledger.execute(
        f"select segment_id, {LOAD_ID}, instance_id, table_name, report_name, granularity, app_id,"
        f" processing_date, row_count from raw.{SEGMENTS.name}"
        f" where table_name in :tables and {LOAD_ID} in ({COMPLETE_LOADS})",
        tables=sorted(tables),
    )
    return [LedgerRow(*row) for row in rows]


def held_rows(ledger: Ledger, table: str) -> dict[tuple[str, str, str], int]:
    """How many rows a report table holds, by table, segment and load."""
    rows = ledger.execute(
        f"select {SEGMENT_KEY}, {LOAD_ID}, count(*) from raw.this_table"
        f" group by {SEGMENT_KEY}, {LOAD_ID}",
        this_table=table,
    )
    return {(table, segment_id, load_id): count for segment_id, load_id, count in rows}


def _dated(ledger: Ledger, tables: Collection[str]) -> set[tuple[Any, ...]]:
    if SEGMENT_DATES.name not in ledger.columns():
        return set()
    return {
        *ledger.execute(
            f"select distinct segment_id, {LOAD_ID} from raw.{SEGMENT_DATES.name}"
            " where table_name in :tables",
            tables=sorted(tables),
        )
    }
