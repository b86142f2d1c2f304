"""A real Postgres, which several runs write to at the same time, and which goes away."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from signal import SIGINT
from typing import Any
from urllib.parse import quote

import pytest

from tests.asking import StartApple
from tests.conftest import KEYS, Job
from tests.emulator import Emulator, World
from tests.faults.processes import (
    SMALL_BATCHES,
    differing,
    dying,
    finish,
    flaws,
    run,
    start,
    unavailable,
)
from tests.worlds import (
    APPS,
    CRASHES,
    TODAY,
    add_vintages,
    overlapping_world,
    world_with_reports,
)

psycopg2 = pytest.importorskip("psycopg2")
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("postgres")]
BINARIES = "/usr/lib/postgresql"
TO_POSTGRES = ("--destination", "postgres")
SOON = {f"{KEYS}SWEEP_AFTER_HOURS": "0.0001"}
"""So that a check counts for all loads that began before it."""


@dataclass(frozen=True)
class Server:
    """A cluster of its own, as user postgres where the tests run as root."""

    folder: Path
    port: int

    def control(self, *command: str) -> None:
        binary = max(Path(BINARIES).glob("*/bin")) / command[0]
        as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        subprocess.run(
            [*as_user, str(binary), "-D", str(self.folder / "data"), *command[1:]],
            check=True,
            capture_output=True,
            cwd=self.folder,
        )

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        log = str(self.folder / "log")
        self.control("pg_ctl", "-w", "-o", options, "-l", log, "start")

    def stop(self) -> None:
        self.control("pg_ctl", "-w", "-m", "immediate", "stop")

    def address(self, database: str) -> str:
        return f"postgresql://asc:asc@127.0.0.1:{self.port}/{database}"


@dataclass(frozen=True)
class Postgres:
    """A database that is asked questions, written for DuckDB."""

    address: str

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(self.address)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement.replace("order by all", "order by 1"))
                return list(cursor.fetchall())
        finally:
            connection.close()

    def execute(self, statement: str) -> None:
        connection = psycopg2.connect(self.address)
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
        connection.close()


def next_day(database: Postgres) -> None:
    """As if all runs so far had been on the day before."""
    database.execute(
        "update app_store_connect_raw.analytics_runs set checked_at = checked_at - interval '1 day'"
    )


@contextmanager
def postgres() -> Iterator[Server]:
    """A server that runs for as long as this is open."""
    if not list(Path(BINARIES).glob("*/bin/initdb")):
        unavailable("no Postgres here: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="asc-postgres-"))
    if os.getuid() == 0:
        shutil.chown(folder, "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found = Server(folder, probe.getsockname()[1])
    found.control("initdb", "-A", "trust", "-U", "asc")
    found.start()
    yield found
    found.stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres() as found:
        yield found


@pytest.fixture
def database(server: Server, monkeypatch: pytest.MonkeyPatch) -> Postgres:
    """An empty database, which the job's configuration names."""
    name = f"test_{time.monotonic_ns()}"
    connection = psycopg2.connect(server.address("postgres"))
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"create database {name}")
    connection.close()
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", server.address(name))
    return Postgres(server.address(name))


@pytest.mark.parametrize(
    ("user", "name", "says"),
    [
        ("asc", "nowhere", "does not exist; create that database, or name another one"),
        ("nobody", "postgres", "does not exist; check user and password in the configuration"),
    ],
)
@pytest.mark.parametrize("is_socket", [False, True], ids=["by TCP", "by a socket"])
def test_server_has_no_such(
    is_socket: bool,
    user: str,
    name: str,
    says: str,
    server: Server,
    job: Job,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A database, or a user, that the server does not have."""
    address = server.address(name).replace("//asc:", f"//{user}:")
    if is_socket:
        address = address.replace("127.0.0.1", quote(str(server.folder), safe=""))
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", address)
    refused = job.invoke("--demo", *TO_POSTGRES)

    assert 2 == refused.exit_code
    assert says in refused.summary["error"]


def test_loads_into_postgres(database: Postgres, start_apple: StartApple) -> None:
    """Views and freshness are right, and a second run downloads nothing."""
    world = overlapping_world(days=4)
    apple = start_apple(world)
    first = run(apple, *TO_POSTGRES)
    apple.forget()
    second = run(apple, *TO_POSTGRES)

    assert (0, 0) == (first[0], second[0]), first + second
    assert [] == apple.downloads
    assert "Traceback" not in first[2] + second[2]
    assert {} == flaws(database, world)
    assert [(app_id, TODAY, TODAY - timedelta(days=1), 0) for app_id in map(int, APPS)] == (
        database.query(
            "select app_id, newest_processing_date, newest_date, missing_dates"
            " from app_store_connect.data_freshness order by all"
        )
    )


def test_long_names(database: Postgres, start_apple: StartApple) -> None:
    """A report whose name is longer than Postgres allows is loaded once, and shown."""
    name = "A Report Whose Name Goes On And On Until Postgres Has No Room For It Any More"
    world = world_with_reports(name, app_ids=APPS[:1])
    rows = [{"Date": TODAY.isoformat(), "Counts": "7"}]
    world.add_instance(world.report(APPS[0], name), "DAILY", TODAY, [rows])
    apple = start_apple(world)
    first = run(apple, *TO_POSTGRES, "--report", name)
    apple.forget()
    second = run(apple, *TO_POSTGRES, "--report", name)
    views = database.query(
        "select table_name from information_schema.views"
        " where table_schema = 'app_store_connect' and table_name like 'a_report%'"
    )

    assert (0, 0) == (first[0], second[0]), first + second
    assert [] == apple.downloads
    assert [(1,)] == database.query(f'select count(*) from app_store_connect."{views[0][0]}"')


@pytest.mark.parametrize("apps", [APPS, (APPS[0], APPS[0])], ids=["two apps", "the same app"])
def test_two_first_runs_at_once(
    apps: tuple[str, str], database: Postgres, start_apple: StartApple
) -> None:
    """Two runs on an empty server both end well; what both loaded is shown once, and the next run
    leaves each raw row once.
    """
    world = overlapping_world(days=4)
    apple = start_apple(world, store_latency=timedelta(milliseconds=50))
    runs = [start(apple, *TO_POSTGRES, "--app-id", each, env=SMALL_BATCHES) for each in apps]
    ended = [finish(each) for each in runs]
    wrong = [app_id for app_id in differing(database, world) if app_id in apps]
    again = run(apple, *TO_POSTGRES)

    assert [0, 0] == [code for code, _, _ in ended], ended
    assert [] == wrong
    assert 0 == again[0], again
    assert {} == flaws(database, world)


def test_server_stops(server: Server, database: Postgres, start_apple: StartApple) -> None:
    """A server that stops half way is named, exit code 1; the next run ends in the truth."""
    world = overlapping_world(days=4)
    apple = start_apple(world, store_latency=timedelta(milliseconds=300))
    process = start(apple, *TO_POSTGRES, env=SMALL_BATCHES)
    wait_for_downloads(apple, process)
    server.stop()
    try:
        code, out, err = finish(process)
    finally:
        server.start()
    again = run(apple, *TO_POSTGRES, env=SOON)

    assert 1 == code, (out, err)
    assert "Not loaded" in out, err
    assert "Traceback" not in out + err
    assert 0 == again[0], again
    assert {} == flaws(database, world)


def test_interrupted_load_is_not_begun_again(database: Postgres, start_apple: StartApple) -> None:
    """A load that Ctrl-C broke off is no other writer's fault: the run ends, the next one loads."""
    world = overlapping_world(days=2)
    apple = start_apple(world)
    hit = dying("dlt.load.load:Load.initialize_package:after:1") | {"DIE_BY": f"{int(SIGINT)}"}
    code, out, err = run(apple, *TO_POSTGRES, "--debug", env=hit)
    again = run(apple, *TO_POSTGRES, env=SOON)

    assert 130 == code, (out, err)
    assert "package begun again" not in err
    assert 0 == again[0], again
    assert {} == flaws(database, world)


def wait_for_downloads(apple: Emulator, process: subprocess.Popen[str]) -> None:
    while len(apple.downloads) < 6 and process.poll() is None:
        time.sleep(0.02)


def test_living_writers_rows_stay(database: Postgres, start_apple: StartApple) -> None:
    """Rows of a load that is not complete yet may be another run's: they stay until they are old,
    and are shown by no view.
    """
    world: World = overlapping_world(days=2)
    apple = start_apple(world)
    run(apple, *TO_POSTGRES)
    connection = psycopg2.connect(database.address)
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "create temporary table copy as select * from app_store_connect_raw.app_crashes_daily"
        )
        cursor.execute(
            "update copy set _dlt_load_id = %s, _slice_key = -_slice_key", (str(time.time()),)
        )
        cursor.execute("insert into app_store_connect_raw.app_crashes_daily select * from copy")
    connection.close()
    twice = database.query("select count(*) from app_store_connect_raw.app_crashes_daily")
    run(apple, *TO_POSTGRES)
    kept = database.query("select count(*) from app_store_connect_raw.app_crashes_daily")
    shown = differing(database, world)
    next_day(database)
    run(apple, *TO_POSTGRES, env=SOON)

    assert (twice, []) == (kept, shown)
    assert {} == flaws(database, world)


def test_deleted_rows_are_noticed_on_the_next_day(
    database: Postgres, start_apple: StartApple
) -> None:
    """After the first run of a day the loads before it are not compared again on that day."""
    world: World = overlapping_world(days=2)
    apple = start_apple(world)
    run(apple, *TO_POSTGRES, env=SOON)
    run(apple, *TO_POSTGRES, env=SOON)
    database.execute("delete from app_store_connect_raw.app_crashes_daily")
    apple.forget()
    same_day = run(apple, *TO_POSTGRES, env=SOON)
    loaded_at_once = list(apple.downloads)
    next_day(database)
    run(apple, *TO_POSTGRES, env=SOON)

    assert (0, []) == (same_day[0], loaded_at_once), same_day
    assert apple.downloads
    assert {} == flaws(database, world)


def test_dropped_table_is_noticed_on_the_same_day(
    database: Postgres, start_apple: StartApple
) -> None:
    world: World = overlapping_world(days=2)
    apple = start_apple(world)
    run(apple, *TO_POSTGRES, env=SOON)
    run(apple, *TO_POSTGRES, env=SOON)
    database.execute("drop table app_store_connect_raw.app_crashes_daily cascade")
    run(apple, *TO_POSTGRES, env=SOON)

    assert {} == flaws(database, world)


def test_deleted_rows_of_another_app(database: Postgres, start_apple: StartApple) -> None:
    """The run that notices them is not for their app; the next one for it loads them again."""
    world: World = overlapping_world(days=2)
    apple = start_apple(world)
    run(apple, *TO_POSTGRES, env=SOON)
    database.execute("delete from app_store_connect_raw.app_crashes_daily")
    next_day(database)
    run(apple, *TO_POSTGRES, "--app-id", APPS[0], env=SOON)
    run(apple, *TO_POSTGRES, "--app-id", APPS[1], env=SOON)

    assert {} == flaws(database, world)


def test_dead_run_is_repaired_on_the_same_day(database: Postgres, start_apple: StartApple) -> None:
    """A killed run leaves a load without some of its rows, newer than the last check."""
    world: World = overlapping_world(days=4)
    apple = start_apple(world)
    run(apple, *TO_POSTGRES, "--app-id", APPS[0], env=SOON)
    run(apple, *TO_POSTGRES, "--app-id", APPS[0], env=SOON)
    end = dying("asc_pipeline.truth.repair:remove_miscounted:before:1")
    killed = run(apple, *TO_POSTGRES, env=SOON | SMALL_BATCHES | end)
    database.execute(
        "delete from app_store_connect_raw.app_crashes_daily where _dlt_load_id ="
        " (select max(_dlt_load_id) from app_store_connect_raw.app_crashes_daily)"
    )
    last = run(apple, *TO_POSTGRES, env=SOON)

    assert (-9, 0) == (killed[0], last[0]), killed + last
    assert {} == flaws(database, world)


@pytest.mark.nightly
def test_too_wide_for_the_server(database: Postgres, start_apple: StartApple) -> None:
    """A report with more columns than Postgres allows is named; all others are loaded."""
    world = world_with_reports(CRASHES, "Wide", app_ids=APPS[:1])
    add_vintages(world, world.report(APPS[0], CRASHES), days=3)
    row: dict[str, str | None] = {f"Column {number}": "x" for number in range(2000)}
    wide = world.report(APPS[0], "Wide")
    world.add_instance(wide, "DAILY", TODAY, [[{"Date": TODAY.isoformat(), **row}]])
    runs = [run(start_apple(world), *TO_POSTGRES, "--report", "*") for _ in range(2)]

    assert [1, 1] == [code for code, _, _ in runs], runs
    assert all("Not loaded:\n- Wide DAILY" in out and "1600 columns" in out for _, out, _ in runs)
    assert [] == differing(database, world)


def test_report_without_entry_asked_for_by_instance(
    database: Postgres, start_apple: StartApple
) -> None:
    """What `--instance-id` cannot tell of a report, its category, the other loads tell."""
    name = "Widget Usage"
    world = world_with_reports(app_ids=APPS[:1])
    report = world.add_report(world.request(APPS[0], "ONGOING"), name, "FRAMEWORK_USAGE")
    rows = [{"Date": (TODAY - timedelta(days=9)).isoformat(), "Count": "1"}]
    first, *_ = [
        world.add_instance(report, "DAILY", TODAY - timedelta(days=age), [rows]) for age in range(4)
    ]
    apple = start_apple(world)
    named = ("--app-id", APPS[0], "--report", name)
    run(apple, *TO_POSTGRES, *named, "--instance-id", first.id)
    run(apple, *TO_POSTGRES, *named)

    assert [(4,)] == database.query("select count(*) from app_store_connect.widget_usage_daily")


@pytest.mark.parametrize("table", ["app_crashes_daily", "data_freshness"])
def test_view_of_another_shape_is_replaced(
    table: str, database: Postgres, start_apple: StartApple
) -> None:
    """A view that Postgres refuses to replace, its columns being others, is made anew."""
    world = overlapping_world(days=2)
    apple = start_apple(world)
    first = run(apple, *TO_POSTGRES)
    shown = database.query(f"select * from app_store_connect.{table}")
    connection = psycopg2.connect(database.address)
    with connection, connection.cursor() as cursor:
        cursor.execute(f"drop view app_store_connect.{table}")
        cursor.execute(f"create view app_store_connect.{table} as select 1 as of_another_shape")
    connection.close()
    second = run(apple, *TO_POSTGRES)

    assert (0, 0) == (first[0], second[0]), first + second
    assert Counter(shown) == Counter(database.query(f"select * from app_store_connect.{table}"))
    assert {} == flaws(database, world)
