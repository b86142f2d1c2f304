"""The destination, or a disk, is not as the job left it, or goes away while it writes."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from app_store_connect.warehouse import duckdb_settings
from tests.asking import StartApple
from tests.conftest import KEYS, Job
from tests.emulator import Emulator, World
from tests.faults.processes import (
    SMALL_BATCHES,
    finish,
    flaws,
    run,
    small_disk,
    start,
    unavailable,
    wrong_views,
)
from tests.worlds import APPS, CRASHES, TODAY, add_vintage, overlapping_world, world_with_reports

MANY = 20_000


@pytest.fixture
def world() -> World:
    return overlapping_world(days=4)


def large_world() -> World:
    """12 MB that cannot be compressed, more than is spooled in memory, after a small instance."""
    world = world_with_reports(CRASHES, app_ids=APPS[:1])
    report = world.report(APPS[0], CRASHES)
    add_vintage(world, report, TODAY - timedelta(days=2))
    world.add_instance(report, "DAILY", TODAY, [large_rows(TODAY)])
    return world


def large_rows(day: date) -> list[dict[str, str | None]]:
    stamps = [os.urandom(320).hex() for _ in range(MANY)]
    return [
        {"Date": day.isoformat(), "App Version": stamp, "Device": stamp[::-1], "Crashes": "1"}
        for stamp in stamps
    ]


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize(
    ("full", "megabytes", "code"),
    [
        ("TMPDIR", 4, 1),
        ("DLT_DATA_DIR", 8, 1),
        ("DLT_DATA_DIR", 0.004, 2),
        ("database", 9, 1),
        ("database", 0.004, 2),
    ],
    ids=["spool", "dlt's packages", "dlt at once", "DuckDB", "DuckDB at once"],
)
def test_full_disk(
    full: str, megabytes: float, code: int, start_apple: StartApple, job: Job, tmp_path: Path
) -> None:
    """A disk that fills up is named, once and with what to do; with space the next run ends in the
    truth.
    """
    world = large_world()
    apple = start_apple(world)
    with small_disk(megabytes) as disk:
        env = {full: str(disk)}
        if full == "database":
            env = {"DESTINATION__DUCKDB__CREDENTIALS": f"duckdb:///{disk}/{job.database.name}"}
        found, out, err = run(apple, env=env | {f"{KEYS}BATCH_SEGMENTS": "1"})
        wrong = wrong_views(job, world) if job.database.exists() else []
        if full == "database" and code == 1:
            for name in (job.database.name, f"{job.database.name}.wal"):
                if (disk / name).exists():
                    shutil.copy(disk / name, job.database.with_name(name))
    again = run(apple)

    assert code == found, (out, err)
    assert "space left" in out + err
    assert "free some space" in out + err or code == 2
    assert "Traceback" not in out + err
    assert "exception in job" not in err
    assert [] == wrong
    assert 0 == again[0], again
    assert {} == flaws(job, world)


@pytest.mark.slow
@pytest.mark.parametrize("free_kilobytes", [0, 8])
def test_full_disk_before_the_first_load(
    free_kilobytes: int, world: World, start_apple: StartApple, job: Job
) -> None:
    """A file that could not be begun is removed, so that the next run begins it."""
    apple = start_apple(world)
    with small_disk(1) as disk:
        file = disk / "asc_segments.duckdb"
        env = {"DESTINATION__DUCKDB__CREDENTIALS": f"duckdb:///{file}"}
        filler = disk / "filler"
        filler.write_bytes(bytes(1024 * (1024 - free_kilobytes)))
        code, _, err = run(apple, env=env)

        assert 2 == code, err
        assert "No space left on device; free space on its disk" in err
        assert not file.exists()


@pytest.mark.slow
@pytest.mark.parametrize("gone", ["dlt's folder", "dlt's folder, half way", "another machine"])
def test_working_folder_is_gone(
    gone: str, world: World, start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is loaded is asked of the database alone: a lost folder costs nothing."""
    apple = start_apple(world)
    last = list(world.instances.values())[-1]
    world.hide(last)
    job.run(apple)
    world.reveal(last)
    folder = Path(os.environ["DLT_DATA_DIR"])
    if gone == "another machine":
        monkeypatch.setenv("DLT_DATA_DIR", str(folder.with_name("elsewhere")))
    else:
        shutil.rmtree(folder / "asc_segments_job" / "asc_segments" if "half" in gone else folder)
    result = job.run(apple, "--recheck", "0")

    assert (0, 1) == (result.exit_code, result.summary["instances"])
    assert {} == flaws(job, world)


@pytest.mark.slow
def test_locked_for_writing(world: World, start_apple: StartApple, job: Job) -> None:
    """A database that another process holds open: said at once, exit code 2, and nothing asked of
    Apple.
    """
    apple = start_apple(world)
    with duckdb.connect(str(job.database)):
        code, _, err = run(apple, "--wait", "0")

    assert 2 == code
    assert "in use by another process" in err
    assert "Traceback" not in err
    assert [] == apple.exchanges


@pytest.mark.slow
@pytest.mark.parametrize("what", ["file", "folder"])
def test_read_only(what: str, world: World, start_apple: StartApple, job: Job) -> None:
    """A database that cannot be written: exit code 2, and nothing asked of Apple."""
    apple = start_apple(world)
    job.run(apple)
    apple.forget()
    target = job.database if what == "file" else job.database.parent
    with read_only(target):
        code, _, err = run(apple, cwd=target.parent if what == "folder" else None, env=at(job))

    assert 2 == code, err
    assert "cannot be opened" in err
    assert [] == apple.exchanges
    assert {} == flaws(job, world)


def at(job: Job) -> dict[str, str]:
    return {"DESTINATION__DUCKDB__CREDENTIALS": f"duckdb:///{job.database}"}


@contextmanager
def read_only(path: Path) -> Iterator[None]:
    """Root may write whatever the mode says, so it is mounted over itself."""
    name = str(path)
    for options in (["--bind", name], ["-o", "remount,bind,ro"]):
        done = subprocess.run(
            ["mount", *options, name],  # noqa: S607  # wherever it is
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            unavailable(f"nothing can be mounted read-only here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", path], check=True)  # noqa: S607  # wherever it is


@pytest.mark.slow
@pytest.mark.parametrize("fate", ["removed", "replaced", "folder removed"])
def test_database_goes_away(fate: str, world: World, start_apple: StartApple, job: Job) -> None:
    """A database file that is removed or replaced while the job writes: said, exit code 1, not a
    success into nowhere; the next run loads all of it again.
    """
    apple = start_apple(world, store_latency=timedelta(milliseconds=300))
    home = job.database.parent / "home"
    home.mkdir()
    path = home / job.database.name
    process = start(apple, env=SMALL_BATCHES, cwd=home)
    wait_for_downloads(apple, process, 6)
    if fate == "folder removed":
        shutil.rmtree(home)
    else:
        path.unlink()
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    if fate == "replaced":
        with duckdb.connect(str(path)) as connection:
            connection.execute("create table theirs as select 42 as answer")
    code, out, err = finish(process)
    home.mkdir(exist_ok=True)
    again = run(apple, cwd=home)
    if fate == "replaced":
        with duckdb.connect(str(path), read_only=True) as connection:
            assert (42,) == connection.execute("select answer from theirs").fetchone()

    assert 1 == code, (out, err)
    assert "was removed or replaced" in out
    assert "Traceback" not in err
    assert 0 == again[0], again
    assert {} == flaws(Job(pytest.MonkeyPatch(), path), world)


def wait_for_downloads(apple: Emulator, process: subprocess.Popen[str], count: int) -> None:
    while len(apple.downloads) < count and process.poll() is None:
        time.sleep(0.02)


@pytest.mark.slow
def test_load_needs_more_memory(
    start_apple: StartApple,
    job: Job,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What does not fit in the little memory that DuckDB is to take is loaded anyway, and after it
    nothing is tried so again.
    """
    monkeypatch.setattr(duckdb_settings, "_LEAST_MEGABYTES", 24)
    monkeypatch.setattr(duckdb_settings, "_MEGABYTES_PER_THREAD", 1)
    caplog.set_level("DEBUG", logger="asc_pipeline.dlt_pipeline.packages")
    monkeypatch.setenv(f"{KEYS}BATCH_SEGMENTS", "1")
    world = large_world()
    world.add_instance(world.report(APPS[0], CRASHES), "DAILY", TODAY, [large_rows(TODAY)])
    result = job.run(start_apple(world))

    assert 1 == caplog.text.count("begun again with more memory")
    assert 0 == result.exit_code, result.stdout
    assert {} == flaws(job, world)
