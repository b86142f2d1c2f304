"""The dlt source by itself, under a plain `pipeline.run`."""

import re
from datetime import datetime, timedelta
from typing import Any

import dlt
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from app_store_connect import app_store_connect_source
from app_store_connect.errors import ConfigurationError
from app_store_connect.report_files import tsv
from tests.asking import StartApple
from tests.conftest import Job
from tests.emulator import Fault, rows_of
from tests.odd import HUGE, Edit, OddApple, beside, first
from tests.worlds import APPS, CRASHES, TODAY, add_vintage, crash_rows, overlapping_world


@pytest.fixture
def pipeline() -> dlt.Pipeline:
    return dlt.pipeline("asc_segments", destination="duckdb", dataset_name="app_store_connect_raw")


CRASH_ROWS = (
    "app_crashes_daily join (select _slice_key, app_id, instance_id, segment_id, processing_date"
    " from analytics_slices) as slices using (_slice_key)"
)


def rows(pipeline: dlt.Pipeline, statement: str) -> list[Any]:
    with pipeline.sql_client() as client:
        return [tuple(row) for row in client.execute_sql(statement) or []]


def test_contract_example(start_apple: StartApple, job: Job, pipeline: dlt.Pipeline) -> None:
    """Rows land with where they came from; a second run loads nothing."""
    world = overlapping_world(days=3)
    apple = start_apple(world)
    job.use(apple)
    for _ in range(2):
        info = pipeline.run(app_store_connect_source(app_ids=[APPS[0]], reports=[CRASHES]))
    expected = sum(len(rows_of(i)) for i in world.report(APPS[0], CRASHES).instances)

    assert [] == info.loads_ids
    assert 6 == len(apple.downloads)
    assert [(expected, 3, 6)] == rows(
        pipeline,
        "select count(*), count(distinct instance_id), count(distinct segment_id)"
        f" from {CRASH_ROWS} where _dlt_load_id in (select load_id from _dlt_loads)",
    )


@pytest.mark.slow
def test_twin_rows_survive_a_replacement(
    start_apple: StartApple, job: Job, pipeline: dlt.Pipeline
) -> None:
    """A re-published segment replaces exactly its rows, twins included: the latest load counts."""
    world = overlapping_world(days=2, parts=1)
    job.use(start_apple(world))
    pipeline.run(app_store_connect_source())
    newest = max(world.instances.values(), key=world.rank)
    published = crash_rows(newest.report.request.app_id, TODAY, vintage=2)
    world.republish(newest.segments[0], published)
    pipeline.run(app_store_connect_source())

    assert [(len(published),)] == rows(
        pipeline,
        f"select count(*) from {CRASH_ROWS} where instance_id = '{newest.id}' and _dlt_load_id in"
        " (select max(_dlt_load_id) from analytics_report_segments)",
    )
    assert [(len(world.segments), len(world.segments) + 1)] == rows(
        pipeline, "select count(distinct segment_id), count(*) from analytics_report_segments"
    )


@pytest.mark.slow
def test_failed_segment_is_a_warning_and_comes_again(
    start_apple: StartApple, job: Job, pipeline: dlt.Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    """What could not be loaded is named in the log, is not in the ledger, and is tried again."""
    world = overlapping_world(days=2, parts=1)
    apple = start_apple(world)
    job.use(apple)
    fault = apple.fault(Fault("api", "Instances/[^/]+/segments", "forbidden"))
    counts = []
    for _ in range(2):
        pipeline.run(app_store_connect_source())
        counts += rows(pipeline, "select count(*) from analytics_report_segments")

    assert 1 == fault.fired
    assert [(3,), (4,)] == counts
    assert "not loaded: App Crashes" in caplog.text


@pytest.mark.slow
@pytest.mark.variants
@pytest.mark.parametrize(
    ("path", "edit", "said", "apps"),
    [
        ("/apps", first("id", "fifteen"), "apps fifteen in the list of apps", 1),
        ("/apps", first("bundleId", ["a"]), f"apps {APPS[0]} in the list of apps", 2),
        ("/apps", first("sku", HUGE), f"apps {APPS[0]} in the list of apps", 2),
        ("/reports", first("category", ["X"]), "in the reports of report request", 2),
        ("/instances", beside("analyticsReportInstances"), "new-at-apple in the instances", 2),
    ],
    ids=["app id a word", "bundle id a list", "SKU of 5,000 digits", "category", "instance"],
)
def test_odd_one_costs_itself(
    path: str,
    edit: Edit,
    said: str,
    apps: int,
    job: Job,
    pipeline: dlt.Pipeline,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What Apple describes oddly is named in the log; all else is loaded, as by the job."""
    with OddApple(overlapping_world(days=2), {path: edit}, "user-hour-lim:" + "9" * 5000) as apple:
        job.use(apple)
        pipeline.run(app_store_connect_source())

    assert "not loaded: " in caplog.text
    assert said in caplog.text
    assert [(apps, 4 * apps)] == rows(
        pipeline, "select count(distinct app_id), count(*) from analytics_report_segments"
    )


@pytest.mark.slow
def test_one_source_is_run_again(
    start_apple: StartApple, job: Job, pipeline: dlt.Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    """The same object asks Apple anew, and forgets what stopped it before."""
    world = overlapping_world(days=2, parts=1)
    apple = start_apple(world)
    job.use(apple)
    source = app_store_connect_source()
    pipeline.run(source)
    report = world.report(APPS[0], CRASHES)
    counts = []
    for day in (1, 2):
        newest = add_vintage(world, report, TODAY + timedelta(days=day))
        if day == 1:
            apple.fault(Fault("api", f"{newest.id}/segments", "forbidden"))
        pipeline.run(source)
        counts += rows(pipeline, "select count(*) from analytics_report_segments")

    assert [(4,), (len(world.segments),)] == counts
    assert 6 == len(world.segments)
    assert "not loaded: App Crashes" in caplog.text


@pytest.mark.slow
def test_one_source_is_run_again_after_it_failed(
    start_apple: StartApple, job: Job, pipeline: dlt.Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As dlt advises for `pipeline.run` that may fail: nothing of the first try is missing."""
    world = overlapping_world(days=3)
    job.use(start_apple(world))
    read = tsv.read_batches
    calls = iter(range(100))

    def read_once_not(*file: Any, **options: Any) -> Any:
        if next(calls) == 3:
            raise OSError("the disk is gone")
        return read(*file, **options)

    monkeypatch.setattr("app_store_connect.extract.instance_reader.read_batches", read_once_not)
    source = app_store_connect_source()
    with pytest.raises(PipelineStepFailed):
        pipeline.run(source)
    pipeline.run(source)

    assert [(len(world.segments),)] == rows(
        pipeline, "select count(*) from analytics_report_segments"
    )
    assert [(sum(len(rows_of(each)) for each in world.instances.values()),)] == rows(
        pipeline, "select count(*) from app_crashes_daily"
    )


@pytest.mark.slow
@pytest.mark.parametrize("refresh", ["drop_sources", "drop_resources", "drop_data"])
def test_refresh(refresh: Any, start_apple: StartApple, job: Job, pipeline: dlt.Pipeline) -> None:
    """dlt empties the tables after the source was read: what they hold now does not count."""
    world = overlapping_world(days=2)
    job.use(start_apple(world))
    tables = ("app_crashes_daily", "analytics_report_segments", "apps", "analytics_reports")
    counted = " union all ".join(f"select count(*) from {each}" for each in tables)
    pipeline.run(app_store_connect_source())
    before = rows(pipeline, counted)
    pipeline.run(app_store_connect_source(), refresh=refresh)

    assert (len(world.segments),) in before
    assert before == rows(pipeline, counted)


@pytest.mark.parametrize(
    ("argument", "value", "said"),
    [
        ("app_ids", "1500000101", "app_ids is the text '1500000101'; give a list"),
        ("reports", "App Crashes", "reports is the text"),
        ("categories", ["NOPE"], "categories has NOPE; there are APP_STORE_ENGAGEMENT"),
        ("granularities", ["HOURLY"], "granularities has HOURLY; there are DAILY, MONTHLY"),
        ("access_types", ["ALL"], "access_types has ALL"),
        ("since", "soon", "since is 'soon'; a date is 2026-01-31"),
        ("until", 20260131, "until is 20260131; give a date"),
        ("until", "2020-01-01", "since, 2021-01-01, is after until, 2020-01-01"),
        ("recheck_days", -1, "recheck_days is -1"),
    ],
)
def test_wrong_arguments(argument: str, value: Any, said: str) -> None:
    """Each is refused when the source is made, by name, before the key is looked at."""
    given: dict[str, Any] = {argument: value}
    if "2020" in str(value):
        given["since"] = "2021-01-01"
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        app_store_connect_source(**given)


@pytest.mark.slow
def test_arguments_in_other_spellings(
    start_apple: StartApple, job: Job, pipeline: dlt.Pipeline
) -> None:
    """Numbers for ids, lower case, and dates as text are understood."""
    world = overlapping_world(days=3)
    job.use(start_apple(world))
    pipeline.run(
        app_store_connect_source(
            app_ids=[int(APPS[0])],  # type: ignore[list-item]  # as users may
            granularities=["daily"],
            categories=["app_usage"],
            since=(TODAY - timedelta(days=1)).isoformat(),  # type: ignore[arg-type]  # as users may
            until=datetime(TODAY.year, TODAY.month, TODAY.day, 12),  # noqa: DTZ001
        )
    )

    assert [(int(APPS[0]), TODAY - timedelta(days=1)), (int(APPS[0]), TODAY)] == rows(
        pipeline, f"select distinct app_id, processing_date from {CRASH_ROWS} order by all"
    )
