"""A segment's file: rows as Apple writes them, tab separated and gzipped."""

import csv
import gzip
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

Row = Mapping[str, str | None]
Rows = Sequence[Row] | Callable[[], Sequence[Row]]

COMMA_SEPARATED = frozenset({"App Crashes Expanded", "Browser Choice Screen Selection"})
"""The reports whose files were seen with commas."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How rows become text. `is_quoted` wraps fields in quotes where a CSV writer would."""

    columns: tuple[str, ...]
    delimiter: str = "\t"
    is_quoted: bool = False


def encode(layout: Layout, rows: Iterable[Row]) -> bytes:
    """The gzip file of a header and these rows; equal rows give equal bytes."""
    table = [[row.get(column) or "" for column in layout.columns] for row in rows]
    lines = [list(layout.columns), *table]
    text = _quoted(layout, lines) if layout.is_quoted else _plain(layout, lines)
    return gzip.compress(text.encode(), compresslevel=6, mtime=0)


def complete(columns: Sequence[str], row: Row) -> dict[str, str | None]:
    """The row with every column of its file, empty ones as None."""
    return {column: row.get(column) or None for column in columns}


def columns_of(rows: Iterable[Row]) -> tuple[str, ...]:
    """All names in the rows, in the order in which they first come."""
    return tuple(dict.fromkeys(name for row in rows for name in row))


def _plain(layout: Layout, lines: list[list[str]]) -> str:
    text = "".join(layout.delimiter.join(line) + "\n" for line in lines)
    expected = (len(layout.columns) - 1) * len(lines)
    if text.count(layout.delimiter) != expected or text.count("\n") != len(lines) or "\r" in text:
        raise ValueError("a value has the delimiter or a line end in it, which needs quotes")
    return text


def _quoted(layout: Layout, lines: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=layout.delimiter, lineterminator="\n").writerows(lines)
    return text.getvalue()
