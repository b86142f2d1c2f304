"""MariaDB, a real server: the whole job."""

from collections.abc import Iterator

import pytest

from tests.asking import StartApple
from tests.conftest import Job
from tests.destinations.worlds import (
    TYPES_QUESTION,
    expected_types,
    restate,
    world_of_types,
)
from tests.engines.account import RAW, VIEWS
from tests.engines.answers import plain
from tests.engines.servers import MariaDB, mariadb
from tests.faults.processes import as_job, flaws, run
from tests.worlds import PURCHASES, overlapping_world

pytest.importorskip("pymysql")
TO_MARIADB = ("--destination", "sqlalchemy")


@pytest.fixture(scope="module")
def server() -> Iterator[MariaDB]:
    with mariadb() as found:
        yield found


@pytest.fixture
def database(server: MariaDB, monkeypatch: pytest.MonkeyPatch) -> MariaDB:
    """The server without data of the job, as the destination."""
    for name in (RAW, VIEWS):
        server.query(f"drop database if exists {name}")
    monkeypatch.setenv("DESTINATION__SQLALCHEMY__CREDENTIALS", f"{server.address}/mysql")
    return server


def test_restated(database: MariaDB, job: Job, start_apple: StartApple) -> None:
    """Re-published, withdrawn and new segments: raw tables and views have the rows of DuckDB's."""
    world = overlapping_world(days=3)
    apple = start_apple(world)
    run(apple, *TO_MARIADB)
    restate(world)
    code, out, err = run(apple, *TO_MARIADB)
    apple.forget()
    again = run(apple, *TO_MARIADB)
    downloads = list(apple.downloads)
    job.run(apple)

    assert (0, 0, []) == (code, again[0], downloads), out + err
    assert {} == flaws(as_job(database), world)
    freshness = f"select * from {VIEWS}.data_freshness order by app_id, report_name"
    assert plain(job.query(freshness)) == plain(database.query(freshness))


def test_types(database: MariaDB, start_apple: StartApple) -> None:
    """Decimals, dates, bigints and texts come back as they were."""
    code, out, err = run(start_apple(world_of_types()), *TO_MARIADB, "--report", PURCHASES)

    assert 0 == code, out + err
    assert expected_types() == database.query(TYPES_QUESTION)
