"""A client of dlt's kind for an engine for which dlt's own needs a server or an account."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NoReturn

from dlt import destinations
from dlt.destinations.exceptions import DatabaseTerminalException
from dlt.destinations.sql_client import SqlClientBase
from sqlglot import exp

from app_store_connect.views.definitions import DEFINITIONS
from app_store_connect.warehouse.connection import Warehouse
from app_store_connect.warehouse.database import Database
from tests.engines.account import RAW, VIEWS

ROWS = 100
"""Rows of one insert."""
_KINDS = {
    "VARCHAR": "text",
    "BIGINT": "bigint",
    "DATE": "date",
    "BOOLEAN": "bool",
    "DECIMAL": "decimal",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
}
"""dlt's names of DuckDB's types."""

Rows = Sequence[Sequence[Any]]


class EngineClient(SqlClientBase[Any]):
    """Spells names as dlt does for `destination`, and has `execute` carry statements out."""

    def __init__(
        self, destination: str, execute: Callable[[str], Rows], catalog: str | None = None
    ) -> None:
        capabilities = getattr(destinations, destination)().capabilities()
        super().__init__(catalog or "", RAW, "", capabilities)
        self._destination = destination
        self._execute = execute

    def execute_sql(self, sql: Any, *args: Any, **named: Any) -> Rows:
        statement = str(sql).replace("%s", "'{}'").format(*args) if args else str(sql)
        try:
            return self._execute(statement)
        except Exception as error:
            raise DatabaseTerminalException(error) from error

    def catalog_name(self, quote: bool = True, casefold: bool = True) -> str | None:
        return self.database_name or None

    def make_qualified_table_name_path(self, table_name: Any, *a: Any, **named: Any) -> list[str]:
        path = super().make_qualified_table_name_path(table_name, *a, **named)
        if self._destination == "clickhouse":  # a database has no schemas there
            return [path[0], "___".join(path[1:])]
        return path

    def type_of(self, data_type: str) -> str:
        """dlt's type for the columns of a table."""
        column: Any = {"name": "x", "data_type": data_type}
        if data_type == "decimal":
            column |= {"precision": 38, "scale": 9}
        mapper = self.capabilities.get_type_mapper()
        return mapper.to_destination_type(column, {"name": "t", "columns": {}})

    @property
    def native_connection(self) -> Any:
        return self

    @contextmanager
    def begin_transaction(self) -> Iterator[Any]:
        self.execute_sql("begin")
        try:
            yield self
        except BaseException:
            self.execute_sql("rollback")
            raise
        self.execute_sql("commit")

    def has_dataset(self) -> bool:
        return (
            self.dataset_name == RAW or self._destination == "clickhouse" or super().has_dataset()
        )

    def _none(self, *a: Any, **named: Any) -> NoReturn:
        raise NotImplementedError

    open_connection = close_connection = execute_query = _none

    @staticmethod
    def _make_database_exception(ex: Exception) -> Exception:
        return ex


def warehouse_of(client: SqlClientBase[Any]) -> Warehouse:
    """An open warehouse over a client."""
    warehouse = Warehouse(None, VIEWS)  # type: ignore[arg-type]  # only `open` asks it
    warehouse._database = Database(client)
    return warehouse


@dataclass(frozen=True)
class Making:
    """How tables are made: `type_of` gives the engine's type for one of dlt's."""

    type_of: Callable[[str], str]
    table: str = "create table {table} ({columns})"
    nullable: str = "{type}"
    required: str = "{type} not null"

    def column(self, name: str, kind: str, is_nullable: bool) -> str:
        said = self.nullable if is_nullable else self.required
        return f"{name} {said.format(type=self.type_of(kind))}"

    def literal(self, value: Any, dialect: str) -> str:
        """A value as the engine's type."""
        if isinstance(value, datetime):
            text = value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
            return f"cast('{text}' as {self.type_of('timestamp')})"
        if isinstance(value, date):
            return f"cast('{value}' as {self.type_of('date')})"
        if isinstance(value, Decimal):
            return f"cast('{value}' as {self.type_of('decimal')})"
        return exp.convert(value).sql(dialect)


def copy_tables(
    source: Warehouse,
    target: Warehouse,
    making: Making,
    write: Callable[[str], object] | None = None,
) -> None:
    """Make the raw tables of `source`, a DuckDB, in `target`, with their rows."""
    write = write or target.run
    renderer = target.dialect.renderer
    for table, kinds in raw_tables(source).items():
        placed = renderer.placed("raw", target.physical(table))
        columns = {name: renderer.quoted(renderer.casefold(name)) for name in kinds}
        told = ", ".join(making.column(columns[name], *kind) for name, kind in kinds.items())
        write(making.table.format(table=placed, columns=told))
        rows = source.run(f'select * from {RAW}."{table}"')
        for some in (rows[start : start + ROWS] for start in range(0, len(rows), ROWS)):
            values = ", ".join(
                f"({', '.join(making.literal(each, renderer.dialect) for each in row)})"
                for row in some
            )
            write(f"insert into {placed} ({', '.join(columns.values())}) values {values}")


def raw_tables(source: Warehouse) -> dict[str, dict[str, tuple[str, bool]]]:
    """The tables, of each column with dlt's type and whether it may be NULL."""
    found: dict[str, dict[str, tuple[str, bool]]] = {}
    for table, column, kind, nullable in source.run(
        "select table_name, column_name, data_type, is_nullable from information_schema.columns"
        f" where table_schema = '{RAW}' order by table_name, ordinal_position"
    ):
        found.setdefault(table, {})[column] = _KINDS[kind.partition("(")[0]], nullable == "YES"
    found.pop(DEFINITIONS, None)
    return found
