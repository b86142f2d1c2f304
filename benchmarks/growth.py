"""growth: the time of a row in a load of 64 large segments, beside that in a load of 4."""

from dataclasses import replace

from benchmarks.big import ROWS
from benchmarks.job import load_fresh
from benchmarks.measure import Options, Result, compare, main
from benchmarks.world import large_instances

LARGE, SMALL, OTHERS = 64, 4, (1, 16)


def growth(options: Options) -> list[Result]:
    rows = options.scaled(ROWS)
    worlds = {
        segments: large_instances(options.cache, segments=segments, rows=rows)
        for segments in (SMALL, LARGE, *OTHERS)
    }
    result = compare(
        "growth",
        f"a million rows in {LARGE} segments of {rows:,}; in {SMALL}",
        lambda: load_fresh(worlds[LARGE]),
        lambda: load_fresh(worlds[SMALL]),
        runs=options.runs,
        bar=1.1,
        value=lambda measured: measured.wall / measured.extra["rows"] * 1e6,
    )
    others = {
        f"s_per_million_rows_in_{segments}": load_fresh(worlds[segments]).wall
        / segments
        / rows
        * 1e6
        for segments in OTHERS
    }
    return [replace(result, notes=result.notes | others)]


if __name__ == "__main__":
    main(growth)
