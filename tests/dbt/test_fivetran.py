"""The layer that fivetran/dbt_apple_store reads: names, columns, and what stands in them."""

import pytest

from tests.dbt.warehouse import Warehouse
from tests.emulator import World

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dbt"), pytest.mark.timeout(600)]
SCHEMA = "app_store_connect_itunes_connect"
# what the package's get_..._columns macros name, 1.3.3
COLUMNS = {
    "app_store_app": "id name _fivetran_synced",
    "app_store_download_standard_daily": "_fivetran_id app_id date download_type app_version device"
    " platform_version source_type page_type pre_order territory counts source_info page_title"
    " _fivetran_synced",
    "app_store_installation_and_deletion_standard_daily": "_fivetran_id app_id date event"
    " download_type app_version device platform_version source_type page_type app_download_date"
    " territory counts unique_devices source_info page_title _fivetran_synced",
    "app_store_discovery_and_engagement_standard_daily": "_fivetran_id app_id date event page_type"
    " source_type engagement_type device platform_version territory counts unique_counts page_title"
    " source_info _fivetran_synced",
    "app_session_standard_daily": "_fivetran_id app_id date app_version device platform_version"
    " source_type page_type app_download_date territory sessions total_session_duration"
    " unique_devices source_info page_title _fivetran_synced",
    "app_crash_daily": "_fivetran_id app_id date app_version device platform_version crashes"
    " unique_devices _fivetran_synced",
}
REPORTS = {
    "app_store_download_standard_daily": ("App Downloads Standard", "counts"),
    "app_store_installation_and_deletion_standard_daily": (
        "App Store Installation and Deletion Standard",
        "counts",
    ),
    "app_store_discovery_and_engagement_standard_daily": (
        "App Store Discovery and Engagement Standard",
        "counts",
    ),
    "app_session_standard_daily": ("App Sessions Standard", "sessions"),
    "app_crash_daily": ("App Crashes", "crashes"),
}


@pytest.mark.parametrize("table", COLUMNS)
def test_columns(table: str, built: Warehouse) -> None:
    """Every column that the package reads is there."""
    assert set(COLUMNS[table].split()) <= built.columns(table, SCHEMA).keys()


@pytest.mark.parametrize("table", REPORTS)
def test_rows(table: str, built: Warehouse, demo: World) -> None:
    """The newest vintage alone, all rows of it, and no NULL among the texts that it joins by."""
    report, measure = REPORTS[table]
    rows = [row for app_id in demo.apps for row in demo.truth(app_id, report, "DAILY")]
    total = sum(int(row[measure.capitalize()] or 0) for row in rows)
    texts = [
        name
        for name, kind in built.columns(table, SCHEMA).items()
        if kind == "VARCHAR" and name not in ("source_info", "page_title")
    ]
    empty = " or ".join(f"{name} is null" for name in texts)

    assert [(len(rows), total, len(rows))] == built.query(
        f"select count(*), sum({measure}), count(distinct _fivetran_id) from {SCHEMA}.{table}"
    )
    assert [(0,)] == built.query(f"select count(*) from {SCHEMA}.{table} where {empty}")


def test_literals_are_apples(built: Warehouse) -> None:
    """Events keep the case in which Apple writes them."""
    assert [("Delete",), ("Install",)] == built.query(
        f"select distinct event from {SCHEMA}.app_store_installation_and_deletion_standard_daily"
        " order by 1"
    )
