"""The views against a plain account of Apple's rule, over worlds that a loader may leave behind."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import dlt
import pytest
from dlt.destinations import duckdb as duckdb_destination
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app_store_connect.catalog import RestatementPolicy, schema_of
from app_store_connect.tables import (
    INSTANCE_CHECKS,
    INSTANCES,
    LOADS,
    REPORT_CATALOGUE,
    REPORTS,
    SEGMENTS,
    SLICES,
    RawTable,
)
from app_store_connect.views.create import create_views
from app_store_connect.views.freshness import FRESHNESS
from app_store_connect.warehouse.connection import Warehouse

RAW, SHOWN = "app_store_connect_raw", "app_store_connect"
CRASHES, PICKER = "App Crashes", "Photos Picker"
TABLES = {
    "app_crashes_daily": (CRASHES, "APP_USAGE", "DAILY"),
    "app_crashes_weekly": (CRASHES, "APP_USAGE", "WEEKLY"),
    "app_crashes_monthly": (CRASHES, "APP_USAGE", "MONTHLY"),
    "photos_picker_daily": (PICKER, "FRAMEWORK_USAGE", "DAILY"),
}
OWN_TABLES = (SEGMENTS, SLICES, INSTANCES, REPORTS, INSTANCE_CHECKS, REPORT_CATALOGUE)
LOAD_IDS = ("1795000000.1", "1795000000.2", "1795000000.3")
STEPS = {"DAILY": timedelta(days=1), "WEEKLY": timedelta(days=7), "MONTHLY": timedelta(days=31)}
EPOCH = date(2026, 1, 1)


@dataclass(frozen=True)
class Instance:
    id: str
    app_id: int
    table: str
    age: int
    is_snapshot: bool = False
    gone_by: str | None = None
    is_empty: bool = False


@dataclass(frozen=True)
class Landed:
    """A segment as one load brought it, perhaps with a part missing, if the load never ended."""

    segment_id: str
    instance: Instance
    load_id: str
    checksum: str
    days: tuple[int | None, ...]
    parts: frozenset[str]


@dataclass(frozen=True)
class Account:
    complete: tuple[str, ...]
    landed: tuple[Landed, ...]
    listed: tuple[Instance, ...]


ALL_PARTS = frozenset({"rows", "slices", "ledger"})


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    """Instances that overlap; segments re-published, moved, and landed in loads cut off or not."""
    complete = tuple(draw(st.lists(st.sampled_from(LOAD_IDS), max_size=4)))  # also recorded twice
    instances = [
        Instance(
            f"i{number}",
            draw(st.sampled_from([1, 2])),
            table,
            draw(st.integers(0, 3) | st.integers(0, 40)),
            draw(st.booleans()),
            draw(st.none() | st.sampled_from(LOAD_IDS[1:])),
            draw(st.booleans()),
        )
        for number, table in enumerate(draw(st.lists(st.sampled_from([*TABLES]), max_size=6)))
    ]
    landed = []
    for instance in instances:
        siblings = [
            each
            for each in instances
            if (each.app_id, each.table) == (instance.app_id, instance.table)
        ]
        for number in range(draw(st.integers(0, 3))):
            for load_id in draw(st.lists(st.sampled_from(LOAD_IDS), unique=True, max_size=3)):
                parts = ALL_PARTS
                if load_id not in complete:
                    parts = draw(st.frozensets(st.sampled_from(sorted(ALL_PARTS))))
                landed.append(
                    Landed(
                        f"{instance.id}-s{number}",
                        draw(st.sampled_from(siblings)),
                        load_id,
                        draw(st.sampled_from(["a", "b"])),
                        tuple(draw(st.lists(st.none() | st.integers(0, 5), max_size=4))),
                        parts,
                    )
                )
    return Account(complete, tuple(landed), tuple(instances))


def processed(instance: Instance, today: date) -> date:
    return today - timedelta(days=instance.age)


def day_of(landed: Landed, day: int | None, today: date) -> date | None:
    step = STEPS[TABLES[landed.instance.table][2]]
    return None if day is None else today - timedelta(days=30) - day * step


def dates_of(landed: Landed, today: date) -> Counter[date]:
    """What the loader counts: rows without a date under the processing date."""
    default = processed(landed.instance, today)
    return Counter(day_of(landed, day, today) or default for day in landed.days)


def access_type(instance: Instance) -> str:
    return "ONE_TIME_SNAPSHOT" if instance.is_snapshot else "ONGOING"


class Raw:
    """The raw tables of the contract, filled by hand."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.connection = warehouse.client.native_connection
        self.connection.execute(f"create schema if not exists {RAW}")
        for table in OWN_TABLES:
            kinds = {
                "string": "varchar", "int64": "bigint", "date32[day]": "date", "bool": "boolean",
                "decimal128(38, 9)": "decimal(38, 9)",
            }  # fmt: skip
            columns = ", ".join(f'"{f.name}" {kinds[str(f.type)]}' for f in table.schema)
            self.connection.execute(f"create table {RAW}.{table.name} ({columns})")
        self.connection.execute(f"create table {RAW}.{LOADS} (load_id varchar, status bigint)")
        for table_name in TABLES:
            self.connection.execute(
                f"create table {RAW}.{table_name} (date date, crashes bigint, _slice_key bigint,"
                " _dlt_load_id varchar)"
            )
        self.policy: RestatementPolicy | None = None
        self.today: date = self.connection.execute("select current_date").fetchall()[0][0]

    def fill(self, account: Account) -> None:
        self.connection.execute("begin transaction")
        self._fill(account)
        self.connection.execute("commit")

    def _fill(self, account: Account) -> None:
        for name in (*(table.name for table in OWN_TABLES), LOADS, *TABLES):
            self.connection.execute(f"delete from {RAW}.{name}")
        loads = [(each, 0) for each in account.complete]
        loads += [(each, 1) for each in LOAD_IDS if each not in account.complete]
        self._insert(LOADS, loads)
        for table in TABLES:
            self._insert(table, self._rows(account, table))
        self._put(SEGMENTS, self._ledger_rows(account))
        self._put(SLICES, self._slice_rows(account))
        self._put(REPORT_CATALOGUE, self._catalogue_rows())
        self._put(
            INSTANCES,
            [
                {
                    "id": each.id,
                    "report_id": f"{TABLES[each.table][0]} {each.app_id}",
                    "app_id": each.app_id,
                    "granularity": TABLES[each.table][2],
                    "processing_date": processed(each, self.today),
                    "unlisted_since": self.today if load_id == each.gone_by else None,
                    "_dlt_load_id": load_id,
                }
                for each in account.listed
                for load_id in sorted({*LOAD_IDS[:2], each.gone_by or LOAD_IDS[0]})
            ],
        )
        self._put(INSTANCE_CHECKS, [self._check(each) for each in account.listed])
        self._put(
            REPORTS,
            [
                {"id": f"{name} {app}", "app_id": app, "name": name, "_dlt_load_id": load_id}
                for name in (CRASHES, PICKER)
                for app in (1, 2)
                for load_id in LOAD_IDS
            ],
        )

    def _check(self, instance: Instance) -> dict[str, Any]:
        name, _, granularity = TABLES[instance.table]
        return {
            "instance_id": instance.id,
            "app_id": instance.app_id,
            "report_name": name,
            "table_name": instance.table,
            "granularity": granularity,
            "processing_date": processed(instance, self.today),
            "outcome": "empty" if instance.is_empty else "unchanged",
            "_dlt_load_id": LOAD_IDS[0],
        }

    def views(self, policy: RestatementPolicy | None = None) -> list[str]:
        """All views, made while every table has a row; they stay when the rows change."""
        every = [Instance(name, 1, name, 0) for name in TABLES]
        self.fill(Account(LOAD_IDS, tuple(landed(i.id, i, 0, 1) for i in every), ()))
        self.policy = policy
        return create_views(self.warehouse)

    def shown(self, table: str) -> Counter[Any]:
        rows = self.connection.execute(f"select * from {SHOWN}.{table}").fetchall()
        return Counter(rows)

    def freshness(self) -> list[Any]:
        return sorted(self.connection.execute(f"from {SHOWN}.data_freshness").fetchall())

    def row(self, each: Landed, number: int) -> tuple[Any, ...]:
        return (
            day_of(each, each.days[number], self.today),
            number,
            each.instance.app_id,
            each.instance.id,
            processed(each.instance, self.today),
            each.segment_id,
            each.checksum,
            each.load_id,
        )

    def _rows(self, account: Account, table: str) -> list[tuple[Any, ...]]:
        return [
            (*self.row(each, number)[:2], self._key(account, each, number), each.load_id)
            for each in account.landed
            if each.instance.table == table and "rows" in each.parts
            for number in range(len(each.days))
        ]

    def _key(self, account: Account, each: Landed, number: int | None) -> int:
        """A key for each date of what landed, or one for what has no rows."""
        days = sorted(dates_of(each, self.today))
        place = 99
        if number is not None:
            day = day_of(each, each.days[number], self.today)
            place = days.index(day or processed(each.instance, self.today))
        return account.landed.index(each) * 100 + place

    def _catalogue_rows(self) -> Iterator[dict[str, Any]]:
        for table, (name, category, granularity) in TABLES.items():
            schema = schema_of(name, category)
            for load_id in LOAD_IDS:
                yield {
                    "table_name": table,
                    "report_name": name,
                    "category": category,
                    "granularity": granularity,
                    "policy": (self.policy or schema.policy).value,
                    "lag_days": schema.lag_days,
                    "window_days": schema.window_days,
                    "_dlt_load_id": load_id,
                }

    def _ledger_rows(self, account: Account) -> Iterator[dict[str, Any]]:
        for each in account.landed:
            if "ledger" in each.parts:
                name, category, granularity = TABLES[each.instance.table]
                yield {
                    "segment_id": each.segment_id,
                    "checksum": each.checksum,
                    "instance_id": each.instance.id,
                    "report_name": name,
                    "category": category,
                    "granularity": granularity,
                    "processing_date": processed(each.instance, self.today),
                    "access_type": access_type(each.instance),
                    "app_id": each.instance.app_id,
                    "table_name": each.instance.table,
                    "row_count": len(each.days),
                    "_dlt_load_id": each.load_id,
                }

    def _slice_rows(self, account: Account) -> Iterator[dict[str, Any]]:
        for each in account.landed:
            if "slices" in each.parts:
                dates: list[Any] = sorted(dates_of(each, self.today).items())
                for place, (day, count) in [*enumerate(dates)] or [(99, (None, 0))]:
                    yield {
                        "_slice_key": account.landed.index(each) * 100 + place,
                        "app_id": each.instance.app_id,
                        "table_name": each.instance.table,
                        "date": day,
                        "instance_id": each.instance.id,
                        "processing_date": processed(each.instance, self.today),
                        "access_type": access_type(each.instance),
                        "segment_id": each.segment_id,
                        "checksum": each.checksum,
                        "row_count": count,
                        "rows_hash": count,
                        "is_doubled": each.checksum == "b" and bool(count),
                        "_dlt_load_id": each.load_id,
                    }

    def _put(self, table: RawTable, rows: Iterable[dict[str, Any]]) -> None:
        names = [each.name for each in table.schema]
        self._insert(table.name, [[row.get(name) for name in names] for row in rows])

    def _insert(self, table: str, rows: list[Any]) -> None:
        if rows:
            row = f"({', '.join('?' * len(rows[0]))})"
            statement = f"insert into {RAW}.{table} values {', '.join([row] * len(rows))}"
            self.connection.execute(statement, [value for each in rows for value in each])


@contextmanager
def raw_tables() -> Iterator[Raw]:
    pipeline = dlt.pipeline(
        "asc_segments", destination=duckdb_destination("views.duckdb"), dataset_name=RAW
    )
    warehouse = Warehouse(pipeline, SHOWN)
    with warehouse.open():
        yield Raw(warehouse)


def visible(account: Account) -> list[Landed]:
    """Of each segment of an instance what the latest complete load brought."""
    latest: dict[tuple[str, Instance], Landed] = {}
    for each in account.landed:
        if each.load_id in account.complete:
            key = each.segment_id, each.instance
            other = latest.get(key)
            if other is None or other.load_id < each.load_id:
                latest[key] = each
    return list(latest.values())


Key = tuple[int, str, date]


def carriers(account: Account, today: date) -> dict[Key, list[Instance]]:
    found: dict[Key, list[Instance]] = defaultdict(list)
    for each in visible(account):
        for day in dates_of(each, today):
            found[each.instance.app_id, each.instance.table, day].append(each.instance)
    return found


def rank(account: Account, instance: Instance) -> tuple[Any, ...]:
    """Newest; ONGOING first; listed longest, as complete loads say; greatest id."""
    is_told = instance in account.listed and instance.gone_by in account.complete
    until = LOAD_IDS.index(instance.gone_by) if is_told and instance.gone_by else len(LOAD_IDS)
    return -instance.age, not instance.is_snapshot, until, instance.id


def owner(account: Account, them: list[Instance]) -> Instance:
    return max(them, key=lambda each: rank(account, each))


def shown(account: Account, them: list[Instance], policy: RestatementPolicy) -> set[Instance]:
    """Whose rows of a date are shown, of those that carry it."""
    if policy is RestatementPolicy.REPLACE:
        return {owner(account, them)}
    ongoing = [each for each in them if not each.is_snapshot]
    if not ongoing:
        return {owner(account, them)}
    by_age: dict[int, list[Instance]] = defaultdict(list)
    for each in ongoing:
        by_age[each.age].append(each)
    return {owner(account, peers) for peers in by_age.values()}


def expected_rows(
    account: Account, raw: Raw, table: str, policy: RestatementPolicy
) -> Counter[Any]:
    holders = carriers(account, raw.today)
    rows: Counter[Any] = Counter()
    for each in visible(account):
        if each.instance.table != table:
            continue
        for number, day in enumerate(each.days):
            on = day_of(each, day, raw.today) or processed(each.instance, raw.today)
            them = shown(account, holders[each.instance.app_id, table, on], policy)
            copies = [
                other.instance
                for other in visible(account)
                if other.segment_id == each.segment_id
                and other.instance in them
                and on in dates_of(other, raw.today)
            ]
            if each.instance in them and each.instance == owner(account, copies):
                rows[raw.row(each, number)] += 1
    return rows


def unit(day: date, granularity: str) -> int:
    if granularity == "MONTHLY":
        return day.year * 12 + day.month
    return day.toordinal() if granularity == "DAILY" else (day.toordinal() - 1) // 7


def observed(account: Account, app_id: int, table: str, today: date) -> tuple[set[int], set[date]]:
    """The units that an instance tells of or would have told of, and their processing dates."""
    name, category, granularity = TABLES[table]
    units: set[int] = set()
    looked: set[date] = set()
    window = schema_of(name, category).window_days if granularity == "DAILY" else 2
    seen = {each.instance for each in visible(account)}
    if LOAD_IDS[0] in account.complete:
        seen |= {replace(i, is_snapshot=False) for i in account.listed if i.is_empty}
    days = carriers(account, today)
    units |= {unit(day, granularity) for app, of, day in days if (app, of) == (app_id, table)}
    for instance in seen:
        if (instance.app_id, instance.table) != (app_id, table):
            continue
        at = processed(instance, today)
        looked.add(at)
        last = unit(at, granularity)
        own = [day for key, them in days.items() if instance in them for day in [key[2]]]
        first = unit(min(own), granularity) if instance.is_snapshot and own else last - window
        units |= set(range(first, last))
    return units, looked


def complete_unit(at: date, table: str) -> int:
    name, category, granularity = TABLES[table]
    schema = schema_of(name, category)
    is_daily = granularity == "DAILY"
    return unit(at, granularity) - (min(schema.lag_days, schema.window_days) if is_daily else 1)


def first_day(number: int, granularity: str) -> date:
    if granularity == "MONTHLY":
        return date((number - 1) // 12, (number - 1) % 12 + 1, 1)
    return date.fromordinal(number if granularity == "DAILY" else number * 7 + 1)


def newest_complete(
    units: set[int], looked: set[date], days: list[date], table: str
) -> date | None:
    granularity = TABLES[table][2]
    last = max(complete_unit(at, table) for at in looked)
    newest = max((each for each in units if each <= last), default=None)
    if newest is None:
        return None
    told = [day for day in days if unit(day, granularity) == newest]
    return max(told, default=first_day(newest, granularity))


def expected_freshness(account: Account, today: date) -> list[Any]:
    seen = visible(account)
    loaded = {each.instance.id for each in seen}
    waiting = Counter(
        (i.app_id, i.table)
        for i in account.listed
        if 28 <= i.age <= 35
        and i.id not in loaded
        and {*LOAD_IDS[:2], i.gone_by} & {*account.complete}
    )
    holders = {key: owner(account, them) for key, them in carriers(account, today).items()}
    doubled = {
        (each.instance.app_id, each.instance.table, day)
        for each in seen
        if each.checksum == "b"
        for day in dates_of(each, today)
        if holders[each.instance.app_id, each.instance.table, day] == each.instance
    }
    found: list[Any] = []
    empty = [i for i in account.listed if i.is_empty and LOAD_IDS[0] in account.complete]
    looked_at = [*(each.instance for each in seen), *empty]
    is_known = bool(account.complete)
    for app_id, table in {(i.app_id, i.table) for i in looked_at if is_known}:
        name, _, granularity = TABLES[table]
        days = sorted(day for app, of, day in holders if (app, of) == (app_id, table))
        units, looked = observed(account, app_id, table, today)
        lost = [u for u in range(min(units), max(units)) if u not in units]
        told = [day for day in days if lost and unit(day, granularity) < lost[0]]
        found.append(
            (
                app_id,
                name,
                granularity,
                table,
                max(looked),
                max(days, default=None),
                newest_complete(units, looked, days, table),
                len(lost),
                max(told, default=None),
                sum((app, of) == (app_id, table) for app, of, _ in doubled),
                waiting.pop((app_id, table), 0),
                None,
            )
        )
    unseen = [
        (app_id, TABLES[table][0], TABLES[table][2], *[None] * 4, 0, None, 0, count, None)
        for (app_id, table), count in waiting.items()
    ]
    return sorted(found + unseen)


OLD = Instance("i1", 1, "app_crashes_daily", 3)
NEW = Instance("i2", 1, "app_crashes_daily", 2)
TWIN = Instance("i3", 1, "app_crashes_daily", 2)
SUM = Instance("i8", 1, "photos_picker_daily", 2)
PROPERTY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def landed(segment_id: str, instance: Instance, load: int, *days: int | None) -> Landed:
    return Landed(segment_id, instance, LOAD_IDS[load], "a", days, ALL_PARTS)


VIEWS = ("date_owners", "restatements", "slices")
SUM_AGAIN = landed("s", SUM, 1, 2)
# Of each app, report and granularity another number is about to expire: 2, 3, 1 and none.
LOADED = (
    landed("s", OLD, 2, 0, 2, 3, 5),
    landed("t", Instance("i4", 2, OLD.table, 30), 0, 1),
    landed("u", Instance("i5", 1, "app_crashes_weekly", 31), 1, 1, 4, 5),
    landed("v", Instance("i6", 1, "app_crashes_monthly", 32), 1, 0, 13, 14),  # over a new year
    landed("w", Instance("i7", 1, "photos_picker_daily", 33), 1, 2),
)
WAITING = tuple(
    Instance(f"waiting {app_id} {table} {age}", app_id, table, age)
    for app_id, table, ages in (
        (1, OLD.table, (27, 28, 35, 36)),
        (2, OLD.table, (28, 30, 35)),
        (1, "app_crashes_weekly", (29,)),
    )
    for age in ages
)


@pytest.mark.slow
@pytest.mark.parametrize("override", [None, *RestatementPolicy])
def test_views_show_what_apple_calls_true(override: RestatementPolicy | None) -> None:
    """Whatever was loaded, cut off, re-published or moved, each date has one instance's rows."""
    with raw_tables() as raw:
        assert sorted(TABLES) == raw.views(override)

        @PROPERTY
        @given(account=accounts())
        @example(Account(LOAD_IDS, (landed("s", OLD, 0, 1, 2), landed("t", NEW, 1, 1)), (OLD, NEW)))
        @example(Account(LOAD_IDS, (landed("s", TWIN, 0, 1), landed("t", NEW, 1, 1)), (NEW, TWIN)))
        @example(Account(LOAD_IDS, (landed("t", NEW, 1, 1), landed("s", TWIN, 0, 1)), (NEW, TWIN)))
        @example(Account(LOAD_IDS, (landed("s", OLD, 0, None, 1), landed("s", OLD, 1, 2)), (OLD,)))
        @example(Account(LOAD_IDS[:1], (landed("s", OLD, 0, 1), landed("s", OLD, 1, 1)), (OLD,)))
        @example(Account(LOAD_IDS, (*(landed(s, SUM, 0, 1) for s in "st"), SUM_AGAIN), (SUM,)))
        def check(account: Account) -> None:
            raw.fill(account)
            for table, (name, category, _) in TABLES.items():
                policy = override or schema_of(name, category).policy
                assert raw.shown(table) == expected_rows(account, raw, table, policy)

        check()


@pytest.mark.slow
def test_freshness_adds_up() -> None:
    """`data_freshness` has newest dates, gaps and what is about to be lost, for each report."""
    with raw_tables() as raw:
        raw.views()

        @PROPERTY
        @given(account=accounts())
        @example(Account(LOAD_IDS, LOADED, (*(each.instance for each in LOADED), *WAITING)))
        @example(Account(LOAD_IDS[2:], (landed("s", OLD, 2, 1),), (OLD, *WAITING)))
        def check(account: Account) -> None:
            raw.fill(account)
            assert raw.freshness() == expected_freshness(account, raw.today)

        check()


def test_freshness_has_plain_types() -> None:
    """Its columns are called and typed as dashboards rely on; counts are no exotic numbers."""
    with raw_tables() as raw:
        raw.views()

        assert [
            ("app_id", "BIGINT"),
            ("report_name", "VARCHAR"),
            ("granularity", "VARCHAR"),
            ("table_name", "VARCHAR"),
            ("newest_processing_date", "DATE"),
            ("newest_date", "DATE"),
            ("newest_complete_date", "DATE"),
            ("missing_dates", "BIGINT"),
            ("last_date_before_gap", "DATE"),
            ("doubled_dates", "BIGINT"),
            ("expiring_instances", "BIGINT"),
            ("reason", "VARCHAR"),
        ] == raw.connection.execute(
            f"select column_name, column_type from (describe {SHOWN}.data_freshness)"
        ).fetchall()


def test_views_are_made_of_what_is_complete() -> None:
    """A table of which no load ever ended has no view; there is none before the first load."""
    with raw_tables() as raw:
        raw.fill(Account((), (landed("s", OLD, 0, 1),), (OLD,)))

        assert [] == create_views(raw.warehouse)
        raw.fill(Account(LOAD_IDS, (landed("s", OLD, 0, 1),), (OLD,)))
        assert [OLD.table] == create_views(raw.warehouse)


@pytest.mark.variants
@pytest.mark.parametrize(
    ("absent", "expected"),
    [
        (SEGMENTS.name, []),
        (SLICES.name, []),
        (REPORT_CATALOGUE.name, []),
        (INSTANCES.name, []),
        (LOADS, []),
        (REPORTS.name, [OLD.table, *VIEWS]),
        (INSTANCE_CHECKS.name, sorted([OLD.table, FRESHNESS, *VIEWS])),
    ],
)
def test_views_before_all_tables_are_there(absent: str, expected: list[str]) -> None:
    """Where a first run ended early there is no view, or none of freshness: it is no error."""
    with raw_tables() as raw:
        raw.fill(Account(LOAD_IDS, (landed("s", OLD, 0, 1),), (OLD,)))
        raw.connection.execute(f"drop table {RAW}.{absent}")

        assert expected[:1] == create_views(raw.warehouse)
        assert expected == [
            name
            for (name,) in raw.connection.execute(
                f"select view_name from duckdb_views() where schema_name = '{SHOWN}' order by all"
            ).fetchall()
        ]
