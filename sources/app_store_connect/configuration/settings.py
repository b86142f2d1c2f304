"""The settings of `sources.app_store_connect` in dlt's configuration, and defaults of dlt's own
knobs.
"""

import difflib
import os
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import dlt
from dlt.common.configuration import configspec, resolve_configuration
from dlt.common.configuration.exceptions import (
    ConfigurationException,
    ConfigValueCannotBeCoercedException,
)
from dlt.common.configuration.providers import CustomLoaderDocProvider
from dlt.common.configuration.providers.toml import SettingsTomlProvider
from dlt.common.configuration.specs import BaseConfiguration
from dlt.common.typing import TSecretStrValue

from ..api.credentials import APPLE
from ..catalog import REPORTS, RestatementPolicy, comparable_name
from ..dlt_errors import check_files, complaint, wrong_type
from ..errors import ConfigurationError
from ..names import SOURCE_NAME

SECTION = ("sources", SOURCE_NAME)
_SECTION = ".".join(SECTION)
_PROVIDER = "defaults of app_store_connect"
_MOST: dict[str, float] = {
    "workers": 1000,
    "batch_megabytes": 1_000_000,
    "batch_segments": 1_000_000_000,
    "batch_minutes": 1_000_000,
    "max_inflated_gigabytes": 1_000_000,
    "request_timeout_seconds": 86_400,  # sockets take no more than some days
    "keep_superseded_days": 36_500,  # a century; dates end in the year 1
    "sweep_after_hours": 876_000,  # a century; dates end in the year 1
    "backoff_seconds": 3600,
}
"""The greatest number accepted: above any use, within the limits of dates and sockets."""
_OF_THE_SOURCE = frozenset(
    {"app_ids", "bundle_ids", "reports", "categories", "granularities", "access_types"}
    | {"since", "until", "recheck_days", "max_wait", "on_failure"}
    | {SECTION[-1]}
    | {"schema_contract", "max_table_nesting", "root_key"}
    | {"extract", "normalize", "load", "data_writer"}
)
"""Further keys that the section may hold: the source's arguments, and settings of dlt."""
KEYS_SECTION = (*SECTION, "keys")
KEYS_OF_AN_API_KEY = ("key_id", "private_key", "issuer_id", "app_ids")
SUBSECTIONS = {
    "alerts": ("ping_url", "urls"),
    "dagster": ("destination", "dataset", "dashboard", "day_begins"),
}
"""Further sections of the job, and their keys."""
_MAY_BE_ZERO = ("backoff_seconds", "keep_superseded_days")

_JOB_DEFAULTS: dict[str, Any] = {
    "data_writer": {"buffer_max_items": 100_000},
    "load": {"delete_completed_jobs": True, "auto_abort_on_terminal_error": True},
}
_dlt_defaults: dict[str, Any] = {}
"""Values of the provider in use: of the last run of the job, and of the last source made after."""


@configspec
class Configuration(BaseConfiguration):
    """The keys of `[sources.app_store_connect]`; docs/configuration.md explains them."""

    issuer_id: str | None = None
    key_id: str | None = None
    private_key: TSecretStrValue | None = None
    base_url: str = APPLE
    workers: int = 8
    batch_megabytes: int = 256
    batch_segments: int = 2000
    batch_minutes: float = 10.0
    max_inflated_gigabytes: float = 20.0
    sweep_after_hours: float = 24.0
    request_timeout_seconds: float = 60.0
    backoff_seconds: float = 1.0
    restatement: dict[str, str] | None = None
    table_format: str = "parquet"
    keep_superseded_days: int | None = None

    def policies(self) -> dict[str, RestatementPolicy]:
        """The policies that override the catalogue's, by `comparable_name` of the report."""
        try:
            return {
                comparable_name(name): RestatementPolicy(policy)
                for name, policy in (self.restatement or {}).items()
            }
        except ValueError as error:
            raise ConfigurationError(
                f"sources.app_store_connect.restatement: {error}; it is replace or accumulate"
            ) from None

    def notices(self, listed: Iterable[str]) -> list[str]:
        """Of each unknown key, and of each name under `restatement` that no report has."""
        known = {comparable_name(name) for name in (*listed, *(each.name for each in REPORTS))}
        return self.unknown_keys() + [
            f"{_SECTION}.restatement: there is no report {name!r}, so nothing changes for any"
            for name in self.restatement or {}
            if comparable_name(name) not in known
        ]

    def unknown_keys(self) -> list[str]:
        """A notice for each setting of the section that has no meaning, with near names, and for
        each section that nearly has its name.
        """
        notices = _unknown_settings(SECTION, {*_own_settings(), *_OF_THE_SOURCE})
        for name, keys in SUBSECTIONS.items():
            notices += _unknown_settings((*SECTION, name), keys)
        for name in sorted(given_settings(KEYS_SECTION)):
            notices += _unknown_settings((*KEYS_SECTION, name), KEYS_OF_AN_API_KEY)
        return notices + near_sections()

    @property
    def max_inflated_bytes(self) -> int:
        return int(self.max_inflated_gigabytes * 1024**3)

    @property
    def sweep_after(self) -> timedelta:
        return timedelta(hours=self.sweep_after_hours)


def given_settings(section: Sequence[str]) -> set[str]:
    """The names in a section in dlt's files and in the environment."""
    prefix = _variable(*section, "")
    found = {
        name.removeprefix(prefix).partition("__")[0].lower()
        for name in os.environ
        if name.startswith(prefix)
    }
    for provider in dlt.config.config_providers:
        values, _ = provider.get_value(section[-1], dict, None, *section[:-1])
        found |= {*values} if isinstance(values, Mapping) else set()
    return found


def _unknown_settings(section: Sequence[str], known: Collection[str]) -> list[str]:
    notices = []
    for name in sorted(given_settings(section) - {*known}):
        near = difflib.get_close_matches(name, known, n=2)
        hint = f"; near: {' or '.join(near)}" if near else ""
        variable = _variable(*section, name)
        where = f" ({variable} in the environment)" if _is_in_environment(variable) else ""
        notices.append(
            f"{'.'.join(section)} has no setting {name}{where}, so that it has no effect{hint}"
        )
    return notices


def _own_settings() -> set[str]:
    return {*Configuration.get_resolvable_fields(), *SUBSECTIONS, KEYS_SECTION[-1]}


def near_sections() -> list[str]:
    """A hint for each section with settings of this source whose name is nearly the source's."""
    wanted = f"did you mean [{_SECTION}]?"
    return [
        f"there is a section {'.'.join(section)}; {wanted}"
        for section in _sections_alike()
        if given_settings(section) & _own_settings()
    ]


def _sections_alike() -> Iterator[tuple[str, ...]]:
    for top in sorted(_top_sections()):
        if _is_near(top, SOURCE_NAME):
            yield (top,)
        elif _is_near(top, SECTION[0]):
            pairs = [(top, name) for name in sorted(given_settings((top,)))]
            yield from (
                each for each in pairs if each != SECTION and _is_near(each[1], SOURCE_NAME)
            )


def _top_sections() -> set[str]:
    found = {name.partition("__")[0].lower() for name in os.environ if "__" in name}
    for provider in dlt.config.config_providers:
        if isinstance(provider, SettingsTomlProvider):
            found |= {*tomllib.loads(provider.to_toml())}
    return found


def _is_near(name: str, wanted: str) -> bool:
    """Not of a name with a further word, which may be another source's."""
    is_longer = name.startswith(f"{wanted}_")
    return not is_longer and bool(difflib.get_close_matches(name.lower(), [wanted], cutoff=0.8))


def _variable(*names: str) -> str:
    """The name in the environment."""
    return "__".join(names).upper()


def _is_in_environment(variable: str) -> bool:
    return any(each == variable or each.startswith(f"{variable}__") for each in os.environ)


def read_configuration() -> Configuration:
    """Resolve from environment, `.dlt/secrets.toml` and `.dlt/config.toml`, as dlt does.

    Raises:
        ConfigurationError: a file cannot be read, a value is not of its type, or a number out of
            its bounds.
    """
    check_files()
    try:
        configuration = resolve_configuration(Configuration(), sections=SECTION)
    except ConfigValueCannotBeCoercedException as error:
        raise ConfigurationError(wrong_type(error, _SECTION)) from None
    except ConfigurationException as error:
        raise ConfigurationError(f"{_SECTION}: {complaint(error, _SECTION)}") from None
    for name, most in _MOST.items():
        if (value := getattr(configuration, name)) is not None:
            _check_number(name, value, most)
    return configuration


def _check_number(name: str, value: float, most: float) -> None:
    is_enough = value >= 0 if name in _MAY_BE_ZERO else value > 0
    if not (is_enough and value <= most):  # NaN is neither
        least = "0 or more" if name in _MAY_BE_ZERO else "more than 0"
        raise ConfigurationError(
            f"{_SECTION}.{name} must be {least} and at most {most:,.0f}, and is {value}"
        )


def set_dlt_defaults(workers: int) -> None:
    """Give dlt's own knobs the values that suit the job, wherever the user set none."""
    _dlt_defaults.clear()
    _dlt_defaults.update(_JOB_DEFAULTS, extract=_extract_defaults(workers))
    _register_defaults()


def set_source_defaults(workers: int) -> None:
    """Give dlt's own knobs the values that suit the source alone: other sources keep theirs."""
    own = {"extract": _extract_defaults(workers), "data_writer": _JOB_DEFAULTS["data_writer"]}
    _dlt_defaults["sources"] = {SOURCE_NAME: own}
    _register_defaults()


def _extract_defaults(workers: int) -> dict[str, int]:
    """No more items than workers: a worker holds few URLs, so none waits long enough to expire."""
    return {"workers": workers, "max_parallel_items": workers}


def _register_defaults() -> None:
    """One provider for both: of two, dlt would ask the one that was registered first."""
    if _PROVIDER not in [provider.name for provider in dlt.config.config_providers]:
        provider = CustomLoaderDocProvider(
            _PROVIDER, lambda: _dlt_defaults, supports_secrets=False, locations=[]
        )
        dlt.config.register_provider(provider)
