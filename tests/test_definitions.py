"""What the job defines at the destination: made once, and again only when it has changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import duckdb
import pytest

from tests.asking import StartApple
from tests.conftest import Job
from tests.worlds import (
    APPS,
    CRASHES,
    PURCHASES,
    TODAY,
    add_vintages,
    differences,
    overlapping_world,
    world_with_reports,
)

RAW, SHOWN = "app_store_connect_raw", "app_store_connect"
PURCHASE: dict[str, str | None] = {
    "Date": (TODAY - timedelta(days=1)).isoformat(),
    "App Apple Identifier": APPS[0],
    "Purchases": "3",
}


def marked(job: Job) -> None:
    """Give each view a comment that goes when the view is made again."""
    names = job.query(f"select view_name from duckdb_views() where schema_name = '{SHOWN}'")
    with changing(job) as connection:
        for (name,) in names:
            connection.execute(f"comment on view {SHOWN}.{name} is 'as it was'")


def remade(job: Job) -> set[str]:
    rows = job.query(
        f"select view_name from duckdb_views() where schema_name = '{SHOWN}'"
        " and comment is distinct from 'as it was'"
    )
    return {name for (name,) in rows}


@contextmanager
def changing(job: Job) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(job.database)) as connection:
        yield connection


@pytest.mark.slow
def test_unchanged_views_are_left_alone(start_apple: StartApple, job: Job) -> None:
    """A run with new rows touches no view; one with a new column that report's view alone."""
    world = world_with_reports(CRASHES, PURCHASES, app_ids=APPS[:1])
    add_vintages(world, world.report(APPS[0], CRASHES), days=2)
    purchases = world.report(APPS[0], PURCHASES)
    world.add_instance(purchases, "DAILY", TODAY - timedelta(days=1), [[PURCHASE]])
    apple = start_apple(world)
    job.run(apple)
    first = remade(job)
    marked(job)
    add_vintages(world, world.report(APPS[0], CRASHES), days=1)
    job.run(apple)
    second = remade(job)
    row = PURCHASE | {"New": "x"}
    world.add_instance(purchases, "DAILY", TODAY, [[row]], columns=list(row))
    job.run(apple)

    assert {"slices", "date_owners", "restatements", "data_freshness"} < first
    assert set() == second
    assert {"app_store_purchases_standard_daily"} == remade(job)
    assert [("x",)] == job.query(f"select new from {SHOWN}.app_store_purchases_standard_daily")
    assert [] == differences(job, world)


@pytest.mark.slow
@pytest.mark.parametrize("view", ["slices", "date_owners", "app_crashes_daily"])
def test_view_that_was_dropped(view: str, start_apple: StartApple, job: Job) -> None:
    """It is made again, whatever is remembered of it."""
    world = overlapping_world(days=2)
    apple = start_apple(world)
    job.run(apple)
    with changing(job) as connection:
        connection.execute(f"drop view {SHOWN}.{view}")
    result = job.run(apple)

    assert 0 == result.exit_code
    assert view in remade(job)
    assert [] == differences(job, world)


@pytest.mark.slow
def test_two_writers_remember_two_definitions(start_apple: StartApple, job: Job) -> None:
    """Then nobody knows which is there, so it is made again."""
    apple = start_apple(overlapping_world(days=2))
    job.run(apple)
    marked(job)
    with changing(job) as connection:
        connection.execute(
            f"insert into {RAW}.analytics_definitions values ('view date_owners', 'another')"
        )
    job.run(apple)
    remembered = f"select count(*) from {RAW}.analytics_definitions where name = 'view date_owners'"

    assert {"date_owners"} == remade(job)
    assert [(1,)] == job.query(remembered)


@pytest.mark.slow
def test_everything_says_what_it_is(start_apple: StartApple, job: Job) -> None:
    """Tables, views and columns have comments, Apple's columns theirs of the catalogue."""
    apple = start_apple(overlapping_world(days=2))
    job.run(apple)
    job.run(apple)  # the table of runs comes after the views of the first run
    ours = f"schema_name in ('{RAW}', '{SHOWN}') and table_name not like '%dlt%'"
    silent = job.query(
        f"select table_name, column_name from duckdb_columns() where {ours} and comment is null"
        " and table_name <> 'analytics_definitions'"
    )
    unnamed = job.query(
        f"select table_name from duckdb_tables() where {ours} and comment is null union all"
        f" select view_name from duckdb_views() where schema_name = '{SHOWN}' and comment is null"
    )

    assert [] == silent
    assert [("analytics_definitions",)] == unnamed
    assert [("number of crashes",)] == job.query(
        f"select distinct comment from duckdb_columns() where {ours} and column_name = 'crashes'"
    )


@pytest.mark.slow
def test_table_that_was_dropped(start_apple: StartApple, job: Job) -> None:
    """Made again, it says what it is as before."""
    apple = start_apple(overlapping_world(days=2))
    job.run(apple)
    comments = (
        "select table_name, column_name, comment from duckdb_columns()"
        f" where schema_name = '{RAW}' and table_name = 'app_crashes_daily' order by all"
    )
    before = job.query(comments)
    with changing(job) as connection:
        connection.execute(f"drop table {RAW}.app_crashes_daily")
    job.run(apple)

    assert before == job.query(comments)


@pytest.mark.slow
def test_view_in_the_place_of_another(start_apple: StartApple, job: Job) -> None:
    """A view of the user's with the name of one of the job's, and other columns, is replaced."""
    world = overlapping_world(days=2)
    apple = start_apple(world)
    job.run(apple)
    with changing(job) as connection:
        connection.execute(f"create or replace view {SHOWN}.app_crashes_daily as select 1 as mine")
    job.run(apple)

    assert [] == differences(job, world)
