"""Names on the destination, made from Apple's, and the comparison of names that users type."""

import re
from collections.abc import Iterable

from app_store_connect.model import Granularity

_NOT_ALPHANUMERIC = re.compile(r"[^0-9a-z]+")


def snake_case(name: str) -> str:
    """`Pre-Order Start Date` becomes `pre_order_start_date`.

    The result has ASCII letters, digits and single underscores only, and begins with a letter or,
    before a digit, with one underscore: it never collides with the loader's own `_app_id` and such.
    """
    words = _NOT_ALPHANUMERIC.sub("_", name.casefold()).strip("_") or "unnamed"
    return f"_{words}" if words[0].isdigit() else words


def table_name(report_name: str, granularity: Granularity) -> str:
    """`App Downloads Standard`, DAILY becomes `app_downloads_standard_daily`."""
    return f"{snake_case(report_name)}_{granularity.lower()}"


def normalized(name: str) -> str:
    """What is left to compare by when case and punctuation do not count."""
    return "".join(character for character in name.casefold() if character.isalnum())


def unique_columns(header: Iterable[str]) -> list[str]:
    """A table column for each column of a file; a name that comes again gets a number."""
    columns: dict[str, None] = {}
    numbers: dict[str, int] = {}
    for name in header:
        column = base = snake_case(name)
        while column in columns:
            numbers[base] = numbers.get(base, 1) + 1
            column = f"{base}_{numbers[base]}"
        columns[column] = None
    return list(columns)
