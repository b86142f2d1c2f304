"""Names and ids from Apple are data: whatever is in them, the tables and views show the truth."""

import os
import stat
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from app_store_connect.entities import App
from app_store_connect.names import snake_case, unique_columns
from asc_pipeline.emulator.server.signing import Signer
from asc_pipeline.emulator.server.wire import Answer, LocalServer, Request
from tests.conftest import Job
from tests.emulator import Emulator, Fault, SegmentFile, World, WorldInstance, WorldReport, rows_of
from tests.faults.processes import run
from tests.worlds import (
    APPS,
    CRASHES,
    TODAY,
    add_vintage,
    add_vintages,
    crash_rows,
    differences,
    overlapping_world,
    world_with_reports,
)

pytestmark = pytest.mark.slow

SQL = """x"; drop table "app_store_connect_raw"."analytics_report_segments"; --"""
NAMES = [
    '"',  # quote
    "'; drop schema app_store_connect cascade; --",  # sql
    SQL,  # sql in quotes
    "etc/passwd",  # slashes
    "a.b.c",  # dots
    "bell\x07 and \x1b[31mred\x1b[0m and \u202e",  # control characters
    "Crashes \U0001f642",  # emoji
    "Select",  # reserved word
    "7 Days",  # leading digit
    "x" * 300,  # 300 characters
    "\u540d\u524d",  # no ascii
    "{columns} %s :table_name ?",  # placeholders
    "_dlt_loads",  # a table of dlt
    "Analytics Report Segments",  # the ledger
    "Data Freshness",  # our view
]
COLUMNS = [
    "Date",
    "This Table",
    "This Key",
    "Raw",
    "Shown",
    "R",
    "Owned",
    "Visible",
    "Table Name",
    "Segment Id",
    "_app_id",
    "_dlt_load_id",
    "_segment_id",
    "select",
    "Order",
    "From",
    "end",
    "7 Days",
    "'; drop table x; --",
    'a "quoted" one',
    "a.b/c\\d",
    "bell\x07",
    "\U0001f642",
    "\u540d\u524d",
    "\u65e5\u672c",
    "{0} %(x)s :value ? $1",
    "x" * 300,
    "App Store Connect Raw",
]
IDS = [
    "'; drop table x; --",
    SQL,
    "a/../b?c=d#e",
    "%2F",
    "You & 'I' \U0001f642",
    "\\' or 1=1",
]
VALUES = [
    "'; drop table x; --",
    SQL,
    "\\'; --",
    "{0} %s :value ? $1",
    "\x07\x1b[0m",
    "\U0001f642",
    "null",
    "x" * 5000,
]


def world_of(*names: str) -> World:
    world = world_with_reports(*names, app_ids=APPS[:1])
    for name in names:
        add_vintages(world, world.report(APPS[0], name), days=2)
    return world


def truth_of(world: World, name: str) -> list[tuple[tuple[str, str], ...]]:
    return sorted(
        tuple(sorted((column, text) for column, text in row.items() if text is not None))
        for row in world.truth(APPS[0], name, "DAILY")
    )


def shown_of(job: Job, name: str, columns: list[str]) -> list[tuple[tuple[str, str], ...]]:
    """The view's rows under Apple's names."""
    listed = ", ".join(f'"{column}"' for column in unique_columns(columns))
    rows = job.query(f'select {listed} from app_store_connect."{snake_case(name)}_daily"')
    return sorted(
        tuple(sorted((c, str(v)) for c, v in zip(columns, row, strict=True) if v is not None))
        for row in rows
    )


def test_report_names(job: Job) -> None:
    """A report of any name gets a table and a view, which shows the truth after a restatement."""
    world = world_of(*NAMES)
    columns = ["Date", "App Name", "App Apple Identifier", "App Version", "Device", "Crashes"]
    with Emulator(world) as apple:
        first = job.run(apple, "--report", "*")
        for name in NAMES:
            add_vintage(world, world.report(APPS[0], name), TODAY + timedelta(days=1))
        again = job.run(apple, "--report", "*")
    wrong = [
        name
        for name in NAMES
        if shown_of(job, name, [*columns, "Unique Devices"]) != truth_of(world, name)
    ]

    assert (0, 0) == (first.exit_code, again.exit_code), again.stderr
    assert [] == wrong
    assert all(truth_of(world, name) for name in NAMES)
    assert [(len(NAMES),)] == job.query("select count(*) from app_store_connect.data_freshness")


def test_column_names_and_values(job: Job) -> None:
    """Columns of any name hold values of any kind, as they stand in the file."""
    name = "Hostile Columns"
    world = world_with_reports(name, app_ids=APPS[:1])
    rows: list[dict[str, str | None]] = [
        {
            column: TODAY.isoformat() if column == "Date" else f"{value} {number}"
            for number, column in enumerate(COLUMNS)
        }
        for value in VALUES
    ]
    for age in (1, 0):
        world.add_instance(
            world.report(APPS[0], name),
            "DAILY",
            TODAY - timedelta(days=age),
            [rows[age:]],
            columns=COLUMNS,
            is_quoted=True,
        )
    with Emulator(world) as apple:
        result = job.run(apple, "--report", "*")

    assert 0 == result.exit_code, result.stderr
    assert shown_of(job, name, COLUMNS) == truth_of(world, name)
    assert len(rows) == len(truth_of(world, name))


def test_ids_and_app_names(job: Job) -> None:
    """Ids of instances, segments and reports, and names of apps, with quotes and slashes."""
    world = world_with_reports(CRASHES, app_ids=APPS[:1])
    world.add_app(App(APPS[0], *[SQL] * 4))
    report = world.report(APPS[0], CRASHES)
    world.reports[f"report {SQL}"] = world.reports.pop(report.id)
    report.id = f"report {SQL}"
    for age, text in enumerate(IDS):
        instance = add_instance(world, report, TODAY - timedelta(days=age), text)
    with Emulator(world) as apple:
        first = job.run(apple)
        world.republish(instance.segments[0], rows_of(instance)[:1])
        again = job.run(apple, "--recheck", "30")
        chosen = job.run(apple, *(each for text in IDS for each in ("--instance-id", text)))

    assert (0, 0, 0) == (first.exit_code, again.exit_code, chosen.exit_code), again.stderr
    assert [] == differences(job, world)
    assert [(SQL,)] == job.query("select name from app_store_connect_raw.apps")


@pytest.mark.parametrize("half", ["\ud83d", "\0"], ids=["half a surrogate pair", "NUL"])
def test_texts_that_cannot_be_stored(half: str, job: Job) -> None:
    """What no file or database can hold is replaced where it comes in, and stops nothing."""
    world = overlapping_world(days=1)
    world.add_app(App(APPS[0], f"\U0001f642 {half} App", "com.example", "s", "en-US"))
    with Emulator(world) as apple:
        first = job.run(apple)
        again = job.run(apple)

    assert (0, 0) == (first.exit_code, again.exit_code), first.stdout
    assert [] == differences(job, world)
    name = f"select name from app_store_connect_raw.apps where id = {APPS[0]}"
    assert [("\U0001f642 \N{REPLACEMENT CHARACTER} App",)] == job.query(name)


STEERING = "evil \x1b]0;owned\x07\x1b[31m\n12:00:00 [red]not loaded\u202e: fake \x9b2J"


@pytest.mark.parametrize("arguments", [["log"], ["bar"], ["log", "--plan"]], ids=" ".join)
def test_names_steer_no_terminal(arguments: list[str]) -> None:
    """A report's name with escapes and line ends, in progress, summary, notes and plan."""
    world = world_with_reports(app_ids=APPS[:1])
    for request in world.requests:
        broken = world.add_report(request, STEERING, "COMMERCE")
        world.add_report(request, f"{STEERING} without instances", "COMMERCE")
    world.add_instance(broken, "DAILY", TODAY, [SegmentFile(None, b"nope")])
    with Emulator(world) as apple:
        code, out, err = run(apple, "--report", "*", "--progress", *arguments)

    assert (0 if "--plan" in arguments else 1) == code
    assert "[red]not loaded?: fake" in out
    assert "[red]not loaded?: fake" in err or "log" not in arguments or "--plan" in arguments
    assert [] == [
        each for each in ("\x1b]", "\x1b[31m", "\x07", "\x9b", "\u202e") if each in out + err
    ]
    assert [] == [line for line in (out + err).splitlines() if line.startswith("12:00:00")]


def add_instance(world: World, report: WorldReport, processed: date, text: str) -> WorldInstance:
    days = [processed - timedelta(days=n) for n in (2, 1)]
    files = [crash_rows(APPS[0], day, vintage=n) for n, day in enumerate(days)]
    instance = world.add_instance(report, "DAILY", processed, files, id=text)
    for number, segment in enumerate(instance.segments):
        del world.segments[segment.id]
        segment.id = f"{text} {number}"
        world.segments[segment.id] = segment
    return instance


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("Our Sessions", "Our-Sessions", id="punctuation"),
        pytest.param("Our Sessions", "our sessions", id="case"),
        pytest.param("Our Sessions", "Our Sessions \U0001f642", id="emoji"),
        pytest.param("!", "?", id="nothing left"),
    ],
)
def test_two_reports_never_share_a_table(one: str, other: str, job: Job) -> None:
    """Two reports whose table would be one are refused, both named; all else is loaded."""
    world = world_of(one, other, CRASHES)
    with Emulator(world) as apple:
        result = job.run(apple, "--report", "*")
    (failure,) = result.summary["failures"]

    assert 1 == result.exit_code
    assert repr(one) in str(failure)
    assert repr(other) in str(failure)
    assert [(CRASHES,)] == job.query(
        "select distinct report_name from app_store_connect_raw.analytics_report_segments"
    )


def test_names_in_other_scripts_are_told_apart(job: Job) -> None:
    """Two reports whose letters are not ASCII have a table each."""
    names = ["\u540d\u524d", "\u65e5\u672c"]
    world = world_of(*names)
    with Emulator(world) as apple:
        result = job.run(apple, "--report", "*")

    assert 0 == result.exit_code
    assert 2 == len({snake_case(name) for name in names})
    assert truth_of(world, names[0]) == shown_of(
        job, names[0], [*{c for row in truth_of(world, names[0]) for c, _ in row}]
    )


Change = Callable[[str], str]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda path: f"http://store.example.com{path}", id="plain http"),
        pytest.param(lambda path: f"file://{path}", id="file"),
        pytest.param(lambda path: f"ftp://127.0.0.1{path}", id="ftp"),
        pytest.param(lambda path: path, id="no host"),
        pytest.param(lambda path: f"http://127.0.0.1@store.example.com{path}", id="user"),
        pytest.param(lambda path: f"http://127.0.0.1.example.com{path}", id="like loopback"),
        pytest.param(lambda path: f"http://[::1{path}", id="no address"),
    ],
)
def test_segment_urls_that_are_not_safe_are_refused(
    change: Change, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A segment URL that is not https, or this machine, is never asked; the run exits with 1."""
    original = Signer.signed
    world = overlapping_world(days=1, parts=1)
    with Emulator(world) as apple:
        monkeypatch.setattr(Emulator, "store_url", "")
        monkeypatch.setattr(Signer, "signed", lambda self, path: change(original(self, path)))
        result = job.run(apple)
        asked = apple.downloads
        monkeypatch.undo()

    assert 1 == result.exit_code
    assert [] == asked
    assert 2 == len(result.summary["failures"])
    assert "X-Amz" not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("location", "exit_code"),
    [
        pytest.param("{store}", 0, id="to loopback"),
        pytest.param("http://store.example.com", 1, id="to plain http"),
        pytest.param("file:///etc/passwd?", 1, id="to a file"),
        pytest.param("http://127.0.0.1.example.com", 1, id="like loopback"),
    ],
)
def test_redirected_downloads(
    location: str, exit_code: int, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A download follows redirects to a safe address only, with no token, cookie or password."""
    seen: list[Request] = []
    world = overlapping_world(days=1, parts=1)
    Path("home").mkdir()
    Path("home/.netrc").write_text("default login netrc-user password netrc-password\n")
    monkeypatch.setenv("HOME", str(Path("home").absolute()))

    def respond(request: Request) -> Answer:
        seen.append(request)
        target = location.format(store=store) + request.target
        cookie = ("Set-Cookie", "session=secret; Path=/")
        return Answer(302, content_type=None, headers=(("Location", target), cookie))

    server = LocalServer(respond)
    server.start()
    try:
        with Emulator(world) as apple:
            store = apple.store_url
            monkeypatch.setattr(Emulator, "store_url", server.origin)
            result = job.run(apple)
            downloads = apple.downloads
    finally:
        server.stop()

    sent = [each.headers for each in seen] + [each.headers for each in downloads]
    assert exit_code == result.exit_code
    assert len(seen) >= 2
    assert bool(downloads) is (exit_code == 0)
    assert all({"Authorization", "Cookie"}.isdisjoint(headers) for headers in sent)
    assert "X-Amz" not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("kind", "says"), [("redirect", "no redirect at all"), ("foreign_next", "links.next")]
)
@pytest.mark.parametrize("where", ["/v1/apps$", "/segments$"])
def test_the_token_stays_at_home(kind: str, says: str, where: str, job: Job) -> None:
    """A redirect of the API and a foreign next page are refused; nobody else sees the token."""
    with Emulator(overlapping_world(days=1)) as apple:
        apple.fault(Fault("api", where, kind, times=None))
        result = job.run(apple)
        asked = [each.headers for each in apple.downloads]

    assert 1 == result.exit_code
    assert says in result.stdout + result.stderr
    assert all("Authorization" not in headers for headers in asked)


def test_temporary_files_are_private(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the job writes to the temporary folder, nobody else may read, whatever the umask."""
    modes: dict[str, int] = {}

    def noted(make: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **options: Any) -> Any:
            made = make(*arguments, **options)
            target = made if isinstance(made, str) else getattr(made, "name", None)
            if isinstance(target, (int, str)):
                modes[f"{make.__name__} {target}"] = stat.S_IMODE(os.stat(target).st_mode)
            return made

        return wrapped

    monkeypatch.setattr("app_store_connect.api.download.SPOOL_BYTES", 1)
    for name in ("TemporaryFile", "NamedTemporaryFile", "mkdtemp"):
        monkeypatch.setattr(tempfile, name, noted(getattr(tempfile, name)))
    before = os.umask(0)
    try:
        with Emulator(overlapping_world(days=1)) as apple:
            result = job.run(apple)
    finally:
        os.umask(before)

    assert 0 == result.exit_code
    assert any(name.startswith("TemporaryFile") for name in modes)
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}
