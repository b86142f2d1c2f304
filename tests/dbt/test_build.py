"""`dbt build` on DuckDB and Postgres, held against the emulator's truth."""

import json
import re
from collections import Counter
from datetime import date

import duckdb
import pytest

from app_store_connect.names import snake_case
from asc_pipeline.models.reports import DEFINITIONS
from tests.dbt.truth import MEASURES, daily, shown, without_zeros
from tests.dbt.warehouse import FACTS, MARTS, STAGING, Warehouse
from tests.emulator import Emulator, World

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dbt"), pytest.mark.timeout(600)]
APP = 1500000101
FULL_GRAIN = {
    "downloads": (
        "App Downloads Standard",
        "Counts",
        ("Territory", "Source Type", "Device", "Download Type", "App Version"),
    ),
    "sessions": ("App Sessions Standard", "Sessions", ("Territory", "Source Type", "Device")),
    "subscription_state": (
        "App Store Subscription State Report Standard",
        "Counts",
        ("Territory", "State Metric", "Offer Type", "Subscription Name"),
    ),
    "subscription_events": (
        "App Store Subscription Event Report Standard",
        "Counts",
        ("Territory", "Event Name", "Subscription Name"),
    ),
}
DAILY = f"{MARTS}.fct_app_store_connect__daily"
MARTS_BY = {
    "territory": "Territory",
    "source_type": "Source Type",
    "device": "Device",
    "app_download_date": "App Download Date",
    "platform_version": "Platform Version",
    "app_version": "App Version",
    "subscription_identifier": "Subscription Identifier",
}


def test_build_is_green(built: Warehouse) -> None:
    """Every model, data test and unit test passes, and none warns."""
    text = (built.folder / "build.txt").read_text()
    counts = re.search(r"Done\. PASS=(\d+) WARN=(\d+) ERROR=(\d+) SKIP=(\d+)", text)

    assert counts, text[-3000:]
    assert ["0", "0", "0"] == list(counts.groups()[1:]), text[-3000:]
    assert "unit tests" in text


def test_unit_tests_of_a_second_build(copy_of_built: Warehouse) -> None:
    """The unit tests pass that need a table to be there: what a later build leaves alone."""
    variables = "{app_store_connect_is_built: true, app_store_connect_examples: true}"
    done = copy_of_built.dbt("test", "--select", "test_type:unit", "--vars", variables)

    assert 0 == done.code, done.out
    assert "only_changed_days_are_built" in done.out


@pytest.mark.parametrize("measure", MEASURES)
def test_marts_are_the_truth(measure: str, built: Warehouse, demo: World) -> None:
    """For every app and date a measure is what the emulator's own world says, zeros included."""
    rows = built.query(
        f"select app_id, date_day, '', {measure} from {MARTS}.fct_app_store_connect__daily"
        f" where {measure} is not null"
    )

    assert daily(demo, measure) == shown(rows)
    assert rows


@pytest.mark.nightly
def test_proposed_query_agrees(copy_of_built: Warehouse, apple: Emulator) -> None:
    """The query that the job says to try has the downloads that the models' summary shows."""
    out = copy_of_built.job("--progress", "none", apple=apple).out
    (proposed,) = re.findall(r"^Try: (.*)$", out, re.MULTILINE)
    week = json.loads(
        copy_of_built.models("--select", "dim_app_store_connect__apps", "--json").out
    )["last_week"]
    shown_downloads = [(each["date"], each["downloads"]) for each in reversed(week)]

    assert shown_downloads == [(str(day), n) for day, n in copy_of_built.query(proposed)]
    assert 7 == len(week)


@pytest.mark.parametrize("dimension", MARTS_BY)
def test_dimensions_are_the_truth(dimension: str, built: Warehouse, demo: World) -> None:
    """The same for each value of a dimension, NULL shown as (not stated)."""
    mart = f"fct_app_store_connect__daily_by_{dimension}"
    measures = [name for name in built.columns(mart) if name in MEASURES]
    for measure in measures:
        rows = built.query(
            f"select app_id, date_day, {dimension}_key, {measure} from {MARTS}.{mart}"
            f" where {measure} is not null"
        )
        expected = daily(demo, measure, MARTS_BY[dimension])

        assert without_zeros(expected) == without_zeros(shown(rows)), measure
        assert any(value == "(not stated)" for _, _, value, _ in rows) or dimension in (
            "device",
            "app_version",
            "subscription_identifier",
        )


@pytest.mark.parametrize("fact", FULL_GRAIN)
def test_facts_are_the_truth(fact: str, built: Warehouse, demo: World) -> None:
    """A fact has every row of the emulator's world, with all dimensions, twins too."""
    report, measure, dimensions = FULL_GRAIN[fact]
    date_column = "Event Date" if "Event Report" in report else "Date"
    expected = Counter(
        (
            int(app_id),
            row[date_column],
            *(row[name] or None for name in dimensions),
            int(row[measure] or 0),
        )
        for app_id in demo.apps
        for row in demo.truth(app_id, report, "DAILY")
    )
    names = ", ".join(snake_case(name) for name in dimensions)
    rows = built.query(
        f"select app_id, cast(date_day as text), {names}, coalesce({snake_case(measure)}, 0)"
        f" from {MARTS}.fct_app_store_connect__{fact}"
    )

    assert expected == Counter(rows)
    assert rows


def test_both_databases_agree(built: Warehouse, built_on_postgres: Warehouse) -> None:
    """From one data set Postgres gets the same marts, row by row."""
    summary = json.loads((built_on_postgres.folder / "models.json").read_text())

    assert [] == summary["failures"] + summary["warnings"]
    for mart in (
        *FACTS,
        "dim_app_store_connect__apps",
        "dim_app_store_connect__app_versions",
        "dim_app_store_connect__territories",
        "dim_app_store_connect__dates",
        "dim_app_store_connect__subscriptions",
    ):
        assert built.rows(mart) == built_on_postgres.rows(mart), mart
        assert list(built.columns(mart)) == list(built_on_postgres.columns(mart))


def test_postgres_follows_what_is_withdrawn(copy_on_postgres: Warehouse) -> None:
    """An incremental build on Postgres: the days of a segment that is gone are built anew from what
    is left, which the tests compare with the views; all others keep their rows.
    """
    mart = "fct_app_store_connect__daily"
    before, rows = copy_on_postgres.vintages(mart), set(copy_on_postgres.rows(mart))
    raw = "app_store_connect_raw"
    ((segment, app_id),) = copy_on_postgres.query(
        f"select segment_id, app_id from {raw}.analytics_slices"
        " where table_name = 'app_sessions_standard_daily'"
        " order by processing_date desc, segment_id limit 1"
    )
    days = copy_on_postgres.query(
        f"select app_id, date from {raw}.analytics_slices where segment_id = '{segment}'"
    )
    copy_on_postgres.execute(f"delete from {raw}.analytics_slices where segment_id = '{segment}'")
    done = copy_on_postgres.models("--json")
    after = copy_on_postgres.vintages(mart)
    changed = {pair for pair in before.keys() | after.keys() if before.get(pair) != after.get(pair)}

    assert (0, []) == (done.code, json.loads(done.out)["failures"])
    assert changed
    assert changed <= set(days)
    assert {app_id} == {row[0] for row in rows - set(copy_on_postgres.rows(mart))}


def test_what_is_wrong_is_named(copy_of_built: Warehouse) -> None:
    """The tests of a model name each column with its problem, and how many rows have it."""
    mart = "fct_app_store_connect__daily_by_subscription_identifier"
    with duckdb.connect(str(copy_of_built.file)) as database:
        database.execute(f"insert into {MARTS}.{mart} from {MARTS}.{mart} limit 2")
        for damage in (
            "is_complete = null where subscription_identifier in"
            f" (select min(subscription_identifier) from {MARTS}.{mart})",
            f"app_id = 7 where date_day in (select min(date_day) from {MARTS}.{mart})",
        ):
            database.execute(f"update {MARTS}.{mart} set {damage}")
        expected = database.execute(
            f"select count(*) filter (is_complete is null), count(*) filter (app_id = 7)"
            f" from {MARTS}.{mart}"
        ).fetchone()
    tests = [f"{mart}__is_sound", f"{mart}__keys_are_known"]
    done = copy_of_built.dbt("test", "--select", *tests)
    compiled = copy_of_built.folder / "target" / "compiled"
    found = {
        (column, problem): count
        for test in tests
        for path in compiled.rglob(f"{test}.sql")
        for column, problem, count in copy_of_built.query(path.read_text())
    }
    twins = found.pop(("app_id, date_day, subscription_identifier_key", "not unique"))

    assert 1 == done.code, done.out
    assert expected == (
        found.pop(("is_complete", "null")),
        found.pop(("app_id", "not in dim_app_store_connect__apps")),
    )
    assert (2, {}) == (twins, found)


def test_what_a_test_found_steers_no_terminal(copy_of_built: Warehouse) -> None:
    """A new literal of Apple's is shown, without the escapes in it."""
    with duckdb.connect(str(copy_of_built.file)) as database:
        database.execute(
            "update app_store_connect_raw.app_downloads_standard_daily"
            " set download_type = 'Borrowed' || chr(27) || '[31m'"
        )
    done = copy_of_built.models("--select", "stg_app_store_connect__downloads")

    assert 0 == done.code, done
    assert "borrowed?[31m" in done.out
    assert "\x1b" not in done.out


def test_views_outlive_a_renamed_file(copy_of_built: Warehouse) -> None:
    """The views of staging and of Fivetran's layer work in a file of another name."""
    renamed = copy_of_built.file.rename(copy_of_built.folder / "renamed.duckdb")
    with duckdb.connect(str(renamed), read_only=True) as database:
        views = database.execute(
            "select table_schema, table_name from information_schema.views"
            " where table_schema in"
            " ('app_store_connect_staging', 'app_store_connect_itunes_connect')"
        ).fetchall()
        rows = sum(
            database.sql(f"select count(*) from {schema}.{name}").fetchall()[0][0]
            for schema, name in views
        )

    assert 14 + 6 == len(views)
    assert rows


def test_changed_name_reaches_old_days(copy_of_built: Warehouse) -> None:
    """A name that changes in the list of territories changes in days that are built already."""
    mart = f"{MARTS}.fct_app_store_connect__daily_by_territory"
    seed = f"{STAGING}.app_store_connect_territories"
    with duckdb.connect(str(copy_of_built.file)) as database:
        database.execute(f"update {seed} set region = 'Nowhere' where territory = 'JP'")
    done = copy_of_built.dbt("run")
    regions = copy_of_built.query(f"select distinct region from {mart} where territory_key = 'jp'")

    assert 0 == done.code, done.out
    assert [("Nowhere",)] == regions


def test_versions_are_in_the_order_of_their_numbers(built: Warehouse, demo: World) -> None:
    """1.10 comes after 1.9; a version has the days on which any report tells of it."""
    rows = built.query(
        "select app_id, app_version, previous_version, first_day, last_day"
        f" from {MARTS}.dim_app_store_connect__app_versions order by app_id, version_number"
    )
    days: dict[tuple[int, str], set[date]] = {}
    for measure in ("first_time_downloads", "first_time_installs", "sessions", "crashes"):
        for app_id, day, version in daily(demo, measure, "App Version"):
            days.setdefault((app_id, version), set()).add(day)
    numbers = [(app_id, [int(part) for part in version.split(".")]) for app_id, version, *_ in rows]
    before = [None, *rows[:-1]]

    assert sorted(numbers) == numbers
    assert {(row[0], row[1]): row[3:] for row in rows} == {
        key: (min(found), max(found)) for key, found in days.items() if key[1] != "(not stated)"
    }
    assert [row[2] for row in rows] == [
        last[1] if last and last[0] == row[0] else None
        for row, last in zip(rows, before, strict=True)
    ]


def test_each_report_is_complete_by_its_own_lag(built: Warehouse) -> None:
    """Downloads are complete days before reports with a longer lag, and `is_complete` is when all
    are.
    """
    newest: dict[str, date] = dict(
        built.query(
            "\nunion all ".join(
                f"select '{flag}', max(date_day) from {DAILY} where app_id = {APP} and {flag}"
                for flag in ("downloads_complete", "sessions_complete", "is_complete")
            )
        )
    )
    (differing,) = built.query(f"""
        select count(*) from {DAILY}
        where is_complete is distinct from (
            discovery_complete and downloads_complete and installs_complete and sessions_complete
            and crashes_complete and purchases_complete and opt_in_complete)
    """)

    assert newest["is_complete"] <= newest["sessions_complete"] < newest["downloads_complete"]
    assert (0,) == differing


def test_docs_are_generated(copy_of_built: Warehouse) -> None:
    """`dbt docs generate` works, and describes the columns that the database has."""
    done = copy_of_built.dbt("docs generate")
    catalog = json.loads((copy_of_built.folder / "target" / "catalog.json").read_text())
    manifest = json.loads((copy_of_built.folder / "target" / "manifest.json").read_text())

    assert 0 == done.code, done.out
    for key, node in manifest["nodes"].items():
        if node["resource_type"] == "model" and key in catalog["nodes"]:
            described = {name for name, column in node["columns"].items() if column["description"]}
            actual = {name.lower() for name in catalog["nodes"][key]["columns"]}
            is_fivetran = "fivetran" in node["fqn"]
            assert is_fivetran or actual == described, key


def test_each_source_is_fresh_by_its_own_lag(copy_of_built: Warehouse) -> None:
    """`dbt source freshness` names the report that is late: of two reports with the same newest
    complete day the one with the shorter lag. A report that ended is not late; one that never came
    is late only if every account gets it.
    """
    view = "app_store_connect.data_freshness"
    with duckdb.connect(str(copy_of_built.file)) as database:
        database.execute(f"create table told as from {view}; drop view {view}")
        database.execute(f"create table {view} as from told")
        for change in (
            "update {} set newest_complete_date = current_date - 7 where table_name in"
            " ('app_downloads_standard_daily', 'app_sessions_standard_daily')",
            "update {} set newest_processing_date = current_date - 15"
            " where table_name = 'app_store_pre_orders_standard_daily'",
            "delete from {} where table_name in"
            " ('app_crashes_daily', 'app_store_installation_and_deletion_standard_daily')",
        ):
            database.execute(change.format(view))
    done = copy_of_built.dbt("source freshness")
    found = json.loads((copy_of_built.folder / "target" / "sources.json").read_text())["results"]
    late = {
        each["unique_id"].rpartition(".")[2]: each["status"]
        for each in found
        if each["status"] != "pass"
    }

    assert 1 == done.code, done.out
    assert {
        "app_downloads_standard_daily": "warn",
        "app_store_installation_and_deletion_standard_daily": "error",
    } == late
    assert len(DEFINITIONS) == len(found)


def test_nothing_is_invented(built: Warehouse) -> None:
    """A mart has no measure of a report that does not have its dimension."""
    assert "crashes" not in built.columns("fct_app_store_connect__daily_by_territory")
    assert "impressions" not in built.columns("fct_app_store_connect__daily_by_app_version")
    assert "purchases" not in built.columns("fct_app_store_connect__daily_by_app_version")
    assert "vintage" in built.columns("int_app_store_connect__crashes_by_dimension", STAGING)
