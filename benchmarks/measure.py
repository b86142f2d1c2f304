"""Processes measured whole, and pairs of them: one after the other, in turn first and second."""

import argparse
import contextlib
import os
import re
import signal
import statistics
import subprocess  # nosec B404 # what is measured are processes
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

DEFAULT_CACHE = Path(tempfile.gettempdir()) / "asc-benchmarks"
NO_LIMIT = threading.TIMEOUT_MAX


@dataclass(frozen=True, slots=True)
class Measured:
    """A process from start to end. `cpu` is user and system time, `peak` its memory in MB.

    One that was cut off had not ended when its time was over.
    """

    wall: float
    cpu: float
    peak: float
    stdout: str = field(repr=False, default="")
    extra: dict[str, float] = field(default_factory=dict)
    is_cut_off: bool = False


def measure(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    limit: float = NO_LIMIT,
) -> Measured:
    """Raises RuntimeError, with what the process said, unless it ends with 0.

    After `limit` seconds it is killed. What it started ends with it, and burdens no later run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "stdout").open("w+") as out, (folder / "stderr").open("w+") as err:
        begun = time.perf_counter()
        process = subprocess.Popen(  # nosec B603
            command, cwd=folder, env=environment, stdout=out, stderr=err, start_new_session=True
        )
        peak = _Peak(process.pid)
        clock = threading.Timer(limit, _kill_all, [process.pid])
        clock.daemon = True
        clock.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - begun
        finally:  # Ctrl-C does not reach another session
            clock.cancel()
            _kill_all(process.pid)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        said = out.read()
        is_cut_off = wall >= limit
        if process.returncode and not is_cut_off:
            raise RuntimeError(f"{command} ended with {process.returncode}: {said} {err.read()}")
    cpu = usage.ru_utime + usage.ru_stime
    return Measured(wall, cpu, peak.stop(), said, is_cut_off=is_cut_off)


def _kill_all(session: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(session, signal.SIGKILL)


class _Peak:
    """Memory of another process, watched: `ru_maxrss` counts what its parent had at the fork."""

    def __init__(self, pid: int) -> None:
        self._file = Path(f"/proc/{pid}/status")
        self._kilobytes = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """The peak in MB; 0 where there is no /proc."""
        self._ended.set()
        self._thread.join()
        return self._kilobytes / 1024

    def _watch(self) -> None:
        while not self._ended.wait(0.02):
            with contextlib.suppress(OSError):
                found = re.search(r"VmHWM:\s+(\d+)", self._file.read_text())
                self._kilobytes = int(found[1]) if found else self._kilobytes


@dataclass(frozen=True, slots=True)
class Result:
    """One workload: our median, the other's, and the median of the ratios of the pairs.

    `not_run` is the reason if there was nothing to measure; the figures are 0 then.
    """

    name: str
    what: str
    unit: str
    ours: float
    other: float
    ratio: float
    bar: float
    is_met: bool
    runs: int
    is_at_least: bool = False
    notes: dict[str, Any] = field(default_factory=dict)
    not_run: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def compare(
    name: str,
    what: str,
    ours: Callable[[], Measured],
    other: Callable[[], Measured],
    *,
    runs: int,
    bar: float,
    value: Callable[[Measured], float] = lambda measured: measured.wall,
    unit: str = "s",
    is_at_least: bool = False,
) -> Result:
    """Run both `runs` times in pairs. The ratio is ours by the other's; with `is_at_least` the
    inverse, "so many times faster".
    """
    pairs: list[tuple[Measured, Measured]] = []
    for number in range(runs):
        if number % 2:
            second, first = other(), ours()
        else:
            first, second = ours(), other()
        pairs.append((first, second))
        progress(f"{name} {number + 1}/{runs}: {value(first):.3f} and {value(second):.3f} {unit}")
    left = statistics.median(value(first) for first, _ in pairs)
    right = statistics.median(value(second) for _, second in pairs)
    ratios = [value(first) / value(second) for first, second in pairs]
    ratio = statistics.median(1 / each if is_at_least else each for each in ratios)
    is_met = ratio >= bar if is_at_least else ratio <= bar
    notes = {
        "cpu_ours": statistics.median(first.cpu for first, _ in pairs),
        "cpu_other": statistics.median(second.cpu for _, second in pairs),
        "peak_mb_ours": statistics.median(first.peak for first, _ in pairs),
        "peak_mb_other": statistics.median(second.peak for _, second in pairs),
    }
    return Result(name, what, unit, left, right, ratio, bar, is_met, runs, is_at_least, notes)


def bounded(
    name: str,
    what: str,
    ours: Callable[[], Measured],
    *,
    runs: int,
    bar: float,
    value: Callable[[Measured], float] = lambda measured: measured.wall,
    unit: str = "s",
) -> Result:
    """Run ours `runs` times; the median has to be within the bar, as both have the same unit."""
    found = []
    for number in range(runs):
        found.append(ours())
        progress(f"{name} {number + 1}/{runs}: {value(found[-1]):.3f} {unit}")
    middle = statistics.median(map(value, found))
    notes = {"cpu_ours": statistics.median(each.cpu for each in found)}
    return Result(name, what, unit, middle, bar, middle, bar, middle <= bar, runs, notes=notes)


def progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Options:
    """What every benchmark can be told."""

    scale: float
    runs: int
    cache: Path

    def scaled(self, amount: int, least: int = 1) -> int:
        return max(least, round(amount * self.scale))


def read_options(parser: argparse.ArgumentParser) -> tuple[Options, argparse.Namespace]:
    """The options that all benchmarks have, and what else the parser knows."""
    parser.add_argument("--scale", type=float, default=1.0, help="of the full size; 0.01 to try")
    parser.add_argument("--runs", type=int, default=5, help="pairs of runs")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="for generated data")
    chosen = parser.parse_args()
    return Options(chosen.scale, chosen.runs, chosen.cache.absolute()), chosen


def main(workload: Callable[[Options], list[Result]]) -> None:
    """A benchmark as a program: the ratio is the last line."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    for result in workload(read_options(parser)[0]):
        print(f"{result.name}: {result.what}")
        if result.not_run:
            print(f"not run: {result.not_run}")
            continue
        print(f"ours {result.ours:.3f} {result.unit}, other {result.other:.3f} {result.unit}")
        for name, figure in result.notes.items():
            print(f"{name}: {figure:.3f}" if isinstance(figure, float) else f"{name}: {figure}")
        print(f"bar {result.bar}, {'met' if result.is_met else 'not met'}")
        print(f"{result.ratio:.3f}")
