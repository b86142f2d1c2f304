"""The demo's data have the awkward values of Apple's data, and its reports agree."""

import gzip
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path

import pytest

from asc_pipeline.emulator.demo import story
from asc_pipeline.emulator.demo.apps import GAME
from asc_pipeline.emulator.world.world import ALL_REPORTS
from tests.emulator import World, demo_world, rows_of

ROOT = Path(__file__).parents[1]
TODAY = date(2026, 11, 22)
DOWNLOADS = "App Downloads Standard"


@pytest.fixture(scope="module")
def demo() -> World:
    return demo_world(TODAY)


@pytest.mark.slow
def test_demo_is_deterministic() -> None:
    """Two processes with different hash seeds make the same ids and the same bytes."""
    program = (
        "import datetime, tests.emulator as e\n"
        "w = e.demo_world(datetime.date(2026, 11, 22), 3)\n"
        "print([(s.id, s.path, s.checksum) for s in w.segments.values()])\n"
        "print([w.truth(*key) for key in w.truth_tables()])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(outputs) == 1


def test_demo_tells_dates_several_times(demo: World) -> None:
    """Vintages overlap, so that summing files gives a multiple of the truth."""
    naive, true = Counter[str](), Counter[str]()
    for app_id, name, granularity in demo.truth_tables():
        if granularity == "DAILY" and name in (DOWNLOADS, "App Sessions Standard"):
            measure = "Counts" if name == DOWNLOADS else "Sessions"
            for item in demo.instances.values():
                report = item.report
                if (report.request.app_id, report.name, item.granularity) == (
                    app_id,
                    name,
                    granularity,
                ):
                    naive[name] += sum(int(r[measure] or 0) for r in rows_of(item))
            true[name] += sum(int(r[measure] or 0) for r in demo.truth(app_id, name, granularity))

    assert naive[DOWNLOADS] > 1.5 * true[DOWNLOADS]
    assert naive["App Sessions Standard"] > 3 * true["App Sessions Standard"]


def test_demo_restates(demo: World) -> None:
    """Of one date, rows come and go from instance to instance; the first has the least."""
    report = demo.report("1500000101", "App Sessions Standard")
    vintages: list[Counter[tuple[str | None, ...]]] = []
    sums: list[int] = []
    for instance in sorted(report.instances, key=lambda i: i.processing_date):
        rows = [r for r in rows_of(instance) if r["Date"] == "2026-11-10"]
        if rows and instance.granularity == "DAILY":
            vintages.append(Counter(tuple(r.values())[:10] for r in rows))
            sums.append(sum(int(r["Sessions"] or 0) for r in rows))

    assert len(vintages) == 6
    assert sums == sorted(sums)
    assert sums[0] < 0.8 * sums[-1]
    assert set().union(*vintages[:-1]) - set(vintages[-1])
    assert set(vintages[-1]) - set(vintages[0])


@pytest.mark.slow
def test_demo_has_the_awkward_values(demo: World) -> None:
    """Twins, NA, quotes and commas, versions like 1.10, empty dimensions and refunds are in it."""
    values: dict[str, set[str | None]] = defaultdict(set)
    twins = 0
    for segment in demo.segments.values():
        seen = Counter(tuple(r.items()) for r in segment.rows())
        twins += sum(count > 1 for count in seen.values())
    for key in demo.truth_tables():
        for line in demo.truth(*key):
            for name, value in line.items():
                values[name].add(value)

    assert twins > 100
    assert {"NA", None} <= values["Territory"]
    versions = {value for value in values["App Version"] if value}
    assert any(re.fullmatch(r"\d+\.\d+0", version) for version in versions)  # no number
    assert {version[-2:] for version in versions} >= {".9", "40"}  # in text .40 comes before .9
    assert 'Saltcellar: Recipes, "Plain & Good"' in values["App Name"]
    assert any((value or "").startswith("-") for value in values["Sales in USD"])
    assert all(len((value or "").partition(".")[2]) == 2 for value in values["Sales in USD"])
    assert {"Install", "Delete", "Impression", "Page view", "Tap"} <= values["Event"]


def test_demo_is_plausible(demo: World) -> None:
    """More see an app than look at its page, more look than download; bad releases crash."""

    def total(name: str, measure: str, app: str = "1500000303", **wanted: str) -> int:
        return sum(
            int(r[measure] or 0)
            for r in demo.truth(app, name, "DAILY")
            if all(r[column.replace("_", " ")] == value for column, value in wanted.items())
        )

    discovery = "App Store Discovery and Engagement Standard"
    downloads = total(DOWNLOADS, "Counts", Download_Type="First-time download")
    views = total(discovery, "Counts", Event="Page view")
    assert total(discovery, "Counts", Event="Impression") > 3 * views > 3 * downloads
    installs = total(
        "App Store Installation and Deletion Standard",
        "Counts",
        Event="Install",
        Download_Type="First-time download",
    )
    assert 0.8 * downloads < installs < 1.2 * downloads
    versions = {r["App Version"] for r in demo.truth("1500000303", "App Crashes", "DAILY")}
    fixes = {f"{version}.1" for version in versions} & versions
    crashes = {v: total("App Crashes", "Crashes", App_Version=v or "") for v in versions}
    assert any(crashes[fix.removesuffix(".1")] > crashes[fix] for fix in fixes)


@pytest.mark.slow
def test_demo_size(demo: World) -> None:
    """A hundred to two hundred thousand rows; empty reports, and instances of several segments."""
    rows = sum(len(rows_of(instance)) for instance in demo.instances.values())
    sizes = Counter(len(instance.segments) for instance in demo.instances.values())

    assert 100_000 < rows < 200_000
    assert sizes.keys() == {1, 2, 3}
    assert {len(request.reports) for request in demo.requests} == {len(ALL_REPORTS)}
    assert not demo.report("1500000101", "App Store Pre-Orders Standard").instances
    assert {i.granularity for i in demo.instances.values()} == {"DAILY", "WEEKLY", "MONTHLY"}


@pytest.mark.parametrize("age", [0, 9, 17, 27])
def test_demo_is_the_same_world_each_day(age: int) -> None:
    """Of two days in a row both worlds list the same instances, of equal ids and files; the second
    has one processing date more and lacks the oldest one.
    """
    day = TODAY - timedelta(days=age)

    def listed(today: date) -> dict[str, tuple[object, ...]]:
        return {
            i.id: (
                i.report.id,
                i.granularity,
                i.processing_date,
                *((s.id, s.path, s.checksum) for s in i.segments),
            )
            for i in demo_world(today, days=6).instances.values()
        }

    first, second = listed(day), listed(day + timedelta(days=1))
    only = {
        name: {each[2] for each in held.values()} for name, held in (("a", first), ("b", second))
    }
    both = first.keys() & second.keys()

    assert {i: first[i] for i in both} == {i: second[i] for i in both}
    assert len(both) > 0.7 * len(first)
    new = {second[i][2] for i in second.keys() - both}
    assert new == {day + timedelta(days=1)}
    assert only["a"] - only["b"] >= {day - timedelta(days=5)}


@pytest.mark.parametrize("age", range(0, 28, 4))
def test_demo_always_has_a_story(age: int) -> None:
    """On any day the last 35 days show a release, a spike, pre-orders and a launch."""
    today = TODAY - timedelta(days=age)
    days = [today - timedelta(days=k) for k in range(1, 36)]
    downloads = sorted(story.downloads(GAME, day) for day in days)

    assert downloads[-1] > 2 * downloads[len(days) // 2]
    assert any(story.pre_orders_open(GAME, day) for day in days)
    assert any(story.launch(GAME, day) == day for day in days)
    assert len({version for day in days for version in story.versions(GAME, day)}) > 2


def test_demo_has_a_quiet_app(demo: World) -> None:
    """Few use it: instances of each day, most of them without a row, no usage, and crashes that
    come MONTHLY alone.
    """
    quiet = "1500000404"
    downloads = demo.report(quiet, DOWNLOADS).instances
    dates = {row["Date"] for row in demo.truth(quiet, DOWNLOADS, "DAILY")}

    assert len(downloads) == 35
    assert 3 < len(dates) < 20
    assert any(not rows_of(instance) for instance in downloads)
    assert not demo.report(quiet, "App Sessions Standard").instances
    crashes = demo.report(quiet, "App Crashes").instances
    assert {i.granularity for i in crashes} == {"MONTHLY"}


def test_demo_has_a_snapshot_beside_ongoing(demo: World) -> None:
    """Both have an instance of one report, granularity and processing date."""
    (snapshot,) = demo.report("1500000101", "App Crashes", "ONE_TIME_SNAPSHOT").instances
    ongoing = demo.report("1500000101", "App Crashes").instances

    assert snapshot.processing_date in {i.processing_date for i in ongoing}
    assert TODAY - timedelta(days=34) <= snapshot.processing_date <= TODAY


def test_demo_has_one_of_apples_doubles(demo: World) -> None:
    """A MONTHLY instance holds each row an even number of times, and at least one row."""
    instances = demo.report("1500000101", "App Store Purchases Standard").instances
    monthly = [Counter(map(str, rows_of(i))) for i in instances if i.granularity == "MONTHLY"]

    assert monthly
    assert all(rows and not any(n % 2 for n in rows.values()) for rows in monthly)


def test_demo_has_apples_windows_and_literals(demo: World) -> None:
    """Instances reach as far back as Apple's, in no order; literals are those of its files."""
    literals: dict[str, set[str | None]] = defaultdict(set)
    for name, window in (
        (DOWNLOADS, 2),
        ("App Sessions Standard", 6),
        ("App Store Subscription State Report Standard", 2),
        ("App Store Subscription Event Report Standard", 3),
        ("App Store Purchases Standard", 2),
    ):
        daily = [i for i in demo.report("1500000101", name).instances if i.granularity == "DAILY"]
        dated = "Event Date" if "Event" in name else "Date"
        orders = [[row[dated] for row in rows_of(i)] for i in daily]
        assert {len(set(dates)) for dates in orders} == {window}, name
        assert not any(dates == sorted(dates, key=str) for dates in orders), name
        for row in (row for i in daily for row in rows_of(i)):
            for column, value in row.items():
                literals[f"{name} {column}"].add(value)

    def told(report: str, column: str) -> set[str | None]:
        return literals[f"{report} {column}"]

    state, event = (f"App Store Subscription {kind} Report Standard" for kind in ("State", "Event"))
    assert told(state, "State Metric") == {"Full price", "Free trial", "Voluntary churn"}
    assert {"Offer start", "Renewal", "Voluntary churn"} <= told(event, "Event Group")
    assert {"Full price renewal", "Free trial start activation"} <= told(event, "Event Name")
    assert {"Restore", "Auto-download"} <= told(DOWNLOADS, "Download Type")


def test_demo_has_apples_money(demo: World) -> None:
    """A free trial starts as a purchase of no money and no paying user; a partial refund is money
    back for no purchase; who leaves a subscription is told of with the plan that is left.
    """
    sold = demo.truth("1500000101", "App Store Purchases Standard", "DAILY")
    money = [(int(r["Purchases"] or 0), float(r["Proceeds in USD"] or 0), r) for r in sold]
    events = demo.truth("1500000101", "App Store Subscription Event Report Standard", "DAILY")
    churn = [r for r in events if (r["Event Group"] or "").endswith("churn")]

    assert any(n > 0 and usd == 0 and r["Paying Users"] == "0" for n, usd, r in money)
    assert any(n == 0 and usd < 0 for n, usd, _ in money)
    assert churn
    assert all(r["Previous Subscription Identifier"] for r in churn)


def test_demo_accumulates(demo: World) -> None:
    """App Crashes Expanded has commas, adds instance to instance, and all its rows are true."""
    report = demo.report("1500000303", "App Crashes Expanded")
    every = [r for instance in report.instances for r in rows_of(instance)]
    header = gzip.decompress(report.instances[0].segments[0].content()).splitlines()[0]

    assert header.count(b",") == 9
    true = demo.truth("1500000303", report.name, "DAILY")
    assert Counter(map(str, true)) == Counter(map(str, every))
    assert max(len({r["Date"] for r in rows_of(each)}) for each in report.instances) > 2
