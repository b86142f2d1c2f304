"""Apple's names are not the catalogue's to decide: other spellings, renamed and new reports."""

from datetime import timedelta

import dlt
import pytest

from app_store_connect import app_store_connect_source
from app_store_connect.catalog import COLUMNS, ColumnType, schema_of
from app_store_connect.names import snake_case
from tests.asking import StartApple
from tests.conftest import Job
from tests.emulator import Fault, World, WorldReport
from tests.emulator import file_of as content_of
from tests.test_source import pipeline as pipeline
from tests.test_source import rows
from tests.worlds import APPS, CRASHES, TODAY, Row, app, world_with_reports

STATE, EVENT = (f"App Store Subscription {kind} Report Standard" for kind in ("State", "Event"))
CLIPS, DOWNLOADS = "App Clip Usage Standard", "App Downloads Standard"
SPELLINGS = {
    STATE: "App Store Subscription State Standard",
    EVENT: "App Store Subscription Event Standard",
    CLIPS: "App Clip Usage",
}
RESTATEMENT = "SOURCES__APP_STORE_CONNECT__RESTATEMENT"


def file_of(report: str, age: int = 1) -> list[Row]:
    """A row of two dates each, in the columns of a catalogued report."""
    schema = schema_of(report, None)
    days = [(TODAY - timedelta(days=age + back)).isoformat() for back in range(2)]
    measures = {
        name: "1.5" if COLUMNS[name].type is ColumnType.DOUBLE else "1"
        for name in schema.columns
        if schema.additivity(name)
    }
    return [{schema.date_column: day, **measures} for day in days]


def add_files(
    world: World, report: WorldReport, content: str, ages: tuple[int, ...] = (1,)
) -> None:
    """DAILY instances with the header and rows of the report `content`."""
    for age in ages:
        world.add_instance(
            report,
            "DAILY",
            TODAY - timedelta(days=age - 1),
            [file_of(content, age)],
            columns=schema_of(content, None).columns,
        )


def world_of(*listed: tuple[str, str], category: str = "COMMERCE") -> World:
    """An app with these reports, each a name and the report whose files it has."""
    world = World()
    world.add_app(app(APPS[0]))
    request = world.add_request(APPS[0], "ONGOING")
    for name, content in listed:
        add_files(world, world.add_report(request, name, category), content)
    return world


def renamed(world: World, report: WorldReport, name: str) -> WorldReport:
    """Under the same id: the number in it is the report's type. Files are stored by the name."""
    report.name = name
    for segment in [each for instance in report.instances for each in instance.segments]:
        world.republish(segment, content_of(segment))
    return report


def counted(job: Job, table: str) -> list[tuple[int, ...]]:
    return job.query(f"select count(*) from app_store_connect.{table}_daily")


def ledgers_names(job: Job) -> list[tuple[str, ...]]:
    return job.query(
        "select distinct report_name, table_name"
        " from app_store_connect_raw.analytics_report_segments order by all"
    )


# Spellings.


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("is_alias_listed", [True, False], ids=["alias listed", "name listed"])
@pytest.mark.parametrize("is_alias_asked", [True, False], ids=["alias asked", "name asked"])
@pytest.mark.parametrize("name", SPELLINGS)
def test_either_spelling_is_one_report(
    name: str, is_alias_asked: bool, is_alias_listed: bool, start_apple: StartApple, job: Job
) -> None:
    """Whichever Apple lists and whichever is asked for: one table, one name in ledger and view."""
    listed = SPELLINGS[name] if is_alias_listed else name
    asked = SPELLINGS[name] if is_alias_asked else name
    result = job.run(start_apple(world_of((listed, name))), "--report", asked)
    table = f"{snake_case(name)}_daily"

    assert (0, []) == (result.exit_code, result.summary["notices"])
    assert [(2,)] == counted(job, snake_case(name))
    assert [(name, table)] == ledgers_names(job)
    assert [(name, table)] == job.query(
        "select report_name, table_name from app_store_connect.data_freshness"
    )


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("name", SPELLINGS)
def test_restatement_takes_either_spelling(
    name: str, start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A policy under the other name overrides the catalogue, and is no report that there is not."""
    monkeypatch.setenv(RESTATEMENT, f'{{"{SPELLINGS[name]}": "accumulate"}}')
    world = world_of()
    report = world.add_report(world.request(APPS[0], "ONGOING"), name, "COMMERCE")
    add_files(world, report, name, ages=(1, 2))
    result = job.run(start_apple(world), "--report", name)

    assert [] == result.summary["notices"]
    assert [(4,)] == counted(job, snake_case(name))


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("name", SPELLINGS)
def test_ids_with_either_spelling(name: str, start_apple: StartApple, job: Job) -> None:
    """`--instance-id` and `--request-id` with the other name load into the one table."""
    world = world_of((name, name), (SPELLINGS[name] + " Not", name))
    (instance, _) = world.instances.values()
    apple = start_apple(world)
    ids = ("--instance-id", instance.id), ("--request-id", instance.report.request.id)
    options = ("--app-id", APPS[0], "--report", SPELLINGS[name])
    results = [job.run(apple, *given, *options) for given in ids]

    assert [0, 0] == [result.exit_code for result in results]
    assert [(name, f"{snake_case(name)}_daily")] == ledgers_names(job)


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.variants
@pytest.mark.parametrize("name", SPELLINGS)
def test_two_spellings_in_one_request_are_refused(
    name: str, start_apple: StartApple, job: Job
) -> None:
    """Their table would be one, so neither is loaded and both are named; others load."""
    world = world_of((name, name), (SPELLINGS[name], name), (DOWNLOADS, DOWNLOADS))
    result = job.run(start_apple(world))
    (failure,) = result.summary["failures"]

    assert 1 == result.exit_code
    assert name in failure["what"]
    assert SPELLINGS[name] in failure["what"]
    assert [(DOWNLOADS, "app_downloads_standard_daily")] == ledgers_names(job)


@pytest.mark.slow
@pytest.mark.nightly
def test_report_renamed_between_two_requests(start_apple: StartApple, job: Job) -> None:
    """A snapshot that has the old name and an ongoing request with the new one are one report."""
    world = world_of((STATE, STATE))
    old = world.add_report(
        world.add_request(APPS[0], "ONE_TIME_SNAPSHOT"), SPELLINGS[STATE], "COMMERCE"
    )
    add_files(world, old, STATE, ages=(30,))
    result = job.run(start_apple(world), "--report", STATE)

    assert (0, 2) == (result.exit_code, result.summary["instances"])
    assert [(4,)] == counted(job, snake_case(STATE))


# Type numbers.


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("asked", [(), (DOWNLOADS,), ("app fetches standard",), ("*",)])
@pytest.mark.parametrize("name", ["App Fetches Standard", "\u30c0\u30a6\u30f3\u30ed\u30fc\u30c9"])
def test_renamed_report_is_known_by_its_number(
    name: str, asked: tuple[str, ...], start_apple: StartApple, job: Job
) -> None:
    """Table, types and name are the catalogue's, `name` is Apple's, and a note has both."""
    if asked and asked[0].startswith("app fetches"):
        asked = (name,)
    world = world_of((DOWNLOADS, DOWNLOADS))
    renamed(world, world.report(APPS[0], DOWNLOADS), name)
    apple = start_apple(world)
    result = job.run(apple, *(part for each in asked for part in ("--report", each)))
    told = [each for each in result.summary["notices"] if "now" in each]

    assert 0 == result.exit_code
    assert [f"Apple calls {DOWNLOADS!r} {name!r} now; its table keeps its name"] == told
    assert [("BIGINT",)] == job.query(
        "select distinct typeof(counts) from app_store_connect.app_downloads_standard_daily"
    )
    assert [(name, DOWNLOADS)] == job.query(
        "select name, report_name from app_store_connect_raw.analytics_reports"
    )
    assert [(DOWNLOADS, "app_downloads_standard_daily")] == ledgers_names(job)


@pytest.mark.slow
@pytest.mark.nightly
def test_freshness_of_a_renamed_report_is_one_row(start_apple: StartApple, job: Job) -> None:
    """Instances about to expire are counted in the row of what is loaded."""
    world = world_of((DOWNLOADS, DOWNLOADS))
    report = renamed(world, world.report(APPS[0], DOWNLOADS), "App Fetches Standard")
    add_files(world, report, DOWNLOADS, ages=(30,))
    apple = start_apple(world)
    apple.fault(Fault("api", f"{report.instances[1].id}/segments", "forbidden", times=None))
    job.run(apple)

    assert [(DOWNLOADS, 1)] == job.query(
        "select report_name, expiring_instances from app_store_connect.data_freshness"
    )


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("asked", [DOWNLOADS, "App Fetches Standard", None])
def test_instance_of_a_renamed_report_by_id(
    asked: str | None, start_apple: StartApple, job: Job
) -> None:
    """Listed by an earlier run or not, it goes to the same table."""
    world = world_of((DOWNLOADS, DOWNLOADS))
    report = renamed(world, world.report(APPS[0], DOWNLOADS), "App Fetches Standard")
    apple = start_apple(world)
    job.run(apple)
    add_files(world, report, DOWNLOADS, ages=(3,))
    given = ["--report", asked] if asked else []
    for instance in report.instances:
        result = job.run(apple, "--instance-id", instance.id, "--app-id", APPS[0], *given)
        assert 0 == result.exit_code

    assert [(DOWNLOADS, "app_downloads_standard_daily")] == ledgers_names(job)


@pytest.mark.slow
@pytest.mark.nightly
def test_name_comes_before_the_number(start_apple: StartApple, job: Job) -> None:
    """A report with the number of an entry that another one is by name stays what it is."""
    world = world_of((CRASHES, CRASHES), (DOWNLOADS, DOWNLOADS))
    renamed(world, world.report(APPS[0], CRASHES), DOWNLOADS)
    named, other = world.reports.values()
    add_files(world, named, DOWNLOADS, ages=(2,))
    named.instances.pop(0)
    renamed(world, other, "Mystery Standard")
    result = job.run(start_apple(world))

    assert "now; its table" not in str(result.summary["notices"])
    assert ["app_downloads_standard_daily", "mystery_standard_daily"] == [
        table for _, table in ledgers_names(job)
    ]


# The default rule, and what is news.


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("category", ["", "NEW_CATEGORY", "commerce"])
@pytest.mark.parametrize("name", [DOWNLOADS, STATE])
def test_category_that_says_nothing_is_the_catalogues(
    name: str, category: str, start_apple: StartApple, job: Job
) -> None:
    """A default report is loaded, also by its category, whatever Apple calls that now."""
    apple = start_apple(world_of((name, name), category=category))

    assert 1 == job.run(apple, "--category", "COMMERCE").summary["instances"]
    assert 1 == job.run(apple, "--plan").summary["instances_listed"]


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("name", ["App Coin Usage Standard", "App Chat"])
def test_new_report_comes_by_itself_and_is_told_once(
    name: str, start_apple: StartApple, job: Job
) -> None:
    """Loaded by default in all apps, with one line that names it and what was guessed."""
    world = world_with_reports(name, name + " Detailed")
    for app_id in APPS:
        add_files(world, world.report(app_id, name), CRASHES)
    result = job.run(start_apple(world))
    told = [each for each in result.summary["notices"] if "not in the catalogue" in each]

    assert (0, 2) == (result.exit_code, result.summary["instances"])
    assert 1 == len(told)
    assert repr(name) in told[0]
    assert "Detailed" not in told[0]


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.variants
@pytest.mark.parametrize(
    ("listed", "expected"),
    [("App Store Purchase Standard", "App Store Purchases Standard"), ("Opt-In of Apps", None)],
)
def test_expected_report_that_apple_lists_not_is_told_with_near_names(
    listed: str, expected: str | None, start_apple: StartApple, job: Job
) -> None:
    """One line for all default reports that no app has; none where reports were asked for."""
    apple = start_apple(world_with_reports(CRASHES, listed))
    told = [
        [each for each in job.run(apple, *options).summary["notices"] if "for no app" in each]
        for options in ((), ("--report", "*"))
    ]

    assert [1, 0] == list(map(len, told))
    assert repr(DOWNLOADS) in told[0][0]
    assert repr(CRASHES) not in told[0][0]
    assert not expected or f"{expected!r} (near: {listed!r})" in told[0][0]


@pytest.mark.slow
@pytest.mark.nightly
def test_source_alone_knows_and_tells_the_same(
    start_apple: StartApple,
    job: Job,
    pipeline: dlt.Pipeline,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Renamed, in another spelling, and new: the tables and notes of the job."""
    world = world_of((DOWNLOADS, DOWNLOADS), (SPELLINGS[STATE], STATE), ("App Chat", CRASHES))
    renamed(world, world.report(APPS[0], DOWNLOADS), "App Fetches Standard")
    job.use(start_apple(world))
    pipeline.run(app_store_connect_source())

    assert [
        ("app_chat_daily",),
        ("app_downloads_standard_daily",),
        ("app_store_subscription_state_report_standard_daily",),
    ] == rows(pipeline, "select distinct table_name from analytics_report_segments order by all")
    assert f"Apple calls {DOWNLOADS!r} 'App Fetches Standard' now" in caplog.text
    assert "not in the catalogue" in caplog.text
    assert "Apple lists for no app" in caplog.text
