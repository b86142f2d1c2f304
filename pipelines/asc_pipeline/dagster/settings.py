"""The section `[sources.app_store_connect.dagster]`, and the names of a key's assets and pools."""

import re

import dagster as dg
from dlt.common.configuration import configspec, resolve_configuration
from dlt.common.configuration.exceptions import ConfigurationException
from dlt.common.configuration.specs import BaseConfiguration

from app_store_connect.catalog import REPORTS, ReportSchema
from app_store_connect.configuration.settings import SECTION
from app_store_connect.dlt_errors import check_files
from app_store_connect.entities import Granularity
from app_store_connect.errors import ConfigurationError
from app_store_connect.names import table_name

VIEWS = "app_store_connect"
"""The first part of a view's asset key: the name of the source in pipelines/dbt."""
RAW = "raw"
APPS_IN_A_UNIT = 90
WAIT_SECONDS = 3600.0
"""For a DuckDB file that another run has open."""
KEY_TAG = "asc/key"
"""The tag of a run that loads a unit; its value is the key's name."""

LEFT = "instances_left"
"""Observed of an app that was asked for and is not complete: how many instances are left."""


@configspec
class DagsterSettings(BaseConfiguration):
    """The keys of the section; docs/dagster.md explains them."""

    destination: str = "duckdb"
    dataset: str = "app_store_connect"
    dashboard: str = "asc_segments.html"
    day_begins: int = 9

    @property
    def is_shared(self) -> bool:
        """Whether runs may write at the same time."""
        return self.destination != "duckdb"


def read_dagster_settings() -> DagsterSettings:
    """Raises ConfigurationError if a file cannot be read, a value is not of its type, or
    `day_begins` no hour.
    """
    check_files()
    section = ".".join((*SECTION, "dagster"))
    try:
        settings = resolve_configuration(DagsterSettings(), sections=(*SECTION, "dagster"))
    except ConfigurationException:
        raise ConfigurationError(
            f"{section} cannot be read: day_begins is an hour from 0 to 23, the others are text"
        ) from None
    if not 0 <= settings.day_begins <= 23:
        raise ConfigurationError(
            f"{section}.day_begins is an hour from 0 to 23, and is {settings.day_begins}"
        )
    return settings


def daily_tables() -> dict[str, ReportSchema]:
    """The tables of the default reports that the catalogue knows, each with its report."""
    return {table_name(each.name, Granularity.DAILY): each for each in REPORTS if each.is_default}


def identifier(key: str) -> str:
    """A key's name as Dagster allows it in names of jobs, pools and partitions."""
    return re.sub(r"\W", "_", key, flags=re.ASCII)


def apps_of_key(key: str) -> dg.DynamicPartitionsDefinition:
    return dg.DynamicPartitionsDefinition(name=f"apps_{identifier(key)}")


def apps_asset(key: str) -> dg.AssetKey:
    """The asset that is materialised for an app when all that was due of it is loaded."""
    return dg.AssetKey([RAW, key, "apps"])


def table_asset(key: str, table: str) -> dg.AssetKey:
    return dg.AssetKey([RAW, key, table])


def view_asset(table: str) -> dg.AssetKey:
    return dg.AssetKey([VIEWS, table])


def pool_of(key: str, settings: DagsterSettings) -> str:
    """One run at a time of each key; on DuckDB one run at a time, since its file has one writer."""
    return f"asc_key_{identifier(key)}" if settings.is_shared else "asc_duckdb"


def pool_of_models(settings: DagsterSettings) -> str:
    return "asc_models" if settings.is_shared else "asc_duckdb"
