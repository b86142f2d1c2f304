"""Report files into typed Arrow batches, in a stream: memory does not grow with the file.

Apple's help page says tab-delimited text; one report (App Crashes Expanded) was seen with commas, so the
header decides. Columns are matched by name, as Apple advises, because their order changes.
"""

import csv
import gzip
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
from isal import igzip
from isal.isal_zlib import IsalError
from pyarrow import csv as arrow_csv

from app_store_connect.catalog import ColumnType, ReportSchema
from app_store_connect.names import unique_columns

BLOCK_BYTES = 1024 * 1024
BATCH_ROWS = 64 * 1024
MAX_HEADER_BYTES = 256 * 1024
DEFAULT_MAX_INFLATED_BYTES = 20 * 1024**3
_BOM = b"\xef\xbb\xbf"

ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    ColumnType.DATE: pa.date32(),
    ColumnType.BIGINT: pa.int64(),
    ColumnType.DECIMAL: pa.decimal128(38, 9),
    ColumnType.TEXT: pa.string(),
}


class FileFormatError(Exception):
    """The bytes are no gzip table with one width; the message says what they are instead."""


@dataclass(frozen=True, slots=True)
class UnparsedValue:
    """A text that is not of its column's type. `line` counts records, the header being line 1."""

    line: int
    column: str
    text: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a file: typed, in the report's column order, with what did not parse beside them."""

    table: pa.Table
    unparsed: list[UnparsedValue]
    date_column: str | None

    def dates(self, default: date) -> Counter[date]:
        """How many rows each date has; rows without one count under `default`."""
        if self.date_column is None:
            return Counter({default: self.table.num_rows})
        counts: Counter[date] = Counter()
        for entry in pc.value_counts(self.table[self.date_column]).to_pylist():
            counts[entry["values"] or default] += entry["counts"]
        return counts


def read_header(file: IO[bytes]) -> list[str]:
    """The table columns of a gzip file, read no further than its first line.

    Raises:
        FileFormatError: there is no such line.
    """
    with _inflated(file, MAX_HEADER_BYTES) as stream:
        return unique_columns(_split_header(stream)[0])


def read_batches(
    file: IO[bytes],
    schema: ReportSchema,
    *,
    max_inflated_bytes: int = DEFAULT_MAX_INFLATED_BYTES,
) -> Iterator[Batch]:
    """Read a gzip file to its verified end. A file without rows gives one batch without rows.

    Columns that the schema names and the file lacks are NULL; those that it does not name come last. An
    empty field is NULL. A value that is not of its column's type is NULL, and reported.

    Raises:
        FileFormatError: not gzip, cut, damaged, larger than `max_inflated_bytes`, not UTF-8, without a
            header, or with a row that has too many or too few fields.
    """
    with _inflated(file, max_inflated_bytes) as stream:
        header, delimiter = _split_header(stream)
        columns = unique_columns(header)
        types = {name: schema.added_column_type(name) for name in columns} | schema.table_columns()
        order = [*schema.table_columns(), *(n for n in columns if n not in schema.table_columns())]
        date_column = schema.date_column_in(columns)
        line = 2
        for texts in _text_tables(stream, columns, delimiter):
            table, unparsed = _typed(texts, {name: types[name] for name in order}, line)
            line += table.num_rows
            yield Batch(table, unparsed, date_column)


@contextmanager
def _inflated(file: IO[bytes], limit: int) -> Iterator[io.BufferedReader]:
    try:
        with igzip.open(file, "rb") as inflated:
            yield io.BufferedReader(_Bounded(inflated, limit), BLOCK_BYTES)
    except (EOFError, IsalError, gzip.BadGzipFile) as error:
        raise FileFormatError(f"it is not a whole gzip file ({error})") from None
    except pa.ArrowInvalid as error:
        raise FileFormatError(f"it is not a table with one width ({str(error)[:300]})") from None


class _Bounded(io.RawIOBase):
    """Stops a file that inflates without end before it fills memory or disk."""

    def __init__(self, inflated: IO[bytes], limit: int) -> None:
        self._inflated = inflated
        self._left = limit
        self._limit = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._inflated.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise FileFormatError(f"it inflates to more than the {self._limit} bytes allowed")
        buffer[: len(data)] = data
        return len(data)


def _split_header(stream: io.BufferedReader) -> tuple[list[str], str]:
    line = stream.readline(MAX_HEADER_BYTES).removeprefix(_BOM)
    try:
        text = line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise FileFormatError("its header is not UTF-8") from None
    if not text or len(line) == MAX_HEADER_BYTES:
        raise FileFormatError("it has no header line")
    delimiter = "," if "," in text and "\t" not in text else "\t"
    return next(csv.reader([text], delimiter=delimiter)), delimiter


def _text_tables(
    stream: io.BufferedReader, columns: list[str], delimiter: str
) -> Iterator[pa.Table]:
    """The rows as text, NULL for empty, in tables of about `BATCH_ROWS`; at least one table."""
    schema = pa.schema([(name, pa.string()) for name in columns])
    if not stream.peek(1):
        yield schema.empty_table()
        return
    reader = arrow_csv.open_csv(
        stream,
        read_options=arrow_csv.ReadOptions(
            column_names=columns, block_size=BLOCK_BYTES, use_threads=False
        ),
        parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(
            column_types=schema,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    )
    pending: list[pa.RecordBatch] = []
    for batch in reader:
        pending.append(batch)
        if sum(each.num_rows for each in pending) >= BATCH_ROWS:
            yield pa.Table.from_batches(pending)
            pending = []
    yield pa.Table.from_batches(pending, schema)


def _typed(
    texts: pa.Table, types: dict[str, ColumnType], first_line: int
) -> tuple[pa.Table, list[UnparsedValue]]:
    arrays: list[pa.ChunkedArray | pa.Array] = []
    unparsed: list[UnparsedValue] = []
    for name, column_type in types.items():
        arrow_type = ARROW_TYPES[column_type]
        if name not in texts.column_names:
            arrays.append(pa.nulls(texts.num_rows, arrow_type))
            continue
        try:
            arrays.append(texts[name].cast(arrow_type))
        except pa.ArrowInvalid:
            array, bad_rows = _leniently(texts[name], arrow_type)
            arrays.append(array)
            unparsed += [
                UnparsedValue(first_line + row, name, texts[name][row].as_py()) for row in bad_rows
            ]
    return pa.Table.from_arrays(arrays, names=list(types)), unparsed


def _leniently(texts: pa.ChunkedArray, arrow_type: pa.DataType) -> tuple[pa.Array, list[int]]:
    """Cast what can be cast, one distinct text at a time; the rest becomes NULL, its rows are named."""
    encoded = texts.combine_chunks().dictionary_encode()
    bad: list[str] = []
    values: list[Any] = []
    for text in encoded.dictionary.to_pylist():
        try:
            values.append(pa.scalar(text).cast(arrow_type).as_py())
        except pa.ArrowInvalid:
            values.append(None)
            bad.append(text)
    typed = pa.array(values, arrow_type).take(encoded.indices)
    is_bad = pc.is_in(texts, value_set=pa.array(bad, pa.string()))
    return typed, pc.indices_nonzero(is_bad).to_pylist()
