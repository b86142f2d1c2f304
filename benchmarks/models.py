"""How long the models take: all days, and then one new day. The last line is the ratio.

`python -m benchmarks.models [--rows 50000000] [--days 365] [--apps 10] [--keep FOLDER]` makes a
DuckDB file with so many rows in the views, twice as many in the raw tables (each date stands in two
instances), runs `asc-segments models --full-refresh` on it, adds an instance to each report of each
app, and runs the models again, and then once more. A file of that size in FOLDER is used again.
"""

import argparse
import os
import subprocess  # nosec B404
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.models_file import Size, add_new_day, create_file, rows_in_views


@dataclass(frozen=True)
class Took:
    """Seconds of a run: by the clock, and of the processor."""

    wall: float
    processor: float

    def line(self, what: str) -> str:
        return f"{what:<14} {self.wall:8.1f} s, {self.processor:8.1f} s of processor"


def timed_models(*arguments: str) -> Took:
    before, started = os.times(), time.monotonic()
    script = Path(__file__).parents[1] / "pipelines" / "asc_models.py"
    command = [sys.executable, str(script), *arguments]
    subprocess.run(command, check=True, stdout=sys.stderr)  # nosec B603
    wall, after = time.monotonic() - started, os.times()
    used = after.children_user - before.children_user
    used += after.children_system - before.children_system
    return Took(wall, used)


@contextmanager
def working_folder(kept: Path | None) -> Iterator[Path]:
    if kept:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept.resolve()
    else:
        with tempfile.TemporaryDirectory(prefix="asc-benchmark-") as folder:
            yield Path(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--apps", type=int, default=10)
    parser.add_argument("--keep", type=Path, help="a folder for the file, which is left there")
    given = parser.parse_args()
    size = Size(given.rows, given.days, given.apps)
    with working_folder(given.keep) as folder:
        os.chdir(folder)
        os.environ["DLT_DATA_DIR"] = str(folder / "dlt")
        create_file(folder, size)
        full = timed_models("--full-refresh")
        add_new_day(size)
        incremental = timed_models()
        nothing_new = timed_models()
        rows = rows_in_views()
    print(f"{rows:,} rows in the views")
    print(full.line("all days"))
    print(incremental.line("one new day"))
    print(nothing_new.line("nothing new"))
    print(
        f"one new day / all days: {incremental.wall / full.wall:.3f}, of processor seconds"
        f" {incremental.processor / full.processor:.3f}"
    )


if __name__ == "__main__":
    main()
