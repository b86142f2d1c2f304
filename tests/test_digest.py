"""`asc-segments digest`: the last complete week, read from marts as people have them."""

import json
import re
from base64 import b64decode
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result

from asc_pipeline.cli.main import main
from asc_pipeline.digest.weeks import FLAGS, WEEK, Day, Weeks
from asc_pipeline.emulator.server.wire import Answer
from tests.asking import ScriptedServer, StartApple
from tests.conftest import KEYS, Job
from tests.worlds import APPS, overlapping_world

THIS_MONDAY = (today := datetime.now(UTC).date()) - timedelta(days=today.weekday())
LAST = THIS_MONDAY - WEEK
YEAR = timedelta(days=52 * 7)
HOSTILE = "<script>alert(1)</script>|x"
MARTS = "app_store_connect_marts"
PREFIX = f"{MARTS}.fct_app_store_connect__daily"


def ask(*arguments: str) -> tuple[Result, dict[str, Any]]:
    found = CliRunner().invoke(main, ["digest", "--json", *arguments])
    return found, json.loads(found.stdout)


@pytest.fixture
def marts(start_apple: StartApple, job: Job) -> Job:
    """A loaded dataset with marts: three weeks of one app, whose crashes rise with version 2.0."""
    job.run(start_apple(overlapping_world(days=1)))
    measures = ", ".join(f"{each} bigint" for each in FLAGS)
    flags = ", ".join(f"{each} boolean" for each in FLAGS.values())
    with duckdb.connect(str(job.database)) as database:
        database.execute(f"create schema {MARTS}")
        database.execute(
            f"create table {PREFIX} (app_id bigint, date_day date, {measures}, {flags})"
        )
        for kind, column in (
            ("territory", "territory_name"),
            ("source_type", "source_type"),
            ("app_version", "app_version"),
        ):
            database.execute(
                f"create table {PREFIX}_by_{kind}"
                f" (app_id bigint, date_day date, {column} text, {measures})"
            )
        for monday, crashes in ((LAST, 30), (LAST - WEEK, 10), (LAST - YEAR, 20)):
            for day in range(7):
                put_day(database, monday + timedelta(days=day), crashes)
        for monday, version, crashes in (
            (LAST, "1.0", 63),
            (LAST - WEEK, "1.0", 70),
            (LAST, HOSTILE, 140),
            (LAST, "0.5", 7),
        ):
            database.execute(
                f"insert into {PREFIX}_by_app_version (app_id, date_day, app_version, crashes)"
                " values (?, ?, ?, ?)",
                [int(APPS[0]), monday, version, crashes],
            )
    return job


def put_day(database: duckdb.DuckDBPyConnection, day: date, crashes: int) -> None:
    """Impressions 1,000, downloads 50, sessions 2,000 and no other figure."""
    names = "app_id, date_day, impressions, first_time_downloads, sessions, crashes"
    complete = ", ".join("true" for _ in FLAGS)
    database.execute(
        f"insert into {PREFIX} ({names}, {', '.join(FLAGS.values())})"
        f" values (?, ?, 1000, 50, 2000, ?, {complete})",
        [int(APPS[0]), day, crashes],
    )


def test_week_beside_the_others(marts: Job) -> None:
    """Figures, rates, the move with its likely source, and freshness."""
    found, answer = ask()

    figures = {
        each["name"]: (each["this_week"], each["week_before"], each["year_before"])
        for each in answer["figures"]
    }
    assert 0 == found.exit_code
    assert (LAST.isoformat(), 6) == (answer["week"], len(figures))
    assert (210, 70, 140) == figures["crashes"]
    assert (7000, 7000, 7000) == figures["impressions"]
    assert (0.05, 0.05, 0.05) == figures["conversion"]
    assert (15, 5, 10) == figures["crashes_per_1000_sessions"]
    assert [f"App 1: Crashes +200%, 70 to 210; mostly version {HOSTILE}, +140"] == answer["moves"]
    assert "missing dates: 0" in answer["freshness"]


def test_newest_week_that_is_complete(marts: Job) -> None:
    """One day of last week that Apple does not call complete: the digest is of the week before."""
    with duckdb.connect(str(marts.database)) as database:
        database.execute(
            f"update {PREFIX} set crashes_complete = false where date_day = ?",
            [LAST + timedelta(days=6)],
        )
    _, answer = ask()

    crashes = next(each for each in answer["figures"] if each["name"] == "crashes")
    assert (LAST - WEEK).isoformat() == answer["week"]
    assert (70, None) == (crashes["this_week"], crashes["week_before"])


@pytest.mark.parametrize("name", ["digest.md", "digest.html"])
def test_file(name: str, marts: Job) -> None:
    """The figures, and names as text: nothing in them is markup."""
    ask("--output", name)
    text = Path(name).read_text()

    assert all(each in text for each in ("Crashes", "+200%", "+50%", "15.00"))
    assert "<script>" not in text
    assert "http" not in text
    svg = picture_of(Path(name))
    assert all(f">{each}<" in svg for each in ("Crashes", "Impressions", "this week", "Sun"))
    assert "Conversion" not in svg


def picture_of(file: Path) -> str:
    """The SVG in a page, or beside a file of Markdown."""
    if file.suffix == ".md":
        assert f"]({file.stem}.svg)" in file.read_text()
        return file.with_suffix(".svg").read_text()
    (data,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', file.read_text())
    return b64decode(data).decode()


def test_file_of_another_kind() -> None:
    """Exit 2 before anything is read."""
    found, answer = ask("--output", "digest.pdf")

    assert 2 == found.exit_code
    assert "neither with .md nor with .html" in answer["error"]


def test_digest_is_sent(marts: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the addresses for alerts: lines, the picture, and a file."""
    with ScriptedServer(Answer(200)) as server:
        address = f"{server.origin.replace('http', 'json')}/x"
        monkeypatch.setenv(f"{KEYS}ALERTS__URLS", json.dumps([address]))
        Path("page.html").write_text("a page")
        found, answer = ask("--send", "--attach", "page.html")
    (request,) = server.asked
    body = json.loads(request.body)
    picture, page = body["attachments"]

    assert 0 == found.exit_code
    assert answer["title"] == body["title"]
    assert (f"app_store_connect_{LAST}.png", "page.html") == (picture["filename"], page["filename"])
    assert b"\x89PNG" == b64decode(picture["base64"])[:4]
    assert "Crashes: 210 (the week before 70, +200%; a year before 140, +50%)" in body["message"]


def test_without_marts(start_apple: StartApple, job: Job) -> None:
    """Exit 2 and the next step; before the first load too."""
    nothing, answer = ask()
    assert (2, True) == (nothing.exit_code, "nothing is loaded" in answer["error"])
    job.run(start_apple(overlapping_world(days=1)))
    found, answer = ask()

    assert 2 == found.exit_code
    assert "run asc-segments models first" in answer["error"]


def test_no_week_is_complete(marts: Job) -> None:
    """Exit 2, no figures."""
    with duckdb.connect(str(marts.database)) as database:
        database.execute(f"update {PREFIX} set sessions_complete = false")
    found, answer = ask()

    assert 2 == found.exit_code
    assert "no week of the last 42 days is complete" in answer["error"]


def test_app_that_has_no_figures_keeps_no_week_back() -> None:
    """A report that an app never had is not waited for."""
    values = {"crashes": 1.0}
    days = [
        Day(app_id, LAST + timedelta(days=day), values if app_id == 1 else {}, frozenset(known))
        for app_id, known in ((1, {"crashes"}), (2, set[str]()))
        for day in range(7)
    ]

    assert LAST == Weeks(days).last_complete(THIS_MONDAY)
    assert 7 == Weeks(days).total(LAST, "crashes")
