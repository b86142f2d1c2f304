"""The questions are answered from the demo's data, and shown as they are."""

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.dbt.questions import PAGE, QUESTIONS, answer, title
from tests.dbt.truth import daily
from tests.dbt.warehouse import MARTS, Warehouse
from tests.emulator import World

IDS = [pytest.param(path, id=path.stem) for path in QUESTIONS]
slow = pytest.mark.slow


def test_each_is_a_question() -> None:
    """Each statement begins with its question, numbered without a gap."""
    assert [f"{n:02}" for n in range(1, len(QUESTIONS) + 1)] == [p.stem[:2] for p in QUESTIONS]
    assert [] == [path.name for path in QUESTIONS if not title(path).endswith("?")]


@pytest.mark.parametrize("path", IDS)
def test_page_shows_the_statement(path: Path) -> None:
    """QUESTIONS.md has each question and its statement as they are: run `make questions`."""
    assert f"## {title(path)}\n\n```sql\n{path.read_text().rstrip()}\n```" in PAGE.read_text()


@slow
@pytest.mark.xdist_group("dbt")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("path", IDS)
def test_answer(path: Path, built: Warehouse) -> None:
    """The statement runs on the demo's marts, has an answer, and the page's columns."""
    with duckdb.connect(str(built.file), read_only=True) as database:
        columns, rows = answer(path, database)
    shown = re.search(
        rf"^## {re.escape(title(path))}$.*?^\| (.*?) \|$",
        PAGE.read_text(),
        re.DOTALL | re.MULTILINE,
    )

    assert rows
    assert all(any(value is not None for value in row) for row in rows)
    assert shown
    assert " | ".join(columns) == shown[1]


@slow
@pytest.mark.xdist_group("dbt")
@pytest.mark.timeout(600)
def test_subscriptions_are_in_the_answer(built: Warehouse) -> None:
    """Of each subscription the ninth question says who pays, who tries, who came and who left, in
    Apple's literals; states are of one day, so they are fewer than their sum over days.
    """
    (path,) = (path for path in QUESTIONS if path.stem.startswith("09"))
    with duckdb.connect(str(built.file), read_only=True) as database:
        columns, rows = answer(path, database)
        summed = database.execute(
            f"select sum(paid_subscriptions) from {MARTS}.fct_app_store_connect__daily"
        ).fetchone()
    last = columns.index("paid_at_last")

    assert len(rows) == 3
    assert all(value is not None for row in rows for value in row)
    assert all(row[last] > 0 for row in rows)
    assert summed
    assert 5 * sum(row[last] for row in rows) < summed[0]


@dataclass(frozen=True)
class Ratio:
    """A ratio in the answer to a question: its column, the measures, and the columns it is by."""

    name: str
    scale: int
    above: tuple[str, ...]
    below: tuple[str, ...]
    by_app: bool = False
    dimension: str = ""
    apple_column: str = ""

    def sums(
        self, world: World, measures: tuple[str, ...], days: set[tuple[int, date]]
    ) -> dict[str, Decimal]:
        """The sum of some measures for each group, over these days of apps."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for measure in measures:
            for (app_id, day, value), total in daily(
                world, measure, self.apple_column or None
            ).items():
                if (app_id, day) in days:
                    app = world.apps[str(app_id)].name if self.by_app else ""
                    found[f"{app} {value}".strip().lower()] += total
        return found


RATIOS = {
    "02": Ratio(
        "crashes_per_1000_sessions",
        1000,
        ("crashes",),
        ("sessions",),
        True,
        "app_version",
        "App Version",
    ),
    "03": Ratio(
        "downloads_per_100_impressions",
        100,
        ("first_time_downloads", "redownloads"),
        ("impressions",),
        dimension="source_type",
        apple_column="Source Type",
    ),
    "05": Ratio(
        "deletions_per_100_installs",
        100,
        ("deletions",),
        ("first_time_installs", "reinstalls", "other_installs"),
        by_app=True,
    ),
    "14": Ratio(
        "downloads_per_100_views",
        100,
        ("first_time_downloads", "redownloads"),
        ("page_views",),
        dimension="source_type",
        apple_column="Source Type",
    ),
    "08": Ratio(
        "seconds_per_session",
        1,
        ("session_seconds",),
        ("sessions",),
        dimension="device",
        apple_column="Device",
    ),
}


@slow
@pytest.mark.xdist_group("dbt")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", RATIOS)
def test_ratio_is_the_truth(number: str, built: Warehouse, demo: World) -> None:
    """A ratio is that of the sums of the emulator's own world, over the days that are complete."""
    ratio = RATIOS[number]
    (path,) = (path for path in QUESTIONS if path.stem.startswith(number))
    flags = " and ".join(sorted(set(re.findall(r"\b(\w+_complete)\b", path.read_text()))))
    days = {
        *built.query(
            f"select app_id, date_day from {MARTS}.fct_app_store_connect__daily where {flags}"
        )
    }
    with duckdb.connect(str(built.file), read_only=True) as database:
        names, rows = answer(path, database)
    above, below = (ratio.sums(demo, each, days) for each in (ratio.above, ratio.below))
    answered = 0
    for row in (dict(zip(names, row, strict=True)) for row in rows):
        parts = [row[name] for name in ("app_name", ratio.dimension) if name in names]
        group = " ".join(map(str, parts)).lower()
        if below[group]:
            expected = float(ratio.scale * above[group] / below[group])
            assert float(row[ratio.name]) == pytest.approx(
                expected, abs=0.51 if ratio.scale == 1 else 0.051
            ), group
            answered += 1
        else:
            assert row[ratio.name] is None, group

    assert answered


@slow
@pytest.mark.xdist_group("dbt")
@pytest.mark.timeout(600)
def test_products_are_the_truth(built: Warehouse, demo: World) -> None:
    """The fifteenth question tells refunds and free starts apart as the emulator's world does, and
    the sixteenth divides what is sold by its number.
    """
    bought, monthly = (path for path in QUESTIONS if path.stem[:2] in ("15", "16"))
    complete = {
        *built.query(
            f"select app_id, date_day from {MARTS}.fct_app_store_connect__daily"
            " where purchases_complete"
        )
    }
    ((newest,),) = built.query(
        f"select max(date_day) from {MARTS}.fct_app_store_connect__daily"
        " where subscription_state_complete and paid_subscriptions is not null"
    )
    expected: dict[str, dict[str, Decimal]] = {}
    for app_id in demo.apps:
        for row in demo.truth(app_id, "App Store Purchases Standard", "DAILY"):
            if (int(app_id), date.fromisoformat(row["Date"] or "")) not in complete:
                continue
            number, sales = (Decimal(row[name] or 0) for name in ("Purchases", "Sales in USD"))
            sums = expected.setdefault(row["Content Name"] or "", defaultdict(Decimal))
            kind = "refunded" if number < 0 else "paid" if sales > 0 else "free"
            sums[kind] += abs(number)
            sums["refunds_usd"] -= min(sales, Decimal(0))
            is_sale = number > 0 and Decimal(row["Proceeds in USD"] or 0) > 0
            if is_sale and 0 <= (newest - date.fromisoformat(row["Date"] or "")).days < 28:
                sums["proceeds"] += Decimal(row["Proceeds in USD"] or 0)
                sums["sold"] += number
    with duckdb.connect(str(built.file), read_only=True) as database:
        names, rows = answer(bought, database)
        own_names, own_rows = answer(monthly, database)

    assert {row[names.index("content_name")] for row in rows} == expected.keys()
    for told in (dict(zip(names, row, strict=True)) for row in rows):
        sums = expected[told["content_name"]]
        assert (sums["paid"], sums["free"], sums["refunded"], sums["refunds_usd"]) == (
            told["paid_purchases"],
            told["free_starts"],
            told["refunded_purchases"],
            told["refunds_usd"],
        )
    assert own_rows
    for told in (dict(zip(own_names, row, strict=True)) for row in own_rows):
        months = {"1 month": 1, "1 year": 12}[told["subscription_duration"]]
        assert float(told["estimated_monthly_proceeds_usd"]) == pytest.approx(
            float(told["proceeds_of_a_sale_usd"]) * told["paid_subscriptions"] / months, rel=0.01
        )
        assert float(told["proceeds_of_a_sale_usd"]) == pytest.approx(
            float(
                expected[told["subscription_name"]]["proceeds"]
                / expected[told["subscription_name"]]["sold"]
            ),
            abs=0.011,
        )


@slow
@pytest.mark.xdist_group("dbt")
@pytest.mark.timeout(600)
def test_cohorts_are_the_truth(built: Warehouse, demo: World) -> None:
    """The eleventh question counts, for each age, the sessions of the emulator's world, for each
    hundred downloads of all cohorts that are so old, those without a session too.
    """
    (path,) = (path for path in QUESTIONS if path.stem.startswith("11"))
    with duckdb.connect(str(built.file), read_only=True) as database:
        names, rows = answer(path, database)
    complete: dict[int, date] = dict(
        built.query(
            f"select app_id, max(date_day) from {MARTS}.fct_app_store_connect__daily"
            " where sessions_complete and installs_complete and purchases_complete group by app_id"
        )
    )
    first: dict[int, date] = {}
    sessions: dict[tuple[int, date, int], Decimal] = defaultdict(Decimal)
    for (app_id, day, downloaded), total in daily(demo, "sessions", "App Download Date").items():
        first[app_id] = min(day, first.get(app_id, day))
        if downloaded != "(not stated)":
            downloaded_on = date.fromisoformat(downloaded)
            sessions[app_id, downloaded_on, (day - downloaded_on).days] += total
    downloads: dict[tuple[int, date], Decimal] = defaultdict(Decimal)
    for measure in ("first_time_downloads", "redownloads"):
        for (app_id, day, _), total in daily(demo, measure).items():
            downloads[app_id, day] += total
    found = {row[0]: dict(zip(names, row, strict=True)) for row in rows}

    assert found
    for age, told in found.items():
        cohorts = [
            (app_id, day)
            for app_id, day in downloads
            if app_id in first and first[app_id] <= day <= complete[app_id] - timedelta(days=age)
        ]
        of_cohorts = sum(downloads[each] for each in cohorts)
        expected = 100 * sum(sessions[*each, age] for each in cohorts) / of_cohorts
        assert of_cohorts == told["downloads"]
        assert float(told["sessions_per_100"]) == pytest.approx(float(expected), abs=0.051)
