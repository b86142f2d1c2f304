"""An account with all that the views tell of, loaded into DuckDB by the job, and then spoilt by
what a run that died leaves behind.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest

from app_store_connect.warehouse.connection import Warehouse
from tests.conftest import KEYS, Job
from tests.destinations.worlds import restate
from tests.emulator import Emulator, Fault, World
from tests.worlds import (
    APPS,
    CRASHES,
    PURCHASES,
    TODAY,
    Row,
    add_vintages,
    crash_rows,
    world_with_reports,
)

VIEWS = "app_store_connect"
RAW = f"{VIEWS}_raw"
EXPANDED = "App Crashes Expanded"
GRANULARITIES = ("DAILY", "WEEKLY", "MONTHLY")
DAY = timedelta(days=1)
DEAD_LOAD, OLDER_LOAD = "1600000000.2", "1600000000.1"


def account() -> World:
    """Two apps with restated dates, a gap, empty instances, weeks and months, a snapshot, a report
    that accumulates, two instances of equal rank that tell different figures, and two of which
    Apple will list one only.
    """
    world = world_with_reports(CRASHES, PURCHASES)
    for app_id in APPS:
        add_vintages(world, world.report(app_id, CRASHES), days=4, parts=2)
    first, second = (world.report(app_id, CRASHES) for app_id in APPS)
    old = TODAY - 20 * DAY
    world.add_instance(first, "DAILY", old, [crash_rows(APPS[0], old - DAY, 1)])
    world.add_instance(first, "DAILY", TODAY - 30 * DAY)
    for number in (1, 2, 4):
        week = TODAY - number * 7 * DAY
        world.add_instance(first, "WEEKLY", week, [crash_rows(APPS[0], week - 7 * DAY, number)])
    month = TODAY.replace(day=1)
    world.add_instance(first, "MONTHLY", month, [crash_rows(APPS[0], month - 31 * DAY, 1)])
    for vintage, name in enumerate(("a-tie", "z-tie")):
        rows = crash_rows(APPS[1], TODAY - 9 * DAY, vintage)
        world.add_instance(second, "DAILY", TODAY - 8 * DAY, [rows], id=name)
    for vintage, name in enumerate(("a-stays", "z-goes")):
        rows = crash_rows(APPS[0], TODAY - 13 * DAY, vintage)
        world.add_instance(first, "DAILY", TODAY - 12 * DAY, [rows], id=name)
    _add_snapshot(world)
    _add_accumulated(world)
    _add_purchases(world)
    return world


def _add_snapshot(world: World) -> None:
    request = world.add_request(APPS[0], "ONE_TIME_SNAPSHOT")
    report = world.add_report(request, CRASHES, "APP_USAGE")
    rows = [row for age in (2, 40, 41) for row in crash_rows(APPS[0], TODAY - age * DAY, 7)]
    world.add_instance(report, "DAILY", TODAY - DAY, [rows])


def _add_accumulated(world: World) -> None:
    report = world.add_report(world.request(APPS[1], "ONGOING"), EXPANDED, "PERFORMANCE")
    for age in (3, 2):
        row: Row = {"Date": (TODAY - 4 * DAY).isoformat(), "App Name": "App", "Count": str(age)}
        world.add_instance(report, "DAILY", TODAY - age * DAY, [[{**row, "Device": "iPhone"}]])


def _add_purchases(world: World) -> None:
    row: Row = {
        "Date": (TODAY - DAY).isoformat(),
        "App Name": "It's \\ \N{WOMAN}\u200d\N{GIRL} e\u0301 {y} %s ;",
        "App Apple Identifier": APPS[0],
        "Purchases": str(2**63 - 1),
        "Proceeds in USD": "-12345678901234567890123456789.123456789",
    }
    world.add_instance(world.report(APPS[0], PURCHASES), "DAILY", TODAY, [[row]])


def load(job: Job, apple: Emulator, world: World, patch: pytest.MonkeyPatch) -> None:
    """Three runs: the account, the account restated, and a request that Apple has stopped."""
    patch.setenv(f"{KEYS}BACKOFF_SECONDS", "0")
    options = [each for name in GRANULARITIES for each in ("--granularity", name)]
    reports = [each for name in (CRASHES, PURCHASES, EXPANDED) for each in ("--report", name)]
    job.run(apple, *options, *reports)
    restate(world)
    world.expire(world.instances["z-goes"])
    late = world.add_instance(
        world.report(APPS[0], CRASHES), "DAILY", TODAY - 33 * DAY, [crash_rows(APPS[0], TODAY, 1)]
    )
    apple.fault(Fault("store", late.segments[0].path, "not_found", times=None))
    job.run(apple, *options, *reports)
    world.request(APPS[1], "ONGOING").is_stopped = True
    job.run(apple, *options, *reports)


def spoil(file: Path) -> None:
    """What the repairs are for: rows of a load that never completed, an older load of a segment
    and of the apps, a row too few, and an instance with the slice keys of another.
    """
    with duckdb.connect(str(file)) as database:
        for table in ("app_crashes_daily", "analytics_slices", "analytics_report_segments"):
            database.execute(_copied(table, f"'{DEAD_LOAD}' as _dlt_load_id", "limit 3"))
        older = f"'{OLDER_LOAD}' as _dlt_load_id"
        database.execute(
            f"insert into {RAW}._dlt_loads select * replace ('{OLDER_LOAD}' as load_id)"
            f" from {RAW}._dlt_loads limit 1"
        )
        database.execute(_copied("apps", f"{older}, 'Before' as name"))
        of_tie = "where instance_id = 'a-tie'"
        keys = f"where _slice_key in (select _slice_key from {RAW}.analytics_slices {of_tie})"
        database.execute(
            _copied("app_crashes_daily", f"{older}, _slice_key + 1000 as _slice_key", keys)
        )
        database.execute(
            _copied("analytics_slices", f"{older}, _slice_key + 1000 as _slice_key", of_tie)
        )
        database.execute(_copied("analytics_report_segments", older, of_tie))
        twin = "'twin' as instance_id, 'twin' as segment_id"
        ((newest,),) = database.execute(f"select max(load_id) from {RAW}._dlt_loads").fetchall()
        twin += f", '{newest}' as _dlt_load_id"
        of_other = "where instance_id = 'z-tie'"
        database.execute(_copied("analytics_slices", twin, of_other))
        database.execute(_copied("analytics_report_segments", twin, of_other))
        database.execute(
            f"delete from {RAW}.app_crashes_weekly"
            f" where rowid = (select min(rowid) from {RAW}.app_crashes_weekly)"
        )


def _copied(table: str, replaced: str, where: str = "") -> str:
    return f"insert into {RAW}.{table} select * replace ({replaced}) from {RAW}.{table} {where}"


@contextmanager
def opened(destination: Any, folder: Path) -> Iterator[Warehouse]:
    """A destination of dlt's, as the job opens it."""
    pipeline = dlt.pipeline(
        "asc_segments", destination=destination, dataset_name=RAW, pipelines_dir=str(folder)
    )
    warehouse = Warehouse(pipeline, VIEWS)
    with warehouse.open():
        yield warehouse


def opened_duckdb(file: Path, folder: Path) -> AbstractContextManager[Warehouse]:
    return opened(dlt.destinations.duckdb(str(file)), folder)
