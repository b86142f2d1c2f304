"""Names that are one to the destination are refused before Apple is asked."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from asc_pipeline.cli.main import main
from tests.asking import StartApple
from tests.conftest import Job
from tests.worlds import overlapping_world

FILE = "DESTINATION__DUCKDB__CREDENTIALS"
MOTHERDUCK = "DESTINATION__MOTHERDUCK__CREDENTIALS"
ONE_NAME = "have one name, which DuckDB cannot tell apart"


def duckdb_file(path: str, *arguments: str, says: str = ONE_NAME) -> list[object]:
    return [{FILE: path}, list(arguments), says]


REFUSED = [
    pytest.param(*duckdb_file("app_store_connect.duckdb"), id="same"),
    pytest.param(*duckdb_file("App_Store_Connect.duckdb"), id="case"),
    pytest.param(*duckdb_file("duckdb:///App_Store_Connect_Raw.duckdb"), id="raw, as a URL"),
    pytest.param(*duckdb_file("data/APP_STORE_CONNECT_marts.db"), id="marts"),
    pytest.param(*duckdb_file("App_Store_Connect_Staging"), id="staging, no suffix"),
    pytest.param(*duckdb_file("app_store_connect.2026.duckdb"), id="two dots"),
    pytest.param(*duckdb_file("Apple.duckdb", "--dataset", "apple"), id="another dataset"),
    pytest.param({}, ["--dataset", "asc_segments"], ONE_NAME, id="the job's own file"),
    pytest.param(
        *duckdb_file("Information_Schema.db", says="a name of DuckDB's own"), id="its own"
    ),
    pytest.param(*duckdb_file("TEMP.db", says="a name of DuckDB's own"), id="temp"),
    pytest.param(*duckdb_file("System.db", says="a name of DuckDB's own"), id="system"),
    pytest.param(*duckdb_file("x.db", "--dataset", "memory", says="is taken"), id="memory"),
    pytest.param(
        {MOTHERDUCK: "md:App_Store_Connect?motherduck_token=x"},
        ["--destination", "motherduck"],
        ONE_NAME,
        id="MotherDuck",
    ),
    pytest.param(
        {"DESTINATION__POSTGRES__CREDENTIALS": "postgresql://u:p@127.0.0.1:1/x"},
        ["--destination", "postgres", "--dataset", "a" * 56],
        "cuts names to 63 characters",
        id="cut",
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("environment", "arguments", "says"), REFUSED)
def test_names_that_are_one_are_refused(
    environment: dict[str, str],
    arguments: list[str],
    says: str,
    start_apple: StartApple,
    job: Job,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the job, and by the command of the models: exit 2, and Apple is not asked."""
    Path("data").mkdir()
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    apple = start_apple(overlapping_world(days=1))
    result = job.run(apple, *arguments)
    models = CliRunner().invoke(main, ["models", *arguments])

    assert (2, 2) == (result.exit_code, models.exit_code)
    assert says in result.summary["error"]
    assert says in models.output
    assert "Traceback" not in result.stderr + models.output
    assert [] == apple.exchanges
    assert [] == [each for each in Path().rglob("*") if each.is_file()]


def test_names_of_a_lake_that_are_one(
    start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The DuckDB file with a lake's views is opened under its name too."""
    monkeypatch.setenv("DESTINATION__FILESYSTEM__BUCKET_URL", "lake")
    apple = start_apple(overlapping_world(days=1))
    result = job.run(apple, "--destination", "filesystem", "--dataset", "asc_segments_lake")

    assert 2 == result.exit_code
    assert ONE_NAME in result.summary["error"]
    assert [] == apple.exchanges


def test_dataset_of_the_fivetran_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """The schema that --fivetran fills has a longer name than the others: it must fit as well."""
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", "postgresql://u:p@127.0.0.1:1/x")
    arguments = ["models", "--destination", "postgres", "--dataset", "a" * 55]
    without, with_it = (
        CliRunner().invoke(main, [*arguments, *more]) for more in ([], ["--fivetran"])
    )

    assert (2, 2) == (without.exit_code, with_it.exit_code)
    assert "Connection refused" in without.output
    assert f"schema '{'a' * 55}_itunes_connect' beside it has more" in with_it.output
    assert "take at most 48 characters" in with_it.output


@pytest.mark.variants
@pytest.mark.parametrize("path", ["temp.duckdb", "main.db", "memory.db", "Apple.app_crashes.db"])
def test_other_names_are_taken(
    path: str, start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What DuckDB can tell apart is loaded."""
    monkeypatch.setenv(FILE, path)

    assert 0 == job.run(start_apple(overlapping_world(days=1))).exit_code


def test_longest_dataset(
    start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One character less than refused: the server is asked."""
    credentials = "postgresql://u:p@127.0.0.1:1/x"
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", credentials)
    apple = start_apple(overlapping_world(days=1))
    result = job.run(apple, "--destination", "postgres", "--dataset", "a" * 55)

    assert 2 == result.exit_code
    assert "Connection refused" in result.summary["error"]
    assert result.summary["error"].endswith("; check host and port, and that the server runs")
