"""`asc-segments dashboard`: the file, its figures, and what it says of data that is not there."""

import base64
import gzip
import json
import re
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from asc_pipeline.cli.main import main
from asc_pipeline.dashboard.build import Place, dashboard_content
from asc_pipeline.dlt_pipeline.opening import Patience
from tests import browser
from tests.asking import StartApple, judged_emulators
from tests.browser import Page
from tests.conftest import Job
from tests.worlds import APPS, TODAY, overlapping_world

HOSTILE = """</script><script>document.title="x"</script><!-- <img src=x onerror=alert(1)> " '"""
DAYS, OPEN_DAYS = 60, 2
LAST = TODAY - timedelta(days=1)
COMPLETE = LAST - timedelta(days=OPEN_DAYS)
_DAILY = f"""
    create schema app_store_connect_marts;
    create table app_store_connect_marts.dim_app_store_connect__apps as
        select unnest([{", ".join(APPS)}])::bigint as app_id, unnest(['Quiet', $$%s$$]) as app_name;
    create table app_store_connect_marts.fct_app_store_connect__daily as
    select app_id, day::date as date_day, 100 as first_time_downloads, 20 as redownloads,
        2000 as impressions, 50 as sessions, 1 as crashes, 7 + (date '{LAST}' - day::date) %% 7
        as paid_subscriptions, day <= date '{COMPLETE}' as downloads_complete,
        day <= date '{COMPLETE}' - 1 as discovery_complete, true as sessions_complete,
        true as crashes_complete, true as subscription_state_complete
    from app_store_connect_marts.dim_app_store_connect__apps,
        range(date '{LAST}' - {DAYS - 1}, date '{LAST}' + 1, interval 1 day) as days(day);
    create table app_store_connect_marts.fct_app_store_connect__daily_by_source_type as
    select app_id, date_day, key as source_type_key, $$%s$$ || key as source_type,
        number as first_time_downloads, number as impressions
    from app_store_connect_marts.fct_app_store_connect__daily,
        (select n as number, n::text as key from range(1, 21) as each(n));
    create table app_store_connect_marts.fct_app_store_connect__daily_by_app_download_date as
    select app_id, date_day - age::integer as app_download_date, age as age_days,
        30 - age as sessions
    from app_store_connect_marts.fct_app_store_connect__daily, range(0, 20) as ages(age);
    create table app_store_connect_marts.fct_app_store_connect__forecasts as
    select {APPS[0]}::bigint as app_id, date '{LAST}' as date_day, 50.0 as expected_low,
        60.0 as expected_total, 80.0 as expected_high, name as measure,
        'app_sessions_standard_daily' as table_name
    from (values ('sessions'), ('devices')) as each(name);
"""


def dashboard(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["dashboard", *arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def content_in(page: str) -> dict[str, Any]:
    (text,) = re.findall(r'<script type="application/gzip" id="content">(.*?)</script>', page)
    content: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(text)))
    return content


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A loaded file with the daily mart and the one by source type: 60 days, two of them open."""
    folder = tmp_path_factory.mktemp("marts")
    with pytest.MonkeyPatch.context() as patch, judged_emulators(answers=False) as start:
        patch.chdir(folder)
        patch.setenv("DLT_DATA_DIR", str(folder / "dlt"))
        job = Job(patch, folder / "asc_segments.duckdb")
        assert 0 == job.run(start(overlapping_world(days=1))).exit_code
    with duckdb.connect(str(job.database)) as connection:
        connection.execute(_DAILY % (HOSTILE, HOSTILE))
    return job.database


@pytest.fixture(scope="module")
def page(database: Path) -> str:
    """The page of that file, made once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(database.parent)
        code, output = dashboard("--output", "page.html")
    assert 0 == code, output
    return (database.parent / "page.html").read_text()


@pytest.fixture
def marts(database: Path) -> Path:
    """A copy of the file, where the command looks for it."""
    return Path(shutil.copy(database, "asc_segments.duckdb"))


def view(page: str, app: str = APPS[0]) -> Any:
    return content_in(page)["views"][app]


def test_names_are_text(page: str) -> None:
    """No name of an app or source ends the script element; each of them arrives as it is."""
    content = content_in(page)

    assert HOSTILE not in page
    assert HOSTILE in [each["label"] for each in content["apps"]]
    rows = content["views"][APPS[1]]["ranked"]["first_time_downloads_by_source_type"]["28"]["rows"]
    assert f"{HOSTILE}20" == rows[0][0]
    assert 1 == page.count('id="content"')


def test_page_loads_nothing(page: str) -> None:
    """The policy forbids every request, and scripts but those whose hash it names."""
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    outside = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)

    assert policy.startswith("default-src 'none';")
    assert "unsafe-eval" not in policy
    assert 2 == policy.count("'sha256-")
    assert [] == re.findall(r"(?:src|href)=|https?://|@import|url\(", outside)
    assert len(page) < 2_000_000


def test_tiles_end_on_a_complete_day(page: str) -> None:
    """Each tile ends on the newest day on which its own reports are complete."""
    tiles = view(page)["tiles"]["28"]
    downloads, conversion = tiles["first_time_downloads"], tiles["conversion"]

    assert (2800, 2800, str(COMPLETE)) == tuple(downloads[k] for k in ("value", "before", "to"))
    assert (0.06, str(COMPLETE - timedelta(days=1))) == (conversion["value"], conversion["to"])
    assert 20 == tiles["crash_rate"]["value"]


def test_stock_is_not_added_up(page: str) -> None:
    """Subscriptions are those of the last day, and of all apps on that day."""
    one = view(page)["tiles"]["28"]["paid_subscriptions"]
    both = view(page, "0")["tiles"]["28"]["paid_subscriptions"]

    assert (7, 7, str(LAST)) == (one["value"], one["before"], one["to"])
    assert (14, 14) == (both["value"], both["before"])


def test_shorter_past_is_not_compared(page: str) -> None:
    """90 days are 58 here, and the 90 before them are not loaded: no change is told."""
    tile = view(page)["tiles"]["90"]["first_time_downloads"]

    assert (DAYS - OPEN_DAYS, None) == (tile["days"], tile["before"])


def test_open_days_are_marked(page: str) -> None:
    """The chart knows the days that are not complete yet."""
    found = view(page)["series"]

    assert [DAYS - 2, DAYS - 1] == found["first_time_downloads"]["incomplete"]
    assert [] == found["sessions"]["incomplete"]


def test_day_of_an_app_without_rows_is_open(marts: Path) -> None:
    """Rows that one app lacks may still come: the sum of all apps does not drop."""
    with duckdb.connect(str(marts)) as connection:
        connection.execute(
            "delete from app_store_connect_marts.fct_app_store_connect__daily"
            f" where app_id = {APPS[1]} and date_day > date '{LAST}' - 5"
        )
    content = dashboard_content(Place(), datetime.now(UTC), Patience())

    found = content["views"]["0"]["series"]["sessions"]["incomplete"]
    assert [DAYS - n for n in (5, 4, 3, 2, 1)] == found


def test_rate_leaves_out_apps_without_the_report(marts: Path) -> None:
    """An app that gets no crashes does not lower the rate of all apps by its sessions."""
    with duckdb.connect(str(marts)) as connection:
        connection.execute(
            "update app_store_connect_marts.fct_app_store_connect__daily"
            f" set crashes = null where app_id = {APPS[1]}"
        )
    tiles = dashboard_content(Place(), datetime.now(UTC), Patience())["views"]["0"]["tiles"]["28"]

    assert (20, 2800) == (tiles["crash_rate"]["value"], tiles["sessions"]["value"])


def test_rest_is_added_up(page: str) -> None:
    """Twelve bars, and one for the eight others; the figures of all apps are the sum."""
    rows = view(page, "0")["ranked"]["first_time_downloads_by_source_type"]["28"]["rows"]

    assert [n * 28 * 2 for n in range(20, 8, -1)] == [row[1] for row in rows[:-1]]
    assert ["8 others", sum(range(1, 9)) * 28 * 2] == rows[-1][:2]


def test_retention_counts_cohorts_that_are_old_enough(page: str) -> None:
    """Sessions for 100 downloads, of the cohorts whose later day is complete; too young is none."""
    shown = view(page)
    found = {title: figures for title, *figures in shown["retention"]["28"]}

    assert ([25, 25], [0, 0]) == (found["Same day"], found["28 days"])
    assert [pytest.approx(100 * 23 / 120, rel=1e-5)] * 2 == found["7 days"]
    assert [*[120] * (DAYS - 28), *[None] * 28] == shown["series"]["sessions_after_28"]["sums"][1]


def test_forecasts_stand_beside_the_figures(page: str) -> None:
    """An estimate for each open day of the one tile that it is of; several apps have none."""
    assert {"sessions": [[DAYS - 1, 50, 60, 80]]} == view(page)["forecasts"]
    assert {"sessions": []} == view(page, APPS[1])["forecasts"]
    assert "choose an app" in view(page, "0")["forecasts"]["why"]


def test_apps_of_a_key(marts: Path) -> None:
    """With several keys the chooser has the apps of each; an app may be seen by two."""
    apps = "app_store_connect_marts.dim_app_store_connect__apps"
    before = dashboard_content(Place(), datetime.now(UTC), Patience())
    with duckdb.connect(str(marts)) as connection:
        connection.execute(f"alter table {apps} add column key_names text")
        connection.execute(f"update {apps} set key_names = 'EU'")
        connection.execute(f"update {apps} set key_names = 'EU, US' where app_id = {APPS[1]}")
    content = dashboard_content(Place(), datetime.now(UTC), Patience())

    assert ["0", *APPS] == [each["key"] for each in before["apps"]]
    assert "key_names" in before["trust"]["left_out"][-1]
    assert "key_names" not in content["trust"]["left_out"][-1]
    assert ["0", "key-EU", "key-US", *APPS] == [each["key"] for each in content["apps"]]
    found = {
        key: content["views"][key]["tiles"]["28"]["first_time_downloads"]["value"]
        for key in ("key-EU", "key-US")
    }
    assert {"key-EU": 5600, "key-US": 2800} == found
    rows = content["views"]["key-EU"]["ranked"]["first_time_downloads_by_source_type"]["28"]
    assert 20 * 28 * 2 == rows["rows"][0][1]


def test_missing_mart_has_its_reason(page: str) -> None:
    """A panel without a mart, and a tile without a report, say why."""
    shown = view(page)

    assert {
        "why": "Not built: fct_app_store_connect__daily_by_territory. Run asc-segments models."
    } == shown["ranked"]["proceeds_usd_by_territory"]
    assert "Not built" in shown["versions"]["why"]
    assert None is shown["series"]["deletions"]
    assert shown["why"]["deletions"].startswith("App Store Installation and Deletion Standard: ")


def test_file_is_read_only(marts: Path) -> None:
    """A reader that has the file open does not keep the page from being written."""
    with duckdb.connect(str(marts), read_only=True):
        before = marts.read_bytes()
        done = CliRunner().invoke(main, ["dashboard", "--json", "--wait", "0"])

    assert before == marts.read_bytes()
    told = json.loads(done.stdout)
    assert (0, 2, 0) == (done.exit_code, told["apps"], told["exit_code"])
    assert Path(told["output"]).stat().st_size == told["bytes"]


def test_no_models(job: Job, start_apple: StartApple) -> None:
    """Loaded, but without models: 2 and the next step; an earlier page stays."""
    job.run(start_apple(overlapping_world(days=1)))
    Path("asc_segments.html").write_text("earlier")
    code, output = dashboard()

    assert 2 == code
    assert "run asc-segments models first" in output
    assert "earlier" == Path("asc_segments.html").read_text()


def test_nothing_is_loaded() -> None:
    code, output = dashboard()

    assert 2 == code
    assert "run asc-segments first" in output
    assert not Path("asc_segments.duckdb").exists()


def test_extra_is_missing(marts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    code, output = dashboard()

    assert 2 == code
    assert "dlt-app-store-connect[dashboard]" in output


def test_file_cannot_be_written(marts: Path) -> None:
    code, output = dashboard("--output", "no/such/folder/page.html")

    assert 2 == code
    assert "the page cannot be written to" in output


CONTRAST = """
    (() => {
      const parts = (colour) => colour.match(/[0-9.]+/g).map(Number);
      const light = (colour) => parts(colour).slice(0, 3).map((part) => part / 255)
        .map((part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
        .reduce((sum, part, n) => sum + part * [0.2126, 0.7152, 0.0722][n], 0);
      const behind = (node) => {
        const colour = getComputedStyle(node).backgroundColor;
        return parts(colour)[3] === 0 ? behind(node.parentElement) : colour;
      };
      const texts = [...document.querySelectorAll(
        "h1,h2,h3,p,li,summary,strong,span,label,button,svg text")];
      return Math.min(...texts.filter((node) => node.textContent.trim()).map((node) => {
        const style = getComputedStyle(node), ink = node.closest("svg") ? style.fill : style.color;
        const both = [light(ink), light(behind(node))].sort((one, other) => other - one);
        return (both[0] + 0.05) / (both[1] + 0.05);
      }));
    })()
"""


@pytest.fixture(scope="module")
def shown(database: Path, page: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The page in a browser without a network."""
    with browser.running(tmp_path_factory.mktemp("browser")) as running:
        yield running


def place_of(day: date, beside: float) -> float:
    """Where a part of a day beside it stands in a chart of 28 days, as a share of the chart."""
    first = COMPLETE - timedelta(days=28)
    return ((day - first).days + beside) / (LAST - first).days


def rows_in(shown: Page, chart: str) -> Any:
    return shown.ask(f"document.querySelector('#{chart} summary').textContent")


def tile_in(shown: Page, key: str) -> Any:
    return shown.ask(f"document.querySelector('[data-measure={key}] strong').textContent")


@pytest.mark.slow
@pytest.mark.skipif(not browser.FOUND, reason="no browser here: apt-get install chromium")
class TestInBrowser:
    """Without a network, at every width and in both schemes."""

    def test_choosers_change_the_figures(self, shown: Page, database: Path) -> None:
        """The tiles are those of the content, for each app and span; nothing is loaded or said."""
        shown.open(database.parent / "page.html")
        content = content_in((database.parent / "page.html").read_text())
        seen = {}
        for app in ("0", *APPS):
            shown.choose("app", app, shows=f"app={app}&span={'28' if app == '0' else 'all'}")
            for span in ("28", "90", "365", "all"):
                shown.choose("span", span, shows=f"app={app}&span={span}")
                value = content["views"][app]["tiles"][span]["first_time_downloads"]["value"]
                seen[app, span] = tile_in(shown, "first_time_downloads")
                assert f"{value:,}" == seen[app, span]

        assert 4 == len(set(seen.values()))
        assert shown.ask("document.querySelectorAll('.chart svg').length") > 5
        assert [] == shown.requests()
        assert [] == [str(each)[:200] for each in shown.complaints()]

    def test_brush_filters_the_rest(self, shown: Page, database: Path) -> None:
        """Days that are drawn across in one chart are those of tiles, bars and other charts; that
        chart still shows the span. The button leads back.
        """
        shown.look(width=1440)
        shown.open(database.parent / "page.html", choice=f"app={APPS[0]}&span=28")
        days = (COMPLETE - timedelta(days=9), COMPLETE - timedelta(days=4))
        shown.drag(
            "#day-first_time_downloads .chart", place_of(days[0], -0.4), place_of(days[1], 0.4)
        )
        shown.until_shown(f"app={APPS[0]}&span=28&from={days[0]}&to={days[1]}")

        assert ("600", "300") == (
            tile_in(shown, "first_time_downloads"),
            tile_in(shown, "sessions"),
        )
        shown.ask("document.querySelector('#ranked details').open = true")
        shown.ask("new Promise((done) => setTimeout(done, 200))")
        assert str(6 * 20) == shown.ask("document.querySelector('#ranked td + td').textContent")
        assert "Table, 6 rows" == rows_in(shown, "day-sessions")
        assert "Table, 31 rows" == rows_in(shown, "day-first_time_downloads")
        assert [str(day) for day in days] == [
            shown.ask(f"document.getElementById('{name}').value") for name in ("from", "to")
        ]
        shown.look(width=1200)
        shown.ask("new Promise((done) => setTimeout(done, 1500))")
        painted = shown.ask(
            "document.querySelector('.days_brush path').getBoundingClientRect().width"
        )
        assert 40 < painted < 120
        shown.click("#back")
        shown.until_shown(f"app={APPS[0]}&span=28")
        shown.ask("new Promise((done) => setTimeout(done, 300))")
        assert "2,800" == tile_in(shown, "first_time_downloads")
        assert shown.ask("document.getElementById('back').hidden")
        assert [] == [str(each)[:200] for each in shown.complaints()]

    def test_days_are_chosen_by_dates(self, shown: Page, database: Path) -> None:
        """Two date fields choose days without a brush; those of a span have its figures."""
        shown.open(database.parent / "page.html", choice=f"app={APPS[0]}&span=28")
        first = COMPLETE - timedelta(days=27)
        shown.ask(f"document.getElementById('to').value = '{COMPLETE}'")
        shown.choose("from", str(first), shows=f"app={APPS[0]}&span=28&from={first}&to={COMPLETE}")
        tile = "document.querySelector('[data-measure=first_time_downloads]').textContent"

        assert "2,800" == tile_in(shown, "first_time_downloads")
        assert "= 0% against the days before (2,800)" in shown.ask(tile)

    def test_forecasts_if_asked(self, shown: Page, database: Path) -> None:
        """They are drawn in the chart of sessions and stand in its table; no figure has them."""
        shown.open(database.parent / "page.html", choice=f"app={APPS[0]}&span=28")
        told = shown.ask("document.querySelector('#tiles').textContent")
        without = shown.ask("document.querySelector('#day-sessions svg').outerHTML")
        shown.ask("document.getElementById('forecasts').click()")
        shown.until_shown(f"app={APPS[0]}&span=28&forecasts=1")
        shown.ask("document.querySelector('#day-sessions details').open = true")
        shown.ask("new Promise((done) => setTimeout(done, 200))")
        cells = "[...document.querySelectorAll('#day-sessions tr:nth-child(2) td')]"

        assert "var(--forecast)" not in without
        assert "var(--forecast)" in shown.ask(
            "document.querySelector('#day-sessions svg').outerHTML"
        )
        assert [str(LAST), "50", "complete", "50", "60", "80"] == shown.ask(
            f"{cells}.map((each) => each.textContent)"
        )
        assert "Sessions" in shown.ask("document.getElementById('forecast-note').textContent")
        assert told == shown.ask("document.querySelector('#tiles').textContent")
        assert [] == [str(each)[:200] for each in shown.complaints()]

    def test_open_days_compare_with_nothing(self, shown: Page, database: Path) -> None:
        """A brush that ends on a day to which Apple still adds says so, and compares nothing."""
        choice = f"app={APPS[0]}&span=28&from={LAST - timedelta(days=6)}&to={LAST}"
        shown.open(database.parent / "page.html", choice=choice)
        tile = shown.ask("document.querySelector('#tiles a').textContent")

        assert "700" in tile
        assert "2 of them not complete, so not compared" in tile
        assert "against" not in tile

    def test_hostile_names(self, shown: Page, database: Path) -> None:
        """They are texts in the chooser, the chart and its table."""
        shown.open(database.parent / "page.html", choice=f"app={APPS[1]}&span=28")
        shown.ask("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        shown.ask("new Promise((done) => setTimeout(done, 200))")

        assert "App Store Connect" == shown.ask("document.title")
        assert 0 == shown.ask("document.querySelectorAll('img').length")
        assert HOSTILE == shown.ask("document.querySelector('#app').selectedOptions[0].textContent")
        cells = shown.ask("[...document.querySelectorAll('td')].map((each) => each.textContent)")
        assert f"{HOSTILE}20" in cells
        assert [] == [str(each)[:200] for each in shown.complaints()]

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("width", [390, 820, 1440])
    def test_looks(self, width: int, scheme: str, shown: Page, database: Path) -> None:
        """Nothing is wider than the window, and every text has a contrast of at least 4.5."""
        shown.look(width=width, scheme=scheme)
        days = f"from={LAST - timedelta(days=9)}&to={LAST}"
        choice = f"app={APPS[0]}&span=28&{days}&forecasts=1"
        shown.open(database.parent / "page.html", choice=choice)
        dark = shown.ask("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 28)"

        assert shown.ask("document.documentElement.scrollWidth") <= width
        assert (scheme == "dark") == dark
        assert shown.ask(CONTRAST) >= 4.5

    def test_charts_fit_the_printed_page(self, shown: Page, database: Path) -> None:
        """On paper two charts stand beside each other at their own size, and then go back."""
        shown.look(width=1440)
        shown.open(database.parent / "page.html", choice=f"app={APPS[0]}&span=28")
        width = "Number(document.querySelector('.chart svg').getAttribute('width'))"
        on_screen = shown.ask(width)
        shown.ask(f"void addEventListener('beforeprint', () => {{ printed = {width}; }})")

        assert shown.pdf().startswith(b"%PDF")
        assert 300 < shown.ask("printed") < 320 < on_screen
        shown.ask("new Promise((done) => setTimeout(done, 200))")
        assert on_screen == shown.ask(width)

    def test_other_separators(self, shown: Page, database: Path) -> None:
        """Figures are in the reader's locale, CSV is not."""
        shown.use_locale("de-DE")
        shown.open(database.parent / "page.html", choice=f"app={APPS[0]}&span=28")
        shown.ask(
            "Object.defineProperty(navigator, 'clipboard', {configurable: true,"
            " value: {writeText: async (text) => { window.copied = text; }}})"
        )
        shown.ask("document.querySelector('#day-conversion button').click()")
        copied = shown.ask("window.copied").splitlines()

        assert "2.800" == tile_in(shown, "first_time_downloads")
        assert '"date","Conversion","state"' == copied[0]
        assert f'"{LAST}",0.06,"not complete yet"' == copied[1]
