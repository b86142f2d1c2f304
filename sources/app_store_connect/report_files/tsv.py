"""Report files into typed Arrow batches, in a stream: memory does not grow with the file.

Apple's help page says tab-delimited text; one report (App Crashes Expanded) was seen with commas,
so the header decides. Columns are matched by name, as Apple advises, because their order changes.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.csv import ConvertOptions, InvalidRow, ParseOptions, ReadOptions, read_csv

from ..catalog import ReportSchema
from ..names import unique_columns
from ..tables import arrow_type
from .records import BLOCK_BYTES, BOM, open_records
from .records import FileFormatError as FileFormatError
from .values import UnparsedValue, typed

BATCH_ROWS = 64 * 1024
BATCH_BYTES = 16 * BLOCK_BYTES
"""A batch ends at whichever of the two comes first; wide reports have few rows in one."""
DEFAULT_MAX_INFLATED_BYTES = 20 * 1024**3
_APP_COLUMN = "app_apple_identifier"
_SHOWN_CHARACTERS = 200


@cache
def dictionary_type() -> pa.DataType:
    """Of a column of text: every distinct text once for each batch, as a report has few of them."""
    return pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True, slots=True)
class RowBatch:
    """Some rows of a file: typed, in the report's column order, and the values that did not parse.

    `header` has the table columns that the file itself has.
    """

    table: pa.Table
    unparsed: list[UnparsedValue]
    date_columns: list[str]
    header: list[str]

    @property
    def app_ids(self) -> set[str]:
        """The apps that its rows say they are about; few reports leave it unsaid."""
        if _APP_COLUMN not in self.table.column_names:
            return set()
        return {str(each) for each in pc.unique(self.table[_APP_COLUMN]).drop_null().to_pylist()}

    @property
    def is_dated(self) -> bool:
        """Whether any row has a date."""
        rows = self.table.num_rows
        return any(self.table[name].null_count < rows for name in self.date_columns)

    def days(self, default: date) -> pa.Array:
        """The date of each row; those without one are of `default`."""
        given = [self.table[name].combine_chunks() for name in self.date_columns]
        if not given:
            return pa.repeat(pa.scalar(default), self.table.num_rows)
        return pc.coalesce(*given, pa.scalar(default))


def read_header(file: IO[bytes]) -> list[str]:
    """The table columns of a gzip file, read no further than its first block.

    Raises:
        FileFormatError: there is no header line.
    """
    with open_records(file, BLOCK_BYTES) as records:
        return unique_columns(records.header()[0])


def read_batches(
    file: IO[bytes],
    schema: ReportSchema,
    *,
    max_inflated_bytes: int = DEFAULT_MAX_INFLATED_BYTES,
    dictionary_text: bool = False,
) -> Iterator[RowBatch]:
    """Read a gzip file to its verified end. A file without rows gives one batch without rows.

    Columns that the schema names and the file lacks are NULL; those that it does not name come
    last. An empty field is NULL, quoted or not. A value that is not of its column's type is NULL,
    and reported. With `dictionary_text` the schema's columns of text are `dictionary_type()`, the
    rows the same.

    Raises:
        FileFormatError: not gzip, cut, damaged, larger than `max_inflated_bytes`, not UTF-8,
            without a header, with a NUL byte, or with a row of too many or too few fields.
    """
    with open_records(file, max_inflated_bytes) as records:
        header, delimiter = records.header()
        columns = unique_columns(header)
        known = schema.table_columns()
        types = known | {
            name: schema.added_column_type(name) for name in columns if name not in known
        }
        date_columns = schema.date_columns_in(columns)
        targets = {name: arrow_type(column_type) for name, column_type in types.items()}
        if dictionary_text:  # dlt would fill a column that is not in every file with plain text
            targets |= {name: dictionary_type() for name in known if targets[name] == pa.string()}
        read_as = {name: _read_as(targets[name]) for name in columns}
        line = 2
        for texts in _text_tables(records.blocks(delimiter), read_as, delimiter):
            table, unparsed = typed(texts, targets, line)
            line += table.num_rows
            yield RowBatch(table, unparsed, date_columns, columns)


def _read_as(target: pa.DataType) -> pa.DataType:
    """All columns are read as text and cast, so that one odd value costs only itself."""
    return target if target == dictionary_type() else pa.string()


def _text_tables(
    blocks: Iterable[bytes], columns: Mapping[str, pa.DataType], delimiter: str
) -> Iterator[pa.Table]:
    """The rows as text, NULL for empty, in tables of about a batch; at least one table."""
    parser = _TextParser(columns, delimiter)
    pending: list[pa.Table] = []
    rows = size = 0
    line = 2
    for block in blocks:
        table = parser.table(block, line)
        pending.append(table)
        line += table.num_rows
        rows += table.num_rows
        size += len(block)
        if rows >= BATCH_ROWS or size >= BATCH_BYTES:
            yield pa.concat_tables(pending)
            pending, rows, size = [], 0, 0
    if pending:
        yield pa.concat_tables(pending)
    elif line == 2:
        yield parser.schema.empty_table()


class _TextParser:
    """Blocks of whole records into tables of text."""

    def __init__(self, columns: Mapping[str, pa.DataType], delimiter: str) -> None:
        self.schema = pa.schema(list(columns.items()))
        self._delimiter = delimiter
        self._conversion = ConvertOptions(
            column_types=self.schema,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        )

    def table(self, block: bytes, first_line: int) -> pa.Table:
        if block[:1] in b"\r\n" and not block.strip(b"\r\n"):
            return self.schema.empty_table()
        if b"\0" in block:
            line = first_line + block.count(b"\n", 0, block.index(b"\0"))
            raise FileFormatError(f"line {line} has a NUL byte")
        has_quotes = b'"' in block
        options = ParseOptions(
            delimiter=self._delimiter,
            quote_char='"' if has_quotes else False,
            newlines_in_values=has_quotes,
        )
        try:
            return self._read(block, options)
        except pa.ArrowInvalid as error:
            raise self._malformed(block, options, first_line, error) from None

    def _malformed(
        self, block: bytes, options: ParseOptions, first_line: int, error: Exception
    ) -> FileFormatError:
        try:
            block.decode("utf-8")
        except UnicodeDecodeError as undecodable:
            line = first_line + block.count(b"\n", 0, undecodable.start)
            return FileFormatError(f"line {line} is not UTF-8 ({undecodable.reason})")
        misfits: list[InvalidRow] = []

        def note(row: InvalidRow) -> str:
            misfits.append(row)
            return "error"

        # only now: Arrow must hand it text, or the error goes to stderr
        options.invalid_row_handler = note
        with suppress(pa.ArrowInvalid):
            self._read(block, options)
        if not misfits:
            return FileFormatError(
                f"it cannot be read as a table ({str(error)[:_SHOWN_CHARACTERS]})"
            )
        row = misfits[0]
        return FileFormatError(
            f"line {first_line + row.number - 1} has {row.actual_columns} fields, the header"
            f" {row.expected_columns}: {row.text[:_SHOWN_CHARACTERS]!r}"
        )

    def _read(self, block: bytes, options: ParseOptions) -> pa.Table:
        if block.startswith(BOM):
            block = BOM + block  # Arrow takes one away from the beginning of every block
        return read_csv(pa.BufferReader(block), self._reading(block), options, self._conversion)

    def _reading(self, block: bytes) -> ReadOptions:
        return ReadOptions(
            column_names=self.schema.names, block_size=len(block) + 1, use_threads=False
        )
