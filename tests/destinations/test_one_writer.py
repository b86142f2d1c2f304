"""An Iceberg lake takes one writer at a time, and says so."""

import json
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from asc_pipeline.dlt_pipeline import writer_lock
from tests.asking import StartApple
from tests.destinations.lakes import RAW, TO_FILES, LakeJob, Place, lake_flaws
from tests.faults.processes import finish, start
from tests.faults.s3 import BUCKET, S3, seaweedfs
from tests.worlds import overlapping_world

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.xdist_group("lake on s3")]


@pytest.fixture(scope="module")
def weed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    with seaweedfs(tmp_path_factory.mktemp("lock") / "weed") as store:
        yield store


@pytest.fixture(params=["disk", "bucket"])
def lake(
    request: pytest.FixtureRequest, tmp_path: Path, weed: S3, monkeypatch: pytest.MonkeyPatch
) -> LakeJob:
    bucket = Place(f"s3://{BUCKET}/{request.node.name.replace('[', '-')[:-1]}", weed)
    place = bucket if request.param == "bucket" else Place(str(tmp_path / "lake"))
    return LakeJob(monkeypatch, place, "iceberg")


def test_second_run(lake: LakeJob, start_apple: StartApple) -> None:
    """It waits for the first one, or ends with 2 before it asks Apple; a plan is free to run."""
    world = overlapping_world(days=2)
    apple = start_apple(world, store_latency=timedelta(seconds=1))
    first = start(apple, *TO_FILES)
    while not apple.downloads:
        assert first.poll() is None
    refused = lake.run(apple, *TO_FILES, "--wait", "0")
    planned = lake.run(apple, *TO_FILES, "--plan")
    waited = lake.run(apple, *TO_FILES, "--wait", "200")
    code, _, err = finish(first)

    assert (2, 0, 0, 0) == (refused.exit_code, planned.exit_code, waited.exit_code, code), err
    assert "takes one writer at a time; wait until that run ends" in refused.summary["error"]
    assert [] == lake_flaws(lake, world)


@pytest.mark.nightly
@pytest.mark.parametrize("is_elsewhere", [False, True], ids=["this machine", "another"])
def test_killed_writer(
    is_elsewhere: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    start_apple: StartApple,
) -> None:
    """Its lock is taken over: at once if its process is known to be gone, else when it stays."""
    monkeypatch.setattr(writer_lock, "DEAD_AFTER_SECONDS", 3.0)
    lake = LakeJob(monkeypatch, Place(str(tmp_path)), "iceberg")
    world = overlapping_world(days=2)
    apple = start_apple(world, store_latency=timedelta(seconds=1))
    killed = start(apple, *TO_FILES)
    while not apple.downloads:
        assert killed.poll() is None
    killed.send_signal(signal.SIGKILL)
    finish(killed)
    lock = tmp_path / f"{RAW}{writer_lock.LOCK}"
    told = json.loads(lock.read_text())
    if is_elsewhere:
        lock.write_text(json.dumps(told | {"host": "elsewhere"}))
    refused = lake.run(apple, *TO_FILES, "--wait", "0")
    if is_elsewhere:
        assert (2, True) == (refused.exit_code, "on elsewhere" in refused.summary["error"])
    result = lake.run(apple, *TO_FILES, "--wait", "10")

    assert (0, False) == (result.exit_code, lock.exists())
    assert [] == lake_flaws(lake, world)
