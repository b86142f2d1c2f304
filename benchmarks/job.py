"""The main job as a user runs it, against a local App Store Connect, in a folder of its own."""

import json
import os
import shutil
import subprocess  # nosec B404 # what is measured are processes
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from asc_pipeline.emulator.server.tokens import new_key
from benchmarks.files import REPORT
from benchmarks.measure import Measured, measure
from benchmarks.world import World

ROOT = Path(__file__).parent.parent
JOB = str(ROOT / "pipelines" / "asc_segments.py")
_KEYS = "SOURCES__APP_STORE_CONNECT__"
_BY_HAND = (
    "import duckdb; connection = duckdb.connect('by_hand.duckdb'); connection.execute("
    "\"create table rows as select * from read_csv('{files}/*.csv.gz')\"); connection.close()"
)


@dataclass(frozen=True, slots=True)
class Apple:
    """A running server."""

    origin: str
    environment: dict[str, str] = field(repr=False)

    def statistics(self) -> dict[str, float]:
        with urllib.request.urlopen(f"{self.origin}/statistics") as answer:  # noqa: S310  # nosec B310 # loopback
            found: dict[str, float] = json.load(answer)
        return found


@contextmanager
def served(
    world: World,
    *,
    api_seconds: float = 0.0,
    store_seconds: float = 0.0,
    is_lenient: bool = False,
) -> Iterator[Apple]:
    """Serve a world from a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "world.json"
        world.write(file)
        options = [f"--api-seconds={api_seconds}", f"--store-seconds={store_seconds}"]
        options += ["--lenient"] if is_lenient else []
        with server("benchmarks.apple", str(file), *options) as origin:
            yield Apple(origin, _environment(origin))


@contextmanager
def server(module: str, *arguments: str) -> Iterator[str]:
    """A process that serves until the end of the block; its first line is its origin."""
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # nosec B603
        if process.stdout is None:
            raise RuntimeError("the server has no output")
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def _environment(origin: str) -> dict[str, str]:
    key = new_key("2X9R4HXF34", "69a6de70-03db-47e3-e053-5b8c7c11a4d1")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SOURCES__", "DESTINATION__"))
    }
    return kept | {
        f"{_KEYS}BASE_URL": origin,
        f"{_KEYS}KEY_ID": key.key_id,
        f"{_KEYS}ISSUER_ID": str(key.issuer_id),
        f"{_KEYS}PRIVATE_KEY": key.private_key,
    }


def run_job(
    apple: Apple, folder: Path, *arguments: str, settings: Mapping[str, str] | None = None
) -> Measured:
    """The whole process, into the database in `folder`; its summary is checked and noted."""
    environment = apple.environment | {"DLT_DATA_DIR": str(folder / "dlt"), **(settings or {})}
    options = ["--json", "--progress", "none", "--report", REPORT, *arguments]
    measured = measure([sys.executable, JOB, *options], folder, environment)
    summary = json.loads(measured.stdout)
    counts = {name: summary[name] for name in ("rows", "segments", "requests_used")}
    return replace(measured, extra=counts)


def load_fresh(world: World, *, settings: Mapping[str, str] | None = None) -> Measured:
    """Load a world into a new database, and check that all of it arrived."""
    with served(world) as apple, fresh_folder() as folder:
        measured = run_job(apple, folder, settings=settings)
    check_all_arrived(world, measured)
    return measured


def check_all_arrived(world: World, measured: Measured) -> None:
    expected = sum(segment.rows for segment in world.segments)
    if measured.extra["rows"] != expected:
        raise RuntimeError(f"{measured.extra['rows']} rows were loaded, not {expected}")


def read_by_hand(world: World) -> Measured:
    """DuckDB's one statement, over the same files on disk, as a process of its own."""
    with fresh_folder() as folder:
        files = folder / "files"
        files.mkdir()
        for number, segment in enumerate(world.segments):
            (files / f"{number:05}.csv.gz").symlink_to(segment.file)
        command = [sys.executable, "-c", _BY_HAND.format(files=files)]
        return measure(command, folder, dict(os.environ))


@contextmanager
def fresh_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="asc-benchmark-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
