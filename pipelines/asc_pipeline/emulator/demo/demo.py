"""The demo's world: a month of Apple's overlapping, restated instances for four invented apps."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import lru_cache, partial

from app_store_connect.catalog import schema_of
from app_store_connect.entities import AccessType, Granularity
from asc_pipeline.emulator.demo.figures import Block, Figure, Vintage, spread, told
from asc_pipeline.emulator.demo.increments import INCREMENTAL, add_increments
from asc_pipeline.emulator.demo.profiles import PROFILES, WEATHER, Profile
from asc_pipeline.emulator.demo.recipes import RECIPES, Recipe
from asc_pipeline.emulator.demo.story import EPOCH, Story, cycle_of, day_of, dice
from asc_pipeline.emulator.world.entities import WorldReport, WorldRequest
from asc_pipeline.emulator.world.tables import Row
from asc_pipeline.emulator.world.world import World

_DAY = timedelta(days=1)
_FRIDAY = 4
_MONTHLY_DAY = 5
_LONGER_TERMS = (
    "App Sessions Standard",
    "App Store Discovery and Engagement Standard",
    "App Store Purchases Standard",
)
_DOUBLED = "App Store Purchases Standard"
_SNAPSHOT_DAY = 9
_SNAPSHOT_DAYS = 60
_SNAPSHOT_REPORTS = (*_LONGER_TERMS, "App Downloads Standard", "App Crashes")
_ROWS_IN_A_SEGMENT = 180
_REMEMBERED_PERIODS = 70
_REMEMBERED_INSTANCES = 2

Period = tuple[date, ...]
"""The days that a row sums over; the first one dates it."""


class _Teller:
    """Tells one report of one app, for any period and vintage, always the same."""

    def __init__(self, story: Story, report_name: str, recipe: Recipe) -> None:
        self._story = story
        self.recipe = recipe
        self._name = report_name
        self._figures = lru_cache(_REMEMBERED_PERIODS)(self._all_figures)
        self.rows = lru_cache(_REMEMBERED_INSTANCES)(self._all_rows)

    def tells_of(self, periods: tuple[Period, ...]) -> bool:
        """Whether the report exists in one of the periods; it may be without a row there."""
        return any(self.recipe.blocks(self._story, period[0]) for period in periods)

    def _all_rows(
        self, periods: tuple[Period, ...], processed: date, complete_age: int
    ) -> tuple[Row, ...]:
        """The whole periods as an instance processed on that day carries them, in no order."""
        ages = range(len(periods), 0, -1)
        last = periods[-1]
        lag = max(0, (processed - last[-1]).days - 1) if len(last) == 1 else 0
        rows = [
            row
            for period, age in zip(periods, ages, strict=True)
            for row in self._told(period, Vintage(min(age + lag, complete_age + 1), complete_age))
        ]
        dice(self._story.profile.app.id, self._name, processed, len(last)).shuffle(rows)
        return tuple(rows)

    def _told(self, period: Period, vintage: Vintage) -> list[Row]:
        app = self._story.profile.app
        dated = schema_of(self._name, None).date_column
        head = {
            dated: period[0].isoformat(),
            "App Name": app.name,
            "App Apple Identifier": app.id,
        }
        measures = self.recipe.measures
        return [
            {**head, **figure.dimensions, **measures(self._story, figure)}
            for figure in told(self._figures(period), vintage)
        ]

    def _all_figures(self, period: Period) -> list[Figure]:
        blocks = [block for day in period for block in self.recipe.blocks(self._story, day)]
        throws = dice(self._story.profile.app.id, self._name, period[0], len(period))
        return spread(_summed(blocks), self.recipe.rows, throws)


def add_demo(world: World, today: date, days: int = 35) -> None:
    """Add four invented apps as Apple would hold them on `today`, with `days` days of instances.

    Ids and figures depend on their dates alone: the next day's world has the same instances, those
    of one day more, and none of the oldest day.
    """
    processed = [today - k * _DAY for k in reversed(range(days))]
    for profile in PROFILES:
        world.add_app(profile.app)
        story = Story(profile)
        request = world.add_request(profile.app.id, AccessType.ONGOING, created=EPOCH)
        for report in _add_reports(world, request, profile):
            _add_instances(world, report, story, processed)
        if INCREMENTAL not in profile.silent:
            add_increments(world, request, story, processed)
    _add_snapshot(world, Story(WEATHER), _newest_snapshot(today))


def _add_reports(world: World, request: WorldRequest, profile: Profile) -> list[WorldReport]:
    """All of Apple's reports; those returned are to have data."""
    reports = world.add_all_reports(request)
    return [r for r in reports if r.name in RECIPES and r.name not in profile.silent]


def _add_instances(
    world: World, report: WorldReport, story: Story, processed: Sequence[date]
) -> None:
    teller = _Teller(story, report.name, RECIPES[report.name])
    if report.name in story.profile.monthly:
        _add_monthly(world, report, teller, processed)
        return
    _add_daily(world, report, teller, processed)
    if report.name in _LONGER_TERMS:
        _add_weekly(world, report, teller, processed)
        _add_monthly(world, report, teller, processed)


def _add_daily(
    world: World, report: WorldReport, teller: _Teller, processed: Sequence[date]
) -> None:
    """One for each day. The instance of days without a row has a file with a header alone."""
    window = schema_of(report.name, report.category).window_days
    for day in processed:
        periods = tuple((day - k * _DAY,) for k in range(window, 0, -1))
        if teller.tells_of(periods):
            rows = partial(teller.rows, periods, day, window)
            parts = 1 + (teller.recipe.rows * window) // _ROWS_IN_A_SEGMENT
            world.add_instance(report, Granularity.DAILY, day, _in_parts(rows, parts))


def _add_weekly(
    world: World, report: WorldReport, teller: _Teller, processed: Sequence[date]
) -> None:
    """Published on Fridays: the week that ended on Sunday, and the one before it, restated."""
    for day in processed:
        if day.weekday() == _FRIDAY:
            monday = day - 11 * _DAY
            weeks = (_days(monday - 7 * _DAY, 7), _days(monday, 7))
            rows = partial(teller.rows, weeks, day, 2)
            world.add_instance(report, Granularity.WEEKLY, day, [rows])


def _add_monthly(
    world: World, report: WorldReport, teller: _Teller, processed: Sequence[date]
) -> None:
    """Published on the 5th: the month before. Apple was seen to write each of its rows twice."""
    times = 2 if report.name == _DOUBLED else 1
    for day in processed:
        if day.day == _MONTHLY_DAY:
            end = day - day.day * _DAY
            month = _days(end.replace(day=1), end.day)
            rows = partial(_repeated, partial(teller.rows, (month,), day, 1), times)
            world.add_instance(report, Granularity.MONTHLY, day, [rows])


def _newest_snapshot(today: date) -> date:
    """The last day on which a snapshot was ordered: the same day of each cycle, so monthly."""
    made = day_of(cycle_of(today), _SNAPSHOT_DAY)
    return made if made <= today else day_of(cycle_of(today) - 1, _SNAPSHOT_DAY)


def _add_snapshot(world: World, story: Story, made: date) -> None:
    """History up to the day on which the snapshot was ordered, in few large instances.

    They share that processing date with ONGOING instances.
    """
    request = world.add_request(story.profile.app.id, AccessType.ONE_TIME_SNAPSHOT, created=made)
    for report in world.add_all_reports(request):
        name, category = report.name, report.category
        if name in _SNAPSHOT_REPORTS:
            teller = _Teller(story, name, RECIPES[name])
            periods = tuple((made - k * _DAY,) for k in range(_SNAPSHOT_DAYS, 0, -1))
            window = schema_of(name, category).window_days
            rows = partial(teller.rows, periods, made, window)
            world.add_instance(report, Granularity.DAILY, made, _in_parts(rows, 3))


def _repeated(rows: Callable[[], Sequence[Row]], times: int) -> Sequence[Row]:
    return [*rows()] * times


def _in_parts(rows: Callable[[], Sequence[Row]], parts: int) -> list[Callable[[], Sequence[Row]]]:
    """The rows in as many files; a date may well be spread over several."""
    return [partial(_part, rows, parts, number) for number in range(parts)]


def _part(rows: Callable[[], Sequence[Row]], parts: int, number: int) -> Sequence[Row]:
    whole = rows()
    size = -(-len(whole) // parts)
    return whole[number * size : (number + 1) * size]


def _days(first: date, count: int) -> Period:
    return tuple(first + k * _DAY for k in range(count))


def _summed(blocks: Sequence[Block]) -> list[Block]:
    """One block for all that share their fixed dimensions."""
    sums: dict[tuple[tuple[str, str | None], ...], Block] = {}
    for block in blocks:
        key = (*block.fixed.items(), ("", str(block.total < 0)))
        total = block.total + (sums[key].total if key in sums else 0)
        sums[key] = Block(block.fixed, total, block.varied)
    return list(sums.values())
