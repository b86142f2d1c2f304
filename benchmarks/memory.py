"""memory: the peak of a load of one segment of 20 million rows, beside one of 2 million."""

from dataclasses import replace

from benchmarks.job import load_fresh
from benchmarks.measure import Options, Result, compare, main
from benchmarks.world import large_instances

ROWS = 20_000_000
MOST_MB = 450.0


def memory(options: Options) -> list[Result]:
    """Two bars: the ratio, and the peak itself."""
    rows = options.scaled(ROWS, least=10)
    large = large_instances(options.cache, segments=1, rows=rows)
    small = large_instances(options.cache, segments=1, rows=rows // 10)
    result = compare(
        "memory",
        f"peak with a segment of {rows:,} rows; of a tenth",
        lambda: load_fresh(large),
        lambda: load_fresh(small),
        runs=options.runs,
        bar=1.15,
        value=lambda measured: measured.peak,
        unit="MB",
    )
    return [replace(result, is_met=result.is_met and result.ours <= MOST_MB)]


if __name__ == "__main__":
    main(memory)
