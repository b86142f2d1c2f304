"""The ten questions are answered from the demo's data, and shown as they are."""

import re
from pathlib import Path

import duckdb
import pytest

from tests.dbt.questions import PAGE, QUESTIONS, answer, title
from tests.dbt.warehouse import MARTS, Warehouse

IDS = [pytest.param(path, id=path.stem) for path in QUESTIONS]
slow = pytest.mark.slow


def test_there_are_ten() -> None:
    """Ten, each of them a question."""
    assert 10 == len(QUESTIONS)
    assert [] == [path.name for path in QUESTIONS if not title(path).endswith("?")]


@pytest.mark.parametrize("path", IDS)
def test_page_shows_the_statement(path: Path) -> None:
    """QUESTIONS.md has each question and its statement as they are: run `make questions`."""
    assert f"## {title(path)}\n\n```sql\n{path.read_text().rstrip()}\n```" in PAGE.read_text()


@slow
@pytest.mark.xdist_group("dbt")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("path", IDS)
def test_answer(path: Path, built: Warehouse) -> None:
    """The statement runs on the demo's marts, has an answer, and the page's columns."""
    with duckdb.connect(str(built.file), read_only=True) as database:
        columns, rows = answer(path, database)
    shown = re.search(
        rf"^## {re.escape(title(path))}$.*?^\| (.*?) \|$",
        PAGE.read_text(),
        re.DOTALL | re.MULTILINE,
    )

    assert rows
    assert all(any(value is not None for value in row) for row in rows)
    assert shown
    assert " | ".join(columns) == shown[1]


@slow
@pytest.mark.xdist_group("dbt")
@pytest.mark.timeout(600)
def test_subscriptions_are_in_the_answer(built: Warehouse) -> None:
    """Of each subscription the ninth question says who pays, who tries, who came and who left, in
    Apple's literals; states are of one day, so they are fewer than their sum over days.
    """
    (path,) = (path for path in QUESTIONS if path.stem.startswith("09"))
    with duckdb.connect(str(built.file), read_only=True) as database:
        columns, rows = answer(path, database)
        summed = database.execute(
            f"select sum(subscriptions) from {MARTS}.fct_app_store__subscriptions_daily"
            " where metric_key = 'full price'"
        ).fetchone()
    last = columns.index("paid_at_last")

    assert len(rows) == 3
    assert all(value for row in rows for value in row)
    assert summed
    assert 5 * sum(row[last] for row in rows) < summed[0]
