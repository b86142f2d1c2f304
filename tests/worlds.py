"""Small accounts to load from, and what their tables must show."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from app_store_connect.entities import App, Granularity
from app_store_connect.names import snake_case, table_name
from tests.emulator import World, WorldInstance, WorldReport

TODAY = datetime.now(UTC).date()
APPS = ("1500000001", "1500000002")
CRASHES, PURCHASES = "App Crashes", "App Store Purchases Standard"
CATEGORIES = {CRASHES: "APP_USAGE", PURCHASES: "COMMERCE"}

Row = dict[str, str | None]


class Database(Protocol):
    """What is asked questions after a run: `tests.conftest.Job`, or the same for Postgres."""

    def query(self, statement: str) -> list[tuple[Any, ...]]: ...


def app(app_id: str) -> App:
    return App(app_id, f"App {app_id[-1]}", f"com.example.app{app_id[-1]}", app_id, "en-US")


def world_with_reports(
    *names: str, app_ids: Iterable[str] = APPS, access_type: str = "ONGOING"
) -> World:
    """Apps with a report request each and these reports, without any instance."""
    world = World()
    for app_id in app_ids:
        world.add_app(app(app_id))
        request = world.add_request(app_id, access_type)
        for name in names:
            world.add_report(request, name, CATEGORIES.get(name, "APP_USAGE"))
    return world


def crash_rows(app_id: str, day: date, vintage: int) -> list[Row]:
    """A date as one vintage tells it: counts are restated, a row vanishes, another has a twin."""
    row = {"Date": day.isoformat(), "App Name": "App", "App Apple Identifier": app_id}
    rows: list[Row] = [
        {**row, "App Version": "1.10", "Device": "iPhone", "Crashes": str(5 + vintage)},
        {**row, "App Version": "4.2.40", "Device": "NA", "Crashes": "1", "Unique Devices": "1"},
        {**row, "App Version": "4.2.40", "Device": "NA", "Crashes": "1", "Unique Devices": "1"},
    ]
    if vintage == 1:
        rows.append({**row, "App Version": "0.9", "Device": None, "Crashes": "2"})
    return rows


def add_vintages(
    world: World, report: WorldReport, *, days: int, window: int = 3, parts: int = 1
) -> list[WorldInstance]:
    """DAILY instances of the last days, each with the `window` dates before it, restated."""
    return [
        add_vintage(world, report, TODAY - timedelta(days=age), window, parts)
        for age in range(days - 1, -1, -1)
    ]


def add_vintage(
    world: World, report: WorldReport, processed: date, window: int = 3, parts: int = 1
) -> WorldInstance:
    rows = [
        row
        for vintage in range(window, 0, -1)
        for row in crash_rows(
            report.request.app_id, processed - timedelta(days=vintage), vintage=vintage
        )
    ]
    files = [rows[part::parts] for part in range(parts)]
    for number, file in enumerate(files):  # one file under two segment ids would count once
        if file in files[:number]:
            file.append({**file[0], "App Version": f"9.{number}"})
    return world.add_instance(report, "DAILY", processed, files)


def overlapping_world(days: int = 6, parts: int = 2) -> World:
    """Two apps whose App Crashes are restated every day."""
    world = world_with_reports(CRASHES)
    for app_id in APPS:
        add_vintages(world, world.report(app_id, CRASHES), days=days, parts=parts)
    return world


def true_rows(world: World, app_id: str, report: str, granularity: str = "DAILY") -> Counter[Any]:
    """What Apple would call true, comparable with `shown_rows`."""
    return Counter(
        frozenset((snake_case(name), text) for name, text in row.items() if text is not None)
        for row in world.truth(app_id, report, granularity)
    )


def raw_rows(table: str, dataset: str = "app_store_connect_raw") -> str:
    """A report table as a subquery, each row with where it comes from, as in the views."""
    return (
        "(select r.*, s.app_id as _app_id, s.instance_id as _instance_id,"
        " s.processing_date as _processing_date, s.segment_id as _segment_id,"
        f" s.checksum as _segment_checksum from {dataset}.{table} as r"
        f" left join {dataset}.analytics_slices as s on s._slice_key = r._slice_key) as traced"
    )


def shown_rows(
    job: Database,
    app_id: str,
    report: str,
    granularity: str = "DAILY",
    schema: str = "app_store_connect",
) -> Counter[Any]:
    """What a view shows, NULLs and the loader's own columns left out."""
    table = table_name(report, Granularity(granularity))
    where = f"table_schema = '{schema}' and table_name = '{table}'"
    names = [
        name
        for (name,) in job.query(
            f"select column_name from information_schema.columns where {where} order by all"
        )
        if not name.startswith("_")
    ]
    quoted = ", ".join(f'"{name}"' for name in names)
    rows = job.query(f"select {quoted} from {schema}.{table} where _app_id = {app_id}")
    return Counter(
        frozenset((n, _text(v)) for n, v in zip(names, row, strict=True) if v is not None)
        for row in rows
    )


def differences(job: Database, world: World) -> list[str]:
    """The tables whose view is not exactly `truth()`."""
    return [
        f"{app_id} {report} {granularity}"
        for app_id, report, granularity in world.truth_tables()
        if true_rows(world, app_id, report, granularity)
        != shown_rows(job, app_id, report, granularity)
    ]


def _text(value: Any) -> str:
    return str(value.quantize(Decimal("0.01"))) if isinstance(value, Decimal) else str(value)
