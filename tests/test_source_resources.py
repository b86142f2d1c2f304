"""The resources of the source, as users of dlt expect them: one for each report table."""

from typing import Any

import dlt
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from dlt.common.configuration.resolve import inject_section, resolve_configuration
from dlt.common.configuration.specs import ConfigSectionContext
from dlt.extract.exceptions import ResourceExtractionError
from dlt.extract.pipe_iterator import PipeIterator
from dlt.pipeline.exceptions import PipelineStepFailed

from app_store_connect import (
    app_store_connect_source,
    create_views,
    dataset,
    raise_for_failures,
)
from app_store_connect.catalog import COLUMNS, REPORTS
from app_store_connect.configuration.settings import set_dlt_defaults
from app_store_connect.errors import ConfigurationError, IncompleteLoadError
from app_store_connect.names import snake_case
from tests.asking import StartApple
from tests.conftest import KEYS, Job
from tests.emulator import Emulator, Fault, World, rows_of
from tests.several_keys import NORTH, UseKeys
from tests.worlds import (
    APPS,
    CRASHES,
    PURCHASES,
    add_vintages,
    overlapping_world,
    world_with_reports,
)

DOWNLOADS, NEW = "App Downloads Standard", "App Fireworks Standard"
CRASH_TABLE, PURCHASE_TABLE = "app_crashes_daily", "app_store_purchases_standard_daily"
LISTS = {
    "apps",
    "analytics_report_requests",
    "analytics_reports",
    "analytics_report_instances",
    "analytics_missing_reports",
    "ledger",
}


@pytest.fixture
def pipeline() -> dlt.Pipeline:
    return dlt.pipeline("asc_segments", destination="duckdb", dataset_name="app_store_connect_raw")


@pytest.fixture
def apple(start_apple: StartApple, job: Job) -> Emulator:
    """Two catalogued reports and one that the catalogue does not have, in the environment."""
    emulator = start_apple(world_of(CRASHES, PURCHASES, NEW))
    job.use(emulator)
    return emulator


def world_of(*names: str, days: int = 2) -> World:
    world = world_with_reports(*names)
    for app_id in APPS:
        for name in names:
            add_vintages(world, world.report(app_id, name), days=days)
    return world


def rows(pipeline: dlt.Pipeline, statement: str) -> list[Any]:
    with pipeline.sql_client() as client:
        return [tuple(row) for row in client.execute_sql(statement) or []]


def tables(pipeline: dlt.Pipeline) -> set[str]:
    found = rows(
        pipeline,
        "select table_name from information_schema.tables"
        " where table_schema = 'app_store_connect_raw'",
    )
    return {name for (name,) in found if not name.startswith("_dlt")}


def expected_rows(world: World, report: str) -> int:
    found = [each for each in world.instances.values() if each.report.name == report]
    return sum(len(rows_of(each)) for each in found)


LISTED = {"apps", "analytics_report_requests", "analytics_reports", "analytics_report_instances"}


def default_tables() -> set[str]:
    return {f"{snake_case(each.name)}_daily" for each in REPORTS if each.is_default}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, default_tables() | {"other_reports"}),
        ({"reports": [CRASHES, "app store purchases standard"]}, {CRASH_TABLE, PURCHASE_TABLE}),
        ({"reports": [CRASHES, NEW]}, {CRASH_TABLE, "other_reports"}),
        (
            {"reports": [CRASHES], "granularities": ["DAILY", "MONTHLY"]},
            {CRASH_TABLE, "app_crashes_monthly"},
        ),
        (
            {"reports": ["*"]},
            {f"{snake_case(each.name)}_daily" for each in REPORTS} | {"other_reports"},
        ),
    ],
    ids=["default rule", "named", "not in the catalogue", "granularities", "all"],
)
def test_a_resource_for_each_report_table(
    asked: dict[str, Any], expected: set[str], job: Job, apple: Emulator
) -> None:
    """It is known from the arguments alone: Apple is not asked."""
    source = app_store_connect_source(**asked)

    assert LISTS | expected == set(source.resources)
    assert [] == apple.exchanges


def test_columns_before_the_first_load(apple: Emulator) -> None:
    """dlt's schema has types and descriptions of the catalogue, and the table its text."""
    source = app_store_connect_source(reports=[PURCHASES])
    table: dict[str, Any] = {**source.discover_schema().tables[PURCHASE_TABLE]}
    proceeds = table["columns"]["proceeds_in_usd"]

    assert ("decimal", 38, 9) == tuple(proceeds[e] for e in ("data_type", "precision", "scale"))
    assert COLUMNS["Proceeds in USD"].meaning == proceeds["description"]
    assert "sum the view" in table["description"]
    assert "sum the view" in (source.resources[PURCHASE_TABLE].__doc__ or "")


def test_selected_report_alone(apple: Emulator, pipeline: dlt.Pipeline) -> None:
    """Its rows come with their ledger; of the other reports Apple is not even asked."""
    pipeline.run(app_store_connect_source().with_resources(CRASH_TABLE))
    asked = [each.path for each in apple.exchanges if each.path.endswith("/instances")]
    counts = rows(
        pipeline,
        f"select (select count(*) from {CRASH_TABLE}),"
        " (select sum(row_count) from analytics_report_segments),"
        " (select sum(row_count) from analytics_slices)",
    )
    pipeline.run(app_store_connect_source())

    assert 2 == len(asked)
    assert [(expected_rows(apple.world, CRASHES),) * 3] == counts
    assert {CRASH_TABLE, PURCHASE_TABLE, "app_fireworks_standard_daily", "apps"} <= tables(pipeline)
    assert [(expected_rows(apple.world, CRASHES),)] == rows(
        pipeline, f"select count(*) from {CRASH_TABLE}"
    )


@pytest.mark.slow
@pytest.mark.parametrize("is_source", [True, False], ids=["of the source", "without it"])
def test_views_of_a_report_alone(is_source: bool, apple: Emulator, pipeline: dlt.Pipeline) -> None:
    """Apple's lists, which the views need, come with it, each row once."""
    found = []
    for _ in range(2):
        source = app_store_connect_source()
        report = source.resources[CRASH_TABLE]
        pipeline.run(source.with_resources(CRASH_TABLE) if is_source else report)
        raise_for_failures(pipeline)
        found.append([rows(pipeline, f"select count(*) from {name}") for name in sorted(LISTED)])

    assert [CRASH_TABLE] == create_views(pipeline)
    assert dataset(pipeline)["data_freshness"].fetchall()
    assert found[0] == found[1]
    assert len(APPS) == found[0][sorted(LISTED).index("apps")][0][0]


def crash_counts(batch: pa.Table) -> Any:
    """A transformer of a user: the sum of each batch as a row."""
    yield {"crashes": pc.sum(batch["crashes"]).as_py()}


def test_transformer_behind_a_report(apple: Emulator, pipeline: dlt.Pipeline) -> None:
    """It gets the report's rows alone, and its own rows go to its own table."""
    source = app_store_connect_source(reports=[CRASHES, PURCHASES])
    source.resources["crash_counts"] = source.resources[CRASH_TABLE] | dlt.transformer(crash_counts)
    pipeline.run(source)
    raise_for_failures(pipeline)
    (true,) = rows(pipeline, f"select sum(crashes), count(*) from {CRASH_TABLE}")

    assert [(true[0],)] == rows(pipeline, "select sum(crashes) from crash_counts")
    assert expected_rows(apple.world, CRASHES) == true[1]
    assert {CRASH_TABLE, PURCHASE_TABLE} == set(create_views(pipeline))


@pytest.mark.slow
def test_transformer_without_its_report(apple: Emulator, pipeline: dlt.Pipeline) -> None:
    """The ledger does not say that the report is loaded, so the next run loads it."""
    source = app_store_connect_source(reports=[CRASHES])
    pipeline.run(source.resources[CRASH_TABLE] | dlt.transformer(crash_counts))
    derived = tables(pipeline)
    pipeline.run(app_store_connect_source(reports=[CRASHES]))

    assert {"crash_counts"} == derived
    assert [(expected_rows(apple.world, CRASHES),)] == rows(
        pipeline, f"select count(*) from {CRASH_TABLE}"
    )


def test_transformer_by_data_from(apple: Emulator, pipeline: dlt.Pipeline) -> None:
    """dlt would pass it the ledger, too; the reason names the way that works."""
    report = app_store_connect_source(reports=[CRASHES]).resources[CRASH_TABLE]
    counts = dlt.transformer(lambda batch: batch, name="counts", data_from=report)
    with pytest.raises(PipelineStepFailed, match=rf'resources\["{CRASH_TABLE}"\] \| counts'):
        pipeline.run(counts)


@pytest.mark.slow
def test_transformer_behind_a_list(apple: Emulator, pipeline: dlt.Pipeline) -> None:
    """A question to another API for each app: the answers go to a table of their own."""

    @dlt.transformer
    def ratings(apps: pa.Table) -> Any:
        yield from ({"app_id": app_id, "stars": 5} for app_id in apps["id"].to_pylist())

    source = app_store_connect_source(reports=[CRASHES])
    source.resources["ratings"] = source.resources["apps"] | ratings
    pipeline.run(source)

    assert [(int(each),) for each in APPS] == rows(
        pipeline, "select app_id from ratings join apps on app_id = id order by app_id"
    )


@pytest.mark.slow
def test_tables_of_a_report(apple: Emulator, pipeline: dlt.Pipeline) -> None:
    """Its own table may be selected; the ledger cannot be left without its rows."""
    source = app_store_connect_source(reports=[CRASHES])
    source.resources[CRASH_TABLE].select_tables(CRASH_TABLE)
    pipeline.run(source)

    assert [(expected_rows(apple.world, CRASHES),)] == rows(
        pipeline, f"select count(*) from {CRASH_TABLE}"
    )
    with pytest.raises(ConfigurationError, match="cannot leave out tables"):
        source.resources[CRASH_TABLE].select_tables("analytics_slices")


def test_limit_of_a_report(job: Job, apple: Emulator) -> None:
    """dlt would warn and load everything."""
    with pytest.raises(ConfigurationError, match="takes no limit, since an instance is loaded"):
        app_store_connect_source(reports=[CRASHES]).add_limit(1)


@pytest.mark.slow
def test_metrics_of_a_report(apple: Emulator, pipeline: dlt.Pipeline) -> None:
    """They count the rows of the report, and not those of the ledger."""

    def count(batch: pa.Table, meta: Any, metrics: dict[str, Any]) -> None:
        metrics["mine"] = metrics.get("mine", 0) + batch.num_rows

    source = app_store_connect_source(reports=[CRASHES])
    source.resources[CRASH_TABLE].add_metrics(count)
    pipeline.run(source)

    metrics = source.resources[CRASH_TABLE].custom_metrics
    assert expected_rows(apple.world, CRASHES) == metrics["mine"]


@pytest.mark.slow
def test_parallelized(apple: Emulator, pipeline: dlt.Pipeline) -> None:
    """`source.parallelize()` does as everywhere in dlt."""
    pipeline.run(app_store_connect_source(reports=[CRASHES]).parallelize())
    raise_for_failures(pipeline)

    assert [(expected_rows(apple.world, CRASHES),)] == rows(
        pipeline, f"select count(*) from {CRASH_TABLE}"
    )


def test_without_a_pipeline(job: Job, apple: Emulator) -> None:
    """The ledger is at the destination, so that the source refuses to run without one."""
    with pytest.raises(ResourceExtractionError, match=r"run it by pipeline\.run\(source\)"):
        list(app_store_connect_source(reports=[CRASHES]))


def test_destination_that_cannot_be_asked(apple: Emulator) -> None:
    """A function as a destination has no ledger."""
    sink = dlt.destination(lambda items, table: None, name="sink")
    with pytest.raises(PipelineStepFailed, match="destination sink cannot be asked which segments"):
        dlt.pipeline("sink", destination=sink).run(app_store_connect_source(reports=[CRASHES]))


@pytest.mark.slow
def test_map_sees_the_rows_of_its_report(apple: Emulator, pipeline: dlt.Pipeline) -> None:
    """Not those of the ledger, nor of another report; a column may come."""
    seen: set[frozenset[str]] = set()

    def shout(batch: pa.Table) -> pa.Table:
        seen.add(frozenset(batch.column_names))
        return batch.append_column("device_in_capitals", pc.utf8_upper(batch["device"]))

    source = app_store_connect_source(reports=[CRASHES, PURCHASES])
    source.resources[CRASH_TABLE].add_map(shout).add_filter(lambda batch: batch.num_rows > 0)
    pipeline.run(source)
    with pipeline.sql_client() as client:
        shown = client.execute_sql(f"select distinct device_in_capitals from {CRASH_TABLE}")

    assert {True} == {"crashes" in columns for columns in seen}
    assert {("IPHONE",), ("NA",), (None,)} == {tuple(row) for row in shown or []}
    assert [(expected_rows(apple.world, PURCHASES),)] == rows(
        pipeline, f"select count(*) from {PURCHASE_TABLE}"
    )


def test_map_on_other_reports(apple: Emulator, pipeline: dlt.Pipeline) -> None:
    """It sees the rows of every report that is not in the catalogue, and not the ledger's."""
    source = app_store_connect_source()
    source.resources["other_reports"].add_yield_map(
        lambda batch: iter([batch.append_column("is_new", pa.array([True] * batch.num_rows))])
    )
    pipeline.run(source)

    assert [(expected_rows(apple.world, NEW),)] == rows(
        pipeline, "select count(*) from app_fireworks_standard_daily where is_new"
    )


def test_map_keeps_the_origin(apple: Emulator, pipeline: dlt.Pipeline) -> None:
    """Rows without the key of their slice would be in no view, so they are refused."""
    source = app_store_connect_source(reports=[CRASHES])
    source.resources[CRASH_TABLE].add_map(lambda batch: batch.drop_columns(["_slice_key"]))
    with pytest.raises(PipelineStepFailed, match="returns rows without _slice_key"):
        pipeline.run(source)


@pytest.mark.parametrize(
    ("hints", "said"),
    [
        ({"write_disposition": "replace"}, "takes no write_disposition: the ledger says"),
        ({"primary_key": "date"}, "takes no primary_key: its rows have no key"),
        ({"merge_key": "date"}, "takes no merge_key"),
        ({"table_name": "mine"}, "takes no table_name: the ledger says which rows"),
        ({"incremental": dlt.sources.incremental("date")}, "takes no incremental"),
        ({"table_format": "delta"}, "takes no table_format: all tables have one"),
        ({"columns": {"crashes": {"data_type": "text"}}}, "crashes of app_crashes_daily is bigint"),
        ({"columns": {"date": {"primary_key": True}}}, "takes no key"),
        ({"columns": {"_slice_key": {"data_type": "text"}}}, "_slice_key of app_crashes_daily is"),
        ({"columns": lambda item: {}}, "takes no function for columns"),
        (
            {"additional_table_hints": {"write_disposition": "replace"}},
            "takes no write_disposition",
        ),
        ({"additional_table_hints": {"x-merge-strategy": "scd2"}}, "takes no x-merge-strategy"),
        ({"create_table_variant": True}, "takes no create_table_variant"),
    ],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else "",
)
def test_hints_that_would_break_the_promise(
    hints: dict[str, Any], said: str, job: Job, apple: Emulator
) -> None:
    """They are refused with the reason."""
    resource = app_store_connect_source(reports=[CRASHES]).resources[CRASH_TABLE]
    with pytest.raises(ConfigurationError, match=said):
        resource.apply_hints(**hints)


def test_columns_of_another_type_as_a_list(job: Job, apple: Emulator) -> None:
    """dlt takes columns as a list, too."""
    resource = app_store_connect_source(reports=[CRASHES]).resources[CRASH_TABLE]
    with pytest.raises(ConfigurationError, match="crashes of app_crashes_daily is bigint"):
        resource.apply_hints(columns=[{"name": "crashes", "data_type": "text"}])


def test_key_of_a_list(job: Job, apple: Emulator) -> None:
    """Apple's lists have a key, and no other."""
    with pytest.raises(ConfigurationError, match="apps takes no primary_key: Apple's ids are its"):
        app_store_connect_source().resources["apps"].apply_hints(primary_key="name")


def test_write_disposition_of_a_run(apple: Emulator, pipeline: dlt.Pipeline) -> None:
    """`pipeline.run` hands its arguments to every resource."""
    with pytest.raises(PipelineStepFailed, match="takes no write_disposition"):
        pipeline.run(app_store_connect_source(reports=[CRASHES]), write_disposition="replace")


@pytest.mark.slow
def test_hints_that_are_honoured(apple: Emulator, pipeline: dlt.Pipeline) -> None:
    """Descriptions and hints of the user stand in dlt's schema, of the report's table alone."""
    source = app_store_connect_source(reports=[CRASHES])
    source.resources[CRASH_TABLE].apply_hints(
        columns={"crashes": {"name": "crashes", "description": "mine", "x-mine": True}},  # type: ignore[typeddict-unknown-key]  # as users may
        additional_table_hints={"x-team": "quality"},
    )
    pipeline.run(source)
    stored = pipeline.schemas["app_store_connect"].tables

    assert "mine" == stored[CRASH_TABLE]["columns"]["crashes"]["description"]
    assert "quality" == stored[CRASH_TABLE]["x-team"]  # type: ignore[typeddict-item]  # as above
    assert {"instance_id", "segment_id"} <= stored["analytics_report_segments"]["columns"].keys()
    assert "crashes" not in stored["analytics_report_segments"]["columns"]
    assert "x-team" not in stored["analytics_report_segments"]


@pytest.mark.slow
def test_refresh_of_one_resource(apple: Emulator, pipeline: dlt.Pipeline) -> None:
    """Its table is loaded anew; the ledger of the others stays, also if it wrote it last."""
    pipeline.run(app_store_connect_source())
    downloads = len(apple.downloads)
    before = rows(pipeline, f"select count(*) from {CRASH_TABLE}")
    for _ in range(2):
        source = app_store_connect_source().with_resources(CRASH_TABLE)
        pipeline.run(source, refresh="drop_resources")
    pipeline.run(app_store_connect_source())

    assert before == rows(pipeline, f"select count(*) from {CRASH_TABLE}")
    assert downloads + 2 * downloads // 3 == len(apple.downloads)


def failing(apple: Emulator) -> None:
    apple.fault(Fault("api", "Instances/[^/]+/segments", "forbidden"))


@pytest.mark.slow
def test_failures_make_a_scheduler_red(
    start_apple: StartApple, job: Job, pipeline: dlt.Pipeline
) -> None:
    """The rest is loaded; table and trace name what failed; the next run is green again."""
    apple = start_apple(overlapping_world(days=2, parts=1))
    job.use(apple)
    failing(apple)
    pipeline.run(app_store_connect_source())
    with pytest.raises(IncompleteLoadError, match="1 not loaded: App Crashes DAILY of app") as red:
        raise_for_failures(pipeline)
    pipeline.run(app_store_connect_source())
    raise_for_failures(pipeline)

    assert 1 == len(red.value.failures)
    assert [(CRASHES, red.value.failures[0].what)] == rows(
        pipeline,
        "select report_name, what from analytics_load_failures where instance_id is not null"
        " and app_id is not null and failed_at is not null"
        " and _dlt_load_id in (select load_id from _dlt_loads)",
    )
    assert [(4,)] == rows(pipeline, "select count(*) from analytics_report_segments")


@pytest.mark.slow
def test_trace_of_another_process(
    start_apple: StartApple, job: Job, pipeline: dlt.Pipeline
) -> None:
    """The failures of the last run are in the trace that dlt keeps."""
    apple = start_apple(overlapping_world(days=2, parts=1))
    job.use(apple)
    failing(apple)
    pipeline.run(app_store_connect_source())
    with pytest.raises(IncompleteLoadError, match="App Crashes DAILY"):
        raise_for_failures(dlt.attach(pipeline_name="asc_segments"))


@pytest.mark.slow
def test_raise_loads_nothing(start_apple: StartApple, job: Job, pipeline: dlt.Pipeline) -> None:
    """For those who rather have all or nothing."""
    apple = start_apple(overlapping_world(days=2, parts=1))
    job.use(apple)
    failing(apple)
    with pytest.raises(PipelineStepFailed, match="1 not loaded: App Crashes DAILY of app"):
        pipeline.run(app_store_connect_source(on_failure="raise"))
    assert set() == tables(pipeline)
    pipeline.run(app_store_connect_source(on_failure="raise"))

    assert [(4,)] == rows(pipeline, "select count(*) from analytics_report_segments")


def test_no_trace_is_no_success(pipeline: dlt.Pipeline) -> None:
    """Silence of a pipeline that never ran, or keeps no trace, does not mean that all is loaded."""
    with pytest.raises(ConfigurationError, match="no trace of a run of pipeline asc_segments"):
        raise_for_failures(pipeline)


@pytest.mark.parametrize("arguments", [{"on_failure": "ignore"}, {"max_wait": float("nan")}])
def test_wrong_reactions(arguments: dict[str, Any], apple: Emulator) -> None:
    """Named when the source is made."""
    with pytest.raises(ConfigurationError, match=next(iter(arguments))):
        app_store_connect_source(**arguments)


@pytest.mark.slow
def test_budget_stops_cleanly(
    start_apple: StartApple, job: Job, pipeline: dlt.Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    """What is done is kept, the rest is named, and the next run goes on."""
    apple = start_apple(overlapping_world(days=6, parts=1), hourly_limit=15)
    job.use(apple)
    pipeline.run(app_store_connect_source(max_wait=0))
    with pytest.raises(IncompleteLoadError, match="the rest of this run"):
        raise_for_failures(pipeline)
    (loaded,) = rows(pipeline, "select count(*) from analytics_report_segments")

    assert 0 < loaded[0] < 12


@pytest.mark.slow
def test_budget_that_ends_with_the_last_instance(
    start_apple: StartApple, job: Job, pipeline: dlt.Pipeline
) -> None:
    """Nothing was left to hand out when Apple refused, and still it is no success."""
    apple = start_apple(overlapping_world(days=1, parts=1), hourly_limit=8)  # one too few
    job.use(apple)
    pipeline.run(app_store_connect_source(max_wait=0))
    with pytest.raises(IncompleteLoadError, match="the rest of this run"):
        raise_for_failures(pipeline)

    assert [(1,)] == rows(pipeline, "select count(*) from analytics_report_segments")


@pytest.mark.parametrize("resource", ["apps", CRASH_TABLE])
def test_failures_of_a_resource_alone(
    resource: str, start_apple: StartApple, job: Job, pipeline: dlt.Pipeline
) -> None:
    """Whatever a user selects or takes out of the source, a failure is in the trace."""
    apple = start_apple(overlapping_world(days=1, parts=1))
    job.use(apple)
    apple.fault(Fault("api", "/reports", "forbidden"))
    pipeline.run(app_store_connect_source().resources[resource])
    with pytest.raises(IncompleteLoadError, match="1 not loaded: the reports of report request"):
        raise_for_failures(pipeline)


def test_source_tells_why_it_is_late(
    start_apple: StartApple,
    pipeline: dlt.Pipeline,
    caplog: pytest.LogCaptureFixture,
    use_keys: UseKeys,
) -> None:
    """In Python's log: that Apple is asked again, and that a key has two names."""
    apple = start_apple(world_of(CRASHES))
    use_keys(apple, north=(NORTH, ()), again=(NORTH, ()))
    apple.fault(Fault("api", "/v1/apps$", "503"))
    pipeline.run(app_store_connect_source(reports=[CRASHES]))
    raise_for_failures(pipeline)

    assert "keys again and north are one API key, NORTHKEY01: it is used once" in caplog.text
    assert "key again: no usable answer, asking again: " in caplog.text


def test_configuration_acts_on_the_source(
    apple: Emulator, pipeline: dlt.Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit of inflated files as on the job."""
    monkeypatch.setenv(f"{KEYS}MAX_INFLATED_GIGABYTES", "0.0000001")
    pipeline.run(app_store_connect_source(reports=[CRASHES]))
    with pytest.raises(IncompleteLoadError, match="inflates to more than"):
        raise_for_failures(pipeline)


def workers_of(source: str) -> tuple[int, int]:
    """Threads, and items on their way, that dlt would use for a source of that name."""
    with inject_section(ConfigSectionContext(sections=("sources", source, source))):
        found = resolve_configuration(PipeIterator.PipeIteratorConfiguration())
    return found.workers, found.max_parallel_items


def test_workers_of_the_source_alone(monkeypatch: pytest.MonkeyPatch, apple: Emulator) -> None:
    """dlt's threads are as many as `workers` for this source; other sources keep their number."""
    set_dlt_defaults(8)  # a job that ran before in this process
    before = workers_of("another")
    monkeypatch.setenv(f"{KEYS}WORKERS", "3")
    app_store_connect_source()

    assert [(3, 3), before] == [workers_of("app_store_connect"), workers_of("another")]
