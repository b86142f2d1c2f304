"""Output that cannot be written: the load is done all the same, and the exit code says so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.asking import StartApple
from tests.conftest import Job, key_of
from tests.worlds import differences, overlapping_world

PIPELINES = Path(__file__).parents[1] / "pipelines"
FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
NO_SPACE = "stdout could not be written: No space left on device"


def run(script: str, *arguments: str, redirected: str) -> tuple[int, str]:
    """The exit code and stderr of a program whose streams a shell has redirected."""
    line = f'{{ "$@"; echo $? > code; }} {redirected}'
    command = ["/bin/sh", "-c", line, "sh", sys.executable, str(PIPELINES / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return int(Path("code").read_text()), done.stderr


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize(
    ("redirected", "arguments", "code", "says"),
    [
        pytest.param("2>&1 | head -1", [], 1, "", id="all to head"),
        pytest.param("| true", ["--json"], 1, "Broken pipe", id="json to a pipe"),
        pytest.param("2>/dev/full", [], 0, "", id="full stderr", marks=FULL),
        pytest.param("2>/dev/full", ["--debug"], 0, "", id="full stderr, much", marks=FULL),
        pytest.param(">/dev/full", [], 1, NO_SPACE, id="full stdout", marks=FULL),
        pytest.param(">/dev/full", ["--json"], 1, NO_SPACE, id="full stdout, json", marks=FULL),
        pytest.param(">/dev/full 2>&1", [], 1, "", id="both full", marks=FULL),
        pytest.param(">&-", [], 0, "instances to load or check", id="closed stdout"),
        pytest.param("<&- >&- 2>&-", [], 0, "", id="all closed"),
    ],
)
def test_run_goes_on_without_output(
    redirected: str,
    arguments: list[str],
    code: int,
    says: str,
    start_apple: StartApple,
    job: Job,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All is loaded; only a summary that did not arrive on stdout makes the code 1."""
    world = overlapping_world(days=1)
    for name, value in key_of(start_apple(world)).items():
        monkeypatch.setenv(name, value)
    ended, err = run("asc_segments.py", *arguments, redirected=redirected)

    assert (code, []) == (ended, differences(job, world))
    assert says in err
    assert "Traceback" not in err
    assert "Exception ignored" not in err


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        pytest.param("asc_segments.py", ["--help"], id="job"),
        pytest.param("asc_segments.py", ["models", "--help"], id="models"),
        pytest.param("asc_models.py", ["--help"], id="models, script"),
    ],
)
@FULL
def test_answer_that_cannot_be_written(script: str, arguments: list[str]) -> None:
    """One line on stderr, where there is no traceback."""
    code, err = run(script, *arguments, redirected=">/dev/full")

    assert (1, [f"{NO_SPACE}; all else is done"]) == (code, err.splitlines())


@FULL
def test_failure_keeps_its_code() -> None:
    """Wrong usage is 2, whether or not its JSON arrives."""
    code, err = run("asc_segments.py", "--json", "--recheck", "x", redirected=">/dev/full")

    assert 2 == code
    assert NO_SPACE in err
    assert "Traceback" not in err


def test_streams_are_given_back() -> None:
    """Who calls the program from Python has its own streams afterwards."""
    call = (
        "import sys; from asc_pipeline.cli.main import main; before = sys.stdout, sys.stderr\n"
        "try: main(['--version'])\nexcept SystemExit: pass\n"
        "assert before == (sys.stdout, sys.stderr)"
    )

    assert 0 == subprocess.run([sys.executable, "-c", call], env=os.environ, check=False).returncode
