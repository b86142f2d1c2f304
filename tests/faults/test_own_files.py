"""Files that the job makes for itself: who may read them, and what a kill leaves of them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.asking import StartApple
from tests.conftest import Job
from tests.destinations.lakes import TO_FILES, LakeJob, Place, lake_flaws
from tests.faults.processes import dying, flaws, run
from tests.worlds import overlapping_world

OTHERS = 0o077
IN_A_LOAD = "dlt.load.load:Load.complete_package:before:1"
UNPUBLISHED = "pathlib:Path.replace:before:1"
WRITE_AND_DIE = """
import duckdb, os
database = duckdb.connect("asc_segments.duckdb")
database.execute("create table mine as select range as number from range(9000)")
os._exit(9)
"""


def are_open(files: list[Path], top: Path) -> list[str]:
    """Those that other users can reach from the top folder."""

    def is_open(path: Path) -> bool:
        way = [path, *path.parents]
        return all(each.stat().st_mode & OTHERS for each in way[: way.index(top)])

    return [str(each) for each in files if is_open(each)]


def test_rows_in_dlts_folder(start_apple: StartApple, job: Job, tmp_path: Path) -> None:
    """While a run works, and afterwards, no other user can read the rows in dlt's folder, whatever
    the umask, and whoever made the folder.
    """
    apple = start_apple(overlapping_world(days=1))
    folder = tmp_path / "dlt" / "asc_segments_job"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    before = os.umask(0)
    try:
        code, _, err = run(apple, env=dying(IN_A_LOAD))
        under_way = list(folder.rglob("*.parquet"))
        open_then = are_open(under_way, tmp_path / "dlt")
        again = job.run(apple)
    finally:
        os.umask(before)
    found = (tmp_path / "dlt").rglob("*")
    files = [each for each in found if each.is_file() and each.suffix != ".lock"]

    assert (-signal.SIGKILL, True, []) == (code, bool(under_way), open_then), err
    assert (0, []) == (again.exit_code, are_open(files, tmp_path / "dlt"))


def test_garbled_wal(start_apple: StartApple, job: Job) -> None:
    """The message says what to do, and that helps."""
    world = overlapping_world(days=2)
    apple = start_apple(world)
    job.run(apple)
    subprocess.run([sys.executable, "-c", WRITE_AND_DIE], check=False)
    wal = job.database.with_name(f"{job.database.name}.wal")
    content = bytearray(wal.read_bytes())
    content[len(content) // 2] ^= 255
    wal.write_bytes(content)
    apple.forget()
    refused = job.run(apple)
    asked = list(apple.exchanges)
    wal.unlink()
    again = job.run(apple)

    assert (2, []) == (refused.exit_code, asked)
    assert "move that file, whose name ends in .wal, away" in refused.summary["error"]
    assert (0, {}) == (again.exit_code, flaws(job, world))


@pytest.mark.slow
def test_unfinished_file_of_a_lake(
    start_apple: StartApple, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The DuckDB file that a killed run began is gone after the next run."""
    world = overlapping_world(days=1)
    apple = start_apple(world)
    lake = LakeJob(monkeypatch, Place(str(tmp_path / "lake")), "parquet")
    codes = [run(apple, *TO_FILES, env=dying(UNPUBLISHED))[0] for _ in range(2)]
    left = list(Path().iterdir())
    result = lake.run(apple, *TO_FILES)

    assert [-signal.SIGKILL] * 2 == codes
    assert 1 == len(left), left
    assert (0, [lake.database]) == (result.exit_code, [*Path.cwd().iterdir()])
    assert [] == lake_flaws(lake, world)
