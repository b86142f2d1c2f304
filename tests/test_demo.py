"""The demo on two days in a row: what a daily run does."""

from datetime import date, timedelta
from typing import Any

import pytest

from app_store_connect.configuration.settings import read_configuration
from asc_pipeline.cli.demo import start_demo
from tests.conftest import KEYS, Job
from tests.emulator import World, demo_world, rows_of
from tests.worlds import TODAY, shown_rows, true_rows

REPORTS = ("App Downloads Standard", "App Crashes", "App Store Purchases Standard")
APPS = ("1500000202", "1500000303", "1500000404")
DAY = timedelta(days=1)


def look(job: Job, monkeypatch: pytest.MonkeyPatch, today: date) -> dict[str, Any]:
    """The summary of a run on the demo of that day."""
    asked = [word for name in REPORTS for word in ("--report", name)]
    asked += [word for app_id in APPS for word in ("--app-id", app_id)]
    with start_demo(read_configuration(), today) as key:
        for name in ("base_url", "key_id", "issuer_id", "private_key"):
            monkeypatch.setenv(f"{KEYS}{name.upper()}", str(getattr(key, name)))
        return job.invoke(*asked).summary


def listed(world: World) -> dict[str, int]:
    """The rows of each instance that the runs ask for."""
    return {
        i.id: len(rows_of(i))
        for i in world.instances.values()
        if i.report.name in REPORTS and i.report.request.app_id in APPS and i.granularity == "DAILY"
    }


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_second_day_loads_what_is_new(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next day into the same file loads the new instances alone: the views are the truth of
    that day, and raw has grown by what the new instances hold.
    """
    first = look(job, monkeypatch, TODAY - DAY)
    second = look(job, monkeypatch, TODAY)
    before, after = listed(demo_world(TODAY - DAY)), listed(demo_world(TODAY))
    new = after.keys() - before.keys()
    kept = demo_world(TODAY, days=36)  # what was loaded stays, though Apple lists it no more

    assert (len(before), sum(before.values())) == (first["instances"], first["rows"])
    assert (len(new), sum(after[i] for i in new)) == (second["instances"], second["rows"])
    assert 0 < 10 * len(new) < len(before)
    for app_id, report, granularity in kept.truth_tables():
        if granularity == "DAILY" and app_id in APPS and report in REPORTS:
            assert true_rows(kept, app_id, report) == shown_rows(job, app_id, report), report
