"""DuckLake, in an environment of its own: its extension is a package for one version of DuckDB."""

import json
import os
import subprocess
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
from tests.engines.servers import environment_of
from tests.faults.processes import SCRIPT, as_job, finish, flaws
from tests.faults.test_postgres import (  # noqa: F401  # pytest finds fixtures by their names
    Postgres,
    database,
    server,
)
from tests.worlds import APPS, PURCHASES, TODAY, overlapping_world

pytestmark = pytest.mark.timeout(600)

ROOT = Path(__file__).parents[2]
PACKAGES = os.pathsep.join(str(ROOT / each) for each in ("sources", "pipelines"))
VIEW = "app_store_connect.app_crashes_daily"
ASK = """
import duckdb, json, os, sys
database = duckdb.connect()
database.execute("set enable_progress_bar = false")
database.execute("load ducklake")
database.execute(f"attach 'ducklake:{os.environ['LAKE']}' as ducklake {os.environ['OPTIONS']}")
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
        own["OPTIONS"] = "(metadata_schema 'ducklake')" if self.setting else ""
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
    return DuckLake(environment_of("ducklake"))


@pytest.fixture
def on_postgres(environment: DuckLake, database: Postgres) -> DuckLake:  # noqa: F811
    """A lake whose catalogue is an empty Postgres database."""
    host = database.address.partition("@")[2]
    place, _, name = host.partition("/")
    address, _, port = place.partition(":")
    catalogue = f"postgres:host={address} port={port} user=asc password=asc dbname={name}"
    return DuckLake(environment.home, catalogue, database.address)


def test_restated(environment: DuckLake, job: Job, start_apple: StartApple) -> None:
    """Re-published, withdrawn and new segments: raw tables and views have the rows of DuckDB's."""
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
    """With a catalogue in Postgres two runs at once load an app each, and leave each row once."""
    world = overlapping_world(days=3)
    newest = [each for each in world.instances.values() if each.processing_date == TODAY]
    for instance in newest:
        world.hide(instance)
    apple = start_apple(world)
    first = on_postgres.run(apple)  # of two first runs one may fail: both make the catalogue
    for instance in newest:
        world.reveal(instance)
    places = [tmp_path / name for name in ("one", "another")]
    for place in places:
        place.mkdir()
    writers = [
        on_postgres.load(apple, "--app-id", app_id, cwd=place, DLT_DATA_DIR=str(place / "dlt"))
        for place, app_id in zip(places, APPS, strict=True)
    ]
    ended = [finish(each, timeout=250) for each in writers]

    assert [0, 0, 0] == [each[0] for each in (first, *ended)], ended[0][2] + ended[1][2]
    assert {} == flaws(as_job(on_postgres), world)


def test_catalogue_in_a_duckdb_file(environment: DuckLake, start_apple: StartApple) -> None:
    """The reason is the one connection that such a catalogue takes, and the next step is named."""
    lake = DuckLake(environment.home, setting="duckdb:///catalogue.duckdb")
    code, _, err = lake.run(start_apple(overlapping_world(days=1)))

    assert 2 == code
    assert "takes one connection, and the job needs two" in err
    assert "free space" not in err
