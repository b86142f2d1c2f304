"""What a destination has, as the ledger tells it: a real DuckDB, its raw tables filled by hand."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dlt
import pytest
from dlt.destinations import duckdb as duckdb_destination

from app_store_connect.entities import AccessType, Granularity, Report, ReportInstance
from app_store_connect.errors import DestinationError
from app_store_connect.instances import ListedInstance
from app_store_connect.listed_rows import instance_row, report_row
from app_store_connect.tables import (
    INSTANCES,
    LOADS,
    REPORT_REQUESTS,
    REPORTS,
    SEGMENTS,
    RawTable,
)
from app_store_connect.warehouse.connection import Warehouse
from app_store_connect.warehouse.ledger import Ledger
from tests.worlds import APPS, CRASHES

RAW, SHOWN = "app_store_connect_raw", "app_store_connect"
DAY = date(2026, 11, 20)
FIRST, SECOND, THIRD = "1795000000.1", "1795000000.2", "1795000000.3"
REQUEST = {"id": "q1", "app_id": 15, "access_type": "ONGOING", "stopped_due_to_inactivity": False}


class Destination:
    """A DuckDB file with the raw tables that were filled so far."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.ledger = Ledger(warehouse)
        self.execute(f"create schema {RAW}")
        self.execute(f"create schema {SHOWN}")

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self._connection.execute(statement).fetchall()
        return found

    def record(self, *load_ids: str, status: int = 0) -> None:
        """Write loads down as complete, or with another status."""
        self.execute(
            f"create table if not exists {RAW}.{LOADS} (load_id varchar, status bigint);"
            + "".join(f"insert into {RAW}.{LOADS} values ('{one}', {status});" for one in load_ids)
        )

    def fill(self, table: RawTable, load_id: str, *rows: Mapping[str, Any]) -> None:
        self._connection.register("arrived", table.arrow(rows, load_id))
        name = f"{RAW}.{table.name}"
        self.execute(f"create table if not exists {name} as from arrived limit 0")
        self.execute(f"insert into {name} from arrived")

    @property
    def _connection(self) -> Any:
        return self.warehouse.client.native_connection


@pytest.fixture
def warehouse() -> Warehouse:
    destination = duckdb_destination("ledger.duckdb")
    return Warehouse(dlt.pipeline("ledger", destination=destination, dataset_name=RAW), SHOWN)


@pytest.fixture
def destination(warehouse: Warehouse) -> Iterator[Destination]:
    with warehouse.open():
        yield Destination(warehouse)


def segment(
    segment_id: str, checksum: str = "a", instance_id: str = "i1", day: date = DAY
) -> dict[str, Any]:
    own = {
        "segment_id": segment_id,
        "checksum": checksum,
        "instance_id": instance_id,
        "processing_date": day,
    }
    return {**dict.fromkeys(SEGMENTS.columns), **own}


def test_nothing_is_known_before_the_first_load(destination: Destination) -> None:
    """An empty destination has loaded nothing, knows nothing, and all that is listed is new."""
    ledger = destination.ledger

    assert ({}, {}) == (ledger.loaded_segments(DAY), ledger.known_instances(["i1"]))
    assert ledger.app_of_request("q1") is None
    assert [REQUEST] == ledger.changed(REPORT_REQUESTS, iter([REQUEST]))


def test_loaded_segments(destination: Destination) -> None:
    """Of every instance from a date on, that day included, its segments with their checksums."""
    destination.record(FIRST)
    before = segment("old", instance_id="i0", day=DAY - timedelta(days=1))
    destination.fill(
        SEGMENTS, FIRST, segment("s1"), segment("s2", "b"), segment("t", "c", "i2"), before
    )

    assert {"i1": {"s1": "a", "s2": "b"}, "i2": {"t": "c"}} == (
        destination.ledger.loaded_segments(DAY)
    )


def test_latest_complete_load_counts(destination: Destination) -> None:
    """Of several loads of a segment the latest that was completed, however rows are stored."""
    destination.record(FIRST, SECOND, SECOND)
    destination.record(THIRD, status=1)
    for load_id, checksum in ((SECOND, "b"), (THIRD, "c"), (FIRST, "a")):
        destination.fill(SEGMENTS, load_id, segment("s", checksum))
    for load_id, checksum in ((FIRST, "a"), (THIRD, "c"), (SECOND, "b")):
        destination.fill(SEGMENTS, load_id, segment("t", checksum))

    assert {"i1": {"s": "b", "t": "b"}} == destination.ledger.loaded_segments(DAY)


def test_changed(destination: Destination) -> None:
    """Of a listing what is not stored as it is by the latest complete load, however often it was
    stored before.
    """
    stopped = {**REQUEST, "stopped_due_to_inactivity": True}
    new = {**REQUEST, "id": "q2"}
    destination.record(FIRST, SECOND)
    destination.fill(REPORT_REQUESTS, SECOND, stopped)
    destination.fill(REPORT_REQUESTS, FIRST, REQUEST)
    destination.fill(REPORT_REQUESTS, THIRD, new)

    assert [] == destination.ledger.changed(REPORT_REQUESTS, [stopped])
    assert [REQUEST, new] == destination.ledger.changed(REPORT_REQUESTS, [REQUEST, new])


def test_listing_counts_as_new_until_a_load_is_recorded(destination: Destination) -> None:
    """Rows of a first load that never ended are not taken for stored."""
    destination.fill(REPORT_REQUESTS, FIRST, REQUEST)

    assert [REQUEST] == destination.ledger.changed(REPORT_REQUESTS, [REQUEST])


def test_app_of_request(destination: Destination) -> None:
    """The app of a report request that an earlier run saw, as text, and of no other one."""
    destination.fill(REPORT_REQUESTS, FIRST, {**REQUEST, "id": "q0", "app_id": 14}, REQUEST)

    assert "15" == destination.ledger.app_of_request("q1")
    assert destination.ledger.app_of_request("q2") is None


def test_known_instances(destination: Destination) -> None:
    """An instance comes back as it was listed, with its own report and request and no other's."""
    seen = [
        ListedInstance(
            app_id,
            access_type,
            Report(f"r{number}", f"q{number}", name, category),
            ReportInstance(f"i{number}", f"r{number}", granularity, DAY - timedelta(days=number)),
        )
        for number, (app_id, access_type, name, category, granularity) in enumerate(
            [
                (APPS[0], AccessType.ONGOING, CRASHES, "APP_USAGE", Granularity.DAILY),
                (APPS[1], AccessType.ONE_TIME_SNAPSHOT, "New Report", None, Granularity.WEEKLY),
            ]
        )
    ]
    for load_id in (FIRST, SECOND):
        for app_id, access_type, report, instance in (
            (each.app_id, each.access_type, each.report, each.instance) for each in seen
        ):
            request = {**REQUEST, "id": report.report_request_id, "access_type": access_type}
            destination.fill(REPORT_REQUESTS, load_id, {**request, "app_id": int(app_id)})
            destination.fill(REPORTS, load_id, report_row(report, app_id))
            destination.fill(INSTANCES, load_id, instance_row(instance, app_id))

    assert {"i0": seen[0], "i1": seen[1]} == destination.ledger.known_instances(["i0", "i1"])
    assert {"i1": seen[1]} == destination.ledger.known_instances({"i1", "i2"})


def test_instance_without_its_parents_is_not_known(destination: Destination) -> None:
    """An instance of which a destination lacks the report or its request has to be asked for."""
    report = Report("r1", "q9", CRASHES, None)
    instances = [ReportInstance(f"i{n}", f"r{n}", Granularity.DAILY, DAY) for n in (1, 9)]
    destination.fill(REPORT_REQUESTS, FIRST, REQUEST)
    destination.fill(REPORTS, FIRST, report_row(report, APPS[0]))
    destination.fill(INSTANCES, FIRST, *(instance_row(each, APPS[0]) for each in instances))

    assert {} == destination.ledger.known_instances(["i1", "i9"])


@pytest.mark.parametrize("absent", [INSTANCES, REPORTS, REPORT_REQUESTS], ids=lambda t: t.name)
def test_nothing_is_known_without_all_listings(absent: RawTable, destination: Destination) -> None:
    """A destination where a first run ended early knows no instance."""
    for table in (INSTANCES, REPORTS, REPORT_REQUESTS):
        if table is not absent:
            destination.fill(table, FIRST)

    assert {} == destination.ledger.known_instances(["i1"])


def test_columns(destination: Destination) -> None:
    """The columns of the raw tables, in the order of the tables, not those of the views."""
    destination.execute(f"create table {RAW}.rows (b bigint, a bigint, c bigint)")
    destination.execute(f"create view {SHOWN}.rows as select b, a from {RAW}.rows")

    assert {"rows": ["b", "a", "c"]} == destination.warehouse.columns()


def test_statements_are_written_for_the_destination(destination: Destination) -> None:
    """In its own dialect, for the two datasets that the user named."""
    renderer = destination.warehouse.dialect.renderer

    assert "duckdb" == renderer.dialect
    assert [[RAW, "x"], [SHOWN, "x"]] == [
        renderer.path(each, "x")[-2:] for each in ("raw", "shown")
    ]


def test_refused_statement_is_an_error_of_the_destination(destination: Destination) -> None:
    """Its first line is the message, and its cause is kept for --debug."""
    with pytest.raises(DestinationError) as caught:
        destination.warehouse.execute("select nothing from raw.nowhere")

    assert "Table with name nowhere does not exist" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize(
    ("error", "message"),
    [(OSError(), "OSError"), (OSError(" disk full\nhint"), "disk full")],
    ids=["without a word", "of two lines"],
)
def test_error_of_the_system_is_one_of_the_destination(
    error: OSError, message: str, destination: Destination
) -> None:
    """What the system has against it, such as a full disk, is named in one line."""
    with pytest.raises(DestinationError) as caught, destination.warehouse.transaction():
        raise error

    assert f"the destination failed: {message}" == str(caught.value)


def test_own_mistakes_are_no_errors_of_the_destination(destination: Destination) -> None:
    """What is wrong with the program is raised as it is, also within a transaction."""
    with pytest.raises(ZeroDivisionError), destination.warehouse.transaction():
        raise ZeroDivisionError


def test_transaction(destination: Destination) -> None:
    """Statements that an error interrupts take no effect."""
    destination.fill(REPORT_REQUESTS, FIRST, REQUEST)
    warehouse = destination.warehouse

    def empty_then_fail() -> None:
        with warehouse.transaction():
            warehouse.execute("delete from raw.this_table", this_table=REPORT_REQUESTS.name)
            warehouse.execute("delete from raw.nowhere")

    with pytest.raises(DestinationError, match="nowhere"):
        empty_then_fail()
    assert [(1,)] == destination.execute(f"select count(*) from {RAW}.{REPORT_REQUESTS.name}")


def test_lost_connection_is_replaced(destination: Destination) -> None:
    """After a connection was lost the next statement opens another one, or the next transaction."""
    destination.record(FIRST)
    warehouse = destination.warehouse

    def in_a_transaction() -> list[tuple[Any, ...]]:
        with warehouse.transaction():
            return warehouse.execute(f"select load_id from raw.{LOADS}")

    for ask in (
        warehouse.columns,
        lambda: warehouse.execute(f"select load_id from raw.{LOADS}"),
        in_a_transaction,
    ):
        warehouse.client.close_connection()

        assert ask()


def test_connection_that_cannot_be_replaced(destination: Destination, tmp_path: Path) -> None:
    """A destination that is gone for good is an error of the destination, whatever raises it."""
    destination.warehouse.client.close_connection()
    Path("ledger.duckdb").write_bytes(b"no database" * 1000)

    with pytest.raises(DestinationError, match="the destination failed: "):
        destination.warehouse.columns()


def test_warehouse_has_to_be_open(warehouse: Warehouse) -> None:
    """Before and after `open` there is no connection to use, and nothing is asked by mistake."""
    with pytest.raises(RuntimeError, match="not open"):
        warehouse.columns()
    with warehouse.open():
        warehouse.columns()

    with pytest.raises(RuntimeError, match="not open"):
        warehouse.columns()
