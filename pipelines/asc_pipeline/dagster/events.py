"""Reads the events of an asset from Dagster's event log."""

from collections.abc import Sequence
from typing import Any

import dagster as dg
from dagster import AssetRecordsFilter

_PAGE = 1000


def metadata_before(instance: dg.DagsterInstance, asset: dg.AssetKey) -> dict[str, Any]:
    """The metadata of the last materialisation; empty if there is none."""
    event = instance.get_latest_materialization_event(asset)
    found = event.asset_materialization if event else None
    return {name: value.value for name, value in found.metadata.items()} if found else {}


def newest(instance: dg.DagsterInstance, asset: dg.AssetKey) -> float:
    """When the asset was materialised last; 0 if never."""
    event = instance.get_latest_materialization_event(asset)
    return event.timestamp if event else 0.0


def partitions_since(instance: dg.DagsterInstance, asset: dg.AssetKey, since: float) -> set[str]:
    """The partitions that were materialised since then."""
    found: set[str] = set()
    filters = AssetRecordsFilter(asset, after_timestamp=since)
    cursor = None
    while True:
        page = instance.fetch_materializations(filters, limit=_PAGE, cursor=cursor)
        found |= {record.partition_key for record in page.records if record.partition_key}
        if not page.has_more:
            return found
        cursor = page.cursor


def last_observations(
    instance: dg.DagsterInstance, asset: dg.AssetKey, partitions: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Of each of these partitions that was observed the metadata of its last observation."""
    if not partitions:
        return {}
    filters = AssetRecordsFilter(asset, asset_partitions=partitions)
    records = instance.fetch_observations(filters, limit=_PAGE).records
    found: dict[str, dict[str, Any]] = {}
    for record in reversed(records):  # the newest comes first
        event = record.asset_observation
        if event and event.partition:
            found[event.partition] = {name: each.value for name, each in event.metadata.items()}
    return found
