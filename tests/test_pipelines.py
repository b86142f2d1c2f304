"""The job as cron runs it: a process of its own, which can be killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dlt
import pytest

from tests.asking import StartApple
from tests.conftest import Job, Locks, key_of
from tests.emulator import Emulator, rows_of
from tests.worlds import differences, overlapping_world

SCRIPT = Path(__file__).parents[1] / "pipelines" / "asc_segments.py"
RAW = "app_store_connect_raw.app_crashes_daily"


def start(apple: Emulator, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), *arguments],
        env=os.environ | key_of(apple),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_script_runs_from_any_folder(start_apple: StartApple, job: Job) -> None:
    """`python pipelines/asc_segments.py` needs no path to be set; --json is all of stdout."""
    world = overlapping_world(days=3)
    with start(start_apple(world), "--json") as process:
        out, err = process.communicate()

    assert 0 == process.returncode
    assert 6 == json.loads(out)["instances"]
    assert "instances to load or check" in err
    assert [] == differences(job, world)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["term", "ctrl-c"])
def test_interrupted_run_exits_130(number: int, start_apple: StartApple, job: Job) -> None:
    """Ctrl-C and SIGTERM end the run with 130, without a traceback; the next run goes on."""
    world = overlapping_world(days=6)
    apple = start_apple(world, store_latency=timedelta(seconds=2))
    with start(apple) as process:
        while not apple.downloads and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(number)
        _, err = process.communicate()
    again = job.run(start_apple(world))

    assert 130 == process.returncode
    assert "Traceback" not in err
    assert 0 == again.exit_code
    assert [] == differences(job, world)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["int", "term"])
@pytest.mark.parametrize("delay", [0.0, 0.05])
def test_signal_after_the_run_changes_nothing(
    delay: float, number: int, start_apple: StartApple
) -> None:
    """A signal while the process ends, the summary being out, does not make it a failure."""
    with start(start_apple(overlapping_world(days=1))) as process:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("Try: "):
                break
        time.sleep(delay)
        process.send_signal(number)
        _, err = process.communicate()

    assert process.returncode in (0, 130)
    assert "Traceback" not in err


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("delay", [0.0, 0.1, 0.3, 0.6])
def test_killed_run_leaves_nothing_wrong(
    delay: float, start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL while batches are committed: the next run ends in the truth, each row once."""
    monkeypatch.setenv("SOURCES__APP_STORE_CONNECT__BATCH_SEGMENTS", "4")
    world = overlapping_world(days=8)
    apple = start_apple(world)
    with start(apple) as process:
        while len(apple.downloads) < 8 and process.poll() is None:
            time.sleep(0.01)
        time.sleep(delay)
        process.kill()
    result = job.run(apple)

    assert 0 == result.exit_code
    assert [] == differences(job, world)
    in_files = sum(len(rows_of(i)) for i in world.instances.values())
    assert [(in_files,)] == job.query(f"select count(*) from {RAW}")


@pytest.mark.slow
def test_second_run_at_the_same_time_is_told(start_apple: StartApple, job: Job) -> None:
    """Two runs on one DuckDB file: the second ends with a message, the first is not disturbed."""
    world = overlapping_world(days=3)
    slow = start_apple(world, store_latency=timedelta(seconds=6))
    with start(slow) as first:
        while not slow.downloads and first.poll() is None:
            time.sleep(0.05)
        with start(start_apple(world), "--wait", "0") as second:
            _, err = second.communicate()
        first.communicate()

    assert (0, 2) == (first.returncode, second.returncode)
    assert "in use by another process" in err
    assert [] == differences(job, world)


@pytest.mark.slow
def test_plain_pipeline_of_the_same_name_lives_on(
    start_apple: StartApple, job: Job, tmp_path: Path
) -> None:
    """The job empties its own folder, not that of a pipeline which happens to share its name."""
    apple, codes = start_apple(overlapping_world(days=1)), list[int]()
    database = dlt.destinations.duckdb(str(tmp_path / "plain.duckdb"))
    pipeline = dlt.pipeline("asc_segments", destination=database, dataset_name="mine")

    @dlt.resource(name="numbers")
    def numbers() -> Iterator[dict[str, int]]:
        yield {"number": 1}
        with start(apple) as process:
            process.communicate()
        codes.append(process.returncode)
        yield {"number": 2}

    pipeline.run(numbers())

    assert [0] == codes
    with pipeline.sql_client() as client:
        assert [(2,)] == client.execute_sql("select count(*) from numbers")


@pytest.mark.slow
def test_working_folder_is_free_after_a_run(
    start_apple: StartApple, job: Job, locks: Locks
) -> None:
    """A process that runs the job again need not wait for Python to collect the last run's lock."""
    job.run(start_apple(overlapping_world(days=1)))

    assert locks.taken
    assert [] == locks.held()


@pytest.mark.slow
def test_runs_in_two_folders_at_the_same_time(
    start_apple: StartApple, job: Job, tmp_path: Path
) -> None:
    """Two accounts loaded side by side do not share dlt's working folder."""
    world = overlapping_world(days=4)
    slow = start_apple(world, store_latency=timedelta(seconds=3))
    other = tmp_path / "other"
    other.mkdir()
    with start(slow) as first:
        while not slow.downloads and first.poll() is None:
            time.sleep(0.05)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(other)
            second = job.run(start_apple(overlapping_world(days=2)))
        was_running = first.poll() is None
        first.communicate()

    assert was_running
    assert (0, 0) == (first.returncode, second.exit_code)
    assert [] == differences(job, world)
