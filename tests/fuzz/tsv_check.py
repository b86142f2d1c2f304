"""What must hold for any bytes that a segment's file may consist of.

`fuzz_tsv.py` looks for bytes for which it does not; what it found is in `tests/samples/fuzz-tsv`.
"""

import csv
import gzip
import io
import itertools
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from app_store_connect.catalog import ReportSchema, schema_of
from app_store_connect.names import unique_columns
from app_store_connect.report_files import records, tsv

SCHEMAS = (
    schema_of("App Downloads Standard", "COMMERCE"),
    schema_of("App Store Purchases Standard", "COMMERCE"),
    schema_of("A Report Without Entry", "FRAMEWORK_USAGE"),
    ReportSchema("Texts", None, ("A", "B"), 0, 0),
)
HEADERS = (
    b"",
    b"Date\tTerritory\tCounts\n",
    b"Date,Territory,Counts\r\n",
    b"Date\tPurchases\tSales in USD\n",
    b"A\tB\n",
    b"A\n",
)
LIMIT = 1 << 20
_DEFAULT_DAY = date(2026, 11, 20)
_WELL_FORMED = {
    delimiter: re.compile(
        rf'(?:(?:[^"\r\n{delimiter}]*+|"(?:[^"]++|"")*+")(?:[\r\n{delimiter}]|\Z))*+'
    )
    for delimiter in "\t,"
}

Row = tuple[Any, ...]


class ContradictionError(Exception):
    """What was read is not what stands in the file."""


@dataclass(frozen=True, slots=True)
class Case:
    """How the bytes of a fuzzer are used: four of them choose, the rest is the file."""

    schema: ReportSchema
    is_raw: bool
    cuts: tuple[int, ...]
    block_bytes: int
    text: bytes

    @classmethod
    def of(cls, data: bytes) -> Self:
        choice, header, block, cut = (data[:4] + bytes(4))[:4]
        text = HEADERS[header % len(HEADERS)] + data[4:]
        return cls(
            schema=SCHEMAS[choice % len(SCHEMAS)],
            is_raw=bool(choice & 0x80),
            cuts=(cut, cut * 7) if cut & 1 else (),
            block_bytes=max(1, block),
            text=data[4:] if choice & 0x80 else text,
        )

    @property
    def file(self) -> bytes:
        if self.is_raw:
            return self.text
        starts = sorted({0, *(min(cut, len(self.text)) for cut in self.cuts), len(self.text)})
        return b"".join(
            gzip.compress(self.text[start:end], 1) for start, end in itertools.pairwise(starts)
        ) or gzip.compress(b"")


def check(data: bytes) -> None:
    """Read the bytes in two ways that must agree, and hold them against Python's csv module.

    Raises:
        ContradictionError: the loader lost, invented or changed something.
    """
    case = Case.of(data)
    whole = _read(case, records.BLOCK_BYTES)
    if case.is_raw:
        return
    header = case.text.partition(b"\n")[0]
    in_blocks = _read(case, len(header) + 1 + case.block_bytes)
    if (whole is None) != (in_blocks is None):
        raise ContradictionError(f"read {'in blocks' if whole is None else 'whole'} only")
    if whole is None or in_blocks is None:
        return
    if whole != in_blocks:
        raise ContradictionError("other rows when read in blocks")
    _compare_with_csv(case, whole)


def _read(case: Case, block_bytes: int) -> list[Row] | None:
    with _block_bytes(block_bytes), _nothing_on_stderr():
        try:
            batches = list(
                tsv.read_batches(io.BytesIO(case.file), case.schema, max_inflated_bytes=LIMIT)
            )
        except tsv.FileFormatError as error:
            if len(str(error)) > 2000:
                raise ContradictionError("an endless message") from None
            return None
    return list(_rows(case, batches))


@contextmanager
def _block_bytes(count: int) -> Iterator[None]:
    before = records.BLOCK_BYTES
    records.BLOCK_BYTES = count
    try:
        yield
    finally:
        records.BLOCK_BYTES = before


@contextmanager
def _nothing_on_stderr() -> Iterator[None]:
    """What Arrow's callbacks raise reaches the user's terminal and nobody else."""
    ignored: list[Any] = []
    before, sys.unraisablehook = sys.unraisablehook, ignored.append
    try:
        yield
    finally:
        sys.unraisablehook = before
    if ignored:
        raise ContradictionError(f"a traceback on stderr: {ignored[0].exc_value!r}")


def _rows(case: Case, batches: list[tsv.RowBatch]) -> Iterator[Row]:
    """The rows, and behind them all that did not parse; after what must hold for each batch."""
    if not batches:
        raise ContradictionError("no batch at all")
    line = 2
    for batch in batches:
        rows = batch.table.to_pylist()
        if batch.table.schema != batches[0].table.schema:
            raise ContradictionError("batches of different columns")
        if batch.days(_DEFAULT_DAY).null_count or len(batch.days(_DEFAULT_DAY)) != len(rows):
            raise ContradictionError("not every row has a date")
        batch.table.validate(full=True)
        for unparsed in batch.unparsed:
            if rows[unparsed.line - line][unparsed.column] is not None:
                raise ContradictionError(f"unparsed, and yet a value: {unparsed}")
            if not case.is_raw and not _stands_in(unparsed.text, case.text):
                raise ContradictionError(f"invented: {unparsed}")
            yield ("unparsed", unparsed.line, unparsed.column, unparsed.text)
        yield from (tuple(row.values()) for row in rows)
        line += len(rows)


def _stands_in(value: str, text: bytes) -> bool:
    written = value.encode()
    return written in text or written.replace(b'"', b'""') in text


def _compare_with_csv(case: Case, found: list[Row]) -> None:
    """Where each quote is one that a CSV writer puts, the csv module says which texts there are."""
    text = case.text.removeprefix(b"\xef\xbb\xbf").decode()
    with io.BytesIO(case.file) as file, records.open_records(file, LIMIT) as reader:
        header, delimiter = reader.header()
    _, _, body = text.partition("\n")
    if not _WELL_FORMED[delimiter].fullmatch(body):
        return
    lines = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, strict=True)
    expected = [line for line in lines if line]
    rows = [row for row in found if row[:1] != ("unparsed",)]
    unparsed = len(found) - len(rows)
    if [len(line) for line in expected] != [len(header)] * len(rows):
        raise ContradictionError(f"{len(expected)} rows by csv, {len(rows)} by the loader")
    filled = sum(1 for line in expected for field in line if field)
    if filled != unparsed + sum(1 for row in rows for value in row if value is not None):
        raise ContradictionError("values were lost or invented")
    if not any(case.schema.date_column == name for name in header):
        _compare_texts(case, header, expected, rows)


def _compare_texts(
    case: Case, header: list[str], expected: list[list[str]], rows: list[Row]
) -> None:
    if case.schema.name != "Texts":
        return
    known = list(case.schema.table_columns())
    columns = unique_columns(header)
    names = known + [name for name in columns if name not in known]
    for line, row in zip(expected, rows, strict=True):
        texts = dict(zip(columns, line, strict=True))
        if row != tuple(texts.get(name) or None for name in names):
            raise ContradictionError(f"{row!r} instead of {line!r}")
