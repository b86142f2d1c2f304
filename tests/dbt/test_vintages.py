"""The figures as they stood earlier, and those to expect, against worlds of other days."""

import json
from datetime import date, timedelta
from decimal import Decimal
from statistics import median

import pytest

from tests.dbt.conftest import DAYS
from tests.dbt.truth import daily
from tests.dbt.warehouse import MARTS, Warehouse
from tests.emulator import World, demo_world
from tests.worlds import TODAY

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dbt"), pytest.mark.timeout(600)]
EARLIER = TODAY - timedelta(days=4)
FORECASTS = f"{MARTS}.fct_app_store_connect__forecasts"
RESTATEMENTS = f"{MARTS}.fct_app_store_connect__restatements"
SESSIONS = "app_sessions_standard_daily"


def shown(warehouse: Warehouse, statement: str) -> list[dict[str, str]]:
    """The rows of a statement with macros of the project, as a user of the package gets them."""
    done = warehouse.dbt("show --output json --limit -1 --quiet", "--inline", statement)
    assert 0 == done.code, done.out + done.err
    rows: list[dict[str, str]] = json.loads(done.out[done.out.index("{") :])["show"]
    return rows


def as_known_on(warehouse: Warehouse, view: str, day: date) -> dict[tuple[int, date], int]:
    """How many rows each date of an app had then, as text, so that both databases agree."""
    rows = shown(
        warehouse,
        "select cast(_app_id as text) as app, cast(date as text) as day, count(*) as row_count"
        f" from {{{{ as_known_on('{view}', '{day}') }}}} as told group by _app_id, date",
    )
    return {
        (int(row["app"]), date.fromisoformat(row["day"][:10])): int(row["row_count"])
        for row in rows
    }


@pytest.mark.parametrize(
    ("view", "report"),
    [
        (SESSIONS, "App Sessions Standard"),
        ("app_downloads_standard_daily", "App Downloads Standard"),
        ("app_store_purchases_standard_daily", "App Store Purchases Standard"),
    ],
)
def test_rows_are_those_of_an_earlier_world(
    view: str, report: str, copy_of_built: Warehouse
) -> None:
    """`as_known_on` shows the rows that were true four days before, to the row."""
    earlier = demo_world(EARLIER, days=DAYS - 4)
    first = TODAY - timedelta(days=DAYS - 4)
    expected: dict[tuple[int, date], int] = {}
    for app_id in earlier.apps:
        for row in earlier.truth(app_id, report, "DAILY"):
            key = int(app_id), date.fromisoformat(row["Date"] or "")
            expected[key] = expected.get(key, 0) + 1
    found = as_known_on(copy_of_built, view, EARLIER)

    assert expected
    assert {key: n for key, n in expected.items() if key[1] >= first} == {
        key: n for key, n in found.items() if key[1] >= first
    }


def test_forecast_is_the_median_of_shares(built: Warehouse) -> None:
    """The total to expect is worked out anew from all restatements, and days that are complete, or
    of an unknown age, have none.
    """
    told: dict[tuple[int, date, int], Decimal] = {}
    final: dict[tuple[int, date], Decimal] = {}
    open_days: dict[tuple[int, date], tuple[int, Decimal]] = {}
    for app_id, day, age, total, is_shown, is_complete in built.query(
        "select app_id, date_day, age_days, measure_total, is_shown, is_complete"
        f" from {RESTATEMENTS} where table_name = '{SESSIONS}' and measure_total > 0"
        " order by restatement"
    ):
        told[app_id, day, age] = total
        if is_shown and is_complete:
            final[app_id, day] = total
        elif is_shown:
            open_days[app_id, day] = age, total
    expected = {}
    for (app_id, day), (age, total) in open_days.items():
        shares = [
            float(told[app_id, other, age] / whole)
            for (app, other), whole in final.items()
            if app == app_id and (app_id, other, age) in told
        ]
        if len(shares) >= 5:
            expected[app_id, day] = float(total) / median(shares)
    found = {
        (app_id, day): total
        for app_id, day, total in built.query(
            f"select app_id, date_day, expected_total from {FORECASTS}"
            f" where table_name = '{SESSIONS}'"
        )
    }

    assert found
    assert found == pytest.approx(expected)


def test_forecast_is_near_the_later_truth(built: Warehouse, demo: World) -> None:
    """What Apple tells two weeks later is nearer to the forecast than to what it had told."""
    later = daily(demo_world(TODAY + timedelta(days=14), days=28), "sessions")
    rows = built.query(
        "select app_id, date_day, told_so_far, expected_total, expected_low, expected_high"
        f" from {FORECASTS} where table_name = '{SESSIONS}'"
    )
    final = {(app_id, day): float(later[app_id, day, ""]) for app_id, day, *_ in rows}
    now = sum(abs(float(row[2]) - final[row[0], row[1]]) for row in rows)
    forecast = sum(abs(row[3] - final[row[0], row[1]]) for row in rows)

    assert len(rows) >= 8
    assert forecast < now / 2
    assert all(row[4] <= row[3] <= row[5] for row in rows)


def test_postgres_agrees(built: Warehouse, built_on_postgres: Warehouse) -> None:
    """Both databases know the same restatements, and expect the same."""
    names = "app_id, date_day, table_name, restatement, age_days, measure_total, is_shown"
    ask = f"select {names} from {RESTATEMENTS} order by {names}"
    expect = f"select app_id, date_day, table_name, expected_total from {FORECASTS}"
    ours, theirs = (
        {tuple(row[:3]): row[3] for row in each.query(expect)}
        for each in (built, built_on_postgres)
    )

    assert built.query(ask) == built_on_postgres.query(ask)
    assert theirs == pytest.approx(ours)
