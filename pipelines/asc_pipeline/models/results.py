"""Reads dbt's results: models built, failures, and the rows that a failed test found."""

import logging
from collections.abc import Iterable
from typing import Any

from dlt.destinations.exceptions import DatabaseException

from app_store_connect.dlt_errors import shortened
from app_store_connect.warehouse.connection import Warehouse
from asc_pipeline.models.summary import ModelsSummary, Remark
from asc_pipeline.text import printable

_LOG = logging.getLogger(__name__)
_FAILED = {"error", "fail", "runtime error", "partial success"}
_FOUND = {"fail", "warn"}
_BUILT = {"model", "seed"}
DBT_LINES = 3
"""dbt names the model in the first line of a message, and the error in the next two."""
_SHOWN = 3


def add_results(results: Iterable[Any], summary: ModelsSummary, warehouse: Warehouse) -> None:
    """Count the results; a failed test's remark shows the first rows that it found."""
    for result in results:
        _add(result, summary, warehouse)


def _add(result: Any, summary: ModelsSummary, warehouse: Warehouse) -> None:
    status, kind = str(result.status), str(result.node.resource_type)
    why = shortened(result.message or "no reason given", DBT_LINES)
    if kind == "test" and status in _FOUND:
        why += _found(str(result.node.compiled_code), warehouse)
    remark = Remark(f"{kind} {result.node.name}", why)
    if status in _FAILED:
        summary.failures.append(remark)
    elif status == "warn":
        summary.warnings.append(remark)
    elif status == "skipped":
        summary.skipped += 1
        return
    if kind == "test":
        summary.tests += 1
    elif kind in _BUILT and status not in _FAILED:
        summary.models += 1


def _found(query: str, warehouse: Warehouse) -> str:
    """dbt counts the rows that a test finds and shows none, so its query is run once more."""
    try:
        with warehouse.client.execute_query(query) as cursor:
            names = [column[0] for column in cursor.description or []]
            rows = cursor.fetchmany(_SHOWN + 1)
    except DatabaseException as error:
        _LOG.info("what the test found cannot be shown: %s", error)
        return ""
    shown = [
        ", ".join(printable(f"{name} {value}") for name, value in zip(names, row, strict=True))
        for row in rows[:_SHOWN]
    ]
    more = ["..."] if len(rows) > _SHOWN else []
    return "".join(f"\n  {line}" for line in shown + more)
