"""A file is loaded only as the report that it is of, whoever said which that is."""

from datetime import timedelta

import dlt
import pytest

from app_store_connect import app_store_connect_source
from app_store_connect.catalog import schema_of
from app_store_connect.names import snake_case
from tests.asking import StartApple
from tests.conftest import Job
from tests.emulator import World, WorldInstance, rows_of
from tests.test_report_names import renamed, world_of
from tests.test_source import pipeline as pipeline
from tests.test_source import rows
from tests.worlds import APPS, CRASHES, TODAY, differences

DOWNLOADS, DETAILED = "App Downloads Standard", "App Downloads Detailed"
PURCHASES, SESSIONS = "App Store Purchases Standard", "App Sessions Standard"
STATE, EVENT = (f"App Store Subscription {kind} Report Standard" for kind in ("State", "Event"))
WRONG = [(CRASHES, DOWNLOADS), (DOWNLOADS, DETAILED), (STATE, EVENT), (SESSIONS, CRASHES)]
BY_NAMES = pytest.mark.parametrize(("told", "true"), WRONG)


def loaded(job: Job) -> list[str]:
    """The report tables in the raw schema."""
    return [
        name
        for (name,) in job.query(
            "select table_name from information_schema.tables"
            " where table_schema = 'app_store_connect_raw' and ends_with(table_name, '_daily')"
        )
    ]


def instance_of(world: World, name: str) -> WorldInstance:
    return world.report(APPS[0], name).instances[0]


@pytest.mark.slow
@pytest.mark.nightly
@BY_NAMES
def test_told_wrongly(told: str, true: str, start_apple: StartApple, job: Job) -> None:
    """Refused by both names; afterwards the day's true rows of both reports are loaded."""
    world = world_of((told, told), (true, true))
    apple = start_apple(world)
    options = ("--instance-id", instance_of(world, true).id, "--app-id", APPS[0], "--report", told)
    result = job.run(apple, *options)
    (failure,) = result.summary["failures"]

    assert 1 == result.exit_code
    assert f"taken for {told!r}, but its header is that of {true!r}" in failure["why"]
    assert [] == (loaded(job) if job.database.exists() else [])
    assert 0 == job.run(apple, "--report", told, "--report", true).exit_code
    assert [] == differences(job, world)


@pytest.mark.slow
@pytest.mark.nightly
def test_told_wrongly_a_name_without_entry(start_apple: StartApple, job: Job) -> None:
    """A file that the catalogue knows is not loaded under a name that it does not know."""
    world = world_of((DOWNLOADS, DOWNLOADS), ("Weather Kit Usage", CRASHES))
    apple = start_apple(world)
    job.run(apple, "--report", "Weather Kit Usage", "--plan")
    job.run(apple, "--report", "Weather Kit Usage")
    given = ("--instance-id", "unlisted", "--app-id", APPS[0], "--report", "Weather Kit Usage")
    report = world.add_report(
        world.add_request(APPS[0], "ONE_TIME_SNAPSHOT"), DOWNLOADS, "COMMERCE"
    )
    content = rows_of(instance_of(world, DOWNLOADS))
    world.add_instance(report, "DAILY", TODAY, [content], id="unlisted")
    result = job.run(apple, *given)

    assert f"its header is that of {DOWNLOADS!r}" in result.summary["failures"][0]["why"]
    assert ["weather_kit_usage_daily"] == loaded(job)


@BY_NAMES
@pytest.mark.variants
def test_listed_wrongly(told: str, true: str, start_apple: StartApple, job: Job) -> None:
    """What Apple lists as a report and is not is refused too, unless it has all of its columns."""
    world = world_of((told, true), (PURCHASES, PURCHASES))
    result = job.run(start_apple(world), "--report", told, "--report", PURCHASES)
    has_all = {*schema_of(told, None).columns} <= {*schema_of(true, None).columns}

    assert (0 if has_all else 1) == result.exit_code
    assert has_all == (f"{snake_case(told)}_daily" in loaded(job))
    assert f"{snake_case(PURCHASES)}_daily" in loaded(job)
    if not has_all:
        assert repr(true) in result.summary["failures"][0]["why"]


def test_numbered_wrongly(start_apple: StartApple, job: Job) -> None:
    """A type number that leads to another report's entry loads nothing under its name."""
    world = world_of((DOWNLOADS, PURCHASES))
    renamed(world, world.report(APPS[0], DOWNLOADS), "App Fetches Standard")
    result = job.run(start_apple(world))

    assert f"taken for {DOWNLOADS!r}" in result.summary["failures"][0]["why"]
    assert 1 == result.exit_code
    assert [] == loaded(job)


@pytest.mark.variants
@pytest.mark.parametrize("name", [DOWNLOADS, EVENT, CRASHES])
@pytest.mark.parametrize("lost", ["figures", "dates"], ids=["without figures", "without dates"])
def test_nothing_left_of_the_report(
    name: str, lost: str, start_apple: StartApple, job: Job
) -> None:
    """A file of unknown columns, without any figure or date of the report, is not of it."""
    schema = schema_of(name, None)
    gone = {each for each in schema.columns if schema.additivity(each)}
    gone = gone if lost == "figures" else {schema.date_column}
    columns = [*(each for each in schema.columns if each not in gone), "Novelty"]
    world = world_of((PURCHASES, PURCHASES))
    report = world.add_report(world.request(APPS[0], "ONGOING"), name, "COMMERCE")
    world.add_instance(report, "DAILY", TODAY, [[{"Novelty": "1"}]], columns=columns)
    result = job.run(start_apple(world))

    said = f"taken for {name!r}" if lost == "figures" else "none of its rows has a date"
    assert said in result.summary["failures"][0]["why"]
    assert [f"{snake_case(PURCHASES)}_daily"] == loaded(job)


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("name", [DOWNLOADS, EVENT, CRASHES, STATE])
@pytest.mark.parametrize("is_told", [True, False], ids=["told", "listed"])
def test_columns_that_come_and_go(
    name: str, is_told: bool, start_apple: StartApple, job: Job
) -> None:
    """A column that Apple adds or drops refuses no file, and the view is the truth."""
    world = world_of()
    report = world.add_report(world.request(APPS[0], "ONGOING"), name, "COMMERCE")
    dropped = {"Territory", "App Version", "Device"}
    columns = [each for each in schema_of(name, None).columns if each not in dropped]
    row = {schema_of(name, None).date_column: str(TODAY - timedelta(days=1)), "Novelty": "x"}
    instance = world.add_instance(report, "DAILY", TODAY, [[row]], columns=[*columns, "Novelty"])
    given = ("--instance-id", instance.id, "--app-id", APPS[0]) if is_told else ()

    assert 0 == job.run(start_apple(world), *given, "--report", name).exit_code
    assert 0 == job.run(start_apple(world), "--report", name).exit_code
    assert [] == differences(job, world)


def test_source_alone_refuses_it(
    start_apple: StartApple,
    job: Job,
    pipeline: dlt.Pipeline,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A warning names both reports, no row reaches a table, and the others are loaded."""
    world = world_of((CRASHES, DOWNLOADS), (STATE, EVENT), (PURCHASES, PURCHASES))
    job.use(start_apple(world))
    pipeline.run(app_store_connect_source())

    assert f"taken for {CRASHES!r}, but its header is that of {DOWNLOADS!r}" in caplog.text
    assert f"taken for {STATE!r}, but its header is that of {EVENT!r}" in caplog.text
    assert {"app_store_purchases_standard_daily"} == {
        name for name in pipeline.default_schema.tables if name.endswith("_daily")
    }
    assert [(1,)] == rows(pipeline, "select count(*) from analytics_report_segments")
