"""`asc-segments emulator`: the demo's App Store Connect for pipelines of one's own."""

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from asc_pipeline.cli.main import main
from tests.asking import StartApple
from tests.conftest import Job
from tests.emulator import demo_world
from tests.worlds import TODAY, overlapping_world

START = "from asc_pipeline.cli.main import main; main(['emulator', *__import__('sys').argv[1:]])"
ONE_REPORT = ("--report", "App Downloads Standard", "--app-id", "1500000101")


def emulator(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", START, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def job_with(environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    call = "import sys; from asc_pipeline.cli.main import main; main(sys.argv[1:])"
    return subprocess.run(
        [sys.executable, "-c", call, "--plan", "--json", *ONE_REPORT],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_settings_that_it_prints_are_taken() -> None:
    """They are shell commands; it serves until it is told to end, and ends with 0."""
    with emulator() as server:
        assert server.stdout is not None
        lines = [server.stdout.readline() for _ in range(4)]
        exports = [shlex.split(line) for line in lines]
        found = dict(each.partition("=")[::2] for _, each in exports)
        done = job_with(found)
        server.send_signal(signal.SIGTERM)
        _, told = server.communicate()

    assert {"export"} == {word for word, _ in exports}
    assert 0 == done.returncode, done.stderr
    assert 20 < json.loads(done.stdout)["instances_due"]
    assert 0 == server.returncode
    assert "until Ctrl-C" in told


def test_command_runs_beside_it() -> None:
    """With the settings in its environment; its exit code is that of the emulator."""
    code = "import os, sys; print(os.environ['SOURCES__APP_STORE_CONNECT__KEY_ID']); sys.exit(7)"
    with emulator(sys.executable, "-c", code) as server:
        out, _ = server.communicate()

    assert (7, "2X9R4HXF34\n") == (server.returncode, out)


def test_command_that_does_not_exist() -> None:
    done = CliRunner().invoke(main, ["emulator", "no-such-program"])

    assert 2 == done.exit_code
    assert "no-such-program cannot be run: No such file" in done.stderr


def test_command_that_a_signal_ends() -> None:
    """The exit code is the one that a shell gives."""
    with emulator("sh", "-c", "kill -9 $$") as server:
        server.communicate()

    assert 137 == server.returncode


def test_option_that_does_not_exist() -> None:
    """Options before the command are the emulator's, those after it the command's."""
    done = CliRunner().invoke(main, ["emulator", "--nosuch", "sh"])

    assert 2 == done.exit_code
    assert "No such option" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_settings_that_cannot_be_written() -> None:
    """It does not serve an address that nobody can know."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", START],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
        )

    assert 1 == done.returncode
    assert ["stdout could not be written: No space left on device"] == [
        line.partition(";")[0] for line in done.stderr.splitlines()
    ]


# The demo's apps are kept apart from others.


def demo(*arguments: str) -> tuple[int, str]:
    asked = ["--demo", "--progress", "none", *ONE_REPORT, "--since", str(TODAY), *arguments]
    done = CliRunner().invoke(main, asked)
    return done.exit_code, done.stderr


@pytest.mark.slow
def test_demo_among_real_apps(start_apple: StartApple, job: Job) -> None:
    """It is refused before anything is loaded, unless told otherwise."""
    job.run(start_apple(overlapping_world(days=1)))
    code, says = demo()
    apps = job.query("select id from app_store_connect_raw.apps order by id")

    assert 2 == code
    assert "holds app 1500000001, which is not the demo's" in says
    assert "Demo:" not in says
    assert [(1500000001,), (1500000002,)] == apps
    assert 0 == demo("--mix-demo")[0]
    assert [(1500000101,)] == job.query(
        "select distinct _app_id from app_store_connect.app_downloads_standard_daily"
    )


@pytest.mark.slow
@pytest.mark.nightly
def test_real_apps_among_the_demo(
    start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key of Apple's is refused in the demo's file, before Apple is asked; a plan is, too."""
    code, says = demo()
    again = demo()
    job.use(start_apple(demo_world(TODAY, days=1)))
    monkeypatch.setenv("SOURCES__APP_STORE_CONNECT__BASE_URL", "https://nobody.invalid")
    real = job.invoke()
    planned = job.invoke("--plan", "--max-wait", "0")

    assert (0, 0) == (code, again[0])
    assert "Demo: four invented apps" in says
    assert 2 == real.exit_code
    assert "holds the demo's invented apps: remove the demo's DuckDB file" in real.stderr
    assert planned.stderr == real.stderr
    assert Path("asc_segments.duckdb").exists()
    assert duckdb.connect("asc_segments.duckdb", read_only=True)
