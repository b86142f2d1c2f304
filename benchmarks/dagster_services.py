"""Dagster's web server and daemon as processes, asked by GraphQL, and the CPU seconds they take.

The daemon replaces its code server each minute, so processes come and go: they count by session.
"""

import json
import os
import signal
import socket
import subprocess  # nosec B404 # the benchmark measures processes
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.job import ROOT

MODULE = "asc_pipeline.dagster.definitions"
SETTINGS = ROOT / "deploy" / "dagster" / "one-host.yaml"
PATIENCE = 600.0
POLL_SECONDS = 1.0
"""An answer of the web server is CPU time too."""
_REPOSITORY = {"repositoryLocationName": MODULE, "repositoryName": "__repository__"}
_TICKS = os.sysconf("SC_CLK_TCK")
_MOMENTS = ("enqueued", "launch", "start", "end")
_APPS = (
    "query($p: [String!]!) { assetNodeOrError(assetKey: {path: $p}) {"
    " ... on AssetNode { partitionKeys } } }"
)
_SCHEDULES = (
    "query($s: RepositorySelector!) { schedulesOrError(repositorySelector: $s) {"
    " ... on Schedules { results { id } } } }"
)
_STOP = "mutation($id: String!) { stopRunningSchedule(id: $id) { __typename } }"
_LAUNCH = (
    "mutation($p: ExecutionParams!) { launchRun(executionParams: $p) {"
    " ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"
)
_RUNS = (
    "{ runsOrError { ... on Runs { results { runId status tags { key value } stats {"
    " ... on RunStatsSnapshot { enqueuedTime launchTime startTime endTime } } } } } }"
)


@dataclass(frozen=True, slots=True)
class Run:
    """The moments of a run: asked for, taken from the queue, begun by its process, ended."""

    id: str
    status: str
    tags: dict[str, str]
    enqueued: float
    launched: float
    started: float
    ended: float

    @classmethod
    def from_answer(cls, answer: dict[str, Any]) -> "Run":
        times = (answer["stats"].get(f"{name}Time") for name in _MOMENTS)
        tags = {each["key"]: each["value"] for each in answer["tags"]}
        return cls(answer["runId"], answer["status"], tags, *(each or 0.0 for each in times))


@dataclass(frozen=True, slots=True)
class Dagster:
    """The services of one host, up and with the apps of each key."""

    address: str
    sessions: frozenset[int]

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """Ask GraphQL. Raises RuntimeError if the web server refuses the question."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(  # noqa: S310 # loopback
            f"{self.address}/graphql", body, {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  # nosec B310 # loopback
                data: dict[str, Any] = json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{query}: {error.read().decode()}") from None
        return data

    def apps(self, key: str) -> list[str]:
        """The apps that the sensor has added."""
        found = self.ask(_APPS, p=["raw", key, "apps"])["assetNodeOrError"]
        return list(found.get("partitionKeys", ()))

    def stop_schedules(self) -> None:
        """Stop the schedules, which at a full hour would load units beside the measured ones."""
        found = self.ask(_SCHEDULES, s=_REPOSITORY)["schedulesOrError"]
        for each in found["results"]:
            self.ask(_STOP, id=each["id"])

    def launch(self, key: str, app_ids: Sequence[str]) -> str:
        """The id of a queued run for these apps, with the tags of a schedule's run."""
        name = "dagster/asset_partition_range_"
        ends = {"start": app_ids[0], "end": app_ids[-1]}
        tags = [{"key": f"{name}{end}", "value": app_id} for end, app_id in ends.items()]
        parameters = {
            "selector": {**_REPOSITORY, "jobName": f"load_{key}"},
            "runConfigData": {},
            "executionMetadata": {"tags": tags},
        }
        launched = self.ask(_LAUNCH, p=parameters)["launchRun"]
        if "run" not in launched:
            raise RuntimeError(f"Dagster launched no run of {key}: {launched}")
        return str(launched["run"]["runId"])

    def runs(self) -> list[Run]:
        return [Run.from_answer(each) for each in self.ask(_RUNS)["runsOrError"]["results"]]

    def ended(self, run_ids: Sequence[str]) -> list[Run]:
        """Wait until these runs have succeeded, and return them."""
        found: list[Run] = []

        def are_over() -> bool:
            found[:] = [each for each in self.runs() if each.id in run_ids]
            return all(each.status in ("SUCCESS", "FAILURE", "CANCELED") for each in found)

        wait_until(are_over, "over")
        wait_until(lambda: not _are_loading(self.sessions), "at the end of the processes of runs")
        for each in found:
            if (each.status, each.tags.get("asc/exit_code")) != ("SUCCESS", "0"):
                raise RuntimeError(f"run {each.id}: {each.status}, {each.tags}")
        return found

    def cpu(self) -> float:
        """Seconds since the start: of the services, of their code servers, and of all runs."""
        return sum(map(_cpu_seconds, _processes(self.sessions)))


def _processes(sessions: frozenset[int]) -> Iterator[Path]:
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            if int(_fields(folder)[3]) in sessions:
                yield folder


def _fields(process: Path) -> list[str]:
    """The fields of /proc/ID/stat, from the state on."""
    return (process / "stat").read_text().rpartition(")")[2].split()


def _cpu_seconds(process: Path) -> float:
    """User and system seconds, with those of children that have ended."""
    with suppress(OSError):
        return sum(map(int, _fields(process)[11:15])) / _TICKS
    return 0.0


def _are_loading(sessions: frozenset[int]) -> bool:
    """Whether a process of a run is left: a code server spawns them."""
    with suppress(OSError):
        commands = [(each / "cmdline").read_text() for each in _processes(sessions)]
        return any("multiprocessing.spawn" in each for each in commands)
    return True


@contextmanager
def services(
    folder: Path, environment: Mapping[str, str], keys: Sequence[str]
) -> Iterator[Dagster]:
    """Web server and daemon with the settings for one host, as docs/dagster.md starts them."""
    home = folder / "dagster"
    home.mkdir(parents=True)
    (home / "dagster.yaml").write_text(SETTINGS.read_text())
    environment = {**environment, "DAGSTER_HOME": str(home)}
    port = _free_port()
    where = ("-h", "127.0.0.1", "-p", str(port))
    with ExitStack() as stack:
        processes = [
            stack.enter_context(_service(command, folder, environment))
            for command in (
                ("dagster-webserver", "-m", MODULE, *where),
                ("dagster-daemon", "run", "-m", MODULE),
            )
        ]
        sessions = frozenset(each.pid for each in processes)
        dagster = Dagster(f"http://127.0.0.1:{port}", sessions)
        wait_until(lambda: _is_ready(dagster), "up")
        wait_until(lambda: all(map(dagster.apps, keys)), "told of the apps")
        yield dagster


def _is_ready(dagster: Dagster) -> bool:
    """While web server and daemon make their files of SQLite, some questions fail."""
    with suppress(OSError, RuntimeError):
        dagster.stop_schedules()
        return True
    return False


@contextmanager
def _service(
    command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    program = Path(sys.executable).with_name(command[0])
    with (folder / f"{command[0]}.log").open("wb") as log:
        process = subprocess.Popen(  # nosec B603
            [program, *command[1:]],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until(is_so: Callable[[], bool], state: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > deadline:
            raise RuntimeError(f"after {PATIENCE:.0f} s not {state}")
        time.sleep(POLL_SECONDS)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
