"""The job on Dagster, in this process: units, budgets, new apps, checks, keys that are refused."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from asc_pipeline.dagster.apps import new_apps_sensor
from asc_pipeline.dagster.assets.loads import load_assets
from asc_pipeline.dagster.assets.state import read_state
from asc_pipeline.dagster.assets.views import FRESH, LOADED, results, view_checks, view_specs
from asc_pipeline.dagster.schedules import due_unit, load_job, load_schedule
from asc_pipeline.dagster.settings import (
    apps_asset,
    apps_of_key,
    read_dagster_settings,
    table_asset,
    view_asset,
)
from asc_pipeline.dagster.units import AppRange
from tests.asking import StartApple
from tests.conftest import KEYS, Job
from tests.emulator import Fault
from tests.several_keys import (
    FOREIGN,
    NORTH,
    SIX,
    SOUTH,
    UseKeys,
    world_of,
)
from tests.worlds import CRASHES, TODAY, add_vintage, add_vintages, differences, world_with_reports

TABLE = "app_crashes_daily"


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{KEYS}BACKOFF_SECONDS", "0")


class Engine:
    """Dagster's instance in memory, and what the daemons would do with it."""

    def __init__(self, instance: dg.DagsterInstance, *keys: str) -> None:
        self.instance, self.keys = instance, keys
        self.settings = read_dagster_settings()
        self.loads = {key: load_assets(key, self.settings) for key in keys}
        self.jobs = {key: load_job(key, assets) for key, assets in self.loads.items()}
        schedules = [load_schedule(key, self.jobs[key], self.settings) for key in keys]
        self.schedules = dict(zip(keys, schedules, strict=True))
        self.checks = view_checks(self.settings)
        self.sensor = new_apps_sensor(keys)
        look = dg.define_asset_job("look", dg.AssetSelection.checks(self.checks))
        self.definitions = dg.Definitions(
            assets=[*self.loads.values(), *view_specs(keys)],
            asset_checks=[self.checks],
            jobs=[*self.jobs.values(), look],
            schedules=schedules,
            sensors=[self.sensor],
        )

    def look_for_apps(self) -> dict[str, list[str]]:
        """The sensor's tick; returns the apps of each key after it."""
        with dg.build_sensor_context(self.instance) as context:
            result = self.sensor(context)
        if isinstance(result, dg.SensorResult):
            for each in result.dynamic_partitions_requests or []:
                name = each.partitions_def_name
                if isinstance(each, dg.AddDynamicPartitionsRequest):
                    self.instance.add_dynamic_partitions(name, each.partition_keys)
                else:
                    for partition in each.partition_keys:
                        self.instance.delete_dynamic_partition(name, partition)
        return {key: self.apps(key) for key in self.keys}

    def apps(self, key: str) -> list[str]:
        return list(self.instance.get_dynamic_partitions(str(apps_of_key(key).name)))

    def due(self, key: str) -> AppRange | None:
        return due_unit(self.instance, key, self.settings, datetime.now(UTC))

    def hour(self, key: str) -> dg.ExecuteInProcessResult | None:
        """The hourly tick of a key; the result of the run that it asks for."""
        context = dg.build_schedule_context(
            self.instance, scheduled_execution_time=datetime.now(UTC)
        )
        request = self.schedules[key](context)
        if not isinstance(request, dg.RunRequest):
            return None
        job = self.definitions.resolve_job_def(f"load_{key}")
        return job.execute_in_process(
            instance=self.instance, tags=dict(request.tags), raise_on_error=False
        )

    def tags(self, result: dg.ExecuteInProcessResult) -> dict[str, str]:
        run = self.instance.get_run_by_id(result.run_id)
        assert run
        return dict(run.tags)

    def look_at_views(self) -> dg.ExecuteInProcessResult:
        job = self.definitions.resolve_job_def("look")
        return job.execute_in_process(instance=self.instance)

    def check(self, table: str, name: str) -> dg.AssetCheckEvaluation:
        found = self.look_at_views().get_asset_check_evaluations()
        view = view_asset(table)
        (check,) = [each for each in found if (each.asset_key, each.check_name) == (view, name)]
        return check

    def check_now(self, table: str, name: str) -> dg.AssetCheckResult:
        """The same without a run."""
        found = results(*read_state(self.settings), datetime.now(UTC).date())
        view = view_asset(table)
        (check,) = [each for each in found if (each.asset_key, each.check_name) == (view, name)]
        return check

    def materialised(self, asset: dg.AssetKey) -> dict[str, dict[str, Any]]:
        """Of each partition the metadata of its last materialisation."""
        records = self.instance.fetch_materializations(asset, limit=1000, ascending=True).records
        found = {}
        for record in records:
            event = record.asset_materialization
            assert event
            values = {name: value.value for name, value in event.metadata.items()}
            found[str(event.partition)] = values
        return found


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """With one file for the events of all runs: Dagster's default writes each event to two."""
    one_file = {
        "module": "dagster._core.storage.event_log",
        "class": "ConsolidatedSqliteEventLogStorage",
        "config": {"base_dir": str(tmp_path / "events")},
    }
    with dg.instance_for_test(overrides={"event_log_storage": one_file}) as found:
        yield found


def descriptions(result: dg.ExecuteInProcessResult) -> list[str]:
    """Of the failures of a run."""
    found = [
        event.step_failure_data.user_failure_data
        for event in result.all_events
        if event.is_step_failure
    ]
    return [str(each.description) for each in found if each]


def test_unit_with_metadata(
    instance: dg.DagsterInstance,
    start_apple: StartApple,
    job: Job,
    use_keys: UseKeys,
) -> None:
    """Two apps in one run: each is materialised with its own figures, and loaded as by the job."""
    world = world_of(SIX[:2])
    use_keys(start_apple(world), north=(NORTH, ()))
    engine = Engine(instance, "north")
    apps = engine.look_for_apps()
    result = engine.hour("north")

    assert {"north": [*SIX[:2]]} == apps
    assert result is not None
    assert result.success
    assert [] == differences(job, world)
    tables = engine.materialised(table_asset("north", TABLE))
    assert {*SIX[:2]} == tables.keys() == engine.materialised(apps_asset("north")).keys()
    ((rows,),) = job.query(
        "select sum(row_count) from app_store_connect_raw.analytics_report_segments"
        f" where app_id = {SIX[0]}"
    )
    own = [
        each for each in world.segments.values() if each.instance.report.request.app_id == SIX[0]
    ]
    assert (rows, sum(each.size_in_bytes for each in own), len(own), 4) == tuple(
        tables[SIX[0]][name] for name in ("rows", "bytes", "segments", "requests")
    )
    ((complete,),) = job.query(
        f"select newest_complete_date from app_store_connect.data_freshness where app_id = {SIX[0]}"
    )
    assert TODAY.isoformat() == tables[SIX[0]]["newest_processing_date"]
    assert str(complete or "none yet") == tables[SIX[0]]["newest_complete_date"]
    assert engine.hour("north") is None  # nothing is due before tomorrow


@pytest.mark.slow
def test_budget_frees_the_slot(
    instance: dg.DagsterInstance,
    start_apple: StartApple,
    job: Job,
    use_keys: UseKeys,
) -> None:
    """The run ends well and says so; its apps are due in the next hour, which completes them.
    Meanwhile the other key loads.
    """
    world = world_of(SIX[:3])
    apple = start_apple(world, hourly_limit=10)
    use_keys(apple, north=(NORTH, SIX[:2]), south=(SOUTH, SIX[2:3]))
    engine = Engine(instance, "north", "south")
    engine.look_for_apps()
    cut, whole = engine.hour("north"), engine.hour("south")
    left, of_south = engine.due("north"), engine.due("south")
    apple.budget.__init__(apple.clock, {"hour": 3600})  # type: ignore[misc]  # the next hour
    rest = engine.hour("north")

    assert cut is not None
    assert whole is not None
    assert rest is not None
    assert [True] * 3 == [each.success for each in (cut, whole, rest)]
    assert "3" == engine.tags(cut)["asc/exit_code"]
    assert "0 of 2" == engine.tags(cut)["asc/complete_apps"]
    assert AppRange(SIX[0], SIX[1]) == left
    assert of_south is None
    assert engine.due("north") is None
    assert [] == differences(job, world)


@pytest.mark.slow
def test_sensor_takes_up_new_apps(
    instance: dg.DagsterInstance,
    start_apple: StartApple,
    job: Job,
    use_keys: UseKeys,
) -> None:
    """An app that Apple lists from today on is loaded by the next hour, alone. One that is gone is
    asked for no more.
    """
    world = world_of(SIX[:1])
    apple = start_apple(world)
    use_keys(apple, north=(NORTH, ()))
    engine = Engine(instance, "north")
    engine.look_for_apps()
    engine.hour("north")
    more = world_of(SIX[1:2])
    world.apps |= more.apps
    world.requests += more.requests
    for own, new in ((world.reports, more.reports), (world.instances, more.instances)):
        own.update(new)  # type: ignore[arg-type]
    world.segments.update(more.segments)
    world.files.update(more.files)
    found = engine.look_for_apps()
    due = engine.due("north")
    result = engine.hour("north")
    del world.apps[SIX[0]]

    assert {"north": [*SIX[:2]]} == found
    assert AppRange(SIX[1], SIX[1]) == due
    assert result is not None
    assert result.success
    assert [] == differences(job, world)
    assert {"north": [SIX[1]]} == engine.look_for_apps()


@pytest.mark.slow
def test_late_report_is_red(
    instance: dg.DagsterInstance,
    start_apple: StartApple,
    job: Job,
    use_keys: UseKeys,
) -> None:
    """The check of its view fails, and names the app; it passes when the instances are there."""
    world = world_with_reports(CRASHES, app_ids=SIX[:2])
    add_vintages(world, world.report(SIX[0], CRASHES), days=3)
    for age in (5, 4, 3):
        add_vintage(world, world.report(SIX[1], CRASHES), TODAY - timedelta(days=age))
    use_keys(start_apple(world), north=(NORTH, ()))
    engine = Engine(instance, "north")
    engine.look_for_apps()
    engine.hour("north")
    late = engine.check(TABLE, FRESH)
    for age in (2, 1, 0):
        add_vintage(world, world.report(SIX[1], CRASHES), TODAY - timedelta(days=age))
    assert 0 == job.invoke().exit_code
    on_time = engine.check_now(TABLE, FRESH)

    assert (False, dg.AssetCheckSeverity.ERROR) == (late.passed, late.severity)
    assert f"app {SIX[1]}: App Crashes DAILY: late, no instance since" in str(late.description)
    assert on_time.passed


@pytest.mark.slow
def test_failure_is_red_until_it_is_loaded(
    instance: dg.DagsterInstance,
    start_apple: StartApple,
    use_keys: UseKeys,
) -> None:
    """The run fails and names the instance; the other app is complete. The next hour mends all."""
    world = world_of(SIX[:2])
    apple = start_apple(world)
    use_keys(apple, north=(NORTH, ()))
    engine = Engine(instance, "north")
    engine.look_for_apps()
    broken = next(e for e in world.segments.values() if e.instance.report.request.app_id == SIX[1])
    apple.fault(Fault("store", broken.path, "flip", times=None))
    failed = engine.hour("north")
    red, due = engine.check_now(TABLE, LOADED), engine.due("north")
    apple.clear_faults()
    mended = engine.hour("north")

    assert failed is not None
    assert mended is not None
    assert (False, True) == (failed.success, mended.success)
    (description,) = descriptions(failed)
    assert description.startswith("1 not loaded, the next hour asks again; the first: App Crashes")
    assert AppRange(SIX[1], SIX[1]) == due
    assert (False, dg.AssetCheckSeverity.ERROR) == (red.passed, red.severity)
    assert SIX[1] in str(red.description)
    assert engine.check_now(TABLE, LOADED).passed


@pytest.mark.slow
def test_refused_key_costs_its_own_unit(
    instance: dg.DagsterInstance,
    start_apple: StartApple,
    job: Job,
    use_keys: UseKeys,
) -> None:
    """Its run fails once, without another try, and its apps stay due. The other key loads."""
    world = world_of(SIX[:2])
    apple = start_apple(world)
    use_keys(apple, south=(SOUTH, SIX[:1]), wrong=(FOREIGN, SIX[1:2]))
    engine = Engine(instance, "south", "wrong")
    instance.add_dynamic_partitions(str(apps_of_key("wrong").name), SIX[1:2])
    found = engine.look_for_apps()
    refused, loaded = engine.hour("wrong"), engine.hour("south")

    assert {"south": [SIX[0]], "wrong": [SIX[1]]} == found
    assert refused is not None
    assert loaded is not None
    assert (False, True) == (refused.success, loaded.success)
    (description,) = descriptions(refused)
    assert description.startswith("key wrong: ")
    assert not [each for each in refused.all_events if each.is_step_up_for_retry]
    assert AppRange(SIX[1], SIX[1]) == engine.due("wrong")
    assert SIX[0] in engine.materialised(apps_asset("south"))
