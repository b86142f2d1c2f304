"""SQLite is refused before anything is asked or written."""

from pathlib import Path

import pytest

from tests.asking import StartApple
from tests.conftest import Job
from tests.worlds import CRASHES, world_with_reports


def test_refused(start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence with the next step, exit code 2, no file and no request."""
    file = Path("apple.sqlite").absolute()
    monkeypatch.setenv("DESTINATION__SQLALCHEMY__CREDENTIALS", f"sqlite:///{file}")
    apple = start_apple(world_with_reports(CRASHES))
    result = job.run(apple, "--destination", "sqlalchemy")

    assert (2, []) == (result.exit_code, apple.exchanges)
    assert "SQLite cannot be used: it has no information_schema" in result.stderr
    assert "--destination duckdb" in result.stderr
    assert not file.exists()
