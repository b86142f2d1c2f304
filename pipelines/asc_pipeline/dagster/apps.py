"""The apps of each key as partitions: a sensor asks Apple for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import dagster as dg

from app_store_connect.api.keys import ApiKeys
from app_store_connect.configuration.keys import api_keys, read_key_settings
from app_store_connect.configuration.settings import read_configuration
from app_store_connect.errors import AppStoreConnectError, MalformedResponseError
from asc_pipeline.dagster.settings import apps_of_key

_HOUR = 3600


@dataclass(slots=True)
class AppsOfKeys:
    """The apps to load with each key that answered, and a failure for each that did not."""

    apps: dict[str, list[str]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    in_part: set[str] = field(default_factory=set)
    """Keys whose list was not read in full."""


def new_apps_sensor(keys: Sequence[str]) -> dg.SensorDefinition:
    """Adds the apps that a key sees since lately, and removes those that it sees no more. The next
    hour loads the new ones.
    """

    @dg.sensor(
        name="new_apps",
        minimum_interval_seconds=_HOUR,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def new_apps(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        found = list_apps()
        for each in found.failures:
            context.log.warning(each)
        known = {
            key: context.instance.get_dynamic_partitions(apps_of_key(key).name or "")
            for key in keys
        }
        requests = partition_requests(found, known)
        if not requests:
            return dg.SkipReason("; ".join([*found.failures, "no key has new apps"]))
        return dg.SensorResult(dynamic_partitions_requests=requests)

    return new_apps


def list_apps() -> AppsOfKeys:
    """Ask Apple with each key for its apps: one request for 200 of them."""
    configuration = read_configuration()
    keys, unusable = api_keys(read_key_settings(configuration), configuration, max_wait=0)
    found = AppsOfKeys(failures=[f"{each.what}: {each.why}" for each in unusable])
    seen: dict[str, list[str]] = {}
    for key in keys.all:
        odd: list[MalformedResponseError] = []
        try:
            apps = key.client.list_apps(app_ids=key.app_ids, bundle_ids=(), odd=odd.append)
        except AppStoreConnectError as error:
            found.failures.append(f"key {key.name}: {error}")
            continue
        found.apps[key.name] = []
        if odd:
            found.in_part.add(key.name)
        for app in apps:
            seen.setdefault(app.id, []).append(key.name)
    _assign(keys, seen, found)
    return found


def _assign(keys: ApiKeys, seen: Mapping[str, Sequence[str]], found: AppsOfKeys) -> None:
    """An app that several keys see is loaded with one of them, the same as in a run of the job."""
    keys.assign(seen)
    for app_id in sorted(seen):
        found.apps[keys.of(app_id).name].append(app_id)


def partition_requests(
    found: AppsOfKeys, known: Mapping[str, Sequence[str]]
) -> list[dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest]:
    """The partitions to add and to remove. None is removed of a key whose list is unknown. Pure."""
    requests: list[dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest] = []
    for key, apps in found.apps.items():
        partitions = apps_of_key(key)
        before = known.get(key, ())
        if new := [each for each in apps if each not in before]:
            requests.append(partitions.build_add_request(new))
        gone = [each for each in before if each not in apps]
        if gone and key not in found.in_part:
            requests.append(partitions.build_delete_request(gone))
    return requests
