"""Text for people: words of Apple, a store or a destination must not steer their terminal."""

import re
import sys
import traceback
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:  # slow to import, and --help does without
    from rich.console import Console

PLAIN: dict[str, Any] = {"markup": False, "highlight": False, "soft_wrap": True}
"""For text that is not ours to style."""
_WIDE = 160
_BREAKS = re.compile(r"[\t-\r\x85\u2028\u2029]+")
_CONTROLS = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def new_run_id() -> str:
    """The name of a run in log lines and in `analytics_runs`."""
    return uuid4().hex[:12]


def printable(text: str) -> str:
    """One line without control characters: escapes, other line ends, changes of direction."""
    return _CONTROLS.sub("?", _BREAKS.sub(" ", text))


def counted(count: int, noun: str) -> str:
    """`1 row`, `1,140 rows`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def package_version() -> str:
    """The version of this package, or `not installed` where its folder alone is on the path."""
    from app_store_connect.errors import PACKAGE  # --help does without

    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        return "not installed"


def failure_line(error: Exception) -> str:
    """The error in one line for stderr."""
    return printable(f"{type(error).__name__.removesuffix('Error')}: {error}")


def traceback_of(error: Exception) -> str:
    """The traceback as plain text: rich would break its lines, and a secret in them in two."""
    lines = "".join(traceback.format_exception(error)).splitlines()
    return "\n".join(map(printable, lines))


def console_on(*, is_stderr: bool) -> "Console":
    """As wide as the terminal; a file or pipe gets wide lines."""
    from rich.console import Console

    stream = sys.stderr if is_stderr else sys.stdout
    return Console(stderr=is_stderr, soft_wrap=True, width=None if stream.isatty() else _WIDE)
