"""What the tests of the engines share: an account in DuckDB, and the answers of DuckDB to it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app_store_connect.warehouse.connection import Warehouse
from tests.asking import judged_emulators
from tests.conftest import Job
from tests.engines.account import account, load, opened_duckdb, spoil
from tests.engines.answers import Answers, after_repairs, answers_to_questions, rows_of_views


@pytest.fixture(scope="session")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DuckDB file that the job filled, with rows that it has to repair."""
    place = tmp_path_factory.mktemp("account")
    with pytest.MonkeyPatch.context() as patch, judged_emulators(answers=False) as start:
        patch.chdir(place)
        patch.setenv("DLT_DATA_DIR", str(place / "dlt"))
        patch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
        world = account()
        job = Job(patch, place / "asc_segments.duckdb")
        load(job, start(world), world, patch)
    spoil(job.database)
    return job.database


@pytest.fixture(scope="session")
def source(spoilt: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """The tables to copy."""
    with opened_duckdb(spoilt, tmp_path_factory.mktemp("source")) as warehouse:
        yield warehouse


@pytest.fixture(scope="session")
def truth(spoilt: Path, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """What DuckDB answers."""
    folder = tmp_path_factory.mktemp("truth")
    file = Path(shutil.copy(spoilt, folder / "truth.duckdb"))
    with opened_duckdb(file, folder) as warehouse:
        views, questions = rows_of_views(warehouse), answers_to_questions(warehouse)
        return Answers(views, questions, after_repairs(warehouse))
