"""big: 16 segments of 500,000 rows, beside DuckDB's read_csv of the same files on disk."""

from benchmarks.job import load_fresh, read_by_hand
from benchmarks.measure import Options, Result, compare, main
from benchmarks.world import large_instances

SEGMENTS = 16
ROWS = 500_000


def big(options: Options) -> list[Result]:
    world = large_instances(options.cache, segments=SEGMENTS, rows=options.scaled(ROWS))
    result = compare(
        "big",
        f"{SEGMENTS} segments of {options.scaled(ROWS):,} rows; DuckDB by hand",
        lambda: load_fresh(world),
        lambda: read_by_hand(world),
        runs=options.runs,
        bar=1.2,
    )
    return [result]


if __name__ == "__main__":
    main(big)
