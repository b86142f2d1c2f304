"""Every statement of the ledger, the repairs and the views, as each destination would get it.

Where no engine runs all of them (tests/engines), they are kept in tests/samples/sql, and were read
with the vendors' documentation. `make samples` takes them anew; then read what changed.
"""

import json
import os
import re
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest
import sqlglot
from dlt import destinations
from dlt.destinations.sql_client import SqlClientBase
from sqlglot import exp

from app_store_connect import tables
from app_store_connect.extract.slices import PROVENANCE
from app_store_connect.views.create import create_views
from app_store_connect.views.owners import ties
from app_store_connect.warehouse.connection import Warehouse
from app_store_connect.warehouse.database import Database
from app_store_connect.warehouse.ledger import Ledger
from asc_pipeline.truth.checked import first_unchecked
from asc_pipeline.truth.freshness import newest_complete_dates
from asc_pipeline.truth.repair import (
    MAX_IDS,
    newest_load,
    remove_load,
    remove_miscounted,
)
from asc_pipeline.truth.sweeping import remove_superseded, sweep_incomplete, sweep_superseded

SAMPLES = Path(__file__).parent / "samples" / "sql"
CATALOGS = {"bigquery": "project", "databricks": "main", "clickhouse": "default"}
DESTINATIONS = (
    "duckdb",
    "postgres",
    "bigquery",
    "snowflake",
    "databricks",
    "redshift",
    "clickhouse",
    "mssql",
)
RENDERED = ("snowflake", "mssql")
"""No engine runs all of their statements."""
RAW = "app_store_connect_raw"
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
OWN = [name for name, _ in PROVENANCE]
COLUMNS = {
    "app_crashes_daily": ["date", "app_version", "crashes", *OWN],
    "photos_picker_daily": ["date", "count", *OWN],
    **{table.name: [*table.columns, tables.LOAD_ID] for table in tables.OWN_TABLES},
    "_dlt_loads": ["load_id", "status"],
    "_dlt_version": ["version_hash", "schema_name", "schema"],
    "a_copy": ["date", "crashes", *OWN],
}
REPORT_TABLES = ("app_crashes_daily", "photos_picker_daily")
MADE = {"tables": {name: {"columns": dict.fromkeys(COLUMNS[name])} for name in REPORT_TABLES}}
ANSWERS = {
    r"(?is)^select\s+.?table_name.?,\s+max\(.?report_name": [
        ("app_crashes_daily", "App Crashes", "APP_USAGE", "DAILY"),
        ("photos_picker_daily", "Photos Picker", "FRAMEWORK_USAGE", "DAILY"),
    ],
    r"(?is)^select\s+.?s.?\..?table_name.?,\s+.?s.?\..?_slice_key.?,\s+.?s.?\..?instance_id.?,": [
        ("app_crashes_daily", 7, "i1", 3, "1795000000.2")
    ],
    r"(?is)^select\s+.?s.?\..?table_name.?,\s+.?s.?\..?_slice_key.?,\s+.?s.?\..?instance_id.?\s": [
        ("app_crashes_daily", 7, "i1")
    ],
    r"(?is)^with .* not.{0,40}is_shown": [("app_crashes_daily", 7, "i1")],
    r"(?is)^select\s+.?instance_id.?,\s+.?_slice_key": [("i1", 7)],
    r"(?is)^select\s+.?_slice_key.?,\s+count": [(7, 4), (8, 4)],
    r"(?is)^select\s+.?version_hash.?\s+from": [("hash",)],
    r"(?is)^select\s+.?version_hash.?,\s+.?schema.?\s+from": [("hash", json.dumps(MADE))],
    r"(?is)^select\s+max\([^)]*checked_at": [(None,)],
    r"(?is)^select\s+.?table_name.?,\s+sum": [("app_crashes_daily", 3, 3, 3)],
    r"(?is)^select\s+count\w*\(\*\)\s+from": [(4,)],
    r"(?is)^select\s.*max\(.*having": [("s1", "1795000000.2"), ("s2", "1795000000.2")],
}


KINDS = {exp.Select, exp.Insert, exp.Update, exp.Delete, exp.Create, exp.Drop}


class Recording(SqlClientBase[Any]):
    """A destination that is asked and told, and only takes notes."""

    def __init__(self, destination: str) -> None:
        self.destination = destination
        super().__init__("", RAW, "", getattr(destinations, destination)().capabilities())
        self.statements: list[str] = []
        self.transactions = 0

    def execute_sql(self, sql: Any, *args: Any, **named: Any) -> Any:
        self.statements.append(str(sql).replace("%s", "'{}'").format(*args))
        if "information_schema.columns" in str(sql).lower():
            spelled = self.capabilities.casefold_identifier
            return [
                (self.make_qualified_table_name_path(table, quote=False)[-1], spelled(column))
                for table, columns in COLUMNS.items()
                for column in columns
            ]
        answers = [rows for pattern, rows in ANSWERS.items() if re.search(pattern, str(sql))]
        return answers[0] if answers else []

    def catalog_name(self, quote: bool = True, casefold: bool = True) -> str | None:
        return CATALOGS.get(self.destination)

    def make_qualified_table_name_path(self, table_name: Any, *a: Any, **named: Any) -> list[str]:
        path = super().make_qualified_table_name_path(table_name, *a, **named)
        if self.destination == "clickhouse":  # what dlt does there; its client needs the driver
            return [path[0], "___".join(path[1:])]
        return path

    def has_dataset(self) -> bool:
        return True

    @property
    def native_connection(self) -> Any:
        return self

    def begin_transaction(self) -> Any:
        self.transactions += 1
        return nullcontext()

    def _none(self, *a: Any, **named: Any) -> NoReturn:
        raise NotImplementedError

    open_connection = close_connection = execute_query = _none

    @staticmethod
    def _make_database_exception(ex: Exception) -> Exception:
        return ex


def statements_for(destination: str) -> list[str]:
    """All that the job may say there, in one order."""
    client = Recording(destination)
    warehouse = Warehouse(None, "app_store_connect")  # type: ignore[arg-type]  # only `open` asks it
    warehouse._database = Database(client)
    ledger = Ledger(warehouse)
    ledger.loaded_segments(date(2026, 11, 1))
    ledger.instance_checks(date(2026, 11, 1))
    ledger.changed(tables.REPORT_REQUESTS, [])
    ledger.listed_instances()
    ledger.app_of_request("q1")
    ledger.known_instances(["i1", "i2"])
    newest_load(warehouse)
    first_unchecked(warehouse, NOON, timedelta(hours=24))
    newest_complete_dates(warehouse, ["1"])
    sweep_incomplete(warehouse, "1795000000.1")
    sweep_superseded(warehouse, date(2026, 11, 1))
    remove_superseded(warehouse, date(2026, 11, 1), date(2026, 12, 1))
    remove_miscounted(warehouse, "1795000000.2")
    remove_load(warehouse, ["i1"], "1795000000.2")
    create_views(warehouse)
    ties(warehouse, date(2026, 11, 1), ["1"])
    warehouse.execute("drop view if exists shown.this_table", this_table="app_crashes_daily")
    told = [re.sub(r"'[0-9a-f]{32}'", "'digest'", each) for each in client.statements]
    return list(dict.fromkeys(told))


@pytest.mark.variants
@pytest.mark.parametrize("destination", DESTINATIONS)
def test_samples(destination: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is rendered is what was read, and its own dialect's parser takes it for what it is."""
    monkeypatch.setattr(sqlglot, "pretty", True)
    dialect = getattr(destinations, destination)().capabilities().sqlglot_dialect
    statements = statements_for(destination)
    file, text = SAMPLES / f"{destination}.sql", ";\n\n".join(statements) + ";\n"
    if os.environ.get("RETAKE_SAMPLES") and destination in RENDERED:
        SAMPLES.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    # sqlglot reads neither SQL Server's conditions nor ClickHouse's mutations
    readable = [each for each in statements if not each.startswith(("IF NOT EXISTS", "ALTER"))]
    parsed = [each for each in sqlglot.parse(";\n".join(readable), dialect=dialect) if each]

    assert sum(1 + each.count("; comment on ") for each in readable) == len(parsed)
    kinds = KINDS - ({exp.Update} if destination == "clickhouse" else set())
    assert kinds <= {type(each) for each in parsed} <= kinds | {exp.Comment}
    assert destination not in RENDERED or file.read_text(encoding="utf-8") == text


def test_many_slices_are_several_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    """No statement names more values than the narrowest destination takes."""
    count = MAX_IDS * 2 + 1
    slices = [("i1", number) for number in range(count)]
    monkeypatch.setitem(ANSWERS, r"(?is)^select\s+.?instance_id.?,\s+.?_slice_key", slices)
    client = Recording("snowflake")
    warehouse = Warehouse(None, "app_store_connect")  # type: ignore[arg-type]  # only `open` asks it
    warehouse._database = Database(client)
    remove_load(warehouse, ["i1"], "1795000000.2")
    lists = [re.search(r"IN \(([0-9, ]+)\)", each) for each in client.statements]
    named = [len(found[1].split(",")) for found in lists if found]

    assert {MAX_IDS, 1} == set(named)
    assert count * len(REPORT_TABLES) == sum(named)


@pytest.mark.parametrize(
    ("destination", "expected"),
    [("duckdb", (1, 1)), ("postgres", (1, 1)), ("bigquery", (1, 0)), ("clickhouse", (0, 0))],
)
def test_transactions(destination: str, expected: tuple[int, int]) -> None:
    """What is removed goes at once, wherever that is possible; views where DDL may take part."""
    client = Recording(destination)
    warehouse = Warehouse(None, "app_store_connect")  # type: ignore[arg-type]  # only `open` asks it
    warehouse._database = Database(client)
    remove_load(warehouse, ["i1"], "1795000000.2")
    of_rows = client.transactions
    with warehouse.transaction(of_views=True):
        pass

    assert expected == (of_rows, client.transactions - of_rows)
