"""What a database must hold after a healthy run: the truth in the views, and nothing else below."""

from collections import Counter
from typing import Any

from tests.conftest import Job
from tests.emulator import World, WorldInstance, WorldSegment
from tests.worlds import differences, raw_rows

RAW = "app_store_connect_raw"
Held = tuple[str, str, str, int]
"""Segment id, checksum, instance id, number of rows."""

_LATEST = f"""
    select segment_id, checksum, instance_id, row_count, _dlt_load_id, table_name
    from {RAW}.analytics_report_segments
    qualify row_number() over (
        partition by instance_id, segment_id order by _dlt_load_id desc
    ) = 1"""


def findings(job: Job, world: World) -> list[str]:
    """How views, raw tables and ledger differ from the world; empty if they do not.

    Of every segment of an instance exactly the rows of its file are there, under one load that is
    complete, and the latest ledger row says so; every date of it is counted in a slice.
    """
    loads = {
        load for (load,) in job.query(f"select load_id from {RAW}._dlt_loads where status = 0")
    }
    rows = [row for row in job.query(_LATEST) if row[1] is not None]
    ledger = Counter(row[:4] for row in rows)
    counted = Counter({(row[2], row[0], row[4], row[5]): row[3] for row in rows})
    found = [f"view: {name}" for name in differences(job, world)]
    found += _compared("ledger", ledger, Counter(expected(world)))
    found += _compared("rows", _raw_rows(job), counted)
    found += _compared("slices", _slices(job), +counted)
    found += [f"incomplete load: {row[4]}" for row in rows if row[4] not in loads]
    return found


def expected(world: World) -> list[Held]:
    """Every segment under each instance that lists it."""
    return [
        (each.id, each.checksum, instance.id, len(each.rows()))
        for instance in world.instances.values()
        if world.is_true(instance)
        for each in instance.segments
    ]


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
    """By instance, segment, load and table; what has no slice is of no instance."""
    found: Counter[tuple[str, ...]] = Counter()
    tables = job.query(
        "select table_name from information_schema.columns"
        f" where table_schema = '{RAW}' and column_name = '_slice_key'"
        " and table_name <> 'analytics_slices'"
    )
    for (table,) in tables:
        for *key, count in job.query(
            f"select _instance_id, _segment_id, _dlt_load_id, count(*) from {raw_rows(table)}"
            " group by all"
        ):
            found[*key, table] += count
    return found


def _slices(job: Job) -> Counter[tuple[str, ...]]:
    return Counter(
        {
            tuple(key): int(count)
            for *key, count in job.query(
                "select instance_id, segment_id, _dlt_load_id, table_name, sum(row_count)"
                f" from {RAW}.analytics_slices where date is not null and removed_on is null"
                " group by all"
            )
        }
    )


def _compared(what: str, actual: Counter[Any], wanted: Counter[Any]) -> list[str]:
    missing = [f"{what} missing: {each}" for each in wanted - actual]
    return missing + [f"{what} too many: {each}" for each in actual - wanted]
