"""Statements for any destination: nothing from outside is read as SQL."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

import pytest
import sqlglot
from sqlglot import exp

from app_store_connect.warehouse.dialect import Renderer


def at(**datasets: str) -> Callable[[str, str], Sequence[str]]:
    return lambda schema, name: [datasets[schema], name]


EVIL = """x"; drop table y; --' \\ 🙂"""


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "snowflake", "bigquery", "tsql"])
def test_names_and_values_stay_what_they_are(dialect: str) -> None:
    """Whatever a table is called and a value says, it comes back from the parser unchanged."""
    renderer = Renderer(dialect, at(raw="my raw"))
    statement = renderer.render(
        "select this_key from raw.this_table where name = :value and day = :day",
        names={"this_table": EVIL, "this_key": "select"},
        values={"value": EVIL, "day": date(2026, 11, 1)},
    )
    parsed = sqlglot.parse(statement, dialect=dialect)

    assert 1 == len(parsed)
    tree = parsed[0]
    assert tree is not None
    (table,) = tree.find_all(exp.Table)
    assert (EVIL, "my raw") == (table.name, table.db)
    assert EVIL in [each.this for each in tree.find_all(exp.Literal)]
    assert all(each.quoted for each in tree.find_all(exp.Identifier))


@pytest.mark.parametrize("dialect", ["duckdb", "bigquery", "clickhouse", "databricks", "tsql"])
def test_moments_keep_their_time(dialect: str) -> None:
    """A moment is not compared as a date, which ClickHouse and BigQuery cannot even read."""
    renderer = Renderer(dialect, at(raw="raw_data"))
    moment = datetime(2026, 11, 1, 9, 30, 15, 12, tzinfo=UTC)
    statement = renderer.render("select 1 from raw.t where seen > :now", values={"now": moment})
    (cast,) = sqlglot.parse_one(statement, dialect=dialect).find_all(exp.Cast)

    assert cast.this.name.startswith("2026-11-01 09:30:15.000012")
    assert not cast.is_type(exp.DataType.Type.DATE)


def test_casefold_spares_the_path() -> None:
    """Columns are spelled as the destination stores them; of tables the path is the last word."""
    renderer = Renderer("snowflake", lambda schema, name: ["Db", "Raw", name.upper()], str.upper)

    assert 'SELECT "A" FROM "Db"."Raw"."T"' == renderer.render("select a from raw.t")


def test_what_is_quoted_stays() -> None:
    """A column of Apple's may be called as the templates call a table, a key or a dataset."""
    renderer = Renderer("duckdb", at(raw="raw_data"))
    statement = renderer.render(
        'select r."this_table", r."this_key", r."raw" from raw.this_table as r',
        names={"this_table": "downloads", "this_key": "id"},
    )

    assert statement == (
        'SELECT "r"."this_table", "r"."this_key", "r"."raw" FROM "raw_data"."downloads" AS "r"'
    )


@pytest.mark.parametrize("dialect", ["bigquery", "tsql"])
def test_row_values_where_there_are_none(dialect: str) -> None:
    """`in` over several columns becomes `exists`, which says the same of columns without NULL."""
    renderer = Renderer(dialect, at(raw="raw_data"))
    statement = renderer.render(
        "select 1 from raw.t as r where (r.a, coalesce(r.b, r.c)) in (select x, y from raw.u"
        " where z = 1) and r.d in (1, 2)"
    )

    assert "EXISTS(SELECT 1 FROM" in statement
    (found,) = sqlglot.parse_one(statement, dialect=dialect).find_all(exp.Exists)
    assert 'WHERE "z" = 1 AND "x" = "r"."a" AND "y" = COALESCE("r"."b", "r"."c")' in found.sql()
