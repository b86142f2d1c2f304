"""Every statement of the job on each engine, and DuckDB's answers."""

from collections.abc import Iterator

import pytest

from app_store_connect.warehouse.connection import Warehouse
from tests.engines.answers import Answers, after_repairs, answers_to_questions, rows_of_views
from tests.engines.warehouses import ENGINES

GREATEST = str(2**63 - 1)
ASKED = [name for name in ENGINES if name != "snowflake"]
"""fakesnow keeps one of two columns of equal names, and so answers some questions wrongly."""


@pytest.fixture(scope="module")
def warehouse(request: pytest.FixtureRequest, source: Warehouse) -> Iterator[Warehouse]:
    """An engine with the raw tables of the account."""
    with ENGINES[request.param](source) as found:
        yield found


@pytest.mark.parametrize("warehouse", ENGINES, indirect=True)
def test_views(warehouse: Warehouse, truth: Answers) -> None:
    """Every view can be made, and shows DuckDB's rows; fakesnow adds decimals up as floats."""
    found = rows_of_views(warehouse)
    exact = [row.replace("9223372036854776000", GREATEST) for row in found["restatements"]]

    assert truth.views == {**found, "restatements": sorted(exact)}


@pytest.mark.parametrize("warehouse", ASKED, indirect=True)
def test_questions(warehouse: Warehouse, truth: Answers) -> None:
    """Each of the job's questions has the same answer as on DuckDB."""
    assert truth.questions == answers_to_questions(warehouse)


@pytest.mark.parametrize("warehouse", ASKED, indirect=True)
def test_repairs(warehouse: Warehouse, truth: Answers) -> None:
    """The job's repairs delete and mark the same rows as on DuckDB."""
    assert truth.repairs == after_repairs(warehouse)
