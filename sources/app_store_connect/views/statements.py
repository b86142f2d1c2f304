"""The statements of views and comments, from the state of a destination. Nothing here asks it."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from .. import tables
from ..extract.slices import SHOWN_PROVENANCE
from ..tables import LOAD_ID, SLICE_KEY, STORED_REPORT
from ..warehouse.dialect import Dialect, columns_of
from .comments import COLUMNS, SHOWN_REPORT, TABLES
from .date_owners import DATE_OWNERS, date_owners_query
from .definitions import Definition
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
COMMENTING = ("duckdb", "postgres")
"""Dialects in which comments on tables, views and columns were tried."""
INDEXING = ("postgres",)
"""Dialects that read a slice's rows by an index."""
_OF_REPORTS = ((SLICE_KEY,), (LOAD_ID,))
_OF_OWN = {
    tables.SLICES.name: (*_OF_REPORTS, ("instance_id",), ("app_id", "processing_date")),
    **dict.fromkeys(
        (tables.SEGMENTS.name, tables.INSTANCE_CHECKS.name),
        ((LOAD_ID,), ("instance_id",), ("app_id", "processing_date")),
    ),
    tables.INSTANCES.name: ((LOAD_ID,), ("id",), ("app_id", "processing_date")),
}
"""The columns of each index, of the raw tables that grow with every day: runs ask for the rows of a
load, of an instance, and of some apps since a date."""
_NOT_COMMENTING = ("view", "ducklake")
"""The kind of relation, and of destination, whose columns cannot have comments (DuckDB 1.5)."""


@dataclass(frozen=True, slots=True)
class LoadedReport:
    """A report table of the destination, with the columns that the job made, in order."""

    table_name: str
    report_name: str
    granularity: str
    columns: Sequence[str]


@dataclass(frozen=True, slots=True)
class Stored:
    """The state of the destination that views and comments follow from.

    `columns` are those of all raw tables. `meanings` has a sentence for each column of a report
    table that Apple describes. `report_name` is the SQL of a report's one name.
    """

    columns: Mapping[str, Sequence[str]]
    reports: Sequence[LoadedReport]
    meanings: Mapping[str, Mapping[str, str]]
    report_name: str


class DefinitionWriter:
    """Writes the definitions of views and comments in the dialect of a destination."""

    def __init__(self, dialect: Dialect, kind: str, stored: Stored) -> None:
        self._dialect = dialect
        self._kind = kind
        self._stored = stored
        self._renderer = dialect.renderer
        self._has_comments = self._renderer.dialect in COMMENTING
        places = [self._placed_at(schema) for schema in ("raw", "shown")]
        self._basis = f"{self._renderer.dialect} {places}"
        self._drop = self._renderer.render("drop view if exists shown.this_table")

    @cached_property
    def _template(self) -> str:
        return self._renderer.render(_REPORT_VIEW)

    def common_views(self) -> Iterator[Definition]:
        """The views that tell of all reports."""
        existing = self._stored.columns
        has_checks = tables.INSTANCE_CHECKS.name in existing
        yield self._common(SLICES_VIEW, SLICES_STATEMENT)
        owners = date_owners_query(has_checks=has_checks)
        yield self._common(DATE_OWNERS, f"create or replace view shown.this_table as {owners}")
        yield self._common(RESTATEMENTS, RESTATEMENTS_STATEMENT)
        if tables.REPORTS.name in existing:
            statement = freshness_statement(existing, self._stored.report_name)
            yield self._common(FRESHNESS, statement)

    def _common(self, name: str, template: str) -> Definition:
        def statements() -> Iterator[str]:
            yield self._renderer.render(template, names={_TABLE: name})
            said = self._meanings_of(name, columns_of(template))
            yield from self._comments("view", "shown", name, TABLES[name], said)

        basis = f"{template} {TABLES[name]} {COLUMNS}"
        return self._view(name, basis, statements, partial(columns_of, template))

    def report_views(self) -> Iterator[Definition]:
        """The view of each report table."""
        for report in self._stored.reports:
            name, shown = report.table_name, self._shown(report.columns)
            said = self._meanings_of(name, shown)
            text = SHOWN_REPORT.format(report=report.report_name, granularity=report.granularity)
            make = partial(self._report_view, name, shown, text, said)
            basis = f"{_REPORT_VIEW} {shown} {text} {said}"
            yield self._view(name, basis, make, shown.keys)

    def tables(self) -> Iterator[Definition]:
        """Comments on the raw tables, and their indexes."""
        for own in tables.OWN_TABLES:
            if columns := self._stored.columns.get(own.name):
                indexes = self._indexes(own.name, _OF_OWN.get(own.name, ()))
                yield self._table(own.name, TABLES[own.name], columns, *indexes)
        for report in self._stored.reports:
            text = STORED_REPORT.format(report=report.report_name, granularity=report.granularity)
            indexes = self._indexes(report.table_name, _OF_REPORTS)
            yield self._table(report.table_name, text, report.columns, *indexes)

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

    def _table(self, name: str, text: str, columns: Iterable[str], *indexes: str) -> Definition:
        said = self._meanings_of(name, columns)

        def statements() -> Iterator[str]:
            yield from self._comments("table", "raw", name, text, said)
            yield from indexes

        return Definition(name, f"{self._basis} {text} {said} {indexes}", statements)

    def _meanings_of(self, name: str, columns: Iterable[str]) -> dict[str, str | None]:
        known = self._stored.meanings.get(name, {})
        return {each: known.get(each) or COLUMNS.get(each) for each in columns}

    def _comments(
        self, kind: str, schema: str, name: str, text: str, said: Mapping[str, str | None]
    ) -> list[str]:
        if not self._has_comments:
            return []
        at = schema, self._dialect.physical(name)
        if (kind, self._kind) == _NOT_COMMENTING:
            said = {}
        columns = [
            self._renderer.comment(kind, at, meaning, column)
            for column, meaning in said.items()
            if meaning
        ]
        return ["; ".join([self._renderer.comment(kind, at, text), *columns])]

    def _indexes(self, table: str, keys: Iterable[Sequence[str]]) -> list[str]:
        if self._renderer.dialect not in INDEXING:
            return []
        digest = hashlib.sha256(table.encode()).hexdigest()[:16]
        names = {_TABLE: self._dialect.physical(table)}
        return [
            self._renderer.render(
                f"create index if not exists {key[0].strip('_')}_{digest}"
                f" on raw.{_TABLE} ({', '.join(key)})",
                names=names,
            )
            for key in keys
        ]

    def _placed(self, template: str, name: str) -> str:
        """A rendered statement with a report table's name in the place of `this_table`."""
        placed = template.replace(f"'{_TABLE}'", f"'{name}'")
        for schema in ("raw", "shown"):
            stored = self._renderer.placed(schema, self._dialect.physical(name))
            placed = placed.replace(self._placed_at(schema), stored)
        return placed

    def _placed_at(self, schema: str) -> str:
        return self._renderer.placed(schema, _TABLE)

    def _quoted(self, name: str) -> str:
        return self._renderer.quoted(self._renderer.casefold(name))
