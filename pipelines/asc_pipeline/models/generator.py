"""Writes the staging models and the facts of the dbt project from the catalogue, in a clone.

`python -m asc_pipeline.models.generator` writes it; a test compares. Column documentation comes
from the table in docs/report-columns.md, so that a meaning is written once.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from app_store_connect.catalog import REPORTS, ColumnType, ReportSchema
from app_store_connect.catalog.literals import LITERALS
from app_store_connect.names import snake_case

ROOT = Path(__file__).parents[3]
MODELS = ROOT / "pipelines" / "dbt" / "models"
STAGING, FACTS = MODELS / "staging", MODELS / "facts"
PAGES = "https://developer.apple.com/documentation/analytics-reports/"
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
)
"""Dimensions and literals that models join by, or compare with."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A report of the catalogue as the dbt project names it, and Apple's page about it."""

    report: str
    model: str
    page: str

    @property
    def schema(self) -> ReportSchema:
        return next(each for each in REPORTS if each.name == self.report)

    @property
    def view(self) -> str:
        return f"{snake_case(self.report)}_daily"

    @property
    def name(self) -> str:
        return f"stg_app_store_connect__{self.model}"

    @property
    def fact(self) -> str:
        return f"fct_app_store_connect__{self.model}"

    def columns(self) -> dict[str, tuple[str, str]]:
        """Column of the view to column and type here, without the one that dates the rows."""
        date_column = snake_case(self.schema.date_column)
        return {
            column: (RENAMED.get(column, column), TYPES[kind])
            for column, kind in self.schema.table_columns().items()
            if column != date_column
        }

    def joined_by(self) -> list[str]:
        return [key for key in KEYS if key in self.columns()]


STAGED = (
    Staged("App Downloads Standard", "downloads", "app-download"),
    Staged("App Sessions Standard", "sessions", "app-sessions"),
    Staged("App Store Installation and Deletion Standard", "installs", "app-installs"),
    Staged(
        "App Store Discovery and Engagement Standard",
        "discovery",
        "app-store-discovery-and-engagement",
    ),
    Staged("App Store Purchases Standard", "purchases", "app-store-purchase"),
    Staged("App Store Pre-Orders Standard", "pre_orders", "app-store-pre-order"),
    Staged("App Store Web Preview Engagement Standard", "web_preview", "app-store-web-preview"),
    Staged("App Clip Usage Standard", "app_clips", "app-clip-usage"),
    Staged(
        "App Store Subscription State Report Standard", "subscription_state", "subscription-state"
    ),
    Staged(
        "App Store Subscription Event Report Standard", "subscription_events", "subscription-event"
    ),
    Staged("Retention Messaging", "retention_messaging", "app-store-retention-messaging"),
    Staged("Platform App Installs", "platform_installs", "platform-app-installs"),
    Staged("App Crashes", "crashes", "app-crashes"),
    Staged("App Opt In", "opt_in", "app-store-opt-in"),
)


# those whose state by date the models read from the view date_owners
AS_FACTS = (
    "discovery",
    "downloads",
    "installs",
    "sessions",
    "crashes",
    "purchases",
    "opt_in",
    "subscription_state",
    "subscription_events",
)


def model_sql(staged: Staged) -> str:
    """The staging model of a report."""
    pairs = staged.columns().items()
    columns = "\n".join(f"    '{name}': ['{new}', '{kind}']," for name, (new, kind) in pairs)
    date_column = snake_case(staged.schema.date_column)
    return (
        f"{{{{ stage('{staged.view}', '{date_column}', {{\n{columns}\n}}, "
        f"keys={staged.joined_by()}) }}}}\n"
    )


def models_yaml() -> str:
    """Descriptions and tests of all staging models."""
    lines = ["# Written by asc_pipeline/models/generator.py.", "version: 2", "", "models:"]
    for each in STAGED:
        lines += [
            f"  - name: {each.name}",
            "    description: >",
            f"      {each.report}, a row for each row of its view: renamed, cast, with keys to",
            f"      join by. Apple: {PAGES}{each.page}",
            "    columns:",
            *_column("app_id", "app_id"),
            *_column("date_day", "date_day"),
        ]
        for new, _ in each.columns().values():
            lines += _column(new, new)
        for key in each.joined_by():
            lines += _column(f"{key}_key", "key") + _accepted(
                LITERALS.get(each.report, {}).get(key)
            )
        lines += _column("processing_date", "processing_date")
    return "\n".join(lines) + "\n"


def facts() -> list[Staged]:
    return [each for each in STAGED if each.model in AS_FACTS]


def fact_sql(staged: Staged) -> str:
    """The fact of a report: all its dimensions and measures."""
    columns = "\n".join(f"    '{name}'," for name, _ in staged.columns().values())
    return f"{{{{ at_full_grain('{staged.name}', '{staged.view}', [\n{columns}\n]) }}}}\n"


def facts_yaml() -> str:
    """Descriptions and column types of all facts."""
    lines = ["# Written by asc_pipeline/models/generator.py.", "version: 2", "", "models:"]
    for each in facts():
        lines += [
            f"  - name: {each.fact}",
            "    description: >",
            f"      Grain: one row for each row of the view of {each.report}, with all",
            "      dimensions, so that any of them can be combined. Equal rows all count.",
            "    columns:",
            *_column("app_id", "app_id", "bigint"),
            *_column("date_day", "date_day", "date"),
        ]
        for new, kind in each.columns().values():
            lines += _column(new, new, kind)
        lines += _column("is_complete", "is_complete_of_report", "boolean")
    return "\n".join(lines) + "\n"


def _column(name: str, doc: str, data_type: str = "") -> list[str]:
    return [
        f"      - name: {name}",
        *([f"        data_type: {data_type}"] if data_type else []),
        f"        description: \"{{{{ doc('app_store_connect__{doc}') }}}}\"",
    ]


def _accepted(values: tuple[str, ...] | None) -> list[str]:
    """A test that warns of a literal that Apple brings in, looking at the newest rows alone."""
    if not values:
        return []
    listed = ", ".join(f"'{value}'" for value in values)
    return [
        "        data_tests:",
        "          - accepted_values:",
        f"              arguments: {{values: [{listed}]}}",
        "              config:",
        "                severity: warn",
        "                where: processing_date > current_date - 14",
    ]


def docs_md() -> str:
    """A doc block for each column of a report, in the words of docs/report-columns.md."""
    page = (ROOT / "docs" / "report-columns.md").read_text(encoding="utf-8")
    table = page.partition("\n## Meaning of each column\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| [\w(),]+ \|[\w ]*\| (.*) \|$", table, re.MULTILINE)
    meanings = {RENAMED.get(name, name): meaning for name, meaning in rows}
    used = {new for each in STAGED for new, _ in each.columns().values()}
    blocks = [
        f"{{% docs app_store_connect__{name} %}}\n{meanings[name][0].upper()}{meanings[name][1:]}."
        "\n{% enddocs %}\n"
        for name in sorted(used)
    ]
    head = "<!-- Written by asc_pipeline/models/generator.py from docs/report-columns.md. -->\n\n"
    return head + "\n".join(blocks)


def files() -> dict[Path, str]:
    """Every generated file and its text."""
    models = {STAGING / f"{each.name}.sql": model_sql(each) for each in STAGED}
    models |= {FACTS / f"{each.fact}.sql": fact_sql(each) for each in facts()}
    return models | {
        FACTS / "_facts.yml": facts_yaml(),
        STAGING / "_staging.yml": models_yaml(),
        STAGING / "_columns.md": docs_md(),
    }


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
