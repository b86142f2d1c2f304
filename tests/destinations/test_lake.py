"""Files as a destination: the same truth as in a database, whatever the tables' format."""

import gzip
import json
import signal
import time
from datetime import timedelta
from pathlib import Path
from threading import Timer
from typing import Any

import dlt
import pytest
from click.testing import CliRunner
from deltalake import DeltaTable, TableFeatures
from dlt.pipeline.exceptions import PipelineStepFailed

from app_store_connect import app_store_connect_source, create_views
from asc_pipeline.cli.main import main
from tests.asking import StartApple
from tests.conftest import KEYS, Job
from tests.destinations.lakes import RAW, TO_FILES, LakeJob, Place, lake_flaws
from tests.destinations.safe_tables import SafeReader
from tests.destinations.worlds import TYPES_QUESTION, expected_types, restate, world_of_types
from tests.emulator import SegmentFile
from tests.faults.exact import findings
from tests.faults.processes import dying, finish, run, start
from tests.worlds import (
    APPS,
    CRASHES,
    PURCHASES,
    TODAY,
    add_vintages,
    crash_rows,
    differences,
    overlapping_world,
    world_with_reports,
)

NOTES = ("version", "pipeline_state")
WAIT = "app_store_connect.warehouse.files.FINISHED_WITHIN_SECONDS"
VIEW = "app_store_connect.app_crashes_daily"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(str(tmp_path / "a lake"))


@pytest.fixture(
    params=[
        "parquet",
        pytest.param("delta", marks=pytest.mark.slow),
        pytest.param("iceberg", marks=pytest.mark.slow),
    ]
)
def lake(request: pytest.FixtureRequest, place: Place, monkeypatch: pytest.MonkeyPatch) -> LakeJob:
    if request.param == "iceberg":
        place = Place(place.url.replace(" ", "-"))
    return LakeJob(monkeypatch, place, request.param)


@pytest.fixture
def plain_lake(place: Place, monkeypatch: pytest.MonkeyPatch) -> LakeJob:
    return LakeJob(monkeypatch, place, "parquet")


@pytest.mark.slow
@pytest.mark.nightly
def test_first_run(lake: LakeJob, start_apple: StartApple) -> None:
    """Views, ledger and raw tables hold exactly what Apple lists; freshness knows of it."""
    world = overlapping_world(days=4)
    result = lake.run(start_apple(world), *TO_FILES)

    assert (0, str(lake.database)) == (result.exit_code, result.summary["location"]), result
    assert [] == findings(lake, world)
    assert [(int(app_id), TODAY, TODAY - timedelta(days=1), 0) for app_id in APPS] == lake.query(
        "select app_id, newest_processing_date, newest_date, missing_dates"
        " from app_store_connect.data_freshness order by all"
    )


@pytest.mark.slow
def test_status_and_alerts(
    plain_lake: LakeJob, start_apple: StartApple, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both commands read the lake itself, from any folder, and know the last run."""
    world = overlapping_world(days=4)
    world.request(APPS[1], "ONGOING").is_stopped = True
    ran = plain_lake.run(start_apple(world), *TO_FILES)
    plain_lake.database.unlink()
    status = CliRunner().invoke(main, ["status", *TO_FILES, "--json"])
    state = json.loads(status.stdout)
    monkeypatch.setenv(f"{KEYS}ALERTS__URLS", '["json://127.0.0.1:9/nobody"]')
    notified = CliRunner().invoke(main, ["notify", *TO_FILES, "--json"])

    assert 0 == status.exit_code
    assert [ran.summary["run_id"]] == [each["run_id"] for each in state["runs"]]
    assert {str(TODAY), None} == {each["newest_processing_date"] for each in state["reports"]}
    assert ran.summary["rows"] == state["rows"]
    assert state["bytes"] is None
    assert "--keep-superseded" not in status.stderr
    assert ["Apple stopped its report request" in line for line in state["alerts"]] == [True]
    assert state["alerts"] == json.loads(notified.stdout)["lines"]


@pytest.mark.slow
@pytest.mark.nightly
def test_refused_in_the_first_run(lake: LakeJob, start_apple: StartApple) -> None:
    """What was read of the only file until it broke counts for nothing, though it stays there."""
    day = TODAY.isoformat()
    text = "Date\tCrashes\n" + f"{day}\t1\n" * 200_000 + "x\n"
    world = world_with_reports(CRASHES, app_ids=APPS[:1])
    file = SegmentFile(None, gzip.compress(text.encode(), mtime=0))
    instance = world.add_instance(world.report(APPS[0], CRASHES), "DAILY", TODAY, [file])
    apple = start_apple(world)
    broken = lake.run(apple, *TO_FILES)
    world.republish(instance.segments[0], crash_rows(APPS[0], TODAY, vintage=4))
    healthy = lake.run(apple, *TO_FILES)

    assert 1 == broken.exit_code
    assert ["DAILY of app" in each["what"] for each in broken.summary["failures"]] == [True]
    assert (0, []) == (healthy.exit_code, lake_flaws(lake, world))


@pytest.mark.slow
@pytest.mark.nightly
def test_second_run_downloads_nothing(lake: LakeJob, start_apple: StartApple) -> None:
    """The ledger in the files is the memory, also where the DuckDB file is gone."""
    world = overlapping_world(days=3)
    apple = start_apple(world)
    lake.run(apple, *TO_FILES)
    lake.database.unlink()
    apple.forget()
    result = lake.run(apple, *TO_FILES)

    assert ([], 0) == (apple.downloads, result.exit_code)
    assert [] == findings(lake, world)


@pytest.mark.slow
@pytest.mark.nightly
def test_restated(lake: LakeJob, job: Job, start_apple: StartApple) -> None:
    """Re-published, withdrawn and new segments: the views are the truth, and DuckDB's rows."""
    world = overlapping_world(days=3)
    apple = start_apple(world)
    lake.run(apple, *TO_FILES)
    restate(world)
    result = lake.run(apple, *TO_FILES)
    shown = lake.query(f"select * exclude _dlt_load_id from {VIEW} order by all")
    job._monkeypatch.delenv(f"{KEYS}TABLE_FORMAT")
    job.run(apple)

    assert (0, []) == (result.exit_code, lake_flaws(lake, world))
    assert shown == job.query(f"select * exclude _dlt_load_id from {VIEW} order by all")


@pytest.mark.slow
@pytest.mark.nightly
def test_a_column_comes(lake: LakeJob, start_apple: StartApple) -> None:
    """Older files lack a column that Apple added: it is NULL there."""
    world = overlapping_world(days=3)
    apple = start_apple(world)
    lake.run(apple, *TO_FILES)
    day = TODAY - timedelta(days=40)
    row = {"Date": day.isoformat(), "Crashes": "1", "Crash Kind": "1.10"}
    report = world.report(APPS[0], CRASHES)
    world.add_instance(report, "DAILY", TODAY, [[row]], columns=list(row))
    result = lake.run(apple, *TO_FILES)

    assert (0, []) == (result.exit_code, lake_flaws(lake, world))
    assert {("1.10",), (None,)} == set(lake.query(f"select distinct crash_kind from {VIEW}"))


@pytest.mark.slow
@pytest.mark.nightly
def test_doubled_rows_are_loaded_again(
    place: Place, plain_lake: LakeJob, start_apple: StartApple
) -> None:
    """A load whose rows are there twice counts no longer: its instances are loaded again."""
    world = overlapping_world(days=3)
    apple = start_apple(world)
    plain_lake.run(apple, *TO_FILES)
    for number, file in enumerate([*Path(place.url, RAW, "app_crashes_daily").glob("*.parquet")]):
        load_id = file.name.rsplit(".", 2)[0]
        file.with_name(f"{load_id}.{number:010x}.parquet").write_bytes(file.read_bytes())
    apple.forget()
    result = plain_lake.run(apple, *TO_FILES, "--recheck", "0")
    apple_then = len(apple.downloads)
    apple.forget()
    plain_lake.run(apple, *TO_FILES)

    assert (0, len(world.segments), []) == (result.exit_code, apple_then, apple.downloads)
    assert [] == lake_flaws(plain_lake, world)


def test_types(lake: LakeJob, start_apple: StartApple) -> None:
    """Decimals, dates, bigints and texts come back as they were."""
    result = lake.run(start_apple(world_of_types()), *TO_FILES, "--report", PURCHASES)

    assert 0 == result.exit_code
    assert expected_types() == lake.query(TYPES_QUESTION)


def test_plan(place: Place, plain_lake: LakeJob, start_apple: StartApple) -> None:
    """Where nothing is yet a plan finds all new, and leaves nothing behind."""
    world = overlapping_world(days=2)
    result = plain_lake.run(start_apple(world), *TO_FILES, "--plan")

    assert (0, len(world.instances)) == (result.exit_code, result.summary["instances_due"])
    assert not plain_lake.database.exists()
    assert not Path(place.url).exists()


class OwnFiles(dlt.destinations.filesystem):
    """A destination of the user's, as dlt lets everybody write one."""


def run_alone(destination: Any) -> dlt.Pipeline:
    pipeline = dlt.pipeline("alone", destination=destination, dataset_name=RAW)
    pipeline.run(app_store_connect_source(reports=[CRASHES])).raise_on_failed_jobs()
    return pipeline


@pytest.mark.slow
@pytest.mark.nightly
def test_the_source_alone(lake: LakeJob, start_apple: StartApple) -> None:
    """Under a plain `pipeline.run` the ledger in the files keeps a second run from loading, and
    rows are added: dlt merges none in files, or wants another key for it.
    """
    world = overlapping_world(days=2)
    apple = start_apple(world)
    lake.use(apple)
    run_alone(OwnFiles(lake.place.url))
    apple.forget()
    run_alone(OwnFiles(lake.place.url))
    downloads = list(apple.downloads)
    restate(world)
    pipeline = run_alone(OwnFiles(lake.place.url))
    create_views(pipeline)

    assert ([], False) == (downloads, pipeline.has_pending_data)
    assert {"append"} == {
        each["write_disposition"] for each in pipeline.default_schema.data_tables()
    }
    assert [] == lake_flaws(lake, world)


def test_the_source_alone_beside_another_format(
    plain_lake: LakeJob, monkeypatch: pytest.MonkeyPatch, start_apple: StartApple
) -> None:
    """Files of two formats in one table are refused by the source as by the job."""
    apple = start_apple(overlapping_world(days=1))
    plain_lake.use(apple)
    run_alone("filesystem")
    monkeypatch.setenv(f"{KEYS}TABLE_FORMAT", "delta")
    apple.forget()
    with pytest.raises(PipelineStepFailed, match="the tables there are parquet, but"):
        run_alone("filesystem")

    assert [] == list(apple.exchanges)


REFUSED = {
    "no such format": ({f"{KEYS}TABLE_FORMAT": "hudi"}, "not 'hudi'"),
    "other layout": (
        {"DESTINATION__FILESYSTEM__LAYOUT": "{table_name}/{file_id}.{ext}"},
        "layout must stay {table_name}/{load_id}.{file_id}.{ext}",
    ),
    "a path that Iceberg misreads": (
        {f"{KEYS}TABLE_FORMAT": "iceberg"},
        "under a path with spaces",
    ),
    "other format than the tables": ({f"{KEYS}TABLE_FORMAT": "delta"}, "are parquet, but"),
}


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("case", REFUSED)
def test_refused(
    case: str, plain_lake: LakeJob, monkeypatch: pytest.MonkeyPatch, start_apple: StartApple
) -> None:
    """What would make two kinds of files in one table, or files of no load, ends with 2."""
    world = overlapping_world(days=1)
    apple = start_apple(world)
    plain_lake.run(apple, *TO_FILES)
    environment, message = REFUSED[case]
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    apple.forget()
    result = plain_lake.run(apple, *TO_FILES)

    assert (2, []) == (result.exit_code, apple.downloads)
    assert message in result.summary["error"]


@pytest.mark.slow
@pytest.mark.nightly
def test_deletion_vectors(
    place: Place, monkeypatch: pytest.MonkeyPatch, start_apple: StartApple
) -> None:
    """A list of files does not tell what a deletion vector takes out of them: refused."""
    lake = LakeJob(monkeypatch, place, "delta")
    apple = start_apple(overlapping_world(days=1))
    lake.run(apple, *TO_FILES)
    table = DeltaTable(str(Path(place.url, RAW, "app_crashes_daily")))
    table.alter.add_feature(TableFeatures.DeletionVectors, allow_protocol_versions_increase=True)
    apple.forget()
    result = lake.run(apple, *TO_FILES)

    assert (2, []) == (result.exit_code, list(apple.exchanges))
    assert "app_crashes_daily has deletion vectors" in result.summary["error"]


def test_format_of_a_database(
    monkeypatch: pytest.MonkeyPatch, job: Job, start_apple: StartApple
) -> None:
    """A table format means nothing to a database, and is not silently ignored."""
    monkeypatch.setenv(f"{KEYS}TABLE_FORMAT", "delta")
    result = job.run(start_apple(overlapping_world(days=1)))

    assert 2 == result.exit_code
    assert "is for --destination filesystem" in result.summary["error"]


@pytest.mark.parametrize("table_format", ["delta", "iceberg"])
def test_missing_package(
    table_format: str, place: Place, monkeypatch: pytest.MonkeyPatch, start_apple: StartApple
) -> None:
    """It says which extra to install, before Apple is asked anything."""
    monkeypatch.setattr("app_store_connect.warehouse.lake.find_spec", lambda name: None)
    lake = LakeJob(monkeypatch, place, table_format)
    apple = start_apple(overlapping_world(days=1))
    result = lake.run(apple, *TO_FILES)

    assert (2, []) == (result.exit_code, list(apple.exchanges))
    assert f"pip install 'dlt-app-store-connect[{table_format}]'" in result.summary["error"]


FILES = "dlt.destinations.impl.filesystem.filesystem"
DEATHS = {
    "a table half there": f"{FILES}:{{job}}.run:after:2",
    "not recorded": f"{FILES}:FilesystemClient.complete_load:before:1",
    "recorded": f"{FILES}:FilesystemClient.complete_load:after:1",
    "second load": f"{FILES}:FilesystemClient.complete_load:before:2",
    "not published": "app_store_connect.warehouse.lake:Lake.publish:before:1",
}
LOAD_JOBS = {
    "parquet": "FilesystemLoadJob",
    "delta": "DeltaLoadFilesystemJob",
    "iceberg": "IcebergLoadFilesystemJob",
}
TINY_BATCHES = {f"{KEYS}BATCH_SEGMENTS": "1", f"{KEYS}WORKERS": "1"}


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("death", DEATHS)
def test_killed(death: str, lake: LakeJob, start_apple: StartApple) -> None:
    """SIGKILL anywhere: what was published stays as it was, and the next run ends in the truth."""
    world = overlapping_world(days=2)
    apple = start_apple(world)
    lake.run(apple, *TO_FILES)
    before = lake.query(f"select * from {VIEW} order by all")
    restate(world)
    place = DEATHS[death].format(job=LOAD_JOBS[lake.table_format])
    code, _, err = run(apple, *TO_FILES, env=dying(place) | TINY_BATCHES)
    kept = lake.query(f"select * from {VIEW} order by all")
    again = lake.run(apple, *TO_FILES)

    assert (-signal.SIGKILL, before) == (code, kept), err
    assert (0, []) == (again.exit_code, lake_flaws(lake, world)), again.summary


@pytest.mark.slow
@pytest.mark.nightly
def test_a_file_cut_off(
    place: Place, plain_lake: LakeJob, monkeypatch: pytest.MonkeyPatch, start_apple: StartApple
) -> None:
    """What a killed process left of a file is not read, and is removed once it is old."""
    world = overlapping_world(days=2)
    apple = start_apple(world)
    plain_lake.run(apple, *TO_FILES)
    torn = Path(place.url, RAW, "app_crashes_daily", f"{time.time()}.0123456789.parquet")
    torn.write_bytes(b"PAR1 and no more")
    young = plain_lake.run(apple, *TO_FILES)
    stayed = torn.exists()
    monkeypatch.setenv(f"{KEYS}SWEEP_AFTER_HOURS", "0.0001")
    old = plain_lake.run(apple, *TO_FILES)

    assert (0, 0) == (young.exit_code, old.exit_code)
    assert (True, False) == (stayed, torn.exists())
    assert [] == findings(plain_lake, world) + differences(plain_lake, world)


@pytest.mark.slow
@pytest.mark.nightly
def test_notes_of_dlt_cut_off(
    place: Place, plain_lake: LakeJob, monkeypatch: pytest.MonkeyPatch, start_apple: StartApple
) -> None:
    """dlt stops at a torn note of its own, as a kill or a full disk leaves it: it goes."""
    monkeypatch.setattr(WAIT, 0.3)
    world = overlapping_world(days=2)
    apple = start_apple(world)
    plain_lake.run(apple, *TO_FILES)
    torn = [Path(place.url, RAW, "init")]
    torn += [max(Path(place.url, RAW, f"_dlt_{kind}").iterdir()) for kind in NOTES]
    for file in torn:
        file.write_text('{"half')
    restate(world)
    result = plain_lake.run(apple, *TO_FILES)

    assert (0, []) == (result.exit_code, lake_flaws(plain_lake, world))


@pytest.mark.slow
@pytest.mark.nightly
def test_notes_of_dlt_being_written(
    place: Place, plain_lake: LakeJob, start_apple: StartApple
) -> None:
    """What another writer has not finished is waited for, and stays."""
    world = overlapping_world(days=1)
    apple = start_apple(world)
    plain_lake.run(apple, *TO_FILES)
    note = max(Path(place.url, RAW, "_dlt_version").iterdir())
    text = note.read_text()
    note.write_text(text[:100])
    other = Timer(1, note.write_text, [text])
    other.start()
    result = plain_lake.run(apple, *TO_FILES)
    other.join()

    assert (0, text) == (result.exit_code, note.read_text())


METADATA = "pyiceberg.table.metadata:TableMetadataV2.model_dump_json:before:1"


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("is_first_run", [True, False], ids=["first run", "later run"])
def test_iceberg_metadata_cut_off(
    is_first_run: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start_apple: StartApple
) -> None:
    """pyiceberg makes a version's file before it writes it: one that a kill left empty goes."""
    monkeypatch.setattr(WAIT, 0.3)
    lake = LakeJob(monkeypatch, Place(str(tmp_path)), "iceberg")
    world = overlapping_world(days=2)
    apple = start_apple(world)
    if not is_first_run:
        lake.run(apple, *TO_FILES)
        restate(world)
    code, _, err = run(apple, *TO_FILES, env=dying(METADATA))
    versions = list(Path(tmp_path, RAW).glob("*/metadata/*.metadata.json"))
    torn = [each for each in versions if not each.stat().st_size]
    again = lake.run(apple, *TO_FILES)

    assert (-signal.SIGKILL, True) == (code, bool(torn)), err
    assert (0, []) == (again.exit_code, lake_flaws(lake, world)), again.summary
    assert not [each for each in torn if each.exists()]


@pytest.mark.slow
@pytest.mark.nightly
def test_iceberg_metadata_compressed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start_apple: StartApple
) -> None:
    """A version that another engine wrote, compressed, is read like any other, and stays."""
    monkeypatch.setattr(WAIT, 0.3)
    lake = LakeJob(monkeypatch, Place(str(tmp_path)), "iceberg")
    world = overlapping_world(days=2)
    apple = start_apple(world)
    lake.run(apple, *TO_FILES)
    newest = max(Path(tmp_path, RAW, "app_crashes_daily", "metadata").glob("*.metadata.json"))
    packed = newest.with_name(newest.name.replace(".metadata", ".gz.metadata"))
    packed.write_bytes(gzip.compress(newest.read_bytes()))
    newest.unlink()
    restate(world)
    result = lake.run(apple, *TO_FILES)

    assert (0, True) == (result.exit_code, packed.exists()), result.summary
    assert [] == lake_flaws(lake, world)


def test_folder_without_a_note(place: Place, plain_lake: LakeJob, start_apple: StartApple) -> None:
    """A first run that was killed right after it made the folder is no hindrance."""
    world = overlapping_world(days=1)
    Path(place.url, RAW).mkdir(parents=True)
    result = plain_lake.run(start_apple(world), *TO_FILES)

    assert (0, []) == (result.exit_code, lake_flaws(plain_lake, world))


FIRST_STEP = {"parquet": "", "delta": "_delta_log", "iceberg": "metadata"}


@pytest.mark.slow
@pytest.mark.nightly
def test_folders_without_tables(lake: LakeJob, start_apple: StartApple) -> None:
    """dlt makes all folders before the tables: killed in between, they are of no format yet."""
    world = world_with_reports(CRASHES, PURCHASES)
    for report in (CRASHES, PURCHASES):
        add_vintages(world, world.report(APPS[0], report), days=2)
    apple = start_apple(world)
    raw, step = Path(lake.place.url, RAW), FIRST_STEP[lake.table_format]
    (raw / "analytics_report_segments").mkdir(parents=True)
    (raw / "app_crashes_daily" / step).mkdir(parents=True)
    first = lake.run(apple, *TO_FILES, "--report", CRASHES)
    (raw / "app_store_purchases_standard_daily" / step).mkdir(parents=True)
    second = lake.run(apple, *TO_FILES)

    assert (0, 0) == (first.exit_code, second.exit_code), (first.summary, second.summary)
    assert [] == lake_flaws(lake, world)


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("table_format", ["parquet", "delta"])
def test_two_runs_at_once(
    table_format: str,
    place: Place,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    start_apple: StartApple,
) -> None:
    """Two machines' first runs, each for an app of its own, both end well; all is there once."""
    lake = LakeJob(monkeypatch, place, table_format)
    world = overlapping_world(days=3)
    apple = start_apple(world, store_latency=timedelta(milliseconds=50))
    runs = []
    for app_id in APPS:
        folder = tmp_path / app_id
        folder.mkdir()
        own = TINY_BATCHES | {"DLT_DATA_DIR": str(folder / "dlt")}
        runs.append(start(apple, *TO_FILES, "--app-id", app_id, env=own, cwd=folder))
    ended = [finish(each) for each in runs]
    apple.forget()
    after = lake.run(apple, *TO_FILES)

    assert [0, 0] == [code for code, _, _ in ended], ended
    assert (0, []) == (after.exit_code, apple.downloads)
    assert [] == lake_flaws(lake, world) + SafeReader(lake).flaws()
