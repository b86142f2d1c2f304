"""start: `--help`, and a run with nothing to do, beside `python -c "import dlt, duckdb"`."""

import os
import sys

from benchmarks.job import JOB, fresh_folder, run_job, served
from benchmarks.measure import Options, Result, compare, main, measure
from benchmarks.world import large_instances


def start(options: Options) -> list[Result]:
    world = large_instances(options.cache, segments=1, rows=200)
    imports = [sys.executable, "-c", "import dlt, duckdb"]
    with served(world) as apple, fresh_folder() as folder:
        run_job(apple, folder)  # what there is; all that follow find nothing new
        help_text = compare(
            "start: --help",
            "import dlt, duckdb",
            lambda: measure([sys.executable, JOB, "--help"], folder, dict(os.environ)),
            lambda: measure(imports, folder, dict(os.environ)),
            runs=options.runs * 2,
            bar=0.5,
        )
        empty = compare(
            "start: empty run",
            "import dlt, duckdb",
            lambda: run_job(apple, folder),
            lambda: measure(imports, folder, dict(os.environ)),
            runs=options.runs * 2,
            bar=1.5,
        )
    return [help_text, empty]


if __name__ == "__main__":
    main(start)
