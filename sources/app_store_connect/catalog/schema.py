"""The entry of a report in the catalogue."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from ..names import normalized, snake_case
from .columns import (
    BY_TABLE_COLUMN,
    COLUMNS,
    DATING,
    Additivity,
    ColumnType,
    guessed_type,
)

DEFAULT_CATEGORIES = frozenset({"APP_USAGE", "APP_STORE_ENGAGEMENT", "COMMERCE"})
_DETAILED = "detailed"


class RestatementPolicy(StrEnum):
    """The effect of a newer instance on a date that an older instance carries too.

    REPLACE: it holds all rows of the date, so the older rows are void (Apple's article on data
    completeness). ACCUMULATE: Apple does not say, so all rows are shown.
    """

    REPLACE = "replace"
    ACCUMULATE = "accumulate"


@dataclass(frozen=True, slots=True)
class ReportSchema:
    """A report: Apple's names of its columns, the column that dates its rows, its restatement.

    Apple calls the figures of a DAILY date complete after `lag_days`; instances carry the date for
    `window_days` after it. `type_number` is the N of the report ids `r<N>-...`, which is the same
    in every account. `is_stock` says that counts tell how many there are on a date: the next date
    counts the same ones again. The report was seen, or expected, under its `aliases` too.
    """

    name: str
    category: str | None
    columns: tuple[str, ...]
    lag_days: int
    window_days: int
    date_column: str = "Date"
    policy: RestatementPolicy = RestatementPolicy.REPLACE
    type_number: int | None = None
    is_stock: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def is_catalogued(self) -> bool:
        return bool(self.columns)

    @property
    def is_default(self) -> bool:
        return is_default(self.name, self.category)

    def table_columns(self) -> dict[str, ColumnType]:
        """The columns of the report's table, in order, as far as they are known beforehand."""
        types = {name: column.type for name, column in COLUMNS.items()}
        return {snake_case(name): types.get(name, ColumnType.TEXT) for name in self.columns}

    def additivity(self, name: str) -> Additivity | None:
        """How the report's column of that name, which is Apple's, may be added up."""
        column = COLUMNS.get(name)
        if column and column.additivity is Additivity.SUM and self.is_stock:
            return Additivity.SUM_WITHIN_DATE
        return column.additivity if column else None

    def measures(self) -> list[str]:
        """The table columns of the entry that hold figures."""
        return [snake_case(name) for name in self.columns if self.additivity(name)]

    def column_type(self, column: str) -> ColumnType:
        """The type of a table column, whether it is known beforehand or not."""
        return self.table_columns().get(column) or self.added_column_type(column)

    def described(self, column: str) -> tuple[ColumnType, Additivity | None, str | None]:
        """Type, additivity and meaning of a table column; only the type if it is unknown."""
        kind = self.column_type(column)
        known = BY_TABLE_COLUMN.get(column)
        if known is None or known.type is not kind:
            return kind, None, None
        return kind, self.additivity(known.name), known.meaning

    def added_column_type(self, column: str) -> ColumnType:
        """The type of a table column that is in a file but not in `table_columns`.

        In a catalogued report Apple added it since: it is text, and so is never misread, unless it
        may date rows. In a report without an entry the name decides.
        """
        if self.is_catalogued and column not in DATING:
            return ColumnType.TEXT
        return guessed_type(column)

    def date_columns_in(self, columns: Iterable[str]) -> list[str]:
        """Which of these table columns date a row: the first of them that is not NULL does.

        Their order depends on nothing else, and a column that a file lacks is NULL in its rows, so
        what the file's columns say of a row the table's say as well.
        """
        found = set(columns)
        wanted = [snake_case(self.date_column), *DATING]
        if not self.is_catalogued:
            wanted += sorted(name for name in found if guessed_type(name) is ColumnType.DATE)
        return [name for name in dict.fromkeys(wanted) if name in found]


@lru_cache(maxsize=4096)  # asked for every segment
def first_measure(schema: ReportSchema, columns: frozenset[str]) -> str | None:
    """The first table column whose figures of a date may be added up: in the entry's order, or of
    these columns by name where the report has no entry.
    """
    names = list(schema.table_columns()) or sorted(columns)
    summable = (Additivity.SUM, Additivity.SUM_WITHIN_DATE)
    return next((name for name in names if schema.described(name)[1] in summable), None)


def is_default(name: str, category: str | None) -> bool:
    """Whether a report is loaded unless others are asked for: a rule, so that a report which Apple
    adds or renames comes by itself. Detailed reports withhold rows of few users, so they do not.
    """
    is_usual = (category or "").upper() in DEFAULT_CATEGORIES
    return is_usual and not normalized(name).endswith(_DETAILED)
