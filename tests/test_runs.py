"""`analytics_runs`: every run of the job leaves a row at the destination, however it ended."""

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from app_store_connect.configuration.settings import read_configuration
from asc_pipeline.cli.main import main
from asc_pipeline.cli.progress import NoProgress
from asc_pipeline.job.runner import Run, Settings
from tests.asking import StartApple
from tests.conftest import KEYS, Job
from tests.destinations.lakes import TO_FILES, LakeJob, Place, lake_flaws
from tests.emulator import Fault
from tests.worlds import APPS, differences, overlapping_world

RUNS = "app_store_connect_raw.analytics_runs"


def runs(job: Job, columns: str) -> list[tuple[Any, ...]]:
    return job.query(f"select {columns} from {RUNS} order by started_at")


def test_every_run_leaves_a_row(
    start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that loads, one that finds nothing, one that fails in part and one that is refused."""
    world = overlapping_world(days=2)
    apple = start_apple(world)
    before = datetime.now(UTC)
    first, second = (job.run(apple, "--recheck", "0") for _ in range(2))
    world.request(APPS[0], "ONGOING").is_stopped = True
    third = job.run(apple)
    monkeypatch.setenv(f"{KEYS}KEY_ID", "WRONGKEYID")
    fourth = job.invoke()

    found = runs(job, "run_id, exit_code, outcome, requests, segments, rows, failures")
    assert [
        (first.summary["run_id"], 0, "complete", 11, 8, first.summary["rows"], 0),
        (second.summary["run_id"], 0, "complete", 7, 0, 0, 0),
        (third.summary["run_id"], 1, "incomplete", third.summary["requests_used"], 0, 0, 1),
        (found[3][0], 2, "unusable", 2, 0, 0, 0),
    ] == found
    assert 2 == fourth.exit_code
    reasons = [row[0] for row in runs(job, "reason")]
    assert [None, None] == reasons[:2]
    assert "Apple stopped this ONGOING request" in reasons[2]
    assert "Apple answered 401" in reasons[3]
    assert {version("dlt-app-store-connect")} == {row[0] for row in runs(job, "version")}
    assert [(True, True)] * 4 == [
        (before <= began <= ended, ended <= datetime.now(UTC))
        for began, ended in runs(job, "started_at, ended_at")
    ]
    assert [] == differences(job, world)


def test_run_without_budget_leaves_a_row(start_apple: StartApple, job: Job) -> None:
    """The reason is that of the early end."""
    result = job.run(start_apple(overlapping_world(days=6), hourly_limit=13), "--max-wait", "0")

    ((code, outcome, reason),) = runs(job, "exit_code, outcome, reason")
    assert (3, 3, "out of budget") == (result.exit_code, code, outcome)
    assert "request budget of this key is used up" in reason


def test_interrupted_run_leaves_a_row(start_apple: StartApple, job: Job) -> None:
    """Its segments are those that arrived before."""
    job.use(start_apple(overlapping_world(days=2)))

    class Impatient(NoProgress):
        def phase(self, what: str) -> None:
            if what == "bringing the views up to date":
                run.interrupt()

    run = Run(read_configuration(), Settings(), Impatient())
    summary = run.execute()

    assert 130 == summary.exit_code
    assert [(130, "interrupted", 8)] == runs(job, "exit_code, outcome, segments")


@pytest.mark.slow
def test_plan_leaves_no_row(start_apple: StartApple, job: Job) -> None:
    """It changes nothing."""
    apple = start_apple(overlapping_world(days=1))
    job.run(apple)
    job.run(apple, "--plan")

    assert [(1,)] == runs(job, "count(*) over ()")[:1]


def test_first_run_that_is_refused_leaves_nothing(
    start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No empty DuckDB file, and no word of views."""
    job.use(start_apple(overlapping_world(days=1)))
    monkeypatch.setenv(f"{KEYS}KEY_ID", "WRONGKEYID")
    refused = CliRunner().invoke(main, ["--progress", "log"])
    left = sorted(path.name for path in Path.cwd().iterdir())

    assert 2 == refused.exit_code
    assert "views" not in refused.stderr
    assert [] == left


def test_file_that_was_there_stays(
    start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a file that the refused run made itself is removed."""
    duckdb.connect(str(job.database)).close()
    job.use(start_apple(overlapping_world(days=1)))
    monkeypatch.setenv(f"{KEYS}KEY_ID", "WRONGKEYID")
    job.invoke()

    assert job.database.exists()


@pytest.mark.slow
def test_row_that_cannot_be_written_fails_no_run(start_apple: StartApple, job: Job) -> None:
    """Something of the user's has the table's name: a note, exit 0, and the rows are loaded."""
    world = overlapping_world(days=1)
    apple = start_apple(world)
    with duckdb.connect(str(job.database)) as database:
        database.execute("create schema app_store_connect_raw")
        database.execute(f"create table {RUNS} as select 1 as mine")
    result = job.run(apple)

    assert 0 == result.exit_code
    assert "this run is not in analytics_runs" in result.summary["notices"][-1]
    assert [] == differences(job, world)
    assert 0 == job.run(apple).exit_code
    assert [(1,)] == job.query(f"select mine from {RUNS}")


@pytest.mark.slow
def test_runs_on_a_lake(
    start_apple: StartApple, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each run's row is a file; the DuckDB file of a run shows the rows of those before it."""
    world = overlapping_world(days=1)
    apple = start_apple(world)
    lake = LakeJob(monkeypatch, Place(str(tmp_path / "lake")), "parquet")
    first = lake.run(apple, *TO_FILES)
    apple.fault(Fault("api", "/analyticsReportRequests$", "not_found"))
    second = lake.run(apple, *TO_FILES)

    assert [(first.summary["run_id"], "complete")] == runs(lake, "run_id, outcome")
    assert second.exit_code == 1
    assert [] == lake_flaws(lake, world)
