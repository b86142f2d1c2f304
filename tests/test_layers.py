"""The architecture, as far as imports show it."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "sources" / "app_store_connect"
LAYERS = (
    {"streams"},
    {"errors", "complaints", "gathering", "turns", "interruption", "printing", "startup"},
    {"model"},
    {"names"},
    {"catalog"},
    {"selection", "credentials", "redaction", "tables", "sql", "database"},
    {"auth", "budget", "answers", "moves", "records", "transfer", "provenance", "tuning"},
    {"client", "tsv"},
    {"download", "discovery"},
    {"outcome", "renewal", "portions"},
    {"resources"},
    {"spelling", "files"},
    {"lake"},
    {"ledger", "configuration"},
    {"views", "repair", "source", "pinpoint", "progress", "summary"},
    {"upkeep", "workspace", "report"},
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
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__")


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names += [a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names]
    parts = [name.split(".") for name in names if name and name.startswith("app_store_connect.")]
    return {part[1] for part in parts}


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_one_way(module: str) -> None:
    """A module imports only from layers below its own, and every module has a layer."""
    above = {
        name
        for name in imported(PACKAGE / f"{module}.py") - {"emulator"}
        if RANK[name] >= RANK[module] and RANK[module] != RANK["views"]
    }

    assert set() == above


def test_emulator_stands_apart() -> None:
    """It shares Apple's nouns and headers with the loader, and only the demo starts it."""
    files = (PACKAGE / "emulator").glob("*.py")
    used = set().union(*(imported(path) for path in files)) - {"emulator"}
    users = {name for name in MODULES if "emulator" in imported(PACKAGE / f"{name}.py")}

    assert {"model", "catalog", "names"} >= used
    assert {"demo"} == users
