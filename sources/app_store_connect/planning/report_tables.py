"""The report tables that a run may fill, known before Apple is asked. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from ..catalog import REPORTS, ReportSchema, comparable_name
from ..entities import Granularity
from ..names import table_name
from ..tables import STORED_REPORT
from .options import Options
from .selection import ALL_REPORTS

OTHER_REPORTS = "other_reports"
"""The resource of all reports that are not in the catalogue."""


@dataclass(frozen=True, slots=True)
class ReportTable:
    """The table of a catalogued report at one granularity."""

    schema: ReportSchema
    granularity: Granularity

    @property
    def name(self) -> str:
        return table_name(self.schema.name, self.granularity)

    @property
    def text(self) -> str:
        return STORED_REPORT.format(report=self.schema.name, granularity=self.granularity)


def report_tables(options: Options) -> list[ReportTable]:
    """The tables of the catalogued reports that the options ask for."""
    names = set(map(comparable_name, options.reports))
    takes_all = ALL_REPORTS in options.reports

    def is_wanted(schema: ReportSchema) -> bool:
        if comparable_name(schema.name) in names:  # Apple may list it in another category
            return True
        is_of_category = not options.categories or schema.category in options.categories
        return is_of_category and (takes_all or (not options.reports and schema.is_default))

    wanted = list(filter(is_wanted, REPORTS))
    return [ReportTable(schema, each) for each in options.granularities for schema in wanted]


def may_have_others(options: Options) -> bool:
    """Whether Apple may offer reports as asked for that the catalogue does not have."""
    known = {comparable_name(schema.name) for schema in REPORTS}
    return not options.reports or not known.issuperset(map(comparable_name, options.reports))


def names_of_reports(tables: Iterable[ReportTable]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.schema.name for each in tables))
