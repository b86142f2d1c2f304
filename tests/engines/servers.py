"""Engines as processes of the tests' own."""

import json
import os
import pickle
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from asc_pipeline.emulator.server.wire import Answer
from tests.asking import ScriptedServer
from tests.faults.processes import unavailable

PATIENCE = 60


@dataclass(frozen=True)
class MariaDB:
    """A server that is asked questions, written for DuckDB."""

    address: str

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        import pymysql

        port = int(self.address.rpartition(":")[2])
        connection = pymysql.connect(host="127.0.0.1", port=port, user="root", autocommit=True)
        with connection, connection.cursor() as cursor:
            cursor.execute("set sql_mode = 'ANSI_QUOTES'")
            cursor.execute(statement.replace("order by all", "order by 1"))
            return list(cursor.fetchall())


@contextmanager
def mariadb() -> Iterator[MariaDB]:
    """A server that runs for as long as this is open."""
    server = shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin")
    if not server:
        unavailable("no MariaDB here: apt-get install mariadb-server")
    assert server
    folder = Path(tempfile.mkdtemp(prefix="asc-mariadb-"))
    options = [f"--datadir={folder / 'data'}"]
    if os.getuid() == 0:
        shutil.chown(folder, "mysql")
        options.append("--user=mysql")
    subprocess.run(
        [  # noqa: S607  # wherever it is
            "mariadb-install-db",
            "--no-defaults",
            "--auth-root-authentication-method=normal",
            *options,
        ],
        check=True,
        capture_output=True,
    )
    port = free_port()
    process = subprocess.Popen(
        [
            server,
            "--no-defaults",
            *options,
            f"--port={port}",
            f"--socket={folder / 'socket'}",
            "--bind-address=127.0.0.1",
            "--character-set-server=utf8mb4",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port)
        yield MariaDB(f"mysql+pymysql://root@127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    """Until somebody listens there."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


@contextmanager
def bigquery() -> Iterator[dict[str, str]]:
    """The environment of a job that loads into a BigQuery emulator, for as long as it is open."""
    home = environment_of("bqemulator")
    program = home / "bin" / "bqemulator"
    port = free_port()
    command = [str(program), "start", "--rest-port", str(port), "--grpc-port", "0"]
    environment = {**os.environ, "HOME": str(home)}  # it has the DuckDB extension that is needed
    token = json.dumps({"access_token": "t", "expires_in": 3600, "token_type": "Bearer"}).encode()
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        with ScriptedServer(Answer(200, token)) as tokens:
            wait_for(port)
            yield {
                "BIGQUERY_EMULATOR_HOST": f"http://127.0.0.1:{port}",
                "DESTINATION__BIGQUERY__CREDENTIALS": _account(tokens.origin),
                "DATA_WRITER__DISABLE_COMPRESSION": "true",
            }
    finally:
        process.terminate()
        process.wait()


def _account(token_uri: str) -> str:
    """A service account with a key of its own, whose tokens come from `token_uri`."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return json.dumps(
        {
            "type": "service_account",
            "project_id": "asc",
            "private_key": pem.decode(),
            "client_email": "job@asc.iam.gserviceaccount.com",
            "token_uri": token_uri,
        }
    )


def environment_of(engine: str) -> Path:
    """The folder of its own environment, beside that of the job."""
    found = Path(sys.executable).parents[2] / engine
    if not found.exists():
        unavailable(f"no {engine} here: make test-engines installs it")
    return found


@contextmanager
def bridged(engine: str) -> Iterator[Callable[[str], Any]]:
    """Carries out a statement on an engine with an environment of its own, while this is open."""
    home = environment_of(engine)
    bridge = Path(__file__).parent / "environments" / "bridge.py"
    with subprocess.Popen(
        [str(home / "bin" / "python"), str(bridge), engine],
        env={**os.environ, "HOME": str(home)},  # it has the extensions of DuckDB
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        said, heard = process.stdin, process.stdout
        assert said is not None
        assert heard is not None

        def execute(statement: str) -> Any:
            pickle.dump(statement, said)
            said.flush()
            answer = pickle.load(heard)  # noqa: S301  # our own process
            if isinstance(answer, str):
                raise RuntimeError(answer)
            return answer

        yield execute
