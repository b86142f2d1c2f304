"""The dlt source by itself, under a plain `pipeline.run`."""

from typing import Any

import dlt
import pytest

from app_store_connect import app_store_connect_source
from app_store_connect.emulator import Fault
from tests.conftest import Job, StartApple
from tests.worlds import APPS, CRASHES, TODAY, crash_rows, overlapping_world


@pytest.fixture
def pipeline() -> dlt.Pipeline:
    return dlt.pipeline("asc_segments", destination="duckdb", dataset_name="app_store_connect_raw")


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
    expected = sum(len(i.rows()) for i in world.report(APPS[0], CRASHES).instances)

    assert [] == info.loads_ids
    assert 6 == len(apple.downloads)
    assert [(expected, 3, 6)] == rows(
        pipeline,
        "select count(*), count(distinct _instance_id), count(distinct _segment_id)"
        " from app_crashes_daily where _dlt_load_id in (select load_id from _dlt_loads)",
    )


def test_twin_rows_survive_a_replacement(
    start_apple: StartApple, job: Job, pipeline: dlt.Pipeline
) -> None:
    """A re-published segment replaces exactly its rows, twins included."""
    world = overlapping_world(days=2, parts=1)
    job.use(start_apple(world))
    pipeline.run(app_store_connect_source())
    newest = max(world.instances.values(), key=lambda each: each.rank)
    published = crash_rows(newest.report.request.app_id, TODAY, vintage=2)
    world.republish(newest.segments[0], published)
    pipeline.run(app_store_connect_source())

    assert [(len(published),)] == rows(
        pipeline,
        f"select count(*) from app_crashes_daily where _instance_id = '{newest.id}'",
    )
    assert [(len(world.segments),)] == rows(
        pipeline, "select count(*) from analytics_report_segments"
    )


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


def test_source_can_be_read_without_a_pipeline(start_apple: StartApple, job: Job) -> None:
    """Listings are plain tables for whoever wants to look at them first."""
    job.use(start_apple(overlapping_world(days=2)))
    source = app_store_connect_source()

    assert {
        "apps",
        "analytics_report_requests",
        "analytics_reports",
        "analytics_report_instances",
        "rows",
    } == set(source.resources)
