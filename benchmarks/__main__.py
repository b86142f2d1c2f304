"""All workloads, one table: `python -m benchmarks`, or `make bench`."""

import argparse
import json
import os
import platform
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.big import big
from benchmarks.growth import growth
from benchmarks.latency import latency
from benchmarks.many import many
from benchmarks.measure import Options, Result, progress, read_options
from benchmarks.memory import memory
from benchmarks.peers import peers
from benchmarks.postgres import postgres
from benchmarks.rerun import rerun
from benchmarks.start import start
from benchmarks.tables import tables
from benchmarks.views import views

WORKLOADS: dict[str, Callable[[Options], list[Result]]] = {
    "big": big,
    "many": many,
    "latency": latency,
    "memory": memory,
    "rerun": rerun,
    "growth": growth,
    "views": views,
    "tables": tables,
    "postgres": postgres,
    "start": start,
    "peers": peers,
}
_HEADINGS = ("workload", "ours", "other", "ratio", "bar", "met", "what; beside")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, default=Path("benchmarks.json"), help="to write")
    parser.add_argument("--only", nargs="*", choices=WORKLOADS, default=list(WORKLOADS))
    options, chosen = read_options(parser)
    results: list[Result] = []
    for name in chosen.only:
        progress(f"== {name}")
        results += WORKLOADS[name](options)
        chosen.json.write_text(json.dumps(_document(options, results), indent=2) + "\n")
    for line in table(results):
        print(line)


def table(results: Sequence[Result]) -> list[str]:
    """As Markdown, the medians and the median of the ratios."""
    rows = [
        (
            result.name,
            f"{result.ours:.2f} {result.unit}",
            f"{result.other:.2f} {result.unit}",
            f"{result.ratio:.2f}",
            ("≥ " if result.is_at_least else "≤ ") + f"{result.bar:g}",
            "not run" if result.not_run else "yes" if result.is_met else "no",
            result.not_run or result.what,
        )
        for result in results
    ]
    widths = [max(map(len, column)) for column in zip(_HEADINGS, *rows, strict=True)]
    lines = [_HEADINGS, tuple("-" * width for width in widths), *rows]
    return [
        "| " + " | ".join(f"{cell:{w}}" for cell, w in zip(line, widths, strict=True)) + " |"
        for line in lines
    ]


def _document(options: Options, results: Sequence[Result]) -> dict[str, object]:
    packages = ("dlt", "duckdb", "pyarrow", "isal")
    return {
        "scale": options.scale,
        "runs": options.runs,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in packages},
        "results": [result.as_json() for result in results],
    }


if __name__ == "__main__":
    main()
