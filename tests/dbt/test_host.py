"""The dbt project as a package of somebody else's project, installed from git."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import Any

import pytest

from tests.dbt.warehouse import PROJECT, Warehouse

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dbt"), pytest.mark.timeout(600)]

FILES = {
    "dbt_project.yml": """
name: host
version: 1.0.0
profile: host
vars:
  app_store_connect_fivetran: true
models:
  app_store_connect:
    marts:
      daily:
        fct_app_store_connect__daily_by_device: {+materialized: table}
""",
    "profiles.yml": """
host:
  target: dev
  outputs:
    dev: {type: duckdb, path: asc_segments.duckdb, schema: host, threads: 2}
""",
    # names that a host may well have: of models, of macros, and its own rule for schemas
    "models/dim_dates.sql": "select cast('2026-01-01' as date) as day",
    "models/dim_apps.sql": "select 1 as app",
    "models/int_days.sql": "select * from {{ ref('dim_dates') }}",
    "models/report.sql": "select * from {{ ref('fct_app_store_connect__daily') }}",
    "macros/macros.sql": """
{% macro daily() %}{{ exceptions.raise_compiler_error("the host's macro") }}{% endmacro %}
{% macro stage() %}{{ exceptions.raise_compiler_error("the host's macro") }}{% endmacro %}
{% macro changed() %}{{ exceptions.raise_compiler_error("the host's macro") }}{% endmacro %}
{% macro money() %}{{ exceptions.raise_compiler_error("the host's macro") }}{% endmacro %}
{% macro problem() %}{{ exceptions.raise_compiler_error("the host's macro") }}{% endmacro %}
{% macro generate_schema_name(custom_schema_name, node) -%}
    bi{{ '_' ~ custom_schema_name if custom_schema_name }}
{%- endmacro %}
""",
}


@dataclass
class Host:
    """A project that has built itself and the package."""

    warehouse: Warehouse
    out: str

    def manifest(self) -> dict[str, Any]:
        text = (self.warehouse.folder / "target" / "manifest.json").read_text()
        found: dict[str, Any] = json.loads(text)
        return found


@pytest.fixture(scope="module")
def host(loaded: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Host:
    repository = tmp_path_factory.mktemp("repository")
    shutil.copytree(PROJECT, repository / "pipelines" / "dbt")
    git = ["git", "-C", str(repository), "-c", "user.name=x", "-c", "user.email=x@example.com"]
    for step in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *step], check=True)
    warehouse = Warehouse(tmp_path_factory.mktemp("host"))
    shutil.copy(loaded.file, warehouse.file)
    source = f"git: 'file://{repository}', subdirectory: pipelines/dbt, revision: HEAD"
    for name, text in {**FILES, "packages.yml": f"packages: [{{{source}}}]"}.items():
        path = warehouse.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    out = ""
    for command in ("deps", "build"):
        done = warehouse.dbt(command, project=warehouse.folder)
        out += done.out + done.err
        assert 0 == done.code, out
    return Host(warehouse, out)


def test_build_is_green(host: Host) -> None:
    """Every node of the host and of the package is built, though the host has names like ours."""
    counts = re.search(r"Done\. PASS=(\d+) WARN=(\d+) ERROR=(\d+) SKIP=(\d+)", host.out)

    assert counts, host.out[-3000:]
    assert ["0", "0", "0"] == list(counts.groups()[1:]), host.out[-3000:]
    assert int(counts[1]) > 90


def test_schemas_are_the_hosts(host: Host) -> None:
    """The host's own rule says where the models land."""
    nodes = host.manifest()["nodes"].values()
    schemas = {node["schema"] for node in nodes if node["resource_type"] in ("model", "seed")}

    assert {"bi", "bi_staging", "bi_marts", "bi_itunes_connect"} == schemas
    assert host.warehouse.query("select count(*) > 0 from bi.report") == [(True,)]


def test_configuration_of_the_host_wins(host: Host) -> None:
    """A host decides how a model is built, against the package's rule for the model's folder."""
    nodes = host.manifest()["nodes"]
    name = "model.app_store_connect.fct_app_store_connect__daily"
    built_as = [nodes[key]["config"]["materialized"] for key in (name, f"{name}_by_device")]

    assert ["incremental", "table"] == built_as


def test_nothing_but_models_lands_in_the_host(host: Host) -> None:
    """Questions, exposures and unit tests stay out of the host's graph; its variables are heard."""
    manifest = host.manifest()
    kinds = {
        node["resource_type"]
        for node in manifest["nodes"].values()
        if node["package_name"] == "app_store_connect"
    }

    assert {"model", "seed", "test"} == kinds
    assert ({}, {}) == (manifest["exposures"], manifest["unit_tests"])
    assert any("fivetran" in node["fqn"] for node in manifest["nodes"].values())


def test_only_marts_are_public(host: Host) -> None:
    """Columns and types of marts, facts and restatements are promised to those who build on them;
    the other models are for the package alone.
    """
    models = [
        node
        for node in host.manifest()["nodes"].values()
        if node["resource_type"] == "model" and node["package_name"] == "app_store_connect"
    ]
    public = [node for node in models if node["fqn"][1] in ("marts", "facts", "restatements")]

    # facts; days, weeks and months; their dimensions; restatements and forecasts
    assert 14 + (1 + 7 + 2) + 5 + 2 == len(public)
    assert {(True, "public")} == {(node["contract"]["enforced"], node["access"]) for node in public}
    assert {"private"} == {node["access"] for node in models if node not in public}
