"""The semantic models and metrics for MetricFlow, as YAML: a metric for each additive measure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .definition import Measure, Report

HEAD = "# Written by asc_pipeline/models/generator.py."
PREFIX = "app_store_connect"
SHARED = ("territory", "source_type", "device", "platform_version", "app_version")
"""Dimensions that several reports have: entities, so that a metric of two reports goes by them."""
DIMENSIONS = {
    "apps": ("app", "app_id", ("app_name", "bundle_id")),
    "territories": ("territory", "territory_key", ("territory_name", "region")),
}
"""Tables of entities: the entity, its column, and columns to group by."""
ENABLED = "    config: {enabled: \"{{ var('app_store_connect_metrics', false) }}\"}"
"""In a host project these would stand beside its own metrics: they are asked for."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A metric made of others: the sum of some for each of the sum of others, times a scale."""

    name: str
    label: str
    above: tuple[str, ...]
    below: tuple[str, ...]
    scale: int = 1


RATIOS = (
    Ratio(
        "conversion_rate",
        "Downloads for each impression",
        ("first_time_downloads", "redownloads"),
        ("impressions",),
    ),
    Ratio(
        "crashes_per_1000_sessions",
        "Crashes for each thousand sessions",
        ("crashes",),
        ("sessions",),
        1000,
    ),
    Ratio("seconds_per_session", "Seconds for each session", ("session_seconds",), ("sessions",)),
    Ratio(
        "deletions_per_100_installs",
        "Deletions for each hundred installs",
        ("deletions",),
        ("first_time_installs", "reinstalls", "other_installs"),
        100,
    ),
    Ratio("opt_in_rate", "Share of users who opt in", ("users_opting_in",), ("downloading_users",)),
)


def metrics(reports: Iterable[Report]) -> str:
    """A semantic model for each fact, a metric for each additive measure, and the ratios."""
    reports = list(reports)
    lines = [HEAD, "version: 2", "", "semantic_models:"]
    for each in reports:
        lines += _semantic_model(each)
    for table, (entity, column, shown) in DIMENSIONS.items():
        lines += _table_of_entities(table, entity, column, shown)
    lines += ["", "metrics:"]
    for each in reports:
        for measure in _additive(each):
            lines += _simple(measure)
    for ratio in RATIOS:
        lines += _derived(ratio)
    return "\n".join(lines) + "\n"


def _additive(report: Report) -> list[Measure]:
    return [each for each in report.measures if each.is_additive]


def _semantic_model(report: Report) -> list[str]:
    columns = dict(report.columns().values())
    shared = [name for name in SHARED if name in columns]
    dates = ["date_day", *(name for name, kind in columns.items() if kind == "date")]
    values = [
        name
        for name, kind in columns.items()
        if name not in shared and (kind == "text" or name.endswith("_identifier"))
    ]
    return [
        *_head(report.model, report.fact, f"The rows of {report.name}, with all dimensions."),
        "    defaults: {agg_time_dimension: date_day}",
        f"    primary_entity: {report.model}",
        "    entities:",
        "      - {name: app, type: foreign, expr: app_id}",
        *(
            f"      - {{name: {name}, type: foreign,"
            f" expr: \"lower(coalesce({name}, '(not stated)'))\"}}"
            for name in shared
        ),
        "    dimensions:",
        *(
            f"      - {{name: {name}, type: time, type_params: {{time_granularity: day}}}}"
            for name in dates
        ),
        *(f"      - {{name: {name}, type: categorical}}" for name in [*values, "is_complete"]),
        "    measures:",
        *map(_measure, _additive(report)),
    ]


def _table_of_entities(table: str, entity: str, column: str, shown: Iterable[str]) -> list[str]:
    return [
        *_head(table, f"dim_app_store_connect__{table}", f"The {table} that facts refer to."),
        "    entities:",
        f"      - {{name: {entity}, type: primary, expr: {column}}}",
        "    dimensions:",
        *(f"      - {{name: {name}, type: categorical}}" for name in shown),
    ]


def _head(name: str, model: str, description: str) -> list[str]:
    return [
        f"  - name: {PREFIX}_{name}",
        f"    description: {description}",
        ENABLED,
        f"    model: ref('app_store_connect', '{model}')",
    ]


def _measure(measure: Measure) -> str:
    """Of a stock the newest day of a period counts, not the sum of its days."""
    parts = [f"name: {PREFIX}_{measure.name}", "agg: sum", f"expr: {measure.name}"]
    if measure.is_stock:
        parts.append("non_additive_dimension: {name: date_day, window_choice: max}")
    return f"      - {{{', '.join(parts)}}}"


def _simple(measure: Measure) -> list[str]:
    return [
        f"  - name: {PREFIX}_{measure.name}",
        f"    label: {_words(measure.name)}",
        f"    description: \"{{{{ doc('app_store_connect__{measure.name}') }}}}\"",
        ENABLED,
        "    type: simple",
        f"    type_params: {{measure: {PREFIX}_{measure.name}}}",
    ]


def _sum(names: Sequence[str]) -> str:
    """The sum of figures. NULL counts as 0 beside others: an app may have redownloads alone."""
    if len(names) == 1:
        return names[0]
    return " + ".join(f"coalesce({name}, 0)" for name in names)


def _derived(ratio: Ratio) -> list[str]:
    above, below = _sum(ratio.above), _sum(ratio.below)
    scale = f"{ratio.scale}.0 * " if ratio.scale > 1 else "1.0 * "
    inputs = [
        f"        - {{name: {PREFIX}_{name}, alias: {name}}}" for name in ratio.above + ratio.below
    ]
    return [
        f"  - name: {PREFIX}_{ratio.name}",
        f"    label: {ratio.label}",
        f"    description: {ratio.label}, out of the sums.",
        ENABLED,
        "    type: derived",
        "    type_params:",
        f"      expr: {scale}({above}) / nullif({below}, 0)",
        "      metrics:",
        *inputs,
    ]


def _words(name: str) -> str:
    return name.replace("_", " ").replace(" usd", " in USD").capitalize()
