"""Dagster on two hosts: six units over three keys, while a host, Postgres and Redis go away.

Takes some minutes and needs root: `make test-hosts`.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import dagster as dg
import psycopg2
import pytest

from asc_pipeline.dagster.schedules import unit_request
from asc_pipeline.dagster.settings import apps_of_key
from asc_pipeline.dagster.units import AppRange
from asc_pipeline.emulator.server.tokens import Tokens, new_key
from tests.asking import StartApple
from tests.conftest import KEYS
from tests.emulator import Emulator
from tests.faults.processes import flaws
from tests.faults.test_postgres import (  # noqa: F401  # pytest finds fixtures by their names
    Postgres,
    Server,
    database,
    server,
)
from tests.hosts.hosts import Host, Redis, free_port, hosts
from tests.several_keys import (
    ISSUER,
    NORTH,
    SIX,
    SOUTH,
    UseKeys,
    world_of,
)

DEPLOYMENT = Path(__file__).parents[2] / "deploy" / "dagster"
DEFINITIONS = ("-m", "asc_pipeline.dagster.definitions")
WEST = new_key("WESTKEY001", ISSUER)
APPS_OF = {"north": SIX[:2], "south": SIX[2:4], "west": SIX[4:]}
PATIENCE = 600
"""Seconds for each wait. Dagster gives a run of a dead host up only after `MAX_RUNTIME`."""
MAX_RUNTIME = 120


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    folder = tmp_path / "redis"
    folder.mkdir()
    started = Redis(folder, free_port())
    started.start()
    yield started
    started.kill()


@pytest.fixture
def instance(
    server: Server,  # noqa: F811
    redis: Redis,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[dg.DagsterInstance]:
    """Dagster with the settings of deploy/, which gives a run up after minutes instead of hours."""
    connection = psycopg2.connect(server.address("postgres"))
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("create database dagster")
    connection.close()
    home = tmp_path / "dagster"
    home.mkdir()
    settings = (DEPLOYMENT / "hosts.yaml").read_text()
    assert "max_runtime_seconds: 7200" in settings
    shorter = f"max_runtime_seconds: {MAX_RUNTIME}\n  poll_interval_seconds: 5"
    (home / "dagster.yaml").write_text(settings.replace("max_runtime_seconds: 7200", shorter))
    address = server.address("dagster").replace("postgresql:", "postgresql+psycopg2:")
    for name, value in {
        "DAGSTER_HOME": str(home),
        "DAGSTER_POSTGRES_URL": address,
        "DAGSTER_CELERY_BROKER_URL": f"redis://127.0.0.1:{redis.port}/0",
        "DAGSTER_CELERY_BACKEND_URL": f"redis://127.0.0.1:{redis.port}/1",
        f"{KEYS}DAGSTER__DESTINATION": "postgres",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }.items():
        monkeypatch.setenv(name, value)
    with dg.DagsterInstance.get() as found:
        yield found


def start_worker(host: Host) -> None:
    shutil.copy(DEPLOYMENT / "dagster_celery_config.py", host.folder)
    own = {"DLT_DATA_DIR": str(host.folder / "dlt"), "PYTHONPATH": str(host.folder)}
    host.start(
        *("celery", "-A", "dagster_celery.app", "worker", "-Q", "dagster", "--concurrency", "2"),
        env={**own, "C_FORCE_ROOT": "1"},
    )


def is_loading(host: Host) -> bool:
    """Whether a load in progress has files of rows in the folder of the host."""
    return any((host.folder / "dlt").rglob("app_crashes_daily.*"))


def wait_until(is_so: Callable[[], bool], state: str, seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"after {seconds} s not {state}"
        time.sleep(0.2)


def launch_units(instance: dg.DagsterInstance) -> None:
    """A run for each app, as the schedules request them."""
    for key, apps in APPS_OF.items():
        instance.add_dynamic_partitions(str(apps_of_key(key).name), apps)
        for app_id in apps:
            tags = json.dumps(dict(unit_request(AppRange(app_id, app_id)).tags))
            command = ["dagster", "job", "launch", *DEFINITIONS, "-j", f"load_{key}"]
            command += ["--tags", tags]
            subprocess.run(command, check=True, capture_output=True, timeout=120)


def successes(instance: dg.DagsterInstance) -> Counter[str]:
    """For each run that was asked for, how many runs succeeded: it and those that repeat it."""
    runs = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS]))
    return Counter(run.root_run_id or run.run_id for run in runs)


@pytest.fixture
def apple(start_apple: StartApple, use_keys: UseKeys) -> Emulator:
    """Six apps, whose files come slowly."""
    found = start_apple(
        world_of(days=6), latency=timedelta(seconds=0.1), store_latency=timedelta(seconds=2)
    )
    keys = {"north": NORTH, "south": SOUTH, "west": WEST}
    use_keys(found, **{name: (key, APPS_OF[name]) for name, key in keys.items()})
    found.tokens = Tokens(NORTH, SOUTH, WEST)
    return found


@pytest.mark.timeout(1500)
def test_every_row_is_there_once(
    apple: Emulator,
    database: Postgres,  # noqa: F811
    server: Server,  # noqa: F811
    redis: Redis,
    instance: dg.DagsterInstance,
    tmp_path: Path,
) -> None:
    """A host dies while it loads, and both servers are restarted: Dagster makes the runs again."""
    of_apple = [int(url.rpartition(":")[2]) for url in (apple.base_url, apple.store_url)]
    ports = [server.port, redis.port, *of_apple]
    with hosts(2, ports, tmp_path) as (first, second):
        daemon = subprocess.Popen(["dagster-daemon", "run", *DEFINITIONS], cwd=tmp_path)
        try:
            launch_units(instance)
            start_worker(first)
            wait_until(lambda: is_loading(first), "loading on the first host")
            first.kill()
            start_worker(second)
            wait_until(lambda: is_loading(second), "loading on the second host")
            server.stop()
            redis.kill()
            server.start()
            redis.start()
            wait_until(lambda: len(successes(instance)) == 6, "six units loaded")
            assert daemon.poll() is None
        finally:
            daemon.kill()
            daemon.wait()

    assert {} == flaws(database, apple.world)
    assert {1} == {*successes(instance).values()}
    assert [run for run in instance.get_runs() if run.parent_run_id]
