"""The dlt source: idempotent raw tables under a plain `pipeline.run`."""

import logging
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Literal

import dlt
from dlt.common.schema.typing import TSchemaContractDict
from dlt.common.typing import TSecretStrValue
from dlt.extract import DltResource

from .api.budget import DEFAULT_MAX_WAIT
from .api.credentials import APPLE
from .api.keys import DEFAULT_KEY
from .configuration.keys import KeySettings, api_keys, read_key_settings
from .configuration.settings import read_configuration, set_source_defaults
from .entities import AccessType, Granularity
from .errors import ConfigurationError
from .instances import DEFAULT_RECHECK_DAYS
from .names import SOURCE_NAME
from .planning.options import check_seconds, options_from
from .reading import Reading

logger = logging.getLogger(__name__)

# Of the source, not of its tables: dlt 1.31 checks a table's in a way that keeps every item of the
# table in memory until Python's collector comes by.
_CONTRACT: TSchemaContractDict = {"tables": "evolve", "columns": "evolve", "data_type": "freeze"}
_REACTIONS = ("warn", "raise")


@dlt.source(name=SOURCE_NAME, section=SOURCE_NAME, schema_contract=_CONTRACT)
def app_store_connect_source(
    app_ids: Sequence[str] = (),
    bundle_ids: Sequence[str] = (),
    reports: Sequence[str] = (),
    categories: Sequence[str] = (),
    granularities: Sequence[str] = (Granularity.DAILY,),
    access_types: Sequence[str] = tuple(AccessType),
    since: date | None = None,
    until: date | None = None,
    recheck_days: int = DEFAULT_RECHECK_DAYS,
    max_wait: float = DEFAULT_MAX_WAIT,
    on_failure: Literal["warn", "raise"] = "warn",
    key_id: TSecretStrValue | None = None,
    private_key: TSecretStrValue | None = None,
    issuer_id: TSecretStrValue | None = None,
    base_url: str = APPLE,
) -> Iterable[DltResource]:
    """Apple's Analytics Reports: a raw table for each report and granularity, and the ledger.

    Args:
        app_ids, bundle_ids: empty for every app that the key sees.
        reports: Apple's names, `*` for all; empty for those of APP_USAGE, APP_STORE_ENGAGEMENT and
            COMMERCE that are not Detailed.
        since, until: bounds on the processing date, inclusive.
        recheck_days: look for changed segments until an instance was unchanged at that age.
        max_wait: seconds to wait for Apple's request budget in one run; then it stops.
        on_failure: `warn` loads the rest, see `raise_for_failures`; `raise` loads nothing.

    Raises:
        ConfigurationError: an argument is wrong, here; an app or report unknown, on extraction.
    """
    return _reading(locals()).resources()


def _reading(arguments: dict[str, Any]) -> Reading:
    """The reading for the arguments of the source, by their names."""
    options = options_from(arguments)
    if arguments["on_failure"] not in _REACTIONS:
        raise ConfigurationError(
            f"on_failure is {arguments['on_failure']!r}; there are {' and '.join(_REACTIONS)}"
        )
    check_seconds("max_wait", arguments["max_wait"])
    configuration = read_configuration()
    configuration.base_url = arguments["base_url"]
    if arguments["key_id"] or arguments["private_key"]:
        key = (arguments[name] for name in ("key_id", "private_key", "issuer_id"))
        settings = [KeySettings(DEFAULT_KEY, *key)]
        settings += [each for each in read_key_settings(configuration) if each.name != DEFAULT_KEY]
    else:
        settings = read_key_settings(configuration)
    max_wait = arguments["max_wait"]
    keys, failures = api_keys(settings, configuration, max_wait=max_wait, tell=_log)
    for notice in keys.notices:
        logger.warning("%s", notice)
    set_source_defaults(keys.all_workers)
    raises = arguments["on_failure"] == "raise"
    return Reading(keys, options, configuration, failures, raises=raises)


def _log(key: str, why: str, seconds: float | None) -> None:
    logger.warning("key %s: %s%s", key, why, "" if seconds is None else f": {seconds:.0f} s")


@dlt.source(name=SOURCE_NAME, section=SOURCE_NAME, schema_contract=_CONTRACT)
def batch_source(resources: Sequence[DltResource]) -> Iterable[DltResource]:
    """One load package of the main job, under the schema of the public source."""
    return resources
