"""All that the job asks of a destination and does to it, with answers that can be compared."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from app_store_connect import tables
from app_store_connect.views.create import create_views
from app_store_connect.views.owners import ties
from app_store_connect.warehouse.connection import Warehouse
from app_store_connect.warehouse.ledger import Ledger
from asc_pipeline.alerts.findings import read_findings, read_sent
from asc_pipeline.status import questions as status
from asc_pipeline.truth import repair, sweeping
from asc_pipeline.truth.checked import first_unchecked
from asc_pipeline.truth.freshness import newest_complete_dates, read_reports
from asc_pipeline.truth.row_counts import count_rows
from tests.engines.account import DEAD_LOAD
from tests.worlds import TODAY

SINCE = TODAY - timedelta(days=400)
NOON = datetime.combine(TODAY, time(12), UTC)


@dataclass(frozen=True)
class Answers:
    """Of one destination: by view its rows, by question its answer, by repair the raw rows after
    it.
    """

    views: Mapping[str, Any]
    questions: Mapping[str, Any]
    repairs: Mapping[str, Any]


def rows_of_views(warehouse: Warehouse) -> dict[str, Any]:
    """Makes the views, and again, when there is nothing to do; then asks them."""
    failures: list[Any] = []
    made = create_views(warehouse, failures.append)
    again = create_views(warehouse, failures.append)
    assert [] == [each.why for each in failures]
    assert made == again
    return {"made": made, **_rows(warehouse, "shown", warehouse.views())}


def _of_apps(warehouse: Warehouse, app_ids: list[str]) -> list[Any]:
    ledger = Ledger(warehouse)
    return [
        ledger.loaded_segments(SINCE, app_ids),
        ledger.instance_checks(SINCE, app_ids),
        sorted(ledger.listed_instances(app_ids), key=repr),
        newest_complete_dates(warehouse, app_ids),
        ties(warehouse, SINCE, app_ids),
    ]


def answers_to_questions(warehouse: Warehouse) -> Any:
    """To every question of the job, in the spelling of `plain`."""
    return plain(_questions(warehouse))


def _questions(warehouse: Warehouse) -> dict[str, Any]:
    ledger = Ledger(warehouse)
    instances = ledger.listed_instances()
    ids = sorted(each.id for each in instances)
    requests = ledger.latest(tables.REPORT_REQUESTS)
    size = status._size(warehouse, "", "")
    return {
        "columns": {name: sorted(each) for name, each in warehouse.report_tables().items()},
        "loaded segments": ledger.loaded_segments(SINCE),
        "loaded reports": ledger.loaded_reports(),
        "instance checks": ledger.instance_checks(SINCE),
        "listed instances": sorted(instances, key=repr),
        "known instances": ledger.known_instances(ids),
        "offered reports": ledger.offered_reports(),
        "apps of requests": [ledger.app_of_request(key[0]) for key in sorted(requests)],
        "latest": {table.name: ledger.latest(table) for table in tables.LATEST_TABLES},
        "changed": ledger.changed(tables.INSTANCES, ledger.latest(tables.INSTANCES).values()),
        "newest load": repair.newest_load(warehouse),
        "row counts": sorted(count_rows(warehouse).rows, key=repr),
        "ties": ties(warehouse, SINCE),
        "of an app": _of_apps(warehouse, [str(min(each.app_id for each in instances))]),
        "first unchecked": first_unchecked(warehouse, NOON, timedelta(hours=24)),
        "reports": sorted(read_reports(warehouse), key=repr),
        "findings": _findings(warehouse),
        "sent": read_sent(warehouse),
        "runs": warehouse.execute(status._RUNS),
        "size": (size.rows, size.superseded_rows),
    }


def _findings(warehouse: Warehouse) -> Any:
    found = read_findings(warehouse, datetime.combine(TODAY, time(), UTC))
    return {name: _sorted(getattr(found, name)) for name in type(found).__dataclass_fields__}


def _sorted(value: Any) -> Any:
    return sorted(value, key=repr) if isinstance(value, list) else value


def after_repairs(warehouse: Warehouse) -> dict[str, Any]:
    """Does every repair, and tells the rows of all raw tables after each."""
    short = _short_load(warehouse)
    steps: Mapping[str, Callable[[], object]] = {
        "sweep old": lambda: sweeping.sweep_incomplete(warehouse, DEAD_LOAD),
        "sweep newer": lambda: sweeping.sweep_incomplete(warehouse, None, short),
        "sweep": lambda: sweeping.sweep_incomplete(warehouse),
        "superseded by newer loads": lambda: sweeping.sweep_superseded(warehouse, TODAY, short),
        "sweep superseded": lambda: sweeping.sweep_superseded(warehouse, TODAY),
        "equal keys of newer loads": lambda: repair.remove_equal_keys(warehouse, short),
        "equal keys": lambda: repair.remove_equal_keys(warehouse),
        "miscounted": lambda: repair.remove_miscounted(warehouse, short),
        "take back": lambda: repair.take_back(warehouse, count_rows(warehouse)),
        "remove superseded": lambda: sweeping.remove_superseded(
            warehouse, TODAY + timedelta(days=1), TODAY
        ),
        "remove a load": lambda: repair.remove_load(warehouse, ["a-tie", "z-tie"], short),
    }
    found = {}
    for name, step in steps.items():
        step()
        found[name] = _rows(warehouse, "raw", _own(warehouse))
    return found


def _short_load(warehouse: Warehouse) -> str:
    """The load that `spoil` took a row from."""
    ((load_id,),) = warehouse.execute(
        f"select min(_dlt_load_id) from raw.{tables.SLICES.name} where table_name = :table",
        table="app_crashes_weekly",
    )
    return str(load_id)


def _own(warehouse: Warehouse) -> dict[str, list[str]]:
    names = {*warehouse.report_tables(), *(warehouse.physical(t.name) for t in tables.OWN_TABLES)}
    return {name: each for name, each in warehouse.columns().items() if name in names}


def _rows(warehouse: Warehouse, schema: str, columns: Mapping[str, list[str]]) -> dict[str, Any]:
    return {
        name: rows_of(
            warehouse.execute(
                f"select {', '.join(sorted(each))} from {schema}.this_table", this_table=name
            )
        )
        for name, each in columns.items()
    }


def rows_of(rows: Any) -> list[str]:
    """Rows in one order and one spelling, whatever types a driver gives."""
    return sorted(", ".join(map(_said, row)) for row in rows)


def plain(value: Any) -> Any:
    """A value, in one spelling all the way down."""
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(each) for each in value]
    return _said(value)


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, (int, float, Decimal)):
        number = Decimal(str(value))
        return f"{number:.9f}".rstrip("0").rstrip(".") if number else "0"
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return "NULL" if value is None else str(value)
