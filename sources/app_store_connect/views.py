"""The truth about restatements, as views: generated once, from the ledger and the catalogue."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from app_store_connect import tables
from app_store_connect.catalog import ReportSchema, RestatementPolicy, policy_of, schema_of
from app_store_connect.discovery import Failure
from app_store_connect.errors import DestinationError
from app_store_connect.freshness import FRESHNESS, facts, freshness_view
from app_store_connect.ledger import COMPLETE_LOADS, VISIBLE_SEGMENTS, Ledger
from app_store_connect.owners import ACCUMULATED, IS_ACCUMULATED, IS_OWNED, OWNED
from app_store_connect.provenance import PROVENANCE, SEGMENT_KEY
from app_store_connect.tables import INSTANCES, LOAD_ID, LOADS, SEGMENT_DATES, SEGMENTS

# `in`, since `exists` with an expression in it makes DuckDB join the rows with themselves.
_REPORT_VIEW = f"""
create or replace view shown.this_table as
with visible as ({VISIBLE_SEGMENTS.format(condition="table_name = :table_name")}),
{{owned}}
select {{columns}}
from raw.this_table as r
where (r.{SEGMENT_KEY}, r.{LOAD_ID}, {{day}}) in (
    select segment_id, {LOAD_ID}, date from owned where {{is_shown}}
)
"""
_RULES = {
    RestatementPolicy.REPLACE: (OWNED, IS_OWNED),
    RestatementPolicy.ACCUMULATE: (ACCUMULATED, IS_ACCUMULATED),
}


def create_views(
    ledger: Ledger,
    policies: Mapping[str, RestatementPolicy],
    on_failure: Callable[[Failure], None] | None = None,
) -> list[str]:
    """Create or replace the view of every loaded table, and `data_freshness`; says which there are.

    Args:
        policies: by `comparable_name`, what overrides the catalogue.
        on_failure: is told of a view that could not be made; the others are made all the same.

    Raises:
        DestinationError: the destination fails, and not at one view alone.
    """
    if not {SEGMENTS.name, SEGMENT_DATES.name, INSTANCES.name, LOADS} <= ledger.columns().keys():
        return []
    _create_dataset(ledger)
    loaded = ledger.execute(
        f"select table_name, max(report_name), max(category) from raw.{SEGMENTS.name}"
        f" where {LOAD_ID} in ({COMPLETE_LOADS}) group by table_name"
    )
    schemas = {name: schema_of(report, category) for name, report, category in loaded}
    existing = ledger.report_tables()
    made: list[str] = []
    for name, schema in sorted(schemas.items()):
        columns = existing.get(ledger.physical(name))
        if not columns:
            continue
        policy = policy_of(schema, columns, policies)
        make = partial(_create_view, ledger, name, columns, schema, policy)
        if _is_made(ledger, name, make, on_failure):
            made.append(name)
    _is_made(ledger, FRESHNESS, partial(_create_freshness, ledger, schemas), on_failure)
    return made


def _is_made(
    ledger: Ledger,
    view: str,
    make: Callable[[], None],
    on_failure: Callable[[Failure], None] | None,
) -> bool:
    """A table of the user's may have the view's name, or a view of theirs be built on it."""
    try:
        make()
    except DestinationError as error:
        ledger.execute("select 1")  # fails too where the destination does
        if on_failure is None:
            raise
        advice = "rename or drop what has its name or is built on it, then run again"
        why = f"{error}; {advice}"
        on_failure(Failure(f"the view {ledger.views_dataset}.{view}", why, error))
        return False
    return True


def _create_dataset(ledger: Ledger) -> None:
    with ledger.client.with_alternative_dataset_name(ledger.views_dataset) as client:
        if not client.has_dataset():
            client.create_dataset()


def _create_view(
    ledger: Ledger,
    name: str,
    columns: Iterable[str],
    schema: ReportSchema,
    policy: RestatementPolicy,
) -> None:
    owned, is_shown = _RULES[policy]
    own = {column for column, _ in PROVENANCE}  # its processing date would pass for Apple's date
    day = "r._processing_date"
    if dates := [f'r."{column}"' for column in schema.date_columns_in(set(columns) - own)]:
        day = f"coalesce({', '.join(dates)}, {day})"
    shown = ", ".join(f'r."{column}"' for column in columns)
    statement = _REPORT_VIEW.format(columns=shown, day=day, owned=owned, is_shown=is_shown)
    _replace(ledger, name, statement, table_name=name)


def _replace(ledger: Ledger, view: str, statement: str, **values: Any) -> None:
    """Some destinations refuse to replace a view by one with other columns."""
    try:
        ledger.execute(statement, this_table=view, **values)
    except DestinationError:
        with ledger.transaction(of_views=True):
            ledger.execute("drop view if exists shown.this_table", this_table=view)
            ledger.execute(statement, this_table=view, **values)


def _create_freshness(ledger: Ledger, schemas: Mapping[str, ReportSchema]) -> None:
    existing = ledger.columns().keys()
    if tables.REPORTS.name in existing and schemas:
        _replace(
            ledger,
            FRESHNESS,
            freshness_view(schemas, existing, ledger.report_name()),
            **facts(schemas),
        )
