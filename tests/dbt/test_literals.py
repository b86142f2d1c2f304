"""Models, questions and the demo use only values that Apple was seen to write."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app_store_connect.catalog.literals import LITERALS
from app_store_connect.names import snake_case
from tests.dbt.warehouse import PROJECT
from tests.emulator import demo_world
from tests.worlds import TODAY

STATEMENTS = [
    path
    for folder in ("analyses", "macros", "models")
    for path in sorted((PROJECT / folder).rglob("*.sql"))
]
COLUMNS = {column for columns in LITERALS.values() for column in columns}
ALLOWED = {"(not stated)", ""}


def known(column: str) -> set[str]:
    """The values of a column in any report."""
    return {value for columns in LITERALS.values() for value in columns.get(column, ())}


def compared(text: str) -> Iterator[tuple[str, str]]:
    """Column and value of each comparison in SQL."""
    names = "|".join(sorted(COLUMNS))
    comparison = rf"\b({names})(?:_key)?\)? (?:=|<>|in|not in) (\([^)]*\)|'[^']*')"
    for column, values in re.findall(comparison, text):
        yield from ((column, value) for value in re.findall(r"'([^']*)'", values))


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in STATEMENTS])
def test_statements_compare_with_values_of_apple(path: Path) -> None:
    """A value that Apple does not write would give NULL or 0 without an error."""
    text = path.read_text(encoding="utf-8")

    assert [] == [
        f"{column}: {value}"
        for column, value in compared(text)
        if value not in known(column) | ALLOWED
    ]


def test_comparisons_are_found() -> None:
    """The statements compare these columns, and the search for comparisons finds all of them."""
    found = {column for path in STATEMENTS for column, _ in compared(path.read_text())}

    assert {"event", "download_type", "page_type", "state_metric", "event_group"} == found


def test_demo_has_values_of_apple() -> None:
    """Each column of the demo's data with a fixed list of values has no other value."""
    world = demo_world(TODAY, days=7)
    seen = {
        (report, snake_case(column), value.lower())
        for app_id in world.apps
        for report in LITERALS
        for row in world.truth(app_id, report, "DAILY")
        for column, value in row.items()
        if value and snake_case(column) in LITERALS[report]
    }

    assert {report for report, _, _ in seen} == LITERALS.keys()
    assert [] == [
        (report, column, value)
        for report, column, value in sorted(seen)
        if value not in LITERALS[report][column]
    ]
