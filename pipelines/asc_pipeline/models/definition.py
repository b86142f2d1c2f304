"""The definition of a report in the dbt project: its columns, dimensions and measures there."""

from dataclasses import dataclass, replace

from app_store_connect.catalog import REPORTS, ColumnType, ReportSchema
from app_store_connect.entities import Granularity
from app_store_connect.names import snake_case

TYPES = {
    ColumnType.DATE: "date",
    ColumnType.BIGINT: "bigint",
    ColumnType.DECIMAL: "decimal(38, 9)",
    ColumnType.DOUBLE: "double precision",
    ColumnType.TEXT: "text",
}
RENAMED = {
    "proceeds_in_usd": "proceeds_usd",
    "sales_in_usd": "sales_usd",
    "total_session_duration": "session_seconds",
    "installs": "platform_installs",
}
KEYS = (
    "event",
    "download_type",
    "territory",
    "source_type",
    "device",
    "platform_version",
    "app_version",
    "app_download_date",
    "page_type",
    "state_metric",
    "event_group",
    "subscription_identifier",
)
"""Dimensions and literals that models join by, or compare with."""

_STANDARD, _DETAILED = " Standard", " Detailed"

MART_DIMENSIONS = (
    "territory",
    "source_type",
    "app_download_date",
    "device",
    "platform_version",
    "app_version",
    "subscription_identifier",
)
"""There is a mart by app, date and each of them."""

PERIODS = {Granularity.WEEKLY: "week_start", Granularity.MONTHLY: "month_start"}
"""There is a mart by app and each of them, whose first day is in that column."""


@dataclass(frozen=True, slots=True)
class Literals:
    """Values of a column: those rows count that have one of them or, with `others`, none."""

    column: str
    values: tuple[str, ...]
    others: bool = False

    def condition(self) -> str:
        listed = ", ".join(f"'{value}'" for value in self.values)
        is_single = len(self.values) == 1
        is_one = f"told.{self.column}_key {f'= {listed}' if is_single else f'in ({listed})'}"
        return f"({is_one}) is not true" if self.others else is_one


@dataclass(frozen=True, slots=True)
class Measure:
    """The sum of a column over the rows that have certain literals."""

    name: str
    column: str
    literals: tuple[Literals, ...] = ()
    is_stock: bool = False
    """Whether it counts what is there on a day, so that days must not be added."""

    @property
    def is_additive(self) -> bool:
        """Whether rows may be added: unique counts of several rows hold for none."""
        return not self.name.endswith("_summed_over_dimensions")

    @property
    def type(self) -> str:
        return TYPES[ColumnType.DECIMAL if self.name.endswith("_usd") else ColumnType.BIGINT]

    def expression(self) -> str:
        """What is summed, over a row `told` of the staging model."""
        if not self.literals:
            return f"told.{self.column}"
        conditions = " and ".join(each.condition() for each in self.literals)
        return f"case when {conditions} then told.{self.column} end"


@dataclass(frozen=True, slots=True)
class Report:
    """A report of the catalogue as the dbt project names it, and Apple's page about it.

    Each has a fact at full grain. The marts by day have its `measures`, by each of its dimensions,
    but for those of a Detailed report: its rows are a part of the Standard one's. A report that
    `is_expected` comes for every account.
    """

    name: str
    model: str
    page: str
    measures: tuple[Measure, ...] = ()
    is_expected: bool = False

    @property
    def has_detailed(self) -> bool:
        return self.name.endswith(_STANDARD)

    @property
    def is_detailed(self) -> bool:
        return self.name.endswith(_DETAILED)

    def detailed(self) -> "Report":
        """The Detailed report beside this Standard one: more dimensions, and fewer rows."""
        name = self.name.removesuffix(_STANDARD) + _DETAILED
        model = f"{self.model}_detailed"
        return replace(self, name=name, model=model, is_expected=False)

    @property
    def schema(self) -> ReportSchema:
        return next(each for each in REPORTS if each.name == self.name)

    @property
    def view(self) -> str:
        return f"{snake_case(self.name)}_daily"

    def view_of(self, granularity: Granularity) -> str:
        return f"{snake_case(self.name)}_{granularity.lower()}"

    def period_measures(self) -> list[Measure]:
        """Those that a week or a month has too. Of a stock Apple does not say which day counts."""
        return [each for each in self.measures if self.is_in_marts and not each.is_stock]

    def measured(self) -> dict[str, tuple[str, str]]:
        """The columns that its measures are made of."""
        used = {each.column for each in self.measures}
        used |= {literals.column for each in self.measures for literals in each.literals}
        return {old: new for old, new in self.columns().items() if new[0] in used}

    @property
    def staging(self) -> str:
        return f"stg_app_store_connect__{self.model}"

    @property
    def fact(self) -> str:
        return f"fct_app_store_connect__{self.model}"

    @property
    def by_dimension(self) -> str:
        return f"int_app_store_connect__{self.model}_by_dimension"

    def columns(self) -> dict[str, tuple[str, str]]:
        """Column of the view to column and type here, without the one that dates the rows."""
        date_column = snake_case(self.schema.date_column)
        return {
            column: (RENAMED.get(column, column), TYPES[kind])
            for column, kind in self.schema.table_columns().items()
            if column != date_column
        }

    def fact_measures(self) -> list[Measure]:
        """Those measures that the fact has besides its columns."""
        own = {new for new, _ in self.columns().values()}
        return [each for each in self.measures if each.is_additive and each.name not in own]

    @property
    def is_in_marts(self) -> bool:
        return bool(self.measures) and not self.is_detailed

    def joined_by(self) -> list[str]:
        """Columns that get a key in lower case."""
        return [key for key in KEYS if key in self.columns()]

    def dimensions(self) -> list[str]:
        """Dimensions of the marts that the report has, if the marts have its measures."""
        found = self.columns() if self.is_in_marts else {}
        return [name for name in MART_DIMENSIONS if name in found]
