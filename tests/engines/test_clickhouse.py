"""ClickHouse, by its engine in this process (chdb): every statement, and DuckDB's answers."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from app_store_connect.warehouse.connection import Warehouse
from tests.engines.answers import Answers, after_repairs, answers_to_questions, rows_of_views
from tests.engines.engine import EngineClient, Making, copy_tables, warehouse_of

session = pytest.importorskip("chdb.session")
MAKE = "create table {table} ({columns}) engine = MergeTree order by tuple()"
NULLABLE, REQUIRED = "Nullable({type})", "{type}"


@pytest.fixture(scope="module")
def warehouse(source: Warehouse) -> Iterator[Warehouse]:
    with TemporaryDirectory(prefix="asc-clickhouse-") as folder:
        clickhouse = session.Session(str(Path(folder) / "data"))

        def execute(statement: str) -> list[tuple[Any, ...]]:
            answer = clickhouse.query(statement, "ArrowTable")
            return [tuple(row.values()) for row in answer.to_pylist()] if answer else []

        client = EngineClient("clickhouse", execute, "default")
        found = warehouse_of(client)
        copy_tables(source, found, Making(client.type_of, MAKE, NULLABLE, REQUIRED))
        yield found
        clickhouse.close()


def test_views(warehouse: Warehouse, truth: Answers) -> None:
    """Every view can be made, and shows DuckDB's rows."""
    assert truth.views == rows_of_views(warehouse)


def test_questions(warehouse: Warehouse, truth: Answers) -> None:
    """Each of the job's questions has the same answer as on DuckDB."""
    assert truth.questions == answers_to_questions(warehouse)


def test_repairs(warehouse: Warehouse, truth: Answers) -> None:
    """The job's repairs delete and mark the same rows as on DuckDB."""
    assert truth.repairs == after_repairs(warehouse)
