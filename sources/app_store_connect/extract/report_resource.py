"""dlt resources that keep the promise of the raw tables: hints that would break it are refused, and
steps that a user adds see the report's rows alone.
"""

from collections.abc import Callable, Iterator, Mapping
from inspect import signature
from typing import Any, Self

import dlt
from dlt.common.schema.typing import TTableSchema
from dlt.extract import DltResource
from dlt.extract.exceptions import CurrentSourceNotAvailable
from dlt.extract.hints import DltResourceHints, HintsMeta
from dlt.extract.items_transform import FilterItem, MapItem, YieldMapItem

from ..catalog import ColumnType, ReportSchema
from ..errors import ConfigurationError
from ..tables import LEDGER_TABLES
from .slices import PROVENANCE

LEDGER = "ledger"
"""The resource that dlt notes as that of `tables.LEDGER_TABLES`."""

_NAMES = frozenset(table.name for table in LEDGER_TABLES)
_NO_KEY = "its rows have no key: two equal rows may both be true"
_TABLE = "the ledger says which rows are in the table"
_REASONS = {
    "write_disposition": "the ledger says which rows count, so rows are added and not replaced",
    "primary_key": _NO_KEY,
    "merge_key": _NO_KEY,
    "incremental": "the ledger at the destination says what is loaded",
    "table_name": _TABLE,
    "parent_table_name": _TABLE,
    "table_format": "all tables have one: set table_format under [sources.app_store_connect]",
    "schema_contract": "one for the whole source takes less memory: set source.schema_contract",
}
_KEYS = ("primary_key", "merge_key")
_SIGNATURE = signature(DltResourceHints.apply_hints)


_DLT_TYPES: Mapping[ColumnType, Mapping[str, Any]] = {
    ColumnType.DATE: {"data_type": "date"},
    ColumnType.BIGINT: {"data_type": "bigint"},
    ColumnType.DECIMAL: {"data_type": "decimal", "precision": 38, "scale": 9},
    ColumnType.DOUBLE: {"data_type": "double"},
    ColumnType.TEXT: {"data_type": "text"},
}
"""The types of report columns, as dlt infers them from Arrow's."""


def column_hints(schema: ReportSchema) -> Any:
    """dlt's hints for the columns of a report's table, as far as the catalogue has them."""
    known = {name: schema.described(name) for name in schema.table_columns()}
    hints = {
        name: {"name": name, "nullable": True, "description": meaning, **_DLT_TYPES[kind]}
        for name, (kind, _, meaning) in known.items()
    }
    return hints | {
        name: {"name": name, "nullable": False, **_DLT_TYPES[kind]} for name, kind in PROVENANCE
    }


class RawResource(DltResource):
    """A resource of a raw table. Its own hints cannot be changed, others can be added."""

    def apply_hints(self, *arguments: Any, **hints: Any) -> Self:
        """As dlt's. Called by dlt too, for the arguments of `pipeline.run`.

        Raises:
            ConfigurationError: a hint would break a promise of the raw tables.
        """
        given = _SIGNATURE.bind(self, *arguments, **hints).arguments
        if given.get("create_table_variant"):  # which is how rows name their table
            table = given["table_name"]
            if table in _NAMES:  # else it would begin with the hints of the report's table
                self._hints_variants.setdefault(table, dlt.mark.make_hints(table_name=table))
        else:
            for name, reason in _REASONS.items():
                if given.get(name) not in (None, self._own(name)):
                    raise ConfigurationError(f"{self.name} takes no {name}: {reason}")
            self._check_columns(given.get("columns"))
        super().apply_hints(*arguments, **hints)
        return self

    def _own(self, name: str) -> Any:
        return (self._hints or {}).get(name)

    def _check_columns(self, columns: Any) -> None:
        found = columns.values() if isinstance(columns, Mapping) else columns or ()
        own: Any = self.columns or {}
        for each in filter(lambda column: isinstance(column, Mapping), found):
            known = own.get(each.get("name"), {}).get("data_type")
            if any(each.get(key) for key in _KEYS):
                raise ConfigurationError(f"{self.name} takes no key: {_NO_KEY}")
            if known and each.get("data_type", known) != known:
                raise ConfigurationError(
                    f"column {each['name']} of {self.name} is {known}, as the catalogue has it, and"
                    f" cannot be {each['data_type']}: cast it in a query, or add a column by"
                    " add_map"
                )


class ReportResource(RawResource):
    """The rows of a report's table. Rows of the ledger pass through the same pipe, so that both
    arrive together or not at all.
    """

    def add_map(self, item_map: Callable[..., Any], insert_at: Any = None) -> Self:
        """As dlt's; `item_map` gets Arrow tables of the report's rows."""
        step = MapItem(item_map)

        def mapped(item: Any, meta: Any) -> Any:
            return item if _is_of_ledger(meta) else self._checked(step(item, meta))

        return super().add_map(mapped, insert_at)

    def add_yield_map(self, item_map: Callable[..., Any], insert_at: Any = None) -> Self:
        """As dlt's; `item_map` gets Arrow tables of the report's rows."""
        step = YieldMapItem(item_map)

        def mapped(item: Any, meta: Any) -> Iterator[Any]:
            if _is_of_ledger(meta):
                yield item
            else:
                yield from map(self._checked, step(item, meta) or ())

        return super().add_yield_map(mapped, insert_at)

    def add_filter(self, item_filter: Callable[..., bool], insert_at: Any = None) -> Self:
        """As dlt's; `item_filter` gets Arrow tables of the report's rows."""
        step = FilterItem(item_filter)

        def is_kept(item: Any, meta: Any) -> bool:
            return _is_of_ledger(meta) or step(item, meta) is not None

        return super().add_filter(is_kept, insert_at)

    def compute_table_schema(self, item: Any = None, meta: Any = None) -> TTableSchema:
        """The tables of the ledger belong to all reports: `refresh` of one must not drop them."""
        schema = super().compute_table_schema(item, meta)
        if schema["name"] in _NAMES and _has_ledger():
            schema["resource"] = LEDGER
        return schema

    def _checked(self, rows: Any) -> Any:
        """Raises ConfigurationError if the column is gone that says where the rows belong."""
        if rows is None:
            return None
        found = rows.schema.names if hasattr(rows, "schema") else getattr(rows, "columns", ())
        if lost := [name for name, _ in PROVENANCE if name not in found]:
            raise ConfigurationError(
                f"the map on {self.name} returns rows without {' and '.join(lost)}, by which the"
                " views tell the rows' origin: return an Arrow table that has these columns"
            )
        return rows


def _is_of_ledger(meta: Any) -> bool:
    return isinstance(meta, HintsMeta) and (meta.hints or {}).get("table_name") in _NAMES


def _has_ledger() -> bool:
    """Not where a user runs a resource without its source."""
    try:
        return LEDGER in dlt.current.source().resources
    except CurrentSourceNotAvailable:
        return False
