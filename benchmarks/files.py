"""Report files to load: invented rows under Apple's header, the same in every run.

They have the columns of "App Downloads Detailed", 15 of them, with the numbers of distinct values
and the empty fields that such a report has; those of other reports have plain values in columns
that are not among these. Made by DuckDB, kept in a cache folder.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from app_store_connect.catalog import ColumnType, ReportSchema, schema_of
from app_store_connect.names import snake_case

REPORT = "App Downloads Detailed"
CATEGORY = "COMMERCE"
WINDOW_DAYS = 5
"""How many dates an instance holds, so how many vintages a date gets."""
_VERSION = 1
"""Part of the name of every cached file: raise it when the rows change."""
_TERRITORIES = 175
_PLAIN = {
    ColumnType.DATE: "date '2026-01-01'",
    ColumnType.BIGINT: "i",
    ColumnType.DECIMAL: "i / 100",
    ColumnType.DOUBLE: "i / 100",
}
"""The values of other reports' columns, by type; any other is text."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A report file as Apple's store would hold it."""

    file: str
    checksum: str
    size_in_bytes: int
    rows: int


def make_segment(
    folder: Path, number: int, rows: int, processed: date, app_id: str, report: str = REPORT
) -> Segment:
    """The segment of that number, from the cache if it is there."""
    folder.mkdir(parents=True, exist_ok=True)
    kind = "" if report == REPORT else f"{snake_case(report)}-"
    file = folder / f"v{_VERSION}-{kind}{app_id}-{processed}-{rows}-{number:05}.csv.gz"
    note = file.with_suffix(".json")
    if not note.exists():
        _write(file, rows_query(number, rows, processed, app_id, report))
        found = {"checksum": _md5_of(file), "size_in_bytes": file.stat().st_size}
        note.write_text(json.dumps(found))
    return Segment(str(file), rows=rows, **json.loads(note.read_text()))


def _write(file: Path, query: str) -> None:
    unfinished = file.with_name(f"unfinished-{file.name}")
    with duckdb.connect() as connection:
        options = "format csv, header, delimiter '\t', compression gzip"
        connection.execute(f"copy ({query}) to '{unfinished}' ({options})")
    unfinished.rename(file)


def _md5_of(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "md5").hexdigest()


def rows_query(number: int, rows: int, processed: date, app_id: str, report: str = REPORT) -> str:
    """The rows of a segment, oldest date first, under Apple's names; the values are skewed.

    A report that the catalogue does not know has the columns of `REPORT`.
    """
    first = processed - timedelta(days=WINDOW_DAYS)
    values = {
        "Date": f"date '{first}' + cast(i * {WINDOW_DAYS} // {rows} as integer)",
        "App Name": "'Example: Weather & Tides'",
        "App Apple Identifier": app_id,
        "Download Type": _one_of(1, ["First-time download", "Redownload", "Auto-update"]),
        "App Version": _one_of(2, [f"{n // 10}.{n % 10}.{n % 4}" for n in range(40)]),
        "Device": _one_of(3, ["iPhone", "iPad", "Desktop", "Apple TV", "iPod touch"]),
        "Platform Version": _one_of(4, [f"iOS {n // 4}.{n % 7}" for n in range(60, 120)]),
        "Source Type": _one_of(
            5, ["App Store search", "App Store browse", "App referrer", "Web referrer", "Unknown"]
        ),
        "Source Info": _one_of(6, [f"com.example.shop{n * 7919}" for n in range(1500)], full=0.6),
        "Campaign": _one_of(7, [f"autumn-{n}" for n in range(300)], full=0.2),
        "Page Type": _one_of(8, ["Product page", "Store sheet", "No page"]),
        "Page Title": _one_of(9, [f"Custom page {n}" for n in range(120)], full=0.5),
        "Pre-Order": _one_of(10, ["Yes"], full=0.05),
        "Territory": _one_of(11, [_territory(n) for n in range(_TERRITORIES)]),
        "Counts": f"cast(1 + floor(900 * pow({_random(12)}, 9)) as bigint)",
    }
    schema = schema_of(report, None)
    names = schema.columns or schema_of(REPORT, None).columns
    columns = ", ".join(f'{values.get(each) or _plain(schema, each)} as "{each}"' for each in names)
    numbered = f"select range as i, range + {number * 1_000_000_007} as seed from range({rows})"
    return f"select {columns} from ({numbered})"


def _plain(schema: ReportSchema, name: str) -> str:
    kind = schema.table_columns()[snake_case(name)]
    return _PLAIN.get(kind, "'Example'")


def _territory(number: int) -> str:
    return chr(65 + number * 7 % 26) + chr(65 + number // 7)


def _random(column: int) -> str:
    return f"(hash(seed, {column}) % 1000003 / 1000003)"


def _one_of(column: int, values: list[str], full: float = 1.0) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    chosen = f"[{listed}][1 + cast(floor({len(values)} * pow({_random(column)}, 2)) as integer)]"
    return f"case when {_random(column + 100)} < {full} then {chosen} end" if full < 1 else chosen
