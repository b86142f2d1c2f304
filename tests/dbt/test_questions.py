"""The ten questions are answered from the demo's data, and shown as they are."""

import re
from pathlib import Path

import duckdb
import pytest

from tests.dbt.questions import PAGE, QUESTIONS, answer, title
from tests.dbt.warehouse import Warehouse

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
