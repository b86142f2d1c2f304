"""An incremental build follows what Apple restates and withdraws, and touches nothing else."""

import json
import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from asc_pipeline.emulator.world.tables import Row
from tests.dbt.truth import MEASURES, daily, shown
from tests.dbt.warehouse import FACTS, MARTS, STAGING, Warehouse
from tests.emulator import Emulator, World, demo_world, rows_of
from tests.worlds import TODAY

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dbt"), pytest.mark.timeout(600)]
WEATHER, RECIPES, GAME = "1500000101", "1500000202", "1500000303"
CRASHES, OPT_IN, SESSIONS = "App Crashes", "App Opt In", "App Sessions Standard"
RESTATED = TODAY - timedelta(days=5)
MARK = 1_000_000

Pair = tuple[int, date]
Days = dict[Pair, set[Any]]


@dataclass
class Story:
    """What was in the marts and true before Apple changed something, and after."""

    warehouse: Warehouse
    world: World
    true_before: Days
    true_after: Days
    before: dict[str, Days]
    marked: Pair
    vanished: Pair


def true_days(world: World) -> Days:
    """Everything that is true of each app's day."""
    days: Days = {}
    for measure in MEASURES:
        for (app_id, day, _), total in daily(world, measure).items():
            days.setdefault((app_id, day), set()).add((measure, total))
    return days


def shown_days(warehouse: Warehouse, mart: str) -> Days:
    """All rows of each app's day, vintage and all."""
    names = list(warehouse.columns(mart))
    app_id, day = names.index("app_id"), names.index("date_day")
    days: Days = {}
    for row in warehouse.query(f"select {', '.join(names)} from {MARTS}.{mart}"):
        days.setdefault((row[app_id], row[day]), set()).add(row)
    return days


def differing(one: Days, other: Days) -> set[Pair]:
    return {pair for pair in one.keys() | other.keys() if one.get(pair) != other.get(pair)}


def restate(world: World) -> None:
    """An instance of today that tells an old day again: fewer rows, one of them twice."""
    report = world.report(WEATHER, CRASHES)
    head = {"Date": RESTATED.isoformat(), "App Name": "x", "App Apple Identifier": WEATHER}
    row: Row = {**head, "App Version": "4.3", "Device": "iPhone", "Crashes": "7"}
    nowhere: Row = {**head, "Crashes": "2", "Unique Devices": "1"}
    world.add_instance(report, "DAILY", TODAY, [[row, row], [nowhere]], id="zzzz")


def vanish(world: World) -> date:
    """The oldest day of a report goes: its only instance is published again without it."""
    instance = min(world.report(RECIPES, OPT_IN).instances, key=lambda each: each.processing_date)
    day = min(row["Date"] or "" for row in rows_of(instance))
    for segment in instance.segments:
        kept = [row for row in segment.rows() if row["Date"] != day]
        world.republish(segment, kept)
    return date.fromisoformat(day)


def withdraw(world: World) -> None:
    """An instance loses a segment, and with it some rows."""
    instance = max(world.report(GAME, SESSIONS).instances, key=lambda each: each.processing_date)
    segment = instance.segments.pop()
    del world.segments[segment.id]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    world = demo_world(TODAY, days=8)
    warehouse = Warehouse(tmp_path_factory.mktemp("restated"))
    with Emulator(world) as apple:
        warehouse.load(apple)
        assert 0 == warehouse.models("--json").code
        true_before = true_days(world)
        restate(world)
        gone = (int(RECIPES), vanish(world))
        withdraw(world)
        true_after = true_days(world)
        warehouse.load(apple, "--recheck", "60")
    untouched = sorted(true_before.keys() - differing(true_before, true_after))[-1]
    with duckdb.connect(str(warehouse.file)) as database:
        app_id, day = untouched
        database.execute(
            f"update {MARTS}.fct_app_store_connect__daily set taps = {MARK}"
            f" where app_id = {app_id} and date_day = '{day}'"
        )
    before = {mart: shown_days(warehouse, mart) for mart in FACTS}
    done = warehouse.models("--json")
    assert 1 == done.code, done  # the mark does not add up, which is what the tests are for
    assert {"adds_up_to_the_views", "adds_up_to_the_day"} >= {
        each["what"].split()[1].partition("_fct_")[0] for each in json.loads(done.out)["failures"]
    }
    why = " ".join(each["why"] for each in json.loads(done.out)["failures"])
    assert f"app_id {untouched[0]}, date_day {untouched[1]}, measure taps" in why
    assert f"in_the_mart {MARK}." in why
    return Story(warehouse, world, true_before, true_after, before, untouched, gone)


def test_three_days_changed(story: Story) -> None:
    """Of the truth an old day, a vanished one and those of a withdrawn segment are other."""
    changed = differing(story.true_before, story.true_after)

    assert (int(WEATHER), RESTATED) in changed
    assert story.vanished in changed
    assert {int(GAME)} == {app for app, _ in changed} - {int(WEATHER), int(RECIPES)}
    assert len(changed) < len(story.true_before) / 2


def test_only_changed_days_are_built(story: Story) -> None:
    """In every mart the rows of changed days alone are other than before; what was written by hand
    into another day is still there.
    """
    changed = differing(story.true_before, story.true_after)
    for mart, before in story.before.items():
        assert changed >= differing(before, shown_days(story.warehouse, mart)), mart
    app_id, day = story.marked
    daily_rows = story.warehouse.query(
        f"select taps from {MARTS}.fct_app_store_connect__daily"
        f" where app_id = {app_id} and date_day = '{day}'"
    )

    assert [(MARK,)] == daily_rows


def test_incremental_is_the_truth(story: Story) -> None:
    """After it, every measure but the one marked by hand is the truth: vanished days are gone."""
    for measure in MEASURES.keys() - {"taps"}:
        rows = story.warehouse.query(
            f"select app_id, date_day, '', {measure} from {MARTS}.fct_app_store_connect__daily"
            f" where {measure} is not null"
        )
        assert daily(story.world, measure) == shown(rows), measure


def test_incremental_is_a_full_refresh(story: Story, tmp_path: Path) -> None:
    """Built anew from nothing every table is the same, row by row, but for the mark."""
    copy = Warehouse(tmp_path / "copy")
    shutil.copytree(story.warehouse.folder, copy.folder)
    app_id, day = story.marked
    done = copy.models("--full-refresh", "--json")

    assert 0 == done.code, done
    for mart in FACTS:
        ours, anew = shown_days(story.warehouse, mart), shown_days(copy, mart)
        marked = {(app_id, day)} if mart == "fct_app_store_connect__daily" else set()
        assert marked == differing(ours, anew), mart
    for table in (
        "int_app_store_connect__vintages",
        "int_app_store_connect__days",
        "int_app_store_connect__crashes_by_dimension",
    ):
        assert story.warehouse.rows(table, STAGING) == copy.rows(table, STAGING)


def test_a_full_refresh_tests_all_days(story: Story, tmp_path: Path) -> None:
    """What adds up is asked of the newest days, and of all days where all are built anew."""
    copy = Warehouse(tmp_path / "copy")
    shutil.copytree(story.warehouse.folder, copy.folder)

    def queries() -> set[Path]:
        return set((copy.folder / "dlt").rglob("compiled/**/adds_up_to_the_views_*.sql"))

    (of_the_story,) = queries()

    assert "current_date - 14" in of_the_story.read_text()
    assert 0 == copy.models("--full-refresh", "--select", "+fct_app_store_connect__daily").code
    # dbt's folder is named after the warehouse's place: the copy has one of its own
    (query,) = queries() - {of_the_story}
    assert "current_date" not in query.read_text()


def test_nothing_new_builds_nothing(story: Story) -> None:
    """A second run after it leaves every row where it is."""
    before = {mart: shown_days(story.warehouse, mart) for mart in FACTS}
    story.warehouse.models()

    assert before == {mart: shown_days(story.warehouse, mart) for mart in FACTS}
