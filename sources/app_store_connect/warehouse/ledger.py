"""The ledger at the destination, which is the job's only memory.

A segment of an instance counts if its ledger row's load is recorded complete in `_dlt_loads`; of
several ledger rows of it the one of the latest load counts. One without a checksum says that Apple
lists the segment no more. `in`, never a join: dlt may record a load twice.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from itertools import groupby
from typing import Any

from dlt import Pipeline
from dlt.destinations.exceptions import DatabaseException
from dlt.destinations.sql_client import SqlClientBase

from .. import tables
from ..catalog import schema_of
from ..entities import AccessType, Granularity, Report, ReportInstance
from ..errors import ConfigurationError, DestinationError
from ..instances import (
    Checksums,
    InstanceCheck,
    KnownInstance,
    ListedInstance,
    names_of,
)
from ..tables import LOAD_ID, LOADS, SEGMENTS, SLICE_KEY, SLICES, RawTable
from .database import Database, is_lake, kind_of
from .dialect import Dialect
from .stored_schema import (
    SOURCE_NAME,
    VERSIONS,
    Columns,
    columns_of,
    union_of,
)

COMPLETE_LOADS = f"select load_id from raw.{LOADS} where status = 0"

PLACEHOLDERS = ("this_table", "this_key")

VISIBLE_SEGMENTS = f"""
    select * from (
        select *, row_number() over (
            partition by instance_id, segment_id order by {LOAD_ID} desc
        ) as recency
        from raw.{SEGMENTS.name}
        where {LOAD_ID} in ({COMPLETE_LOADS}) and {{condition}}
    ) as latest
    where recency = 1
"""

LATEST_CHECKS = f"""
    select c.instance_id, c.outcome, c.checked_on from (
        select *, row_number() over (partition by instance_id order by {LOAD_ID} desc) as recency
        from raw.{tables.INSTANCE_CHECKS.name}
        where {LOAD_ID} in ({COMPLETE_LOADS}) and processing_date >= :since
    ) as c
    where c.recency = 1
"""
_NO_LATER_SEGMENTS = f"""
    and not exists (
        select 1 from raw.{SEGMENTS.name} as s
        where s.instance_id = c.instance_id and s.{LOAD_ID} > c.{LOAD_ID}
            and s.{LOAD_ID} in ({COMPLETE_LOADS})
    )
"""

_LISTED_BY = "processing_date"
_TABLE_OF_OLD_FORM = "analytics_segment_dates"


def latest_rows(table: RawTable, *more: str) -> str:
    """A query: of each key the row of the latest complete load. It may be continued with `and`."""
    columns = ", ".join([*table.columns, *more])
    return f"""
    select {columns} from (
        select {columns}, row_number() over (
            partition by {", ".join(table.key)} order by {LOAD_ID} desc
        ) as recency
        from raw.{table.name} where {LOAD_ID} in ({COMPLETE_LOADS})
    ) as told
    where recency = 1"""


class Ledger:
    """The raw dataset of a pipeline's destination, and the dataset of the views beside it."""

    def __init__(self, pipeline: Pipeline, views_dataset: str) -> None:
        self._pipeline = pipeline
        self._views_dataset = views_dataset
        self._database: Database | None = None
        self._schemas: dict[str, Columns] = {}

    @contextmanager
    def open(self) -> Iterator[None]:
        """Keep one connection for all that follows; on DuckDB this keeps other processes out."""
        with _open_database(self._pipeline) as database:
            self._database = database
            try:
                self._refuse_old_form()
                yield
            finally:
                self._database = None

    def _refuse_old_form(self) -> None:
        if _TABLE_OF_OLD_FORM in self.columns():
            raise ConfigurationError(
                f"{self.client.dataset_name} has rows without slices, as earlier versions wrote"
                " them: load anew into another --dataset, or keep the earlier version"
            )

    @property
    def database(self) -> Database:
        if self._database is None:
            raise RuntimeError("the ledger is not open")
        return self._database

    @property
    def client(self) -> SqlClientBase[Any]:
        return self.database.client

    @property
    def dialect(self) -> Dialect:
        return Dialect(self.client, self._views_dataset)

    @property
    def views_dataset(self) -> str:
        return self._views_dataset

    def execute(self, template: str, **values: Any) -> list[tuple[Any, ...]]:
        """Run a statement of `sql.Renderer`'s kind; `this_table` and `this_key` are identifiers.

        Raises:
            DestinationError: whatever the destination has against it.
        """
        return self.run(self.rendered(template, **values))

    def rendered(self, template: str, **values: Any) -> str:
        """The statement of `execute` in the destination's dialect."""
        names = {key: self.physical(str(values.pop(key))) for key in PLACEHOLDERS if key in values}
        return self.dialect.renderer.render(template, names=names, values=values)

    def run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement of the destination's own dialect.

        Raises:
            DestinationError: whatever the destination has against it.
        """
        with self._destination_errors():
            return [tuple(row) for row in self.client.execute_sql(statement, *values) or []]

    @contextmanager
    def transaction(self, *, of_views: bool = False) -> Iterator[None]:
        """All statements within take effect together or not at all, where there is such a thing."""
        caps = self.client.capabilities
        has_none = caps.supports_transactions is False  # None is dlt's "as usual"
        if has_none or (of_views and not caps.supports_ddl_transactions):
            yield
            return
        with self._destination_errors(), self.client.begin_transaction():
            yield

    def physical(self, name: str) -> str:
        """How dlt spells a table's name that is longer than the destination allows."""
        return self.dialect.physical(name)

    @contextmanager
    def _destination_errors(self) -> Iterator[None]:
        """dlt has no connection left where it could not replace a broken one; then all may fail."""
        try:
            if self.client.native_connection is None:
                self.client.open_connection()
            yield
        except DestinationError:
            raise
        except Exception as error:
            is_ours = not isinstance(error, (DatabaseException, OSError))
            if is_ours and self.client.native_connection is not None:
                raise
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise DestinationError(f"the destination failed: {reason}") from error

    def columns(self) -> dict[str, list[str]]:
        """All tables and views of the raw dataset, the user's too, with their columns in order."""
        with self._destination_errors():
            self.database.renew()
        return self._columns_in("raw")

    def views(self) -> dict[str, list[str]]:
        """The views in the dataset of the views, with their columns in order."""
        question, values = self.dialect.views_question()
        views = {self.dialect.table_of(name, "shown") for (name,) in self.run(question, *values)}
        return {name: each for name, each in self._columns_in("shown").items() if name in views}

    def _columns_in(self, schema: str) -> dict[str, list[str]]:
        dialect = self.dialect
        question, values = dialect.columns_question(schema)
        found: dict[str, list[str]] = {}
        for stored, columns in groupby(self.run(question, *values), key=lambda row: row[0]):
            if table := dialect.table_of(stored, schema):
                found[table] = [dialect.column_of(column) for _, column in columns]
        return found

    def report_tables(self) -> dict[str, list[str]]:
        """The report tables that exist, with those of their columns that the job made.

        Only dlt's schema and the ledger say which those are. A copy of a report table has the same
        columns, and is the user's.
        """
        existing = self.columns()
        made = self._made_by_dlt() if VERSIONS in existing else {}
        keys = {SLICE_KEY, LOAD_ID}
        named = {table for table, columns in existing.items() if keys <= {*columns}}
        named.discard(SLICES.name)
        if named - made.keys():
            named &= made.keys() | self._named_tables(existing)
        return {
            table: [column for column in columns if column in made.get(table, columns)]
            for table, columns in existing.items()
            if table in named
        }

    def _made_by_dlt(self) -> Columns:
        """The tables of dlt's schema, whichever of its stored versions has them."""
        stored = f"raw.{VERSIONS} where schema_name = :name"
        hashes = {
            row[0] for row in self.execute(f"select version_hash from {stored}", name=SOURCE_NAME)
        }
        if unknown := sorted(hashes - self._schemas.keys()):
            rows = self.execute(
                f"select version_hash, schema from {stored} and version_hash in :ids",
                name=SOURCE_NAME,
                ids=unknown,
            )
            self._schemas |= {version_hash: columns_of(text) for version_hash, text in rows}
        return union_of(self._schemas.values())

    def _named_tables(self, existing: Collection[str]) -> set[str]:
        """The ledger's own account: a plain pipeline may have called its schema otherwise."""
        if SEGMENTS.name not in existing:
            return set()
        rows = self.execute(f"select distinct table_name from raw.{SEGMENTS.name}")
        return {self.physical(name) for (name,) in rows}

    def loaded_segments(self, since: date) -> dict[str, Checksums]:
        """The segments of each loaded instance that was processed on or after `since`."""
        if not {SEGMENTS.name, LOADS} <= self.columns().keys():
            return {}
        rows = self.execute(
            "select instance_id, segment_id, checksum from ("
            + VISIBLE_SEGMENTS.format(condition="processing_date >= :since")
            + ") as visible where checksum is not null",
            since=since,
        )
        loaded: dict[str, dict[str, str]] = {}
        for instance_id, segment_id, checksum in rows:
            loaded.setdefault(instance_id, {})[segment_id] = checksum
        return dict(loaded)

    def loaded_reports(self) -> list[tuple[Any, ...]]:
        """Of each report table that is loaded its name, report, category and granularity."""
        if not {SEGMENTS.name, LOADS} <= self.columns().keys():
            return []
        return self.execute(
            f"select table_name, max(report_name), max(category), max(granularity)"
            f" from raw.{SEGMENTS.name} where {LOAD_ID} in ({COMPLETE_LOADS})"
            " group by table_name order by table_name"
        )

    def instance_checks(self, since: date) -> dict[str, InstanceCheck]:
        """The last look at each instance that was processed on or after `since`, unless a later
        load brought segments of it: after that nobody has looked.
        """
        existing = self.columns().keys()
        if not {tables.INSTANCE_CHECKS.name, LOADS} <= existing:
            return {}
        later = _NO_LATER_SEGMENTS if SEGMENTS.name in existing else ""
        rows = self.execute(LATEST_CHECKS + later, since=since)
        return {row[0]: InstanceCheck(row[1], row[2]) for row in rows}

    def changed(
        self, table: RawTable, rows: Iterable[Mapping[str, Any]]
    ) -> list[Mapping[str, Any]]:
        """Those rows of a listing that the destination does not hold as they are."""
        listed = list(rows)
        condition, values = "", {}
        if listed and _LISTED_BY in table.columns:  # it keeps its date: none listed is older
            condition = f" and {_LISTED_BY} >= :since"
            values = {"since": min(row[_LISTED_BY] for row in listed)}
        latest = self.latest(table, condition, **values)
        return [row for row in listed if latest.get(table.key_of(row)) != row]

    def latest(
        self, table: RawTable, condition: str = "", **values: Any
    ) -> dict[tuple[Any, ...], Mapping[str, Any]]:
        """The latest row of each key; none while the table lacks a column that it is to have."""
        columns = self.columns()
        if LOADS not in columns or not table.columns.keys() <= {*columns.get(table.name, ())}:
            return {}
        stored = self.execute(
            f"select {', '.join(table.columns)} from raw.{table.name}"
            f" where {LOAD_ID} in ({COMPLETE_LOADS}){condition} order by {LOAD_ID}",
            **values,
        )
        rows = (dict(zip(table.columns, row, strict=True)) for row in stored)
        return {table.key_of(row): row for row in rows}

    def listed_instances(self) -> list[KnownInstance]:
        """The instances that Apple listed when their list was last read."""
        needed = {tables.INSTANCES.name, tables.REPORTS.name, LOADS}
        if not needed <= self.columns().keys():
            return []
        rows = self.execute(f"""
            select i.id, i.report_id, r.report_request_id, i.app_id, i.granularity,
                i.processing_date
            from ({latest_rows(tables.INSTANCES)}) as i
            left join ({latest_rows(tables.REPORTS)}) as r on r.id = i.report_id
            where i.unlisted_since is null
        """)
        return [KnownInstance(*row) for row in rows]

    def app_of_request(self, report_request_id: str) -> str | None:
        """Which app a report request is for, if a run before this one saw it listed."""
        if tables.REPORT_REQUESTS.name not in self.columns():
            return None
        rows = self.execute(
            f"select app_id from raw.{tables.REPORT_REQUESTS.name} where id = :id"
            f" order by {LOAD_ID} desc",
            id=report_request_id,
        )
        return str(rows[0][0]) if rows else None

    def offered_reports(self) -> dict[str, Report]:
        """The reports that earlier runs saw listed, by each name that they can be asked for by."""
        if tables.REPORTS.name not in self.columns():
            return {}
        rows = self.execute(
            f"select name, category, {self.report_name()} from raw.{tables.REPORTS.name} as r"
            f" order by {LOAD_ID}"
        )
        reports = [_report("", "", *row) for row in rows]
        return {name: report for report in reports for name in names_of([report])}

    def report_name(self) -> str:
        """SQL for the one name of report `r`; rows, and tables, of earlier versions may lack it."""
        column = "report_name"
        exists = column in self.columns()[tables.REPORTS.name]
        return f"coalesce(r.{column}, r.name)" if exists else "r.name"

    def known_instances(self, instance_ids: Collection[str]) -> dict[str, ListedInstance]:
        """Those of these instances that an earlier run saw listed."""
        needed = (tables.INSTANCES, tables.REPORTS, tables.REPORT_REQUESTS)
        if not {table.name for table in needed} <= self.columns().keys():
            return {}
        rows = self.execute(
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


def is_lock_timeout(error: BaseException) -> bool:
    """Whether a statement waited too long for another session, in Postgres's words."""
    return "lock timeout" in str(error)


@contextmanager
def _open_database(pipeline: Pipeline) -> Iterator[Database]:
    """The pipeline's destination, for as long as one connection to it stays open."""
    if is_lake(pipeline):
        from .lake import Lake  # imports a good deal that databases do without

        with Lake.open(pipeline) as lake:
            yield lake
        return
    with pipeline.sql_client() as client:
        yield Database(client, kind_of(pipeline))


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
