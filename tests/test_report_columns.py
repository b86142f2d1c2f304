"""What may be summed is told at the destination, column by column."""

from datetime import timedelta

import dlt
import pytest
from click.testing import CliRunner

from app_store_connect import app_store_connect_source
from asc_pipeline.cli.main import main
from tests.asking import StartApple
from tests.conftest import Job
from tests.emulator import World
from tests.test_report_names import add_files, world_of
from tests.test_source import pipeline as pipeline
from tests.test_source import rows
from tests.worlds import APPS, TODAY, app, differences, overlapping_world

STATE, DOWNLOADS = "App Store Subscription State Report Standard", "App Downloads Standard"
INSTALLS, CHOICES = "App Install Performance", "Browser Choice Screen Selection"
REPORTS = (STATE, DOWNLOADS, INSTALLS, CHOICES, "App Opt In")
COLUMNS = "select table_name, column_name, type, additivity from {}report_columns order by all"
IN_JOB = COLUMNS.format("app_store_connect_raw.")
RESTATEMENT = "SOURCES__APP_STORE_CONNECT__RESTATEMENT"
EXPECTED = {
    ("app_store_subscription_state_report_standard_daily", "counts", "bigint", "sum within a date"),
    ("app_downloads_standard_daily", "counts", "bigint", "sum"),
    ("app_downloads_standard_daily", "territory", "text", None),
    ("app_install_performance_daily", "avg_install_duration", "double", "rate"),
    ("browser_choice_screen_selection_daily", "selection_rate", "double", "rate"),
    ("app_opt_in_daily", "users_opting_in", "bigint", "unique"),
}


def all_reports() -> World:
    return world_of(*((name, name) for name in REPORTS))


@pytest.mark.slow
@pytest.mark.nightly
def test_every_loaded_column_is_told(start_apple: StartApple, job: Job) -> None:
    """Type, additivity and meaning; a second run, and another instance, write nothing anew."""
    world = all_reports()
    apple = start_apple(world)
    result = job.run(apple, "--report", "*")
    told = job.query(IN_JOB)
    add_files(world, world.report(APPS[0], DOWNLOADS), DOWNLOADS, ages=(2,))
    job.run(apple, "--report", "*")
    shown = job.query(
        "select table_name, column_name from information_schema.columns"
        " where table_schema = 'app_store_connect' and table_name like '%ly'"
        " and column_name[1] <> '_' order by all"
    )

    assert 0 == result.exit_code
    assert set(told) >= EXPECTED
    assert shown == [row[:2] for row in told] == [row[:2] for row in job.query(IN_JOB)]
    assert [] == job.query(
        "select 1 from app_store_connect_raw.report_columns where meaning is null"
    )


@pytest.mark.slow
@pytest.mark.nightly
def test_source_alone_tells_the_same(
    start_apple: StartApple, job: Job, pipeline: dlt.Pipeline
) -> None:
    """Each column once, whichever way it was loaded."""
    job.use(start_apple(all_reports()))
    for _ in range(2):
        pipeline.run(app_store_connect_source(reports=["*"]))
    told = rows(pipeline, COLUMNS.format(""))

    assert set(told) >= EXPECTED
    assert len(told) == len(set(told))


def test_columns_that_the_catalogue_does_not_know(start_apple: StartApple, job: Job) -> None:
    """They have the type that they are loaded as; known ones of a report without entry are told."""
    world = world_of((DOWNLOADS, DOWNLOADS))
    request = world.request(APPS[0], "ONGOING")
    row = {"Date": str(TODAY - timedelta(days=1)), "Novelty": "x", "Unique Devices": "1"}
    for name in (DOWNLOADS, "App Chat"):
        report = world.add_report(request, name, "COMMERCE") if name != DOWNLOADS else None
        report = report or world.report(APPS[0], name)
        extra = {"Counts": "1"} if name == DOWNLOADS else {}
        world.add_instance(report, "DAILY", TODAY, [[{**row, **extra}]], columns=[*row, *extra])
    job.run(start_apple(world))

    assert {
        ("app_downloads_standard_daily", "novelty", "text", None),
        ("app_downloads_standard_daily", "unique_devices", "text", None),
        ("app_chat_daily", "novelty", "text", None),
        ("app_chat_daily", "unique_devices", "bigint", "unique"),
    } <= set(job.query(IN_JOB))


@pytest.mark.slow
@pytest.mark.nightly
def test_only_what_changed_is_written(start_apple: StartApple, job: Job) -> None:
    """A column that comes later is a row more; the others keep their load."""
    world = world_of((DOWNLOADS, DOWNLOADS))
    apple = start_apple(world)
    job.run(apple)
    row = {"Date": str(TODAY), "Counts": "1", "Novelty": "x"}
    world.add_instance(world.report(APPS[0], DOWNLOADS), "DAILY", TODAY, [[row]], columns=[*row])
    job.run(apple)

    assert [("novelty",)] == job.query(
        "select column_name from app_store_connect_raw.report_columns where _dlt_load_id ="
        " (select max(_dlt_load_id) from app_store_connect_raw.report_columns)"
    )


def test_summary_promises_no_more_than_holds(start_apple: StartApple, job: Job) -> None:
    """It says where to read which columns may be summed, and not that all may."""
    job.use(start_apple(overlapping_world(days=1)))
    said = CliRunner().invoke(main, ["--progress", "none"]).stdout

    assert "which columns may be summed is in app_store_connect_raw.report_columns" in said
    assert "safe to sum" not in said


@pytest.mark.slow
@pytest.mark.nightly
def test_percentages_are_read_from_a_file_with_commas(start_apple: StartApple, job: Job) -> None:
    """Browser Choice Screen Selection: of each date the newest rates, as numbers."""
    world = world_of()
    request = world.request(APPS[0], "ONGOING")
    report = world.add_report(request, CHOICES, "FRAMEWORK_USAGE")
    for age, rate in ((1, "12.5"), (0, "13.25")):
        row = {"Date": str(TODAY - timedelta(days=2)), "Selection Rate": rate, "Device": "iPad"}
        world.add_instance(report, "DAILY", TODAY - timedelta(days=age), [[row]])
    job.run(start_apple(world), "--report", CHOICES)

    assert [(13.25, "iPad")] == job.query(
        "select selection_rate, device from app_store_connect.browser_choice_screen_selection_daily"
    )


# Framework reports of rates.


def framework_world(column: str, *, is_dated: bool = True) -> World:
    """Two instances of a report without an entry, which tell one date in other figures."""
    world = World()
    world.add_app(app(APPS[0]))
    report = world.add_report(world.add_request(APPS[0], "ONGOING"), "Weather Kit", "PERFORMANCE")
    for age, value in ((1, "12.5"), (0, "13.25")):
        dated = {"Date": str(TODAY - timedelta(days=2))} if is_dated else {}
        row = {**dated, column: value, "Device": "iPad"}
        world.add_instance(
            report,
            "DAILY",
            TODAY - timedelta(days=age),
            [[row]],
            columns=[*dated, column, "Device"],
        )
    return world


RATES = ["Crash Rate", "Percent", "Avg Duration", "Mean", "Latency P95", "Hit Percentage"]
COUNTS = ["Launches", "Separate", "Generated", "Meaning", "P95Latency", "Aggregate"]


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("column", [*RATES, *COUNTS])
def test_rates_follow_the_newest(column: str, start_apple: StartApple, job: Job) -> None:
    """A report that has a rate shows one for each date; of others Apple does not say, so all."""
    job.run(start_apple(framework_world(column)), "--report", "*")

    assert [(1 if column in RATES else 2,)] == job.query(
        "select count(*) from app_store_connect.weather_kit_daily"
    )


@pytest.mark.variants
@pytest.mark.parametrize("column", RATES[:2])
def test_configuration_overrides_the_rule(
    column: str, start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`accumulate` in the configuration shows all rows, also those without a date."""
    monkeypatch.setenv(RESTATEMENT, '{"weather kit": "accumulate"}')
    result = job.run(start_apple(framework_world(column, is_dated=False)), "--report", "*")

    assert 0 == result.exit_code
    assert [(2,)] == job.query("select count(*) from app_store_connect.weather_kit_daily")


@pytest.mark.parametrize("column", [RATES[0], COUNTS[0]])
def test_rates_without_dates_are_refused(column: str, start_apple: StartApple, job: Job) -> None:
    """Since nothing would say which rows a newer instance replaces; counts are loaded."""
    result = job.run(start_apple(framework_world(column, is_dated=False)), "--report", "*")
    said = "none of its rows has a date" in str(result.summary["failures"])

    assert (column in RATES) is said


@pytest.mark.slow
@pytest.mark.nightly
def test_whole_numbers_with_a_point(start_apple: StartApple, job: Job) -> None:
    """`389.0` in a column of counts is 389; `389.5` is no whole number, and is kept as text."""
    world = world_of()
    report = world.add_report(
        world.request(APPS[0], "ONGOING"), "App Crashes Expanded", "PERFORMANCE"
    )
    row = {"Date": str(TODAY - timedelta(days=1)), "Device": "iPad"}
    counts = [{**row, "Count": text, "Unique Devices": "1"} for text in ("389.0", "389.5")]
    world.add_instance(report, "DAILY", TODAY, [counts])
    result = job.run(start_apple(world), "--report", "*")

    assert 1 == result.summary["unparsed_values"]
    assert [(389,), (None,)] == job.query(
        "select count from app_store_connect.app_crashes_expanded_daily order by all"
    )


@pytest.mark.slow
@pytest.mark.nightly
def test_truth_of_all_of_them(start_apple: StartApple, job: Job) -> None:
    """The views of these reports are what Apple would call true."""
    world = all_reports()
    add_files(world, world.report(APPS[0], STATE), STATE, ages=(2,))
    job.run(start_apple(world), "--report", "*")

    assert [] == differences(job, world)
