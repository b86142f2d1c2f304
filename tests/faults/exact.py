"""What a database must hold after a healthy run: the truth in the views, and nothing else below."""

from collections import Counter
from typing import Any

from app_store_connect.emulator import World, WorldInstance, WorldSegment
from tests.conftest import Job
from tests.worlds import differences

RAW = "app_store_connect_raw"
Held = tuple[str, str, str, int]
"""Segment id, checksum, instance id, number of rows."""


def findings(job: Job, world: World) -> list[str]:
    """How views, raw tables and ledger differ from the world; empty if they do not.

    Of every segment exactly the rows of its file are there, under one load that is complete, and
    one ledger row says so; every date of it is counted.
    """
    loads = {
        load for (load,) in job.query(f"select load_id from {RAW}._dlt_loads where status = 0")
    }
    rows = job.query(
        "select segment_id, checksum, instance_id, row_count, _dlt_load_id, table_name"
        f" from {RAW}.analytics_report_segments"
    )
    ledger = Counter(row[:4] for row in rows)
    dated = Counter({(row[0], row[4]): row[3] for row in rows})
    found = [f"view: {name}" for name in differences(job, world)]
    found += _compared("ledger", ledger, Counter(expected(world)))
    found += _compared("rows", _raw_rows(job), Counter({(r[0], *r[4:]): r[3] for r in rows}))
    found += _compared("dates", _dates(job), +dated)
    found += [f"incomplete load: {row[4]}" for row in rows if row[4] not in loads]
    return found


def expected(world: World) -> list[Held]:
    """Every segment under the newest instance that lists it."""
    held: dict[str, Held] = {}
    for instance in sorted(world.instances.values(), key=lambda each: each.rank):
        if instance.is_true and instance.is_known:
            for each in instance.segments:
                held[each.id] = (each.id, each.checksum, instance.id, len(each.rows()))
    return list(held.values())


def move(world: World, segment: WorldSegment, target: WorldInstance) -> None:
    """Apple lists the segment under another instance from now on, unchanged."""
    with world.lock:
        for instance in world.instances.values():
            if segment in instance.segments:
                instance.segments.remove(segment)
        adopt(segment, target)


def adopt(segment: WorldSegment, target: WorldInstance) -> None:
    """Apple lists the segment under this instance too. The file stays where it is in the store."""
    target.segments.append(segment)


def _raw_rows(job: Job) -> Counter[tuple[str, ...]]:
    found: Counter[tuple[str, ...]] = Counter()
    tables = job.query(
        "select table_name from information_schema.columns"
        f" where table_schema = '{RAW}' and column_name = '_segment_id'"
    )
    for (table,) in tables:
        for segment_id, load_id, count in job.query(
            f"select _segment_id, _dlt_load_id, count(*) from {RAW}.{table} group by all"
        ):
            found[segment_id, load_id, table] += count
    return found


def _dates(job: Job) -> Counter[tuple[str, str]]:
    return Counter(
        {
            (segment_id, load_id): int(count)
            for segment_id, load_id, count in job.query(
                "select segment_id, _dlt_load_id, sum(row_count)"
                f" from {RAW}.analytics_segment_dates group by all"
            )
        }
    )


def _compared(what: str, actual: Counter[Any], wanted: Counter[Any]) -> list[str]:
    missing = [f"{what} missing: {each}" for each in wanted - actual]
    return missing + [f"{what} too many: {each}" for each in actual - wanted]
