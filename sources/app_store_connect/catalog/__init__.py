"""Facts about Apple's reports that are known before a file is seen.

`columns` and `reports` are literals, edited to add a report; `schema` describes an entry; `lookup`
finds the entry of a report that Apple lists.
"""

from .columns import COLUMNS, Additivity, Column, ColumnType
from .lookup import (
    category_of,
    comparable_name,
    identify,
    misfit,
    policy_of,
    schema_by_number,
    schema_of,
    schema_of_report,
)
from .reports import CATEGORIES, REPORTS
from .schema import (
    ReportSchema,
    RestatementPolicy,
    first_measure,
    is_default,
)

__all__ = [
    "CATEGORIES",
    "COLUMNS",
    "REPORTS",
    "Additivity",
    "Column",
    "ColumnType",
    "ReportSchema",
    "RestatementPolicy",
    "category_of",
    "comparable_name",
    "first_measure",
    "identify",
    "is_default",
    "misfit",
    "policy_of",
    "schema_by_number",
    "schema_of",
    "schema_of_report",
]
