"""What the local App Store Connect of a benchmark has: apps, one report each or more, instances."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from benchmarks.files import CATEGORY, REPORT, Segment, make_segment

TODAY = datetime.now(UTC).date()
FIRST_APP = 1500000001


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance of `report`, granularity DAILY. Its id goes up with the processing date."""

    id: str
    app_id: str
    processed: str
    segments: list[Segment]
    report: str = REPORT
    category: str = CATEGORY


@dataclass(frozen=True, slots=True)
class World:
    """What is served. `budget` is the hourly limit of requests that is told with every answer."""

    apps: list[str] = field(default_factory=lambda: [str(FIRST_APP)])
    instances: list[Instance] = field(default_factory=list)
    budget: int = 3600

    def write(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self)))

    @property
    def segments(self) -> list[Segment]:
        return [segment for instance in self.instances for segment in instance.segments]


FIXED_DAY = date(2026, 1, 20)
"""The day of which the files tell: they stay in the cache, whatever day it is."""


def large_instances(
    cache: Path, *, segments: int, rows: int, per_instance: int = 4, distinct: int = 16
) -> World:
    """One app whose newest instances have large segments.

    From `distinct` on files come again, under another segment id: to the loader they are others.
    """
    app_id = str(FIRST_APP)
    files = [
        make_segment(cache, number, rows, FIXED_DAY, app_id)
        for number in range(min(segments, distinct))
    ]
    served = [files[number % distinct] for number in range(segments)]
    starts = range(0, segments, per_instance)
    return World(
        instances=[
            Instance(
                f"instance-{start:05}",
                app_id,
                str(TODAY - timedelta(days=len(starts) - number)),
                served[start : start + per_instance],
            )
            for number, start in enumerate(starts)
        ]
    )


def many_instances(
    cache: Path,
    *,
    apps: int,
    instances: int,
    segments: int,
    rows: int,
    reports: Sequence[str] = (REPORT,),
    age_days: int = 1,
    is_cached: bool = True,
) -> World:
    """Apps with many small instances of `segments` segments each, all with files of their own.

    The newest instance of an app and report is `age_days` old. Cached files tell of a fixed day,
    others of the days before the processing date.
    """
    ids = [str(FIRST_APP + number) for number in range(apps)]
    made = []
    for number in range(instances):
        app_id, turn = ids[number % apps], number // apps
        report = reports[turn % len(reports)]
        processed = TODAY - timedelta(days=age_days + turn // len(reports))
        told = FIXED_DAY if is_cached else processed
        files = [
            make_segment(cache, number * segments + each, rows, told, app_id, report)
            for each in range(segments)
        ]
        made.append(Instance(f"instance-{number:05}", app_id, str(processed), files, report))
    return World(apps=ids, instances=made)
