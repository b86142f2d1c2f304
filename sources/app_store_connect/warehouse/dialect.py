"""Statements for any destination: written once in DuckDB's dialect, rendered by sqlglot.

Tables stand as `raw.<name>` (what dlt writes) or `shown.<name>` (views); a name without a schema is
a common table expression. Every identifier is quoted and every value becomes a literal, so a name
from Apple is never read as SQL.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import sqlglot
from dlt.common.normalizers.naming import NamingConvention
from dlt.destinations.sql_client import SqlClientBase
from sqlglot import exp

SCHEMAS = ("raw", "shown")
_NO_ROW_VALUES = {"bigquery", "tsql", "fabric"}
"""Dialects without `(a, b) in (select a, b ...)`: it becomes `exists`."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a destination spells the names in dlt's dataset and in that of the views beside it,
    as dlt's own client tells.
    """

    client: SqlClientBase[Any]
    views_dataset: str

    @property
    def renderer(self) -> "Renderer":
        caps = self.client.capabilities
        return Renderer(caps.sqlglot_dialect or "", self.path, caps.casefold_identifier)

    def path(self, schema: str, name: str) -> list[str]:
        """Catalog, if there is any, schema and table, as they are stored."""
        dataset = self.views_dataset if schema == "shown" else self.client.dataset_name
        return self.client.make_qualified_table_name_path(name, quote=False, dataset_name=dataset)

    def physical(self, name: str) -> str:
        """How dlt spells a table's name that is longer than the destination allows."""
        limit = self.client.capabilities.max_identifier_length
        return NamingConvention.shorten_identifier(name, name, limit)

    def columns_question(self, schema: str) -> tuple[str, list[str]]:
        """Asks for table and column names, and perhaps those of other datasets; and its values."""
        where, values = self._information(schema, "columns")
        return (
            f"select table_name, column_name from {where} order by table_name, ordinal_position",
            values,
        )

    def views_question(self) -> tuple[str, list[str]]:
        """Asks for the names of views, and perhaps those of other datasets; and its values."""
        where, values = self._information("shown", "views")
        return f"select table_name from {where}", values

    def _information(self, schema: str, what: str) -> tuple[str, list[str]]:
        *catalog, dataset, _ = self.path(schema, "x")
        if self.client.capabilities.sqlglot_dialect == "bigquery":
            parts = ".".join(f"`{part}`" for part in (*catalog, dataset))
            return f"{parts}.INFORMATION_SCHEMA.{what.upper()}", []
        return f"information_schema.{what} where table_schema = %s", [dataset]

    def table_of(self, stored: str, schema: str) -> str | None:
        """Our name of a table that is stored under this one; None if it is no table of ours."""
        prefix = self.path(schema, "x")[-1][:-1]
        if not stored.startswith(prefix):
            return None
        return self.column_of(stored.removeprefix(prefix))

    def column_of(self, stored: str) -> str:
        """dlt's names are lower case, so upper case tells a destination that folds them."""
        return (
            stored.lower() if self.client.capabilities.casefold_identifier is str.upper else stored
        )


@dataclass(frozen=True, slots=True)
class Renderer:
    """Renders for one destination.

    `path` is where a table stands, by a template's schema and a name: catalog, if any, schema and
    table, as they are spelt there. `casefold` is how the destination spells columns that dlt made.
    """

    dialect: str
    path: Callable[[str, str], Sequence[str]]
    casefold: Callable[[str], str] = str

    def render(
        self,
        template: str,
        *,
        names: Mapping[str, str] | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> str:
        """Render `template`; `names` replaces identifiers, `values` the placeholders `:name`.

        A quoted name in the template is the destination's own, and stays.
        """
        literals = {name: _literal(value) for name, value in (values or {}).items()}
        tree = exp.replace_placeholders(sqlglot.parse_one(template, dialect="duckdb"), **literals)
        placed = self._place_tables(tree, names or {})
        for identifier in tree.find_all(exp.Identifier):
            if id(identifier) not in placed:
                own = {} if identifier.quoted else names or {}
                name = own.get(identifier.this, identifier.this)
                identifier.set("this", self.casefold(name))
                identifier.set("quoted", True)
        if self.dialect in _NO_ROW_VALUES:
            tree = tree.transform(_without_row_values)
        if self.dialect == "tsql":
            tree = tree.transform(_with_timestamp_trunc)
        if self.dialect == "clickhouse":
            tree = tree.transform(_with_qualified_columns)
        tree = tree.transform(_with_additions)
        if self.dialect == "clickhouse" and isinstance(tree, exp.Update):
            return _mutation(tree)
        return tree.sql(dialect=self.dialect)

    def comment(self, kind: str, at: tuple[str, str], text: str, column: str = "") -> str:
        """A `comment on` statement for a table, a view or its column.

        Args:
            kind: `table` or `view`.
            at: the schema of a template, and the name as it is stored.
        """
        what = f"{kind} {self.placed(*at)}"
        if column:
            what = f"column {self.placed(*at)}.{self.quoted(self.casefold(column))}"
        return f"comment on {what} is {_text(self.dialect, text)}"

    def placed(self, schema: str, name: str) -> str:
        """A table or view, by the schema of a template and the name as it is stored."""
        return ".".join(map(self.quoted, self.path(schema, name)))

    def quoted(self, name: str) -> str:
        """A name as it is stored, as an identifier."""
        return _quoted(self.dialect, name)

    def _place_tables(self, tree: exp.Expr, names: Mapping[str, str]) -> set[int]:
        """Says which identifiers are the tables' and so are done."""
        placed: list[exp.Identifier] = []
        for table in tree.find_all(exp.Table):
            if table.db in SCHEMAS:
                path = self.path(table.db, names.get(table.name, table.name))
                parts = [exp.to_identifier(part, quoted=True) for part in path]
                for key, part in zip(("this", "db", "catalog"), reversed(parts), strict=False):
                    table.set(key, part)
                placed += parts
        return {id(part) for part in placed}


def columns_of(template: str) -> list[str]:
    """The columns of the view that a statement creates."""
    statement = sqlglot.parse_one(template, dialect="duckdb")
    return list(statement.expression.named_selects)


@lru_cache(maxsize=4096)
def _quoted(dialect: str, name: str) -> str:
    return exp.to_identifier(name, quoted=True).sql(dialect)


@lru_cache(maxsize=4096)
def _text(dialect: str, text: str) -> str:
    return exp.Literal.string(text).sql(dialect)


def _with_additions(node: exp.Expr) -> exp.Expr:
    """`day + interval (n) day`, which sqlglot has for every dialect only as a date's addition."""
    if not (isinstance(node, (exp.Sub, exp.Add, exp.DateAdd)) and _is_interval(node.expression)):
        return node
    span = node.expression
    count = span.this.unnest()
    if count.is_string:
        count = exp.Literal.number(count.name)
    if isinstance(node, exp.Sub):
        count = exp.Neg(this=exp.paren(count) if isinstance(count, exp.Binary) else count)
    return exp.DateAdd(this=node.this, expression=count, unit=span.args["unit"])


def _is_interval(node: exp.Expr | None) -> bool:
    return isinstance(node, exp.Interval)


def _with_timestamp_trunc(node: exp.Expr) -> exp.Expr:
    """The beginning of a month on SQL Server, for which sqlglot has only that of a timestamp."""
    if not isinstance(node, exp.DateTrunc):
        return node
    return exp.TimestampTrunc(this=node.this, unit=exp.var(node.args["unit"].name))


def _with_qualified_columns(node: exp.Expr) -> exp.Expr:
    """On ClickHouse a bare name is first that of an expression of the same `select`, and `r.id` is
    called `r.id` where two tables have an `id`.
    """
    if not isinstance(node, exp.Select):
        return node
    if not node.args.get("joins") and (source := node.args.get("from_")):
        for clause in (*node.expressions, *map(node.args.get, ("where", "group", "having"))):
            for column in _own_columns(clause):
                column.set("table", exp.to_identifier(source.this.alias_or_name, quoted=True))
    names = [each.alias_or_name for each in node.expressions]
    if len({*names}) == len(names):
        node.set("expressions", [_named(each) for each in node.expressions])
    return node


def _named(column: exp.Expr) -> exp.Expr:
    is_qualified = isinstance(column, exp.Column) and column.table and not column.is_star
    return exp.alias_(column, column.this.copy()) if is_qualified else column


def _mutation(update: exp.Update) -> str:
    """ClickHouse's `update` needs tables of another kind than dlt makes; this waits until all of
    its replicas are done.
    """
    table, where = (update.args[key].sql("clickhouse") for key in ("this", "where"))
    changes = ", ".join(each.sql("clickhouse") for each in update.expressions)
    return f"ALTER TABLE {table} UPDATE {changes} {where} SETTINGS mutations_sync = 2"


def _own_columns(clause: exp.Expr | None) -> Iterator[exp.Column]:
    """The unqualified columns of a clause, without those of queries within it."""
    for node in clause.walk(prune=lambda node: isinstance(node, exp.Query)) if clause else ():
        if isinstance(node, exp.Column) and not node.table and not node.is_star:
            yield node


def _without_row_values(node: exp.Expr) -> exp.Expr:
    if not (isinstance(node, exp.In) and isinstance(node.this, exp.Tuple) and node.args["query"]):
        return node
    select: exp.Select = node.args["query"].this.copy()
    pairs = zip(select.expressions, node.this.expressions, strict=True)
    equal = [exp.EQ(this=inner.copy(), expression=outer.copy()) for inner, outer in pairs]
    return exp.Exists(this=select.select("1", append=False).where(*equal))


def _literal(value: Any) -> exp.Expr:
    if isinstance(value, date) and not isinstance(value, datetime):
        return exp.cast(exp.Literal.string(value.isoformat()), exp.DataType.Type.DATE)
    if isinstance(value, (list, tuple)):
        return exp.Tuple(expressions=[exp.convert(each) for each in value])
    return exp.convert(value)
