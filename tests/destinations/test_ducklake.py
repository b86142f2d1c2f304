"""DuckLake, in an environment of its own: its extension is a package for one version of DuckDB."""

import json
import os
import shutil
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
from tests.faults.processes import SCRIPT, as_job, flaws
from tests.faults.s3 import TOOLS, _install, missing
from tests.worlds import PURCHASES, overlapping_world

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

DUCKDB = "1.5.5"
EXTENSIONS = ("ducklake", "sqlite-scanner")
LOCK = Path(__file__).parents[2] / "requirements.lock"
ROOT = Path(__file__).parents[2]
PACKAGES = os.pathsep.join(str(ROOT / each) for each in ("sources", "pipelines"))
VIEW = "app_store_connect.app_crashes_daily"
ASK = """
import duckdb, json, sys
database = duckdb.connect()
database.execute("load ducklake")
database.execute("attach 'ducklake:sqlite:ducklake.sqlite' as ducklake")
database.execute("use ducklake")
print(json.dumps(database.execute(sys.stdin.read()).fetchall(), default=repr))
"""


@dataclass(frozen=True)
class DuckLake:
    """A home with DuckDB's extensions, and the lake in the current folder."""

    home: Path

    def _run(self, *command: str, text: str = "", **environment: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [str(self.home / "bin" / "python"), *command],
            input=text,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
            env={**os.environ, "HOME": str(self.home), "PYTHONPATH": PACKAGES, **environment},
        )
        return done.returncode, done.stdout, done.stderr

    def run(self, apple: Emulator, *options: str) -> tuple[int, str, str]:
        return self._run(str(SCRIPT), "--destination", "ducklake", *options, **key_of(apple))

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        code, out, err = self._run("-c", ASK, text=statement)
        assert 0 == code, err
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
    home = TOOLS / f"ducklake-{DUCKDB}"
    packages = [f"duckdb-extension-{name}=={DUCKDB}" for name in EXTENSIONS]
    pip = ["{home}/bin/pip", "--disable-pip-version-check", "install", "--quiet"]
    _install(
        home,
        [sys.executable, "-m", "venv", "{home}"],
        [*pip, "--require-hashes", "-r", str(LOCK)],
        [*pip, f"duckdb=={DUCKDB}", *packages],
    )
    target = home / ".duckdb" / "extensions" / f"v{DUCKDB}"
    found = list(
        home.glob("lib/*/site-packages/duckdb_extension_*/extensions/*/*.duckdb_extension")
    )
    if len(found) != len(EXTENSIONS):
        missing("the packages of DuckDB's extensions have no extensions")
    platform = subprocess.run(
        [
            str(home / "bin" / "python"),
            "-c",
            "import duckdb; print(*duckdb.sql('pragma platform').fetchone())",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    (target / platform).mkdir(parents=True, exist_ok=True)
    for file in found:
        shutil.copy(file, target / platform)
    return DuckLake(home)


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


def test_catalogue_in_a_duckdb_file(
    environment: DuckLake, start_apple: StartApple, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason is the one connection that such a catalogue takes, and the next step is named."""
    monkeypatch.setenv("DESTINATION__DUCKLAKE__CREDENTIALS__CATALOG", "duckdb:///catalogue.duckdb")
    code, _, err = environment.run(start_apple(overlapping_world(days=1)))

    assert 2 == code
    assert "takes one connection, and the job needs two" in err
    assert "free space" not in err
