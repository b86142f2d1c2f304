"""DuckLake, in an environment of its own: its extension is a package for one version of DuckDB."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.asking import StartApple
from tests.conftest import Job, key_of
from tests.destinations.worlds import TYPES_QUESTION, expected_types, restate, world_of_types
from tests.emulator import Emulator, World
from tests.faults.processes import SCRIPT, as_job, finish, flaws, unavailable
from tests.faults.test_postgres import (  # noqa: F401  # pytest finds fixtures by their names
    Postgres,
    database,
    server,
)
from tests.worlds import PURCHASES, overlapping_world

pytestmark = pytest.mark.timeout(600)

ROOT = Path(__file__).parents[2]
PACKAGES = os.pathsep.join(str(ROOT / each) for each in ("sources", "pipelines"))
VIEW = "app_store_connect.app_crashes_daily"
ASK = """
import duckdb, json, os, sys
database = duckdb.connect()
database.execute("load ducklake")
database.execute(f"attach 'ducklake:{os.environ['LAKE']}' as ducklake")
database.execute("use ducklake")
print(json.dumps(database.execute(sys.stdin.read()).fetchall(), default=repr))
"""


@dataclass(frozen=True)
class DuckLake:
    """A home with DuckDB's extensions, and a lake with its files in the current folder.

    `catalogue` is DuckDB's name of its catalogue, `setting` dlt's; without one it is SQLite.
    """

    home: Path
    catalogue: str = "sqlite:ducklake.sqlite"
    setting: str = ""

    def start(
        self, *command: str, cwd: Path | None = None, **environment: str
    ) -> subprocess.Popen[str]:
        own = {"HOME": str(self.home), "PYTHONPATH": PACKAGES, "LAKE": self.catalogue}
        if self.setting:
            own["DESTINATION__DUCKLAKE__CREDENTIALS__CATALOG"] = self.setting
            own["DESTINATION__DUCKLAKE__CREDENTIALS__STORAGE__BUCKET_URL"] = str(
                Path("lake").absolute()
            )
        return subprocess.Popen(
            [str(self.home / "bin" / "python"), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd,
            env={**os.environ, **own, **environment},
        )

    def load(
        self, apple: Emulator, *options: str, cwd: Path | None = None, **environment: str
    ) -> subprocess.Popen[str]:
        job = (str(SCRIPT), "--destination", "ducklake", *options)
        return self.start(*job, cwd=cwd, **key_of(apple), **environment)

    def run(self, apple: Emulator, *options: str) -> tuple[int, str, str]:
        return finish(self.load(apple, *options), timeout=250)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with self.start("-c", ASK) as process:
            out, err = process.communicate(statement, timeout=100)
        assert 0 == process.returncode, err
        return [tuple(map(_value, row)) for row in json.loads(out)]


def _value(told: Any) -> Any:
    """`datetime.date(...)` and `Decimal(...)` come as JSON has to say them."""
    if isinstance(told, str) and told.startswith("datetime.date("):
        return date(*map(int, told[len("datetime.date(") : -1].split(", ")))
    if isinstance(told, str) and told.startswith("Decimal("):
        return Decimal(told[len("Decimal('") : -len("')")])
    return told


@pytest.fixture(scope="module")
def environment() -> DuckLake:
    home = Path(sys.executable).parents[2] / "ducklake"
    if not home.exists():
        unavailable("no DuckLake here: make test-engines installs it")
    return DuckLake(home)


@pytest.fixture
def on_postgres(environment: DuckLake, database: Postgres) -> DuckLake:  # noqa: F811
    """A lake whose catalogue is an empty Postgres database."""
    host = database.address.partition("@")[2]
    place, _, name = host.partition("/")
    address, _, port = place.partition(":")
    catalogue = f"postgres:host={address} port={port} user=asc password=asc dbname={name}"
    return DuckLake(environment.home, catalogue, database.address)


def test_restated(environment: DuckLake, job: Job, start_apple: StartApple) -> None:
    """Re-published, withdrawn and new segments: raw tables and views hold what DuckDB's do."""
    world: World = overlapping_world(days=3)
    apple = start_apple(world)
    environment.run(apple)
    restate(world)
    code, out, err = environment.run(apple)
    apple.forget()
    again = environment.run(apple)
    downloads = list(apple.downloads)
    job.run(apple)
    question = f"select * exclude _dlt_load_id from {VIEW} order by all"

    assert (0, 0, []) == (code, again[0], downloads), out + err
    assert {} == flaws(as_job(environment), world)
    assert job.query(question) == environment.query(question)


def test_types(environment: DuckLake, start_apple: StartApple) -> None:
    """Decimals, dates, bigints and texts come back as they were."""
    code, out, err = environment.run(start_apple(world_of_types()), "--report", PURCHASES)

    assert 0 == code, out + err
    assert expected_types() == environment.query(TYPES_QUESTION)


def test_two_writers(on_postgres: DuckLake, start_apple: StartApple, tmp_path: Path) -> None:
    """With a catalogue in Postgres two runs at once load one account, and leave each row once."""
    world = overlapping_world(days=3)
    apple = start_apple(world)
    places = [tmp_path / name for name in ("one", "another")]
    for place in places:
        place.mkdir()
    writers = [
        on_postgres.load(apple, cwd=place, DLT_DATA_DIR=str(place / "dlt")) for place in places
    ]
    ended = [finish(each, timeout=250) for each in writers]
    restate(world)
    last = on_postgres.run(apple)

    assert [0, 0, 0] == [each[0] for each in (*ended, last)], (ended, last)
    assert {} == flaws(as_job(on_postgres), world)


def test_catalogue_in_a_duckdb_file(environment: DuckLake, start_apple: StartApple) -> None:
    """The reason is the one connection that such a catalogue takes, and the next step is named."""
    lake = DuckLake(environment.home, setting="duckdb:///catalogue.duckdb")
    code, _, err = lake.run(start_apple(overlapping_world(days=1)))

    assert 2 == code
    assert "takes one connection, and the job needs two" in err
    assert "free space" not in err
