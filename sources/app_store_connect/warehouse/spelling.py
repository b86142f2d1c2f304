"""How a destination spells the tables that dlt makes there, as dlt's own client tells it."""

from dataclasses import dataclass
from typing import Any

from dlt.common.normalizers.naming import NamingConvention
from dlt.destinations.sql_client import SqlClientBase

from app_store_connect.warehouse.dialect import Renderer


@dataclass(frozen=True, slots=True)
class Spelling:
    """Names of one dataset of dlt's, and of the dataset of the views beside it."""

    client: SqlClientBase[Any]
    views_dataset: str

    @property
    def renderer(self) -> Renderer:
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
