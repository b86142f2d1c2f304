"""Files in a real S3 server as a destination."""

import signal
from collections.abc import Iterator

import pytest

from tests.asking import StartApple
from tests.destinations.lakes import FORMATS, TO_FILES, LakeJob, Place, lake_flaws
from tests.destinations.safe_tables import SafeReader
from tests.destinations.worlds import TYPES_QUESTION, expected_types, restate, world_of_types
from tests.faults.exact import findings
from tests.faults.processes import dying, run
from tests.faults.s3 import BUCKET, S3, seaweedfs
from tests.worlds import PURCHASES, overlapping_world

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
