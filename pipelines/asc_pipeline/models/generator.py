"""Writes models, macros and properties of the dbt project from the definition of its reports.

`python -m asc_pipeline.models.generator` writes them in a clone; a test compares. Column
documentation comes from the table in docs/report-columns.md, so that a meaning is written once.
"""

import re
from pathlib import Path

from app_store_connect.names import snake_case

from . import metrics, properties
from .definition import MART_DIMENSIONS, RENAMED, Report
from .reports import DEFINITIONS

ROOT = Path(__file__).parents[3]
PROJECT = ROOT / "pipelines" / "dbt"
MODELS = PROJECT / "models"
STAGING, FACTS = MODELS / "staging", MODELS / "facts"
INTERMEDIATE, DAILY = MODELS / "intermediate", MODELS / "marts" / "daily"


def staging_sql(report: Report) -> str:
    """The staging model of a report."""
    pairs = report.columns().items()
    columns = "\n".join(f"    '{name}': ['{new}', '{kind}']," for name, (new, kind) in pairs)
    date_column = snake_case(report.schema.date_column)
    return (
        f"{{{{ stage('{report.view}', '{date_column}', {{\n{columns}\n}}, "
        f"keys={report.joined_by()}) }}}}\n"
    )


def reports_sql() -> str:
    """The macro with the definitions: what models and tests of several reports are made of."""
    lines = [
        "{# Written by asc_pipeline/models/generator.py from asc_pipeline/models/reports.py.",
        "",
        "   Each report that has a fact: its view, its dimensions in the marts, and its measures,",
        "   which are summed over rows `told` of its staging model. #}",
        "{% macro reports() %}",
        "    {{ return({",
    ]
    for each in DEFINITIONS:
        if each.has_fact:
            lines += [
                f"        '{each.model}': {{",
                f"            'view': '{each.view}',",
                f"            'dimensions': {each.dimensions()},",
                "            'measures': {",
                *(f"                '{m.name}': \"{m.expression()}\"," for m in each.measures),
                "            },",
                "        },",
            ]
    return "\n".join([*lines, "    }) }}", "{% endmacro %}"]) + "\n"


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
    written = {STAGING / f"{each.staging}.sql": staging_sql(each) for each in DEFINITIONS}
    for each in DEFINITIONS:
        if each.has_fact:
            written[FACTS / f"{each.fact}.sql"] = f"{{{{ at_full_grain('{each.model}') }}}}\n"
        if each.measures:
            path = INTERMEDIATE / "by_dimension" / f"{each.by_dimension}.sql"
            written[path] = f"{{{{ by_dimension('{each.model}') }}}}\n"
    for name in MART_DIMENSIONS:
        path = DAILY / f"fct_app_store_connect__daily_by_{name}.sql"
        written[path] = f"{{{{ daily('{name}') }}}}\n"
    return written | {DAILY / "fct_app_store_connect__daily.sql": "{{ daily() }}\n"}


def files() -> dict[Path, str]:
    """Every generated file and its text."""
    with_fact = [each for each in DEFINITIONS if each.has_fact]
    with_measures = [each for each in DEFINITIONS if each.measures]
    return models() | {
        PROJECT / "macros" / "reports.sql": reports_sql(),
        STAGING / "_staging.yml": properties.staging(DEFINITIONS),
        STAGING / "_reports.yml": properties.sources(DEFINITIONS),
        STAGING / "_columns.md": docs_md(),
        FACTS / "_facts.yml": properties.facts(with_fact),
        INTERMEDIATE / "_days.yml": properties.days(with_measures),
        INTERMEDIATE / "by_dimension" / "_by_dimension.yml": properties.by_dimension(with_measures),
        MODELS / "metrics" / "_metrics.yml": metrics.metrics(with_measures),
        DAILY / "_daily.yml": properties.daily(with_measures),
    }


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
