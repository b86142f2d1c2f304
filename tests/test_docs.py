"""The documents tell the truth: what they show runs, what they list is what the code has."""

import ast
import os
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import dlt
import duckdb
import pyarrow as pa
import pytest
from dlt.load.configuration import LoaderConfiguration

from app_store_connect.catalog import COLUMNS, REPORTS, ColumnType
from app_store_connect.configuration.settings import Configuration, set_dlt_defaults
from app_store_connect.extract.slices import PROVENANCE
from app_store_connect.names import snake_case
from app_store_connect.tables import (
    ALERTS,
    INSTANCE_CHECKS,
    LATEST_TABLES,
    LOAD_FAILURES,
    RUNS,
    SEGMENT_TABLES,
    RawTable,
)
from asc_pipeline.cli.main import main
from asc_pipeline.job import summary
from asc_pipeline.models.summary import ModelSettings, ModelsSummary
from asc_pipeline.status.state import Size, State
from tests.asking import StartApple
from tests.conftest import Job
from tests.emulator import Emulator, demo_world
from tests.worlds import TODAY, add_vintages, overlapping_world, raw_rows, world_with_reports

ROOT = Path(__file__).parents[1]
PACKAGES = (ROOT / "sources" / "app_store_connect", ROOT / "pipelines" / "asc_pipeline")
README = (ROOT / "README.md").read_text()
PAGES = {path.stem: path.read_text() for path in sorted((ROOT / "docs").glob("*.md"))}
DOCUMENTS = [
    pytest.param(path, id=str(path.relative_to(ROOT)))
    for path in [
        *sorted(ROOT.glob("*.md")),
        *(
            path
            for folder in ("benchmarks", "docs", "pipelines", "sources", "tests")
            for path in sorted((ROOT / folder).rglob("*.md"))
            if not {"target", "dbt_packages"} & {*path.parts}  # dbt's, when it is run by hand
        ),
    ]
]
OF_THE_JOB = [each for each in DOCUMENTS if not str(each.id).startswith("benchmarks/")]
SECRETS = (ROOT / ".dlt" / "secrets.toml.example").read_text()
CONFIG = (ROOT / ".dlt" / "config.toml").read_text()

DOWNLOADS, SESSIONS = "App Downloads Standard", "App Sessions Standard"
CRASHES = "App Crashes"
TYPES = {
    ColumnType.DATE: "DATE",
    ColumnType.BIGINT: "BIGINT",
    ColumnType.DECIMAL: "DECIMAL(38,9)",
    ColumnType.DOUBLE: "DOUBLE",
    ColumnType.TEXT: "text",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.TIMESTAMP: "TIMESTAMP",
    pa.date32(): "DATE",
    pa.int64(): "BIGINT",
    pa.decimal128(38, 9): "DECIMAL",
    pa.bool_(): "BOOLEAN",
    pa.string(): "text",
    pa.timestamp("us", tz="UTC"): "TIMESTAMP",
}
UNLISTED_TESTS = {
    "test_secrets.py::test_the_search_finds_what_is_there",  # of the test's own tools
    "test_postgres.py::test_loads_into_postgres",  # no fault
}

Rows = list[list[str]]


def blocks(document: str, language: str) -> list[str]:
    """The fenced blocks of a language, without the indentation they share."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", document, re.DOTALL | re.MULTILINE)
    return [re.sub(rf"^{indent}", "", body, flags=re.MULTILINE) for indent, body in found]


def section(page: str, title: str) -> str:
    """The text under a heading of a page of docs/."""
    _, found, rest = PAGES[page].partition(f"\n## {title}\n")
    assert found, f"{page}.md has no heading {title}"
    return "\n" + rest.partition("\n## ")[0]


def rows_in(text: str) -> Rows:
    """The cells of every table, without the heads."""
    tables = re.findall(r"^\|---.*\n((?:\|.*\n?)*)", text, re.MULTILINE)
    lines = [line for table in tables for line in table.splitlines()]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def rows_after(mark: str, text: str) -> Rows:
    """The cells of the first table whose head begins with `mark`."""
    _, found, rest = text.partition(f"\n{mark}")
    assert found, f"no table begins with {mark}"
    return rows_in(f"{rest}".partition("\n\n")[0].partition("\n")[2])


def ticked(text: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", text)


def columns_in(rows: Rows) -> dict[str, str]:
    """Column names, of which a cell may hold several, with their type."""
    return {name: row[1] for row in rows for name in ticked(row[0])}


@pytest.fixture
def demo(start_apple: StartApple, job: Job) -> dict[str, Any]:
    """Some of the demo's data in the database, and the summary of the run that loaded it."""
    apple = start_apple(demo_world(TODAY, days=4))
    return job.run(apple, "--report", DOWNLOADS, "--app-id", "1500000101").summary


def test_first_command_is_the_demo() -> None:
    """README's first command is a target of the Makefile that loads the demo."""
    command = [
        "make",
        "--no-print-directory",
        "--dry-run",
        "--always-make",
        *blocks(README, "sh")[0].split()[1:],
    ]
    recipe = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True
    )  # the README's

    assert "make demo\n" == blocks(README, "sh")[0]
    last = [line.partition(" ")[2] for line in recipe.stdout.rstrip().splitlines()[-3:]]

    assert ["pipelines/asc_segments.py --demo", "pipelines/asc_models.py", "dashboard"] == last


def test_first_query(demo: dict[str, Any], capfd: pytest.CaptureFixture[str]) -> None:
    """README's first query runs as it stands and gives the columns that are shown."""
    Path("query.py").write_text(blocks(README, "python")[0])
    runpy.run_path("query.py")
    shown = blocks(README, "text")[1].splitlines()

    printed = capfd.readouterr().out.splitlines()

    assert shown[:4] == printed[:4]
    assert str(TODAY - timedelta(days=1)) in printed[4]


def test_readme_statements(demo: dict[str, Any], job: Job) -> None:
    """README's statements run; the sum of all files is more than the truth."""
    (sums,), (*_,) = [job.query(statement) for statement in blocks(README, "sql")]

    assert sums[0] > sums[1] > 0


def test_freshness_query(job: Job) -> None:
    """README's query names what is behind, incomplete or never loaded, and not what has ended."""
    with duckdb.connect(str(job.database)) as database:
        database.execute("create schema app_store_connect")
        database.execute(
            "create table app_store_connect.data_freshness as select app_id,"
            " case when app_id <> 'frozen' then 'x' end as report_name,"
            " current_date - processed as newest_processing_date,"
            " current_date - complete as newest_complete_date, missing as missing_dates, reason"
            " from (values ('good', 1, 3, 0, null), ('gap', 1, 3, 2, null),"
            " ('behind', 20, 25, 0, null), ('never complete', 1, null, 0, null),"
            " ('never loaded', null, null, 0, null), ('ended', 40, 45, 0, null),"
            " ('ended with a gap', 40, 45, 1, null), ('frozen', 40, 45, 0, 'no ONGOING request'),"
            " ('does not apply', null, null, 0, 'no instances'))"
            " as stated (app_id, processed, complete, missing, reason)"
        )
    named = {row[0] for row in job.query(blocks(README, "sql")[1])}

    assert {"gap", "behind", "never complete", "never loaded", "frozen"} == named


@pytest.mark.slow
def test_view_in_words_is_the_view(demo: dict[str, Any], job: Job) -> None:
    """The SQL in docs/views.md gives the rows of the view."""
    (statement,) = blocks(PAGES["views"], "sql")
    view = job.query("select * from app_store_connect.app_downloads_standard_daily")

    assert sorted(map(str, view)) == sorted(map(str, job.query(statement)))
    assert view


def test_readme_source_example(start_apple: StartApple, job: Job) -> None:
    """README's Python example loads the app that it names."""
    world = world_with_reports(SESSIONS, app_ids=["1500000000"])
    add_vintages(world, world.report("1500000000", SESSIONS), days=2)
    job.use(start_apple(world))
    Path("example.py").write_text(blocks(README, "python")[1])
    runpy.run_path("example.py")

    assert [(1500000000, 2)] == job.query(
        "select _app_id, count(distinct _instance_id)"
        f" from {raw_rows('app_sessions_standard_daily')} group by all"
    )


@pytest.mark.slow
def test_examples_of_the_python_page(
    start_apple: StartApple, job: Job, capsys: pytest.CaptureFixture[str]
) -> None:
    """docs/python-source.md: the source with its views, and the job as a function."""
    world = world_with_reports(SESSIONS, CRASHES, app_ids=["1500000000"])
    for report in (SESSIONS, CRASHES):
        add_vintages(world, world.report("1500000000", report), days=2)
    job.use(start_apple(world))
    for block in blocks(PAGES["python-source"], "python"):
        Path("example.py").write_text(block)
        runpy.run_path("example.py")
    printed = capsys.readouterr().out

    assert "crashes: int64" in printed
    assert "['app_crashes_daily']" in printed


def test_examples_do_not_hide_failures() -> None:
    """Who copies an example gets a red scheduler where something could not be loaded."""
    examples = [each for text in (README, *PAGES.values()) for each in blocks(text, "python")]
    loading = [each for each in examples if "app_store_connect_source(" in each]

    assert 3 == len(loading)
    assert all("raise_for_failures(" in each or 'on_failure="raise"' in each for each in loading)


def shape_of_key(number: int) -> str:
    """The example with one of its four ways to give the key, and no other."""
    head, *shapes = re.split(r"^# \d\. .*\n", SECRETS, flags=re.MULTILINE)
    assert len(shapes) == 4
    return head + re.sub(r"^# ", "", shapes[number - 1], flags=re.MULTILINE)


def filled_in(text: str, apple: Emulator) -> str:
    body = "".join(apple.private_key.splitlines()[1:-1])
    for placeholder, value in (
        ("00000000-0000-0000-0000-000000000000", apple.issuer_id),
        ('"ABC123DEFG"', f'"{apple.key_id}"'),
        ("MIGTAgEAMBMGByqGSM49...", body),
    ):
        text = text.replace(placeholder, value)
    return text


@pytest.mark.variants
@pytest.mark.parametrize("number", [1, 2, 3, 4], ids=["path", "text", "escaped", "base64"])
def test_secrets_example(number: int, start_apple: StartApple) -> None:
    """The example needs only the user's values filled in, whichever shape the key has."""
    apple = start_apple(overlapping_world(days=1))
    Path(".dlt").mkdir()
    Path(".dlt/secrets.toml").write_text(filled_in(shape_of_key(number), apple))
    address = f'[sources.app_store_connect]\nbase_url = "{apple.base_url}"'
    config = CONFIG.replace("\n[sources.app_store_connect]", f"\n{address}")
    Path(".dlt/config.toml").write_text(config)
    if number == 1:
        Path("AuthKey_ABC123DEFG.p8").write_text(apple.private_key)
    command = [sys.executable, str(ROOT / "pipelines" / "asc_segments.py"), "--plan"]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True)

    assert (0, "2 instances to load" in done.stdout) == (done.returncode, True), done.stderr


def test_readme_environment_variables() -> None:
    """The variables in README are the keys of the configuration."""
    named = re.findall(r"export SOURCES__APP_STORE_CONNECT__(\w+)=", README)

    assert ["issuer_id", "key_id", "private_key"] == [name.lower() for name in named]
    assert {name.lower() for name in named} <= {each.name for each in fields(Configuration)}


def test_config_file_shows_the_defaults() -> None:
    """.dlt/config.toml names every key, each with the value that holds without it, if any."""
    commented = re.sub(r"^# (?=\[|[a-z_]+ = |\")", "", CONFIG, flags=re.MULTILINE)
    shown = tomllib.loads(commented)
    own = shown["sources"]["app_store_connect"]
    secret = {"issuer_id", "key_id", "private_key"}
    expected = set(Configuration.get_resolvable_fields()) - secret
    set_dlt_defaults(Configuration().workers)
    dlts = {"load": ("workers", "truncate_staging_dataset")}

    assert expected == own.keys()
    defaults = {name: getattr(Configuration(), name) for name in own}
    assert {name: value for name, value in defaults.items() if value is not None} == {
        name: value for name, value in own.items() if defaults[name] is not None
    }
    for name in ("extract", "data_writer", "load"):
        for key, value in shown[name].items():
            holds = (
                getattr(LoaderConfiguration(), key)
                if key in dlts.get(name, ())
                else dlt.config.get(f"{name}.{key}")
            )
            assert (name, key, value) == (name, key, holds)


def test_options_are_documented() -> None:
    """docs/options.md has every option of the command line, and no other, with its default."""
    rows = rows_after("| option | meaning | default |", PAGES["options"])
    named = re.findall(r"(?<![\w-])--?[a-z][a-z-]*", " ".join(row[0] for row in rows))
    actual = {name for each in main.params for name in each.opts} | {"-h", "--help"}
    chosen = main.make_context("asc-segments", []).params
    defaults = {
        each.opts[0]: f"{chosen[each.name]}".removesuffix(".0").strip("(),'")
        for each in main.params
        if each.name != "access_types" and chosen.get(each.name or "")
    }
    shown = {
        ticked(row[0])[0].split()[0]: row[2].strip("`")
        for row in rows
        if re.fullmatch(r"`\w+`|\d+", row[2])
    }

    assert sorted(actual) == sorted(named)
    assert defaults == shown


JSON_OF = {
    "models": ModelsSummary(ModelSettings()).as_json(),
    "status": State("", "", "", TODAY, Size(0, 0, None)).as_json(0),
}


@pytest.mark.parametrize("name", main.commands)
def test_options_of_commands_are_documented(name: str) -> None:
    """Each command has a page with every option that it takes, and every key of its JSON."""
    text = PAGES[name]
    rows = rows_after("| option | meaning | default |", text)
    named = re.findall(r"(?<![\w-])--?[a-z][a-z-]*", " ".join(row[0] for row in rows))
    params = main.commands[name].params
    options = {name for each in params if isinstance(each, click.Option) for name in each.opts}

    assert sorted(options | {"-h", "--help"}) == sorted(named)
    if name in JSON_OF:
        keys = [name for row in rows_after("| key of the JSON |", text) for name in ticked(row[0])]
        assert sorted(JSON_OF[name]) == sorted(keys)


@pytest.mark.parametrize("path", OF_THE_JOB)
def test_command_lines_are_accepted(path: Path) -> None:
    """Every command line and option that a document shows is one that the job takes."""
    text = path.read_text()
    fenced = "".join(body for language in ("sh", "text") for body in blocks(text, language))
    for line in re.findall(r"(?:asc_segments\.py|asc-segments)\b(.*?)(?:>>.*)?$", fenced, re.M):
        command: click.Command = main
        words = shlex.split(line, comments=True)
        if words and words[0] in main.commands:
            command, words = main.commands[words[0]], words[1:]
        command.make_context("asc-segments", words)
    prose = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)
    others = ("dlt ", "docker ", "systemctl ", "journalctl ", "PYTHONPATH=/srv/asc celery ")
    spans = [span for span in ticked(prose) if not span.startswith(others)]
    options = {word for span in spans for word in span.split() if word.startswith("--")}

    commands = [main, *main.commands.values()]
    known = {name for command in commands for each in command.params for name in each.opts}

    assert not options - known - {"--help"}


def test_configuration_keys_are_documented() -> None:
    """docs/configuration.md has every key of the configuration with its default."""
    rows = rows_after("| key in `[sources.app_store_connect]`", PAGES["configuration"])
    shown = {ticked(row[0])[0]: row[2].strip("`") for row in rows}

    assert set(Configuration.get_resolvable_fields()) == shown.keys()
    for name, text in shown.items():
        default = getattr(Configuration(), name)
        assert (name, "" if default is None else str(default)) == (
            name,
            text.replace("required", ""),
        )


def test_exit_codes_are_documented() -> None:
    """docs/exit-codes.md and README have the codes of the summary."""
    codes = [
        summary.OK,
        summary.INCOMPLETE,
        summary.UNUSABLE,
        summary.OUT_OF_BUDGET,
        summary.INTERRUPTED,
    ]
    rows = rows_after("| code | means | do |", section("exit-codes", "Exit codes"))
    line = re.search(r"^Exit codes:(.*?)^$", README, re.DOTALL | re.MULTILINE)

    assert codes == [int(row[0]) for row in rows]
    assert line
    assert codes == [int(number) for number in re.findall(r"\d+", line[1])]


def test_summary_keys_are_documented(demo: dict[str, Any]) -> None:
    """docs/exit-codes.md has every key of the JSON summary, and no other."""
    rows = rows_after("| key | holds |", section("exit-codes", "Summary as JSON"))

    assert sorted(demo) == sorted(name for row in rows for name in ticked(row[0]))


@pytest.mark.slow
@pytest.mark.parametrize("view", ["data_freshness", "date_owners", "restatements"])
def test_columns_of_a_view_are_documented(view: str, demo: dict[str, Any], job: Job) -> None:
    """docs/views.md has the columns of the views that are about all reports, with their types."""
    actual = job.query(f"select column_name, column_type from (describe app_store_connect.{view})")
    rows = rows_after("| column | type | meaning |", section("views", view))
    kinds = {"VARCHAR": "text", "DECIMAL(38,9)": "DECIMAL"}

    assert {name: kinds.get(kind, kind) for name, kind in actual} == columns_in(rows)


def test_catalogue_is_documented() -> None:
    """docs/reports.md has every report of the catalogue with table, date column, lag and policy."""
    expected = [
        [
            report.name,
            f"`{snake_case(report.name)}`",
            report.category,
            f"`{snake_case(report.date_column)}`",
            str(report.lag_days),
            report.policy.value,
            "yes" if report.is_default else "no",
        ]
        for report in REPORTS
    ]

    assert expected == rows_after("| report | table", PAGES["reports"])


def test_report_columns_are_documented() -> None:
    """docs/report-columns.md has the columns of every report in order, and the type of each."""
    text = PAGES["report-columns"]
    listed = {ticked(row[0])[0]: row[1].split(", ") for row in rows_after("| table, without", text)}
    types = {name: TYPES[kind] for each in REPORTS for name, kind in each.table_columns().items()}

    assert {snake_case(each.name): list(each.table_columns()) for each in REPORTS} == listed
    rows = rows_after("| column | type | additivity | meaning |", text)
    adds_up = {name: row[2] for row in rows for name in ticked(row[0])}
    measures = {
        snake_case(column): COLUMNS[column].additivity or ""
        for each in REPORTS
        for column in each.columns
    }

    assert types == columns_in(rows)
    assert measures == adds_up


@pytest.mark.parametrize(
    "table",
    [
        pytest.param(each, id=each.name)
        for each in (*SEGMENT_TABLES, INSTANCE_CHECKS, LOAD_FAILURES, RUNS, ALERTS)
    ],
)
def test_ledger_columns_are_documented(table: RawTable) -> None:
    """docs/tables.md has the columns of the tables about segments with their types."""
    expected = {field.name: TYPES[field.type] for field in table.schema}

    assert expected == columns_in(rows_in(section("tables", table.name)))


def test_columns_of_the_loader_are_documented() -> None:
    """docs/tables.md has the columns beside Apple's, and the tables of what Apple lists."""
    text = PAGES["tables"]
    listings = {
        ticked(row[0])[0]: {
            name: kind or "text" for name, kind in re.findall(r"`(\w+)`(?: ([A-Z]+))?", row[1])
        }
        for row in rows_after("| table | columns |", text)
    }

    assert {name: TYPES[kind] for name, kind in PROVENANCE} == columns_in(
        rows_after("| column | type | meaning |", section("tables", "Report tables"))
    )
    assert {
        table.name: {name: TYPES[kind] for name, kind in table.columns.items()}
        for table in LATEST_TABLES
        if table is not INSTANCE_CHECKS  # which has a table of its own
    } == listings


def test_messages_are_the_programs() -> None:
    """What the table says one sees is what the program says, but for what varies."""
    paths = [path for package in PACKAGES for path in package.rglob("*.py")]
    said = [text for path in paths for text in texts_in(path)]
    seen = [text for row in rows_in(PAGES["messages"]) for text in ticked(row[0])]
    varies = r"\.\.\.|\b[0-9]+\b|[A-Z_]{5,}|md5"
    parts = [part.strip(" ,;") for text in seen for part in re.split(varies, text)]

    assert len(parts) > 40
    assert [] == [part for part in parts if not any(part in text for text in said)]


def texts_in(path: Path) -> Iterator[str]:
    """The strings of a module, with a blank for what an f-string fills in."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(
                str(each.value) if isinstance(each, ast.Constant) else "\0" for each in node.values
            )


def test_faults_are_documented() -> None:
    """docs/faults.md names every fault test, and no other, with what happens."""
    listed = [name for row in rows_in(PAGES["faults"]) for name in row[2:]]
    actual = {
        f"{path.name}::{name}"
        for path in (ROOT / "tests" / "faults").glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
    }

    assert actual - UNLISTED_TESTS == {name for cell in listed for name in ticked(cell)}


def anchors_in(path: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub and mkdocs make them."""
    prose = re.sub(r"^ *```.*?^ *```$", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}


@pytest.mark.parametrize("path", DOCUMENTS)
def test_links_lead_somewhere(path: Path) -> None:
    """Relative links name files and headings that exist; those of docs/ files of the site."""
    targets = re.findall(r"\]\((?!https?:)([^)\s]+)\)", path.read_text())
    broken = []
    for target in targets:
        name, _, anchor = target.partition("#")
        linked = path.parent / name if name else path
        is_outside = path.parent.name == "docs" and linked.parent.resolve() != path.parent
        if is_outside or not linked.exists() or (anchor and anchor not in anchors_in(linked)):
            broken.append(target)

    assert [] == broken


def test_pages_are_short() -> None:
    """No page of docs/ has more than 300 lines."""
    assert [] == [name for name, text in PAGES.items() if len(text.splitlines()) > 300]


def test_pages_are_found() -> None:
    """docs/index.md and mkdocs.yml name every page."""
    linked = re.findall(r"\]\(([\w-]+)\.md\)", PAGES["index"])
    shown = re.findall(r"- ([\w-]+)\.md$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)

    assert sorted(PAGES) == sorted(["index", *linked]) == sorted(shown)


def test_readme_is_short() -> None:
    """The README is read in one go: at most 150 lines, the first load within the first 30."""
    lines = README.splitlines()

    assert len(lines) <= 150
    assert lines.index("make demo") < 30
