"""The architecture, as far as imports show it."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WINGS = {
    "app_store_connect": ROOT / "sources" / "app_store_connect",
    "asc_pipeline": ROOT / "pipelines" / "asc_pipeline",
}
LAYERS = (
    "app_store_connect.errors app_store_connect.redaction",
    "app_store_connect.dlt_errors app_store_connect.entities asc_pipeline.text",
    "app_store_connect.names app_store_connect.api",
    "app_store_connect.catalog",
    "app_store_connect.instances app_store_connect.tables app_store_connect.configuration"
    " asc_pipeline.emulator",
    "app_store_connect.report_files app_store_connect.warehouse",
    "app_store_connect.planning app_store_connect.extract asc_pipeline.dlt_pipeline",
    "app_store_connect.listed_rows app_store_connect.running_pipeline app_store_connect.views"
    " asc_pipeline.doctor",
    "app_store_connect.reading asc_pipeline.truth asc_pipeline.models asc_pipeline.lake_tables",
    "app_store_connect.source app_store_connect.results asc_pipeline.status asc_pipeline.dashboard"
    " asc_pipeline.alerts asc_pipeline.digest",
    "asc_pipeline.job",
    "asc_pipeline.cli asc_pipeline.dagster",
)
"""The rooms from the lowest to the highest. A room imports only from rows below its own."""
RANK = {room: rank for rank, row in enumerate(LAYERS) for room in row.split()}
FILES_IN_A_FOLDER = 12
OF_EXTRAS = {"dbt", "deltalake", "pyiceberg", "vl_convert", "apprise", "dagster", "dagster_dbt"}


def modules_of(room: str) -> list[Path]:
    wing, name = room.split(".")
    place = WINGS[wing] / name
    return sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]


def rooms_of(wing: str) -> set[str]:
    """The folders and modules in a wing's folder."""
    return {
        f"{wing}.{path.stem}"
        for path in WINGS[wing].iterdir()
        if any(path.glob("*.py")) or (path.suffix == ".py" and path.stem != "__init__")
    }


def imported_modules(path: Path) -> set[str]:
    """Full names of imported modules, and of imported names, since these may be modules."""
    found: set[str] = set()
    package = [*path.relative_to(path.parents[_depth(path)]).with_suffix("").parts][:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *filter(None, [node.module])])
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return found


def _depth(path: Path) -> int:
    """How many folders above a file the folder of its wing's package lies."""
    return next(i for i, folder in enumerate(path.parents) if folder in WINGS.values()) + 1


def imported_rooms(room: str) -> set[str]:
    names = set().union(*(imported_modules(path) for path in modules_of(room)))
    parts = [name.split(".") for name in names]
    return {".".join(part[:2]) for part in parts if ".".join(part[:2]) in RANK} - {room}


def test_every_room_has_its_layer() -> None:
    """A new module or folder is put into a row before anything else."""
    assert set(RANK) == set().union(*map(rooms_of, WINGS))


@pytest.mark.parametrize("room", RANK)
def test_imports_go_one_way(room: str) -> None:
    assert [] == [each for each in sorted(imported_rooms(room)) if RANK[each] >= RANK[room]]


def test_emulator_stands_apart() -> None:
    """It shares Apple's nouns and report headers with the source, and only `--demo` starts it."""
    users = {room for room in RANK if "asc_pipeline.emulator" in imported_rooms(room)}

    assert {"app_store_connect.catalog", "app_store_connect.entities"} >= imported_rooms(
        "asc_pipeline.emulator"
    )
    assert {"asc_pipeline.cli"} == users


@pytest.mark.parametrize("wing", WINGS)
def test_folders_can_be_read_at_a_glance(wing: str) -> None:
    """No folder has more modules than a reader takes in at once."""
    folders = [WINGS[wing], *(path for path in WINGS[wing].rglob("*") if path.is_dir())]
    counts = {folder: len([*folder.glob("[!_]*.py")]) for folder in folders}

    assert {} == {str(each): count for each, count in counts.items() if count > FILES_IN_A_FOLDER}


def packages_in(*folders: Path) -> set[str]:
    """The distributions that the modules there import, but for those of extras."""
    modules = {
        name.partition(".")[0]
        for folder in folders
        for path in folder.rglob("*.py")
        for name in imported_modules(path)
    }
    used = modules - sys.stdlib_module_names - OF_EXTRAS - set(WINGS)
    distributions = packages_distributions()
    # sqlglotc has compiled modules of sqlglot
    return {min(distributions[name], key=len).lower() for name in used}


def by_name(requirements: list[str]) -> dict[str, str]:
    return {re.split(r"[\[<>=]", each)[0].lower(): each for each in requirements}


def asked_for() -> dict[str, str]:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return by_name(tomllib.loads(text)["project"]["dependencies"])


def test_what_is_imported_is_asked_for() -> None:
    """Every package that is used is a dependency with a bound of its own, not another's."""
    assert asked_for().keys() == packages_in(*WINGS.values())


def test_requirements_of_the_source() -> None:
    """`dlt init` installs what the source imports, in the ranges of the project."""
    source = WINGS["app_store_connect"]
    found = by_name((source / "requirements.txt").read_text(encoding="utf-8").splitlines())
    known = asked_for()

    assert found == {name: known[name] for name in packages_in(source)}
