"""The ledger at the destination, which is the job's only memory.

A segment of an instance counts if its ledger row's load is recorded complete in `_dlt_loads`; of
several ledger rows of it the one of the latest load counts. One without a checksum says that Apple
lists the segment no more. `in`, never a join: dlt may record a load twice.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any

from .. import tables
from ..catalog import schema_of
from ..entities import AccessType, Granularity, Report, ReportInstance
from ..instances import Checksums, InstanceCheck, KnownInstance, ListedInstance, names_of
from ..tables import LOAD_ID, LOADS, SEGMENTS, RawTable
from .connection import Warehouse

COMPLETE_LOADS = f"select load_id from raw.{LOADS} where status = 0"
ALL_LOADS = ""
"""A load id before all others: those are numbers as text, the seconds since 1970."""

_NO_LATER_SEGMENTS = f"""
    where not exists (
        select 1 from raw.{SEGMENTS.name} as s
        where s.instance_id = c.instance_id and s.{LOAD_ID} > c.{LOAD_ID}
            and s.{LOAD_ID} in ({COMPLETE_LOADS})
    )
"""

_LISTED_BY = "processing_date"


def latest_rows(table: RawTable, *more: str, where: str = "") -> str:
    """A query: of each key the row of the latest complete load. It may be continued with `and`;
    `where`, which begins so, narrows the rows before that.
    """
    columns = ", ".join([*table.columns, *more])
    # a key has one app; so a question about one app computes no others
    app = ["app_id"] if "app_id" in table.columns else []
    return f"""
    select {columns} from (
        select {columns}, row_number() over (
            partition by {", ".join([*app, *table.key])} order by {LOAD_ID} desc
        ) as recency
        from raw.{table.name} where {LOAD_ID} in ({COMPLETE_LOADS}){where}
    ) as told
    where recency = 1"""


def processed_since(since: date, app_ids: Collection[Any]) -> tuple[str, dict[str, Any]]:
    """A condition, which begins with `and`, and its values; no apps stand for all."""
    where, values = _of_apps(app_ids)
    return f" and processing_date >= :since{where}", values | {"since": since}


def _of_apps(app_ids: Collection[Any]) -> tuple[str, dict[str, Any]]:
    if not app_ids:
        return "", {}
    return " and app_id in :app_ids", {"app_ids": sorted(map(int, app_ids))}


class Ledger:
    """Questions about loaded segments and earlier listings, over an open connection."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse

    def loaded_segments(self, since: date, app_ids: Collection[str] = ()) -> dict[str, Checksums]:
        """The segments of each loaded instance that was processed on or after `since`, of these
        apps or of all.
        """
        if not {SEGMENTS.name, LOADS} <= self.warehouse.columns().keys():
            return {}
        where, values = processed_since(since, app_ids)
        rows = self.warehouse.execute(
            f"select instance_id, segment_id, checksum from ({latest_rows(SEGMENTS, where=where)}"
            " and checksum is not null) as latest",
            **values,
        )
        loaded: dict[str, dict[str, str]] = {}
        for instance_id, segment_id, checksum in rows:
            loaded.setdefault(instance_id, {})[segment_id] = checksum
        return dict(loaded)

    def loaded_reports(self) -> list[tuple[str, str, str | None, str]]:
        """Of each report table that is loaded its name, report, category and granularity.

        The catalogue at the destination has them all, unless somebody dropped it or an earlier
        version loaded them; to ask the segments takes a second for four million of them.
        """
        if not {SEGMENTS.name, LOADS} <= self.warehouse.columns().keys():
            return []
        known = [
            (row["table_name"], row["report_name"], row["category"], row["granularity"])
            for row in self.latest(tables.REPORT_CATALOGUE).values()
        ]
        names = {self.warehouse.physical(name) for name, *_ in known}
        if self.warehouse.report_tables().keys() <= names:
            return sorted(known)
        rows = self.warehouse.execute(
            f"select table_name, max(report_name), max(category), max(granularity)"
            f" from raw.{SEGMENTS.name} where {LOAD_ID} in ({COMPLETE_LOADS})"
            " group by table_name order by table_name"
        )
        return [(table, report, category, each) for table, report, category, each in rows]

    def instance_checks(
        self, since: date, app_ids: Collection[str] = ()
    ) -> dict[str, InstanceCheck]:
        """The last look at each instance that was processed on or after `since`, of these apps or
        of all, unless a later load brought segments of it: after that nobody has looked.
        """
        existing = self.warehouse.columns().keys()
        if not {tables.INSTANCE_CHECKS.name, LOADS} <= existing:
            return {}
        where, values = processed_since(since, app_ids)
        checks = latest_rows(tables.INSTANCE_CHECKS, LOAD_ID, where=where)
        later = _NO_LATER_SEGMENTS if SEGMENTS.name in existing else ""
        rows = self.warehouse.execute(
            f"select c.instance_id, c.outcome, c.checked_on from ({checks}) as c{later}", **values
        )
        return {row[0]: InstanceCheck(row[1], row[2]) for row in rows}

    def changed(
        self, table: RawTable, rows: Iterable[Mapping[str, Any]]
    ) -> list[Mapping[str, Any]]:
        """Those rows of a listing that the destination does not hold as they are."""
        listed = list(rows)
        apps = {row["app_id"] for row in listed} if "app_id" in table.columns else ()
        where, values = _of_apps(apps)
        if listed and _LISTED_BY in table.columns:  # it keeps its date: none listed is older
            where, values = processed_since(min(row[_LISTED_BY] for row in listed), apps)
        latest = self.latest(table, where, **values)
        return [row for row in listed if latest.get(table.key_of(row)) != row]

    def latest(
        self, table: RawTable, condition: str = "", **values: Any
    ) -> dict[tuple[Any, ...], Mapping[str, Any]]:
        """The latest row of each key; none while the table lacks a column that it is to have."""
        columns = self.warehouse.columns()
        if LOADS not in columns or not table.columns.keys() <= {*columns.get(table.name, ())}:
            return {}
        stored = self.warehouse.execute(
            f"select {', '.join(table.columns)} from raw.{table.name}"
            f" where {LOAD_ID} in ({COMPLETE_LOADS}){condition} order by {LOAD_ID}",
            **values,
        )
        rows = (dict(zip(table.columns, row, strict=True)) for row in stored)
        return {table.key_of(row): row for row in rows}

    def listed_instances(self, app_ids: Collection[str] = ()) -> list[KnownInstance]:
        """The instances, of these apps or of all, that Apple listed when it was last asked."""
        needed = {tables.INSTANCES.name, tables.REPORTS.name, LOADS}
        if not needed <= self.warehouse.columns().keys():
            return []
        where, values = _of_apps(app_ids)
        rows = self.warehouse.execute(
            f"""
            select i.id, i.report_id, r.report_request_id, i.app_id, i.granularity,
                i.processing_date
            from ({latest_rows(tables.INSTANCES, where=where)}) as i
            left join ({latest_rows(tables.REPORTS, where=where)}) as r on r.id = i.report_id
            where i.unlisted_since is null
            """,
            **values,
        )
        return [KnownInstance(*row) for row in rows]

    def app_of_request(self, report_request_id: str) -> str | None:
        """Which app a report request is for, if a run before this one saw it listed."""
        if tables.REPORT_REQUESTS.name not in self.warehouse.columns():
            return None
        rows = self.warehouse.execute(
            f"select app_id from raw.{tables.REPORT_REQUESTS.name} where id = :id"
            f" order by {LOAD_ID} desc",
            id=report_request_id,
        )
        return str(rows[0][0]) if rows else None

    def offered_reports(self) -> dict[str, Report]:
        """The reports that earlier runs saw listed, by each name that they can be asked for by."""
        if tables.REPORTS.name not in self.warehouse.columns():
            return {}
        rows = self.warehouse.execute(
            f"select name, category, {self.report_name()} from raw.{tables.REPORTS.name} as r"
            f" order by {LOAD_ID}"
        )
        reports = [_report("", "", *row) for row in rows]
        return {name: report for report in reports for name in names_of([report])}

    def report_name(self) -> str:
        """SQL for the one name of report `r`; rows, and tables, of earlier versions may lack it."""
        column = "report_name"
        exists = column in self.warehouse.columns().get(tables.REPORTS.name, ())
        return f"coalesce(r.{column}, r.name)" if exists else "r.name"

    def known_instances(self, instance_ids: Collection[str]) -> dict[str, ListedInstance]:
        """Those of these instances that an earlier run saw listed."""
        needed = (tables.INSTANCES, tables.REPORTS, tables.REPORT_REQUESTS)
        if not {table.name for table in needed} <= self.warehouse.columns().keys():
            return {}
        rows = self.warehouse.execute(
            f"""
            select distinct i.id, i.app_id, q.access_type, i.granularity, i.processing_date,
                r.id, q.id, r.name, r.category, {self.report_name()}
            from raw.{tables.INSTANCES.name} as i
            join raw.{tables.REPORTS.name} as r on r.id = i.report_id
            join raw.{tables.REPORT_REQUESTS.name} as q on q.id = r.report_request_id
            where i.id in :ids
            """,
            ids=list(instance_ids),
        )
        return {row[0]: _listed_instance(*row) for row in rows}


def _listed_instance(
    instance_id: str,
    app_id: int,
    access_type: str,
    granularity: str,
    processing_date: date,
    report_id: str,
    *report: str,
) -> ListedInstance:
    return ListedInstance(
        str(app_id),
        AccessType(access_type),
        _report(report_id, *report),
        ReportInstance(instance_id, report_id, Granularity(granularity), processing_date),
    )


def _report(
    report_id: str, request_id: str, name: str, category: str | None, report_name: str
) -> Report:
    is_renamed = report_name != schema_of(name, category).name
    return Report(report_id, request_id, name, category, report_name if is_renamed else None)
