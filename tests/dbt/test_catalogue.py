"""The models take lags and policies from the catalogue at the destination."""

import duckdb
import pytest

from tests.dbt.warehouse import MARTS, Rows, Warehouse

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dbt"), pytest.mark.timeout(600)]
CATALOGUE = "app_store_connect_raw.report_catalogue"
DAILY = f"{MARTS}.fct_app_store_connect__daily"
COMPLETE = f"select app_id, date_day from {DAILY} where is_complete order by 1, 2"
CRASHES = "app_crashes_daily"
DOWNLOADS = "app_downloads_standard_daily"


def rebuilt(warehouse: Warehouse, change: str) -> None:
    """Change the catalogue, and build and test the models."""
    with duckdb.connect(str(warehouse.file)) as database:
        database.execute(f"update {CATALOGUE} set {change}")
    done = warehouse.models()
    assert 0 == done.code, done


def downloads(warehouse: Warehouse) -> Rows:
    return warehouse.query(
        "select app_id, date_day, first_time_downloads + redownloads + updates + other_downloads"
        f" from {DAILY} where first_time_downloads is not null order by 1, 2"
    )


@pytest.mark.nightly
def test_lags_are_the_catalogues(copy_of_built: Warehouse) -> None:
    """With a lag as long as the data of one report goes back, one of its days is complete."""
    before = copy_of_built.query(COMPLETE)
    ((app_id, first, lag),) = copy_of_built.query(
        "select app_id, min(date), date_diff('day', min(date), max(newest_processing_date))"
        f" from app_store_connect.date_owners where table_name = '{CRASHES}' and slices > 0"
        " group by app_id order by app_id limit 1"
    )
    rebuilt(copy_of_built, f"lag_days = {lag}, window_days = {lag} where table_name = '{CRASHES}'")
    after = copy_of_built.query(COMPLETE)

    assert [day for app, day in after if app == app_id and day >= first] == [first]
    assert len([day for app, day in before if app == app_id]) > 2


@pytest.mark.nightly
def test_the_policy_is_the_catalogues(copy_of_built: Warehouse) -> None:
    """Of a report that accumulates the marts add up the rows of all instances, as its view does."""
    before = downloads(copy_of_built)
    rebuilt(copy_of_built, f"policy = 'accumulate' where table_name = '{DOWNLOADS}'")
    after = downloads(copy_of_built)

    assert after == copy_of_built.query(
        f"select _app_id, date, sum(counts) from app_store_connect.{DOWNLOADS}"
        " group by all order by 1, 2"
    )
    assert sum(row[2] for row in after) > sum(row[2] for row in before)
