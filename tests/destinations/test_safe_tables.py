"""The safe tables of a lake: the rows of the views, for engines that see files alone."""

import signal
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from asc_pipeline.lake_tables.partitions import Partition, change_of, version_of
from tests.asking import StartApple
from tests.conftest import KEYS
from tests.destinations.lakes import TO_FILES, LakeJob, Place, lake_flaws
from tests.destinations.safe_tables import SafeReader, partition_of
from tests.destinations.worlds import restate
from tests.emulator import World
from tests.faults.processes import dying, run
from tests.worlds import APPS, CRASHES, TODAY, add_vintage, crash_rows, overlapping_world

LONG_AGO = TODAY - timedelta(days=70)


@pytest.fixture
def reader(lake: LakeJob) -> SafeReader:
    return SafeReader(lake)


def world_of_two_months() -> World:
    world = overlapping_world(days=2)
    for app_id in APPS:
        add_vintage(world, world.report(app_id, CRASHES), LONG_AGO, window=1)
    return world


def republish(world: World, vintage: int) -> None:
    newest = max(world.instances.values(), key=world.rank)
    app_id = newest.report.request.app_id
    day = TODAY - timedelta(days=1)
    world.republish(newest.segments[0], crash_rows(app_id, day, vintage))


def test_versions_tell_what_has_changed() -> None:
    """New, changed and lost partitions; equal slices and columns make an equal version."""
    a, b, c, d = (Partition(1, f"2026-{month:02}") for month in (9, 10, 11, 12))
    change = change_of({a: "1", b: "1", c: "1"}, {a: "1", b: "2", d: "1"})

    assert ({b: "2", d: "1"}, {b: "1", c: "1"}) == (change.new, change.old)
    assert [b, c, d] == change.partitions
    assert version_of("1 2", ["date"]) == version_of("1 2", ["date"])
    assert 3 == len({version_of(*each) for each in [("1 2", "a"), ("12", "a"), ("1 2", "ab")]})


def test_only_what_has_changed_is_written(
    lake: LakeJob, reader: SafeReader, start_apple: StartApple
) -> None:
    """The tables hold what the views show; a run with nothing new writes nothing, another one the
    partitions of the dates that have changed.
    """
    world = world_of_two_months()
    apple = start_apple(world)
    first = lake.run(apple, *TO_FILES)
    flaws, files, listed = reader.flaws(), reader.files(), reader.listed()
    lake.run(apple, *TO_FILES)
    files_then = reader.files()
    restate(world)
    third = lake.run(apple, *TO_FILES)
    kept = {*listed} & {*reader.listed()}

    assert (0, [], files) == (first.exit_code, flaws, files_then)
    assert (0, []) == (third.exit_code, reader.flaws())
    assert [f"{each}/{LONG_AGO:%Y-%m}" for each in APPS] == sorted(
        partition_of(each).rpartition("/")[0] for each in kept
    )
    assert [] == lake_flaws(lake, world)


@pytest.mark.slow
def test_months_and_columns_come_and_go(
    lake: LakeJob, reader: SafeReader, start_apple: StartApple
) -> None:
    """A partition without rows is gone, and a new column is in all files."""
    world = world_of_two_months()
    apple = start_apple(world)
    lake.run(apple, *TO_FILES)
    oldest = next(each for each in world.instances.values() if each.processing_date == LONG_AGO)
    world.republish(oldest.segments[0], [])
    row = {"Date": TODAY.isoformat(), "Crashes": "1", "Crash Kind": "1.10"}
    report = world.report(APPS[0], CRASHES)
    world.add_instance(report, "DAILY", TODAY, [[row]], columns=list(row))
    result = lake.run(apple, *TO_FILES, "--recheck", "90")
    table = reader.table()

    assert (0, []) == (result.exit_code, reader.flaws())
    assert "crash_kind" in table.column_names
    assert 3 == len(reader.listed())


KEEP = "asc_pipeline.lake_tables"
DEATHS = {
    "parquet": {
        "before": f"{KEEP}.parquet:ParquetTable.replace:before:1",
        "rows written": f"{KEEP}.parquet:ParquetTable._write:after:1",
        "manifest half there": "fsspec.implementations.local:LocalFileSystem.mv:before:1",
        "after": f"{KEEP}.parquet:ParquetTable.replace:after:1",
    },
    "delta": {
        "before": f"{KEEP}.delta:write_deltalake:before:1",
        "after": f"{KEEP}.delta:write_deltalake:after:1",
    },
    "iceberg": {
        "before": f"{KEEP}.iceberg:IcebergTable.replace:before:1",
        "rows written": "pyiceberg.table:Transaction.overwrite:after:1",
        "after": f"{KEEP}.iceberg:IcebergTable.replace:after:1",
    },
}


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize(
    ("lake", "place"),
    [(kind, place) for kind, places in DEATHS.items() for place in places.values()],
    indirect=["lake"],
    ids=[f"{kind}, {name}" for kind, places in DEATHS.items() for name in places],
)
def test_killed(lake: LakeJob, place: str, reader: SafeReader, start_apple: StartApple) -> None:
    """SIGKILL anywhere: readers find the old rows or the new; the next run ends in the truth."""
    world = world_of_two_months()
    apple = start_apple(world)
    lake.run(apple, *TO_FILES)
    before = reader.rows()
    restate(world)
    code, _, err = run(apple, *TO_FILES, env=dying(place))
    then = reader.rows()
    again = lake.run(apple, *TO_FILES)

    assert -signal.SIGKILL == code, err
    assert then in (before, reader.shown())
    assert (0, []) == (again.exit_code, reader.flaws())


@pytest.mark.slow
def test_old_files_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start_apple: StartApple
) -> None:
    """Files of Parquet that the manifest no longer lists stay for a while; the user's stay."""
    lake = LakeJob(monkeypatch, Place(str(tmp_path / "lake")), "parquet")
    reader, world = SafeReader(lake), world_of_two_months()
    apple = start_apple(world)
    lake.run(apple, *TO_FILES)
    first = {*reader.listed()}
    notes = Path(reader.folder(), "notes.parquet")
    notes.write_text("mine")
    republish(world, vintage=5)
    lake.run(apple, *TO_FILES)
    second = {*reader.listed()}
    young = [Path(each).exists() for each in first - second]
    monkeypatch.setenv(f"{KEYS}SWEEP_AFTER_HOURS", "0.0001")
    for vintage in (6, 7):  # the first run writes what will be old for the second
        republish(world, vintage)
        lake.run(apple, *TO_FILES)

    assert {True} == {*young}
    assert {False} == {Path(each).exists() for each in first - second}
    assert ("mine", []) == (notes.read_text(), reader.flaws())


def test_read_by_duckdb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start_apple: StartApple
) -> None:
    """The statement of the documentation, which needs no file of the job's."""
    lake = LakeJob(monkeypatch, Place(str(tmp_path / "lake")), "parquet")
    lake.run(start_apple(overlapping_world(days=2)), *TO_FILES)
    manifest = f"{SafeReader(lake).folder()}/_symlink_format_manifest/manifest"
    with duckdb.connect() as database:
        database.execute(
            "set variable files = (select string_split(trim(content, chr(10)), chr(10))"
            f" from read_text('{manifest}'))"
        )
        found = database.execute("select sum(crashes) from read_parquet(getvariable('files'))")
        total = found.fetchall()

    assert total == lake.query("select sum(crashes) from app_store_connect.app_crashes_daily")
