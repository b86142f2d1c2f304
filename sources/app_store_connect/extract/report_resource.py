"""dlt resources that keep the promise of the raw tables: hints that would break it are refused, and
steps that a user adds see the report's rows alone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from inspect import signature
from typing import Any, Self

import dlt
from dlt.common.schema.typing import TTableSchema
from dlt.extract import DltResource
from dlt.extract.exceptions import CurrentSourceNotAvailable
from dlt.extract.hints import DltResourceHints, HintsMeta
from dlt.extract.items import DataItemWithMeta
from dlt.extract.items_transform import FilterItem, MapItem, YieldMapItem
from dlt.extract.utils import ensure_table_schema_columns

from ..catalog import ColumnType, ReportSchema
from ..errors import ConfigurationError
from ..tables import LEDGER_TABLES, LISTING_TABLES
from .slices import PROVENANCE

LEDGER = "ledger"
"""The resource that dlt notes as that of `tables.LEDGER_TABLES`."""

_LISTS = frozenset(table.name for table in LISTING_TABLES)
_NAMES = _LISTS.union(table.name for table in LEDGER_TABLES)
_ADDED = "the ledger says which rows count, so rows are added and not replaced"
_TABLE = "the ledger says which rows are in the table"
_REASONS = {
    "write_disposition": _ADDED,
    "x-merge-strategy": _ADDED,
    "incremental": "the ledger at the destination says what is loaded",
    "table_name": _TABLE,
    "parent_table_name": _TABLE,
    "name": _TABLE,
    "parent": _TABLE,
    "table_format": "all tables have one: set table_format under [sources.app_store_connect]",
    "schema_contract": "one for the whole source takes less memory: set source.schema_contract",
}
"""By names of dlt's hints, as arguments and in `additional_table_hints`."""
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

    _no_key = "its rows have no key: two equal rows may both be true"

    def apply_hints(self, *arguments: Any, **hints: Any) -> Self:
        """As dlt's. Called by dlt too, for the arguments of `pipeline.run`.

        Raises:
            ConfigurationError: a hint would break a promise of the raw tables.
        """
        given = _SIGNATURE.bind(self, *arguments, **hints).arguments
        if given.get("create_table_variant"):  # which is how rows name their table
            self._begin_variant(given.get("table_name"))
        else:
            self._check_hints({**(given.get("additional_table_hints") or {}), **given})
        super().apply_hints(*arguments, **hints)
        return self

    def _begin_variant(self, table: Any) -> None:
        if not isinstance(table, str):
            raise ConfigurationError(f"{self.name} takes no create_table_variant: {_TABLE}")
        if table in _NAMES:  # else it would begin with the hints of the report's table
            self._hints_variants.setdefault(table, dlt.mark.make_hints(table_name=table))

    def _check_hints(self, given: Mapping[str, Any]) -> None:
        reasons = _REASONS | dict.fromkeys(_KEYS, self._no_key)
        for name, reason in reasons.items():
            if given.get(name) not in (None, (self._hints or {}).get(name)):
                raise ConfigurationError(f"{self.name} takes no {name}: {reason}")
        if columns := given.get("columns"):
            self._check_columns(columns)

    def _check_columns(self, columns: Any) -> None:
        if callable(columns) and not isinstance(columns, type):  # a type is a model of pydantic
            raise ConfigurationError(f"{self.name} takes no function for columns: {_TABLE}")
        own: Any = self.columns or {}
        for name, column in ensure_table_schema_columns(columns).items():
            known = own.get(name, {}).get("data_type")
            if any(column.get(key) for key in _KEYS):
                raise ConfigurationError(f"{self.name} takes no key: {self._no_key}")
            if known and (asked := column.get("data_type", known)) != known:
                raise ConfigurationError(
                    f"column {name} of {self.name} is {known}, as the catalogue has it, and cannot"
                    f" be {asked}: cast it in a query, or add a column by add_map"
                )

    def __or__(self, transform: Any) -> DltResource:
        """As dlt's. A resource behind this one gets the rows of this table, and no others."""
        if not isinstance(transform, DltResource):
            return super().__or__(transform)
        own: DltResource = DltResource.from_data(
            self._own_rows, name=f"{self.name}_rows", data_from=self
        )
        return own | transform

    def _own_rows(self, item: Any, meta: Any = None) -> Any:
        """Without the mark that names their table: the rows behind are of another one."""
        is_own = self.name == _marked_table(meta) or not _is_of_other_table(meta)
        return DataItemWithMeta(None, item) if is_own else None

    def select_tables(self, *table_names: Any) -> Self:
        """Raises ConfigurationError if the table of this resource is not one of them."""
        if self.name in table_names:
            return self
        raise ConfigurationError(
            f"{self.name} cannot leave out tables: {_TABLE}; choose the reports by the argument"
            " `reports` of the source"
        )


class ListResource(RawResource):
    """The rows of one of Apple's lists. All lists of a load are read together, by the first."""

    _no_key = "Apple's ids are its key"

    def parallelize(self) -> Self:
        """Changes nothing: a list is read by several workers in any case."""
        return self


class ReportResource(RawResource):
    """The rows of a report's table. Rows of the ledger pass through the same pipe, so that both
    arrive together or not at all.
    """

    def add_limit(self, *arguments: Any, **limits: Any) -> Self:
        """Raises ConfigurationError: dlt's limit would change nothing, and load all."""
        raise ConfigurationError(
            f"{self.name} takes no limit, since an instance is loaded whole or not at all: choose"
            " fewer instances by the arguments `since`, `until` and `app_ids` of the source"
        )

    def add_metrics(self, metrics_f: Callable[..., None], insert_at: Any = None) -> Self:
        """As dlt's; `metrics_f` gets Arrow tables of the report's rows."""

        def measured(item: Any, meta: Any, metrics: Any) -> None:
            if not _is_of_other_table(meta):
                metrics_f(item, meta, metrics)

        return super().add_metrics(measured, insert_at)

    def add_map(self, item_map: Callable[..., Any], insert_at: Any = None) -> Self:
        """As dlt's; `item_map` gets Arrow tables of the report's rows."""
        step = MapItem(item_map)

        def mapped(item: Any, meta: Any) -> Any:
            return item if _is_of_other_table(meta) else self._checked(step(item, meta))

        return super().add_map(mapped, insert_at)

    def add_yield_map(self, item_map: Callable[..., Any], insert_at: Any = None) -> Self:
        """As dlt's; `item_map` gets Arrow tables of the report's rows."""
        step = YieldMapItem(item_map)

        def mapped(item: Any, meta: Any) -> Iterator[Any]:
            if _is_of_other_table(meta):
                yield item
            else:
                yield from map(self._checked, step(item, meta) or ())

        return super().add_yield_map(mapped, insert_at)

    def add_filter(self, item_filter: Callable[..., bool], insert_at: Any = None) -> Self:
        """As dlt's; `item_filter` gets Arrow tables of the report's rows."""
        step = FilterItem(item_filter)

        def is_kept(item: Any, meta: Any) -> bool:
            return _is_of_other_table(meta) or step(item, meta) is not None

        return super().add_filter(is_kept, insert_at)

    def compute_table_schema(self, item: Any = None, meta: Any = None) -> TTableSchema:
        """The tables of the ledger and of lists belong to all reports: `refresh` of one must not
        drop them.
        """
        schema = super().compute_table_schema(item, meta)
        if (name := schema["name"]) in _NAMES and _has_ledger():
            schema["resource"] = name if name in _LISTS else LEDGER
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


def file_formats(resources: Iterable[DltResource]) -> set[str]:
    """The formats of files that a user chose, as hints or for the run, for any table: all tables of
    a lake's dataset are read together.
    """
    hints: list[Any] = [each._hints or {} for each in resources]
    return {each["file_format"] for each in hints if each.get("file_format")}


def refuse_data_from(resources: Iterable[DltResource]) -> None:
    """Raises ConfigurationError for a transformer that would get the rows of all tables."""
    for each in resources:
        if isinstance(behind := each._parent, RawResource):
            raise ConfigurationError(
                f"{each.name} takes its data from {behind.name} by data_from, so that rows of other"
                f' tables would pass: write source.resources["{behind.name}"] | {each.name}'
            )


def _is_of_other_table(meta: Any) -> bool:
    """Whether rows in the pipe of a report are of the ledger or of one of Apple's lists."""
    return _marked_table(meta) in _NAMES


def _marked_table(meta: Any) -> Any:
    return (meta.hints or {}).get("table_name") if isinstance(meta, HintsMeta) else None


def _has_ledger() -> bool:
    """Not where a user runs a resource without its source."""
    try:
        return LEDGER in dlt.current.source().resources
    except CurrentSourceNotAvailable:
        return False
