"""Who owns a date where Apple is odd: ties, copies, doubles, requests made anew, quiet days."""

from collections.abc import Sequence
from datetime import date, timedelta

import dlt
import pytest

from app_store_connect import app_store_connect_source
from app_store_connect.entities import (
    AccessType,
    Granularity,
    Report,
    ReportInstance,
    ReportRequest,
)
from app_store_connect.instances import KnownInstance, ListedInstance
from app_store_connect.planning.listing import Listing
from app_store_connect.planning.options import Options
from app_store_connect.planning.unlisted import no_longer_listed
from tests.asking import StartApple
from tests.conftest import Job
from tests.emulator import World, WorldInstance
from tests.worlds import (
    APPS,
    CRASHES,
    TODAY,
    Row,
    add_vintages,
    crash_rows,
    differences,
    shown_rows,
    world_with_reports,
)

DAY = timedelta(days=1)
EXPANDED = "App Crashes Expanded"
HEADER = ("Date", "App Name", "App Apple Identifier", "App Version", "Device", "Crashes")
BOTH_ORDERS = pytest.mark.parametrize("ids", [("a", "z"), ("z", "a")], ids=["less", "greater"])


def counted(day: date, count: int, version: str = "1.0") -> Row:
    return {
        "Date": day.isoformat(),
        "App Name": "App",
        "App Apple Identifier": APPS[0],
        "App Version": version,
        "Crashes": str(count),
    }


def expanded(day: date, count: int) -> Row:
    return {"Date": day.isoformat(), "App Name": "App", "Device": "iPhone", "Count": str(count)}


def one_app(report: str = CRASHES) -> World:
    return world_with_reports(report, app_ids=APPS[:1])


def snapshot(
    world: World, report: str, processed: date, rows: Sequence[Row], id: str
) -> WorldInstance:
    request = world.add_request(APPS[0], "ONE_TIME_SNAPSHOT")
    category = "PERFORMANCE" if report == EXPANDED else "APP_USAGE"
    return world.add_instance(
        world.add_report(request, report, category), "DAILY", processed, [rows], id=id
    )


def crashes(job: Job) -> list[tuple[object, ...]]:
    return job.query(
        "select date, sum(crashes)::bigint from app_store_connect.app_crashes_daily"
        " group by all order by all"
    )


def freshness(job: Job, column: str) -> list[object]:
    query = f"select {column} from app_store_connect.data_freshness order by all"
    return [value for (value,) in job.query(query)]


@pytest.mark.slow
@BOTH_ORDERS
def test_ongoing_comes_before_a_snapshot_of_its_day(
    ids: tuple[str, str], start_apple: StartApple, job: Job
) -> None:
    """On the day of a snapshot order the ONGOING instance owns the dates that both carry."""
    world = one_app()
    report = world.report(APPS[0], CRASHES)
    world.add_instance(report, "DAILY", TODAY, [[counted(TODAY - DAY, 12)]], id=ids[0])
    told = [counted(TODAY - DAY, 110), counted(TODAY - 9 * DAY, 7)]
    snapshot(world, CRASHES, TODAY, told, ids[1])
    result = job.run(start_apple(world), "--report", CRASHES)

    assert (0, []) == (result.exit_code, differences(job, world))
    assert [(TODAY - 9 * DAY, 7), (TODAY - DAY, 12)] == crashes(job)
    assert [] == result.summary["notices"]


@pytest.mark.slow
@BOTH_ORDERS
@pytest.mark.parametrize("stays", [True, False], ids=["is told of", "is wrong"])
def test_request_made_anew(
    ids: tuple[str, str], stays: bool, start_apple: StartApple, job: Job
) -> None:
    """Where a request was made anew its instances own their dates, and those of before the rest;
    also once neither is listed any more.
    """
    world = one_app()
    old = world.report(APPS[0], CRASHES)
    before = [counted(TODAY - DAY, 1), counted(TODAY - 2 * DAY, 2)]
    world.add_instance(old, "DAILY", TODAY, [before], id=ids[0])
    apple = start_apple(world)
    job.run(apple)
    world.delete_request(old.request)
    request = world.add_request(APPS[0], "ONGOING")
    new = world.add_report(request, CRASHES, "APP_USAGE")
    again = world.add_instance(new, "DAILY", TODAY, [[counted(TODAY - DAY, 5)]], id=ids[1])
    first = job.run(apple, "--report", CRASHES)
    shown = crashes(job)
    world.expire(again)
    job.run(apple)

    assert (0, []) == (first.exit_code, first.summary["notices"])
    assert [(TODAY - 2 * DAY, 2), (TODAY - DAY, 5)] == shown == crashes(job)
    assert [] == differences(job, world)


@pytest.mark.slow
def test_listing_tells_since_when_an_instance_is_gone(start_apple: StartApple, job: Job) -> None:
    """An instance that Apple lists no more has the day of the run that found out; a list that
    failed, was not asked for or is of another app says nothing; who comes back is listed.
    """
    world = world_with_reports(CRASHES)
    kept = add_vintages(world, world.report(APPS[0], CRASHES), days=2)[0]
    other = add_vintages(world, world.report(APPS[1], CRASHES), days=2)[0]
    apple = start_apple(world)
    job.run(apple)
    world.expire(kept)
    world.expire(other)
    job.run(apple, "--app-id", APPS[0], "--granularity", "WEEKLY")
    gone = "select id from app_store_connect_raw.analytics_report_instances where"
    none_yet = job.query(f"{gone} unlisted_since is not null")
    job.run(apple, "--app-id", APPS[0])
    one = job.query(f"{gone} unlisted_since = current_date")
    kept.is_listed = True
    job.run(apple)

    assert ([], [(kept.id,)]) == (none_yet, one)
    assert [(other.id,)] == job.query(f"{gone} unlisted_since is not null")


REQUEST = ReportRequest("q", APPS[0], AccessType.ONGOING, is_stopped=False)
REPORT = Report("r1-q", "q", CRASHES, "APP_USAGE")
INSTANCE = ReportInstance("i", "r1-q", Granularity.DAILY, TODAY)
KNOWN = KnownInstance("i", "r1-q", "q", int(APPS[0]), "DAILY", TODAY)


def listing(**changed: object) -> Listing:
    complete = Listing(
        reports=[(REQUEST, REPORT)],
        requests_of={APPS[0]: [REQUEST]},
        read_requests={"q"},
        read_reports={"r1-q"},
    )
    for name, value in changed.items():
        setattr(complete, name, value)
    return complete


@pytest.mark.parametrize(
    ("found", "options", "expected"),
    [
        pytest.param(listing(), Options(), True, id="all read, not listed"),
        pytest.param(
            listing(instances=[ListedInstance(APPS[0], AccessType.ONGOING, REPORT, INSTANCE)]),
            Options(),
            False,
            id="listed",
        ),
        pytest.param(listing(read_reports=set()), Options(), False, id="instances not read"),
        pytest.param(
            listing(), Options(granularities=(Granularity.WEEKLY,)), False, id="not asked for"
        ),
        pytest.param(
            listing(requests_of={APPS[0]: []}, reports=[], read_requests=set()),
            Options(granularities=(Granularity.WEEKLY,)),
            True,
            id="request gone",
        ),
        pytest.param(
            listing(requests_of={}, read_requests=set(), read_reports=set()),
            Options(),
            False,
            id="app not read",
        ),
        pytest.param(listing(reports=[], read_reports=set()), Options(), True, id="report gone"),
        pytest.param(
            listing(requests_of={APPS[0]: []}, apps_in_part={APPS[0]}, read_reports=set()),
            Options(),
            False,
            id="app read in part",
        ),
        pytest.param(
            listing(requests_of={APPS[0]: []}, read_reports=set()),
            Options(request_ids=("other",)),
            False,
            id="requests by id",
        ),
    ],
)
def test_gone_is_concluded_from_whole_lists(
    found: Listing, options: Options, expected: bool
) -> None:
    """An instance is gone if a list that was read to its end, and would have it, lacks it."""
    assert ([KNOWN] if expected else []) == no_longer_listed([KNOWN], found, options)


@pytest.mark.slow
@BOTH_ORDERS
def test_accumulated_dates_are_not_doubled_by_a_snapshot(
    ids: tuple[str, str], start_apple: StartApple, job: Job
) -> None:
    """Of a report that accumulates a date that ONGOING instances have is theirs alone."""
    world = one_app()
    report = world.add_report(world.request(APPS[0], "ONGOING"), EXPANDED, "PERFORMANCE")
    world.add_instance(report, "DAILY", TODAY - DAY, [[expanded(TODAY - 2 * DAY, 30)]], id="m")
    world.add_instance(report, "DAILY", TODAY, [[expanded(TODAY - 2 * DAY, 10)]], id=ids[0])
    told = [expanded(TODAY - 2 * DAY, 40), expanded(TODAY - 30 * DAY, 3)]
    snapshot(world, EXPANDED, TODAY, told, ids[1])
    result = job.run(start_apple(world), "--report", EXPANDED)

    assert (0, []) == (result.exit_code, differences(job, world))
    assert [(TODAY - 30 * DAY, 3), (TODAY - 2 * DAY, 40)] == job.query(
        "select date, sum(count)::bigint from app_store_connect.app_crashes_expanded_daily"
        " group by all order by all"
    )


@pytest.mark.slow
@BOTH_ORDERS
def test_equal_rank_with_other_figures_is_named(
    ids: tuple[str, str], start_apple: StartApple, job: Job
) -> None:
    """Two instances of equal rank that tell different figures are named, in the run that loads
    them; two that tell the same in another order of rows are not.
    """
    world = one_app()
    report = world.report(APPS[0], CRASHES)
    same = [counted(TODAY - 2 * DAY, 4, "1.0"), counted(TODAY - 2 * DAY, 3, "2.0")]
    world.add_instance(report, "DAILY", TODAY, [[counted(TODAY - DAY, 5), *same]], id=ids[0])
    world.add_instance(report, "DAILY", TODAY, [[*same[::-1], counted(TODAY - DAY, 6)]], id=ids[1])
    apple = start_apple(world)
    (note,) = job.run(apple, "--report", CRASHES).summary["notices"]

    assert "instances z and a have the same processing date" in note
    assert f"different figures of {TODAY - DAY}; shown are those of z" in note
    assert [] == job.run(apple, "--report", CRASHES).summary["notices"]
    assert [] == differences(job, world)


@pytest.mark.slow
@pytest.mark.parametrize("is_source", [False, True], ids=["job", "source"])
def test_one_file_under_two_segment_ids_counts_once(
    is_source: bool, start_apple: StartApple, job: Job
) -> None:
    """Apple lists a file under two ids of an instance: its rows are there once."""
    world = one_app()
    rows = [counted(TODAY - DAY, 50), counted(TODAY - DAY, 10, "2.0")]
    world.add_instance(world.report(APPS[0], CRASHES), "DAILY", TODAY, [rows, rows])
    apple = start_apple(world)
    if is_source:
        job.use(apple)
        target = dlt.destinations.duckdb(str(job.database))
        for _ in range(2):
            dlt.pipeline("copies", destination=target, dataset_name="app_store_connect_raw").run(
                app_store_connect_source(
                    key_id=apple.key_id,
                    private_key=apple.private_key,
                    issuer_id=apple.issuer_id,
                    base_url=apple.base_url,
                )
            )
        shown = job.query(
            "select sum(crashes)::bigint from app_store_connect_raw.app_crashes_daily"
        )
    else:
        job.run(apple)
        job.run(apple)
        shown = job.query("select sum(crashes)::bigint from app_store_connect.app_crashes_daily")

    assert [(60,)] == shown
    if not is_source:
        assert [] == differences(job, world)


MONTH = date(2026, 9, 1)
ROWS = [counted(MONTH, n, f"{n}.0") for n in range(1, 6)]
TWIN = [counted(MONTH, 1)] * 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("files", "doubled"),
    [
        pytest.param([ROWS + ROWS], 1, id="in one file"),
        pytest.param([ROWS, ROWS[::-1]], 1, id="over two files"),
        pytest.param([ROWS + ROWS, [counted(MONTH, 9)]], 0, id="but for one row"),
        pytest.param([ROWS], 0, id="not at all"),
        pytest.param([TWIN], 0, id="two twins alone"),
        pytest.param([TWIN * 2 + ROWS * 2], 1, id="twins among them"),
    ],
)
def test_doubled_dates_are_named(
    files: list[list[Row]], doubled: int, start_apple: StartApple, job: Job
) -> None:
    """A date in which every row stands twice is a note and a number in data_freshness; its rows
    stay as Apple wrote them.
    """
    world = one_app()
    report = world.report(APPS[0], CRASHES)
    world.add_instance(report, "MONTHLY", TODAY, files, columns=HEADER)
    result = job.run(start_apple(world), "--granularity", "MONTHLY")
    notes = [note for note in result.summary["notices"] if f"of {MONTH} stands" in note]

    assert doubled == len(notes)
    assert [doubled] == freshness(job, "doubled_dates")
    assert sum(map(len, files)) == sum(shown_rows(job, APPS[0], CRASHES, "MONTHLY").values())


def alarm(job: Job) -> list[object]:
    """README's query."""
    from tests.test_docs import README, blocks

    return [row[1] for row in job.query(blocks(README, "sql")[1])]


@pytest.mark.slow
def test_quiet_days_are_not_missing(start_apple: StartApple, job: Job) -> None:
    """An app with few rows, all of whose instances are loaded, has no missing date, and its dates
    are complete up to the newest instance.
    """
    world = one_app()
    report = world.report(APPS[0], CRASHES)
    for age in range(30):
        processed = TODAY - age * DAY
        days = [processed - n * DAY for n in (1, 2, 3, 4, 5)]
        rows = [
            row for day in days if day.toordinal() % 11 == 0 for row in crash_rows(APPS[0], day, 2)
        ]
        world.add_instance(report, "DAILY", processed, [rows], columns=(*HEADER, "Unique Devices"))
    result = job.run(start_apple(world))

    assert (0, []) == (result.exit_code, differences(job, world))
    assert [0] == freshness(job, "missing_dates")
    assert [TODAY - 5 * DAY] == freshness(job, "newest_complete_date")
    assert [] == alarm(job)


@pytest.mark.slow
def test_lost_dates_are_missing(start_apple: StartApple, job: Job) -> None:
    """Dates whose instances never came are missing, with the last date before them."""
    world = one_app()
    report = world.report(APPS[0], CRASHES)
    for age in (*range(8), *range(15, 30)):
        day = TODAY - (age + 1) * DAY
        world.add_instance(report, "DAILY", TODAY - age * DAY, [crash_rows(APPS[0], day, 1)])
    job.run(start_apple(world))

    assert [3] == freshness(job, "missing_dates")
    assert [TODAY - 16 * DAY] == freshness(job, "last_date_before_gap")
    assert [CRASHES] == alarm(job)


@pytest.mark.slow
@pytest.mark.parametrize("granularity", ["WEEKLY", "MONTHLY"])
@pytest.mark.parametrize("is_quiet", [True, False], ids=["quiet", "lost"])
def test_weeks_and_months_alike(
    granularity: str, is_quiet: bool, start_apple: StartApple, job: Job
) -> None:
    """A week or month without a row is missing only if no instance would have told of it."""
    world = one_app()
    report = world.report(APPS[0], CRASHES)
    months = [date(2026, month, 5) for month in range(3, 11)]
    fridays = [date(2026, 8, 7) + 7 * n * DAY for n in range(10)]
    processed = fridays if granularity == "WEEKLY" else months
    for number, day in enumerate(processed):
        if granularity == "WEEKLY":
            told = day - 11 * DAY
        else:
            told = (day.replace(day=1) - DAY).replace(day=1)
        is_silent = 2 <= number <= 5
        if is_quiet or not is_silent:
            rows = [] if is_silent else [counted(told, 3)]
            world.add_instance(report, granularity, day, [rows], columns=HEADER)
    job.run(start_apple(world), "--granularity", granularity)

    assert [0 if is_quiet else 3] == freshness(job, "missing_dates")
    assert [told] == freshness(job, "newest_complete_date")


@pytest.mark.slow
def test_snapshot_by_id_before_it_was_listed(start_apple: StartApple, job: Job) -> None:
    """An instance of which a run by id knew no access type is shown whole once a list tells it."""
    world = one_app()
    request = world.add_request(APPS[0], "ONE_TIME_SNAPSHOT")
    report = world.add_report(request, CRASHES, "APP_USAGE")
    files = [[counted(TODAY - DAY, 4)], [counted(TODAY - DAY, 3, "2.0")]]
    own = world.add_instance(report, "DAILY", TODAY, files, id="s")
    apple = start_apple(world)
    job.run(apple, "--instance-id", "s", "--app-id", APPS[0], "--report", CRASHES)
    first = crashes(job)
    world.republish(own.segments[0], [counted(TODAY - DAY, 5)])
    result = job.run(apple)

    assert [(TODAY - DAY, 7)] == first
    assert (0, [(TODAY - DAY, 8)]) == (result.exit_code, crashes(job))
    assert [] == differences(job, world)
