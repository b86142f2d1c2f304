"""One load of the demo's data and one build of the models for each database, for all tests."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dbt.warehouse import Warehouse
from tests.emulator import Emulator, World, demo_world
from tests.worlds import TODAY

BINARIES = "/usr/lib/postgresql"
DAYS = 14


@pytest.fixture(scope="session")
def demo() -> World:
    """Four apps with two weeks of instances."""
    return demo_world(TODAY, days=DAYS)


@pytest.fixture(scope="session")
def apple(demo: World) -> Iterator[Emulator]:
    with Emulator(demo) as running:
        yield running


@pytest.fixture(scope="session")
def loaded(apple: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """DuckDB with the demo's data, without models. Not to be changed."""
    warehouse = Warehouse(tmp_path_factory.mktemp("loaded"))
    warehouse.load(apple)
    return warehouse


@pytest.fixture(scope="session")
def built(loaded: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The same with the models, built and tested by dbt itself. Not to be changed."""
    warehouse = Warehouse(tmp_path_factory.mktemp("built"))
    shutil.copy(loaded.file, warehouse.file)
    variables = (
        "{app_store_connect_test_days: 0, app_store_connect_fivetran: true,"
        " app_store_connect_examples: true}"
    )
    done = warehouse.dbt("build", "--vars", variables)
    (warehouse.folder / "build.txt").write_text(done.out + done.err)
    return warehouse


@pytest.fixture
def copy_of_built(built: Warehouse, tmp_path: Path) -> Warehouse:
    """A copy of it, to be changed; dbt finds what it parsed."""
    warehouse = Warehouse(tmp_path / "copy")
    shutil.copytree(built.folder, warehouse.folder)
    return warehouse


@pytest.fixture(scope="session")
def postgres_address() -> Iterator[str]:
    """A server of its own from Debian's package, as user postgres where the tests run as root."""
    found = sorted(Path(BINARIES).glob("*/bin"))
    if not found:
        pytest.skip("no Postgres here: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="asc-dbt-"))
    as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    if as_user:
        shutil.chown(folder, "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def control(*command: str) -> None:
        whole = [*as_user, str(found[-1] / command[0]), "-D", str(folder / "data"), *command[1:]]
        subprocess.run(whole, check=True, capture_output=True, cwd=folder)

    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    control("initdb", "-A", "trust", "-U", "asc", "-E", "UTF8")
    control("pg_ctl", "-w", "-o", options, "-l", str(folder / "log"), "start")
    yield f"postgresql://asc:asc@127.0.0.1:{port}/postgres"
    control("pg_ctl", "-w", "-m", "immediate", "stop")
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def on_postgres(
    postgres_address: str, apple: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> Warehouse:
    """Postgres with the demo's data. No row may be changed."""
    warehouse = Warehouse(tmp_path_factory.mktemp("postgres"), postgres_address)
    warehouse.load(apple)
    return warehouse


@pytest.fixture(scope="session")
def built_on_postgres(on_postgres: Warehouse) -> Warehouse:
    """The data of `on_postgres`, with the models built by `asc-segments models`."""
    done = on_postgres.models("--json", "--fivetran")
    assert 0 == done.code, done
    (on_postgres.folder / "models.json").write_text(done.out)
    return on_postgres


@pytest.fixture
def copy_on_postgres(built_on_postgres: Warehouse, tmp_path: Path) -> Iterator[Warehouse]:
    """A copy of `built_on_postgres` in another database, which the test may change. The folder of
    dbt is copied too, so that dbt does not parse the project again.
    """
    psycopg2 = pytest.importorskip("psycopg2")
    server = built_on_postgres.address.removesuffix("/postgres")
    connection = psycopg2.connect(f"{server}/template1")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("create database copied template postgres")
        shutil.copytree(built_on_postgres.folder, tmp_path / "copied")
        yield Warehouse(tmp_path / "copied", f"{server}/copied")
        cursor.execute("drop database copied with (force)")
    connection.close()
