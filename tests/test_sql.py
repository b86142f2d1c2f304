"""Statements for any destination: nothing from outside is read as SQL."""

from datetime import date

import pytest
import sqlglot
from sqlglot import exp

from app_store_connect.sql import Renderer

EVIL = """x"; drop table y; --' \\ 🙂"""


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "snowflake", "bigquery", "tsql"])
def test_names_and_values_stay_what_they_are(dialect: str) -> None:
    """Whatever a table is called and a value says, it comes back from the parser unchanged."""
    renderer = Renderer(dialect, raw="my raw", shown="my views")
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


def test_casefold_spares_the_datasets() -> None:
    """Identifiers are spelled as the destination stores them, dataset names as they were given."""
    renderer = Renderer("snowflake", raw="Raw", shown="Shown", casefold=str.upper)

    assert 'SELECT "A" FROM "Raw"."T"' == renderer.render("select a from raw.t")


def test_what_is_quoted_stays() -> None:
    """A column of Apple's may be called as the templates call a table, a key or a dataset."""
    renderer = Renderer("duckdb", raw="raw_data", shown="views")
    statement = renderer.render(
        'select r."this_table", r."this_key", r."raw" from raw.this_table as r',
        names={"this_table": "downloads", "this_key": "id"},
    )

    assert statement == (
        'SELECT "r"."this_table", "r"."this_key", "r"."raw" FROM "raw_data"."downloads" AS "r"'
    )
