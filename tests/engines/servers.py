"""A MariaDB of its own, in a folder that goes with it."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.processes import unavailable

PATIENCE = 60


@contextmanager
def mariadb() -> Iterator[str]:
    """The address of a server that runs for as long as this is open."""
    server = shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin")
    if not server:
        unavailable("no MariaDB here: apt-get install mariadb-server")
    folder = Path(tempfile.mkdtemp(prefix="asc-mariadb-"))
    options = [f"--datadir={folder / 'data'}"]
    if os.getuid() == 0:
        shutil.chown(folder, "mysql")
        options.append("--user=mysql")
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal", *options],  # noqa: S607  # wherever it is
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
        yield f"mysql+pymysql://root@127.0.0.1:{port}"
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
