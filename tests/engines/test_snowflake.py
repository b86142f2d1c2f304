"""Snowflake's SQL on fakesnow, which translates it for DuckDB: views are made and asked.

It shows that the statements can be read as Snowflake's; of Snowflake's types and rules it knows
little.
"""

from collections.abc import Iterator

import pytest

from app_store_connect.warehouse.connection import Warehouse
from tests.engines.account import RAW
from tests.engines.answers import Answers, rows_of_views
from tests.engines.engine import EngineClient, Making, copy_tables, warehouse_of
from tests.engines.servers import snowflake

GREATEST = str(2**63 - 1)


@pytest.fixture(scope="module")
def warehouse(source: Warehouse) -> Iterator[Warehouse]:
    with snowflake() as execute:
        client = EngineClient("snowflake", execute, "APPLE")
        found = warehouse_of(client)
        execute(f"create schema {RAW}")
        copy_tables(source, found, Making(client.type_of))
        yield found


def test_views(warehouse: Warehouse, truth: Answers) -> None:
    """Every view can be made, and shows DuckDB's rows; fakesnow adds decimals up as floats."""
    found = rows_of_views(warehouse)
    exact = [row.replace("9223372036854776000", GREATEST) for row in found["restatements"]]

    assert truth.views == {**found, "restatements": sorted(exact)}
