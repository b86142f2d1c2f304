"""DuckDB's memory while it loads: less than it would take, never more than it was allowed."""

import dlt
import duckdb
import pytest

from app_store_connect.warehouse.duckdb_settings import little_memory


@pytest.mark.parametrize(
    ("allowed", "threads", "within"),
    [
        pytest.param("4 GB", 1, "183.1 MiB", id="the least"),
        pytest.param("4 GB", 8, "732.4 MiB", id="for each thread"),
        pytest.param("100 MB", 1, "95.3 MiB", id="allowed less"),
        pytest.param("1.6 GB", 32, "1.4 GiB", id="many threads, little memory"),
    ],
)
def test_little_memory(allowed: str, threads: int, within: str) -> None:
    """The limit goes down for the block and comes back, however often."""
    database = duckdb.connect(":memory:")
    database.execute(f"set memory_limit = '{allowed}'; set threads = {threads}")
    pipeline = dlt.pipeline("tuned", destination=dlt.destinations.duckdb(database))

    def limit() -> str:
        ((text,),) = database.execute("select current_setting('memory_limit')").fetchall()
        return str(text)

    before, seen = limit(), set()
    with pipeline.sql_client() as client:
        for _ in range(3):
            with little_memory(client):
                seen.add(limit())

    assert ({within}, before) == (seen, limit())
