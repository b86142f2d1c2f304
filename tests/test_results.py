"""What a user of the source does after a run: raise for failures, make the views, read them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dlt
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

import app_store_connect as asc
from app_store_connect.errors import ConfigurationError, IncompleteLoadError
from tests.asking import StartApple
from tests.conftest import Job
from tests.emulator import Fault, World
from tests.worlds import (
    APPS,
    CRASHES,
    PURCHASES,
    TODAY,
    add_vintages,
    crash_rows,
    overlapping_world,
    world_with_reports,
)

CRASH_TABLE = "app_crashes_daily"


def sum_of(world: World, column: str = "Crashes") -> int:
    """The true sum over all apps."""
    rows = [row for app_id in APPS for row in world.truth(app_id, CRASHES, "DAILY")]
    return sum(int(row[column] or 0) for row in rows)


@pytest.mark.slow
def test_a_notebook(start_apple: StartApple, job: Job) -> None:
    """Choose two reports, map one, run, read the views; a failed segment turns a scheduler red."""
    world = world_with_reports(CRASHES, PURCHASES)
    for app_id in APPS:
        for report in (CRASHES, PURCHASES):
            add_vintages(world, world.report(app_id, report), days=4)
    apple = start_apple(world)
    job.use(apple)

    def with_family(batch: pa.Table) -> pa.Table:
        return batch.append_column("family", pc.utf8_slice_codeunits(batch["device"], 0, 2))

    pipeline = dlt.pipeline("notebook", destination="duckdb", dataset_name="apple_raw")
    source = asc.app_store_connect_source(reports=[CRASHES, PURCHASES])
    source.resources[CRASH_TABLE].add_map(with_family)
    apple.fault(Fault("api", "Instances/[^/]+/segments", "forbidden"))
    pipeline.run(source)
    with pytest.raises(IncompleteLoadError, match=r"1 not loaded: App .* DAILY of app"):
        asc.raise_for_failures(pipeline)
    pipeline.run(source)
    asc.raise_for_failures(pipeline)

    assert [CRASH_TABLE, "app_store_purchases_standard_daily"] == asc.create_views(pipeline)
    views = asc.dataset(pipeline)
    shown: Any = views[CRASH_TABLE].arrow()
    families = set(shown["family"].to_pylist())

    assert sum_of(world) == pc.sum(shown["crashes"]).as_py()
    assert {"iP", "NA", None} == families
    assert (sum_of(world),) == views(f"select sum(crashes) from {CRASH_TABLE}").fetchone()
    assert {(1,)} < set(views["date_owners"].select("vintages").fetchall())
    assert {"date_owners", "data_freshness", CRASH_TABLE} <= set(views.tables)


@pytest.mark.slow
def test_destination_of_the_job(start_apple: StartApple, job: Job) -> None:
    """The views that the job made are read from the destination alone."""
    world = overlapping_world(days=3)
    job.run(start_apple(world))
    views = asc.dataset(dlt.destinations.duckdb("asc_segments.duckdb"))

    assert sum_of(world) == views(f"select sum(crashes) from {CRASH_TABLE}").fetchone()[0]  # type: ignore[index]  # a row comes
    with pytest.raises(ConfigurationError, match="dataset nowhere has no views"):
        asc.dataset(dlt.destinations.duckdb("asc_segments.duckdb"), "nowhere")


def test_pipeline_before_its_views(start_apple: StartApple, job: Job) -> None:
    """A pipeline without any load has none, and its dataset says how to make them."""
    job.use(start_apple(overlapping_world(days=1)))
    pipeline = dlt.pipeline("notebook", destination="duckdb", dataset_name="mine")

    assert [] == asc.create_views(pipeline)
    with pytest.raises(ConfigurationError, match="dataset mine_views has no views: make them"):
        asc.dataset(pipeline)


@pytest.mark.slow
def test_dataset_with_the_name_of_the_file(start_apple: StartApple, job: Job) -> None:
    """DuckDB would take one for the other; another name is chosen by hand."""
    job.use(start_apple(overlapping_world(days=1)))
    pipeline = dlt.pipeline("apple", destination="duckdb", dataset_name="apple_raw")
    pipeline.run(asc.app_store_connect_source())
    with pytest.raises(ConfigurationError, match=r"dataset apple of the file apple\.duckdb"):
        asc.create_views(pipeline)

    assert [CRASH_TABLE] == asc.create_views(pipeline, "apple_views")
    assert CRASH_TABLE in asc.dataset(pipeline, "apple_views").tables


@pytest.mark.slow
@pytest.mark.parametrize(("raw", "shown"), [("Apple_RAW", "apple"), ("MyApple", "my_apple_views")])
def test_dataset_that_dlt_spells_otherwise(
    raw: str, shown: str, start_apple: StartApple, job: Job
) -> None:
    """The views' dataset follows the name at the destination."""
    world = overlapping_world(days=1)
    job.use(start_apple(world))
    pipeline = dlt.pipeline("notebook", destination="duckdb", dataset_name=raw)
    pipeline.run(asc.app_store_connect_source())
    asc.create_views(pipeline)
    views = asc.dataset(pipeline)

    assert shown == views.dataset_name
    assert sum_of(world) == views(f"select sum(crashes) from {CRASH_TABLE}").fetchone()[0]  # type: ignore[index]  # a row comes
    assert CRASH_TABLE in {row[0] for row in views.row_counts().fetchall()}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("My Views", "dlt would call dataset 'My Views' 'my_views': take that name"),
        ("apple_raw", "dataset apple_raw has the raw tables: choose another"),
    ],
)
def test_dataset_that_cannot_be_the_views(name: str, said: str, job: Job) -> None:
    pipeline = dlt.pipeline("notebook", destination="duckdb", dataset_name="apple_raw")
    with pytest.raises(ConfigurationError, match=said):
        asc.create_views(pipeline, name)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The 'warn' method is deprecated")  # dlt 1.31 calls it
def test_run_that_only_loaded(start_apple: StartApple, job: Job) -> None:
    """After a run that died dlt loads the rest of that run, and asks Apple for nothing."""
    job.use(start_apple(overlapping_world(days=1)))
    pipeline = dlt.pipeline("notebook", destination="duckdb", dataset_name="apple_raw")
    pipeline.run([{"id": 1}], table_name="mine")
    pipeline.extract(asc.app_store_connect_source())
    Path(pipeline.working_dir, "trace.pickle").unlink()  # which dlt writes at a run's end
    pipeline = dlt.attach(pipeline_name="notebook")
    pipeline.run(asc.app_store_connect_source())
    with pytest.raises(ConfigurationError, match="loaded what a run before it had read"):
        asc.raise_for_failures(pipeline)
    pipeline.run(asc.app_store_connect_source())
    asc.raise_for_failures(pipeline)


@pytest.mark.slow
def test_in_development_mode(start_apple: StartApple, job: Job) -> None:
    """`dev_mode` and another source in the same pipeline do as everywhere in dlt."""
    world = overlapping_world(days=2)
    job.use(start_apple(world))
    pipeline = dlt.pipeline("notebook", destination="duckdb", dataset_name="x", dev_mode=True)
    mine = dlt.resource([{"id": 1}], name="mine")
    pipeline.run([asc.app_store_connect_source(), mine])
    asc.create_views(pipeline)
    views = asc.dataset(pipeline)

    assert sum_of(world) == views(f"select sum(crashes) from {CRASH_TABLE}").fetchone()[0]  # type: ignore[index]  # a row comes


@contextmanager
def files(monkeypatch: pytest.MonkeyPatch, table_format: str) -> Iterator[dlt.Pipeline]:
    monkeypatch.setenv("DESTINATION__FILESYSTEM__BUCKET_URL", Path("lake").absolute().as_uri())
    monkeypatch.setenv("SOURCES__APP_STORE_CONNECT__TABLE_FORMAT", table_format)
    yield dlt.pipeline("lake", destination="filesystem", dataset_name="app_store_connect_raw")


def test_lake_of_other_files(
    start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A format that the views could not read is refused before anything is loaded."""
    job.use(start_apple(overlapping_world(days=1)))
    source = asc.app_store_connect_source()
    mine = dlt.transformer(lambda batch: {"rows": batch.num_rows}, name="mine", file_format="jsonl")
    source.resources["mine"] = source.resources[CRASH_TABLE] | mine
    with files(monkeypatch, "parquet") as pipeline:
        with pytest.raises(PipelineStepFailed, match="a lake has files of Parquet and not of csv"):
            pipeline.run(asc.app_store_connect_source(), loader_file_format="csv")
        with pytest.raises(PipelineStepFailed, match="Parquet and not of jsonl"):
            pipeline.run(source)


@pytest.mark.slow
@pytest.mark.variants
@pytest.mark.parametrize("table_format", ["parquet", "delta"])
def test_republished_segment_in_a_lake(
    table_format: str, start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the source alone: the views show its new rows once, and Apple's lists have no twins."""
    if table_format == "delta":
        pytest.importorskip("deltalake")
    world = overlapping_world(days=2, parts=1)
    job.use(start_apple(world))
    with files(monkeypatch, table_format) as pipeline:
        pipeline.run(asc.app_store_connect_source())
        newest = max(world.instances.values(), key=world.rank)
        published = crash_rows(newest.report.request.app_id, TODAY, vintage=2)
        world.republish(newest.segments[0], published)
        pipeline.run(asc.app_store_connect_source())
        asc.create_views(pipeline)
        views = asc.dataset(pipeline)
    shown: Any = views(f"select count(*), sum(crashes) from {CRASH_TABLE}").fetchone()
    true = sum(len(world.truth(app_id, CRASHES, "DAILY")) for app_id in APPS)

    assert (true, sum_of(world)) == tuple(shown)
