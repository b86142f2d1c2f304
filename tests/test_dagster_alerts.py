"""Dagster tells of failed runs and of red checks by the addresses of alerts, once."""

from datetime import timedelta

import dagster as dg
import pytest

from asc_pipeline.dagster.failures import failed_runs
from tests.asking import ScriptedServer, StartApple
from tests.conftest import Job
from tests.emulator import World
from tests.several_keys import FOREIGN, NORTH, SIX, UseKeys, world_of
from tests.test_alerts import told, webhook  # noqa: F401  # pytest finds fixtures by their names
from tests.test_dagster import Engine, instance  # noqa: F401  # likewise
from tests.worlds import CRASHES, TODAY, add_vintage, world_with_reports


def fail(engine: Engine, key: str) -> None:
    """An hour that fails, and the sensor's look at it."""
    result = engine.hour(key)
    assert result is not None
    assert not result.success
    run = engine.instance.get_run_by_id(result.run_id)
    (event,) = [each for each in result.all_events if each.is_run_failure]
    assert run
    context = dg.build_run_status_sensor_context("failed_runs", event, engine.instance, run)
    failed_runs(context.for_run_failure())


@pytest.mark.slow
def test_failed_run_is_told_once(
    instance: dg.DagsterInstance,  # noqa: F811
    start_apple: StartApple,
    webhook: ScriptedServer,  # noqa: F811
    use_keys: UseKeys,
) -> None:
    """Of a key that Apple refuses the first hour tells, and not each that follows."""
    apple = start_apple(world_of(SIX[:1]))
    use_keys(apple, wrong=(FOREIGN, SIX[:1]))
    engine = Engine(instance, "wrong")
    instance.add_dynamic_partitions("apps_wrong", SIX[:1])
    fail(engine, "wrong")
    fail(engine, "wrong")

    ((title, (line,)),) = told(webhook)
    assert title.startswith("Dagster: run ")
    assert title.endswith(" of load_wrong failed, key wrong")
    assert line.startswith("key wrong: /v1/apps: Apple answered 401 NOT_AUTHORIZED")


def world_of_late() -> World:
    world = world_with_reports(CRASHES, app_ids=SIX[:2])
    add_vintage(world, world.report(SIX[0], CRASHES), TODAY)
    add_vintage(world, world.report(SIX[1], CRASHES), TODAY - timedelta(days=3))
    return world


@pytest.mark.slow
def test_late_report_is_told_once(
    instance: dg.DagsterInstance,  # noqa: F811
    start_apple: StartApple,
    job: Job,
    webhook: ScriptedServer,  # noqa: F811
    use_keys: UseKeys,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the first look at the views, and not by the second."""
    use_keys(start_apple(world_of_late()), north=(NORTH, ()))
    engine = Engine(instance, "north")
    engine.look_for_apps()
    engine.hour("north")
    before = told(webhook)
    for _ in range(2):
        engine.look_at_views()

    assert [] == before  # a unit tells nothing itself
    ((title, (line,)),) = told(webhook)
    assert "App Store Connect reports: 1 new problem" == title
    assert line.startswith(f"app {SIX[1]}: App Crashes DAILY: late, no instance since")
