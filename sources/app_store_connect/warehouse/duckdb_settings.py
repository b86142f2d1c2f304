"""DuckDB's own knobs, turned for the job wherever the user turned none."""

import math
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

_UNITS: dict[str, int] = {
    unit: 1024**power for power, unit in enumerate(("bytes", "KiB", "MiB", "GiB", "TiB"))
}


def tune(client: SqlClientBase[Any]) -> None:
    """For all that this process does in the database from now on."""
    for name, value in _KNOBS.items():
        if _is_ours_to_set(client, name):
            client.execute_sql(f"set global {name} = '{value}'")


@contextmanager
def little_memory(client: SqlClientBase[Any]) -> Iterator[None]:
    """Load under a memory limit. Without it DuckDB keeps all that a load writes in memory.

    The limit is never raised. A load that does not fit fails, see `is_out_of_memory`.
    """
    before = _bytes_allowed(client) if _is_ours_to_set(client, "memory_limit") else 0
    limit = _bytes_needed(client) if before else 0
    if limit >= before:
        yield
        return
    _limit(client, limit)
    try:
        yield
    finally:
        _limit(client, before)  # DuckDB 1.5 accepts `reset` and goes on within the limit


def _bytes_needed(client: SqlClientBase[Any]) -> int:
    ((threads,),) = client.execute_sql("select current_setting('threads')") or ((1,),)
    return max(_LEAST_MEGABYTES, _MEGABYTES_PER_THREAD * int(threads)) * 1_000_000


def _bytes_allowed(client: SqlClientBase[Any]) -> int:
    """With a thousandth more, since DuckDB rounds down, and would each time that this is set; 0 if
    it does not say.
    """
    text = "0 bytes"
    with suppress(DatabaseException):  # if it is lost, loading fails, and that is told
        ((text,),) = client.execute_sql("select current_setting('memory_limit')") or ((text,),)
    number, _, unit = str(text).partition(" ")
    return math.floor((float(number) + 1 / 1024) * _UNITS.get(unit, 1024**5))


def _limit(client: SqlClientBase[Any], size: int) -> None:
    """As far as the database lets it: it may hold more at the moment, or have failed for good."""
    with suppress(DatabaseException):
        client.execute_sql(f"set global memory_limit = '{size // 1000 + 1}KB'")


def is_out_of_memory(error: BaseException) -> bool:
    """In DuckDB's words: dlt hands on those, not the error that it raised."""
    return "Out of Memory Error" in str(error)


def _is_ours_to_set(client: SqlClientBase[Any], name: str) -> bool:
    is_duckdb = client.capabilities.sqlglot_dialect == "duckdb"
    return is_duckdb and name not in (getattr(client.credentials, "global_config", None) or {})
