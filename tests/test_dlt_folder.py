"""dlt's own commands find the job by its name."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import dlt
import pytest

import app_store_connect as asc
from tests.asking import StartApple
from tests.conftest import Job
from tests.worlds import overlapping_world


def dlt_says(*arguments: str) -> str:
    """What `dlt pipeline asc_segments ...` prints, from another folder."""
    done = subprocess.run(
        [Path(sys.executable).with_name("dlt"), "pipeline", "asc_segments", *arguments],
        cwd="..",
        env=os.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.fixture
def pipelines(tmp_path: Path) -> Path:
    return tmp_path / "dlt" / "pipelines"


@pytest.mark.slow
def test_found_by_name(start_apple: StartApple, job: Job, pipelines: Path) -> None:
    """With its tables, and a trace of all steps, without a setting or a secret."""
    apple = start_apple(overlapping_world(days=2))
    job.run(apple)
    info, trace = dlt_says("info"), dlt_says("trace")
    files = [path for path in pipelines.rglob("*") if path.is_file()]
    held = b"".join(path.read_bytes() for path in files)
    (kept,) = [pickle.loads(each.read_bytes()) for each in files if each.name == "trace.pickle"]  # noqa: S301  # ours

    assert "Found pipeline asc_segments" in info
    assert "app_store_connect" in info
    assert "3 steps" in trace
    assert [] == kept.resolved_config_values
    assert apple.key_id.encode() not in held
    assert apple.private_key.splitlines()[1].encode() not in held
    assert ["asc_segments"] == [path.name for path in pipelines.iterdir() if path.is_dir()]


@pytest.mark.slow
def test_pipeline_of_the_same_name(start_apple: StartApple, job: Job, pipelines: Path) -> None:
    """A plain pipeline's folder stays the user's, also if it went on from the job's copy."""
    apple = start_apple(overlapping_world(days=2))
    job.run(apple)
    pipeline = dlt.pipeline("asc_segments", destination="duckdb", dataset_name="mine")
    pipeline.run([{"id": 1}], table_name="own")
    state = (pipelines / "asc_segments" / "state.json").read_bytes()
    job.run(apple)

    assert state == (pipelines / "asc_segments" / "state.json").read_bytes()
    assert [(1,)] == job.query("select count(*) from mine.own")


def test_attached(start_apple: StartApple, job: Job) -> None:
    """The copy is a pipeline whose views can be read; without it nothing is lost."""
    world = overlapping_world(days=2)
    apple = start_apple(world)
    job.run(apple)
    views = asc.dataset(dlt.attach(pipeline_name="asc_segments"))

    assert "app_crashes_daily" in views.tables
    assert 0 == job.run(apple).summary["segments"]
