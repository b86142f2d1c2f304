"""Replaces the statements of Databricks that Spark without Delta Lake does not know."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import sqlglot
from sqlglot import exp

DIALECT = "databricks"
INFORMATION = re.compile(
    r"(?is) information_schema\.(?P<view>\w+)\s.*?(?:table_schema|schema_name) = '(?P<schema>\w+)'"
)
Rows = list[tuple[Any, ...]]


class OnSpark:
    """Carries out a statement of Databricks on Spark."""

    def __init__(self, spark: Callable[[str], Rows]) -> None:
        self._spark = spark
        self._known: dict[tuple[str, str], Rows] = {}

    def __call__(self, statement: str) -> Rows:
        if asked := INFORMATION.search(statement):
            return self._information(asked["view"].lower(), asked["schema"])
        kind = statement.split(maxsplit=1)[0].lower()
        if kind in ("begin", "commit", "rollback"):
            return []  # dlt says none of them to Databricks
        if kind in ("delete", "update"):
            self._change(sqlglot.parse_one(statement, dialect=DIALECT))
            return []
        if kind not in ("select", "with", "insert"):
            self._known.clear()
        return self._spark(statement)

    def _information(self, view: str, schema: str) -> Rows:
        """Spark takes seconds to tell the columns of the views, so they are asked for once."""
        asked = view, schema
        if asked not in self._known:
            is_there = (schema,) in self._spark("show schemas")
            self._known[asked] = list(self._told(view, schema)) if is_there else []
        return self._known[asked]

    def _told(self, view: str, schema: str) -> Iterator[tuple[Any, ...]]:
        if view == "schemata":
            yield (1,)
        elif view == "views":
            yield from ((name,) for _, name, *_ in self._spark(f"show views in {schema}"))
        else:
            for _, name, *_ in self._spark(f"show tables in {schema}"):
                yield from ((name, *column) for column in self._columns(f"{schema}.{name}"))

    def _columns(self, table: str) -> Rows:
        return self._spark(f"show columns in {table}")

    def _change(self, statement: exp.Expr) -> None:
        """A copy of the table without the rows that a `delete` removes, or with those that an
        `update` changes, takes the table's place.
        """
        table = statement.this.sql(DIALECT)
        where = statement.args.get("where")
        concerned = where.this.sql(DIALECT) if where else "true"
        if isinstance(statement, exp.Delete):
            rows = f"select * from {table} where not coalesce({concerned}, false)"
        else:
            new = {each.this.name: each.expression.sql(DIALECT) for each in statement.expressions}
            columns = [
                f"case when {concerned} then {new[name]} else {name} end as {name}"
                if name in new
                else name
                for (name,) in self._columns(table)
            ]
            rows = f"select {', '.join(columns)} from {table}"
        self._spark(
            f"create table {table}_copy using parquet as {rows}".replace("`_copy", "_copy`")
        )
        self._spark(f"drop table {table}")
        self._spark(f"alter table {table}_copy rename to {table}".replace("`_copy", "_copy`"))
