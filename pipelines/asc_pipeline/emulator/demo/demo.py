"""The demo's world: a month of Apple's overlapping, restated instances for four invented apps."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache, partial

from app_store_connect.catalog import RestatementPolicy, schema_of
from app_store_connect.entities import AccessType, Granularity
from asc_pipeline.emulator.demo.apps import PROFILES, WEATHER, Profile
from asc_pipeline.emulator.demo.figures import Block, Figure, arrived, restated, spread
from asc_pipeline.emulator.demo.reports import REPORTS
from asc_pipeline.emulator.demo.story import DAY, EPOCH, cycle_of, day_of, dice
from asc_pipeline.emulator.world.entities import WorldReport
from asc_pipeline.emulator.world.tables import Row
from asc_pipeline.emulator.world.world import World

_FRIDAY = 4
_MONTHLY_DAY = 5
_SNAPSHOT_DAY = 9
_SNAPSHOT_DAYS = 60
_SNAPSHOT_FILES = 3
_ROWS_IN_A_SEGMENT = 180
_REMEMBERED_PERIODS = 4096
_REMEMBERED_INSTANCES = 64

Period = tuple[date, ...]
"""The days that a row sums over; the first one dates it."""


def add_demo(world: World, today: date, days: int = 35) -> None:
    """Add four invented apps as Apple would hold them on `today`, with `days` days of instances.

    Ids and figures depend on their dates alone: the next day's world has the same instances, those
    of one day more, and none of the oldest day.
    """
    processed = [today - k * DAY for k in reversed(range(days))]
    for profile in PROFILES:
        world.add_app(profile.app)
        request = world.add_request(profile.app.id, AccessType.ONGOING, created=EPOCH)
        for report in world.add_all_reports(request):
            if report.name in REPORTS and profile in REPORTS[report.name].apps:
                _add_instances(world, report, profile, processed)
    _add_snapshot(world, WEATHER, _newest_snapshot(today))


def _add_instances(
    world: World, report: WorldReport, profile: Profile, processed: Sequence[date]
) -> None:
    """An instance for each day on which one is due, though it may be without a row."""
    demo = REPORTS[report.name]
    is_monthly = report.name in profile.monthly
    for granularity in (Granularity.MONTHLY,) if is_monthly else demo.granularities:
        for day in processed:
            periods = _periods(granularity, day, schema_of(report.name, None).window_days)
            if any(demo.blocks(profile, period[0]) for period in periods):
                rows = partial(_rows, profile, report.name, periods, day, len(periods))
                if demo.is_doubled and granularity is Granularity.MONTHLY:
                    rows = partial(_twice, rows)
                files = 1 + demo.rows * len(periods) // _ROWS_IN_A_SEGMENT
                world.add_instance(report, granularity, day, _in_parts(rows, files))


def _periods(granularity: Granularity, day: date, window: int) -> tuple[Period, ...]:
    """The periods that an instance of that processing date tells; empty if none is due.

    Weeks are published on Fridays: the one that ended on Sunday, and the one before it, restated.
    The month before is published on the 5th.
    """
    if granularity is Granularity.DAILY:
        return tuple((day - k * DAY,) for k in range(window, 0, -1))
    if granularity is Granularity.WEEKLY and day.weekday() == _FRIDAY:
        monday = day - 11 * DAY
        return _days(monday - 7 * DAY, 7), _days(monday, 7)
    if granularity is Granularity.MONTHLY and day.day == _MONTHLY_DAY:
        end = day - day.day * DAY
        return (_days(end.replace(day=1), end.day),)
    return ()


def _days(first: date, count: int) -> Period:
    return tuple(first + k * DAY for k in range(count))


def _newest_snapshot(today: date) -> date:
    """The last day on which a snapshot was ordered: the same day of each cycle, so monthly."""
    made = day_of(cycle_of(today), _SNAPSHOT_DAY)
    return made if made <= today else day_of(cycle_of(today) - 1, _SNAPSHOT_DAY)


def _add_snapshot(world: World, profile: Profile, made: date) -> None:
    """History up to the day on which the snapshot was ordered, in few large instances.

    They share that processing date with ONGOING instances.
    """
    request = world.add_request(profile.app.id, AccessType.ONE_TIME_SNAPSHOT, created=made)
    periods = tuple((made - k * DAY,) for k in range(_SNAPSHOT_DAYS, 0, -1))
    for report in world.add_all_reports(request):
        if report.name in REPORTS and REPORTS[report.name].has_snapshot:
            window = schema_of(report.name, None).window_days
            rows = partial(_rows, profile, report.name, periods, made, window)
            files = _in_parts(rows, _SNAPSHOT_FILES)
            world.add_instance(report, Granularity.DAILY, made, files)


@lru_cache(_REMEMBERED_INSTANCES)
def _rows(
    profile: Profile,
    name: str,
    periods: tuple[Period, ...],
    processed: date,
    complete_age: int,
) -> Sequence[Row]:
    """The whole periods as an instance processed on that day tells them, in no order."""
    schema = schema_of(name, None)
    tell = arrived if schema.policy is RestatementPolicy.ACCUMULATE else restated
    rows: list[Row] = []
    for age, period in zip(range(len(periods), 0, -1), periods, strict=True):
        dated = {
            schema.date_column: period[0].isoformat(),
            "App Name": profile.app.name,
            "App Apple Identifier": profile.app.id,
        }
        for figure in _figures(profile, name, period):
            if told := tell(figure, min(age, complete_age + 1), complete_age):
                rows.append({**dated, **REPORTS[name].row(told)})
    dice(profile.app.id, name, processed, len(periods[-1])).shuffle(rows)
    return rows


@lru_cache(_REMEMBERED_PERIODS)
def _figures(profile: Profile, name: str, period: Period) -> list[Figure]:
    blocks = [block for day in period for block in REPORTS[name].blocks(profile, day)]
    throws = dice(profile.app.id, name, period[0], len(period))
    return spread(_summed(blocks), REPORTS[name].rows, throws)


def _summed(blocks: Sequence[Block]) -> list[Block]:
    """One block for all that share their fixed dimensions."""
    sums: dict[tuple[tuple[str, str | None], ...], Block] = {}
    for block in blocks:
        key = (*block.fixed.items(), ("", str(block.total < 0)))
        total = block.total + (sums[key].total if key in sums else 0)
        sums[key] = Block(block.fixed, total, block.varied)
    return list(sums.values())


def _twice(rows: Callable[[], Sequence[Row]]) -> Sequence[Row]:
    return [*rows()] * 2


def _in_parts(rows: Callable[[], Sequence[Row]], parts: int) -> list[Callable[[], Sequence[Row]]]:
    """The rows in as many files; a date may well be spread over several."""
    return [partial(_part, rows, parts, number) for number in range(parts)]


def _part(rows: Callable[[], Sequence[Row]], parts: int, number: int) -> Sequence[Row]:
    whole = rows()
    size = -(-len(whole) // parts)
    return whole[number * size : (number + 1) * size]
