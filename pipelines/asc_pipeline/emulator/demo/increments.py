"""App Crashes Expanded: its instances add to each other, and its files have commas."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial

from app_store_connect.entities import Granularity
from asc_pipeline.emulator.demo.figures import Block, Figure, Weights, spread, unique
from asc_pipeline.emulator.demo.story import Story, cycle_of, dice
from asc_pipeline.emulator.world.entities import WorldRequest
from asc_pipeline.emulator.world.tables import Row
from asc_pipeline.emulator.world.world import World

INCREMENTAL = "App Crashes Expanded"
_LATEST_DAYS = 8
_ROWS_A_DAY = 12


def add_increments(
    world: World, request: WorldRequest, story: Story, processed: Sequence[date]
) -> None:
    """Each instance brings the rows that arrived: most of yesterday, a few of days before."""
    report = next(report for report in request.reports if report.name == INCREMENTAL)
    for day in processed:
        world.add_instance(report, Granularity.DAILY, day, [partial(_arrived, story, day)])


def _arrived(story: Story, processed: date) -> list[Row]:
    rows: list[Row] = []
    for age in range(_LATEST_DAYS, 0, -1):
        day = processed - timedelta(days=age)
        rows += [
            _row(story, day, figure) for figure in _figures(story, day) if _delay(figure) == age
        ]
    return rows


def _figures(story: Story, day: date) -> list[Figure]:
    varied: dict[str, Weights] = {
        "Device": {"iPhone15,2": 4.0, "iPhone17,1": 6.0, "iPad14,3": 2.0},
        "Territory": story.profile.territories,
        "Platform": {"iOS 26.1": 3.0, "iOS 18.7": 2.0},
    }
    blocks = [
        Block({"App Version": version}, story.crashes(day, version), varied)
        for version in story.versions(day)
    ]
    return spread(blocks, _ROWS_A_DAY, dice(story.profile.app.id, INCREMENTAL, day))


def _delay(figure: Figure) -> int:
    """After how many days the row arrives: it does so once."""
    late = figure.luck * 104_729 % 1
    return 1 if late < 0.7 else 2 + int((late - 0.7) / 0.3 * (_LATEST_DAYS - 1))


def _row(story: Story, day: date, figure: Figure) -> Row:
    return {
        **figure.dimensions,
        "Date": day.isoformat(),
        "App Name": story.profile.app.name,
        "Build": f"{100 + cycle_of(day)}",
        "Release Type": "App Store",
        "Count": str(figure.amount),
        "Unique Devices": unique(figure),
    }
