"""The section `[sources.app_store_connect.alerts]`. Each address in it is a secret."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from dlt.common.configuration import configspec, resolve_configuration
from dlt.common.configuration.exceptions import ConfigurationException
from dlt.common.configuration.specs import BaseConfiguration
from dlt.common.typing import TSecretStrValue

from app_store_connect.configuration.settings import SECTION
from app_store_connect.dlt_errors import check_files
from app_store_connect.errors import ConfigurationError
from app_store_connect.redaction import remember

_SECTION = (*SECTION, "alerts")
_SIGNS = re.compile(r"[/?&=#@:,;]+")
_SHORTEST = 8
"""Shorter parts of an address are words such as `start`, not tokens."""


@configspec
class AlertSettings(BaseConfiguration):
    """The keys of the section; docs/alerts.md explains them."""

    ping_url: TSecretStrValue | None = None
    urls: list[str] | None = None


def read_alert_settings() -> AlertSettings:
    """Resolve as `read_configuration` does, and mask the addresses in all output from now on.

    Raises:
        ConfigurationError: a file cannot be read, a value is not of its type, or `ping_url` no
            address.
    """
    check_files()
    section = ".".join(_SECTION)
    try:
        settings = resolve_configuration(AlertSettings(), sections=_SECTION)
    except ConfigurationException:  # its text may quote the value
        raise ConfigurationError(
            f"{section} cannot be read: ping_url is one address as text, urls is a list of them"
        ) from None
    if settings.ping_url and not _is_web_address(settings.ping_url):
        raise ConfigurationError(f"{section}.ping_url must be an address of https or http")
    _remember([settings.ping_url or "", *(settings.urls or ())])
    return settings


def required_urls() -> list[str]:
    """The addresses for messages.

    Raises:
        ConfigurationError: there are none, or they cannot be read.
    """
    if urls := read_alert_settings().urls:
        return list(urls)
    raise ConfigurationError(
        f"no address is set: write urls under [{'.'.join(_SECTION)}] in .dlt/secrets.toml"
    )


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _remember(urls: Iterable[str]) -> None:
    """Of an address any part but the names of hosts may be a token."""
    for url in urls:
        scheme, _, rest = url.partition("://")
        for part in _SIGNS.split(rest or scheme):
            if len(part) >= _SHORTEST and "." not in part and part != "localhost":
                remember("secret", part)
