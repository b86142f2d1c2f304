"""Whatever fails, and however much is logged, no key, token or signature is left anywhere."""

import gzip
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from asc_pipeline.emulator.server.signing import Signer
from asc_pipeline.emulator.server.tokens import new_key
from asc_pipeline.emulator.server.wire import Answer
from tests.asking import ScriptedServer, StartApple
from tests.conftest import KEYS, key_of
from tests.emulator import Emulator, Fault, World
from tests.worlds import overlapping_world

SCRIPT = Path(__file__).parents[2] / "pipelines" / "asc_segments.py"
SECURITY_TOKEN = "IQoJb3JpZ2luX2VjEJf//////////secret+token=="  # noqa: S105  Amazon's form
SIGNATURE, TOKEN = "X-Amz-Signature", "X-Amz-Security-Token"
PLACES = ("work", "dlt", "tmp", "home")
PUBLIC_CHARACTERS = 48
"""What all keys of a curve begin with, by the structure of the file."""
SMALL_DISK_BYTES = 30000


def secrets_of(pem: str) -> dict[str, bytes]:
    """A private key in the forms in which it may be written down."""
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    number = key.private_numbers().private_value
    raw = number.to_bytes((key.key_size + 7) // 8, "big")
    body = pem.split("-----")[2].split()
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    texts = {f"line {n} of the key": line for n, line in enumerate(body)}
    texts["line 0 of the key"] = body[0][PUBLIC_CHARACTERS:]
    texts |= {"number": str(number), "hex": raw.hex()}
    return {"raw key": raw, "der": der} | {
        name: text.encode() for name, text in texts.items() if len(text) > 7
    }


def signed_with_token(self: Signer, path: str) -> str:
    """A signed URL as temporary credentials make it."""
    query = dict(parse_qsl(urlsplit(SIGNED(self, path)).query))
    del query[SIGNATURE]
    query[TOKEN] = SECURITY_TOKEN
    query[SIGNATURE] = self._signature("GET", path, query)
    return f"{path}?{urlencode(query)}"


SIGNED = Signer.signed


@dataclass
class Place:
    """What a case prepares: the account, what goes wrong, and a process that runs the job."""

    root: Path
    patch: pytest.MonkeyPatch
    world: World = field(default_factory=lambda: overlapping_world(days=3))
    options: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    pem: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    flags: tuple[str, ...] = ("--debug", "--json")
    script: Path = SCRIPT
    largest_file: int | None = None
    stop_with: int | None = None

    def __post_init__(self) -> None:
        for name in PLACES:
            (self.root / name).mkdir(exist_ok=True)

    def start(self) -> Emulator:
        apple = Emulator(self.world, **self.options)
        for fault in self.faults:
            apple.fault(fault)
        self.pem = self.pem or apple.private_key
        return apple

    def run(self, apple: Emulator) -> subprocess.CompletedProcess[bytes]:
        environment = {
            **os.environ,
            **key_of(apple),
            f"{KEYS}PRIVATE_KEY": self.pem,
            "DLT_DATA_DIR": str(self.root / "dlt"),
            "TMPDIR": str(self.root / "tmp"),
            "HOME": str(self.root / "home"),
            "RUNTIME__LOG_LEVEL": "DEBUG",
            "LOAD__DELETE_COMPLETED_JOBS": "false",
            **self.environment,
        }
        with subprocess.Popen(
            [sys.executable, str(self.script), *self.flags, *self.arguments],
            env=environment,
            cwd=self.root / "work",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=self._limit if self.largest_file else None,
        ) as process:
            if self.stop_with:
                while not apple.downloads and process.poll() is None:
                    time.sleep(0.02)
                process.send_signal(self.stop_with)
            out, err = process.communicate(timeout=100)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def _limit(self) -> None:
        size = self.largest_file or 0
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    def secrets(self, apple: Emulator) -> dict[str, bytes]:
        """All that must not be found: the key, the tokens sent, the signed queries given out."""
        found = secrets_of(apple.private_key)
        body = "".join(self.pem.split("-----")[2 if "BEGIN" in self.pem else 0].split())
        for start in range(PUBLIC_CHARACTERS, len(body) - 16, 16):
            found[f"the key from {start}"] = body[start : start + 16].encode()
        for number, exchange in enumerate(apple.exchanges):
            token = exchange.headers.get("Authorization", "").removeprefix("Bearer ")
            found |= {
                f"token {number} {n}": each.encode() for n, each in enumerate(token.split("."))
            }
            for url in re.findall(rb'"url": ?"([^"]+)"', exchange.response_body):
                query = url.decode().partition("?")[2]
                values = dict(parse_qsl(query))
                found[f"query {number}"] = query.encode()
                found |= {f"{k} {number}": v.encode() for k, v in values.items() if k == SIGNATURE}
        found |= {"security token": SECURITY_TOKEN.encode(), "its query": b"Token=IQoJ"}
        return {name: text for name, text in found.items() if text}


def places_of(secrets: dict[str, bytes], texts: Iterator[tuple[str, bytes]]) -> list[str]:
    """Where which of the secrets stands."""
    found = []
    for where, text in texts:
        found += [f"{name} in {where}" for name, secret in secrets.items() if secret in text]
        found += [f"a token in {where}" for _ in re.findall(rb"eyJ[\w-]{8,}\.", text)[:1]]
        found += [f"a signature in {where}" for _ in re.findall(rb"(?i)X-Amz-\w+=", text)[:1]]
        found += [f"a key in {where}" for _ in re.findall(rb"BEGIN [A-Z ]*PRIVATE", text)[:1]]
    return found


def texts_in(root: Path) -> Iterator[tuple[str, bytes]]:
    """All files, and once more what is in them if they are compressed."""
    for path in sorted(each for name in PLACES for each in (root / name).rglob("*")):
        if not path.is_file():
            continue
        content = path.read_bytes()
        name = str(path.relative_to(root))
        yield name, content
        if content[:2] == b"\x1f\x8b":
            yield f"{name}, unpacked", gzip.decompress(content)
        elif content[:4] == content[-4:] == b"PAR1":
            table = pq.read_table(pa.BufferReader(content))
            yield f"{name}, as text", f"{table.schema}{table.to_pylist()}".encode()
        elif content[8:12] == b"DUCK":
            yield from rows_in(path)


def rows_in(database: Path) -> Iterator[tuple[str, bytes]]:
    with duckdb.connect(str(database), read_only=True) as connection:
        for (name,) in connection.execute(
            'select format(\'"{}"."{}"\', schema_name, table_name) from duckdb_tables()'
        ).fetchall():
            rows = connection.execute(f"select * from {name}").fetchall()
            yield f"{database.name} {name}", repr(rows).encode()


def nothing(place: Place) -> None:
    """A run that succeeds."""


def plan(place: Place) -> None:
    place.arguments = ("--plan",)


def another_key(place: Place) -> None:
    place.pem = new_key("OTHERKEY").private_key


def cut_key(place: Place) -> None:
    place.pem = new_key("CUT").private_key[:120] + "-----END PRIVATE KEY-----\n"


def key_without_frame(place: Place) -> None:
    place.pem = "".join(new_key("CUT").private_key.split("-----")[2].split())[:-4]


def key_of_another_curve(place: Place) -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    place.pem = pem.decode()


def key_as_a_base_url(place: Place) -> None:
    place.environment = {f"{KEYS}BASE_URL": new_key("WRONG").private_key}


def no_number(place: Place) -> None:
    place.environment = {f"{KEYS}WORKERS": "many"}


def api(kind: str, matches: str = "/v1/", after: int = 0) -> Callable[[Place], None]:
    def prepare(place: Place) -> None:
        place.faults.append(Fault("api", matches, kind, times=None, after=after))

    return prepare


def store(kind: str) -> Callable[[Place], None]:
    def prepare(place: Place) -> None:
        place.faults.append(Fault("store", "/reports/.*/0.csv", kind, times=None))

    return prepare


def segments_at(change: Callable[[str], str]) -> Callable[[Place], None]:
    """The segments' URLs point elsewhere, with a query like Amazon's."""

    def prepare(place: Place) -> None:
        place.patch.setattr(
            Signer, "signed", lambda self, path: change(signed_with_token(self, path))
        )
        place.patch.setattr(Emulator, "store_url", "")

    return prepare


def malformed_file(place: Place) -> None:
    for segment in list(place.world.segments.values())[:3]:
        place.world.republish(segment, gzip.compress(b"Date\tCrashes\n2026-11-20\n"))


def not_a_database(place: Place) -> None:
    (place.root / "work" / "asc_segments.duckdb").write_text("not a database")


def full_disk(place: Place) -> None:
    place.largest_file = SMALL_DISK_BYTES


def no_such_destination(place: Place) -> None:
    place.arguments = ("--destination", "nowhere")


def postgres_is_gone(place: Place) -> None:
    place.arguments = ("--destination", "postgres")
    place.environment = {"DESTINATION__POSTGRES__CREDENTIALS": "postgresql://u:p@127.0.0.1:1/x"}


def interrupted(number: int) -> Callable[[Place], None]:
    def prepare(place: Place) -> None:
        place.options = {"store_latency": timedelta(seconds=1)}
        place.stop_with = number

    return prepare


def budget(place: Place) -> None:
    place.options = {"hourly_limit": 9}
    place.arguments = ("--max-wait", "0")


CASES = [
    pytest.param(nothing, 0, id="success"),
    pytest.param(plan, 0, id="plan"),
    pytest.param(another_key, 2, id="key of somebody else"),
    pytest.param(cut_key, 2, id="cut key"),
    pytest.param(key_without_frame, 2, id="cut key without frame"),
    pytest.param(key_of_another_curve, 2, id="key of another curve"),
    pytest.param(key_as_a_base_url, 2, id="key in the wrong place"),
    pytest.param(no_number, 2, id="configuration of a wrong type"),
    pytest.param(api("unauthorized"), 2, id="401"),
    pytest.param(api("unauthorized", "/segments"), 1, id="401 in the middle"),
    pytest.param(api("forbidden"), 2, id="403"),
    pytest.param(api("malformed", "/segments"), 1, id="malformed answer"),
    pytest.param(api("foreign_next", "/segments"), 1, id="foreign next"),
    pytest.param(api("redirect", "/segments"), 1, id="redirect of the api"),
    pytest.param(budget, 3, id="budget"),
    pytest.param(store("expired"), 1, id="store 403"),
    pytest.param(store("cut"), 1, id="cut download"),
    pytest.param(store("reset"), 1, id="reset download"),
    pytest.param(store("flip"), 1, id="changed download"),
    pytest.param(segments_at("http://127.0.0.1:1{}".format), 1, id="store is gone"),
    pytest.param(segments_at("http://store.example.com{}".format), 1, id="plain http"),
    pytest.param(segments_at("file://{}".format), 1, id="file url"),
    pytest.param(segments_at("http://[half{}".format), 1, id="half an address"),
    pytest.param(malformed_file, 1, id="malformed file"),
    pytest.param(not_a_database, 2, id="not a database"),
    pytest.param(full_disk, 1, id="full disk"),
    pytest.param(no_such_destination, 2, id="no such destination"),
    pytest.param(postgres_is_gone, 2, id="destination is gone"),
    pytest.param(interrupted(signal.SIGINT), 130, id="interrupted"),
    pytest.param(interrupted(signal.SIGKILL), -9, id="killed"),
]


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize(("prepare", "expected"), CASES)
def test_no_secret_is_left(
    prepare: Callable[[Place], None],
    expected: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not in what is printed or logged at DEBUG, dlt's folder, the database, temporary files."""
    monkeypatch.setattr(Signer, "signed", signed_with_token)
    place = Place(tmp_path, monkeypatch)
    prepare(place)
    with place.start() as apple:
        result = place.run(apple)
    secrets = place.secrets(apple)
    printed = {"stdout": result.stdout, "stderr": result.stderr}

    assert expected == result.returncode, result.stderr[-2000:].decode(errors="replace")
    assert places_of(secrets, iter(printed.items())) == []
    assert places_of(secrets, texts_in(place.root)) == []
    assert b"locals" not in result.stderr


PIECES = ("Tr0ub", "4dor", "or&3z")
"""Of the destination's secret, which is one of them or holds them with signs in between."""
CREDENTIALS = "DESTINATION__POSTGRES__CREDENTIALS"
S3 = {
    "DESTINATION__FILESYSTEM__BUCKET_URL": "s3://bucket/x",
    "DESTINATION__FILESYSTEM__CREDENTIALS__AWS_ACCESS_KEY_ID": "AKIA2X9R4HXF34",
    "DESTINATION__FILESYSTEM__CREDENTIALS__AWS_SECRET_ACCESS_KEY": "Tr0ub/4dor+or&3z",
    "DESTINATION__FILESYSTEM__CREDENTIALS__ENDPOINT_URL": "http://127.0.0.1:1",
}


def postgres(credentials: str) -> tuple[str, dict[str, str]]:
    return "postgres", {CREDENTIALS: credentials}


DESTINATIONS = [
    pytest.param(*postgres("postgresql://u:Tr0ub4dor@127.0.0.1:1/x"), id="unreachable"),
    pytest.param(*postgres("postgresql://u:Tr0ub4dor@127.0.0.1:{http}/x"), id="another server"),
    pytest.param(*postgres("postgresql://u:Tr0ub 4dor@127.0.0.1:1/x"), id="blank"),
    pytest.param(*postgres("postgresql://u:Tr0ub%zz4dor@127.0.0.1:1/x"), id="percent"),
    pytest.param(*postgres("postgresql://u:Tr0ub@4dor@127.0.0.1:1/x"), id="at"),
    pytest.param(*postgres("postgresql://u:Tr0ub#4dor@127.0.0.1:1/x"), id="hash"),
    pytest.param(*postgres("postgresql://u:Tr0ub%404dor@127.0.0.1:1/x"), id="encoded"),
    pytest.param(*postgres("mysql://u:Tr0ub4dor@127.0.0.1:1/x"), id="another scheme"),
    pytest.param(*postgres("postgres//u:Tr0ub4dor@127.0.0.1:1/x"), id="no scheme"),
    pytest.param(*postgres("postgresql://u:Tr0ub4dor@127.0.0.1:port/x"), id="port"),
    pytest.param(*postgres("postgresql://u:Tr0ub4dor@127.0.0.1:1"), id="no database"),
    pytest.param(*postgres("host=127.0.0.1 user=u password=Tr0ub4dor"), id="words"),
    pytest.param(*postgres("postgresql://127.0.0.1:1/x?user=u&password=Tr0ub4dor"), id="query"),
    pytest.param("filesystem", S3, id="bucket"),
    pytest.param(
        "motherduck",
        {"DESTINATION__MOTHERDUCK__CREDENTIALS": "md:x?motherduck_token=Tr0ub4dor"},
        id="MotherDuck",
    ),
]


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("flags", [("--json",), ("--json", "--debug")], ids=["", "debug"])
@pytest.mark.parametrize(("destination", "environment"), DESTINATIONS)
def test_no_secret_of_the_destination_is_left(
    destination: str,
    environment: dict[str, str],
    flags: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not where the destination cannot be read, nor reached, nor where another server answers."""
    place = Place(tmp_path, monkeypatch, flags=flags)
    place.arguments = ("--destination", destination)
    with place.start() as apple:
        http = apple.base_url.rpartition(":")[2]
        place.environment = {key: text.format(http=http) for key, text in environment.items()}
        result = place.run(apple)

    assert 2 == result.returncode, result.stderr[-2000:].decode(errors="replace")
    assert destination in json.loads(result.stdout)["error"] or b"destination" in result.stdout
    assert [] == pieces_in({"stdout": result.stdout, "stderr": result.stderr})
    assert [] == pieces_in(dict(texts_in(place.root)))


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("flags", [("--json",), ("--json", "--debug")], ids=["", "debug"])
@pytest.mark.parametrize(("destination", "environment"), DESTINATIONS[:1] + DESTINATIONS[4:8])
def test_models_leave_no_secret(
    destination: str,
    environment: dict[str, str],
    flags: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The command of the models keeps the destination's secrets as the job does."""
    place = Place(tmp_path, monkeypatch, flags=flags, script=SCRIPT.with_name("asc_models.py"))
    place.arguments = ("--destination", destination)
    place.environment = environment
    with place.start() as apple:
        result = place.run(apple)

    assert 2 == result.returncode, result.stderr[-2000:].decode(errors="replace")
    assert [] == pieces_in({"stdout": result.stdout, "stderr": result.stderr})
    assert [] == pieces_in(dict(texts_in(place.root)))


ALERT_TOKEN = "T0kenOfTheAlerts"  # noqa: S105  invented


@pytest.mark.slow
@pytest.mark.nightly
def test_addresses_of_alerts_are_masked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """urllib3 logs the path of each request; the monitor's and the channel's are tokens."""
    place = Place(tmp_path, monkeypatch)
    place.world.request("1500000001", "ONGOING").is_stopped = True
    with place.start() as apple, ScriptedServer(Answer(500)) as server:
        url = f"{server.origin}/{ALERT_TOKEN}"
        place.environment = {
            f"{KEYS}ALERTS__PING_URL": url,
            f"{KEYS}ALERTS__URLS": json.dumps([url.replace("http", "json")]),
        }
        result = place.run(apple)
    printed = {"stdout": result.stdout, "stderr": result.stderr}

    assert 1 == result.returncode
    assert 3 == len(server.asked)
    assert [] == places_of({"token": ALERT_TOKEN.encode()}, iter(printed.items()))
    assert [] == places_of({"token": ALERT_TOKEN.encode()}, texts_in(place.root))


@pytest.mark.slow
@pytest.mark.nightly
def test_traceback_of_an_unforeseen_error_leaves_no_secret(tmp_path: Path) -> None:
    """Python itself prints it, after the streams are given back."""
    program = "from asc_pipeline.cli.stdio import *\nwith guarded_streams(): raise ValueError("
    password = {"DESTINATION__POSTGRES__CREDENTIALS__PASSWORD": "Tr0ub4dor"}
    done = subprocess.run(
        [sys.executable, "-c", f"{program}__import__('os').environ[{next(iter(password))!r}])"],
        env=os.environ | password,
        capture_output=True,
        check=False,
    )

    assert 1 == done.returncode
    assert b"ValueError: ***" in done.stderr


@pytest.mark.slow
@pytest.mark.nightly
def test_secret_of_a_file_is_known(tmp_path: Path, start_apple: StartApple) -> None:
    """A connection string in secrets.toml is kept as one in the environment is, and Apple not
    asked.
    """
    (tmp_path / "work" / ".dlt").mkdir()
    (tmp_path / "work" / ".dlt" / "secrets.toml").write_text(
        '[destination.postgres]\ncredentials = "mysql://u:Tr0ub@4dor@127.0.0.1:1/x"\n'
    )
    apple = start_apple(overlapping_world(days=1))
    done = subprocess.run(  # dlt looks for the folder once in a process
        [sys.executable, str(SCRIPT), "--destination", "postgres", "--debug"],
        env=os.environ | key_of(apple),
        capture_output=True,
        check=False,
    )

    assert 2 == done.returncode
    assert b"***" in done.stderr
    assert [] == pieces_in({"stdout": done.stdout, "stderr": done.stderr})
    assert [] == apple.exchanges


def pieces_in(texts: dict[str, bytes]) -> list[str]:
    return [
        f"{piece} in {where}"
        for where, text in texts.items()
        for piece in PIECES
        if piece.encode() in text
    ]


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    """A secret is found in a plain, a packed, a Parquet and a DuckDB file, in any of its forms."""
    pem = new_key("KEY").private_key
    work = tmp_path / "work"
    (work / "log").write_text(f"x{pem.splitlines()[2]}y")
    (work / "trace").write_bytes(secrets_of(pem)["raw key"])
    (work / "package.gz").write_bytes(gzip.compress(b"https://x/y?X-Amz-Signature=ab"))
    pq.write_table(pa.table({"a": ["eyJhbGciOiJFUzI1NiJ9.e30."] * 9}), work / "rows.parquet")
    with duckdb.connect(str(work / "rows.duckdb")) as connection:
        connection.execute("create table t as select ? as a from range(9999)", [pem])

    found = places_of(secrets_of(pem), texts_in(tmp_path))

    assert {each.rpartition("work/")[2] for each in found if "work/" in each} >= {
        "log",
        "trace",
        "package.gz, unpacked",
        "rows.parquet, as text",
    }
    assert any('rows.duckdb "main"."t"' in each for each in found)
