"""Alerts: every problem is told once to a webhook or by mail, and no channel can break a run."""

import json
import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from click.testing import CliRunner, Result

from app_store_connect.configuration.settings import read_configuration
from asc_pipeline.alerts.messages import MOST_LINES, Change, Sent, alerts_due, message_of
from asc_pipeline.alerts.problems import Kind, Problem
from asc_pipeline.cli.main import main
from asc_pipeline.cli.progress import NoProgress
from asc_pipeline.emulator.server.wire import Answer
from asc_pipeline.job.runner import Run, Settings
from tests.asking import ScriptedServer, StartApple
from tests.conftest import KEYS, Job
from tests.emulator import Fault
from tests.several_keys import NORTH, SIX, SOUTH, UseKeys, world_of
from tests.worlds import (
    APPS,
    CRASHES,
    TODAY,
    add_vintage,
    overlapping_world,
    world_with_reports,
)

URLS = f"{KEYS}ALERTS__URLS"
TOKEN = "T0kenOfTheChannel"  # noqa: S105  invented
NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
STOPPED_LINE = (
    f"App 1 ({APPS[0]}), all reports: Apple stopped its report request for inactivity, so nothing"
    " new comes; run once with --create-requests and an Admin key"
)


def webhook_of(server: ScriptedServer) -> str:
    return f"{server.origin.replace('http', 'json')}/{TOKEN}"


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    with ScriptedServer(Answer(200)) as server:
        monkeypatch.setenv(URLS, json.dumps([webhook_of(server)]))
        yield server


def told(server: ScriptedServer) -> list[tuple[str, list[str]]]:
    """Titles and lines of the messages that came."""
    bodies = [json.loads(each.body) for each in server.asked]
    return [(each["title"], each["message"].splitlines()) for each in bodies]


def ask(*arguments: str) -> tuple[Result, dict[str, Any]]:
    found = CliRunner().invoke(main, [*arguments, "--json"])
    if found.exception and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found, json.loads(found.stdout)


def test_problem_is_told_once_and_its_end(
    start_apple: StartApple, job: Job, webhook: ScriptedServer
) -> None:
    """A stopped request: a message, none from the next run, and one when it is live again."""
    world = overlapping_world(days=2)
    world.request(APPS[0], "ONGOING").is_stopped = True
    apple = start_apple(world)
    codes = [job.run(apple).exit_code for _ in range(2)]
    world.request(APPS[0], "ONGOING").is_stopped = False
    codes += [job.run(apple).exit_code for _ in range(2)]

    over = f"over: App 1 ({APPS[0]}), all reports: there is a live report request again"
    assert [1, 1, 0, 0] == codes
    assert [
        ("App Store Connect reports: 1 problem", [STOPPED_LINE]),
        ("App Store Connect reports: 1 over", [over]),
    ] == told(webhook)
    assert [(False,), (True,)] == job.query(
        "select is_over from app_store_connect_raw.analytics_alerts order by sent_at"
    )


def test_status_shows_what_is_due_and_notify_sends_it(
    start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a run without addresses; once it is sent nothing is due."""
    world = overlapping_world(days=2)
    world.request(APPS[0], "ONGOING").is_stopped = True
    job.run(start_apple(world))
    _, before = ask("status")
    with ScriptedServer(Answer(200)) as server:
        monkeypatch.setenv(URLS, json.dumps([webhook_of(server)]))
        first, _ = ask("notify")
        second, answer = ask("notify")
    _, after = ask("status")

    assert [STOPPED_LINE] == before["alerts"]
    assert [[STOPPED_LINE]] == [lines for _, lines in told(server)]
    assert (0, 0, None) == (first.exit_code, second.exit_code, answer["title"])
    assert [] == after["alerts"]


@pytest.mark.slow
def test_failures_of_a_run(start_apple: StartApple, job: Job, webhook: ScriptedServer) -> None:
    """A line for each app and report, with the reason; over when all is loaded."""
    apple = start_apple(overlapping_world(days=2, parts=1))
    job.run(apple, "--until", str(TODAY - timedelta(days=1)))
    apple.fault(Fault("api", "/segments", "not_found", times=None))
    job.run(apple)
    apple.clear_faults()
    job.run(apple)
    (_, failed), (_, over) = told(webhook)

    assert 2 == len(failed) == len(over)
    assert failed[0].startswith(f"App 1 ({APPS[0]}), {CRASHES}: 2 not loaded: ")
    assert failed[0].endswith("; the next run tries again")
    assert f"over: App 1 ({APPS[0]}), {CRASHES}: loads again" == over[0]


@pytest.mark.slow
def test_next_step_is_said_once(
    start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that names its own next step gets no second one."""
    monkeypatch.setenv(f"{KEYS}BACKOFF_SECONDS", "0")
    apple = start_apple(overlapping_world(days=2, parts=1))
    job.run(apple, "--until", str(TODAY - timedelta(days=1)))
    apple.fault(Fault("store", "", "flip", times=None))
    job.run(apple)
    _, state = ask("status")

    assert 2 == len(state["alerts"])
    assert [1, 1] == [each.count("the next run tries again") for each in state["alerts"]]


def test_budget_is_advised_once(start_apple: StartApple, job: Job, use_keys: UseKeys) -> None:
    apple = start_apple(world_of(SIX[:2]), hourly_limit=40)
    use_keys(apple, north=(NORTH, SIX[:1]), south=(SOUTH, SIX[1:2]))
    for _ in range(40):
        apple.budget.spend(SOUTH.key_id)
    job.invoke("--max-wait", "0")
    _, state = ask("status")
    found = [each for each in state["alerts"] if "request budget" in each]

    assert 1 == len(found)
    assert found[0].endswith(" more; run again later, nothing is lost")


@pytest.mark.slow
def test_run_for_others_ends_no_failure(
    start_apple: StartApple, job: Job, webhook: ScriptedServer
) -> None:
    """A failure is over when a later run for its app and its reports does not meet it."""
    apple = start_apple(overlapping_world(days=2, parts=1))
    mine, others = ("--app-id", str(APPS[0])), ("--app-id", str(APPS[1]))
    job.run(apple, "--until", str(TODAY - timedelta(days=1)))
    apple.fault(Fault("api", "/segments", "not_found", times=None))
    job.run(apple, *mine)
    apple.clear_faults()
    job.run(apple, *others)
    job.run(apple, *mine, "--report", "App Sessions Standard")
    messages_before = len(told(webhook))
    job.run(apple, *mine)
    (_, failed), (_, over) = told(webhook)

    assert 1 == messages_before
    assert failed[0].startswith(f"App 1 ({APPS[0]}), {CRASHES}: 2 not loaded: ")
    assert [f"over: App 1 ({APPS[0]}), {CRASHES}: loads again"] == over
    assert [
        (None, True),
        (str(APPS[0]), False),
        (str(APPS[1]), False),
        (str(APPS[0]), True),
        (str(APPS[0]), False),
    ] == [
        (apps, bool(selection))
        for apps, selection in job.query(
            "select app_ids, selection from app_store_connect_raw.analytics_runs"
            " order by started_at"
        )
    ]


@pytest.mark.slow
def test_loaded_instance_is_no_failure(
    start_apple: StartApple, job: Job, webhook: ScriptedServer
) -> None:
    """Whichever run loads it: the failure is over."""
    apple = start_apple(overlapping_world(days=2, parts=1))
    job.run(apple, "--until", str(TODAY - timedelta(days=1)))
    apple.fault(Fault("api", "/segments", "not_found", times=None))
    job.run(apple, "--recheck", "0")
    apple.clear_faults()
    job.run(apple, "--report", CRASHES)
    failed, over = told(webhook)

    assert {True} == {" not loaded: " in line for line in failed[1]}
    assert {True} == {line.startswith("over: ") for line in over[1]}


def test_channel_that_fails(
    start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit code is that of the run; a note names the address by its kind; it is due again."""
    world = overlapping_world(days=1)
    world.request(APPS[0], "ONGOING").is_stopped = True
    with ScriptedServer(Answer(500)) as server:
        monkeypatch.setenv(URLS, json.dumps([webhook_of(server), f"nonsense://{TOKEN}"]))
        result = job.run(start_apple(world), "--debug")
        tested, answer = ask("notify", "--test")
        server.answer_with(Answer(200))
        job.invoke()

    notes = [each for each in result.summary["notices"] if "alerts.urls" in each]
    assert 1 == result.exit_code
    assert ["address 1 of alerts.urls (json)", "address 2 of alerts.urls (nonsense)"] == [
        each.partition("reach ")[2].partition(":")[0] for each in notes
    ]
    assert (1, notes) == (tested.exit_code, answer["notices"])
    assert [STOPPED_LINE] == told(server)[-1][1]
    assert TOKEN not in result.stdout + result.stderr + tested.output


def test_without_the_extra(
    start_apple: StartApple, job: Job, webhook: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run has a note with the command that installs it; `notify` ends with 2."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    world = overlapping_world(days=1)
    world.request(APPS[0], "ONGOING").is_stopped = True
    result = job.run(start_apple(world))
    tested, answer = ask("notify", "--test")

    assert (1, 2) == (result.exit_code, tested.exit_code)
    assert "dlt-app-store-connect[notify]" in result.summary["notices"][-1]
    assert "dlt-app-store-connect[notify]" in answer["error"]


def test_notify_without_an_address() -> None:
    """Exit 2, and where to write one."""
    found, answer = ask("notify", "--test")

    assert 2 == found.exit_code
    assert "[sources.app_store_connect.alerts]" in answer["error"]


class Mailbox:
    """Keeps the mails that a server on this machine gets."""

    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.mails.append(message_from_bytes(envelope.content))
        return "250 OK"


def test_sample_by_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    """`notify --test` over SMTP."""
    mailbox = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        to = "from=job@example.com&to=team@example.com"
        monkeypatch.setenv(URLS, json.dumps([f"mailto://127.0.0.1:{port}?{to}"]))
        found, _ = ask("notify", "--test")
    finally:
        controller.stop()

    assert 0 == found.exit_code, found.output
    (mail,) = mailbox.mails
    assert "App Store Connect reports: a test" == mail["Subject"]
    part = next(each for each in mail.walk() if each.get_content_type() == "text/plain")
    assert b"the report, what is wrong, and what to do" in part.get_payload(decode=True)


def problem(
    kind: Kind = Kind.MISSING, size: int = 1, subject: str = "App Crashes DAILY"
) -> Problem:
    return Problem(kind, 1500000001, subject, f"{size} missing", "run again", size)


def sent(of: Problem, *, days_ago: int, is_over: bool = False) -> dict[str, Sent]:
    when = NOW - timedelta(days=days_ago)
    last = Sent(of.id, of.kind, of.app_id, of.subject, of.size, when, when, is_over)
    return {of.id: last}


@pytest.mark.parametrize(
    ("now", "before", "change"),
    [
        pytest.param(problem(), {}, Change.NEW, id="new"),
        pytest.param(problem(), sent(problem(), days_ago=1), None, id="known"),
        pytest.param(problem(size=3), sent(problem(size=2), days_ago=1), None, id="some more"),
        pytest.param(problem(size=4), sent(problem(size=2), days_ago=1), Change.WORSE, id="twice"),
        pytest.param(problem(), sent(problem(), days_ago=7), Change.STILL, id="a week"),
        pytest.param(
            problem(), sent(problem(), days_ago=9, is_over=True), Change.NEW, id="came back"
        ),
        pytest.param(problem(), sent(problem(), days_ago=36), None, id="lost for good"),
        pytest.param(None, sent(problem(), days_ago=1), Change.OVER, id="over"),
        pytest.param(None, sent(problem(), days_ago=9, is_over=True), None, id="over for long"),
        pytest.param(
            problem(Kind.NEW), sent(problem(Kind.NEW), days_ago=99), None, id="event is no state"
        ),
        pytest.param(None, sent(problem(Kind.NEW), days_ago=1), None, id="event does not end"),
    ],
)
def test_when_a_problem_is_told(
    now: Problem | None, before: dict[str, Sent], change: Change | None
) -> None:
    due = alerts_due([now] if now else [], before, NOW)

    assert [change] * (change is not None) == [each.change for each in due]


def test_late_reports_of_a_stopped_request_are_not_over() -> None:
    """They are no longer late only because nothing is expected any more."""
    late, stopped = problem(Kind.LATE), problem(Kind.STOPPED, subject="all reports")
    due = alerts_due([stopped], sent(late, days_ago=1), NOW)

    assert [(Change.NEW, Kind.STOPPED)] == [(each.change, each.problem.kind) for each in due]


def test_message_has_twenty_lines() -> None:
    """The worst first; problems with one state share a line; the rest is counted."""
    kinds = [problem(kind, size, f"Report {kind}") for size in (1, 2, 3) for kind in Kind]
    alike = [problem(subject=f"Report {number}") for number in range(9)]
    message = message_of(alerts_due([*reversed(kinds), *alike], {}, NOW), {1500000001: "App"})

    assert message is not None
    assert MOST_LINES == len(message.lines)
    assert message.lines[0].startswith("App (1500000001), Report 1: 1 missing; run again")
    assert "Report 0, Report 1, Report 2 and 7 more: 1 missing" in message.text
    assert "and 5 more: asc-segments status shows all reports" == message.lines[-1]
    assert "App Store Connect reports: 33 problems" == message.title


def test_message_leaves_out_secrets_and_controls() -> None:
    """Reasons quote other programs: signed queries, tokens and line ends go, and length is cut."""
    reason = "https://x/y?X-Amz-Signature=ab token=abcdefgh\n\x1b[31m" + "long " * 100
    bad = Problem(Kind.FAILED, None, "the last run", reason, "try again")
    message = message_of(alerts_due([bad], {}, NOW), {})

    assert message is not None
    (line,) = message.lines
    assert "ab" not in line.partition("query removed")[2].partition("long")[0]
    assert "\x1b" not in line
    assert line.endswith("...; try again")
    assert len(line) <= 300


class Days:
    """Days of an account, one run each; the days lie ahead, since loads have the time of today."""

    def __init__(self, urls: tuple[str, ...], webhook: ScriptedServer) -> None:
        self._urls = urls
        self._webhook = webhook
        self.told: list[tuple[int, str]] = []

    def run(self, day: int) -> None:
        now = datetime.now(UTC) + timedelta(days=day)
        before = len(self._webhook.asked)
        settings = Settings(alert_urls=self._urls)
        Run(read_configuration(), settings, NoProgress(), clock=lambda: now).execute()
        for _, lines in told(self._webhook)[before:]:
            self.told += [(day, line) for line in lines]


def on(day: int) -> str:
    return str(TODAY + timedelta(days=day))


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.timeout(1200)
def test_forty_days_with_a_stop_a_loss_and_a_recovery(
    start_apple: StartApple, job: Job, webhook: ScriptedServer
) -> None:
    """Apple stops the request of one app and makes it anew; of another app five days never come."""
    world = world_with_reports(CRASHES)
    job.use(start_apple(world))
    days = Days((webhook_of(webhook),), webhook)
    for day in range(40):
        is_stopped = 5 <= day < 15
        world.request(APPS[0], "ONGOING").is_stopped = is_stopped
        if not is_stopped:
            add_vintage(world, world.report(APPS[0], CRASHES), TODAY + timedelta(days=day))
        if not 20 <= day < 25:
            add_vintage(world, world.report(APPS[1], CRASHES), TODAY + timedelta(days=day))
        days.run(day)

    first, second = (f"App {number} ({app})" for number, app in enumerate(APPS, start=1))
    crashes = f"{CRASHES} DAILY"
    stopped = f"{first}, all reports: Apple stopped its report request for inactivity, so nothing"
    renew = "run once with --create-requests and an Admin key"
    load = "run asc-segments without --since; Apple may still list them"
    look = "check in App Store Connect whether it shows newer figures"
    missing = f"{first}, {crashes}: 6 dates missing"
    lost = f"{second}, {crashes}: 1 date missing"
    assert [
        (5, f"{stopped} new comes; {renew}"),
        (12, f"still: {stopped} new comes, known since {on(5)}; {renew}"),
        (15, f"{missing}; {load}"),
        (15, f"over: {first}, all reports: there is a live report request again"),
        (21, f"{second}, {crashes}: late, no instance since {on(19)}; {look}"),
        (22, f"still: {missing}, known since {on(15)}; {load}"),
        (25, f"{lost}; {load}"),
        (25, f"over: {second}, {crashes}: is on time again"),
        (29, f"still: {missing}, known since {on(15)}; {load}"),
        (32, f"still: {lost}, known since {on(25)}; {load}"),
        (36, f"still: {missing}, known since {on(15)}; {load}"),
        (39, f"still: {lost}, known since {on(25)}; {load}"),
    ] == days.told
