"""`asc-segments status`: how things stand at the destination, without a request to Apple."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result

from asc_pipeline.cli.main import main
from asc_pipeline.truth.lateness import days_late
from tests.asking import StartApple
from tests.conftest import Job
from tests.emulator import World
from tests.worlds import APPS, CRASHES, PURCHASES, TODAY, add_vintage, world_with_reports

FRIDAY = date(2026, 11, 20)


def ask(*arguments: str) -> tuple[Result, dict[str, Any]]:
    found = CliRunner().invoke(main, ["status", "--json", *arguments])
    return found, json.loads(found.stdout)


def world_that_stops(*, days_ago: int) -> World:
    """Two apps; of the second one Apple prepares nothing any more."""
    world = world_with_reports(CRASHES)
    for app_id, age in zip(APPS, (0, days_ago), strict=True):
        for more in (1, 0):
            add_vintage(world, world.report(app_id, CRASHES), TODAY - timedelta(days=age + more))
    return world


@pytest.mark.parametrize(
    ("granularity", "since", "late"),
    [
        pytest.param("DAILY", 0, 0, id="of today"),
        pytest.param("DAILY", 1, 0, id="today's may still come"),
        pytest.param("DAILY", 2, 1, id="the first day"),
        pytest.param("DAILY", 9, 8, id="some days"),
        pytest.param("WEEKLY", 7, 0, id="this week's may still come"),
        pytest.param("WEEKLY", 8, 1, id="a week"),
        pytest.param("MONTHLY", 31, 0, id="a long month"),
        pytest.param("MONTHLY", 32, 1, id="a month"),
    ],
)
def test_late_from_the_first_day(granularity: str, since: int, late: int) -> None:
    """The next instance is due one day, week or month after the newest."""
    assert late == days_late(FRIDAY, granularity, FRIDAY + timedelta(days=since))


@pytest.mark.slow
@pytest.mark.parametrize(("days_ago", "late"), [(1, 0), (2, 1)])
def test_report_that_stopped(days_ago: int, late: int, start_apple: StartApple, job: Job) -> None:
    """A run has a note from the first day on, exit 0; `--fail-if-late` makes it exit 1."""
    ran = job.run(start_apple(world_that_stops(days_ago=days_ago)))
    shown, state = ask("--fail-if-late")
    last = TODAY - timedelta(days=days_ago)

    assert 0 == ran.exit_code
    assert [
        f"late: app {APPS[1]}: Apple lists no instance after {last} of {CRASHES} DAILY"
    ] * late == [each for each in ran.summary["notices"] if each.startswith("late")]
    assert [0, late] == [each["days_late"] for each in state["reports"]]
    assert late == shown.exit_code == state["exit_code"]
    assert 0 == ask()[0].exit_code
    assert (f"{late} d" in shown.stderr) == bool(late)


def test_stopped_request_is_not_called_late(start_apple: StartApple, job: Job) -> None:
    """Its reason says more: nothing comes until somebody acts."""
    world = world_that_stops(days_ago=5)
    world.request(APPS[1], "ONGOING").is_stopped = True
    ran = job.run(start_apple(world))
    _, state = ask()

    assert [] == [each for each in ran.summary["notices"] if each.startswith("late")]
    assert [0] * len(state["reports"]) == [each["days_late"] for each in state["reports"]]
    assert "ONGOING report request stopped" in [each["reason"] for each in state["reports"]]


def test_what_is_there(start_apple: StartApple, job: Job) -> None:
    """Reports, runs and sizes are those of the database; Apple is not asked."""
    world = world_with_reports(CRASHES, PURCHASES, app_ids=APPS[:1])
    for age in (40, 3, 2, 1, 0):
        add_vintage(world, world.report(APPS[0], CRASHES), TODAY - timedelta(days=age))
    apple = start_apple(world)
    ran = job.run(apple)
    apple.forget()
    shown, state = ask()
    reports = {each["report_name"]: each for each in state["reports"]}
    ((rows,),) = job.query("select count(*) from app_store_connect_raw.app_crashes_daily")
    ((true,),) = job.query("select count(*) from app_store_connect.app_crashes_daily")

    assert [] == apple.exchanges
    assert 0 == shown.exit_code
    assert str(TODAY - timedelta(days=5)) == reports[CRASHES]["newest_complete_date"]
    assert 31 < reports[CRASHES]["missing_dates"] < 37
    assert "no instances" == reports[PURCHASES]["reason"]
    assert (rows, rows - true) == (state["rows"], state["superseded_rows"])
    assert job.database.stat().st_size == state["bytes"]
    ((run),) = state["runs"]
    assert (ran.summary["run_id"], 0, rows) == (run["run_id"], run["exit_code"], run["rows"])
    assert f"quiet, no instances: {PURCHASES}" in shown.stderr
    assert f"{rows:,} rows in the report tables" in shown.stderr
    job.run(apple, "--keep-superseded", "0")
    assert (true, 0) == tuple(ask()[1][key] for key in ("rows", "superseded_rows"))


@pytest.mark.slow
def test_reads_beside_a_reader(start_apple: StartApple, job: Job) -> None:
    """A notebook that has the file open for reading does not keep it from telling."""
    job.run(start_apple(world_that_stops(days_ago=0)))
    with duckdb.connect(str(job.database), read_only=True):
        shown, _ = ask("--wait", "0")

    assert 0 == shown.exit_code


def test_nothing_is_loaded() -> None:
    """Exit 2 says so, and no file is made by asking."""
    shown, state = ask()

    assert 2 == shown.exit_code == state["exit_code"]
    assert "run asc-segments first" in state["error"]
    assert [] == list(Path.cwd().iterdir())


def test_no_database() -> None:
    """The reason is the file that is none, and nothing is said of writing."""
    Path("asc_segments.duckdb").write_text("not a database")
    shown, state = ask()

    assert 2 == shown.exit_code
    assert "cannot be opened: " in state["error"]
    assert "not a valid DuckDB database file!; move that file away" in state["error"]
