"""The metrics of the semantic layer, asked with MetricFlow, are what SQL says."""

import csv
import shutil
import sys
from pathlib import Path

import pytest

from tests.dbt.warehouse import MARTS, PROJECT, Done, Warehouse

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dbt"), pytest.mark.timeout(600)]
DAILY = f"{MARTS}.fct_app_store_connect__daily"
BINARIES = Path(sys.executable).parent


class MetricFlow:
    """`mf` on the built marts, in a copy of the project that has its metrics enabled."""

    def __init__(self, warehouse: Warehouse, folder: Path) -> None:
        self._warehouse = warehouse
        self._project = folder / "project"
        shutil.copytree(PROJECT, self._project)
        project = self._project / "dbt_project.yml"
        text = project.read_text()
        assert "app_store_connect_metrics: false" in text
        project.write_text(text.replace("_metrics: false", "_metrics: true"))
        done = self._run("dbt", "--quiet", "build", "--select", "app_store_connect__time_spine")
        assert 0 == done.code, done

    def validate(self) -> Done:
        return self._run("mf", "validate-configs")

    def query(self, metrics: str, group_by: str, *more: str) -> list[dict[str, str]]:
        file = self._project / "answer.csv"
        names = ",".join(f"app_store_connect_{name}" for name in metrics.split(","))
        options = ("--metrics", names, "--group-by", group_by, "--csv", str(file))
        done = self._run("mf", "query", *options, *more)
        assert 0 == done.code, done
        with file.open() as lines:
            return list(csv.DictReader(lines))

    def _run(self, program: str, *arguments: str) -> Done:
        environment = {
            # mf reads no other place
            "DBT_TARGET_PATH": str(self._project / "target"),
            "DBT_PROFILES_DIR": str(self._project),
            "DBT_PROJECT_DIR": str(self._project),
            "ASC_DBT_DUCKDB": str(self._warehouse.file),
        }
        command = f'cd "{self._project}" && exec "$@"'
        binary = str(BINARIES / program)
        return self._warehouse.run("sh", "-c", command, program, binary, *arguments, **environment)


@pytest.fixture(scope="module")
def metricflow(built: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> MetricFlow:
    folder = tmp_path_factory.mktemp("metrics")
    copy = Warehouse(folder / "built")
    shutil.copytree(built.folder, copy.folder)
    return MetricFlow(copy, folder)


def test_definitions_are_valid(metricflow: MetricFlow) -> None:
    """MetricFlow finds no fault in a definition, nor in what the database makes of it."""
    done = metricflow.validate()

    assert 0 == done.code, done
    assert 0 == done.out.count("ERRORS: 1")
    assert done.out.count("ERRORS: 0, FUTURE_ERRORS: 0, WARNINGS: 0") >= 6


def test_sums_go_by_dimensions_of_several_reports(metricflow: MetricFlow, built: Warehouse) -> None:
    """Metrics of three reports by one territory are the sums of the mart, and a rate is that of the
    sums.
    """
    found = metricflow.query(
        "first_time_downloads,impressions,proceeds_usd,conversion_rate", "territory"
    )
    expected = {
        territory: sums
        for territory, *sums in built.query(
            "select territory_key, sum(first_time_downloads), sum(impressions), sum(proceeds_usd),"
            " sum(first_time_downloads) + sum(redownloads)"
            f" from {MARTS}.fct_app_store_connect__daily_by_territory group by 1"
        )
    }

    assert len(found) == len(expected) > 10
    for row in found:
        told = {name.removeprefix("app_store_connect_"): text for name, text in row.items()}
        downloads, impressions, proceeds, all_downloads = expected[told.pop("territory")]
        rate = (all_downloads or 0) / impressions if impressions else 0
        assert {name: float(text or 0) for name, text in told.items()} == pytest.approx(
            {
                "first_time_downloads": downloads or 0,
                "impressions": impressions or 0,
                "proceeds_usd": float(proceeds or 0),
                "conversion_rate": rate,
            }
        )


def test_a_stock_is_not_summed_over_days(metricflow: MetricFlow, built: Warehouse) -> None:
    """Paid subscriptions of a week are those of its newest day."""
    found = metricflow.query("paid_subscriptions", "metric_time__week,app")
    expected = built.query(
        "select date_trunc('week', date_day), app_id, last(paid_subscriptions order by date_day)"
        f" from {DAILY} where paid_subscriptions is not null group by 1, 2"
    )

    assert {(str(week)[:10], str(app), n) for week, app, n in expected} == {
        (
            row["metric_time__week"][:10],
            row["app"],
            int(row["app_store_connect_paid_subscriptions"]),
        )
        for row in found
    }


def test_counts_of_unique_users_are_no_metrics(metricflow: MetricFlow) -> None:
    """Unique counts that do not add up cannot be asked for at all."""
    text = (PROJECT / "models" / "metrics" / "_metrics.yml").read_text()

    assert "summed_over_dimensions" not in text
    assert "unique" not in text
