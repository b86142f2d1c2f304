"""Statements for any destination: written once in DuckDB's dialect, rendered by sqlglot.

Tables stand as `raw.<name>` (what dlt writes) or `shown.<name>` (views); a name without a schema is
a common table expression. Every identifier is quoted and every value becomes a literal, so a name
from Apple is never read as SQL.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlglot
from sqlglot import exp

SCHEMAS = ("raw", "shown")
_NO_ROW_VALUES = {"bigquery", "tsql", "fabric"}
"""Dialects without `(a, b) in (select a, b ...)`: it becomes `exists`."""


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

        What is quoted in the template is a name of the destination's own, and stays.
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
        return tree.transform(_with_additions).sql(dialect=self.dialect)

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


def _with_additions(node: exp.Expr) -> exp.Expr:
    """`day - interval '7' day` as an addition, which sqlglot has for every dialect."""
    if not (isinstance(node, exp.Sub) and isinstance(node.expression, exp.Interval)):
        return node
    span = node.expression
    count = exp.Neg(this=exp.Literal.number(span.name))
    return exp.DateAdd(this=node.this, expression=count, unit=span.args["unit"])


def _with_timestamp_trunc(node: exp.Expr) -> exp.Expr:
    """The beginning of a month on SQL Server, for which sqlglot has only that of a timestamp."""
    if not isinstance(node, exp.DateTrunc):
        return node
    return exp.TimestampTrunc(this=node.this, unit=exp.var(node.args["unit"].name))


def _without_row_values(node: exp.Expr) -> exp.Expr:
    if not (isinstance(node, exp.In) and isinstance(node.this, exp.Tuple) and node.args["query"]):
        return node
    select: exp.Select = node.args["query"].this.copy()
    pairs = zip(select.expressions, node.this.expressions, strict=True)
    equal = [exp.EQ(this=inner.copy(), expression=outer.copy()) for inner, outer in pairs]
    return exp.Exists(this=select.select("1", append=False).where(*equal))


def _literal(value: Any) -> exp.Expr:
    if isinstance(value, date):
        return exp.cast(exp.Literal.string(value.isoformat()), exp.DataType.Type.DATE)
    if isinstance(value, (list, tuple)):
        return exp.Tuple(expressions=[exp.convert(each) for each in value])
    return exp.convert(value)
