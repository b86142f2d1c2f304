"""Names on the destination, made from Apple's, and the comparison of names that users type."""

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache

from .entities import Granularity

SOURCE_NAME = "app_store_connect"
"""The name of the source, so of its schema and its section of the configuration."""
MAX_CHARACTERS = 120
"""Of a name: dlt names files after tables, and file systems end at 255 bytes."""
_remembered = lru_cache(maxsize=8192)  # the same few names come with every file
_NOT_ALPHANUMERIC = re.compile(r"[^0-9a-z]+")


@_remembered
def snake_case(name: str) -> str:
    """`Pre-Order Start Date` becomes `pre_order_start_date`.

    The result has ASCII letters, digits and single underscores only, and begins with a letter or,
    before a digit, with one underscore: it never collides with the loader's own `_app_id` and such.
    A name that loses letters, or its end, gets a few digits made from all of it.
    """
    words = _NOT_ALPHANUMERIC.sub("_", name.casefold()).strip("_") or "unnamed"
    whole = normalized(name)
    if not whole.isascii() or len(words) > MAX_CHARACTERS:
        words = f"{words[: MAX_CHARACTERS - 10].rstrip('_')}_{_digits(whole)}"
    return f"_{words}" if words[0].isdigit() else words


def table_name(report_name: str, granularity: Granularity) -> str:
    """`App Downloads Standard`, DAILY becomes `app_downloads_standard_daily`."""
    return f"{snake_case(report_name)}_{granularity.lower()}"


@_remembered
def normalized(name: str) -> str:
    """The name without case and punctuation, for comparing."""
    return "".join(character for character in name.casefold() if character.isalnum())


def unique_columns(header: Iterable[str]) -> list[str]:
    """A table column for each column of a file, wherever in the file it stands.

    Names of one file that would become one column (`Rate (%)`, `Rate (#)`) get digits made from
    all of the name. What is the same name but for case gets a number.
    """
    names = [" ".join(name.casefold().split()) for name in header]
    spellings: dict[str, set[str]] = {}
    for name in names:
        spellings.setdefault(snake_case(name), set()).add(name)
    columns: dict[str, None] = {}
    numbers: dict[str, int] = {}
    for name in names:
        base = snake_case(name)
        if len(spellings[base]) > 1:
            base = f"{base}_{_digits(name)}"
        column = base
        while column in columns:
            numbers[base] = numbers.get(base, 1) + 1
            column = f"{base}_{numbers[base]}"
        columns[column] = None
    return list(columns)


def _digits(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
