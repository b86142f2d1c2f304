"""Redshift's SQL on Postgres, which Redshift comes from: every statement, and DuckDB's answers.

Three things that Postgres lacks are translated: `varchar(max)`, `datediff` and `dateadd`.
"""

import re
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest

from app_store_connect.warehouse.connection import Warehouse
from tests.engines.account import RAW
from tests.engines.answers import Answers, after_repairs, answers_to_questions, rows_of_views
from tests.engines.engine import EngineClient, Making, copy_tables, warehouse_of
from tests.faults.test_postgres import Server, server  # noqa: F401  # pytest finds it by its name

SETTINGS = "set standard_conforming_strings = off; set backslash_quote = on"  # as Redshift reads '
FUNCTIONS = """
    create function datediff(unit text, first date, last date) returns bigint
        language sql as 'select last - first';
    create function dateadd(unit text, number bigint, day date) returns timestamp
        language sql as $$select day + number * cast('1 ' || unit as interval)$$
"""


def on_postgres(statement: str) -> str:
    statement = re.sub(r"(?i)varchar\(max\)", "varchar", statement)
    return re.sub(r"(DATEDIFF|DATEADD)\((DAY|MONTH),", r"\1('\2',", statement)


@pytest.fixture(scope="module")
def warehouse(server: Server, source: Warehouse) -> Iterator[Warehouse]:  # noqa: F811
    connection = psycopg2.connect(server.address("postgres"))
    connection.autocommit = True
    cursor = connection.cursor()

    def execute(statement: str) -> list[tuple[Any, ...]]:
        cursor.execute(on_postgres(statement))
        return list(cursor.fetchall()) if cursor.description else []

    client = EngineClient("redshift", execute)
    found = warehouse_of(client)
    cursor.execute(SETTINGS)
    cursor.execute(f"create schema {RAW}; {FUNCTIONS}")
    copy_tables(source, found, Making(client.type_of))
    yield found
    connection.close()


def test_views(warehouse: Warehouse, truth: Answers) -> None:
    """Every view can be made, and shows DuckDB's rows."""
    assert truth.views == rows_of_views(warehouse)


def test_questions(warehouse: Warehouse, truth: Answers) -> None:
    """Each of the job's questions has the same answer as on DuckDB."""
    assert truth.questions == answers_to_questions(warehouse)


def test_repairs(warehouse: Warehouse, truth: Answers) -> None:
    """The job's repairs delete and mark the same rows as on DuckDB."""
    assert truth.repairs == after_repairs(warehouse)
