"""The engines that carry out the job's statements: of each a warehouse with the raw tables."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dlt
import pytest

from app_store_connect.warehouse.connection import Warehouse
from tests.engines.account import RAW, opened
from tests.engines.engine import EngineClient, Making, copy_tables, warehouse_of
from tests.engines.servers import bridged, mariadb
from tests.engines.spark import OnSpark
from tests.faults.test_postgres import postgres

MARIADB_TYPES = {
    "text": "longtext",
    "bigint": "bigint",
    "date": "date",
    "bool": "bool",
    "decimal": "decimal(38, 9)",
    "timestamp": "datetime(6)",
}
AS_REDSHIFT = """
    set standard_conforming_strings = off; set backslash_quote = on;  -- as Redshift reads '
    create function datediff(unit text, first date, last date) returns bigint
        language sql as 'select last - first';
    create function dateadd(unit text, number bigint, day date) returns timestamp
        language sql as $$select day + number * cast('1 ' || unit as interval)$$
"""


@contextmanager
def clickhouse(source: Warehouse) -> Iterator[Warehouse]:
    """ClickHouse's engine in this process."""
    chdb = pytest.importorskip("chdb.session")
    making = "create table {table} ({columns}) engine = MergeTree order by tuple()"
    with TemporaryDirectory(prefix="asc-clickhouse-") as folder:
        session = chdb.Session(str(Path(folder) / "data"))

        def execute(statement: str) -> list[tuple[Any, ...]]:
            answer = session.query(statement, "ArrowTable")
            return [tuple(row.values()) for row in answer.to_pylist()] if answer else []

        client = EngineClient("clickhouse", execute, "default")
        found = warehouse_of(client)
        copy_tables(source, found, Making(client.type_of, making, "Nullable({type})", "{type}"))
        yield found
        session.close()


@contextmanager
def databricks(source: Warehouse) -> Iterator[Warehouse]:
    """Databricks's SQL on Spark in ANSI mode.

    Two things that Spark lacks without Delta Lake are translated: rows are deleted and updated by a
    copy of their table, and Spark's catalogue answers for the information schema.
    """
    with bridged("spark") as spark:
        client = EngineClient("databricks", OnSpark(spark))
        found = warehouse_of(client)
        spark(f"create schema {RAW}")
        making = "create table {table} ({columns}) using parquet"
        copy_tables(source, found, Making(client.type_of, making))
        yield found


@contextmanager
def on_mariadb(source: Warehouse) -> Iterator[Warehouse]:
    """MariaDB, a real server, by dlt's own client."""
    with mariadb() as server, TemporaryDirectory(prefix="asc-mariadb-") as folder:
        server.query(f"create database {RAW}")  # dlt's own connection takes `:1` for a parameter
        destination = dlt.destinations.sqlalchemy(f"{server.address}/mysql")
        with opened(destination, Path(folder)) as found:
            copy_tables(source, found, Making(MARIADB_TYPES.__getitem__), server.query)
            yield found


@contextmanager
def redshift(source: Warehouse) -> Iterator[Warehouse]:
    """Redshift's SQL on Postgres, which Redshift comes from.

    Three things that Postgres lacks are translated: `varchar(max)`, `datediff` and `dateadd`.
    """
    import psycopg2

    with postgres() as server:
        connection = psycopg2.connect(server.address("postgres"))
        connection.autocommit = True
        cursor = connection.cursor()

        def execute(statement: str) -> list[tuple[Any, ...]]:
            statement = re.sub(r"(?i)varchar\(max\)", "varchar", statement)
            statement = re.sub(r"(DATEDIFF|DATEADD)\((DAY|MONTH),", r"\1('\2',", statement)
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

        client = EngineClient("redshift", execute)
        found = warehouse_of(client)
        cursor.execute(AS_REDSHIFT)
        cursor.execute(f"create schema {RAW}")
        copy_tables(source, found, Making(client.type_of))
        yield found
        connection.close()


@contextmanager
def snowflake(source: Warehouse) -> Iterator[Warehouse]:
    """Snowflake's SQL on fakesnow, which translates it for DuckDB.

    It shows that the statements can be read as Snowflake's; of Snowflake's types and rules it knows
    little.
    """
    with bridged("snowflake") as execute:
        client = EngineClient("snowflake", execute, "APPLE")
        found = warehouse_of(client)
        execute(f"create schema {RAW}")
        copy_tables(source, found, Making(client.type_of))
        yield found


ENGINES: Mapping[str, Callable[[Warehouse], AbstractContextManager[Warehouse]]] = {
    "clickhouse": clickhouse,
    "databricks": databricks,
    "mariadb": on_mariadb,
    "redshift": redshift,
    "snowflake": snowflake,
}
