"""Checks of this machine: versions, files with secrets, settings."""

import platform
import stat
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import dlt

from app_store_connect.configuration.settings import Configuration
from app_store_connect.errors import PACKAGE
from asc_pipeline.doctor.check import Check, Level

_SHOWN = (PACKAGE, "dlt", "duckdb", "pyarrow")
_OPTIONAL = ("dbt-core", "psycopg2-binary", "deltalake", "pyiceberg")


def check_machine(configuration: Configuration) -> Iterator[Check]:
    yield Check("versions", Level.OK, ", ".join([f"Python {platform.python_version()}", *_found()]))
    yield from check_secret_files([*_secrets_files(), *_key_files(configuration)])
    for notice in configuration.unknown_keys():
        yield Check("settings", Level.WARNING, notice)


def _found() -> Iterator[str]:
    for name in (*_SHOWN, *_OPTIONAL):
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            yield f"no {name}"


def _secrets_files() -> list[Path]:
    """The files of secrets that dlt reads here."""
    providers = [each for each in dlt.secrets.config_providers if each.supports_secrets]
    return [Path(place) for each in providers for place in each.present_locations]


def _key_files(configuration: Configuration) -> list[Path]:
    """The file of the private key, if the setting is a path."""
    text = (configuration.private_key or "").strip()
    try:
        path = Path(text).expanduser()
        return [path] if text and path.is_file() else []
    except (OSError, ValueError, RuntimeError):  # a key is no path
        return []


def check_secret_files(files: Iterable[Path]) -> Iterator[Check]:
    """That nobody but their owner can read them."""
    for file in files:
        mode = stat.S_IMODE(file.stat().st_mode)
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            state = f"{file} can be read by others (mode {mode:o})"
            yield Check("secrets", Level.WARNING, state, f"chmod 600 {file}")
        else:
            yield Check("secrets", Level.OK, f"{file} is readable by its owner alone")
