"""dagster: six units over three keys on Dagster, beside the same units as plain processes.

A unit is some apps of a key. Both sides load one unit of a key at a time and the three keys side by
side, into Postgres, in a database of its own for each side of each pair. Dagster's web server and
daemon are up before it begins, with the settings of deploy/dagster/one-host.yaml.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from operator import attrgetter, sub, truediv
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from app_store_connect.catalog import REPORTS
from app_store_connect.entities import Granularity
from app_store_connect.names import table_name
from asc_pipeline.dagster.settings import KEY_TAG
from asc_pipeline.emulator.server.tokens import new_key
from benchmarks.dagster_services import Dagster, Run, services
from benchmarks.job import JOB, Apple, fresh_folder, served
from benchmarks.measure import DEFAULT_CACHE, measure, progress
from benchmarks.postgres_data import connected, is_installed, server
from benchmarks.world import World, many_instances

KEYS = ("east", "north", "south")
UNITS_OF_A_KEY = 2
ROWS = 50
"""Rows of an instance, which has one segment."""
AGE_DAYS = 3
"""Age of the newest instances in days: too old to be looked at again by a second run."""
_REPORTS = [each.name for each in REPORTS if each.is_default]
_SETTINGS = "SOURCES__APP_STORE_CONNECT__"
_RAW = "app_store_connect_raw"
FIRST, AGAIN, IDLE = "first load", "nothing new", "idle"


@dataclass(frozen=True, slots=True)
class Unit:
    key: str
    app_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Took:
    """All units of a side: seconds by the clock, and CPU seconds with those of children."""

    wall: float
    cpu: float
    runs: list[Run] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Place:
    """A side of a pair: its folder, and the environment with its database."""

    folder: Path
    address: str
    environment: dict[str, str] = field(repr=False)


def units_of(world: World) -> list[Unit]:
    """The first unit of each key, then the second of each."""
    size = len(world.apps) // (len(KEYS) * UNITS_OF_A_KEY)
    parts = [tuple(world.apps[start : start + size]) for start in range(0, len(world.apps), size)]
    return [
        Unit(key, parts[number * UNITS_OF_A_KEY + turn])
        for turn in range(UNITS_OF_A_KEY)
        for number, key in enumerate(KEYS)
    ]


def on_plain(units: Sequence[Unit], place: Place) -> Took:
    """A thread for each key starts its processes, one after the other."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(len(KEYS)) as pool:
        cpu = sum(pool.map(partial(_cpu_of_key, units, place), KEYS))
    return Took(time.perf_counter() - begun, cpu)


def _cpu_of_key(units: Sequence[Unit], place: Place, key: str) -> float:
    options = ["--destination", "postgres", "--max-wait", "0", "--progress", "none", "--json"]
    seconds = 0.0
    for each in units:
        if each.key == key:
            chosen = [f"--key={key}", *(f"--app-id={app_id}" for app_id in each.app_ids)]
            command = [sys.executable, JOB, *options, *chosen]
            seconds += measure(command, place.folder / key, place.environment).cpu
    return seconds


def on_dagster(dagster: Dagster, units: Sequence[Unit]) -> Took:
    """A run for each unit; the pools hold the second of a key back until its first has ended."""
    before, begun = dagster.cpu(), time.time()
    asked = [dagster.launch(each.key, each.app_ids) for each in units]
    runs = dagster.ended(asked)
    wall = max(each.ended for each in runs) - begun
    return Took(wall, dagster.cpu() - before, runs)


def idle_cpu(dagster: Dagster) -> float:
    """CPU seconds of a minute without a unit; each minute the daemon starts a code server."""
    before = dagster.cpu()
    time.sleep(60)
    return dagster.cpu() - before


@contextmanager
def place(apple: Apple, world: World, postgres: str, name: str) -> Iterator[Place]:
    """A new database and folder for one side."""
    with connected(postgres) as cursor:
        cursor.execute(f"create database {name}")
    address = urlsplit(postgres)._replace(path=f"/{name}").geturl()
    with fresh_folder() as folder:
        environment = _environment(apple, world) | {
            "DESTINATION__POSTGRES__CREDENTIALS": address,
            f"{_SETTINGS}DAGSTER__DESTINATION": "postgres",
            "DLT_DATA_DIR": str(folder / "dlt"),
        }
        yield Place(folder, address, environment)


def _environment(apple: Apple, world: World) -> dict[str, str]:
    """An account in which each third of the apps has a key of its own."""
    single = {f"{_SETTINGS}{name}" for name in ("KEY_ID", "ISSUER_ID", "PRIVATE_KEY")}
    environment = {name: each for name, each in apple.environment.items() if name not in single}
    units = units_of(world)
    for name in KEYS:
        key = new_key(f"{name.upper()}KEY000000"[:10], "69a6de70-03db-47e3-e053-5b8c7c11a4d1")
        prefix = f"{_SETTINGS}KEYS__{name.upper()}__"
        apps = [f'"{app_id}"' for each in units if each.key == name for app_id in each.app_ids]
        environment |= {
            f"{prefix}KEY_ID": key.key_id,
            f"{prefix}ISSUER_ID": str(key.issuer_id),
            f"{prefix}PRIVATE_KEY": key.private_key,
            f"{prefix}APP_IDS": f"[{', '.join(apps)}]",
        }
    return environment


def check_all_arrived(world: World, address: str) -> None:
    """Raises RuntimeError unless each table has as many rows as its files: so do both sides."""
    expected: Counter[str] = Counter()
    for each in world.instances:
        rows = sum(segment.rows for segment in each.segments)
        expected[table_name(each.report, Granularity.DAILY)] += rows
    with connected(address) as cursor:
        for table, rows in expected.items():
            cursor.execute(f"select count(*) from {_RAW}.{table}")
            if (found := cursor.fetchone()[0]) != rows:
                raise RuntimeError(f"{table} has {found} rows, not {rows}")


def plain_side(apple: Apple, world: World, postgres: str, name: str) -> dict[str, Took]:
    """A first load, and a run with nothing new."""
    with place(apple, world, postgres, name) as here:
        return _both(lambda: on_plain(units_of(world), here), world, here)


def dagster_side(apple: Apple, world: World, postgres: str, name: str) -> dict[str, Took]:
    """A first load, a run with nothing new, and a minute of the services alone."""
    with (
        place(apple, world, postgres, name) as here,
        services(here.folder, here.environment, KEYS) as dagster,
    ):
        took = _both(lambda: on_dagster(dagster, units_of(world)), world, here)
        return took | {IDLE: Took(60.0, idle_cpu(dagster))}


def _both(load: Callable[[], Took], world: World, here: Place) -> dict[str, Took]:
    found = {}
    for what in (FIRST, AGAIN):
        found[what] = load()
        check_all_arrived(world, here.address)
    return found


def measure_pairs(world: World, pairs: int) -> list[tuple[dict[str, Took], dict[str, Took]]]:
    """The two sides of each pair; the first one alternates."""
    found = []
    # no unit waits for the budget: all keys share that of this server
    with server() as postgres, served(replace(world, budget=10_000_000)) as apple:
        for number in range(pairs):
            sides = [(dagster_side, "dagster"), (plain_side, "plain")]
            took = {}
            for side, name in sides if number % 2 else reversed(sides):
                took[name] = side(apple, world, postgres, f"{name}_{number}")
                for what, each in took[name].items():
                    progress(f"{number + 1}/{pairs} {name}, {what}: {_shown(each)}")
            found.append((took["dagster"], took["plain"]))
    return found


def _shown(took: Took) -> str:
    return f"{took.wall:.1f} s, {took.cpu:.1f} CPU seconds"


def print_figures(what: str, pairs: Sequence[tuple[Took, Took]]) -> float:
    """Medians of the pairs; returns the ratio of the CPU seconds."""
    units = len(KEYS) * UNITS_OF_A_KEY
    print(f"{what}: {units} units over {len(KEYS)} keys; on Dagster, as plain processes")
    ratio = 0.0
    for name, value in (("wall", attrgetter("wall")), ("CPU", attrgetter("cpu"))):
        ours, other = ([value(side) for side in sides] for sides in zip(*pairs, strict=True))
        more = median(map(sub, ours, other)) / units
        ratio = median(map(truediv, ours, other))
        ours_each, other_each = median(ours) / units, median(other) / units
        print(
            f"{name}: {median(ours):.1f} s, {median(other):.1f} s;"
            f" a unit {ours_each:.2f} s, {other_each:.2f} s, {more:+.2f} s; ratio {ratio:.3f}"
        )
    _print_parts([run for dagster, _ in pairs for run in dagster.runs])
    return ratio


def _print_parts(runs: Sequence[Run]) -> None:
    waits = median(_waits(runs))
    begins = median(run.started - run.launched for run in runs)
    loads = median(run.ended - run.started for run in runs)
    print(
        f"a run waits {waits:.1f} s for the daemon while its key is free, {begins:.1f} s for its"
        f" process, and takes {loads:.1f} s"
    )


def _waits(runs: Sequence[Run]) -> Iterator[float]:
    """Of each run from when it was asked for, and its key was free, until the queue let it go."""
    free: dict[str, float] = {}
    for run in sorted(runs, key=attrgetter("launched")):
        key = run.tags[KEY_TAG]
        yield run.launched - max(run.enqueued, free.get(key, 0.0))
        free[key] = run.ended


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=3, help="of Dagster and plain processes")
    parser.add_argument("--apps", type=int, default=12, help="of a unit")
    parser.add_argument("--instances", type=int, default=2, help="of an app and report")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="for generated data")
    chosen = parser.parse_args()
    if not is_installed():
        sys.exit("Postgres is not installed here: apt-get install postgresql")
    apps = chosen.apps * len(KEYS) * UNITS_OF_A_KEY
    world = many_instances(
        chosen.cache.absolute(),
        apps=apps,
        instances=apps * len(_REPORTS) * chosen.instances,
        segments=1,
        rows=ROWS,
        reports=_REPORTS,
        age_days=AGE_DAYS,
    )
    pairs = measure_pairs(world, chosen.pairs)
    ratios = {
        what: print_figures(what, [(dagster[what], plain[what]) for dagster, plain in pairs])
        for what in (FIRST, AGAIN)
    }
    idle = median(dagster[IDLE].cpu for dagster, _ in pairs)
    print(f"Dagster's services without a unit: {idle:.1f} CPU seconds a minute")
    print(f"ratio of the CPU seconds, {FIRST}; {AGAIN} {ratios[AGAIN]:.3f}")
    print(f"{ratios[FIRST]:.3f}")


if __name__ == "__main__":
    main()
