"""The models of weekly, monthly and Detailed instances, which the job loads only if asked."""

import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from tests.dbt.truth import MEASURES
from tests.dbt.warehouse import MARTS, Warehouse
from tests.emulator import Emulator, World, demo_world
from tests.worlds import TODAY

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dbt"), pytest.mark.timeout(600)]
DETAILED = "App Downloads Detailed"
REPORTS = (
    "App Downloads Standard",
    "App Sessions Standard",
    "App Store Purchases Standard",
    "App Store Discovery and Engagement Standard",
    DETAILED,
)


@pytest.fixture(scope="module")
def world() -> World:
    """Twelve weeks, so that weeks and months are complete."""
    return demo_world(TODAY, days=84)


@pytest.fixture(scope="module")
def warehouse(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    made = Warehouse(tmp_path_factory.mktemp("granularities"))
    asked = [part for report in REPORTS for part in ("--report", report)]
    asked += [part for each in ("DAILY", "WEEKLY", "MONTHLY") for part in ("--granularity", each)]
    with Emulator(world) as apple:
        made.load(apple, *asked)
    models = ("+fct_app_store_connect__weekly", "+fct_app_store_connect__monthly")
    variables = "{app_store_connect_detailed: true, app_store_connect_test_days: 0}"
    done = made.dbt(
        "build",
        "--indirect-selection",
        "buildable",
        "--select",
        *models,
        "+fct_app_store_connect__downloads_detailed",
        "+fct_app_store_connect__withheld",
        "--vars",
        variables,
    )
    assert 0 == done.code, done.out
    yield made
    shutil.rmtree(made.folder)


@pytest.mark.parametrize(
    ("granularity", "start"), [("WEEKLY", "week_start"), ("MONTHLY", "month_start")]
)
def test_periods_are_the_truth(
    granularity: str, start: str, warehouse: Warehouse, world: World
) -> None:
    """Each measure of a week or month is what the emulator's own world says of it."""
    mart = f"fct_app_store_connect__{granularity.lower()}"
    compared = 0
    for name in warehouse.columns(mart):
        if name not in MEASURES or MEASURES[name][0] not in REPORTS:
            continue
        report, column, counts = MEASURES[name]
        expected: dict[tuple[int, date], Decimal] = defaultdict(Decimal)
        for app_id in world.apps:
            for row in world.truth(app_id, report, granularity):
                key = int(app_id), date.fromisoformat(row["Date"] or "")
                expected[key] += Decimal(row[column] or 0) if counts(row) else 0
        rows = warehouse.query(
            f"select app_id, {start}, {name} from {MARTS}.{mart} where {name} is not null"
        )

        assert dict(expected) == {(app, day): Decimal(str(total)) for app, day, total in rows}, name
        compared += len(rows)

    assert compared > 20


def test_a_period_is_as_complete_as_its_view(warehouse: Warehouse) -> None:
    """A week's flag is that of the view `date_owners`, for each report."""
    shown = warehouse.query(
        "select app_id, week_start, sessions_complete"
        f" from {MARTS}.fct_app_store_connect__weekly where sessions is not null"
    )
    owned = warehouse.query(
        "select app_id, date, is_complete from app_store_connect.date_owners"
        " where table_name = 'app_sessions_standard_weekly' and slices > 0"
    )

    assert sorted(owned) == sorted(shown)
    assert any(row[2] for row in shown)


def test_detailed_facts_are_the_truth(warehouse: Warehouse, world: World) -> None:
    """The fact of a Detailed report has each of its rows, with the campaign and page title."""
    expected = Counter(
        (int(app_id), row["Date"], row["Campaign"], row["Page Title"], int(row["Counts"] or 0))
        for app_id in world.apps
        for row in world.truth(app_id, DETAILED, "DAILY")
    )
    rows = warehouse.query(
        "select app_id, cast(date_day as text), campaign, page_title, counts"
        f" from {MARTS}.fct_app_store_connect__downloads_detailed"
    )

    assert expected == Counter(rows)
    assert {True, False} == {campaign is None for _, _, campaign, _, _ in rows}


def test_withheld_share_is_that_of_the_truth(warehouse: Warehouse, world: World) -> None:
    """Of each day with rows in both reports: one minus the Detailed total by the Standard one."""
    measure, column, counts = MEASURES["first_time_downloads"]
    totals: dict[str, dict[tuple[int, str], int]] = {}
    for report in (measure, DETAILED):
        sums = totals[report] = defaultdict(int)
        for app_id in world.apps:
            for row in world.truth(app_id, report, "DAILY"):
                sums[int(app_id), row["Date"] or ""] += int(row[column] or 0) if counts(row) else 0
    rows = warehouse.query(
        "select app_id, cast(date_day as text), standard_total, detailed_total, withheld_share"
        f" from {MARTS}.fct_app_store_connect__withheld"
        " where report = 'downloads' and measure = 'first_time_downloads'"
    )

    assert len(rows) > 20
    for app_id, day, standard, detailed, share in rows:
        key = (app_id, day)
        assert (totals[measure][key], totals[DETAILED][key]) == (standard, detailed), key
        assert pytest.approx(1 - float(detailed) / float(standard)) == share
    assert any(share > 0 for *_, share in rows)
