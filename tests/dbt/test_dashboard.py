"""The dashboard of the demo: its figures are those of the marts, on both databases."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import browser
from tests.dbt.warehouse import MARTS, Warehouse
from tests.test_dashboard import content_in

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dbt"), pytest.mark.timeout(600)]
CALL = "from asc_pipeline.cli.main import main; main()"
NO_DATA = "\u2013"
SUMS = {
    "first_time_downloads": "sum(first_time_downloads)",
    "sessions": "sum(sessions)",
    "proceeds_usd": "round(sum(proceeds_usd), 2)",
    "deletions": "sum(deletions)",
    "conversion": "1.0 * sum(first_time_downloads + redownloads) / sum(case when impressions"
    " is not null and date_day >= first_download then impressions end)",
    "crash_rate": "1000.0 * sum(crashes) / sum(case when date_day >= first_crash then sessions"
    " end)",
}
DAYS = f"""
    (select *,
        min(case when first_time_downloads is not null then date_day end)
            over (partition by app_id) as first_download,
        min(case when crashes is not null then date_day end)
            over (partition by app_id) as first_crash
    from {MARTS}.fct_app_store_connect__daily) as days
"""
"""With the first day on which each app has what a ratio divides."""


def content_of(warehouse: Warehouse, folder: Path) -> dict[str, Any]:
    where = ("--destination", "postgres") if warehouse.address else ()
    file = folder / "page.html"
    done = warehouse.run(sys.executable, "-c", CALL, "dashboard", *where, "--output", str(file))
    assert 0 == done.code, done
    return content_in(file.read_text())


def test_figures_are_those_of_the_marts(built: Warehouse, tmp_path: Path) -> None:
    """Each tile of each app and span is the sum of the daily mart over the days that it names."""
    content = content_of(built, tmp_path)
    compared = 0
    for app, shown in content["views"].items():
        for span, tiles in shown["tiles"].items():
            for key, statement in SUMS.items():
                tile = tiles[key]
                if tile["value"] is None:
                    continue
                where = f"date_day between date '{tile['from']}' and date '{tile['to']}'"
                whose = "" if app == "0" else f" and app_id = {app}"
                ((expected,),) = built.query(f"select {statement} from {DAYS} where {where}{whose}")
                assert (app, span, key, pytest.approx(float(expected), rel=1e-5)) == (
                    *(app, span, key),
                    tile["value"],
                )
                compared += 1

    assert compared > 60


def test_parts_add_up_to_the_tile(built: Warehouse, tmp_path: Path) -> None:
    """The bars by source and territory have the sum of the tile, with the others."""
    for shown in content_of(built, tmp_path)["views"].values():
        for span, tiles in shown["tiles"].items():
            for dimension in ("source_type", "territory"):
                panel = shown["ranked"][f"first_time_downloads_by_{dimension}"][span]
                total = sum(row[1] or 0 for row in panel["rows"])
                assert tiles["first_time_downloads"]["value"] == total


@pytest.mark.skipif(not browser.FOUND, reason="no browser here: apt-get install chromium")
def test_chosen_days_are_those_of_the_marts(built: Warehouse, tmp_path: Path) -> None:
    """Each tile of chosen days is the sum of the daily mart, and the bars have the tile's sum."""
    content = content_of(built, tmp_path)
    compared = 0
    with browser.running(tmp_path / "browser") as page:
        for app in content["views"]:
            for first, last in ((-12, -12), (-30, -9)):
                start, end = content["days"][first], content["days"][last]
                choice = f"app={app}&span=28&from={start}&to={end}"
                page.open(tmp_path / "page.html", choice=choice)
                shown = page.ask(_TILES)
                where = f"date_day between date '{start}' and date '{end}'"
                whose = "" if app == "0" else f" and app_id = {app}"
                sums = ", ".join(SUMS.values())
                (expected,) = built.query(f"select {sums} from {DAYS} where {where}{whose}")
                for key, value in zip(SUMS, expected, strict=True):
                    if shown[key] == NO_DATA:
                        continue
                    unit = {"conversion": 0.01, "crash_rate": 1}.get(key, 10)
                    of_tile = float(re.sub("[,%]", "", shown[key]))
                    of_tile = of_tile / 100 if key == "conversion" else of_tile
                    right: Any = pytest.approx(float(value), abs=unit * 0.051)
                    assert (app, start, key, right) == (app, start, key, of_tile)
                    compared += 1
                if shown["first_time_downloads"] != NO_DATA:
                    bars = page.ask(_BARS)
                    assert {float(shown["first_time_downloads"].replace(",", ""))} == {*bars}

    assert compared > 20


_TILES = """
    Object.fromEntries([...document.querySelectorAll('.tile')].map((each) =>
      [each.dataset.measure, each.querySelector('strong').textContent]))
"""
_BARS = """
    (async () => {
      const found = [0, 2].map((n) => document.querySelectorAll('#ranked details')[n]);
      found.forEach((each) => { each.open = true; });
      await new Promise((done) => setTimeout(done, 200));
      const number = (cell) => Number(cell.textContent.replaceAll(',', ''));
      return found.map((each) => [...each.querySelectorAll('td:nth-child(2)')].map(number)
        .reduce((sum, value) => sum + value, 0));
    })()
"""
"""The sums of first-time downloads by source and by territory."""


def test_retention_is_that_of_the_marts(built: Warehouse, tmp_path: Path) -> None:
    """Sessions of all cohorts that are old enough, for 100 of their downloads."""
    for app, shown in content_of(built, tmp_path)["views"].items():
        whose = "" if app == "0" else f" where cohorts.app_id = {app}"
        ages = {"Same day": 0, "7 days": 7, "28 days": 28}
        found = {title: value for title, value, _ in shown["retention"]["all"] if title in ages}
        for title, value in found.items():
            ((expected,),) = built.query(_RETENTION.format(age=ages[title], whose=whose))
            right = expected if expected is None else pytest.approx(float(expected), rel=1e-5)
            assert (app, title, right) == (app, title, value)


_RETENTION = f"""
    select 100.0 * sum(coalesce(aged.sessions, 0))
        / sum(cohorts.first_time_downloads + cohorts.redownloads)
    from {MARTS}.fct_app_store_connect__daily as cohorts
    join {MARTS}.fct_app_store_connect__daily as later
        on later.app_id = cohorts.app_id and later.date_day = cohorts.date_day + {{age}}
        and later.sessions_complete and later.sessions is not null
        and cohorts.downloads_complete and cohorts.first_time_downloads is not null
    left join {MARTS}.fct_app_store_connect__daily_by_app_download_date as aged
        on aged.app_id = cohorts.app_id and aged.app_download_date = cohorts.date_day
        and aged.age_days = {{age}}
    {{whose}}
"""


def test_both_databases_show_the_same(
    built: Warehouse, built_on_postgres: Warehouse, tmp_path: Path
) -> None:
    (tmp_path / "postgres").mkdir()
    pages = [content_of(built, tmp_path), content_of(built_on_postgres, tmp_path / "postgres")]
    for page in pages:
        del page["built"]

    assert pages[0] == pages[1]
