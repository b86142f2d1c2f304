"""The safe tables of a lake, as polars, DuckDB's extensions and Spark read them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars
import pytest

from tests.asking import StartApple
from tests.destinations.lakes import FORMATS, TO_FILES, LakeJob, Place
from tests.destinations.safe_tables import SafeReader
from tests.destinations.worlds import restate
from tests.engines.answers import rows_of
from tests.engines.servers import bridged
from tests.worlds import overlapping_world

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("table_format", FORMATS)
def test_read(
    table_format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start_apple: StartApple
) -> None:
    """After a restatement each reader finds the rows of the view."""
    monkeypatch.setenv("POLARS_ICEBERG_PLANNER", "pyiceberg")
    lake = LakeJob(monkeypatch, Place(str(tmp_path / "lake")), table_format)
    reader, world = SafeReader(lake), overlapping_world(days=3)
    apple = start_apple(world)
    lake.run(apple, *TO_FILES)
    restate(world)
    lake.run(apple, *TO_FILES)
    shown, columns = rows_of(reader.shown()), reader.columns("app_crashes_daily")
    found = {each.__name__: rows_of(each(reader, columns)) for each in READERS[table_format]}

    assert dict.fromkeys(found, shown) == found


def polars_of_parquet(reader: SafeReader, columns: Sequence[str]) -> Any:
    return polars.read_parquet(reader.listed()).select(columns).rows()


def polars_of_delta(reader: SafeReader, columns: Sequence[str]) -> Any:
    return polars.read_delta(reader.folder()).select(columns).rows()


def polars_of_iceberg(reader: SafeReader, columns: Sequence[str]) -> Any:
    return polars.scan_iceberg(reader.newest_metadata()).select(columns).collect().rows()


def duckdb_of_parquet(reader: SafeReader, columns: Sequence[str]) -> Any:
    return _by_duckdb(f"read_parquet({reader.listed()})", columns)


def duckdb_of_delta(reader: SafeReader, columns: Sequence[str]) -> Any:
    return _by_duckdb(f"delta_scan('{reader.folder()}')", columns)


def duckdb_of_iceberg(reader: SafeReader, columns: Sequence[str]) -> Any:
    return _by_duckdb(f"iceberg_scan('{reader.newest_metadata()}')", columns)


def spark_of_parquet(reader: SafeReader, columns: Sequence[str]) -> Any:
    select = f"select {', '.join(columns)} from"
    with bridged("spark") as execute:
        return execute(" union all ".join(f"{select} parquet.`{file}`" for file in reader.listed()))


def _by_duckdb(source: str, columns: Sequence[str]) -> Any:
    with bridged("ducklake") as execute:
        return execute(f"select {', '.join(columns)} from {source}")


READERS: dict[str, Sequence[Callable[[SafeReader, Sequence[str]], Any]]] = {
    "parquet": (polars_of_parquet, duckdb_of_parquet, spark_of_parquet),
    "delta": (polars_of_delta, duckdb_of_delta),
    "iceberg": (polars_of_iceberg, duckdb_of_iceberg),
}
