"""What every test gets: a place of its own, a local App Store Connect, the job as users run it."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from filelock import BaseFileLock, FileLock, Timeout

from asc_pipeline.cli.main import main
from tests.asking import StartApple, judged_emulators
from tests.emulator import Emulator
from tests.several_keys import KEYS as KEYS
from tests.several_keys import use_keys as use_keys


@pytest.hookimpl(tryfirst=True)  # before pytest leaves out the slow tests
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of a test with the marker `variants` all cases but the first are slow."""
    seen: set[str] = set()
    for item in items:
        if item.get_closest_marker("variants"):
            test = item.nodeid.partition("[")[0]
            if test in seen:
                item.add_marker(pytest.mark.slow)
            seen.add(test)


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither this machine's configuration nor another test's data takes part."""
    for name in [name for name in os.environ if name.startswith(("SOURCES__", "DESTINATION__"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)


WriteSettings = Callable[[str, str | bytes], Path]


@pytest.fixture
def write_settings() -> Iterator[WriteSettings]:
    """Write a file of dlt's settings, which dlt reads once in a process."""

    def written(name: str, content: str | bytes) -> Path:
        file = Path(".dlt", name)
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        _forget_settings()
        return file

    yield written
    shutil.rmtree(".dlt")
    _forget_settings()


def _forget_settings() -> None:
    if PluggableRunContext in (container := Container()):
        del container[PluggableRunContext]


@pytest.fixture
def start_apple(request: pytest.FixtureRequest) -> Iterator[StartApple]:
    """Start emulators, whose requests are compared with Apple's description of the API."""
    answers = request.node.get_closest_marker("judges_answers") is not None
    with judged_emulators(answers=answers) as start:
        yield start


@dataclass(frozen=True)
class Result:
    """What a run of the job said."""

    exit_code: int
    summary: dict[str, Any]
    stdout: str
    stderr: str


class Job:
    """`asc-segments --json`, in this process, with the key of an emulator in the environment."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, database: Path) -> None:
        self._monkeypatch = monkeypatch
        self.database = database

    def use(self, apple: Emulator) -> None:
        """Put the key where the configuration looks for it."""
        for name, value in key_of(apple).items():
            self._monkeypatch.setenv(name, value)

    def run(self, apple: Emulator, *arguments: str) -> Result:
        self.use(apple)
        return self.invoke(*arguments)

    def invoke(self, *arguments: str) -> Result:
        """With the environment as it is."""
        invoked = CliRunner().invoke(main, ["--json", "--progress", "none", *arguments])
        if invoked.exception and not isinstance(invoked.exception, SystemExit):
            raise invoked.exception
        summary = json.loads(invoked.stdout) if invoked.stdout else {}
        return Result(invoked.exit_code, summary, invoked.stdout, invoked.stderr)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.database), read_only=True) as connection:
            return connection.execute(statement).fetchall()


def key_of(apple: Emulator) -> dict[str, str]:
    """The environment that makes the job ask this emulator."""
    return {
        f"{KEYS}BASE_URL": apple.base_url,
        f"{KEYS}KEY_ID": apple.key_id,
        f"{KEYS}ISSUER_ID": apple.issuer_id,
        f"{KEYS}PRIVATE_KEY": apple.private_key,
    }


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> Job:
    return Job(monkeypatch, Path("asc_segments.duckdb").absolute())


class Locks:
    """The locks that were taken. They are kept, since Python frees one that it collects."""

    def __init__(self) -> None:
        self.taken: list[BaseFileLock] = []

    def held(self) -> list[str]:
        """The files of those that nobody else can take."""
        return [file for file in {each.lock_file for each in self.taken} if not _is_free(file)]


def _is_free(file: str) -> bool:
    try:
        FileLock(file).acquire(blocking=False).lock.release()
    except Timeout:
        return False
    return True


@pytest.fixture
def locks(monkeypatch: pytest.MonkeyPatch) -> Locks:
    found = Locks()
    acquire = BaseFileLock.acquire

    def acquire_and_keep(lock: BaseFileLock, *arguments: Any, **named: Any) -> Any:
        found.taken.append(lock)
        return acquire(lock, *arguments, **named)

    monkeypatch.setattr(BaseFileLock, "acquire", acquire_and_keep)
    return found
