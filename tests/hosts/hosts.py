"""Hosts on one machine: network namespaces, each with its own loopback interface and folder.

A host reaches a server of this machine at the address that the server has here, through a
connection over its own network interface: cut that, and the host is gone.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.processes import unavailable

BRIDGE, GATEWAY = "asc-bridge", "10.203.0.1"
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Host:
    """A network namespace with a folder of its own for the processes in it."""

    number: int
    folder: Path
    processes: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    @property
    def namespace(self) -> str:
        return f"asc-host-{self.number}"

    @property
    def link(self) -> str:
        """The end of its cable in this machine's own namespace."""
        return f"asc-link-{self.number}"

    def start(self, *command: str, env: Mapping[str, str]) -> None:
        """Its output goes to a file of the folder."""
        name = Path(command[0]).name
        with (self.folder / f"{name}.log").open("ab") as log:
            started = subprocess.Popen(
                ["ip", "netns", "exec", self.namespace, *command],
                cwd=self.folder,
                env={**os.environ, **env},
                stdout=log,
                stderr=log,
            )
        self.processes.append(started)

    def kill(self) -> None:
        """Kill every process at once, as a power cut does. The relays, its cable, stay."""
        for process_id in _ip("netns", "pids", self.namespace).split():
            with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
                if Path(f"/proc/{process_id}/comm").read_text().strip() != "socat":
                    os.kill(int(process_id), signal.SIGKILL)


@contextmanager
def hosts(count: int, ports: Collection[int], folder: Path) -> Iterator[list[Host]]:
    """`count` hosts, from which the servers on these ports of this machine can be reached."""
    for needed in ("ip", "socat"):
        if not shutil.which(needed):
            unavailable(f"no {needed} here: apt-get install iproute2 socat")
    if os.getuid():
        unavailable("only root makes network namespaces")
    made = [Host(number, folder / f"host-{number}") for number in range(1, count + 1)]
    with ExitStack() as cleanup:
        _ip("link", "add", BRIDGE, "type", "bridge")
        cleanup.callback(_ip, "link", "del", BRIDGE)
        _ip("addr", "add", f"{GATEWAY}/24", "dev", BRIDGE)
        _ip("link", "set", BRIDGE, "up")
        for port in ports:
            cleanup.callback(_end, _relay(GATEWAY, LOOPBACK, port))
        for host in made:
            cleanup.callback(_remove, host)
            _connect(host)
            for port in ports:
                inside = ("ip", "netns", "exec", host.namespace)
                cleanup.callback(_end, _relay(LOOPBACK, GATEWAY, port, *inside))
        yield made


def _connect(host: Host) -> None:
    host.folder.mkdir(parents=True)
    inside = ("-n", host.namespace)
    _ip("netns", "add", host.namespace)
    _ip("link", "add", host.link, "type", "veth", "peer", "name", "eth0", "netns", host.namespace)
    _ip("link", "set", host.link, "master", BRIDGE, "up")
    _ip(*inside, "addr", "add", f"10.203.0.{10 + host.number}/24", "dev", "eth0")
    for interface in ("eth0", "lo"):
        _ip(*inside, "link", "set", interface, "up")


def _remove(host: Host) -> None:
    host.kill()
    for process_id in _ip("netns", "pids", host.namespace).split():
        os.kill(int(process_id), signal.SIGKILL)
    for process in host.processes:
        _end(process)
    with suppress(subprocess.CalledProcessError):  # if the host was not connected yet
        _ip("link", "del", host.link)  # with the namespace it would go some time later
    _ip("netns", "del", host.namespace)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()


def _relay(listen: str, connect: str, port: int, *inside: str) -> "subprocess.Popen[bytes]":
    options = f"bind={listen},fork,reuseaddr"
    command = ["socat", f"TCP-LISTEN:{port},{options}", f"TCP:{connect}:{port}"]
    return subprocess.Popen([*inside, *command], stderr=subprocess.DEVNULL)


def _ip(*arguments: str) -> str:
    done = subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)
    return done.stdout


@dataclass
class Redis:
    """A server that keeps on disk each task that it was given."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        if not shutil.which("redis-server"):
            unavailable("no Redis here: apt-get install redis-server")
        options = ("--port", str(self.port), "--bind", LOOPBACK, "--dir", str(self.folder))
        self.process = subprocess.Popen(
            ["redis-server", *options, "--appendonly", "yes", "--appendfsync", "always"],
            stdout=subprocess.DEVNULL,
        )
        wait_for_port(self.port)

    def kill(self) -> None:
        if self.process:
            _end(self.process)


def wait_for_port(port: int, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection((LOOPBACK, port), 1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
