"""dlt's complaints about configuration, as one line that names the key and the next step.

dlt's own have a line for each place that it looked in, and quote its classes.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import dlt
from dlt.common.configuration.exceptions import (
    ConfigFieldMissingException,
    ConfigurationException,
    ConfigValueCannotBeCoercedException,
    InvalidNativeValue,
    LookupTraces,
)
from dlt.common.configuration.providers.toml import TomlProviderReadException
from dlt.common.configuration.specs.exceptions import NativeValueError

from .errors import PACKAGE, ConfigurationError, to_install

_KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
_OWN_EXTRAS = ("postgres", "filesystem")
_NAMES = re.compile(r"(\(|(?<=key ))['\"].*?(?=( twice)? \(at [^()]*\)$)")
"""Names of the file in a message of `tomllib`."""


def check_files() -> None:
    """Raises ConfigurationError if one of dlt's files of settings cannot be read."""
    try:
        _ = dlt.config.config_providers
    except TomlProviderReadException as error:
        raise ConfigurationError(_unreadable(error.file_name, error.full_paths)) from None


def _unreadable(name: str, places: Iterable[str]) -> str:
    """The file, its line and the reason. Nothing of the line is shown: it may be a secret."""
    for path in map(Path, places):
        try:
            tomllib.loads(path.read_text(encoding="utf-8") + "\n")  # so that it has a line
        except FileNotFoundError:
            continue
        except OSError as error:
            return f"{path} cannot be read: {error.strerror}"
        except UnicodeDecodeError:
            return f"{path} cannot be read: it is not text in UTF-8"
        except tomllib.TOMLDecodeError as error:
            return f"{path} is not valid TOML: {_NAMES.sub('a name', str(error))}; correct it there"
    return f"dlt cannot read {name}"


def complaint(error: ConfigurationException, section: str) -> str:
    """The error in `section`, such as `destination.postgres`. No value is shown, but by
    `wrong_type`: it may be a secret.
    """
    if isinstance(error, ConfigFieldMissingException):
        return _missing(list(_fields(error.traces)), section)
    if isinstance(error, ConfigValueCannotBeCoercedException):
        return f"{error.field_name} under {section} must be {_kind(error.hint)}"
    if isinstance(error, InvalidNativeValue):
        key = ".".join((section, *error.embedded_sections))
        known = isinstance(error.inner_exception, NativeValueError)  # others may quote the value
        return f"{key} cannot be read. {error.inner_exception if known else ''}".rstrip(". ")
    return shortened(error)


def wrong_type(error: ConfigValueCannotBeCoercedException, section: str) -> str:
    """The same with the value, for a section in which none that has a type is a secret."""
    key, value = f"{section}.{error.field_name}", error.field_value
    return f"{key} must be {_kind(error.hint)}, and is {value!r}"


def how_to_install(destination: str) -> str:
    """The command that installs the packages that dlt needs for a destination."""
    return to_install(destination, PACKAGE if destination in _OWN_EXTRAS else "dlt")


def shortened(problem: object, lines: int = 1) -> str:
    """The first lines of another program's message that are not empty, as one line.

    An error without a message is named by its type.
    """
    said = [line.strip() for line in str(problem).splitlines() if line.strip()]
    return " ".join(said[:lines]) or type(problem).__name__


def _missing(fields: list[str], section: str) -> str:
    variable = f"{section}.{fields[0]}".upper().replace(".", "__")
    rest = " and so on" if len(fields) > 1 else ""
    return (
        f"not set: {', '.join(fields)}; write it under [{section}] in .dlt/secrets.toml, or set"
        f" {variable}{rest} in the environment"
    )


def _fields(traces: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """The keys that are missing; of several forms of credentials those of the first."""
    for name, found in traces.items():
        first = found[0] if found else None
        if isinstance(first, LookupTraces):
            yield from _fields(first.traces, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _kind(hint: Any) -> str:
    return _KINDS.get(hint, "a table")
