"""What the destination has: the only memory there is. Read before a run, checked and swept after.

A segment counts if its ledger row's load is recorded complete in `_dlt_loads`; of several ledger rows of one
segment id the one of the latest load counts. `in`, never a join: dlt may record a load twice.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

from dlt import Pipeline
from dlt.destinations.sql_client import SqlClientBase

from app_store_connect import tables
from app_store_connect.resources import SEGMENT_KEY
from app_store_connect.model import AccessType, Granularity, Report, ReportInstance
from app_store_connect.selection import Checksums, ListedInstance
from app_store_connect.sql import Renderer
from app_store_connect.tables import LOAD_ID, LOADS, SEGMENTS, RawTable

COMPLETE_LOADS = f"select load_id from raw.{LOADS} where status = 0"

VISIBLE_SEGMENTS = f"""
    select * from (
        select *, row_number() over (partition by segment_id order by {LOAD_ID} desc) as recency
        from raw.{SEGMENTS.name}
        where {LOAD_ID} in ({COMPLETE_LOADS}) and {{condition}}
    ) as latest
    where recency = 1
"""


class Ledger:
    """The raw dataset of a pipeline's destination, and the dataset of the views beside it."""

    def __init__(self, pipeline: Pipeline, views_dataset: str) -> None:
        self._pipeline = pipeline
        self._views_dataset = views_dataset
        self._client: SqlClientBase[Any] | None = None

    @contextmanager
    def open(self) -> Iterator[None]:
        """Keep one connection for all that follows; on DuckDB this keeps other processes out."""
        with self._pipeline.sql_client() as client:
            self._client = client
            try:
                yield
            finally:
                self._client = None

    @property
    def client(self) -> SqlClientBase[Any]:
        if self._client is None:
            raise RuntimeError("the ledger is not open")
        return self._client

    @property
    def renderer(self) -> Renderer:
        caps = self.client.capabilities
        return Renderer(
            dialect=caps.sqlglot_dialect or "",
            raw=self.client.dataset_name,
            shown=self._views_dataset,
            casefold=caps.casefold_identifier,
        )

    def execute(self, template: str, **values: Any) -> list[tuple[Any, ...]]:
        names = {key: values.pop(key) for key in ("this_table", "this_key") if key in values}
        statement = self.renderer.render(template, names=names, values=values)
        return list(self.client.execute_sql(statement) or [])

    def columns(self) -> dict[str, list[str]]:
        """The raw tables that exist, with their columns in order."""
        rows = self.client.execute_sql(
            "select table_name, column_name from information_schema.columns"
            " where table_schema = %s order by table_name, ordinal_position",
            self.client.dataset_name,
        )
        found: dict[str, list[str]] = {}
        for table_name, column in rows or []:
            found.setdefault(table_name, []).append(column)
        return found

    def loaded_segments(self, since: date) -> dict[str, Checksums]:
        """For each loaded instance processed on or after `since`, its segments and their checksums."""
        if not {SEGMENTS.name, LOADS} <= self.columns().keys():
            return {}
        rows = self.execute(
            "select instance_id, segment_id, checksum from ("
            + VISIBLE_SEGMENTS.format(condition="processing_date >= :since")
            + ") as visible",
            since=since,
        )
        loaded: dict[str, dict[str, str]] = {}
        for instance_id, segment_id, checksum in rows:
            loaded.setdefault(instance_id, {})[segment_id] = checksum
        return dict(loaded)

    def changed(self, table: RawTable, rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Those rows of a listing that the destination does not hold as they are."""
        listed = list(rows)
        if not {table.name, LOADS} <= self.columns().keys():
            return listed
        names = ", ".join(table.columns)
        stored = self.execute(
            f"select {names} from raw.{table.name} where {LOAD_ID} in ({COMPLETE_LOADS})"
            f" order by {LOAD_ID}"
        )
        key = list(table.columns).index(table.key)
        latest = {row[key]: tuple(row) for row in stored}
        return [row for row in listed if latest.get(row[table.key]) != tuple(row.values())]

    def app_of_request(self, report_request_id: str) -> str | None:
        """Which app a report request is for, if a run before this one saw it listed."""
        if tables.REPORT_REQUESTS.name not in self.columns():
            return None
        rows = self.execute(
            f"select app_id from raw.{tables.REPORT_REQUESTS.name} where id = :id",
            id=report_request_id,
        )
        return str(rows[0][0]) if rows else None

    def known_instances(self, instance_ids: Collection[str]) -> dict[str, ListedInstance]:
        """Those of these instances that an earlier run saw listed."""
        needed = (tables.INSTANCES, tables.REPORTS, tables.REPORT_REQUESTS)
        if not {table.name for table in needed} <= self.columns().keys():
            return {}
        rows = self.execute(
            f"""
            select distinct i.id, i.app_id, r.id, q.id, r.name, r.category, q.access_type,
                i.granularity, i.processing_date
            from raw.{tables.INSTANCES.name} as i
            join raw.{tables.REPORTS.name} as r on r.id = i.report_id
            join raw.{tables.REPORT_REQUESTS.name} as q on q.id = r.report_request_id
            where i.id in :ids
            """,
            ids=list(instance_ids),
        )
        return {
            instance_id: ListedInstance(
                str(app_id),
                AccessType(access_type),
                Report(report_id, request_id, name, category),
                ReportInstance(instance_id, report_id, Granularity(granularity), processing_date),
            )
            for instance_id, app_id, report_id, request_id, name, category, access_type, granularity,
            processing_date in rows
        }

    def report_tables(self) -> list[str]:
        """The raw tables that hold rows of reports."""
        return [name for name, columns in self.columns().items() if SEGMENT_KEY in columns]

    def keyed_tables(self) -> list[tuple[str, str]]:
        """All tables with rows of segments and their key, the ledger itself last.

        Rows go in this order, so that a removal which is cut off can be seen in the ledger and resumed.
        """
        existing = self.columns()
        own = [t for t in reversed(tables.SEGMENT_TABLES) if t.name in existing]
        return [(n, SEGMENT_KEY) for n in self.report_tables()] + [(t.name, t.key) for t in own]

    def miscounted(self, load_id: str) -> set[str]:
        """Segments of a load that have another number of rows than the ledger says, or no ledger row."""
        if SEGMENTS.name not in self.columns():
            return set()
        said = {
            (table_name, segment_id): row_count
            for table_name, segment_id, row_count in self.execute(
                f"select table_name, segment_id, row_count from raw.{SEGMENTS.name}"
                f" where {LOAD_ID} = :load_id",
                load_id=load_id,
            )
        }
        found = {
            (table_name, segment_id): count
            for table_name in self.report_tables()
            for segment_id, count in self.execute(
                f"select {SEGMENT_KEY}, count(*) from raw.this_table where {LOAD_ID} = :load_id"
                f" group by {SEGMENT_KEY}",
                this_table=table_name,
                load_id=load_id,
            )
        }
        return {key[1] for key in said.keys() | found.keys() if said.get(key) != found.get(key, 0)}

    def with_siblings(self, segment_ids: Collection[str], load_id: str) -> set[str]:
        """The segments, with all others of the same instances in the same load."""
        if not segment_ids:
            return set()
        rows = self.execute(
            f"""
            select segment_id from raw.{SEGMENTS.name} where {LOAD_ID} = :load_id and instance_id in (
                select instance_id from raw.{SEGMENTS.name}
                where {LOAD_ID} = :load_id and segment_id in :ids
            )
            """,
            load_id=load_id,
            ids=sorted(segment_ids),
        )
        return {*segment_ids, *(segment_id for (segment_id,) in rows)}

    def remove_segments(self, segment_ids: Collection[str], *, load_id: str | None = None) -> None:
        """Delete all rows of these segments, or those of one load."""
        condition = f" and {LOAD_ID} = :load_id" if load_id else ""
        values: dict[str, Any] = {"ids": sorted(segment_ids)}
        if load_id:
            values["load_id"] = load_id
        for name, key in self.keyed_tables() if segment_ids else []:
            self.execute(
                f"delete from raw.this_table where this_key in :ids{condition}",
                this_table=name,
                this_key=key,
                **values,
            )

    def sweep_incomplete(self, before_load_id: str | None = None) -> None:
        """Delete rows of loads that never completed: a dead run's, invisible already."""
        existing = self.columns()
        if LOADS not in existing:
            return
        condition = f" and {LOAD_ID} < :before" if before_load_id else ""
        values = {"before": before_load_id} if before_load_id else {}
        listings = [table.name for table in tables.LISTING_TABLES if table.name in existing]
        for name in [name for name, _ in self.keyed_tables()] + listings:
            self.execute(
                f"delete from raw.this_table where {LOAD_ID} not in ({COMPLETE_LOADS}){condition}",
                this_table=name,
                **values,
            )

    def sweep_superseded(self) -> None:
        """Delete rows that a later, complete load replaced."""
        existing = self.columns()
        if LOADS not in existing:
            return
        if SEGMENTS.name in existing:
            self._sweep_replaced_segments()
        for table in tables.LISTING_TABLES:
            if table.name in existing:
                self._delete_older(table.name, table.key, table)

    def _sweep_replaced_segments(self) -> None:
        replaced = self.execute(
            f"select segment_id, max({LOAD_ID}) from raw.{SEGMENTS.name}"
            f" where {LOAD_ID} in ({COMPLETE_LOADS}) group by segment_id having count(*) > 1"
        )
        for segment_id, load_id in replaced:
            for name, key in self.keyed_tables():
                self.execute(
                    f"delete from raw.this_table where this_key = :id and {LOAD_ID} < :load_id",
                    this_table=name,
                    this_key=key,
                    id=segment_id,
                    load_id=load_id,
                )

    def _delete_older(self, name: str, key: str, table: RawTable) -> None:
        self.execute(
            f"""
            delete from raw.this_table as old
            where exists (
                select 1 from raw.this_table as new
                where new.this_key = old.this_key and new.{LOAD_ID} > old.{LOAD_ID}
                and new.{LOAD_ID} in ({COMPLETE_LOADS})
            )
            """,
            this_table=name,
            this_key=key,
        )

    def newest_load(self) -> str | None:
        if LOADS not in self.columns():
            return None
        rows = self.execute(f"select max(load_id) from raw.{LOADS} where status = 0")
        return rows[0][0] if rows else None
