"""Postgres: the same truth as in DuckDB, row by row, through restatements and kills.

`tests/faults/test_postgres.py` has what goes wrong with a server that others use as well.
"""

import json
import re
import signal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from asc_pipeline.cli.main import main
from asc_pipeline.emulator.server.wire import Answer
from tests.asking import ScriptedServer, StartApple
from tests.conftest import KEYS, Job
from tests.destinations.worlds import (
    TYPES_QUESTION,
    expected_types,
    long_names,
    restate,
    world_of_types,
)
from tests.emulator import Fault
from tests.faults.processes import RAW, dying, flaws, run
from tests.faults.test_postgres import (  # noqa: F401  # pytest finds fixtures by their names
    TO_POSTGRES,
    Postgres,
    database,
    server,
)
from tests.worlds import APPS, PURCHASES, overlapping_world

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("postgres")]

VIEW = "app_store_connect.app_crashes_daily"
SWEEPING = {f"{KEYS}SWEEP_AFTER_HOURS": "0.0001"}
TINY_BATCHES = {f"{KEYS}BATCH_SEGMENTS": "1", f"{KEYS}WORKERS": "1"}
LOAD = "dlt.load.load:Load"
DEATHS = {
    "tables made": f"{LOAD}.initialize_package:after:1",
    "a job run": "dlt.destinations.impl.postgres.postgres:PostgresCsvCopyJob.run:after:2",
    "not recorded": f"{LOAD}.complete_package:before:1",
    "recorded": "dlt.destinations.job_client_impl:SqlJobClientBase.complete_load:after:1",
    "second load not recorded": f"{LOAD}.complete_package:before:2",
    "a row removed": "asc_pipeline.truth.sweeping:_remove_slices:before:1",
}
OF_LOAD = ("_dlt_load_id", "_slice_key")
UNSEEN = ("tables made", "a job run", "not recorded")


def rows(asked: Any, table: str = VIEW) -> list[tuple[Any, ...]]:
    """All rows but for their load and slice, in one order that both databases agree on."""
    schema, name = table.split(".")
    columns = asked.query(
        "select column_name from information_schema.columns"
        f" where table_schema = '{schema}' and table_name = '{name}' order by ordinal_position"
    )
    names = ", ".join(f'"{column}"' for (column,) in columns if column not in OF_LOAD)
    return sorted(asked.query(f"select {names} from {table}"), key=repr)


def test_restated(database: Postgres, job: Job, start_apple: StartApple) -> None:  # noqa: F811
    """Re-published, withdrawn and new segments: raw tables, views and freshness are DuckDB's."""
    world = overlapping_world(days=3)
    apple = start_apple(world)
    run(apple, *TO_POSTGRES)
    restate(world)
    code, out, err = run(apple, *TO_POSTGRES)
    job.run(apple)

    assert 0 == code, out + err
    assert {} == flaws(database, world)
    for table in (VIEW, f"{RAW}.app_crashes_daily", "app_store_connect.data_freshness"):
        assert rows(job, table) == rows(database, table)


@pytest.mark.nightly
@pytest.mark.parametrize("death", DEATHS)
def test_killed(death: str, database: Postgres, start_apple: StartApple) -> None:  # noqa: F811
    """SIGKILL anywhere: a load that is not recorded shows nowhere, and a healthy run leaves each
    raw row once.
    """
    world = overlapping_world(days=2)
    apple = start_apple(world)
    run(apple, *TO_POSTGRES)
    before = rows(database)
    restate(world)
    code, _, err = run(apple, *TO_POSTGRES, env=dying(DEATHS[death]) | TINY_BATCHES)
    kept = rows(database)
    again = run(apple, *TO_POSTGRES, env=SWEEPING)

    assert -signal.SIGKILL == code, err
    assert before == kept or death not in UNSEEN
    assert 0 == again[0], again
    assert {} == flaws(database, world)


def test_long_names(database: Postgres, start_apple: StartApple) -> None:  # noqa: F811
    """Reports and columns that are alike for longer than Postgres reads stay apart."""
    world, names, columns = long_names()
    chosen = [argument for name in names for argument in ("--report", name)]
    apple = start_apple(world)
    code, out, err = run(apple, *TO_POSTGRES, *chosen)
    views = database.query(
        "select table_name from information_schema.views"
        " where table_schema = 'app_store_connect' and table_name like 'a_report%'"
    )
    found = []
    for (view,) in views:
        (row,) = rows(database, f"app_store_connect.{view}")
        found.append([value for value in row if value in columns.values()])

    assert 0 == code, out + err
    assert [[*columns.values()]] * 2 == found


def test_types(database: Postgres, start_apple: StartApple) -> None:  # noqa: F811
    """Decimals, dates, bigints and texts come back as they were."""
    apple = start_apple(world_of_types())
    code, out, err = run(apple, *TO_POSTGRES, "--report", PURCHASES)

    assert 0 == code, out + err
    assert expected_types() == database.query(TYPES_QUESTION)


def test_runs_state_and_checks(
    database: Postgres,  # noqa: F811
    start_apple: StartApple,
    job: Job,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A run's row, `status` and `doctor` on a server; a user that may only read is told so."""
    apple = start_apple(overlapping_world(days=2))
    ran = job.run(apple, *TO_POSTGRES).summary
    apple.fault(Fault("api", "/v1/apps$", "forbidden"))
    refused = job.run(apple, *TO_POSTGRES)
    states = CliRunner().invoke(main, ["status", "--json", *TO_POSTGRES])
    state = json.loads(states.stdout)
    well = CliRunner().invoke(main, ["doctor", *TO_POSTGRES])
    database.query("create role reader login; grant pg_read_all_data to reader; commit; select 1")
    address = re.sub("//[^@/]*@", "//reader:any@", database.address)
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", address)
    ill = CliRunner().invoke(main, ["doctor", *TO_POSTGRES])
    tables = database.query("select tablename from pg_tables where tablename like '%doctor%'")

    assert (0, 2) == (ran["exit_code"], refused.exit_code)
    assert [(2, 0), (0, ran["rows"])] == [
        (each["exit_code"], each["rows"]) for each in state["runs"]
    ]
    assert ran["rows"] == state["rows"] > state["superseded_rows"] > 0
    assert state["bytes"] > 10_000
    assert "can be written, with data of this job" in well.stdout
    assert (0, 2) == (well.exit_code, ill.exit_code)
    assert "ERROR   destination: the destination failed: permission denied" in ill.stdout
    assert [] == tables


def test_two_machines_tell_a_problem_once(
    database: Postgres,  # noqa: F811
    start_apple: StartApple,
    tmp_path: Path,
) -> None:
    """What one run told is at the destination, so that a run elsewhere does not repeat it."""
    world = overlapping_world(days=2)
    world.request(APPS[0], "ONGOING").is_stopped = True
    apple = start_apple(world)
    with ScriptedServer(Answer(200)) as channel:
        urls = json.dumps([channel.origin.replace("http", "json")])
        for machine in ("one", "another"):
            env = {f"{KEYS}ALERTS__URLS": urls, "DLT_DATA_DIR": str(tmp_path / machine)}
            code, out, err = run(apple, *TO_POSTGRES, env=env)
            assert 1 == code, out + err
    told = [json.loads(each.body)["message"] for each in channel.asked]

    assert 1 == len(told)
    assert "App 1 (1500000001), all reports: Apple stopped its report request" in told[0]
    assert [("stopped", False)] == database.query(
        f"select kind, is_over from {RAW}.analytics_alerts"
    )
