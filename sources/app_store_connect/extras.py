"""How to add an extra of a package to where it is installed, for messages."""

import shlex
import sys


def to_install(extra: str, package: str = "dlt-app-store-connect") -> str:
    """The command; pip knows the package by its name where it is installed, a clone too."""
    return f"{shlex.quote(sys.executable)} -m pip install '{package}[{extra}]'"
