"""A Postgres server of its own, with the rows of a DuckDB file as the job leaves them there."""

import os
import shutil
import socket
import subprocess  # nosec B404
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import psycopg2

from app_store_connect.views.create import analyze, create_views
from app_store_connect.warehouse.connection import Warehouse
from asc_pipeline.dlt_pipeline.opening import opened
from asc_pipeline.dlt_pipeline.workspace import make_pipeline
from benchmarks.models_file import FILE, RAW

SHOWN = "app_store_connect"
BINARIES = Path("/usr/lib/postgresql")
_TYPES = {
    "VARCHAR": "varchar",
    "BIGINT": "bigint",
    "DATE": "date",
    "BOOLEAN": "boolean",
    "DECIMAL(38,9)": "numeric(38, 9)",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
}
"""dlt's types on Postgres, by DuckDB's."""


def is_installed() -> bool:
    return any(BINARIES.glob("*/bin/initdb"))


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """A cursor that commits after each statement."""
    connection = psycopg2.connect(address)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


@contextmanager
def server() -> Iterator[str]:
    """The address of a new server with Debian's settings; it runs as user postgres for root."""
    binaries = max(BINARIES.glob("*/bin"))
    folder = Path(tempfile.mkdtemp(prefix="asc-postgres-"))
    as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    if as_user:
        shutil.chown(folder, "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def control(command: str, *arguments: str) -> None:
        whole = [*as_user, str(binaries / command), "-D", str(folder / "data"), *arguments]
        subprocess.run(whole, check=True, capture_output=True, cwd=folder)  # nosec B603

    control("initdb", "-A", "trust", "-U", "asc", "-E", "UTF8")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
    control("pg_ctl", "-w", "-o", options, "-l", str(folder / "log"), "start")
    try:
        yield f"postgresql://asc:asc@127.0.0.1:{port}/postgres"
    finally:
        control("pg_ctl", "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)


def copy_file(folder: Path, address: str) -> None:
    """Copy the raw tables of the DuckDB file in this folder to the server. Then make the views,
    the indexes and the statistics, as the job does.
    """
    with (
        duckdb.connect(str(folder / FILE), read_only=True) as database,
        connected(address) as cursor,
    ):
        cursor.execute(f"create schema {RAW}")
        tables = database.execute(
            "select table_name from information_schema.tables"
            f" where table_schema = '{RAW}' order by table_name"
        ).fetchall()
        for (table,) in tables:
            columns = database.execute(f"describe {RAW}.{table}").fetchall()
            kinds = ", ".join(f'"{name}" {_TYPES[kind]}' for name, kind, *_ in columns)
            cursor.execute(f"create table {RAW}.{table} ({kinds})")
            rows = folder / f"{table}.csv"
            database.execute(f"copy {RAW}.{table} to '{rows}' (header false)")
            with rows.open() as lines:
                cursor.copy_expert(f"copy {RAW}.{table} from stdin (format csv)", lines)
            rows.unlink()
    os.environ["DESTINATION__POSTGRES__CREDENTIALS"] = address
    warehouse = Warehouse(make_pipeline("postgres", SHOWN, folder / "postgres"), SHOWN)
    with opened(warehouse):
        analyze(warehouse, create_views(warehouse))
