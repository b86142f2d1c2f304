"""The catalogue's entry of a report, by its name or by the header of its file."""

import re
from collections.abc import Iterable, Mapping

from ..entities import Report
from ..names import normalized
from .columns import is_rate
from .reports import CATEGORIES, REPLACED, REPORTS, UNDOCUMENTED_CATEGORIES
from .schema import ReportSchema, RestatementPolicy

_BY_NAME = {
    normalized(name): schema for schema in REPORTS for name in (schema.name, *schema.aliases)
}
_BY_NUMBER = {schema.type_number: schema for schema in REPORTS if schema.type_number}
_NUMBERED_ID = re.compile(r"r([0-9]{1,9})-.*", re.DOTALL)
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


def schema_of_report(report: Report) -> ReportSchema:
    """The entry of a report as Apple lists it."""
    return schema_of(report.known_as or report.name, report.category)


def comparable_name(name: str) -> str:
    """Equal for two names if they are of one report: case, punctuation and aliases do not count."""
    known = _BY_NAME.get(normalized(name))
    return normalized(known.name if known else name)


def schema_by_number(report_id: str) -> ReportSchema | None:
    """The entry whose type number an id such as `r3-...` begins with."""
    match = _NUMBERED_ID.fullmatch(report_id)
    return _BY_NUMBER.get(int(match[1])) if match else None


def category_of(name: str, listed: str | None) -> str | None:
    """The category that Apple lists; the entry's where Apple lists none, or one that is new."""
    if listed and listed.upper() in CATEGORIES:
        return listed.upper()
    return schema_of(name, listed).category


def policy_of(
    schema: ReportSchema, columns: Iterable[str], overrides: Mapping[str, RestatementPolicy]
) -> RestatementPolicy:
    """The restatement policy of a report whose table has these columns.

    Rates and averages of two instances cannot both be shown. So a framework or performance report
    without an entry is replaced if it has some; otherwise Apple does not say, and all rows count.

    Args:
        overrides: what the configuration says, by `comparable_name`.
    """
    if override := overrides.get(comparable_name(schema.name)):
        return override
    if not schema.is_catalogued and any(map(is_rate, columns)):
        return RestatementPolicy.REPLACE
    return schema.policy


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


def misfit(schema: ReportSchema, header: Iterable[str], *, is_told: bool) -> str | None:
    """Why a file with these table columns is not of the report it is taken for; None if it may be.

    Columns that Apple adds or drops refuse no file. One that lacks columns of the entry is another
    report's if it has all of that one's columns, and not of this one if all figures are missing.
    `is_told` says that a user named the report, and not Apple: then the report
    that the header identifies has to be that one.
    """
    columns = set(header)
    other = identify(columns)
    missing = schema.table_columns().keys() - columns
    if other and other != schema and (is_told or missing):
        return f"its header is that of {other.name!r}"
    if not missing:
        return None
    if measures := columns.isdisjoint(schema.measures()) and ", ".join(schema.measures()):
        return f"its header has none of that report's figures ({measures})"
    return None
