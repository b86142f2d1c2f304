"""Loads App Store Connect's Analytics Reports into raw tables, each instance once."""

import dlt

from app_store_connect import app_store_connect_source, raise_for_failures


def load_reports() -> None:
    """Load the default reports. The first run loads all instances, later ones only new ones."""
    pipeline = dlt.pipeline(
        pipeline_name="app_store_connect",
        destination="duckdb",
        dataset_name="app_store_connect_raw",
    )
    load_info = pipeline.run(app_store_connect_source())
    print(load_info)  # noqa: T201  # the script's only output
    raise_for_failures(pipeline)


if __name__ == "__main__":
    load_reports()
