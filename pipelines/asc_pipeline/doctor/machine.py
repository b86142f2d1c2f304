"""Checks of this machine: versions, files with secrets, settings."""

import platform
import stat
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import dlt

from app_store_connect.configuration.keys import KeySettings
from app_store_connect.configuration.settings import Configuration
from app_store_connect.errors import PACKAGE
from asc_pipeline.doctor.check import Check, Level

_SHOWN = (PACKAGE, "dlt", "duckdb", "pyarrow")
PACKAGES_OF_EXTRAS = {
    "postgres": "psycopg2-binary",
    "filesystem": "s3fs",
    "delta": "deltalake",
    "iceberg": "pyiceberg",
    "dbt": "dbt-core",
    "dashboard": "vl-convert-python",
    "notify": "apprise",
    "dagster": "dagster",
}
"""For each extra in pyproject.toml a package that shows whether the extra is installed."""


def check_versions() -> Check:
    extras = {extra: _found(name) for extra, name in PACKAGES_OF_EXTRAS.items()}
    packages = [*map(_found, _SHOWN), *extras.values()]
    state = ", ".join([f"Python {platform.python_version()}", *filter(None, packages)])
    missing = ", ".join(extra for extra, found in extras.items() if not found)
    advice = f"extras that are not installed: {missing}" if missing else ""
    return Check("versions", Level.OK, state, advice)


def check_settings(configuration: Configuration, keys: Iterable[KeySettings]) -> Iterator[Check]:
    yield from check_secret_files([*_secrets_files(), *_key_files(keys)])
    for notice in configuration.unknown_keys():
        yield Check("settings", Level.WARNING, notice)


def _found(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return ""


def _secrets_files() -> list[Path]:
    """The files of secrets that dlt reads here."""
    providers = [each for each in dlt.secrets.config_providers if each.supports_secrets]
    return [Path(place) for each in providers for place in each.present_locations]


def _key_files(keys: Iterable[KeySettings]) -> Iterator[Path]:
    """The files of the private keys, where the setting is a path."""
    for key in keys:
        text = (key.private_key or "").strip()
        try:
            path = Path(text).expanduser()
            if text and path.is_file():
                yield path
        except (OSError, ValueError, RuntimeError):  # a key is no path
            continue


def check_secret_files(files: Iterable[Path]) -> Iterator[Check]:
    """That nobody but their owner can read them."""
    for file in files:
        mode = stat.S_IMODE(file.stat().st_mode)
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            state = f"{file} can be read by others (mode {mode:o})"
            yield Check("secrets", Level.WARNING, state, f"chmod 600 {file}")
        else:
            yield Check("secrets", Level.OK, f"{file} is readable by its owner alone")
