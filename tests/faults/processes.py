"""The job as a process that things happen to, and what its database must hold afterwards."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Job, key_of
from tests.emulator import Emulator, World
from tests.worlds import CRASHES, Database, shown_rows, true_rows

SCRIPT = Path(__file__).parents[2] / "pipelines" / "asc_segments.py"
INJECT = Path(__file__).parent / "inject"
SMALL_BATCHES = {"SOURCES__APP_STORE_CONNECT__BATCH_SEGMENTS": "4"}
RAW = "app_store_connect_raw"
LEDGER = f"{RAW}.analytics_report_segments"
SLICES = f"{RAW}.analytics_slices"
LATEST = (
    "(select * from (select *, row_number() over (partition by instance_id, segment_id"
    f" order by _dlt_load_id desc) as recency from {LEDGER}) as loaded where recency = 1) as l"
)
COMPLETE = f"(select load_id from {RAW}._dlt_loads where status = 0)"
# that of the report: a run that loaded only Apple's lists makes the views that tell of all reports
VIEW_COUNT = (
    "select count(*) from information_schema.tables"
    " where table_type = 'VIEW' and table_name = 'app_crashes_daily'"
)


def start(
    apple: Emulator,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    script: Path = SCRIPT,
) -> subprocess.Popen[str]:
    """The main job, in the current folder, with the key of an emulator."""
    return subprocess.Popen(
        [sys.executable, str(script), *arguments],
        env={**os.environ, **key_of(apple), **(env or {})},
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str], timeout: float = 90) -> tuple[int, str, str]:
    """Exit code, stdout and stderr; a process that hangs is killed and fails the test."""
    with process:
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            pytest.fail(f"the job did not end within {timeout} s: {err[-2000:]}")
    return process.returncode, out, err


def run(
    apple: Emulator, *arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> tuple[int, str, str]:
    return finish(start(apple, *arguments, env=env, cwd=cwd))


def dying(place: str, pattern: str = "") -> dict[str, str]:
    """The environment of a run that is killed there; see inject/sitecustomize.py."""
    path = os.pathsep.join(filter(None, (str(INJECT), os.environ.get("PYTHONPATH"))))
    return {"DIE_AT": place, "DIE_IF": pattern, "PYTHONPATH": path}


def wrong_views(database: Database, world: World) -> list[str]:
    """The tables whose view is not what Apple would call true of the instances that are loaded."""
    if database.query(VIEW_COUNT) == [(0,)]:
        return []
    loaded = {
        row[0]
        for row in database.query(
            f"select distinct instance_id from {LEDGER} where _dlt_load_id in {COMPLETE}"
        )
    }
    with only(world, loaded):
        return differing(database, world)


def differing(database: Database, world: World) -> list[str]:
    """The apps whose crashes are not shown exactly as the world tells them now."""
    return [
        app_id
        for app_id in world.apps
        if true_rows(world, app_id, CRASHES) != shown_rows(as_job(database), app_id, CRASHES)
    ]


@contextmanager
def only(world: World, loaded: set[str]) -> Iterator[None]:
    """Nothing but these instances is true meanwhile."""
    with world.lock:
        before = set(world.untrue)
        world.untrue |= world.instances.keys() - loaded
        try:
            yield
        finally:
            world.untrue = before


def flaws(database: Database, world: World) -> dict[str, Any]:
    """What is wrong in the database after a healthy run; empty if nothing is.

    The views show the truth; the raw tables hold every row of every instance once, and nothing
    else: no row without a slice, of a load that never completed, or of a replaced segment.
    """
    rows = f"{RAW}.app_crashes_daily"
    segments = [s for i in world.instances.values() if i.is_listed for s in i.segments]
    questions = {
        "segments": (
            f"select segment_id from {LATEST} where checksum is not null order by 1",
            sorted(s.id for s in segments),
        ),
        "rows": (f"select count(*) from {rows}", [sum(len(s.rows()) for s in segments)]),
        "miscounted": (
            f"select l.segment_id from {LATEST} left join {SLICES} as s"
            " on s.instance_id = l.instance_id and s.segment_id = l.segment_id"
            " and s._dlt_load_id = l._dlt_load_id"
            f" left join {rows} as r on r._slice_key = s._slice_key"
            " group by l.instance_id, l.segment_id, l.row_count"
            " having count(r._slice_key) <> l.row_count",
            [],
        ),
        "no slice": (
            f"select _slice_key from {rows} where _slice_key not in"
            f" (select _slice_key from {SLICES} where removed_on is null)",
            [],
        ),
        "unfinished": (
            " union all ".join(
                f"select '{table}' from {RAW}.{table} where _dlt_load_id not in {COMPLETE}"
                for table in ("app_crashes_daily", "analytics_slices", "apps")
            ),
            [],
        ),
        "slices": (
            f"select segment_id, date from {SLICES} where removed_on is null and date is not null"
            " group by instance_id, segment_id, date having count(*) > 1",
            [],
        ),
        "listed twice": (
            f"select id from {RAW}.analytics_report_instances group by id having count(*) > 1",
            [],
        ),
    }
    found = {
        what: answer
        for what, (question, expected) in questions.items()
        if (answer := [row[0] for row in database.query(question)]) != expected
    }
    return found | ({"views": wrong} if (wrong := differing(database, world)) else {})


def as_job(database: Database) -> Job:
    """`tests.worlds` asks a `Job`, of which it uses `query` alone."""
    return database  # type: ignore[return-value]  # both have it


@contextmanager
def small_disk(megabytes: float) -> Iterator[Path]:
    """A disk of that size. Only root can make one: skipped elsewhere, failed in CI."""
    with tempfile.TemporaryDirectory(prefix="asc-small-disk-") as name:
        size = f"size={int(megabytes * 1024)}k"
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", size, "tmpfs", name],  # noqa: S607  # wherever it is
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            unavailable(f"no disk can be mounted here: {made.stderr.strip()}")
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "-l", name], check=True)  # noqa: S607  # as above


def unavailable(reason: str) -> None:
    """What a test needs is missing: a reason to skip on a laptop, a failure in CI."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
