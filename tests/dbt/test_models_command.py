"""`asc-segments models`: exit codes, messages, and what it leaves where."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from asc_pipeline.cli.main import main
from asc_pipeline.models.build import project_folder
from tests.asking import StartApple
from tests.conftest import Job, Locks
from tests.dbt.warehouse import FACTS, MARTS, PROJECT, ROOT, STAGING, Warehouse
from tests.destinations.lakes import TO_FILES, LakeJob, Place
from tests.emulator import Emulator, demo_world
from tests.worlds import TODAY, overlapping_world

slow = [pytest.mark.slow, pytest.mark.xdist_group("dbt"), pytest.mark.timeout(600)]


def invoke(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["models", *arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def start_models(database: Path) -> "subprocess.Popen[str]":
    """A build of this file's models that ends soon, since it selects none."""
    call = "import sys; from asc_pipeline.cli.main import main; main(sys.argv[1:])"
    return subprocess.Popen(
        [sys.executable, "-c", call, "models", "--select", "no_such_model"],
        env=os.environ | {"DESTINATION__DUCKDB__CREDENTIALS": str(database)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.timeout(300)
def test_two_databases_are_built_side_by_side(
    start_apple: StartApple, job: Job, tmp_path: Path
) -> None:
    """A build keeps others away from its own database, not from another one of the same name."""
    job.run(start_apple(overlapping_world(days=1)))
    other = tmp_path / "other" / job.database.name
    other.parent.mkdir()
    shutil.copy(job.database, other)
    with start_models(job.database) as first:
        while not list((tmp_path / "dlt" / "dbt").glob("*.lock")) and first.poll() is None:
            time.sleep(0.01)
        with start_models(job.database) as same, start_models(other) as beside:
            told = [process.communicate()[1] for process in (first, same, beside)]

    assert "no model is selected by no_such_model" in told[0]
    assert f"another run builds the models of {job.database}" in told[1]
    assert "no model is selected by no_such_model" in told[2]


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.timeout(400)
def test_lake_on_a_disk(
    start_apple: StartApple, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The models read the lake's DuckDB file of views, and are built and tested in it; so do
    dashboard and digest.
    """
    lake = LakeJob(monkeypatch, Place(str(tmp_path / "lake")), "parquet")
    nothing, message = invoke("--destination", "filesystem")
    loaded = lake.run(start_apple(demo_world(TODAY, days=3)), *TO_FILES)
    built = subprocess.run(  # dbt keeps its log and the file open for as long as a process lives
        [sys.executable, str(ROOT / "pipelines" / "asc_models.py"), *TO_FILES, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    summary = json.loads(built.stdout)
    sessions = [
        f"(select sum(sessions) from app_store_connect{table})"
        for table in ("_marts.fct_app_store_connect__daily", ".app_sessions_standard_daily")
    ]
    with duckdb.connect(str(lake.database), read_only=True) as database:
        found = database.execute(f"select {', '.join(sessions)}").fetchone()
    shown = CliRunner().invoke(main, ["dashboard", *TO_FILES])
    digest = CliRunner().invoke(main, ["digest", *TO_FILES])

    assert (2, 0, 0) == (nothing, loaded.exit_code, built.returncode), (message, built.stderr)
    assert "nothing is loaded in" in message
    assert (str(lake.database), []) == (summary["location"], summary["failures"])
    assert found is not None
    assert found[0] == found[1] > 0
    assert "The dashboard is in" in shown.stdout + shown.stderr
    assert "no week of the last" in digest.stderr  # three days are not one


def test_lake_in_a_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused with a sentence, before anything is read."""
    LakeJob(monkeypatch, Place("memory://lake"), "parquet")
    code, output = invoke("--destination", "filesystem")

    assert 2 == code
    assert "which has no key for memory://lake" in output


@pytest.mark.parametrize("command", [["--help"], ["models", "--help"]], ids=["job", "models"])
def test_help_imports_neither(command: list[str]) -> None:
    """Help is fast, since neither dlt nor dbt is imported for it."""
    code = (
        "import sys\nfrom asc_pipeline.cli.main import main\n"
        f"try:\n    main({command})\nexcept SystemExit:\n    pass\n"
        "print([name for name in ('dlt', 'dbt', 'duckdb', 'pyarrow') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[]" == done.stdout.splitlines()[-1]


def test_options_of_the_job_are_refused() -> None:
    """An option before `models` would do nothing, so it is an error."""
    done = CliRunner().invoke(main, ["--demo", "models"])

    assert 2 == done.exit_code
    assert "--demo is an option of the job" in done.output


@pytest.mark.slow
def test_nothing_is_loaded(tmp_path: Path) -> None:
    """Without a database: 2, the next step, and none is made."""
    code, output = invoke()

    assert 2 == code
    assert "nothing is loaded" in output
    assert "run asc-segments first" in output
    assert not Path("asc_segments.duckdb").exists()


def test_source_alone_makes_no_views() -> None:
    """A database without the job's views counts as nothing loaded, and says so in JSON too."""
    with duckdb.connect("asc_segments.duckdb") as database:
        database.execute("create schema app_store_connect_raw")
        database.execute("create table app_store_connect_raw.analytics_report_segments (x int)")
    code, output = invoke("--json")

    assert 2 == code
    assert 2 == json.loads(output[output.index("{") :])["exit_code"]


def test_other_destinations_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the models were not tried they do not run."""
    monkeypatch.setenv("DESTINATION__SQLALCHEMY__CREDENTIALS", "sqlite:///x.db")
    code, output = invoke("--destination", "sqlalchemy")

    assert 2 == code
    assert "duckdb and postgres" in output or "cannot be used" in output


def test_without_dbt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain installation says how to add the extra to it."""
    monkeypatch.setitem(sys.modules, "dbt.cli.main", None)
    code, output = invoke()

    assert 2 == code
    assert f"{sys.executable} -m pip install 'dlt-app-store-connect[dbt]'" in output


def test_project_is_found() -> None:
    """In a clone it is the project in pipelines/."""
    assert PROJECT == project_folder()


@pytest.mark.slow
def test_wheel_has_the_project(tmp_path: Path) -> None:
    """The wheel holds every file of the project, and nothing that dbt writes."""
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True)
    wheel = next(tmp_path.glob("*.whl"))
    listing = subprocess.run(
        [sys.executable, "-m", "zipfile", "-l", str(wheel)],
        check=True,
        capture_output=True,
        text=True,
    )
    prefix = "asc_pipeline/dbt/"
    held = {line.split()[0] for line in listing.stdout.splitlines() if line.startswith(prefix)}
    files = {
        f"{prefix}{path.relative_to(PROJECT)}"
        for path in PROJECT.rglob("*")
        if path.is_file() and path.name != ".sqlfluff"  # for those who change the models
    }

    assert files == held


@pytest.fixture(scope="module")
def crashes_only(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """One report of one app, and nothing else."""
    warehouse = Warehouse(tmp_path_factory.mktemp("crashes"))
    with Emulator(demo_world(TODAY, days=7)) as apple:
        warehouse.load(apple, "--report", "App Crashes", "--app-id", "1500000101")
    return warehouse


class TestOnData:
    pytestmark = slow

    def test_missing_reports_are_empty(self, crashes_only: Warehouse, built: Warehouse) -> None:
        """Reports that were never loaded are no error: same marts, same columns and types."""
        done = crashes_only.models("--json")
        summary = json.loads(done.out)

        assert (0, []) == (done.code, summary["failures"])
        for mart in FACTS:
            assert built.columns(mart) == crashes_only.columns(mart), mart
        assert [(0,)] == crashes_only.query(
            f"select count(*) from {MARTS}.fct_app_store_connect__daily_by_subscription_identifier"
        )
        assert [(None,)] == crashes_only.query(
            f"select max(impressions) from {MARTS}.fct_app_store_connect__daily"
        )
        assert crashes_only.rows("fct_app_store_connect__daily_by_app_version")

    def test_first_build_of_a_selection(self, crashes_only: Warehouse, tmp_path: Path) -> None:
        """A selection may come first: tests of models that are not there are left out."""
        copy = Warehouse(tmp_path / "copy")
        copy.folder.mkdir()
        shutil.copy(crashes_only.file, copy.file)
        with duckdb.connect(str(copy.file)) as database:
            for schema in (MARTS, STAGING):
                database.execute(f"drop schema if exists {schema} cascade")
        done = copy.models("--select", "+dim_app_store_connect__apps", "--json")

        assert (0, 2) == (done.code, json.loads(done.out)["models"]), done

    def test_nothing_selected(self, crashes_only: Warehouse) -> None:
        """A selection that fits no model is a mistake: 2."""
        done = crashes_only.models("--select", "no_such_model")

        assert 2 == done.code
        assert "no model is selected by no_such_model" in done.err

    def test_selected(self, crashes_only: Warehouse) -> None:
        """One model, with what it is made of."""
        done = crashes_only.models("--select", "+dim_app_store_connect__dates", "--json")

        assert (0, 2) == (done.code, json.loads(done.out)["models"]), done

    def test_a_selected_mart_is_tested(self, crashes_only: Warehouse) -> None:
        """Without the dimensions a mart's own columns are tested all the same, and its sums."""
        crashes_only.models()
        done = crashes_only.models("--select", "fct_app_store_connect__daily", "--json")

        assert (0, 1, 2) == (
            done.code,
            json.loads(done.out)["models"],
            json.loads(done.out)["tests"],
        )

    def test_a_failing_model_is_named(self, crashes_only: Warehouse, tmp_path: Path) -> None:
        """What fails is named with dbt's reason, exit code 1, without a traceback."""
        with duckdb.connect(str(crashes_only.file)) as database:
            database.execute(
                "create or replace view app_store_connect.app_opt_in_daily as select"
                " 1500000101 as _app_id, date '2026-01-01' as _processing_date, 'x' as date,"
                " 'x' as downloading_users"
            )
        done = crashes_only.models()
        with duckdb.connect(str(crashes_only.file)) as database:
            database.execute("drop view app_store_connect.app_opt_in_daily")

        assert 1 == done.code
        assert "Failed:\n- " in done.out
        assert "Traceback" not in done.out + done.err

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["term", "ctrl-c"])
    def test_interrupted(self, number: int, crashes_only: Warehouse, tmp_path: Path) -> None:
        """Ctrl-C and SIGTERM end it with 130 and no traceback; the next run goes on."""
        copy = Warehouse(tmp_path / "copy")
        shutil.copytree(crashes_only.folder, copy.folder)
        folder = copy.folder / "dlt" / "dbt"
        for log in folder.glob("*/logs/dbt.log"):
            log.unlink()
        with copy.start_models("--full-refresh") as process:
            while process.poll() is None and not any(
                "Concurrency: " in log.read_text() for log in folder.glob("*/logs/dbt.log")
            ):
                time.sleep(0.02)
            process.send_signal(number)
            _, err = process.communicate()

        assert 130 == process.returncode, err
        assert "Traceback" not in err
        assert 0 == copy.models().code

    def test_last_week_is_shown(self, crashes_only: Warehouse) -> None:
        """The newest seven days stand below the counts."""
        done = crashes_only.models()

        assert 0 == done.code
        assert "All apps, the newest seven days:" in done.out
        assert 7 == sum(line.startswith("202") for line in done.out.splitlines())

    def test_terminals_cut_nothing(self, copy_of_built: Warehouse) -> None:
        """What a terminal has no room for is left out as whole columns, and named."""
        select = ("--select", "dim_app_store_connect__apps")
        week = copy_of_built.models(*select).out.splitlines()
        whole = [re.split("  +", line) for line in week if line.startswith(("date", "202"))]
        for columns, shown in ((60, 5), (80, 7), (120, 9)):
            lines = copy_of_built.models_on_terminal(columns, *select)
            start = lines.index("All apps, the newest seven days:") + 1
            heading, *rows = [re.split("  +", line) for line in lines[start : start + 8]]

            assert [row[:shown] for row in whole] == [heading, *rows]
            assert columns >= max(map(len, lines[start : start + 8]))
            assert (shown < 9) == lines[start + 8].startswith("No room here for ")

    def test_nothing_lands_in_the_project(self, crashes_only: Warehouse) -> None:
        """dbt writes beside dlt's files, never into the package."""
        crashes_only.models("--select", "dim_app_store_connect__apps")

        assert not {"target", "logs", "dbt_packages"} & {each.name for each in PROJECT.iterdir()}
        assert list((crashes_only.folder / "dlt" / "dbt").glob("*/target"))
        assert not list(crashes_only.folder.glob("logs"))

    def test_folder_is_free_after_a_run(
        self, start_apple: StartApple, job: Job, locks: Locks
    ) -> None:
        """The models can be built again while the last run's lock is still in memory."""
        job.run(start_apple(overlapping_world(days=1)))
        code, output = invoke("--select", "no_such_model")

        assert 2 == code
        assert "no model is selected" in output
        assert locks.taken
        assert [] == locks.held()

    def test_no_password_is_left(self, on_postgres: Warehouse) -> None:
        """The password of the database is in no file of dbt's, also with --debug."""
        address = on_postgres.address.replace("asc:asc@", "asc:tr0ub4dor@")
        own = {"DESTINATION__POSTGRES__CREDENTIALS": address}
        done = on_postgres.models("--debug", "--select", "+dim_app_store_connect__apps", **own)
        written = [path for path in on_postgres.folder.rglob("*") if path.is_file()]

        assert 0 == done.code, done.err
        assert "tr0ub4dor" not in done.out + done.err
        assert [] == [path for path in written if b"tr0ub4dor" in path.read_bytes()]
