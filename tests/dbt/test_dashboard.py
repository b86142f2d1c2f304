"""The dashboard of the demo: its figures are those of the marts, on both databases."""

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.warehouse import MARTS, Warehouse
from tests.test_dashboard import content_in

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dbt"), pytest.mark.timeout(600)]
CALL = "from asc_pipeline.cli.main import main; main()"
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


def test_both_databases_show_the_same(
    built: Warehouse, built_on_postgres: Warehouse, tmp_path: Path
) -> None:
    (tmp_path / "postgres").mkdir()
    pages = [content_of(built, tmp_path), content_of(built_on_postgres, tmp_path / "postgres")]
    for page in pages:
        del page["built"]

    assert pages[0] == pages[1]
