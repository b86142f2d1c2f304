"""MariaDB, a real server: the whole job, every statement, and DuckDB's answers."""

from collections.abc import Iterator
from typing import Any

import dlt
import pytest

from app_store_connect.warehouse.connection import Warehouse
from tests.asking import StartApple
from tests.conftest import Job
from tests.destinations.worlds import (
    TYPES_QUESTION,
    expected_types,
    restate,
    world_of_types,
)
from tests.engines.account import RAW, VIEWS, opened
from tests.engines.answers import Answers, after_repairs, answers_to_questions, plain, rows_of_views
from tests.engines.engine import Making, copy_tables
from tests.engines.servers import mariadb
from tests.faults.processes import as_job, flaws, run
from tests.worlds import PURCHASES, overlapping_world

pymysql = pytest.importorskip("pymysql")
TO_MARIADB = ("--destination", "sqlalchemy")
TYPES = {
    "text": "longtext",
    "bigint": "bigint",
    "date": "date",
    "bool": "bool",
    "decimal": "decimal(38, 9)",
    "timestamp": "datetime(6)",
}


class MariaDB:
    """A server that is asked questions, written for DuckDB."""

    def __init__(self, address: str) -> None:
        self.address = address

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        port = int(self.address.rpartition(":")[2])
        connection = pymysql.connect(host="127.0.0.1", port=port, user="root", autocommit=True)
        with connection, connection.cursor() as cursor:
            cursor.execute("set sql_mode = 'ANSI_QUOTES'")
            cursor.execute(statement.replace("order by all", "order by 1"))
            return list(cursor.fetchall())


@pytest.fixture(scope="module")
def server() -> Iterator[MariaDB]:
    with mariadb() as address:
        yield MariaDB(address)


@pytest.fixture
def database(server: MariaDB, monkeypatch: pytest.MonkeyPatch) -> MariaDB:
    """The server without data of the job, as the destination."""
    for name in (RAW, VIEWS):
        server.query(f"drop database if exists {name}")
    monkeypatch.setenv("DESTINATION__SQLALCHEMY__CREDENTIALS", f"{server.address}/mysql")
    return server


def test_restated(database: MariaDB, job: Job, start_apple: StartApple) -> None:
    """Re-published, withdrawn and new segments: raw tables and views hold what DuckDB's do."""
    world = overlapping_world(days=3)
    apple = start_apple(world)
    run(apple, *TO_MARIADB)
    restate(world)
    code, out, err = run(apple, *TO_MARIADB)
    apple.forget()
    again = run(apple, *TO_MARIADB)
    downloads = list(apple.downloads)
    job.run(apple)

    assert (0, 0, []) == (code, again[0], downloads), out + err
    assert {} == flaws(as_job(database), world)
    freshness = f"select * from {VIEWS}.data_freshness order by app_id, report_name"
    assert plain(job.query(freshness)) == plain(database.query(freshness))


def test_types(database: MariaDB, start_apple: StartApple) -> None:
    """Decimals, dates, bigints and texts come back as they were."""
    code, out, err = run(start_apple(world_of_types()), *TO_MARIADB, "--report", PURCHASES)

    assert 0 == code, out + err
    assert expected_types() == database.query(TYPES_QUESTION)


@pytest.fixture(scope="module")
def warehouse(
    server: MariaDB, source: Warehouse, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
    """The same server, with the tables of the account."""
    for name in (RAW, VIEWS):
        server.query(f"drop database if exists {name}")
    server.query(f"create database {RAW}")  # dlt's own connection takes `:1` for a parameter
    destination = dlt.destinations.sqlalchemy(f"{server.address}/mysql")
    with opened(destination, tmp_path_factory.mktemp("mariadb")) as found:
        copy_tables(source, found, Making(TYPES.__getitem__), server.query)
        yield found


def test_views(warehouse: Warehouse, truth: Answers) -> None:
    """Every view can be made, and shows DuckDB's rows."""
    assert truth.views == rows_of_views(warehouse)


def test_questions(warehouse: Warehouse, truth: Answers) -> None:
    """Each of the job's questions has the same answer as on DuckDB."""
    assert truth.questions == answers_to_questions(warehouse)


def test_repairs(warehouse: Warehouse, truth: Answers) -> None:
    """The job's repairs delete and mark the same rows as on DuckDB."""
    assert truth.repairs == after_repairs(warehouse)
