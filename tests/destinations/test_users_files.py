"""Files and folders of the user's in a lake are neither read nor counted nor deleted."""

import shutil
from pathlib import Path

import pytest

from app_store_connect.warehouse.files import REMOVED
from tests.asking import StartApple
from tests.conftest import KEYS
from tests.destinations.lakes import RAW, TO_FILES, LakeJob, lake_flaws
from tests.destinations.worlds import restate
from tests.worlds import differences, overlapping_world

NAMES = (
    "2026-notes.txt",
    ".DS_Store",
    "1000000000.12.backup.parquet.bak",
    "1000000000.12.backup.parquet",
    "1.2.txt",
    "notes.json",
)
FOLDERS = ("app_crashes_daily", "analytics_report_segments", "_dlt_loads", "_dlt_version", "")
OWN_FOLDERS = ("app_crashes_daily", "analytics_report_segments")


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as abandoned at once."""
    monkeypatch.setattr("app_store_connect.warehouse.files.FINISHED_WITHIN_SECONDS", 0.3)
    monkeypatch.setenv(f"{KEYS}SWEEP_AFTER_HOURS", "0.0001")


def dataset(lake: LakeJob) -> Path:
    return Path(lake.place.url, RAW)


def contents(files: list[Path]) -> list[bytes]:
    return [each.read_bytes() for each in files]


@pytest.mark.slow
def test_users_files(lake: LakeJob, start_apple: StartApple) -> None:
    """What is not wholly named as dlt names its files is the user's, whatever it looks like."""
    world = overlapping_world(days=2)
    apple = start_apple(world)
    lake.run(apple, *TO_FILES)
    mine = [dataset(lake) / folder / name for folder in FOLDERS for name in NAMES]
    (dataset(lake) / REMOVED).mkdir(exist_ok=True)
    mine += [dataset(lake) / REMOVED / name for name in NAMES]
    for file in mine:
        file.write_text("mine")
    apple.forget()
    quiet = lake.run(apple, *TO_FILES)
    downloads = list(apple.downloads)
    restate(world)
    restated = lake.run(apple, *TO_FILES)

    assert (0, [], 0) == (quiet.exit_code, downloads, restated.exit_code), restated.summary
    assert {b"mine"} == {*contents(mine)}
    assert [] == lake_flaws(lake, world)


@pytest.mark.slow
@pytest.mark.nightly
def test_copied_folders(lake: LakeJob, start_apple: StartApple) -> None:
    """A copy of a table's folder is no table: nothing of it counts, even of a dead load."""
    world = overlapping_world(days=2)
    apple = start_apple(world)
    lake.run(apple, *TO_FILES)
    for name in OWN_FOLDERS:
        shutil.copytree(dataset(lake) / name, dataset(lake) / f"{name}_copy")
    dead = dataset(lake) / "app_crashes_daily_copy" / "1000000000.12.0123456789.parquet"
    dead.write_bytes(b"PAR1 and no more")
    torn = dataset(lake) / "app_crashes_daily_copy" / "metadata" / "00009-x.metadata.json"
    torn.parent.mkdir(exist_ok=True)
    torn.write_bytes(b"")
    mine = sorted(each for each in dataset(lake).glob("*_copy/**/*") if each.is_file())
    before = contents(mine)
    for instance in world.instances.values():
        instance.is_listed = False
    apple.forget()
    quiet = lake.run(apple, *TO_FILES)
    found = [differences(lake, world), apple.downloads]
    for instance in world.instances.values():
        instance.is_listed = True
    restate(world)
    restated = lake.run(apple, *TO_FILES)

    assert (0, [[], []], 0) == (quiet.exit_code, found, restated.exit_code), restated.summary
    assert before == contents(mine)
    assert [] == lake_flaws(lake, world)


@pytest.mark.slow
@pytest.mark.nightly
def test_removed_folder(lake: LakeJob, start_apple: StartApple) -> None:
    """A table whose folder the user removed is loaded again as far as Apple lists it."""
    world = overlapping_world(days=2)
    apple = start_apple(world)
    lake.run(apple, *TO_FILES)
    shutil.rmtree(dataset(lake) / "app_crashes_daily")
    result = lake.run(apple, *TO_FILES)

    assert 0 == result.exit_code, result.summary
    assert "no longer have the rows that were loaded" in " ".join(result.summary["notices"])
    assert [] == lake_flaws(lake, world)
