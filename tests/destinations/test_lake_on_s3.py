"""Files in a real S3 server as a destination."""

import os
import random
import signal
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.asking import StartApple
from tests.destinations.lakes import FORMATS, TO_FILES, LakeJob, Place, lake_flaws
from tests.destinations.safe_tables import SafeReader
from tests.destinations.worlds import TYPES_QUESTION, expected_types, restate, world_of_types
from tests.emulator import Emulator
from tests.faults.exact import findings
from tests.faults.processes import dying, finish, run, start
from tests.faults.s3 import BUCKET, S3, seaweedfs
from tests.worlds import APPS, PURCHASES, TODAY, overlapping_world

pytestmark = [
    pytest.mark.slow,
    pytest.mark.nightly,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("lake on s3"),
]


@pytest.fixture(scope="module")
def weed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    with seaweedfs(tmp_path_factory.mktemp("lake") / "weed") as store:
        yield store


@pytest.fixture(params=FORMATS)
def lake(request: pytest.FixtureRequest, weed: S3, monkeypatch: pytest.MonkeyPatch) -> LakeJob:
    folder = "".join(each if each.isalnum() else "-" for each in request.node.name)
    return LakeJob(monkeypatch, Place(f"s3://{BUCKET}/{folder}", weed), request.param)


def test_restated(lake: LakeJob, start_apple: StartApple) -> None:
    """First, second and third run: all there once, nothing again, restatements followed."""
    world = overlapping_world(days=3)
    apple = start_apple(world)
    first = lake.run(apple, *TO_FILES)
    found = findings(lake, world) + SafeReader(lake).flaws()
    lake.database.unlink()
    apple.forget()
    second = lake.run(apple, *TO_FILES)
    downloads = list(apple.downloads)
    restate(world)
    third = lake.run(apple, *TO_FILES)

    assert (0, [], 0, []) == (first.exit_code, found, second.exit_code, downloads), first
    assert (0, []) == (third.exit_code, lake_flaws(lake, world) + SafeReader(lake).flaws())


HALF_KEPT = {
    "parquet": "asc_pipeline.lake_tables.parquet:ParquetTable._write:after:1",
    "delta": "asc_pipeline.lake_tables.delta:write_deltalake:after:1",
    "iceberg": "pyiceberg.table:Transaction.overwrite:after:1",
}


def test_killed(lake: LakeJob, start_apple: StartApple) -> None:
    """SIGKILL while the safe tables are written: readers find the old rows or the new ones."""
    world = overlapping_world(days=2)
    apple = start_apple(world)
    reader = SafeReader(lake)
    lake.run(apple, *TO_FILES)
    before = reader.rows()
    restate(world)
    code, _, err = run(apple, *TO_FILES, env=dying(HALF_KEPT[lake.table_format]))
    then = reader.rows()
    again = lake.run(apple, *TO_FILES)

    assert -signal.SIGKILL == code, err
    assert then in (before, reader.shown())
    assert (0, []) == (again.exit_code, lake_flaws(lake, world) + reader.flaws())


DAYS = int(os.environ.get("DAYS_OF_A_LAKE", "4"))
LONGEST_SECONDS = 8.0


@pytest.mark.timeout(150 * DAYS)
def test_days_with_kills(lake: LakeJob, start_apple: StartApple) -> None:
    """New instances every day, and SIGKILL on some days: every run that ends leaves the truth."""
    world = overlapping_world(days=DAYS)
    for instance in world.instances.values():
        world.hide(instance)
    apple, reader, chance = start_apple(world), SafeReader(lake), random.Random(DAYS)  # noqa: S311
    kills, found = 0, []
    for age in reversed(range(DAYS)):
        for instance in world.instances.values():
            if instance.processing_date == TODAY - timedelta(days=age):
                world.reveal(instance)
        if age % 2:  # never the last day
            kills += _killed(apple, chance, HALF_KEPT[lake.table_format])
        else:
            result = lake.run(apple, *TO_FILES)
            found.append((result.exit_code, lake_flaws(lake, world) + reader.flaws()))

    assert kills
    assert {(0, ())} == {(code, tuple(flaws)) for code, flaws in found}


def _killed(apple: Emulator, chance: random.Random, place: str) -> bool:
    """Whether a run was killed: at that place, at any moment, or not, since it ended before."""
    if chance.random() < 0.3:
        return run(apple, *TO_FILES, env=dying(place))[0] == -signal.SIGKILL
    process = start(apple, *TO_FILES, "--progress", "log")
    for line in process.stderr or ():
        if "loading" in line:
            break
    time.sleep(chance.random() * LONGEST_SECONDS)
    process.send_signal(signal.SIGKILL)
    return finish(process)[0] == -signal.SIGKILL


def test_two_writers(lake: LakeJob, start_apple: StartApple) -> None:
    """Two runs at once, of an app each: every row is there once. On Iceberg one waits."""
    world = overlapping_world(days=3)
    newest = [each for each in world.instances.values() if each.processing_date == TODAY]
    for instance in newest:
        world.hide(instance)
    apple = start_apple(world)
    first = lake.run(apple, *TO_FILES)
    for instance in newest:
        world.reveal(instance)
    processes = [start(apple, *TO_FILES, "--app-id", app_id) for app_id in APPS]
    ended = [finish(process, timeout=200) for process in processes]
    found = lake_flaws(lake, world)
    again = lake.run(apple, *TO_FILES)

    assert (0, [0, 0], []) == (first.exit_code, [code for code, _, _ in ended], found), ended
    assert (0, []) == (again.exit_code, SafeReader(lake).flaws())


def test_types(lake: LakeJob, start_apple: StartApple) -> None:
    """Decimals, dates, bigints and texts come back as they were."""
    result = lake.run(start_apple(world_of_types()), *TO_FILES, "--report", PURCHASES)

    assert 0 == result.exit_code
    assert expected_types() == lake.query(TYPES_QUESTION)


def test_wrong_key(lake: LakeJob, start_apple: StartApple) -> None:
    """A key that the server does not know ends with 2, before anything is downloaded."""
    lake._monkeypatch.setenv("DESTINATION__FILESYSTEM__CREDENTIALS__AWS_SECRET_ACCESS_KEY", "wrong")
    apple = start_apple(overlapping_world(days=1))
    result = lake.run(apple, *TO_FILES)

    assert (2, []) == (result.exit_code, apple.downloads)
    assert "the destination" in result.summary["error"]
