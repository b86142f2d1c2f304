"""The connection to the destination: statements, transactions, tables and views.

The raw dataset is called `raw` in statements, the dataset of the views `shown`.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import Any

from dlt import Pipeline
from dlt.destinations.exceptions import DatabaseException
from dlt.destinations.sql_client import SqlClientBase

from ..dlt_errors import shortened
from ..errors import ConfigurationError, DestinationError
from ..names import SOURCE_NAME
from ..tables import LOAD_ID, SEGMENTS, SLICE_KEY, SLICES
from .database import Database, is_lake, kind_of
from .dialect import Dialect
from .stored_schema import VERSIONS, Columns, columns_of, union_of

PLACEHOLDERS = ("this_table", "this_key")
"""Identifiers that a statement takes for the names of a table and a key."""

_TABLE_OF_OLD_FORM = "analytics_segment_dates"


class Warehouse:
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
            raise RuntimeError("the warehouse is not open")
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
        """Run a statement that `Renderer` takes; `this_table` and `this_key` are identifiers.

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

    def create_views_dataset(self) -> None:
        """Where there is none.

        Raises:
            DestinationError: also if another session makes it in the same moment.
        """
        other = self.client.with_alternative_dataset_name(self._views_dataset)
        with self._destination_errors(), other as client:
            if not client.has_dataset():
                client.create_dataset()

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
            reason = shortened(error)
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
