"""The destination beside the model: each view, row for row."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from app_store_connect.names import snake_case
from tests.emulator import WorldSegment
from tests.walk.account import rows_by_date
from tests.walk.apple import EXPANDED
from tests.walk.model import WINDOWS, Row, Slice, Table, Warehouse
from tests.walk.warehouse import RAW, REPORT_OF, SHOWN, TABLE_NAMES, Stored


class Checks:
    def __init__(self, stored: Stored, warehouse: Warehouse) -> None:
        self._stored = stored
        self._warehouse = warehouse
        self._missing: dict[Table, int] = {}

    @staticmethod
    def rows_of(segment: WorldSegment) -> dict[str, Counter[Row]]:
        """A file's rows by date, as a view shows them."""
        return {
            day: Counter(
                frozenset((snake_case(name), text) for name, text in row.items() if text)
                for row in rows
            )
            for day, rows in rows_by_date(segment).items()
        }

    def slices(self) -> None:
        """`analytics_slices` tells what was loaded, file by file and date by date."""
        actual = Counter(
            (s.instance_id, s.segment_id, s.checksum, s.date, s.row_count, s.is_removed)
            for s in self._stored.slices()
        )
        wanted: Counter[tuple[Any, ...]] = Counter()
        for instance in self._warehouse.instances.values():
            for id_, segment in instance.segments.items():
                file = self._warehouse.files[segment.checksum]
                if not file:
                    wanted[instance.id, id_, segment.checksum, None, 0, False] += 1
                for day, rows in file.items():
                    is_removed = day in segment.removed
                    key = instance.id, id_, segment.checksum, day, rows.total(), is_removed
                    wanted[key] += 1
        _same("analytics_slices", actual, wanted)

    def raw_rows(self) -> None:
        """The raw tables have the rows of each slice that counts."""
        for table in REPORT_OF:
            if not self._stored.has(RAW, table):
                continue
            counts = self._stored.raw_counts(table)
            for each in self._stored.slices():
                if each.table_name == table:
                    wanted = 0 if each.is_removed else each.row_count
                    assert counts.get(each.key, 0) == wanted, f"{table}: {each} has {counts}"

    def views(self, *, are_made: bool) -> None:
        """Each report's view shows what is true, a date whole and once."""
        for report, name in TABLE_NAMES.items():
            tables = {each for each in self._warehouse.tables() if each[1] == report}
            if not self._stored.has(SHOWN, name):
                assert not (are_made and tables), f"there is no view {name}"
                continue
            view = self._stored.view(name)
            for table in tables | view.keys():
                wanted = {
                    day: rows
                    for day, slices in self._warehouse.shown(table).items()
                    if (rows := self._warehouse.rows(slices))
                }
                _same_by_date(f"{name} of {table[0]}", view.get(table, {}), wanted)

    def owners(self, may_be_empty: Mapping[Table, set[Any]]) -> None:
        """`date_owners` names each date's owner, and misses no date that was observed."""
        columns = (
            "app_id, table_name, date, instance_id, processing_date, access_type, vintages, slices,"
            " row_count, is_observed, is_complete, newest_processing_date, is_doubled"
        )
        by_table: dict[Table, dict[str, tuple[Any, ...]]] = {}
        for app, name, day, *rest in self._stored.shown("date_owners", columns):
            of_table = by_table.setdefault((str(app), REPORT_OF[name]), {})
            assert day.isoformat() not in of_table, f"{name} {day} stands in date_owners twice"
            of_table[day.isoformat()] = tuple(rest)
        for table in self._warehouse.tables() | by_table.keys():
            actual = by_table.get(table, {})
            self._missing[table] = sum(not row[6] for row in actual.values())
            self._owned(table, actual)
            self._gaps(table, actual, may_be_empty.get(table, set()))

    def _owned(self, table: Table, actual: Mapping[str, tuple[Any, ...]]) -> None:
        shown = self._warehouse.shown(table)
        tellers: dict[str, set[str]] = {}
        for each in self._warehouse.slices(table):
            tellers.setdefault(each.date, set()).add(each.instance.id)
        for day, slices in shown.items():
            owner = max((each.instance for each in slices), key=lambda i: (i.processing_date, i.id))
            is_removed = any(each.is_removed for each in slices)
            wanted = (
                owner.id,
                owner.processing_date,
                owner.access_type,
                len(tellers[day]),
                len(slices),
                self._warehouse.count(slices),
                not is_removed,
            )
            assert day in actual, f"date_owners of {table} lacks {day}"
            assert actual[day][:7] == wanted, f"{table} {day}: {actual[day]} is not {wanted}"
        with_rows = {day for day, row in actual.items() if row[0] is not None}
        assert with_rows == shown.keys(), f"{table}: dates with an owner {with_rows ^ shown.keys()}"

    def _gaps(
        self, table: Table, actual: Mapping[str, tuple[Any, ...]], may_be_empty: set[date]
    ) -> None:
        least = self._warehouse.observed(table)
        empty = self._warehouse.empty.setdefault(table, set())
        ambiguous = may_be_empty - empty
        empty |= ambiguous
        most = self._warehouse.observed(table)
        newest = max((p for p, _ in self._warehouse.looks(table)), default=None)
        empty -= ambiguous
        removed = {
            day
            for day, slices in self._warehouse.shown(table).items()
            if any(each.is_removed for each in slices)
        }
        observed = {date.fromisoformat(day) for day, row in actual.items() if row[6]}
        observed |= {date.fromisoformat(day) for day in removed}
        assert least <= observed <= most, f"{table}: observed {sorted(observed ^ least)}"
        if observed and not ambiguous:
            span = (max(observed) - min(observed)).days + 1
            assert len(actual) == span, f"{table}: date_owners has {len(actual)} of {span} dates"
            assert newest is not None
            complete = newest - timedelta(days=WINDOWS[table[1]])
            for day, row in actual.items():
                is_complete = bool(row[6]) and date.fromisoformat(day) <= complete
                assert row[7:10] == (is_complete, newest, False), f"{table} {day}: {row}"

    def freshness(self) -> None:
        """`data_freshness` adds up what date_owners says, each report once."""
        told = {
            (str(app), REPORT_OF[name]): tuple(rest)
            for app, name, *rest in self._stored.shown(
                "data_freshness",
                "app_id, table_name, newest_date, missing_dates, doubled_dates",
                "table_name is not null",
            )
        }
        for table in self._warehouse.tables():
            shown = self._warehouse.shown(table)
            newest = date.fromisoformat(max(shown)) if shown else None
            if newest or table in told:
                wanted = newest, self._missing.get(table, 0), 0
                assert told[table] == wanted, f"{table}: {told[table]} is not {wanted}"

    def restatements(self) -> None:
        """The vintage that is shown has the rows of its instance, and those that the view has."""
        actual = Counter(
            self._stored.shown(
                "restatements", "app_id, table_name, date, instance_id, row_count", "is_shown"
            )
        )
        wanted: Counter[tuple[Any, ...]] = Counter()
        for table in self._warehouse.tables():
            held: dict[tuple[str, str], list[Slice]] = {}
            for each in self._warehouse.slices(table):
                held.setdefault((each.date, each.instance.id), []).append(each)
            for day, slices in self._warehouse.shown(table).items():
                for owner in {each.instance.id for each in slices}:
                    count = self._warehouse.count(held[day, owner])
                    name = TABLE_NAMES[table[1]]
                    wanted[int(table[0]), name, date.fromisoformat(day), owner, count] += 1
                    if table[1] != EXPANDED:
                        assert count == self._warehouse.count(slices)
        _same("restatements", actual, wanted)


def _same(what: str, actual: Counter[Any], wanted: Counter[Any]) -> None:
    missing, more = wanted - actual, actual - wanted
    assert not missing + more, f"{what}: missing {dict(missing)}, too many {dict(more)}"


def _same_by_date(
    what: str, actual: Mapping[str, Counter[Row]], wanted: Mapping[str, Counter[Row]]
) -> None:
    for day in actual.keys() | wanted.keys():
        shown, true = actual.get(day, Counter()), wanted.get(day, Counter())
        assert shown == true, (
            f"{what}, {day}: {shown.total()} rows instead of {true.total()};"
            f" missing {list(true - shown)[:3]}, too many {list(shown - true)[:3]}"
        )
