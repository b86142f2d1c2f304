"""The catalogue's entry of a report, by its name or by the header of its file."""

from collections.abc import Iterable

from app_store_connect.catalog.reports import REPLACED, REPORTS, UNDOCUMENTED_CATEGORIES
from app_store_connect.catalog.schema import ReportSchema, RestatementPolicy
from app_store_connect.names import normalized

_BY_NAME = {
    normalized(name): schema for schema in REPORTS for name in (schema.name, *schema.aliases)
}
_REPLACED = frozenset(map(normalized, REPLACED))
_UNKNOWN_LAG_DAYS = 8  # the longest that Apple names for any report


def schema_of(name: str, category: str | None) -> ReportSchema:
    """The entry of the report that Apple calls `name`; without an entry, one by pattern.

    An entry has the catalogue's name, whichever name or spelling of it Apple lists.
    """
    if known := _BY_NAME.get(normalized(name)):
        return known
    is_accumulating = category in UNDOCUMENTED_CATEGORIES and normalized(name) not in _REPLACED
    policy = RestatementPolicy.ACCUMULATE if is_accumulating else RestatementPolicy.REPLACE
    return ReportSchema(name, category, (), _UNKNOWN_LAG_DAYS, _UNKNOWN_LAG_DAYS, policy=policy)


def comparable_name(name: str) -> str:
    """Equal for two names if they are of one report: case, punctuation and aliases do not count."""
    known = _BY_NAME.get(normalized(name))
    return normalized(known.name if known else name)


def identify(header: Iterable[str]) -> ReportSchema | None:
    """The catalogued report whose table columns a file has; of several the one with the most.

    Columns that Apple added since do not matter, except in framework and performance reports: all
    of those share some columns, so only the exact ones tell which it is.
    """
    columns = set(header)
    fitting = [schema for schema in REPORTS if columns >= schema.table_columns().keys()]
    best = max(fitting, key=lambda schema: len(schema.columns), default=None)
    if best and best.policy is RestatementPolicy.ACCUMULATE and len(columns) > len(best.columns):
        return None
    return best
