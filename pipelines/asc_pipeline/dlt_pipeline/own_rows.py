"""Rows of the job's own tables as a resource of dlt, which can write to every destination."""

from collections.abc import Iterator, Sequence
from typing import Any

import dlt
from dlt.common.storages.load_package import load_package_state
from dlt.extract import DltResource

from app_store_connect.tables import PLAIN, RawTable


def resource_of(table: RawTable, rows: Sequence[dict[str, Any]], table_format: str) -> DltResource:
    open_format: Any = None if table_format == PLAIN else table_format

    def found() -> Iterator[Any]:
        yield table.arrow(rows, load_package_state()["load_id"])

    return dlt.resource(
        found, name=table.name, write_disposition="append", table_format=open_format
    )
