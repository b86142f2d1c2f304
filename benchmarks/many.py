"""many: 5,000 segments of 200 rows in 500 instances over 10 apps, beside DuckDB's read_csv."""

from dataclasses import replace

from benchmarks.job import load_fresh, read_by_hand
from benchmarks.measure import Options, Result, compare, main
from benchmarks.world import many_instances

INSTANCES = 500
MOST_MS = 4.0


def many(options: Options) -> list[Result]:
    """Two bars: the ratio, and the milliseconds of a segment."""
    instances = options.scaled(INSTANCES, least=10)
    world = many_instances(options.cache, apps=10, instances=instances, segments=10, rows=200)
    segments = len(world.segments)
    result = compare(
        "many",
        f"{segments:,} segments of 200 rows in {instances} instances; DuckDB by hand",
        lambda: load_fresh(world),
        lambda: read_by_hand(world),
        runs=options.runs,
        bar=2.0,
    )
    each = result.ours * 1000 / segments
    notes = {**result.notes, "ms_per_segment": each, "bar_ms_per_segment": MOST_MS}
    return [replace(result, is_met=result.is_met and each <= MOST_MS, notes=notes)]


if __name__ == "__main__":
    main(many)
