"""A segment's file: rows as Apple writes them, tab separated and gzipped."""

import csv
import gzip
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

Row = Mapping[str, str | None]
Rows = Sequence[Row] | Callable[[], Sequence[Row]]
"""Rows, or a function that is called whenever they are needed."""

COMMA_SEPARATED = frozenset({"App Crashes Expanded", "Browser Choice Screen Selection"})
"""The reports whose files were seen with commas."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How rows become text. `is_quoted` wraps fields in quotes where a CSV writer would."""

    columns: tuple[str, ...]
    delimiter: str = "\t"
    is_quoted: bool = False


def layout_of(report_name: str, columns: tuple[str, ...]) -> Layout:
    is_csv = report_name in COMMA_SEPARATED
    return Layout(columns, "," if is_csv else "\t", is_quoted=is_csv)


def encode(layout: Layout, rows: Iterable[Row]) -> bytes:
    """The gzip file of a header and these rows; equal rows give equal bytes.

    Raises ValueError for a value that needs quotes in a layout without them.
    """
    text = io.StringIO()
    writer = csv.writer(
        text,
        delimiter=layout.delimiter,
        quoting=csv.QUOTE_MINIMAL if layout.is_quoted else csv.QUOTE_NONE,
        quotechar='"' if layout.is_quoted else None,
        lineterminator="\n",
    )
    try:
        writer.writerow(layout.columns)
        writer.writerows([row.get(name) or "" for name in layout.columns] for row in rows)
    except csv.Error as error:
        raise ValueError(f"a value has the delimiter or a line end in it: {error}") from error
    return gzip.compress(text.getvalue().encode(), compresslevel=6, mtime=0)
