"""The architecture, as far as imports show it."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "sources" / "app_store_connect"
LAYERS = (
    {"redaction"},
    {"extras", "streams", "row_hashes", "meanings"},
    {
        "errors",
        "stored_schema",
        "complaints",
        "gathering",
        "turns",
        "interruption",
        "printing",
        "startup",
    },
    {"model"},
    {"names", "schemas", "checks"},
    {"catalog"},
    {"selection", "credentials", "tables", "sql", "database"},
    {"auth", "budget", "answers", "records", "transfer", "slices", "tuning"},
    {"client", "tsv", "loaded", "listing"},
    {"missing"},
    {"download", "discovery"},
    {"outcome", "renewal", "portions", "unlisted"},
    {"resources"},
    {"spelling", "files"},
    {"lake"},
    {"ledger", "configuration", "arguments"},
    {"owners", "row_counts", "locks"},
    {"definitions"},
    {"date_owners", "restatements", "repair"},
    {"freshness"},
    {"views", "source", "pinpoint", "progress", "summary"},
    {"upkeep", "workspace", "report", "missing_tables", "verification"},
    {"models_summary"},
    {"models_results"},
    {"modelling"},
    {"models_command"},
    {"batches"},
    {"runner"},
    {"demo", "options"},
    {"cli"},
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
PACKAGES = ("catalog",)
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__")


OF_EXTRAS = {"dbt", "deltalake", "pyiceberg"}


def imported_modules(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names += [a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names]
    return [name for name in names if name]


def imported(path: Path) -> set[str]:
    """The modules of ours that a file imports, or a folder's files from outside of it."""
    files = path.glob("*.py") if path.is_dir() else [path]
    names = [name for file in files for name in imported_modules(file)]
    parts = [name.split(".") for name in names if name.startswith("app_store_connect.")]
    return {part[1] for part in parts} - {path.name}


@pytest.mark.parametrize("module", [*MODULES, *PACKAGES])
def test_imports_go_one_way(module: str) -> None:
    """A module imports only from layers below its own, and every module has a layer."""
    above = {
        name
        for name in imported(PACKAGE / (module if module in PACKAGES else f"{module}.py"))
        - {"emulator"}
        if RANK[name] >= RANK[module]
    }

    assert set() == above


def test_emulator_stands_apart() -> None:
    """It shares Apple's nouns and headers with the loader, and only the demo starts it."""
    files = (PACKAGE / "emulator").glob("*.py")
    used = set().union(*(imported(path) for path in files)) - {"emulator"}
    users = {name for name in MODULES if "emulator" in imported(PACKAGE / f"{name}.py")}

    assert {"model", "catalog", "names"} >= used
    assert {"demo"} == users


def test_what_is_imported_is_asked_for() -> None:
    """Every package that is used is a dependency with a bound of its own, not another's."""
    text = (PACKAGE.parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    asked = {
        re.split(r"[\[<>=]", each)[0].lower()
        for each in tomllib.loads(text)["project"]["dependencies"]
    }
    modules = {
        name.partition(".")[0] for path in PACKAGE.rglob("*.py") for name in imported_modules(path)
    }
    used = modules - sys.stdlib_module_names - OF_EXTRAS - {"app_store_connect"}
    distributions = packages_distributions()

    assert asked == {distributions[name][0].lower() for name in used}
