"""Databricks's SQL on Spark in ANSI mode: views and questions, and DuckDB's answers.

Spark has no `delete` and `update` without Delta Lake.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from app_store_connect.warehouse.connection import Warehouse
from tests.engines.account import RAW
from tests.engines.answers import Answers, answers_to_questions, rows_of_views
from tests.engines.engine import EngineClient, Making, copy_tables, warehouse_of

sql = pytest.importorskip("pyspark.sql")


@pytest.fixture(scope="module")
def warehouse(source: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp("spark")
    spark = (
        sql.SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.ansi.enabled", "true")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.sql.warehouse.dir", str(folder / "data"))
        .getOrCreate()
    )

    def execute(statement: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in spark.sql(statement).collect()]

    client = EngineClient("databricks", execute)
    found = warehouse_of(client)
    execute(f"create schema {RAW}")
    copy_tables(source, found, Making(client.type_of, "create table {table} ({columns}) using parquet"))
    yield found
    spark.stop()


def test_views(warehouse: Warehouse, truth: Answers) -> None:
    """Every view can be made, and shows DuckDB's rows."""
    assert truth.views == rows_of_views(warehouse)


def test_questions(warehouse: Warehouse, truth: Answers) -> None:
    """What the job asks is answered as by DuckDB."""
    assert truth.questions == answers_to_questions(warehouse)
