"""`dlt init` copies the source into another project, where its script loads with a plain dlt."""

import os
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import duckdb
import pytest

from tests.asking import StartApple
from tests.conftest import key_of
from tests.worlds import overlapping_world

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
SOURCES = Path(__file__).parents[2] / "sources"
NAME = "app_store_connect"
BARE = f"dlt[duckdb]=={version('dlt')}"


def run(folder: Path, *command: str, text: str = "", **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        input=text,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "DLT_DATA_DIR": str(folder / "dlt"), **environment},
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


def repository(folder: Path) -> Path:
    """A repository with the sources, as a clone of the project has them."""
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(SOURCES, folder / "sources", ignore=ignored)
    git = ("git", "-c", "user.name=x", "-c", "user.email=x@example.com")
    run(folder, "git", "init", "-q")
    run(folder, "git", "add", ".")
    run(folder, *git, "commit", "-q", "-m", "x")
    return folder


def test_project_of_its_own(tmp_path: Path, start_apple: StartApple) -> None:
    """Where nothing but dlt is installed: init, pip install, and the generated script loads all."""
    origin, project = tmp_path / "clone", tmp_path / "project"
    origin.mkdir()
    project.mkdir()
    run(tmp_path, sys.executable, "-m", "venv", "venv")
    bin_folder = tmp_path / "venv" / "bin"
    pip = (str(bin_folder / "pip"), "--disable-pip-version-check", "install", "--quiet")
    run(tmp_path, *pip, BARE)
    place = ("--location", str(repository(origin)))
    run(project, str(bin_folder / "dlt"), "init", NAME, "duckdb", *place, text="y\n")
    stubs = tomllib.loads((project / ".dlt" / "secrets.toml").read_text())
    run(project, *pip, "-r", "requirements.txt")
    world = overlapping_world(days=3)
    apple = start_apple(world)
    script = f"{NAME}_pipeline.py"
    for _ in range(2):  # the second run has nothing to load
        run(project, str(bin_folder / "python"), script, **key_of(apple))

    assert {"issuer_id", "key_id", "private_key"} == stubs["sources"][NAME].keys()
    with duckdb.connect(str(project / f"{NAME}.duckdb")) as database:
        (count,) = database.execute(
            "select count(*) from app_store_connect_raw.app_crashes_daily"
        ).fetchone() or (0,)
    assert sum(len(each.rows()) for each in world.segments.values()) == count
