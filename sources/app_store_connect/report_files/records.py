"""Report files into blocks of whole records: inflated to their verified end, and bounded.

Whether Apple quotes its fields is not documented. So a field counts as quoted only if its quotes
are those that a CSV writer puts; else, as in `"Best" of` or `"open`, they belong to the value.
"""

import csv
import gzip
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import IO, Any, Self

from isal import igzip
from isal.isal_zlib import IsalError

BLOCK_BYTES = 1024 * 1024
MAX_HEADER_BYTES = 256 * 1024
MAX_RECORD_BYTES = 16 * 1024 * 1024
MAX_QUOTED_BYTES = 1024 * 1024
"""How far a quoted field with line ends is followed; without a closing quote so far, it is none."""
BOM = b"\xef\xbb\xbf"
_NEWLINE = b"\n"


class FileFormatError(Exception):
    """The bytes are no gzip table with one width; the message says how they differ."""


@dataclass(frozen=True, slots=True)
class _Quoting:
    """How fields are told apart. A quote that does not begin a field is a character like others."""

    fields: re.Pattern[bytes]
    records: re.Pattern[bytes]
    partial_record: re.Pattern[bytes]
    stray: re.Pattern[bytes]
    stray_or_open: re.Pattern[bytes]

    @classmethod
    def of(cls, delimiter: str) -> Self:
        # possessive (`++`, `*+`): nothing is tried twice, so time does not grow out of hand
        edge = rb"\r\n" + re.escape(delimiter.encode())
        # the first quote of `"a"`, at the beginning of a field; neither of those in `3" of`
        opening = rb'(?<![^%b])"' % edge
        # all of `"a ""b"" c"`, also with line ends in it; not `"Best" of`
        quoted = rb'%b(?:[^"]++|"")*+"(?![^%b])' % (opening, edge)
        # a record without its line end: `7,"two\nlines",3" of`
        content = rb'(?:[^"\n]++|(?<=[^%b])"|%b)*+' % (edge, quoted)
        # many records, line ends included: `7,"two\nlines"\n8,3" of\n`; ends before `"Best" of`
        fields = rb'(?:[^"]++|%b|(?<=[^%b])")*+' % (quoted, edge)
        # from the quote of `"open` to the end of the data, as no closing one follows
        is_open = rb'%b(?:[^"]++|"")*+\Z' % opening
        # all of `"Best" of`: it begins like a quoted field and, `quoted` being tried first, is none
        stray = rb"(%b[^%b]*+)(?=[%b])" % (opening, edge, edge)
        return cls(
            fields=re.compile(fields),
            records=re.compile(rb"(?:%b\n)*+" % content),
            partial_record=re.compile(rb"%b(?:%b)?\Z" % (content, is_open)),
            stray=re.compile(rb"%b|%b|%b" % (quoted, is_open, stray)),
            stray_or_open=re.compile(rb"%b|%b" % (quoted, stray)),
        )


_quoting = cache(_Quoting.of)


class RecordReader:
    """Reads the header first, then the blocks. Errors name the line, the header being line 1."""

    def __init__(self, inflated: IO[bytes], max_inflated_bytes: int) -> None:
        self._inflated = inflated
        self._limit = max_inflated_bytes
        self._read_bytes = 0
        self._rest = b""

    def header(self) -> tuple[list[str], str]:
        """Apple's column names and the delimiter, read no further than the first block.

        Raises:
            FileFormatError: there is no header line, or none that can be read.
        """
        data = self._read()
        line, _, self._rest = data.partition(_NEWLINE)
        if len(line) > MAX_HEADER_BYTES:
            raise FileFormatError(f"its first line is longer than {MAX_HEADER_BYTES} bytes")
        try:
            text = line.removeprefix(BOM).decode("utf-8")
        except UnicodeDecodeError:
            raise FileFormatError("its header is not UTF-8") from None
        if not text.strip():
            raise FileFormatError("it has no header line")
        if "\0" in text:
            raise FileFormatError("its header has a NUL byte")
        delimiter = "," if "," in text and "\t" not in text else "\t"
        try:
            return next(csv.reader([text], delimiter=delimiter, strict=True)), delimiter
        except csv.Error as error:
            raise FileFormatError(f"its header cannot be read ({error})") from None

    def blocks(self, delimiter: str) -> Iterator[bytes]:
        """The rest of the file, in blocks of whole records, each about `BLOCK_BYTES` or one record.

        Quotes in them are those of a CSV writer.

        Raises:
            FileFormatError: the file is damaged or too large, or a record is.
        """
        quoting = _quoting(delimiter)
        rest = self._rest
        while data := self._read():
            block, rest = _split(rest + data, quoting)
            if len(rest) > MAX_RECORD_BYTES:
                raise FileFormatError(f"a line in it is longer than {MAX_RECORD_BYTES} bytes")
            if block:
                yield block
        if rest:
            yield _last(rest, quoting)

    def _read(self) -> bytes:
        try:
            data = self._inflated.read(BLOCK_BYTES)
        except (EOFError, IsalError, gzip.BadGzipFile) as error:  # type: ignore[misc]  # stub: a value
            raise FileFormatError(f"it is not a whole gzip file ({error})") from None
        self._read_bytes += len(data)
        if self._read_bytes > self._limit:
            raise FileFormatError(f"it inflates to more than the {self._limit} bytes allowed")
        return data


@contextmanager
def open_records(file: IO[bytes], max_inflated_bytes: int) -> Iterator[RecordReader]:
    """Reads a gzip file, of one or many members, from where it stands; `file` itself stays open."""
    with closing(igzip.open(file, "rb")) as inflated:
        yield RecordReader(inflated, max_inflated_bytes)


def _split(data: bytes, quoting: _Quoting) -> tuple[bytes, bytes]:
    """Whole records, and the beginning of the next one."""
    end = data.rfind(_NEWLINE) + 1
    if b'"' not in data or quoting.fields.fullmatch(data, 0, end):
        return data[:end], data[end:]
    end = _end_of_records(data, quoting)
    if quoting.partial_record.match(data, end):
        if len(data) - end <= MAX_QUOTED_BYTES or _NEWLINE not in data[end:]:
            return data[:end], data[end:]
        stray = quoting.stray_or_open
    else:
        stray = quoting.stray
    fixed = stray.sub(_requoted, data)
    end = _end_of_records(fixed, quoting)
    return fixed[:end], fixed[end:]


def _last(data: bytes, quoting: _Quoting) -> bytes:
    """The same for the end of the file, where no open field can close any more."""
    if not data.endswith(_NEWLINE):
        data += _NEWLINE
    return quoting.stray_or_open.sub(_requoted, data) if b'"' in data else data


def _end_of_records(data: bytes, quoting: _Quoting) -> int:
    match = quoting.records.match(data)
    return match.end() if match else 0


def _requoted(field: re.Match[bytes]) -> bytes:
    """A field as a CSV writer would put it; group 1 is one whose quotes are part of the value."""
    stray: Any = field[1]
    return field[0] if stray is None else b'"%b"' % stray.replace(b'"', b'""')
