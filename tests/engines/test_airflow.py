"""The DAG of docs/deployment.md in Airflow, in an environment of its own."""

import os
import subprocess
import sys
from pathlib import Path

from tests.asking import StartApple
from tests.engines.servers import environment_of
from tests.faults.processes import flaws
from tests.faults.test_postgres import (  # noqa: F401  # pytest finds fixtures by their names
    Postgres,
    database,
    server,
)
from tests.several_keys import NORTH, SIX, SOUTH, UseKeys, world_of
from tests.test_docs import PAGES, blocks

DAG = "app_store_connect"


def airflow(home: Path, *arguments: str) -> None:
    """A command of Airflow that has to end well."""
    (home / "dags").mkdir(exist_ok=True)
    programs = Path(sys.executable).parent  # where `asc-segments` is
    environment = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
    }
    command = environment_of("airflow") / "bin" / "airflow"
    done = subprocess.run(
        [str(command), *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stdout[-5000:] + done.stderr[-5000:]


def test_a_task_for_each_unit(
    database: Postgres,  # noqa: F811
    start_apple: StartApple,
    use_keys: UseKeys,
    tmp_path: Path,
) -> None:
    """Airflow makes the plan, runs a task for each key's unit, and looks for late reports."""
    world = world_of(days=4)
    apple = start_apple(world)
    use_keys(apple, north=(NORTH, SIX[:3]), south=(SOUTH, SIX[3:]))
    airflow(tmp_path, "db", "migrate")
    (text,) = blocks(PAGES["deployment"], "python")
    (tmp_path / "dags" / "asc.py").write_text(text)
    airflow(tmp_path, "dags", "reserialize")
    airflow(tmp_path, "dags", "test", DAG)
    runs = database.query("select app_ids, exit_code from app_store_connect_raw.analytics_runs")

    assert [(",".join(SIX[:3]), 0), (",".join(SIX[3:]), 0)] == sorted(runs)
    assert {} == flaws(database, world)
