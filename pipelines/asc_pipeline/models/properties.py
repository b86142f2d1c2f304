"""The properties of the generated models: descriptions, column types, keys and tests, as YAML."""

from collections.abc import Iterable

from app_store_connect.catalog.literals import LITERALS

from .definition import MART_DIMENSIONS, PERIODS, Report

HEAD = "# Written by asc_pipeline/models/generator.py."
PAGES = "https://developer.apple.com/documentation/analytics-reports/"
WARN_AFTER, ERROR_AFTER = 3, 10
"""Days past the completeness lag after which a report is late. That is an error only for a report
that every account gets: another one may have ended."""

_PARTS = {
    "territory": {"territory_name": "text", "region": "text"},
    "app_download_date": {"age_days": "bigint"},
}
_DIMENSION_TYPES = {"app_download_date": "date", "subscription_identifier": "bigint"}

"""Columns of a mart that come with its dimension."""


def staging(reports: Iterable[Report]) -> str:
    """All staging models."""
    lines = [HEAD, "version: 2", "", "models:"]
    for each in reports:
        lines += _model(
            each.staging,
            f"Grain: one row for each row of the view of {each.name}: renamed,",
            "cast, with keys to join by.",
            f"Apple: {PAGES}{each.page}",
            report=each,
        )
        lines += ["    columns:", _column("app_id"), _column("date_day")]
        lines += [_column(new) for new, _ in each.columns().values()]
        for key in each.joined_by():
            literals = LITERALS.get(each.name, {}).get(key)
            lines += [_column(f"{key}_key", doc="key", more=_accepted(literals))]
        lines += [_column("processing_date")]
    return _text(lines)


def sources(reports: Iterable[Report]) -> str:
    """The views of the reports, each with the days after which its report is late."""
    lines = [
        HEAD,
        "version: 2",
        "",
        "sources:",
        "  - name: app_store_connect",
        "    description: >",
        "      Views that show, of every app and date, the rows of the newest complete instance.",
        "      Safe to sum.",
        "    schema: \"{{ var('app_store_connect_schema') }}\"",
        "    tables:",
    ]
    reports = list(reports)
    for each in reports:
        lag = each.schema.lag_days
        limits = f"warn_after: {{count: {lag + WARN_AFTER}, period: day}}"
        if each.is_expected:
            limits += f", error_after: {{count: {lag + ERROR_AFTER}, period: day}}"
        lines += [
            f"      - name: {each.view}",
            f"        description: {each.name}, complete {lag} days after a date.",
            "        config:",
            f"          freshness: {{{limits}}}",
            f'          loaded_at_query: "{{{{ complete_until({each.is_expected}) }}}}"',
        ]
    lines += [
        f"      - {{name: {each.view_of(granularity)}, description: {each.name} {granularity}}}"
        for granularity in PERIODS
        for each in reports
        if each.period_measures()
    ]
    return _text(lines)


def facts(reports: Iterable[Report]) -> str:
    """All facts at full grain; their columns are those of the models too."""
    lines = [HEAD, "version: 2", "", "models:"]
    for each in reports:
        lines += _model(
            each.fact,
            f"Grain: one row for each row of the view of {each.name}, with all",
            "dimensions, so that any of them can be combined. Equal rows all count.",
            report=each,
        )
        lines += ["    columns:", _column("app_id", "bigint"), _column("date_day", "date")]
        lines += [_column(new, kind) for new, kind in each.columns().values()]
        lines += [_column(measure.name, measure.type) for measure in each.fact_measures()]
        lines += [_column("is_complete", "boolean", "is_complete_of_report")]
    return _text(lines)


def days(reports: Iterable[Report]) -> str:
    """The days of each app, with the state of each report."""
    reports, name = list(reports), "int_app_store_connect__days"
    lines = [HEAD, "version: 2", "", "models:"]
    lines += _model(
        name, "Grain: one row for each app and date that a report of the marts has rows of."
    )
    lines += _sound(name, ["app_id", "date_day"], ["vintage"])
    lines += ["    columns:", *map(_column, ("app_id", "date_day", "is_complete"))]
    lines += [_column(f"{each.model}_complete", doc="complete_of_measures") for each in reports]
    lines += [_column(f"has_{each.model}", doc="has_report") for each in reports]
    return _text([*lines, _column("vintage")])


def by_dimension(reports: Iterable[Report]) -> str:
    """The sums of each report over the day and each dimension."""
    lines = [HEAD, "version: 2", "", "models:"]
    grain = ["app_id", "date_day", "dimension", "dimension_key"]
    for each in reports:
        lines += _model(
            each.by_dimension,
            "Grain: one row for each app, date, dimension and its value; the dimension `all` is",
            f"the whole day. Sums of `{each.staging}`.",
            report=each,
        )
        lines += _sound(each.by_dimension, grain)
        lines += ["    columns:", *map(_column, ("app_id", "date_day", "vintage", "dimension"))]
        lines += [_column("dimension_key", doc="mart_key"), _column("dimension_value")]
        lines += [_column(measure.name) for measure in each.measures]
    return _text(lines)


def daily(reports: Iterable[Report]) -> str:
    """The marts by app and date, and by one dimension."""
    reports = list(reports)
    lines = [HEAD, "version: 2", "", "models:"]
    for dimension in ("", *MART_DIMENSIONS):
        lines += _daily(dimension, reports)
    return _text(lines)


def periods(reports: Iterable[Report]) -> str:
    """The marts by app and week, and by app and month."""
    reports = list(reports)
    lines = [HEAD, "version: 2", "", "models:"]
    for granularity, start in PERIODS.items():
        name = f"fct_app_store_connect__{granularity.lower()}"
        flags = [f"{each.model}_complete" for each in reports]
        lines += _model(
            name,
            f"Grain: one row for each app and {start.removesuffix('_start')}, from Apple's",
            f"{granularity} instances. A unique count is that of the whole period, still summed",
            "over the dimensions of the report. A measure is NULL if its report has no rows of the",
            "period, or was not loaded.",
        )
        lines += _sound(name, ["app_id", start], flags)
        lines += [
            "    columns:",
            _column("app_id", "bigint", is_key=True),
            _column(start, "date", f"period_{start}", is_key=True),
        ]
        lines += [
            _column(each.name, each.type) for report in reports for each in report.period_measures()
        ]
        lines += [_column(flag, "boolean", "complete_of_measures") for flag in flags]
    return _text(lines)


def _daily(dimension: str, reports: list[Report]) -> list[str]:
    found = [each for each in reports if not dimension or dimension in each.dimensions()]
    name = f"fct_app_store_connect__daily{'_by_' if dimension else ''}{dimension}"
    key = [f"{dimension}_key"] if dimension else []
    flags = [f"{each.model}_complete" for each in found]
    lines = _model(name, *_meaning(dimension, [each for each in reports if each not in found]))
    lines += _sound(name, ["app_id", "date_day", *key], ["is_complete", *flags, "vintage"])
    lines += _compared(name, dimension)
    lines += [
        "    columns:",
        _column("app_id", "bigint", is_key=True),
        _column("date_day", "date", is_key=True),
        *(_column(column, "text", "mart_key", is_key=True) for column in key),
    ]
    if dimension:
        lines += [_column(dimension, _DIMENSION_TYPES.get(dimension, "text"))]
    lines += [_column(part, kind) for part, kind in _PARTS.get(dimension, {}).items()]
    lines += [_column(each.name, each.type) for report in found for each in report.measures]
    if {"discovery", "downloads"} <= {each.model for each in found}:
        lines += [_column("conversion_rate", "double precision")]
    lines += [_column(flag, "boolean", "complete_of_measures") for flag in flags]
    return [*lines, _column("is_complete", "boolean"), _column("vintage", "text")]


def _meaning(dimension: str, absent: Iterable[Report]) -> list[str]:
    """The description of a mart, with the reports that do not have its dimension."""
    if not dimension:
        return [
            "Grain: one row for each app and date, with the measures of Apple's default reports.",
            "A measure is NULL if its report has no data of the day, and 0 if it counts none.",
        ]
    by = dimension.replace("_", " ")
    names = ", ".join(each.model.replace("_", " ") for each in absent)
    return [
        f"Grain: one row for each app, date and {by}. The same measures as in",
        f"`fct_app_store_connect__daily`, which their sums over the {by} give, without the",
        f"measures of reports that do not have this dimension: {names}.",
    ]


def _compared(name: str, dimension: str) -> list[str]:
    """The tests of a mart against the dimensions, and against its siblings or the views."""
    known = {"app_id": "apps", "date_day": "dates"}
    known |= {"territory_key": "territories"} if dimension == "territory" else {}
    return [
        "      - keys_are_known:",
        f"          name: {name}__keys_are_known",
        "          arguments:",
        "            dimensions:",
        *(
            f"              {column}: ref('app_store_connect', 'dim_app_store_connect__{table}')"
            for column, table in known.items()
        ),
        f"      - adds_up_to_the_day: {{arguments: {{dimension: {dimension}}}}}"
        if dimension
        else "      - adds_up_to_the_views",
    ]


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


def _model(name: str, *description: str, report: Report | None = None) -> list[str]:
    tags = f"    config: {{tags: [app_store_connect__{report.model}]}}" if report else None
    lines = [f"  - name: {name}", "    description: >", *(f"      {line}" for line in description)]
    return [*lines, *([tags] if tags else [])]


def _sound(name: str, grain: list[str], never_null: Iterable[str] = ()) -> list[str]:
    """The test of a model's key, and of columns that are never NULL."""
    listed = ", ".join(never_null)
    return [
        "    data_tests:",
        "      - sound:",
        f"          name: {name}__is_sound",
        "          arguments:",
        f"            grain: [{', '.join(grain)}]",
        *([f"            never_null: [{listed}]"] if listed else []),
    ]


def _column(
    name: str, data_type: str = "", doc: str = "", more: str = "", *, is_key: bool = False
) -> str:
    parts = [
        f"name: {name}",
        f"data_type: {_quoted(data_type)}" if data_type else "",
        "constraints: [{type: not_null}]" if is_key else "",
        f"description: \"{{{{ doc('app_store_connect__{doc or name}') }}}}\"",
        more,
    ]
    return f"      - {{{', '.join(part for part in parts if part)}}}"


def _quoted(text: str) -> str:
    return f'"{text}"' if "," in text else text


def _accepted(values: tuple[str, ...] | None) -> str:
    """A test that warns of a literal that Apple brings in, looking at the newest rows alone."""
    if not values:
        return ""
    listed = ", ".join(f"'{value}'" for value in values)
    newest = "{severity: warn, where: processing_date > current_date - 14}"
    test = f"accepted_values: {{arguments: {{values: [{listed}]}}, config: {newest}}}"
    return f"data_tests: [{{{test}}}]"
