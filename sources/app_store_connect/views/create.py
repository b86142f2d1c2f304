"""The views at the destination, and the comments on tables and columns."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property, partial

from .. import tables
from ..errors import Failure
from ..extract.slices import SHOWN_PROVENANCE
from ..tables import LOAD_ID, REPORT_COLUMNS, SLICE_KEY, STORED_REPORT
from ..warehouse.connection import Warehouse
from ..warehouse.dialect import columns_of
from ..warehouse.ledger import Ledger
from .comments import COLUMNS, SHOWN_REPORT, TABLES
from .date_owners import DATE_OWNERS, date_owners_statement
from .definitions import Definition, Definitions
from .freshness import FRESHNESS, freshness_statement
from .owners import SLICES_STATEMENT, SLICES_VIEW
from .restatements import RESTATEMENTS, RESTATEMENTS_STATEMENT

# Rendered once; a report's own names are put in their place afterwards.
_REPORT_VIEW = f"""
create or replace view shown.this_table as
select these_columns
from raw.this_table as r
join shown.{SLICES_VIEW} as s on s.{SLICE_KEY} = r.{SLICE_KEY}
where s.table_name = 'this_table' and s.is_shown
"""
_TABLE, _COLUMNS = "this_table", "these_columns"
_NEEDED = {
    tables.LOADS,
    *(
        table.name
        for table in (tables.SEGMENTS, tables.SLICES, tables.INSTANCES, tables.REPORT_CATALOGUE)
    ),
}
_COMMENTING = ("duckdb", "postgres")
"""Dialects in which comments on tables, views and columns were tried."""
_NOT_COMMENTING = ("view", "ducklake")
"""The kind of relation, and of destination, whose columns cannot have comments (DuckDB 1.5)."""
_INDEXING = ("postgres",)
"""Dialects that read a slice's rows by an index."""


def create_views(
    warehouse: Warehouse, on_failure: Callable[[Failure], None] | None = None
) -> list[str]:
    """Make the view of every loaded table, and those that tell of all of them, as far as they are
    not as they should be; says of which tables there are views.

    Args:
        on_failure: is told of a view that could not be made; the others are made all the same.

    Raises:
        DestinationError: the destination fails, and not at one view alone.
    """
    if not warehouse.columns().keys() >= _NEEDED:
        return []
    _create_dataset(warehouse)
    definitions = Definitions(warehouse, on_failure)
    writer = _Writer(warehouse)
    common, of_reports = [*writer.common_views()], [*writer.report_views()]
    made = definitions.apply([*common, *of_reports])  # a kill leaves all of them or none
    if warehouse.database.can_delete:
        definitions.apply(writer.tables())
    return sorted(made & {each.name for each in of_reports})


def analyze(warehouse: Warehouse, report_tables: Collection[str]) -> None:
    """Have the planner of a database that plans by an index count these tables and the job's own
    now: it would know nothing of them for a minute, or for good where autovacuum is off.
    """
    renderer = warehouse.dialect.renderer
    if renderer.dialect in _INDEXING:
        own = [table.name for table in tables.OWN_TABLES]
        found = {*own, *map(warehouse.physical, report_tables), tables.LOADS}
        for name in found & warehouse.columns().keys():
            warehouse.run(f"analyze {renderer.placed('raw', name)}")


def _create_dataset(warehouse: Warehouse) -> None:
    with warehouse.client.with_alternative_dataset_name(warehouse.views_dataset) as client:
        if not client.has_dataset():
            client.create_dataset()


class _Writer:
    """Writes the definitions in the destination's dialect."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._renderer = warehouse.dialect.renderer
        self._existing = warehouse.columns()
        self._report_tables = warehouse.report_tables()
        self._ledger = Ledger(warehouse)
        self._reports = self._ledger.loaded_reports()
        self._has_comments = self._renderer.dialect in _COMMENTING
        places = [self._placed_at(schema) for schema in ("raw", "shown")]
        self._basis = f"{self._renderer.dialect} {places}"
        self._drop = self._renderer.render("drop view if exists shown.this_table")
        self._meanings: dict[str, dict[str, str]] = {}
        if self._has_comments:
            for row in self._ledger.latest(REPORT_COLUMNS).values():
                of_table = self._meanings.setdefault(row["table_name"], {})
                of_table[row["column_name"]] = row["meaning"]

    @cached_property
    def _template(self) -> str:
        return self._renderer.render(_REPORT_VIEW)

    def common_views(self) -> Iterator[Definition]:
        """The views that tell of all reports."""
        has_checks = tables.INSTANCE_CHECKS.name in self._existing
        yield self._common(SLICES_VIEW, SLICES_STATEMENT)
        yield self._common(DATE_OWNERS, date_owners_statement(has_checks=has_checks))
        yield self._common(RESTATEMENTS, RESTATEMENTS_STATEMENT)
        if tables.REPORTS.name in self._existing:
            name = self._ledger.report_name()
            yield self._common(FRESHNESS, freshness_statement(self._existing, name))

    def _common(self, name: str, template: str) -> Definition:
        def statements() -> Iterator[str]:
            yield self._renderer.render(template, names={_TABLE: name})
            said = self._meanings_of(name, columns_of(template))
            yield from self._comments("view", "shown", name, TABLES[name], said)

        basis = f"{template} {TABLES[name]} {COLUMNS}"
        return self._view(name, basis, statements, partial(columns_of, template))

    def report_views(self) -> Iterator[Definition]:
        """The view of each report table."""
        for name, report, granularity, columns in self._loaded():
            shown = self._shown(columns)
            said = self._meanings_of(name, shown)
            text = SHOWN_REPORT.format(report=report, granularity=granularity)
            make = partial(self._report_view, name, shown, text, said)
            basis = f"{_REPORT_VIEW} {shown} {text} {said}"
            yield self._view(name, basis, make, shown.keys)

    def tables(self) -> Iterator[Definition]:
        """Comments on the raw tables, and the index of those that views read."""
        for own in tables.OWN_TABLES:
            if columns := self._existing.get(own.name):
                yield self._table(own.name, TABLES[own.name], columns)
        for name, report, granularity, columns in self._loaded():
            text = STORED_REPORT.format(report=report, granularity=granularity)
            yield self._table(name, text, columns, *self._index(name))

    def _loaded(self) -> Iterator[tuple[str, str, str, list[str]]]:
        """Name, report, granularity and columns of each report table."""
        for name, report, _, granularity in self._reports:
            if columns := self._report_tables.get(self._warehouse.physical(name)):
                yield name, report, granularity, columns

    def _report_view(
        self, name: str, shown: Mapping[str, str], text: str, said: Mapping[str, str | None]
    ) -> Iterator[str]:
        placed = self._placed(self._template, name)
        yield placed.replace(self._quoted(_COLUMNS), ", ".join(shown.values()))
        yield from self._comments("view", "shown", name, text, said)

    def _shown(self, columns: Iterable[str]) -> dict[str, str]:
        """The columns of a report's view, each with its expression. They stand in the table's
        order, so that one which comes later is the last one here too: some destinations add
        columns to a view at its end only.
        """
        quoted = self._quoted
        shown: dict[str, str] = {}
        for column in columns:
            if column == SLICE_KEY:
                for ours, theirs in SHOWN_PROVENANCE.items():
                    shown[ours] = f"{quoted('s')}.{quoted(theirs)} as {quoted(ours)}"
            elif column != LOAD_ID:
                shown[column] = f"{quoted('r')}.{quoted(column)} as {quoted(column)}"
        return shown

    def _view(
        self,
        name: str,
        basis: str,
        statements: Callable[[], Iterable[str]],
        columns: Callable[[], Iterable[str]],
    ) -> Definition:
        drop = self._placed(self._drop, name)
        return Definition(name, f"{self._basis} {basis}", statements, columns, drop)

    def _table(self, name: str, text: str, columns: Iterable[str], *index: str) -> Definition:
        said = self._meanings_of(name, columns)

        def statements() -> Iterator[str]:
            yield from self._comments("table", "raw", name, text, said)
            yield from index

        return Definition(name, f"{self._basis} {text} {said} {index}", statements)

    def _meanings_of(self, name: str, columns: Iterable[str]) -> dict[str, str | None]:
        known = self._meanings.get(name, {})
        return {each: known.get(each) or COLUMNS.get(each) for each in columns}

    def _comments(
        self, kind: str, schema: str, name: str, text: str, said: Mapping[str, str | None]
    ) -> list[str]:
        if not self._has_comments:
            return []
        at = schema, self._warehouse.physical(name)
        if (kind, self._warehouse.database.kind) == _NOT_COMMENTING:
            said = {}
        columns = [
            self._renderer.comment(kind, at, meaning, column)
            for column, meaning in said.items()
            if meaning
        ]
        return ["; ".join([self._renderer.comment(kind, at, text), *columns])]

    def _index(self, name: str) -> list[str]:
        if self._renderer.dialect not in _INDEXING:
            return []
        index = f"slice_key_{hashlib.sha256(name.encode()).hexdigest()[:16]}"
        statement = f"create index if not exists {index} on raw.{_TABLE} ({SLICE_KEY})"
        return [self._renderer.render(statement, names={_TABLE: self._warehouse.physical(name)})]

    def _placed(self, template: str, name: str) -> str:
        """A rendered statement with a report table's name in the place of `this_table`."""
        placed = template.replace(f"'{_TABLE}'", f"'{name}'")
        for schema in ("raw", "shown"):
            stored = self._renderer.placed(schema, self._warehouse.physical(name))
            placed = placed.replace(self._placed_at(schema), stored)
        return placed

    def _placed_at(self, schema: str) -> str:
        return self._renderer.placed(schema, _TABLE)

    def _quoted(self, name: str) -> str:
        return self._renderer.quoted(self._renderer.casefold(name))
