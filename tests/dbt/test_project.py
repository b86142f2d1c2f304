"""The dbt project agrees with the catalogue, and with itself; no database and no dbt needed."""

import re
from pathlib import Path

import pytest
import yaml

from app_store_connect.catalog import REPORTS
from asc_pipeline.models.generator import STAGING, files
from asc_pipeline.models.reports import DEFINITIONS
from tests.dbt.warehouse import PROJECT

MODELS = PROJECT / "models"
DOCS = {
    name
    for path in MODELS.rglob("*.md")
    for name in re.findall(r"{% docs (\w+) %}", path.read_text())
}


def properties() -> list[dict[str, object]]:
    return [
        model
        for path in sorted(MODELS.rglob("*.yml"))
        for model in yaml.safe_load(path.read_text()).get("models", [])
    ]


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in files()])
def test_files_are_as_generated(path: Path) -> None:
    """Every generated file is as the definition of the reports says: run `make questions`."""
    assert files()[path] == path.read_text()


def test_every_generated_file_is_written_again() -> None:
    """A file that says it is generated is one that the generator writes."""
    marked = {
        path
        for path in PROJECT.rglob("*.*")
        if path.suffix in (".md", ".sql", ".yml")
        and "Written by asc_pipeline/models/generator.py" in path.read_text()[:100]
    }

    assert marked == {path for path, text in files().items() if "Written by" in text[:100]}


def test_every_default_report_is_staged() -> None:
    """A report that is loaded by default has a staging model."""
    staged = {each.name for each in DEFINITIONS if not each.is_detailed}

    assert {each.name for each in REPORTS if each.is_default} == staged


def test_the_project_reads_no_provenance_from_raw() -> None:
    """Which rows count is read from the views: of the raw dataset only the catalogue, the loads and
    the apps are sources.
    """
    sources = yaml.safe_load((STAGING / "_sources.yml").read_text())["sources"]
    (raw,) = (each["tables"] for each in sources if each["name"] == "app_store_connect_raw")

    assert {"report_catalogue", "_dlt_loads", "apps"} == {table["name"] for table in raw}


def test_every_model_is_described() -> None:
    """Every model has properties with a description, and every column that they name has one."""
    described = {str(model["name"]): model for model in properties()}
    models = {path.stem for path in MODELS.rglob("*.sql")}

    assert models == described.keys()
    assert [] == [name for name, model in described.items() if not model.get("description")]
    for model in described.values():
        for column in model["columns"]:  # type: ignore[attr-defined]
            assert column.get("description"), (model["name"], column)


def test_doc_blocks_are_used() -> None:
    """A meaning is written once, is used, and is there."""
    used = {
        name
        for path in MODELS.rglob("*.yml")
        for name in re.findall(r"doc\('(\w+)'\)", path.read_text())
    }

    assert used == DOCS


def test_marts_state_their_grain() -> None:
    """Each mart and each table behind it says what a row of it is."""
    for model in properties():
        name = str(model["name"])
        if name.startswith(("fct_", "dim_", "int_")):
            assert str(model["description"]).startswith("Grain: one row for each"), name


def test_names_fit_postgres() -> None:
    """Postgres cuts names at 63 bytes."""
    assert [] == [path.stem for path in MODELS.rglob("*.sql") if len(path.stem) > 63]


def test_sums_of_unique_counts_say_so() -> None:
    """No mart has a unique count under a name that hides a sum over dimensions. In a fact
    at full grain the count is Apple's own, which holds for its row.
    """
    full_grain = {each.fact for each in DEFINITIONS}
    columns = {
        str(column["name"])
        for model in properties()
        if str(model["name"]).startswith(("fct_", "int_")) and model["name"] not in full_grain
        for column in model["columns"]  # type: ignore[attr-defined]
    }
    unique = {name for name in columns if re.search(r"unique|devices|paying_users", name)}

    assert unique
    assert [] == [name for name in unique if not name.endswith("_summed_over_dimensions")]
