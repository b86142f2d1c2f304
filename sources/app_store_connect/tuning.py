"""DuckDB's own knobs, turned for the job wherever the user turned none."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from dlt.destinations.exceptions import DatabaseException
from dlt.destinations.sql_client import SqlClientBase

_KNOBS = {
    # tried on every column of text and never taken: dictionaries are smaller
    "disabled_compression_methods": "fsst",
    # Each thread fills row groups of its own. Else a row group that threads share by chance is cut
    # short, and all rows are written a second time: 8 CPU seconds instead of 4 for 2 million.
    "preserve_insertion_order": "false",
}
_LEAST_MEGABYTES, _MEGABYTES_PER_THREAD = 192, 96
"""The row group that each thread fills has to fit, with the columns that reports have."""

_SETTINGS = "select current_setting('threads'), current_setting('memory_limit')"


def tune(client: SqlClientBase[Any]) -> None:
    """For all that this process does in the database from now on."""
    for name, value in _KNOBS.items():
        if _is_ours_to_set(client, name):
            client.execute_sql(f"set global {name} = '{value}'")


@contextmanager
def little_memory(client: SqlClientBase[Any]) -> Iterator[None]:
    """Within it DuckDB forgets what it has written; else it keeps all of a load.

    What does not fit fails with `Out of Memory`.
    """
    if not _is_ours_to_set(client, "memory_limit"):
        yield
        return
    ((threads, before),) = client.execute_sql(_SETTINGS) or ()
    megabytes = max(_LEAST_MEGABYTES, _MEGABYTES_PER_THREAD * threads)
    _limit(client, f"{megabytes}MB")
    try:
        yield
    finally:
        _limit(client, before)  # DuckDB 1.5 accepts `reset` and goes on within the limit


def _limit(client: SqlClientBase[Any], memory: str) -> None:
    """As far as the database lets it: it may hold more at the moment, or have failed for good."""
    with suppress(DatabaseException):
        client.execute_sql(f"set global memory_limit = '{memory}'")


def is_out_of_memory(error: BaseException) -> bool:
    """dlt hands on what DuckDB says, not the error that it raised."""
    return "Out of Memory Error" in str(error)


def _is_ours_to_set(client: SqlClientBase[Any], name: str) -> bool:
    is_duckdb = client.capabilities.sqlglot_dialect == "duckdb"
    return is_duckdb and name not in (getattr(client.credentials, "global_config", None) or {})
