"""How to add an extra of this package to where it is installed, for messages."""

import shlex
import sys


def to_install(extra: str) -> str:
    """The command; pip knows the package by its name where it is installed, a clone too."""
    python = shlex.quote(sys.executable)
    return f"{python} -m pip install 'dlt-app-store-connect[{extra}]'"
