"""Databricks's SQL on Spark in ANSI mode: views and questions, and DuckDB's answers.

Spark has no `delete` and `update` without Delta Lake, and no information schema: its catalogue answers
in its place.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from app_store_connect.warehouse.connection import Warehouse
from tests.engines.account import RAW
from tests.engines.answers import Answers, answers_to_questions, rows_of_views
from tests.engines.engine import EngineClient, Making, copy_tables, warehouse_of

sql = pytest.importorskip("pyspark.sql")
pytestmark = pytest.mark.timeout(600)

INFORMATION = re.compile(r"(?i) information_schema\.(\w+)\s.* = '(\w+)'", re.DOTALL)


def _information(spark: Any, what: str, schema: str) -> Iterator[tuple[Any, ...]]:
    """The answer to a question about the columns or views of a schema, or whether it is there."""
    is_there = (schema,) in [tuple(row) for row in spark.sql("show schemas").collect()]
    if what == "schemata" or not is_there:
        yield from [(1,)] if is_there else []
        return
    for _, name, *_ in spark.sql(f"show {'tables' if what == 'columns' else what} in {schema}").collect():
        if what == "views":
            yield (name,)
        else:
            yield from ((name, column) for column in spark.table(f"{schema}.{name}").columns)


@pytest.fixture(scope="module")
def warehouse(source: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp("spark")
    spark = (
        sql.SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.ansi.enabled", "true")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "1")
        # compiling a plan takes longer than a few hundred rows
        .config("spark.sql.codegen.wholeStage", "false")
        .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
        .config("spark.sql.adaptive.enabled", "false")
        .config("spark.sql.warehouse.dir", str(folder / "data"))
        .getOrCreate()
    )

    known: dict[tuple[str, str], list[tuple[Any, ...]]] = {}

    def execute(statement: str) -> list[tuple[Any, ...]]:
        if found := INFORMATION.search(statement):
            asked = found[1].lower(), found[2]
            if asked not in known:  # Spark takes seconds for the columns of the views
                known[asked] = list(_information(spark, *asked))
            return known[asked]
        if not statement.lower().startswith(("select", "with", "insert")):
            known.clear()
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
