"""BigQuery, on an emulator (bqemulator): the whole job, and DuckDB's rows."""

from collections.abc import Iterator
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials

from tests.asking import StartApple
from tests.conftest import Job
from tests.destinations.worlds import restate
from tests.emulator import Emulator
from tests.engines.account import VIEWS
from tests.engines.answers import rows_of
from tests.engines.servers import bigquery
from tests.faults.processes import finish, start
from tests.worlds import overlapping_world

pytest.importorskip("google.cloud.bigquery")
pytestmark = pytest.mark.timeout(1200)
OF_LOAD = {"_dlt_load_id", "newest_slice_key"}


@pytest.fixture
def server() -> Iterator[dict[str, str]]:
    with bigquery() as environment:
        yield environment


class BigQuery:
    """The emulator, which is asked questions in words that DuckDB shares."""

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        from google.cloud import bigquery as driver

        client = driver.Client("asc", credentials=AnonymousCredentials())
        return [tuple(row.values()) for row in client.query_and_wait(statement)]


@pytest.fixture
def database(server: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> BigQuery:
    for name, value in server.items():
        monkeypatch.setenv(name, value)
    return BigQuery()


def loading(apple: Emulator) -> tuple[int, str, str]:
    return finish(start(apple, "--destination", "bigquery"), timeout=550)


def test_job(database: BigQuery, job: Job, start_apple: StartApple) -> None:
    """Re-published, withdrawn and new segments: the views show DuckDB's rows."""
    world = overlapping_world(days=2)
    apple = start_apple(world)
    first = loading(apple)
    restate(world)
    code, out, err = loading(apple)
    job.run(apple)

    assert (0, 0) == (first[0], code), out + err
    for view in ("app_crashes_daily", "data_freshness"):
        names = ", ".join(name for name in _columns(job, view) if name not in OF_LOAD)
        question = f"select {names} from {VIEWS}.{view}"
        assert rows_of(job.query(question)) == rows_of(database.query(question)), view


def _columns(job: Job, view: str) -> list[str]:
    where = f"table_schema = '{VIEWS}' and table_name = '{view}'"
    return [
        name
        for (name,) in job.query(
            f"select column_name from information_schema.columns where {where}"
        )
    ]
