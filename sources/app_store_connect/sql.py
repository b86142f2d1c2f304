"""Statements for any destination: written once in DuckDB's dialect, rendered by sqlglot.

Tables stand as `raw.<name>` (what dlt writes) or `shown.<name>` (views); a name without a schema is
a common table expression. Every identifier is quoted and every value becomes a literal, so a name
from Apple is never read as SQL.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlglot
from sqlglot import exp


@dataclass(frozen=True, slots=True)
class Renderer:
    """Renders for one destination. `casefold` is how it spells identifiers that dlt made."""

    dialect: str
    raw: str
    shown: str
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
        schemas = {"raw": self.raw, "shown": self.shown}
        for table in tree.find_all(exp.Table):
            if table.db:
                table.set("db", exp.to_identifier(schemas[table.db], quoted=True))
        for identifier in tree.find_all(exp.Identifier):
            if identifier.this not in schemas.values():
                own = {} if identifier.quoted else names or {}
                name = own.get(identifier.this, identifier.this)
                identifier.set("this", self.casefold(name))
            identifier.set("quoted", True)
        return tree.sql(dialect=self.dialect)


def _literal(value: Any) -> exp.Expr:
    if isinstance(value, date):
        return exp.cast(exp.Literal.string(value.isoformat()), exp.DataType.Type.DATE)
    if isinstance(value, (list, tuple)):
        return exp.Tuple(expressions=[exp.convert(each) for each in value])
    return exp.convert(value)
