"""Kills the job at random moments and looks what is left: `python -m tests.faults.random_kills`.

Apple's world goes on while the job dies: instances come, segments are re-published. After every
kill the views must be true of what is loaded; after every healthy run nothing may be missing, twice
or orphaned.
"""

import argparse
import logging
import random
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb

from tests.emulator import Emulator, World, WorldInstance
from tests.faults.processes import finish, flaws, start, wrong_views
from tests.worlds import overlapping_world

logger = logging.getLogger(__name__)

DAYS = 6
KILLS_A_ROUND = 4
LONGEST_SECONDS = 6.0
PHASE = re.compile("asking Apple|loading|bringing the views")


@dataclass
class Result:
    """How many runs were killed, where, and what was wrong afterwards."""

    kills: int = 0
    healthy: int = 0
    phases: Counter[str] = field(default_factory=Counter)
    flaws: list[Any] = field(default_factory=list)

    def __str__(self) -> str:
        places = ", ".join(f"{count} {phase}" for phase, count in self.phases.most_common())
        return (
            f"{self.kills} kills ({places}), {self.healthy} healthy runs after them,"
            f" {len(self.flaws)} flaws"
        )


class File:
    """A database that is asked questions."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self._path), read_only=True) as connection:
            return connection.execute(statement).fetchall()


def trial_of_kills(kills: int, seed: int) -> Result:
    """Rounds of a few kills and a healthy run each, each on a new database, until there were so
    many.
    """
    chance = random.Random(seed)  # noqa: S311  # moments, not secrets
    result = Result()
    while result.kills < kills and len(result.flaws) < 10:
        with tempfile.TemporaryDirectory(prefix="asc-kills-") as folder:
            _round(Path(folder), chance, result, min(KILLS_A_ROUND, kills - result.kills))
        logger.info("%s", result)
    return result


def _round(folder: Path, chance: random.Random, result: Result, kills: int) -> None:
    world = overlapping_world(days=DAYS)
    coming = [each for each in world.instances.values() if chance.random() < 0.5]
    for instance in coming:
        world.hide(instance)
    with Emulator(world, store_latency=timedelta(milliseconds=chance.choice([0, 20]))) as apple:
        while kills:
            phase = _killed(apple, folder, chance)
            _look("after a kill", wrong_views, folder, world, result)
            if phase:
                result.kills += 1
                result.phases[phase] += 1
                kills -= 1
            _go_on(world, coming, chance)
        code, _, err = finish(_start(apple, folder))
        result.healthy += 1
        if code:
            result.flaws.append(("exit", code, err))
        _look("after a healthy run", flaws, folder, world, result)


def _start(apple: Emulator, folder: Path) -> Any:
    env = {
        "SOURCES__APP_STORE_CONNECT__BATCH_SEGMENTS": "2",
        "DLT_DATA_DIR": str(folder / "dlt"),
        "RUNTIME__DLTHUB_TELEMETRY": "false",
    }
    return start(apple, "--progress", "log", env=env, cwd=folder)


def _killed(apple: Emulator, folder: Path, chance: random.Random) -> str:
    """What the job was at when it was killed; empty if it had ended."""
    process = _start(apple, folder)
    lines: list[str] = []
    if chance.random() < 0.8:
        for line in process.stderr:
            lines.append(line)
            if "loading" in line:
                break
    time.sleep(chance.random() ** 2 * LONGEST_SECONDS)
    process.send_signal(signal.SIGKILL)
    code, _, err = finish(process)
    if code != -signal.SIGKILL:
        return ""
    phases = [line[9:] for line in lines + err.splitlines() if PHASE.search(line)]
    return phases[-1].strip() if phases else "starting"


def _go_on(world: World, coming: list[WorldInstance], chance: random.Random) -> None:
    for _ in range(min(2, len(coming))):
        world.reveal(coming.pop(chance.randrange(len(coming))))


def _look(when: str, at: Any, folder: Path, world: World, result: Result) -> None:
    path = folder / "asc_segments.duckdb"
    if path.exists() and (found := at(File(path), world)):
        result.flaws.append((when, found))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    result = trial_of_kills(options.kills, options.seed)
    for flaw in result.flaws:
        sys.stdout.write(f"{flaw}\n")
    sys.stdout.write(f"{result}\n")
    return 1 if result.flaws else 0


if __name__ == "__main__":
    sys.exit(main())
