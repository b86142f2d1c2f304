"""The catalogue agrees with what is known of Apple's reports, and is of use for the others."""

import pytest

from app_store_connect.catalog import (
    COLUMNS,
    REPORTS,
    Additivity,
    ColumnType,
    ReportSchema,
    RestatementPolicy,
    comparable_name,
    identify,
    is_default,
    schema_of,
)
from app_store_connect.entities import Granularity
from app_store_connect.names import table_name
from tests.apple.facts import known as known_facts

APPLES = known_facts("reports")
TYPES = {
    "date": ColumnType.DATE,
    "integer": ColumnType.BIGINT,
    "long": ColumnType.BIGINT,
    "float": ColumnType.DECIMAL,
    "string": ColumnType.TEXT,
}
BY_ID = [pytest.param(schema, id=schema.name) for schema in REPORTS]
COLLECTED = [each for each in BY_ID if each.id != "Browser Choice Screen Selection"]


def test_every_documented_report_has_an_entry() -> None:
    """All reports whose columns are known, and one that is documented elsewhere, are catalogued."""
    known = {*APPLES["reports"], "Browser Choice Screen Selection"}

    assert {schema.name for schema in REPORTS} == known


@pytest.mark.parametrize("schema", COLLECTED)
def test_entries_are_as_documented(schema: ReportSchema) -> None:
    """Category, columns, date column and completeness lag of a report are Apple's."""
    apple = APPLES["reports"][schema.name]

    assert schema.category == apple["category"]
    assert schema.date_column == apple["date_column"]
    assert schema.lag_days == apple["lag_days"]
    if not schema.name.startswith("App Store Subscription"):
        assert set(schema.columns) == set(apple["columns"])


@pytest.mark.parametrize("schema", COLLECTED)
def test_types_are_as_documented(schema: ReportSchema) -> None:
    """Columns have the type of Apple's documentation; money is exact, and all dates are dates."""
    documented = APPLES["reports"][schema.name]["types"]
    expected = {
        column: ColumnType.DATE if column == "Date" else TYPES[documented[column]]
        for column in schema.columns
        if column in documented
    }

    assert {column: COLUMNS[column].type for column in expected} == expected


def test_live_headers_count_more_than_documents() -> None:
    """Where a live file's header was seen, it is the entry's, in its order."""
    live = {n: each["header"] for n, each in APPLES["reports"].items() if "header" in each}
    found = {name: schema_of(name, None).columns for name in live}

    assert len(live) >= 11
    assert {n: sorted(c) for n, c in found.items()} == {n: sorted(c) for n, c in live.items()}


def test_type_numbers_are_apples() -> None:
    """The N of report ids, which is one for a report in every account, is as it was seen."""
    seen = APPLES["type_numbers"]
    known = {each.name: each.type_number for each in REPORTS if each.type_number}

    assert known == {name: number for name, number in seen.items() if name in known}
    assert seen.keys() - known.keys() == {"Streaming Playback Performance"}


def test_measures_say_how_they_add_up() -> None:
    """Each number that is no identifier says whether it adds up; a stock does so within a date."""
    silent = {
        column.name
        for column in COLUMNS.values()
        if column.additivity is None and column.type not in (ColumnType.TEXT, ColumnType.DATE)
    }
    state = schema_of("App Store Subscription State Report Standard", None)
    downloads = schema_of("App Downloads Standard", None)

    assert {name for name in silent if not name.endswith("Identifier")} == set()
    assert state.additivity("Counts") is Additivity.SUM_WITHIN_DATE
    assert downloads.additivity("Counts") is Additivity.SUM
    assert downloads.additivity("Territory") is None


def test_every_column_is_described() -> None:
    """Every column of a report has an entry of its own, and every entry is of some report."""
    used = {column for schema in REPORTS for column in schema.columns}

    assert used == COLUMNS.keys()


@pytest.mark.parametrize("schema", BY_ID)
def test_a_report_is_known_by_its_columns(schema: ReportSchema) -> None:
    """The header of a catalogued report identifies it, in any order."""
    assert identify(reversed(schema.table_columns())) == schema


def test_columns_added_since_do_not_matter() -> None:
    """A restated report is still known when Apple adds a column."""
    schema = schema_of("App Crashes", None)

    assert identify([*schema.table_columns(), "a_new_column"]) == schema


@pytest.mark.parametrize(
    "header",
    [
        pytest.param([], id="nothing"),
        pytest.param(["date", "counts"], id="too few columns"),
        pytest.param(
            [*schema_of("App Crashes Expanded", None).table_columns(), "ar_session_duration"],
            id="framework report without an entry",
        ),
    ],
)
def test_unknown_files_are_not_guessed(header: list[str]) -> None:
    """A file that may be of another report is of none."""
    assert identify(header) is None


def test_dates_by_report() -> None:
    """The date column is the report's own, then those of other reports; then, of an unknown one,
    every date by name, wherever it stands. What the loader adds dates nothing.
    """
    event = schema_of("App Store Subscription Event Report Standard", None)
    unknown = schema_of("Something", None)

    assert event.date_columns_in(["date", "event_date"]) == ["event_date", "date"]
    assert event.date_columns_in(["date", "app_download_date"]) == ["date"]
    assert unknown.date_columns_in(["x", "b_date", "_processing_date", "a_date", "date"]) == [
        *("date", "a_date", "b_date")
    ]
    assert unknown.date_columns_in(["x"]) == []


def test_what_may_date_rows_is_a_date() -> None:
    """A date column of another report is a DATE also where the catalogue does not name it."""
    assert schema_of("App Crashes", None).added_column_type("event_date") == ColumnType.DATE


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        pytest.param("count", ColumnType.BIGINT, id="count"),
        pytest.param("rotation_counts", ColumnType.BIGINT, id="counts of something"),
        pytest.param("unique_devices", ColumnType.BIGINT, id="unique devices"),
        pytest.param("session_date", ColumnType.DATE, id="date"),
        pytest.param("install_day", ColumnType.DATE, id="install day"),
        pytest.param("sales_in_usd", ColumnType.DECIMAL, id="money"),
        pytest.param("country", ColumnType.TEXT, id="begins like count"),
        pytest.param("unique_identifier", ColumnType.TEXT, id="unique but no number"),
        pytest.param("update", ColumnType.TEXT, id="ends like date"),
        pytest.param("app_version", ColumnType.TEXT, id="anything else"),
    ],
)
def test_types_by_pattern(column: str, expected: ColumnType) -> None:
    """In a report without an entry the name decides; in one with an entry a new column is text."""
    assert schema_of("Something", None).added_column_type(column) == expected
    if column != "install_day":
        assert schema_of("App Crashes", None).added_column_type(column) == ColumnType.TEXT


def test_every_report_apple_names_is_usable() -> None:
    """Each of Apple's report names gives a schema and, for each granularity, a table of its own."""
    names = [(name, category) for category, listed in APPLES["names"].items() for name in listed]
    schemas = [schema_of(name, category) for name, category in names]
    tables = {table_name(name, granularity) for name, _ in names for granularity in Granularity}

    assert [(schema.name, schema.category) for schema in schemas] == names
    assert len(tables) == 3 * len(names) > 300
    assert {schema.lag_days >= 0 for schema in schemas} == {True}


@pytest.mark.parametrize(
    ("name", "category", "expected"),
    [
        pytest.param("App Sessions Standard", "APP_USAGE", "replace", id="catalogued"),
        pytest.param("App Crashes Expanded", "PERFORMANCE", "accumulate", id="incremental"),
        pytest.param("AirPlay Errors", "PERFORMANCE", "replace", id="in Apple's list"),
        pytest.param("Display Power Information", "PERFORMANCE", "accumulate", id="performance"),
        pytest.param("Photos Picker", "FRAMEWORK_USAGE", "accumulate", id="framework"),
        pytest.param("A New Report", "COMMERCE", "replace", id="new in commerce"),
    ],
)
def test_policy(name: str, category: str, expected: str) -> None:
    """Reports in Apple's article on completeness replace; undocumented ones accumulate."""
    assert schema_of(name, category).policy == RestatementPolicy(expected)


@pytest.mark.parametrize(
    ("name", "category", "expected"),
    [
        pytest.param("App Crashes", "APP_USAGE", True, id="catalogued"),
        pytest.param("CarPlay App Usage", "APP_USAGE", True, id="without an entry"),
        pytest.param("A New Report", "COMMERCE", True, id="new"),
        pytest.param("Retention Messaging", "APP_STORE_ENGAGEMENT", True, id="neither of a pair"),
        pytest.param("App Downloads Detailed", "COMMERCE", False, id="detailed"),
        pytest.param("A New Report (Detailed)", "COMMERCE", False, id="new and detailed"),
        pytest.param("App Install Performance", "PERFORMANCE", False, id="performance"),
        pytest.param("Photos Picker", "FRAMEWORK_USAGE", False, id="framework"),
        pytest.param("A New Report", None, False, id="without a category"),
    ],
)
def test_default_reports(name: str, category: str | None, expected: bool) -> None:
    """By default all reports of three categories are loaded, but for the Detailed ones."""
    assert is_default(name, category) == expected


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("App Clip Usage Standard", "App Clip Usage"),
        ("App Clip Usage Standard", "app-clip usage STANDARD"),
        ("App Store Subscription State Report Standard", "App Store Subscription State Standard"),
        ("App Store Subscription Event Report Detailed", "app store subscription event detailed"),
    ],
)
def test_names_are_compared_loosely(name: str, other: str) -> None:
    """Case, punctuation and the names under which a report is also known make no difference."""
    assert comparable_name(name) == comparable_name(other)
    assert schema_of(other, None) == schema_of(name, None)
    assert comparable_name(name.replace("Standard", "Detailed")) != comparable_name(
        "App Clip Usage"
    )


def test_columns_do_not_collide() -> None:
    """No two columns of a report become one column of its table."""
    assert [len(schema.table_columns()) for schema in REPORTS] == [
        len(schema.columns) for schema in REPORTS
    ]
