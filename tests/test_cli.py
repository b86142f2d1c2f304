"""Options, messages and exit codes, as a newcomer meets them."""

import json
import os
import sqlite3
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import click
import duckdb
import pytest
from click.testing import CliRunner

from app_store_connect.catalog import CATEGORIES, schema_of
from app_store_connect.entities import AccessType, Granularity
from app_store_connect.names import snake_case
from asc_pipeline.cli.main import main
from tests.asking import StartApple
from tests.conftest import KEYS, Job, WriteSettings
from tests.emulator import Fault, World, WorldSegment
from tests.worlds import (
    APPS,
    CRASHES,
    PURCHASES,
    TODAY,
    add_vintage,
    add_vintages,
    app,
    crash_rows,
    differences,
    overlapping_world,
    raw_rows,
    world_with_reports,
)

Break = Callable[[pytest.MonkeyPatch, Path], None]


def wrong_key_id(patch: pytest.MonkeyPatch, work: Path) -> None:
    patch.setenv(f"{KEYS}KEY_ID", "WRONGKEYID")


def malformed_key(patch: pytest.MonkeyPatch, work: Path) -> None:
    patch.setenv(f"{KEYS}PRIVATE_KEY", "c2VjcmV0LW1hdGVyaWFs")


def missing_key(patch: pytest.MonkeyPatch, work: Path) -> None:
    patch.delenv(f"{KEYS}PRIVATE_KEY")


def no_key(patch: pytest.MonkeyPatch, work: Path) -> None:
    for name in ("PRIVATE_KEY", "KEY_ID", "ISSUER_ID"):
        patch.delenv(f"{KEYS}{name}")


def plain_http(patch: pytest.MonkeyPatch, work: Path) -> None:
    patch.setenv(f"{KEYS}BASE_URL", "http://example.com")


def key_is_folder(patch: pytest.MonkeyPatch, work: Path) -> None:
    patch.setenv(f"{KEYS}PRIVATE_KEY", str(work))


def key_is_empty(patch: pytest.MonkeyPatch, work: Path) -> None:
    (work / "key").write_text("")
    patch.setenv(f"{KEYS}PRIVATE_KEY", "key")


def key_is_unreadable(patch: pytest.MonkeyPatch, work: Path) -> None:
    patch.setenv(f"{KEYS}PRIVATE_KEY", "/proc/self/mem")  # not even root reads it from its start


def key_is_elsewhere(patch: pytest.MonkeyPatch, work: Path) -> None:
    patch.setenv(f"{KEYS}PRIVATE_KEY", "keys/AuthKey.p8")


def unwritable_file(patch: pytest.MonkeyPatch, work: Path) -> None:
    patch.setenv("DESTINATION__DUCKDB__CREDENTIALS", str(work / "no-such-folder" / "x.duckdb"))


def not_a_database(patch: pytest.MonkeyPatch, work: Path) -> None:
    (work / "asc_segments.duckdb").write_text("not a database")


def newer_database(patch: pytest.MonkeyPatch, work: Path) -> None:
    write_database(work, version=200)


def corrupt_database(patch: pytest.MonkeyPatch, work: Path) -> None:
    write_database(work, flipped=5000)


def short_database(patch: pytest.MonkeyPatch, work: Path) -> None:
    write_database(work, length=5000)


def write_database(
    work: Path, version: int = 0, flipped: int = 0, length: int | None = None
) -> None:
    """A DuckDB file with another version, with a wrong byte, or cut."""
    file = work / "asc_segments.duckdb"
    duckdb.connect(str(file)).close()
    content = bytearray(file.read_bytes())
    content[12] = version or content[12]
    content[flipped] ^= 255 if flipped else 0
    file.write_bytes(checksum(bytes(content[8:4096])) + content[8:length])


def checksum(header: bytes) -> bytes:
    """As DuckDB computes it."""
    found = 5381
    for (word,) in struct.iter_unpack("<Q", header):
        found ^= word * 0xBF58476D1CE4E5B9 & (1 << 64) - 1
    return struct.pack("<Q", found)


def folder_for_database(patch: pytest.MonkeyPatch, work: Path) -> None:
    (work / "asc_segments.duckdb").mkdir()


def sqlite_database(patch: pytest.MonkeyPatch, work: Path) -> None:
    connection = sqlite3.connect(work / "asc_segments.duckdb")
    connection.execute("create table a (b)")
    connection.close()
    # so that DuckDB neither has the extension nor asks for it in the network
    patch.setenv(
        "DESTINATION__DUCKDB__CREDENTIALS__GLOBAL_CONFIG",
        json.dumps({"extension_directory": str(work), "autoinstall_known_extensions": False}),
    )


def apostrophe(patch: pytest.MonkeyPatch, work: Path) -> None:
    patch.setenv("DLT_DATA_DIR", str(work / "o'brien"))


@pytest.mark.parametrize(
    ("breakage", "says"),
    [
        pytest.param(wrong_key_id, "check that key_id belongs to this private_key", id="key-id"),
        pytest.param(malformed_key, "cannot be read as a private key", id="malformed-key"),
        pytest.param(missing_key, f"set {KEYS}PRIVATE_KEY", id="missing-key"),
        pytest.param(no_key, "example), and issuer_id too for a team key, or", id="no-key"),
        pytest.param(key_is_folder, "private_key names the folder", id="key-is-folder"),
        pytest.param(key_is_empty, "private_key names the file key, which is empty", id="no-text"),
        pytest.param(
            key_is_unreadable,
            "names the file /proc/self/mem, which cannot be read: ",
            id="key-is-unreadable",
            marks=pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="not Linux"),
        ),
        pytest.param(key_is_elsewhere, "from the folder in which the job runs, /", id="elsewhere"),
        pytest.param(plain_http, "plain http on loopback only", id="plain-http"),
        pytest.param(unwritable_file, "cannot be opened", id="unwritable"),
        pytest.param(not_a_database, "not a valid DuckDB database", id="not-a-database"),
        pytest.param(not_a_database, "; move that file away, or name another one", id="move-it"),
        pytest.param(unwritable_file, "; make the folder that it is to be in", id="no-folder"),
        pytest.param(newer_database, "pip install --upgrade duckdb", id="newer"),
        pytest.param(corrupt_database, "; restore it from a backup, or move it away", id="corrupt"),
        pytest.param(short_database, "; restore it from a backup, or move it away", id="short"),
        pytest.param(folder_for_database, "; it is a folder: name a file in it", id="folder"),
        pytest.param(sqlite_database, "; if the file is SQLite and no DuckDB", id="sqlite"),
        pytest.param(apostrophe, "set DLT_DATA_DIR to another folder", id="apostrophe"),
    ],
)
def test_wrong_configuration_is_one_message(
    breakage: Break,
    says: str,
    start_apple: StartApple,
    job: Job,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exit 2, one message that says what to do, no traceback, and no key in it."""
    job.use(start_apple(overlapping_world(days=1)))
    breakage(monkeypatch, Path.cwd())
    result = job.invoke()

    assert 2 == result.exit_code
    assert says in result.stderr
    assert says in result.summary["error"]
    assert "Traceback" not in result.stderr
    assert "c2VjcmV0" not in result.stderr + result.stdout


@pytest.mark.parametrize(
    "command", [[], ["--plan"], ["doctor"], ["status"], ["notify"], ["models"]]
)
@pytest.mark.parametrize("name", ["secrets.toml", "config.toml"])
def test_settings_that_are_not_toml(
    name: str, command: list[str], write_settings: WriteSettings
) -> None:
    """Every command names the file, the line and the error, and shows no text of that line."""
    write_settings(name, '[sources.app_store_connect]\nkey_id = "hunter2\n')
    done = CliRunner().invoke(main, command)
    told = [line for line in done.output.splitlines() if "TOML" in line]

    assert 2 == done.exit_code
    assert (
        f".dlt/{name} is not valid TOML: Illegal character '\\n' (at line 2, column 18)" in told[0]
    )
    assert all("line 2" in line for line in told)
    assert "alerts" not in done.output
    assert "hunter2" not in done.output


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"foo", "Expected '=' after a key in a key/value pair (at line 1, column 4)"),
        (b"[hunter2]\n[hunter2]\n", "Cannot declare a name twice (at line 2, column 9)"),
        (b"a = {hunter2=1, hunter2=2}", "inline table key a name (at line 1, column 26)"),
        (b"\xff", ".dlt/secrets.toml cannot be read: it is not text in UTF-8"),
    ],
)
def test_settings_that_are_broken_elsewhere(
    content: bytes, says: str, job: Job, write_settings: WriteSettings
) -> None:
    write_settings("secrets.toml", content)
    result = job.invoke()

    assert 2 == result.exit_code
    assert says in result.summary["error"]
    assert 1 == len(result.stderr.splitlines())
    assert "hunter2" not in result.stderr


NOTE = "Key for the reports\nKey ID: 2X9R4HXF34\npassword hunter2hunter2"
ISSUER = "69a6de70-03db-47e3-e053-5b8c7c11a4d1"
KEY_BODY = "MIGTAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBHkwdwIBAQQg"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("KEY_ID", "AuthKey_2X9R4HXF34.p8", "key id in that is 2X9R4HXF34"),
        ("KEY_ID", "~/keys/AuthKey_2X9R4HXF34.p8", "key id in that is 2X9R4HXF34"),
        ("KEY_ID", NOTE, "key_id is not a key id"),
        ("KEY_ID", '"2X9R4HXF34"', "key_id is not a key id"),
        ("KEY_ID", "2X9R4 HXF34", "key_id is not a key id"),
        ("KEY_ID", "2X9R4HXF34\nhunter2", "key_id is not a key id"),
        ("KEY_ID", "2X9R4HXF3\N{CYRILLIC CAPITAL LETTER A}", "key_id is not a key id"),
        ("KEY_ID", ISSUER, "key_id holds an issuer id; the two may be swapped"),
        ("KEY_ID", f"-----BEGIN PRIVATE KEY-----\n{KEY_BODY}", "key_id holds a private key"),
        ("KEY_ID", KEY_BODY, "key_id holds a private key"),
        ("ISSUER_ID", "2X9R4HXF34", "a key id; the two may be swapped"),
        ("ISSUER_ID", "AuthKey_2X9R4HXF34.p8", "issuer_id holds the name of a key's file"),
        ("ISSUER_ID", NOTE, "issuer_id is not an issuer id"),
        ("ISSUER_ID", f"'{ISSUER}'", "issuer_id is not an issuer id"),
        ("ISSUER_ID", ISSUER.replace("-", " "), "issuer_id is not an issuer id"),
        ("ISSUER_ID", f"{ISSUER}\n{ISSUER}", "issuer_id is not an issuer id"),
        ("ISSUER_ID", KEY_BODY, "issuer_id holds a private key"),
    ],
)
def test_ids_of_another_shape_are_refused(
    field: str,
    value: str,
    says: str,
    start_apple: StartApple,
    job: Job,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exit 2 before Apple is asked: the field, its shape, where to find it, and not the value."""
    apple = start_apple(overlapping_world(days=1))
    job.use(apple)
    monkeypatch.setenv(f"{KEYS}{field}", value)
    result = job.invoke()

    assert 2 == result.exit_code
    assert says in result.summary["error"]
    assert "under Users and Access, Integrations" in result.summary["error"]
    assert [] == [each for each in ("hunter2", KEY_BODY) if each in result.stdout + result.stderr]
    assert "Traceback" not in result.stderr
    assert [] == apple.exchanges


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["--report", "App Crash"], "Did you mean 'App Crashes'", id="report"),
        pytest.param(["--app-id", "42"], "the key sees no app '42'", id="app"),
        pytest.param(["--bundle-id", "com.x"], "the key sees no app 'com.x'", id="bundle"),
        pytest.param(["--app-id", "com.x"], "for others --bundle-id", id="no app id"),
        pytest.param(["--app-id", ""], "which is a number", id="empty app id"),
        pytest.param(["--app-id", "9" * 19], "which is a number", id="long app id"),
        pytest.param(["--recheck", "99999999999"], "is not in the range", id="recheck"),
        pytest.param(["--recheck", "1000000"], "is not in the range", id="recheck-days"),
        pytest.param(["--max-wait", "nan"], "it is not a number", id="wait"),
        pytest.param(["--granularity", "HOURLY"], "is not one of", id="granularity"),
        pytest.param(["--since", "yesterday"], "does not match the format", id="date"),
        pytest.param(["--plan", "--create-requests"], "--plan makes nothing", id="plan"),
        *(
            pytest.param([option, "1", *more], says, id=f"{option} {more[0]}")
            for option in ("--request-id", "--instance-id")
            for more, says in (
                (["--bundle-id", "com.x"], "name the app with --app-id"),
                (["--create-requests"], f"leave out --create-requests, or {option}"),
            )
        ),
        pytest.param(
            ["--request-id", "1", "--instance-id", "1"], "leave out --request-id", id="both ids"
        ),
        pytest.param(["--category", "APP_STORE"], "is not one of", id="category"),
        pytest.param(
            ["--since", "2026-02-01", "--until", "2026-01-01"], "is after until", id="window"
        ),
        pytest.param(["--dataset", "My Reports"], "take lower case letters", id="dataset"),
        pytest.param(["--dataset", "asc_segments"], "take another --dataset", id="stem"),
        *(
            pytest.param(["--dataset", name], "the name is taken", id=name)
            for name in ("information_schema", "main", "pg_catalog", "temp", "system", "this_table")
        ),
        pytest.param(
            ["--destination", "filesystem"], "DESTINATION__FILESYSTEM__BUCKET_URL", id="filesystem"
        ),
        pytest.param(["--destination", "postgress"], "; did you mean postgres?", id="near"),
        pytest.param(["--destination", "DuckDB"], "; did you mean duckdb", id="case"),
        pytest.param(["--destination", "nowhere"], "'nowhere' cannot be used", id="destination"),
    ],
)
def test_wrong_usage_is_exit_2(
    arguments: list[str], says: str, start_apple: StartApple, job: Job
) -> None:
    """What was asked for does not exist: exit 2, and nothing is loaded."""
    result = job.run(start_apple(overlapping_world(days=1)), *arguments)

    assert 2 == result.exit_code == result.summary["exit_code"]
    assert says in result.stderr
    assert says in result.summary["error"]
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("base_url", "host", "why"),
    [
        ("http://127.0.0.1:1", "127.0.0.1", "NewConnectionError"),
        ("https://nobody.invalid", "nobody.invalid", "NameResolutionError"),
    ],
    ids=["nobody-listens", "no-such-host"],
)
def test_apple_cannot_be_reached(
    base_url: str,
    host: str,
    why: str,
    start_apple: StartApple,
    job: Job,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without a network, or with a wrong address: which host, and what to check."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    job.use(start_apple(World()))
    monkeypatch.setenv(f"{KEYS}BASE_URL", base_url)
    monkeypatch.setenv(f"{KEYS}BACKOFF_SECONDS", "0")
    result = job.invoke()

    assert 1 == result.exit_code
    assert (
        f"{host} cannot be reached ({why}): check the network, the proxy and base_url"
        in (result.summary["error"])
    )
    said = [line for line in result.stderr.splitlines() if "asking again" in line]
    assert 1 == len(said)
    assert f"no usable answer, asking again: {host} cannot be reached ({why})" in said[0]


@pytest.mark.parametrize("command", [[], ["models"]], ids=["job", "models"])
@pytest.mark.parametrize(
    ("destination", "setting", "says"),
    [
        pytest.param("postgres", {}, "DESTINATION__POSTGRES__CREDENTIALS__DATABASE", id="postgres"),
        pytest.param("snowflake", {}, "not set: credentials.database, credentials.host", id="two"),
        pytest.param("motherduck", {}, "not set: credentials.password;", id="motherduck"),
        pytest.param("bigquery", {}, "[destination.bigquery] in .dlt/secrets.toml", id="bigquery"),
        pytest.param(
            "postgres",
            {"DESTINATION__POSTGRES__CREDENTIALS": "garbage"},
            "destination.postgres.credentials cannot be read. The expected representation",
            id="garbage",
        ),
        pytest.param(
            "postgres",
            {"DESTINATION__POSTGRES__CREDENTIALS__PORT": "garbage"},
            "port under destination.postgres must be a whole number",
            id="type",
        ),
        pytest.param("mssql", {}, "pip install 'dlt[mssql]'", id="dlt's extra"),
    ],
)
def test_destination_that_is_not_configured(
    destination: str,
    setting: dict[str, str],
    says: str,
    command: list[str],
    job: Job,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One line names what is missing, before anything is asked of Apple; no value is shown."""
    for name, value in setting.items():
        monkeypatch.setenv(name, value)
    asked = [*command, "--json", "--destination", destination]
    invoked = CliRunner().invoke(
        main, asked if command else ["--demo", "--progress", "none", *asked]
    )

    told = invoked.stderr.splitlines()
    assert 2 == invoked.exit_code == json.loads(invoked.stdout)["exit_code"]
    assert says in json.loads(invoked.stdout)["error"]
    assert 1 == len(told)
    assert says in told[0]
    assert "garbage" not in invoked.output


def test_destination_without_its_driver(tmp_path: Path, job: Job) -> None:
    """A plain installation asked for Postgres says how to install what it takes."""
    (tmp_path / "psycopg2.py").write_text("raise ModuleNotFoundError('No module psycopg2')")
    call = "from asc_pipeline.cli.main import main; main(['--demo', '--destination', 'postgres'])"
    address = {"DESTINATION__POSTGRES__CREDENTIALS": "postgresql://me:mine@localhost:1/none"}
    environment = os.environ | address | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", call], env=environment, capture_output=True, text=True, check=False
    )

    assert 2 == done.returncode
    assert "pip install 'dlt-app-store-connect[postgres]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_report_request(start_apple: StartApple, job: Job) -> None:
    """Without any report request Apple prepares nothing: exit 2 says how to make one."""
    world = World()
    world.add_app(app(APPS[0]))
    result = job.run(start_apple(world))

    assert 2 == result.exit_code
    assert "--create-requests" in result.stderr


def test_create_requests_makes_what_is_missing(start_apple: StartApple, job: Job) -> None:
    """The request is made once, and only with the option."""
    world = World()
    world.add_app(app(APPS[0]))
    apple = start_apple(world)
    results = [job.run(apple, "--create-requests") for _ in range(2)]

    assert [0, 0] == [result.exit_code for result in results]
    assert 1 == len([each for each in apple.exchanges if each.method == "POST"])
    assert "ONGOING" in results[0].summary["notices"][0]


def test_one_app_without_request_does_not_stop_the_others(
    start_apple: StartApple, job: Job
) -> None:
    """It is named as what it is."""
    world = overlapping_world(days=2)
    world.add_app(app("1500000009"))
    result = job.run(start_apple(world))

    assert 0 == result.exit_code
    assert "1500000009" in " ".join(result.summary["notices"])
    assert [] == differences(job, world)


def test_stopped_request_is_read_and_named(start_apple: StartApple, job: Job) -> None:
    """What it still lists is loaded; that nothing new will come is exit 1."""
    world = overlapping_world(days=2)
    world.request(APPS[0], "ONGOING").is_stopped = True
    result = job.run(start_apple(world))

    assert 1 == result.exit_code
    assert "stopped" in result.summary["failures"][0]["why"]
    assert [] == differences(job, world)


@contextmanager
def held_by_another(database: Path, *, is_reader: bool) -> Iterator["subprocess.Popen[bytes]"]:
    """Another process has the DuckDB file open until it is told to close it, or the end."""
    duckdb.connect(str(database)).close()
    opened = f"duckdb.connect({str(database)!r}, read_only={is_reader})"
    hold = f"import duckdb; c = {opened}; print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        yield holder
        holder.communicate(b"\n" if holder.poll() is None else None)


@pytest.mark.parametrize("is_reader", [False, True], ids=["writer", "reader"])
def test_locked_database(is_reader: bool, start_apple: StartApple, job: Job) -> None:
    """A DuckDB file that another process holds is said to be so, and by which."""
    with held_by_another(job.database, is_reader=is_reader) as holder:
        result = job.run(start_apple(overlapping_world(days=1)), "--wait", "0")

    assert 2 == result.exit_code
    assert "in use by another process" in result.stderr
    assert f"(PID {holder.pid})" in result.stderr
    assert "waiting" not in result.stderr
    assert "read-only" not in result.stderr, "DuckDB's advice is none for who has to write"


def test_lock_is_told_once(start_apple: StartApple, job: Job) -> None:
    """While the run waits, which process has the file open; DuckDB's words in the error alone."""
    with held_by_another(job.database, is_reader=True) as holder:
        result = job.run(start_apple(overlapping_world(days=1)), "--wait", "0.1")
    waiting, refused = (line for line in result.stderr.splitlines() if "in use" in line)

    assert waiting.endswith(f"in use by another process (PID {holder.pid})")
    assert f"(PID {holder.pid})" in refused
    assert "Conflicting lock" in refused


@pytest.mark.slow
def test_locked_database_is_waited_for(start_apple: StartApple, job: Job) -> None:
    """A notebook that is open when cron begins costs some seconds, and is named."""
    world = overlapping_world(days=1)
    apple = start_apple(world)
    with held_by_another(job.database, is_reader=True) as holder:
        timer = threading.Timer(2, holder.kill)
        timer.start()
        result = job.run(apple, "--wait", "60")

    assert 0 == result.exit_code
    assert "waiting up to 60 s: the DuckDB file is in use by another process" in result.stderr
    assert 1 == result.stderr.count(f"(PID {holder.pid})")
    assert [] == differences(job, world)


def test_refused_format_leaves_no_file(
    start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first run that is refused once the file is open takes it away again."""
    monkeypatch.setenv(f"{KEYS}TABLE_FORMAT", "delta")
    result = job.run(start_apple(overlapping_world(days=1)))

    assert 2 == result.exit_code
    assert "table_format is for --destination filesystem" in result.stderr
    assert not job.database.exists()


def test_plan_beside_a_reader(start_apple: StartApple, job: Job) -> None:
    """It writes nothing, so an open notebook is not in its way."""
    with held_by_another(job.database, is_reader=True):
        result = job.run(start_apple(overlapping_world(days=2)), "--plan", "--wait", "0")

    assert (0, 4) == (result.exit_code, result.summary["instances_due"])


def test_plan_leaves_no_file(start_apple: StartApple, job: Job) -> None:
    """Before the first run all is new, and --plan makes no database to say so."""
    result = job.run(start_apple(overlapping_world(days=2)), "--plan")

    assert (0, 4) == (result.exit_code, result.summary["instances_due"])
    assert str(job.database) == result.summary["location"]
    assert not job.database.exists()


def test_plan_loads_nothing(start_apple: StartApple, job: Job) -> None:
    """--plan names what is due and the requests it would take."""
    apple = start_apple(overlapping_world(days=3))
    result = job.run(apple, "--plan")

    assert 0 == result.exit_code
    assert 6 == result.summary["instances_due"]
    assert [] == apple.downloads
    assert "6 more requests" in result.stderr
    assert APPS[0] in result.stderr


@pytest.mark.slow
def test_requests_of_a_run_are_bounded(start_apple: StartApple, job: Job) -> None:
    """1 for the apps, 2 an app, 1 an app and report, 1 a new instance; a rerun the same without."""
    world = overlapping_world(days=4)
    apple = start_apple(world)
    first = job.run(apple)
    second = job.run(apple, "--recheck", "0")

    assert 1 + 2 * 2 + 2 * 1 + 8 == first.summary["requests_used"]
    assert 1 + 2 * 2 + 2 * 1 == second.summary["requests_used"]


@pytest.mark.slow
def test_budget_stops_the_run_and_the_next_goes_on(start_apple: StartApple, job: Job) -> None:
    """Exit 3 keeps what was done; runs with a fresh budget end in the truth."""
    world = overlapping_world(days=6)
    first = job.run(start_apple(world, hourly_limit=13), "--max-wait", "0")
    loaded = job.query("select count(*) from app_store_connect_raw.analytics_report_segments")
    second = job.run(start_apple(world))

    assert 3 == first.exit_code
    assert [(0,)] < loaded
    assert 0 == second.exit_code
    assert [] == differences(job, world)


def test_filters(start_apple: StartApple, job: Job) -> None:
    """App, report, category and processing dates narrow what is loaded."""
    world = world_with_reports(CRASHES, PURCHASES)
    for app_id in APPS:
        add_vintages(world, world.report(app_id, CRASHES), days=4)
    day = (TODAY - timedelta(days=2)).isoformat()
    result = job.run(
        start_apple(world),
        *("--app-id", APPS[0], "--report", "APP-CRASHES", "--category", "app_usage"),
        *("--since", day, "--until", day),
    )

    assert (1, 1, 1) == tuple(result.summary[key] for key in ("apps", "reports", "instances"))


def test_report_that_apple_does_not_offer(start_apple: StartApple, job: Job) -> None:
    """A report that the catalogue has and Apple does not offer for these apps is told of."""
    names = ("--report", "retention messaging", "--report", "app-crashes")
    result = job.run(start_apple(overlapping_world(days=1)), *names)

    assert 0 == result.exit_code
    assert ["Apple offers no report 'retention messaging' for any of these apps"] == (
        result.summary["notices"]
    )


@pytest.mark.variants
@pytest.mark.parametrize(
    ("checksum", "unverified"),
    [
        pytest.param("of another kind", 1, id="words"),
        pytest.param("z" * 32, 1, id="as long as an MD5"),
        pytest.param("1B2M2Y8AsgTpgAmY7PhCfg==", 1, id="base64"),
        pytest.param("a" * 128, 1, id="SHA-512"),
        pytest.param(None, 0, id="MD5"),
    ],
)
def test_segments_that_were_not_verified_are_counted(
    checksum: str | None,
    unverified: int,
    start_apple: StartApple,
    job: Job,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A checksum that cannot be compared is no failure, and no silence either."""
    world = overlapping_world(days=1, parts=1)
    chosen = next(iter(world.segments.values()))
    listed = WorldSegment.checksum.fget  # type: ignore[attr-defined]  # a property
    monkeypatch.setattr(
        WorldSegment,
        "checksum",
        property(lambda self: checksum if checksum and self is chosen else listed(self)),
    )
    result = job.run(start_apple(world))

    assert (0, unverified) == (result.exit_code, result.summary["unverified_segments"])
    assert (unverified > 0) == ("checksum of an unknown kind" in result.stderr)
    assert [] == differences(job, world)


def test_weekly_goes_to_its_own_table(start_apple: StartApple, job: Job) -> None:
    """Granularities are never mixed."""
    world = world_with_reports(CRASHES, app_ids=APPS[:1])
    report = world.report(APPS[0], CRASHES)
    add_vintage(world, report, TODAY)
    row = {"Date": (TODAY - timedelta(days=9)).isoformat(), "Crashes": "70"}
    world.add_instance(report, "WEEKLY", TODAY, [[row]])
    result = job.run(start_apple(world), "--granularity", "weekly", "--granularity", "daily")

    assert ["app_crashes_daily", "app_crashes_weekly"] == result.summary["views"]
    assert [] == differences(job, world)


@pytest.mark.variants
@pytest.mark.parametrize("given", [[], ["--report", CRASHES, "--app-id", APPS[0]]])
def test_instance_by_id(given: list[str], start_apple: StartApple, job: Job) -> None:
    """--instance-id loads one instance by the segments endpoint, into the right table."""
    world = overlapping_world(days=3)
    chosen = world.report(APPS[0], CRASHES).instances[-1]
    apple = start_apple(world)
    result = job.run(apple, "--instance-id", chosen.id, *given)

    assert 0 == result.exit_code
    assert [(chosen.id, 1500000001)] == job.query(
        "select distinct _instance_id, _app_id from " + raw_rows("app_crashes_daily")
    )
    asked = {each.path.rpartition("/")[0].rpartition("/")[2] for each in apple.exchanges}
    assert not asked & {"apps", "analyticsReportRequests", "analyticsReports"}
    assert 2 == len(apple.downloads) or not given


@pytest.mark.variants
@pytest.mark.parametrize(
    ("given", "apples", "is_first"),
    [
        pytest.param("AppCrashes", CRASHES, True, id="first run"),
        pytest.param("app-clip usage STANDARD", "App Clip Usage", False, id="alias"),
        pytest.param("widgetUsage", "Widget Usage", False, id="not in the catalogue"),
    ],
)
def test_instance_by_id_and_name(
    given: str, apples: str, is_first: bool, start_apple: StartApple, job: Job
) -> None:
    """A name in any spelling leads to the table that a run without --instance-id fills."""
    world = world_with_reports(app_ids=APPS[:1])
    report = world.add_report(world.request(APPS[0], "ONGOING"), apples, "FRAMEWORK_USAGE")
    apple = start_apple(world)
    if not is_first:
        job.run(apple)
    chosen = add_vintage(world, report, TODAY)
    pinpoint = ("--instance-id", chosen.id, "--app-id", APPS[0])
    result = job.run(apple, *pinpoint, "--report", given)

    name = schema_of(apples, None).name
    assert (0, [f"{snake_case(name)}_daily"]) == (result.exit_code, result.summary["views"])
    assert [(name, is_first)] == job.query(
        "select distinct report_name, category = 'APP_USAGE'"
        " from app_store_connect_raw.analytics_report_segments"
    )


def test_instance_by_id_and_wrong_name(start_apple: StartApple, job: Job) -> None:
    """A typing error makes no table: exit 2, with near names."""
    world = overlapping_world(days=1)
    chosen = world.report(APPS[0], CRASHES).instances[-1]
    apple = start_apple(world)
    pinpoint = ("--instance-id", chosen.id, "--app-id", APPS[0])
    result = job.run(apple, *pinpoint, "--report", "App Crahses")

    assert 2 == result.exit_code
    assert "Did you mean 'App Crashes'" in result.stderr
    assert [] == apple.downloads


def test_request_by_id(start_apple: StartApple, job: Job) -> None:
    """--request-id lists no report requests; the app comes from --app-id."""
    world = overlapping_world(days=3)
    apple = start_apple(world)
    request_id = world.request(APPS[0], "ONGOING").id
    result = job.run(apple, "--request-id", request_id, "--app-id", APPS[0])

    assert 0 == result.exit_code
    assert 3 == result.summary["instances"]
    assert not [each for each in apple.exchanges if each.path.startswith("/v1/apps")]


@pytest.mark.variants
@pytest.mark.parametrize("option", ["--request-id", "--instance-id"])
def test_id_of_another_app(option: str, start_apple: StartApple, job: Job) -> None:
    """What an earlier run knows of an id is not contradicted: exit 2 names both apps."""
    world = overlapping_world(days=1)
    apple = start_apple(world)
    job.run(apple)
    known_id = {
        "--request-id": world.request(APPS[1], "ONGOING").id,
        "--instance-id": world.report(APPS[1], CRASHES).instances[0].id,
    }[option]
    result = job.run(apple, option, known_id, "--app-id", APPS[0])

    assert 2 == result.exit_code
    assert f"is of app '{APPS[1]}'" in result.stderr
    assert APPS[0] in result.stderr


@pytest.mark.slow
def test_file_of_another_app(start_apple: StartApple, job: Job) -> None:
    """A file of another app than the user says is refused and named; he may correct himself."""
    world = overlapping_world(days=1)
    request_id = world.request(APPS[1], "ONGOING").id
    apple = start_apple(world)
    wrong = job.run(apple, "--request-id", request_id, "--app-id", APPS[0])
    right = job.run(apple, "--request-id", request_id, "--app-id", APPS[1])

    assert 1 == wrong.exit_code
    assert f"it has rows of app {APPS[1]}" in wrong.summary["failures"][0]["why"]
    assert 0 == right.exit_code
    assert [(int(APPS[1]),)] == job.query(
        "select distinct _app_id from app_store_connect.app_crashes_daily"
    )


def test_file_with_rows_of_two_apps(start_apple: StartApple, job: Job) -> None:
    """It is refused: the rows of the other app would be stamped as this one's."""
    world = world_with_reports(CRASHES, app_ids=APPS[:1])
    rows = crash_rows(APPS[0], TODAY, 2) + crash_rows(APPS[1], TODAY, 2)
    world.add_instance(world.report(APPS[0], CRASHES), "DAILY", TODAY, [rows])
    result = job.run(start_apple(world))

    assert 1 == result.exit_code
    assert f"it has rows of app {APPS[1]}, and is listed for app {APPS[0]}" in str(result.summary)


@pytest.mark.slow
def test_request_by_id_alone(start_apple: StartApple, job: Job) -> None:
    """Without --app-id the app of a request is found in its files."""
    world = overlapping_world(days=3)
    request_id = world.request(APPS[1], "ONGOING").id
    result = job.run(start_apple(world), "--request-id", request_id)

    assert 0 == result.exit_code
    assert [(1500000002,)] == job.query(
        "select distinct _app_id from " + raw_rows("app_crashes_daily")
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "exit_code", "says"),
    [
        pytest.param("not_found", 1, "404", id="gone"),
        pytest.param("empty", 0, "without any segment", id="no-segments"),
        pytest.param("forbidden", 1, "403", id="forbidden"),
    ],
)
def test_one_bad_instance_does_not_stop_the_others(
    kind: str, exit_code: int, says: str, start_apple: StartApple, job: Job
) -> None:
    """It is reported as what it is, is never taken for loaded, and comes with the next run."""
    world = overlapping_world(days=4)
    apple = start_apple(world)
    apple.fault(Fault("api", r"Instances/[^/]+/segments", kind, times=1))
    first = job.run(apple)
    told = str(first.summary["failures"]) + str(first.summary["notices"])
    second = job.run(apple)

    assert exit_code == first.exit_code
    assert says in told
    assert 7 == first.summary["instances"]
    assert 1 == second.summary["instances"]
    assert [] == differences(job, world)


@pytest.mark.slow
def test_unparsed_values_are_kept_and_counted(start_apple: StartApple, job: Job) -> None:
    """A value of another type is NULL in its column, and kept with where it stood."""
    world = world_with_reports(CRASHES, app_ids=APPS[:1])
    rows = [
        {"Date": TODAY.isoformat(), "Crashes": "1"},
        {"Date": TODAY.isoformat(), "Crashes": "-"},
    ]
    world.add_instance(world.report(APPS[0], CRASHES), "DAILY", TODAY, [rows])
    result = job.run(start_apple(world))

    assert 0 == result.exit_code
    assert 1 == result.summary["unparsed_values"]
    assert [(3, "crashes", "-")] == job.query(
        "select line, column_name, text from app_store_connect_raw.analytics_unparsed_values"
    )
    assert [(1,), (None,)] == job.query(
        "select crashes from app_store_connect.app_crashes_daily order by all"
    )


@pytest.mark.slow
def test_new_column_arrives_as_text(start_apple: StartApple, job: Job) -> None:
    """A column that Apple adds is there, in table and view, NULL in what was loaded before."""
    world = world_with_reports(CRASHES, app_ids=APPS[:1])
    report = world.report(APPS[0], CRASHES)
    add_vintage(world, report, TODAY - timedelta(days=4))
    apple = start_apple(world)
    job.run(apple)
    row = {"Date": TODAY.isoformat(), "Crashes": "1", "Crash Kind": "1.10"}
    world.add_instance(report, "DAILY", TODAY, [[row]], columns=list(row))
    job.run(apple)

    assert {("1.10",), (None,)} == set(
        job.query("select distinct crash_kind from app_store_connect.app_crashes_daily")
    )


def test_help_is_quick_to_import() -> None:
    """`--help` imports neither dlt nor duckdb nor pyarrow."""
    code = "import json, sys, asc_pipeline.cli.main; print(json.dumps(list(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert not {"dlt", "duckdb", "pyarrow", "requests"} & set(json.loads(out.stdout))


@pytest.mark.slow
def test_database_is_where_the_job_runs(start_apple: StartApple, job: Job) -> None:
    """asc_segments.duckdb is made in the working directory, wherever earlier runs were."""
    apple = start_apple(overlapping_world(days=1))
    job.run(apple)
    elsewhere = Path("elsewhere")
    elsewhere.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(elsewhere)
        result = job.run(apple)

    assert (elsewhere / "asc_segments.duckdb").exists()
    assert 2 == result.summary["instances"]
    assert duckdb.connect(str(elsewhere / "asc_segments.duckdb")).execute("show all tables")


def test_choices_are_those_of_the_model() -> None:
    """They stand twice, so that --help need not import what is slow."""
    offered = {
        each.name: set(each.type.choices)
        for each in main.params
        if isinstance(each.type, click.Choice)
    }

    assert set(Granularity) == offered["granularities"]
    assert set(AccessType) == offered["access_types"] == offered["create_requests"]
    assert CATEGORIES == offered["categories"]
