"""The output of a run: log lines, the summary, and how little of it can be asked for."""

import io
import json
import re
import shlex
import signal
import time
from datetime import datetime, timedelta
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from app_store_connect.api.client import AppStoreConnectClient
from app_store_connect.api.keys import ApiKeys
from app_store_connect.errors import DestinationError, Failure
from app_store_connect.extract.outcome import Outcome, Totals
from asc_pipeline.cli.console import print_summary
from asc_pipeline.cli.main import main
from asc_pipeline.cli.progress import BarProgress
from asc_pipeline.job.summary import Summary
from asc_pipeline.text import counted
from tests.asking import NOON, StartApple, credentials_of, keys_of
from tests.conftest import KEYS, Job
from tests.emulator import Fault
from tests.faults.processes import finish, start
from tests.worlds import APPS, CRASHES, overlapping_world, world_with_reports

LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d{4}) ([0-9a-f]{12}) (.+)")


def run(*arguments: str, columns: int = 80) -> Result:
    done = CliRunner().invoke(main, [*arguments], terminal_width=columns)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


@pytest.mark.slow
def test_log_lines_name_day_zone_and_run(start_apple: StartApple, job: Job) -> None:
    """In the log of a month each line can be told from those of other runs; begin and end too."""
    job.use(start_apple(overlapping_world(days=1)))
    lines = [
        [LINE.fullmatch(line) for line in run("--progress", "log").stderr.splitlines()]
        for _ in range(2)
    ]
    found = [[line.groups() for line in each if line] for each in lines]

    assert [len(each) for each in lines] == [len(each) for each in found]
    ids = [{run_id for _, run_id, _ in each} for each in found]
    assert [1, 1] == [len(each) for each in ids]
    assert ids[0] != ids[1]
    recorded = "select run_id from app_store_connect_raw.analytics_runs order by started_at"
    assert [next(iter(each)) for each in ids] == [row[0] for row in job.query(recorded)]
    assert datetime.strptime(found[0][0][0], "%Y-%m-%d %H:%M:%S%z").tzinfo
    for each in found:
        assert re.fullmatch(r"asc-segments \S+ begins", each[0][2])
        assert re.fullmatch(r"ends with 0 after [\d.]+ s", each[-1][2])


@pytest.mark.slow
def test_log_as_json(start_apple: StartApple, job: Job) -> None:
    """One object a line, with the same keys first, and at the end the summary."""
    world = overlapping_world(days=1)
    world.request(APPS[0], "ONGOING").is_stopped = True
    job.use(start_apple(world))
    done = run("--log-format", "json")
    events = [json.loads(line) for line in done.stderr.splitlines()]

    assert "" == done.stdout
    assert [["time", "run_id", "event", "message"]] * len(events) == [
        [*each][:4] for each in events
    ]
    assert ["start", "phase", "begin"] == [each["event"] for each in events][:3]
    assert all(datetime.fromisoformat(each["time"]).tzinfo for each in events)
    end = events[-1]
    assert ("end", 1, 4) == (end["event"], end["exit_code"], end["segments"])
    assert "stopped" in end["failures"][0]["why"]
    assert {end["run_id"]} == {each["run_id"] for each in events}


def test_error_as_json_line(
    start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is refused ends with an object as well."""
    job.use(start_apple(overlapping_world(days=1)))
    monkeypatch.setenv(f"{KEYS}KEY_ID", "WRONGKEYID")
    events = [json.loads(line) for line in run("--log-format", "json").stderr.splitlines()]

    assert ("end", 2) == (events[-1]["event"], events[-1]["exit_code"])
    assert "Apple answered 401" in events[-1]["message"]


@pytest.mark.parametrize("form", [["--log-format", "json"], ["--log-format=JSON"]])
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--nosuch"], "No such option"),
        (["--since", "2026-13-01"], "does not match the format"),
        (["--app-id", "x"], "is not an app's Apple ID"),
        (["--since", "2026-02-01", "--until", "2026-01-01"], "is after until"),
        (["--plan", "--create-requests"], "--plan makes nothing"),
        (["nosuch"], "No such command"),
    ],
)
def test_usage_error_as_json_line(arguments: list[str], form: list[str], says: str) -> None:
    """Wrong options are one object in the log as well, wherever they stand."""
    for given in ([*form, *arguments], [*arguments, *form]):
        done = run(*given)
        events = [json.loads(line) for line in done.stderr.splitlines()]

        assert (2, "") == (done.exit_code, done.stdout)
        assert [("end", 2)] == [(each["event"], each["exit_code"]) for each in events]
        assert says in events[0]["message"]


def test_traceback_as_json_line(job: Job) -> None:
    events = [
        json.loads(line) for line in run("--log-format", "json", "--debug").stderr.splitlines()
    ]

    assert 1 == len([each for each in events if "Traceback" in each["message"]])
    assert "end" == events[-1]["event"]


def test_refused_run_in_the_log(
    start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its error has no date, so the log tells when it ended, and with which code."""
    job.use(start_apple(overlapping_world(days=1)))
    monkeypatch.setenv(f"{KEYS}KEY_ID", "WRONGKEYID")
    *lines, error = run("--progress", "log").stderr.splitlines()

    assert ["ends with 2"] == [line.split(" ", 3)[3] for line in lines][-1:]
    assert "Apple answered 401" in error


@pytest.mark.slow
def test_quiet(start_apple: StartApple, job: Job) -> None:
    """Cron mails nothing while all is well, and what to act on when it is not."""
    world = overlapping_world(days=1)
    apple = start_apple(world)
    job.use(apple)
    well = run("--quiet")
    world.request(APPS[0], "ONGOING").is_stopped = True
    ill = run("--quiet")

    assert (0, "", "") == (well.exit_code, well.stdout, well.stderr)
    assert (1, "") == (ill.exit_code, ill.stdout)
    assert ["Not loaded:", "- report request"] == [
        line[:16] for line in ill.stderr.splitlines() if line
    ]
    assert "--create-requests" in ill.stderr


@pytest.mark.slow
def test_interrupted_plan(start_apple: StartApple, job: Job) -> None:
    """It does not say that there is nothing to load."""
    apple = start_apple(overlapping_world(days=1))
    apple.fault(Fault("api", "/instances", "slow", times=None, delay=timedelta(seconds=4)))
    process = start(apple, "--plan")
    deadline = time.monotonic() + 60
    while len(apple.exchanges) < 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    code, out, _ = finish(process)

    assert 130 == code
    assert "The number of instances is not known: the plan ended early." in out
    assert "instances to load" not in out


def test_quiet_tells_a_refusal(job: Job) -> None:
    done = run("--quiet")

    assert 2 == done.exit_code
    assert "the API key is not set" in done.stderr


@pytest.mark.slow
def test_quiet_begins_with_text(start_apple: StartApple, job: Job) -> None:
    """A mail of cron begins with the failures, and a plan without a table with its notes."""
    world = overlapping_world(days=1)
    world.request(APPS[0], "ONGOING").is_stopped = True
    job.use(start_apple(world))
    quiet = run("--quiet").stderr.splitlines()
    plan = run("--plan", "--recheck", "0").stdout.splitlines()

    assert "Not loaded:" == quiet[0]
    assert plan[0].endswith(":")


@pytest.mark.slow
def test_plan_is_a_table_without_blanks_at_the_end(start_apple: StartApple, job: Job) -> None:
    """Numbers under each other, one of a kind in the singular."""
    world = overlapping_world(days=1)
    world.hide(world.report(APPS[1], CRASHES).instances[0])
    job.use(start_apple(world))
    done = run("--plan")
    lines = done.stdout.splitlines()

    assert [] == [line for line in lines if line != line.rstrip()]
    assert lines[0].split()[-3:] == ["instances", "to", "load"]
    assert len(lines[0]) == len(lines[1])
    assert "1 instance to load and 0 to check again of 1 listed: 1 more request. This" in lines[-1]
    assert "1 instance to load or check" in run("--progress", "log").stderr
    status = run("status").stdout
    assert re.search(r"exit 0 \(\w+\), \d+ requests, \d+ rows, 0 failures$", status, re.MULTILINE)


@pytest.mark.parametrize("columns", [60, 80, 140])
@pytest.mark.parametrize("phase", ["loading", "bringing the views up to date"])
def test_bar_shows_its_counts(columns: int, phase: str) -> None:
    """On a narrow terminal the phase and the bar give up their room."""
    out = io.StringIO()
    outcome = Outcome()
    outcome.totals = Totals(instances=1141, read_rows=10_162_000, read_bytes=160_700_000)
    bar = BarProgress(Console(file=out, width=columns, force_terminal=True, color_system=None))
    bar.phase(phase)
    bar.begin(11_400, outcome)
    bar.changed()
    bar.close()

    assert "1,141/11,400 10,162,000 rows, 160.7 MB -:--:--" in out.getvalue()
    assert phase[:5] in out.getvalue()


def test_numbers_of_options() -> None:
    """A wrong number is told from a number that is out of range, in words."""
    assert "'x' is not a valid number." in run("--wait", "x").stderr
    assert "'x' is not a valid whole number." in run("--recheck", "x").stderr


@pytest.mark.parametrize(
    ("count", "says"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (1140, "1,140 rows")]
)
def test_counts(count: int, says: str) -> None:
    assert says == counted(count, "row")


@pytest.mark.slow
def test_summary_has_no_blanks_at_the_end(start_apple: StartApple, job: Job) -> None:
    job.use(start_apple(overlapping_world(days=1)))
    lines = run().stdout.splitlines()

    assert "apps       2" == lines[0]
    assert [] == [line for line in lines if line != line.rstrip()]


def summary_of(keys: ApiKeys, *failures: Failure, stopped_by: Exception) -> str:
    outcome = Outcome()
    outcome.failures += failures
    outcome.stop(stopped_by)
    out = io.StringIO()
    summary = Summary("1", NOON, "duckdb", "app_store_connect", outcome, keys)
    print_summary(summary, Console(file=out, width=200))
    return out.getvalue()


def test_one_reason_is_said_once(start_apple: StartApple) -> None:
    """A full disk fails a batch and ends the run: both for one reason."""
    error = DestinationError("the disk is full; free some space, then run again")
    credentials = credentials_of(start_apple(overlapping_world(days=1)))
    keys = keys_of(AppStoreConnectClient(credentials))
    once = summary_of(keys, Failure("the instances of one batch", str(error)), stopped_by=error)
    other = summary_of(keys, Failure("app 1", "refused"), stopped_by=error)

    assert 1 == once.count("free some space")
    assert "Stopped early" not in once
    assert "Stopped early: the disk is full" in other


def test_reports_without_instances_are_one_note(start_apple: StartApple, job: Job) -> None:
    """Of several apps the numbers alone; the JSON has them by name."""
    world = world_with_reports(CRASHES, "App Sessions Standard")
    job.use(start_apple(world))
    done = run("--json")
    notes = [line for line in done.stderr.splitlines() if "no instances" in line]
    summary: dict[str, Any] = json.loads(done.stdout)

    assert 1 == len(notes)
    assert "no instances (yet) of 2 reports, each of some of 2 apps" in notes[0]
    assert [2, 2] == [note.count("App ") for note in summary["notices"][:2]]


def test_one_app_without_instances_is_named(start_apple: StartApple, job: Job) -> None:
    job.use(start_apple(world_with_reports(CRASHES, app_ids=APPS[:1])))

    assert f"app {APPS[0]}: no instances (yet) of {CRASHES}" in run().stdout


COMMANDS = [[], *([name] for name in main.commands)]


@pytest.mark.parametrize("columns", [60, 80, 140])
@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits(command: list[str], columns: int) -> None:
    """No line is cut or wider than the terminal; options that may be repeated say so."""
    done = run(*command, "--help", columns=columns)
    lines = done.stdout.splitlines()

    assert [] == [line for line in lines if len(line) > columns or line != line.rstrip()]
    assert "..." not in done.stdout.replace("[ARGS]...", "").replace("[COMMAND]...", "")
    params = main.commands[command[0]].params if command else main.params
    options = [each for each in params if isinstance(each, click.Option)]
    repeatable = [each.opts[0] for each in options if getattr(each, "multiple", False)]
    described = {each.split()[0]: each for each in re.split(r"\n  (?=-)", done.stdout)}
    for option in repeatable:
        assert "Repeatable" in described[option]


@pytest.mark.parametrize("command", COMMANDS)
def test_examples_of_help_are_accepted(command: list[str]) -> None:
    """Each line under Examples is a command that the job takes."""
    lines = run(*command, "--help").stdout.partition("Examples:")[2].strip().splitlines()

    assert (2 if command else 5) <= len(lines)
    for line in lines:
        name, *words = shlex.split(line.partition(" > ")[0])
        assert ["asc-segments", *command] == [name, *words][: 1 + len(command)]
        called = main.commands[words.pop(0)] if command else main
        called.make_context(name, words)


def test_choices_in_errors_are_as_documented() -> None:
    assert "'hourly' is not one of DAILY, WEEKLY, MONTHLY" in (
        run("--granularity", "hourly").stderr
    )
