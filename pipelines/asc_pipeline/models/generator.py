"""Writes models, macros and properties of the dbt project from the definition of its reports.

`python -m asc_pipeline.models.generator` writes them in a clone; a test compares. Column
documentation comes from the table in docs/report-columns.md, so that a meaning is written once.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from app_store_connect.names import snake_case

from . import metrics, properties
from .definition import MART_DIMENSIONS, PERIODS, RENAMED, Report
from .reports import DEFINITIONS

ROOT = Path(__file__).parents[3]
PROJECT = ROOT / "pipelines" / "dbt"
MODELS = PROJECT / "models"
MARTS = MODELS / "marts"
STAGING, FACTS = MODELS / "staging", MODELS / "facts"
INTERMEDIATE, DAILY = MODELS / "intermediate", MODELS / "marts" / "daily"

IF_DETAILED = "{{ config(enabled=var('app_store_connect_detailed', false)) }}\n"


def staging_sql(report: Report) -> str:
    """The staging model of a report."""
    pairs = report.columns().items()
    columns = "\n".join(f"    '{name}': ['{new}', '{kind}']," for name, (new, kind) in pairs)
    date_column = snake_case(report.schema.date_column)
    return (IF_DETAILED if report.is_detailed else "") + (
        f"{{{{ stage('{report.view}', '{date_column}', {{\n{columns}\n}}, "
        f"keys={report.joined_by()}) }}}}\n"
    )


def reports_sql() -> str:
    """The macro with the definitions, from which models and tests of several reports are made."""
    lines = [
        "{# Written by asc_pipeline/models/generator.py from asc_pipeline/models/reports.py.",
        "",
        "   Each report: its view, its dimensions in the marts, and its measures,",
        "   which are summed over rows `told` of its staging model. #}",
        "{% macro reports() %}",
        "    {{ return({",
    ]
    for each in DEFINITIONS:
        lines += [
            f"        '{each.model}': {{",
            f"            'view': '{each.view}',",
            f"            'is_in_marts': {each.is_in_marts},",
            f"            'dimensions': {each.dimensions()},",
            "            'measures': {",
            *(f"                '{m.name}': \"{m.expression()}\"," for m in each.measures),
            "            },",
            "        },",
        ]
    lines += ["    }) }}", "{% endmacro %}"]
    of_periods = [each for each in DEFINITIONS if each.period_measures()]
    return "\n".join([*lines, *period_parts_sql(of_periods)]) + "\n"


def docs_md() -> str:
    """A doc block for each column of a report, in the words of docs/report-columns.md."""
    page = (ROOT / "docs" / "report-columns.md").read_text(encoding="utf-8")
    table = page.partition("\n## Meaning of each column\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| [\w(),]+ \|[\w ]*\| (.*) \|$", table, re.MULTILINE)
    meanings = {RENAMED.get(name, name): meaning for name, meaning in rows}
    used = {new for each in DEFINITIONS for new, _ in each.columns().values()}
    blocks = [
        f"{{% docs app_store_connect__{name} %}}\n{meanings[name][0].upper()}{meanings[name][1:]}."
        "\n{% enddocs %}\n"
        for name in sorted(used)
    ]
    head = "<!-- Written by asc_pipeline/models/generator.py from docs/report-columns.md. -->\n\n"
    return head + "\n".join(blocks)


def models() -> dict[Path, str]:
    """The generated models."""
    written = {
        _place(STAGING, each) / f"{each.staging}.sql": staging_sql(each) for each in DEFINITIONS
    }
    for each in DEFINITIONS:
        fact = f"{{{{ at_full_grain('{each.model}') }}}}\n"
        written[_place(FACTS, each) / f"{each.fact}.sql"] = (
            IF_DETAILED if each.is_detailed else ""
        ) + fact
        if each.is_in_marts:
            path = INTERMEDIATE / "by_dimension" / f"{each.by_dimension}.sql"
            written[path] = f"{{{{ by_dimension('{each.model}') }}}}\n"
    for name in MART_DIMENSIONS:
        path = DAILY / f"fct_app_store_connect__daily_by_{name}.sql"
        written[path] = f"{{{{ daily('{name}') }}}}\n"
    return written | {DAILY / "fct_app_store_connect__daily.sql": "{{ daily() }}\n"}


def _place(folder: Path, report: Report) -> Path:
    return folder / "detailed" if report.is_detailed else folder


def period_parts_sql(reports: Iterable[Report]) -> list[str]:
    """The macro with the reports of the marts by week and month, as far as these read them."""
    lines = [
        "",
        "{# Of each report with weeks and months: its view without the granularity, the column",
        "   that dates it, and the columns, keys and names of its measures. #}",
        "{% macro period_parts() %}",
        "    {{ return({",
    ]
    for each in reports:
        measured = each.measured()
        lines += [
            f"        '{each.model}': {{",
            f"            'name': '{snake_case(each.name)}',",
            f"            'date_column': '{snake_case(each.schema.date_column)}',",
            "            'columns': {",
            *(
                f"                '{old}': ['{new}', '{kind}'],"
                for old, (new, kind) in measured.items()
            ),
            "            },",
            f"            'key_columns': {[key for key in each.joined_by() if key in measured]},",
            f"            'measures': {[measure.name for measure in each.period_measures()]},",
            "        },",
        ]
    return [*lines, "    }) }}", "{% endmacro %}"]


def files() -> dict[Path, str]:
    """Every generated file and its text."""
    of_periods = [each for each in DEFINITIONS if each.period_measures()]
    in_marts = [each for each in DEFINITIONS if each.is_in_marts]
    periods = {
        MARTS / f"fct_app_store_connect__{each.lower()}.sql": f"{{{{ by_period('{each}') }}}}\n"
        for each in PERIODS
    }
    return (
        models()
        | periods
        | {
            MARTS / "_periods.yml": properties.periods(of_periods),
            PROJECT / "macros" / "reports.sql": reports_sql(),
            STAGING / "_staging.yml": properties.staging(DEFINITIONS),
            STAGING / "_reports.yml": properties.sources(DEFINITIONS),
            STAGING / "_columns.md": docs_md(),
            FACTS / "_facts.yml": properties.facts(DEFINITIONS),
            INTERMEDIATE / "_days.yml": properties.days(in_marts),
            INTERMEDIATE / "by_dimension" / "_by_dimension.yml": properties.by_dimension(in_marts),
            MODELS / "metrics" / "_metrics.yml": metrics.metrics(in_marts),
            DAILY / "_daily.yml": properties.daily(in_marts),
        }
    )


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
