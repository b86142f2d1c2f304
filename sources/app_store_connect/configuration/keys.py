"""The API keys in the configuration: one without a name, and those under `keys`, with names."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import partial
from typing import Any

import dlt
from dlt.common.typing import TSecretStrValue

from ..api.budget import FOR_APPLE, RequestBudget, slow_text
from ..api.client import AppStoreConnectClient
from ..api.credentials import Credentials, parse_credentials
from ..api.download import SegmentDownloader
from ..api.keys import DEFAULT_KEY, ApiKey, ApiKeys
from ..errors import ConfigurationError, CredentialsError, Failure
from .settings import (
    KEYS_OF_AN_API_KEY,
    KEYS_SECTION,
    SECTION,
    Configuration,
    given_settings,
    near_sections,
)

Tell = Callable[[str, str, float | None], None]
_SECTION = ".".join(KEYS_SECTION)


@dataclass(frozen=True, slots=True)
class KeySettings:
    """A key as the user wrote it down."""

    name: str
    key_id: str | None = None
    private_key: str | None = field(default=None, repr=False)
    issuer_id: str | None = None
    app_ids: tuple[str, ...] = ()

    def credentials(self, base_url: str) -> Credentials:
        """Raises CredentialsError, which does not name the key."""
        is_named = self.name != DEFAULT_KEY
        try:
            return parse_credentials(
                key_id=self.key_id,
                private_key=self.private_key,
                issuer_id=self.issuer_id,
                base_url=base_url,
                section=f"{_SECTION}.{self.name}" if is_named else ".".join(SECTION),
            )
        except CredentialsError as error:
            hints = [] if self.key_id and self.private_key else near_sections()
            raise CredentialsError("; ".join([str(error), *hints])) from None


def read_key_settings(
    configuration: Configuration, chosen: Sequence[str] = ()
) -> list[KeySettings]:
    """The chosen keys, or all. Without any, the one that `credentials` tells to be missing.

    Raises:
        ConfigurationError: there is no key of a chosen name, or one without a name among them.
    """
    names = given_settings(KEYS_SECTION)
    if nameless := sorted(names & {*KEYS_OF_AN_API_KEY}):
        raise ConfigurationError(
            f"{nameless[0]} stands in [{_SECTION}] itself: give the key a name, [{_SECTION}.NAME]"
        )
    found = {name: _named(name) for name in sorted(names)}
    own = configuration.key_id, configuration.private_key, configuration.issuer_id
    if any(own[:2]) or not found:
        found = {DEFAULT_KEY: KeySettings(DEFAULT_KEY, *own), **found}
    if unknown := [name for name in chosen if name not in found]:
        near = get_close_matches(unknown[0], found, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(found)}"
        raise ConfigurationError(f"no key is called {unknown[0]!r} in [{_SECTION}]; {hint}")
    return [found[name] for name in dict.fromkeys(chosen or found)]


def api_keys(
    settings: Sequence[KeySettings],
    configuration: Configuration,
    *,
    max_wait: float,
    tell: Tell = lambda key, why, seconds: None,
) -> tuple[ApiKeys, list[Failure]]:
    """The keys, and a failure for each that cannot be used although others can.

    Args:
        tell: told the name of a key, why its requests take longer, and how long that is, if known.

    Raises:
        CredentialsError: none can be used.
    """
    usable = UsableKeys(settings, configuration.base_url)
    failures = [Failure(f"key {name}", str(error), error) for name, error in usable.errors.items()]
    if not usable.keys:
        raise _none_usable(failures)
    keys = [
        _api_key(key, credentials, configuration, max_wait, partial(tell, key.name))
        for key, credentials in usable.keys
    ]
    all_keys = read_key_settings(configuration)
    doubled = UsableKeys(all_keys, configuration.base_url).doubled
    configured = [each.name for each in all_keys if each.name not in doubled]
    return ApiKeys(keys, configuration.workers, configured, usable.notices), failures


class UsableKeys:
    """The keys that can be used, each once: Apple has one budget for a key, whatever its names.

    `errors` are those of keys that cannot be used, by name; `doubled` the names of keys that are
    the same as another one, of which `notices` tell.
    """

    def __init__(self, settings: Iterable[KeySettings], base_url: str) -> None:
        self.keys: list[tuple[KeySettings, Credentials]] = []
        self.errors: dict[str, CredentialsError] = {}
        self.notices: list[str] = []
        self.doubled: set[str] = set()
        for each in settings:
            try:
                self._add(each, each.credentials(base_url))
            except CredentialsError as error:
                self.errors[each.name] = error

    def _add(self, settings: KeySettings, credentials: Credentials) -> None:
        for position, (first, known) in enumerate(self.keys):
            if known.is_same_key(credentials):
                is_for_all = not (first.app_ids and settings.app_ids)
                both = () if is_for_all else tuple(dict.fromkeys(first.app_ids + settings.app_ids))
                self.keys[position] = replace(first, app_ids=both), known
                self.doubled.add(settings.name)
                self.notices.append(
                    f"keys {first.name} and {settings.name} are one API key, {known.key_id}: it is"
                    f" used once, as {first.name}"
                )
                return
        self.keys.append((settings, credentials))


def _none_usable(failures: Sequence[Failure]) -> CredentialsError:
    if [each.what for each in failures] == [f"key {DEFAULT_KEY}"]:
        return CredentialsError(failures[0].why)
    return CredentialsError("; ".join(f"{each.what}: {each.why}" for each in failures))


def _api_key(
    settings: KeySettings,
    credentials: Credentials,
    configuration: Configuration,
    max_wait: float,
    tell: Callable[[str, float | None], None],
) -> ApiKey:
    budget = RequestBudget(
        max_wait,
        on_wait=partial(tell, FOR_APPLE),
        on_slow=lambda seconds: tell(slow_text(seconds), None),
        on_retry=lambda reason: tell(f"no usable answer, asking again: {reason}", None),
    )
    timeout, backoff = configuration.request_timeout_seconds, configuration.backoff_seconds
    client = AppStoreConnectClient(
        credentials,
        budget=budget,
        backoff_seconds=backoff,
        timeout_seconds=timeout,
    )
    downloader = SegmentDownloader(
        client.read_segment, backoff_seconds=backoff, timeout_seconds=timeout
    )
    return ApiKey(settings.name, client, downloader, settings.app_ids)


def _named(name: str) -> KeySettings:
    def value(key: str, kind: Any = str) -> Any:
        """Of exactly this key: dlt's own look-up would take the issuer of another one."""
        for provider in dlt.config.config_providers:
            found, _ = provider.get_value(key, kind, "", *KEYS_SECTION, name)
            if found is not None:
                return found
        return None

    return KeySettings(
        name,
        value("key_id"),
        value("private_key", TSecretStrValue),
        value("issuer_id"),
        _app_ids(name, value("app_ids", list)),
    )


def _app_ids(name: str, value: Any) -> tuple[str, ...]:
    try:
        found = json.loads(value) if isinstance(value, str) else value or []
    except ValueError:
        found = None
    if isinstance(found, list):
        return tuple(str(each) for each in found)
    app_id = value if str(value).isdigit() else "1500000000"
    raise ConfigurationError(
        f'{_SECTION}.{name}.app_ids must be a list, such as ["{app_id}"], and is {value!r}'
    )
