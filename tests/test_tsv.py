"""Report files become typed rows, none lost and none invented; any other file is an error."""

import csv
import gzip
import io
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app_store_connect.catalog import ReportSchema, schema_of
from app_store_connect.names import unique_columns
from app_store_connect.report_files.records import MAX_RECORD_BYTES
from app_store_connect.report_files.tsv import (
    BATCH_ROWS,
    FileFormatError,
    RowBatch,
    read_batches,
    read_header,
)
from app_store_connect.report_files.values import UnparsedValue

SAMPLES = Path(__file__).parent / "samples"
DOWNLOADS = schema_of("App Downloads Standard", "COMMERCE")
PURCHASES = schema_of("App Store Purchases Standard", "COMMERCE")
UNKNOWN = schema_of("A Report Without Entry", "FRAMEWORK_USAGE")
HEADER = b"Date\tTerritory\tCounts\n"
ROW = b"2026-11-20\tNA\t7\n"
FIELDS = ("date", "territory", "counts")


def batches(content: bytes, schema: ReportSchema = DOWNLOADS, **options: Any) -> list[RowBatch]:
    return list(read_batches(io.BytesIO(content), schema, **options))


def batch(text: bytes, schema: ReportSchema = DOWNLOADS) -> RowBatch:
    (only,) = batches(gzip.compress(text), schema)
    return only


def rows(found: Iterable[RowBatch], names: Sequence[str] = FIELDS) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for b in found for row in b.table.to_pylist()]


def territories(text: bytes) -> list[str | None]:
    return [territory for _, territory, _ in rows(batches(gzip.compress(text, 1)))]


SEEN = (date(2026, 11, 20), "NA", 7)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(HEADER + ROW, id="tabs"),
        pytest.param((HEADER + ROW).replace(b"\t", b","), id="commas"),
        pytest.param(HEADER + ROW.rstrip(), id="no line end at the end"),
        pytest.param((HEADER + ROW).replace(b"\n", b"\r\n"), id="crlf"),
        pytest.param(b"\xef\xbb\xbf" + HEADER + ROW, id="byte order mark"),
        pytest.param(b'"Date"\t"Territory"\t"Counts"\r\n' + ROW, id="quoted crlf header"),
        pytest.param(HEADER + b"\n\n" + ROW + b"\n", id="blank lines"),
        pytest.param(b'"Date"\t"Territory"\t"Counts"\n"2026-11-20"\t"NA"\t"7"\n', id="all quoted"),
        pytest.param(b"Counts\tDate\tTerritory\n7\t2026-11-20\tNA\n", id="another order"),
        pytest.param(b"DATE\tterritory\tcOuNtS\n2026-11-20\tNA\t7\n", id="another case"),
    ],
)
def test_every_dialect_reads_the_same(text: bytes) -> None:
    """Delimiter, line ends, BOM, quotes, order and case of the columns do not change the rows."""
    assert rows([batch(text)]) == [SEEN]


@pytest.mark.parametrize(
    ("sample", "schema", "expected"),
    [
        pytest.param(
            "app-downloads-standard",
            DOWNLOADS,
            [("1.3.2", "US", 1), ("1.3.2", "SE", 1)],
            id="tabs, from a live file",
        ),
        pytest.param(
            "app-crashes-expanded",
            schema_of("App Crashes Expanded", "PERFORMANCE"),
            [("1.10", "NA", 12), ("4.2.40", None, 5)],
            id="commas",
        ),
    ],
)
def test_sample_files(sample: str, schema: ReportSchema, expected: list[tuple[Any, ...]]) -> None:
    """The files in samples/ are read to the rows that a person reads in them."""
    content = gzip.compress((SAMPLES / sample / "segment.csv").read_bytes())
    measure = schema.table_columns().keys() & {"counts", "count"}

    found = rows(batches(content, schema), ["app_version", "territory", *measure])

    assert found == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(HEADER, id="header"),
        pytest.param(HEADER.rstrip(), id="without line end"),
        pytest.param(HEADER + b"\n\n\n", id="blank lines follow"),
        pytest.param(HEADER.rstrip() + b"\r\n\r\n", id="blank crlf lines follow"),
    ],
)
def test_file_without_rows(text: bytes) -> None:
    """A file that is only a header is one batch without rows, in the report's columns and types."""
    found = batch(text)

    assert found.table.num_rows == 0
    assert found.table.schema.names == list(DOWNLOADS.table_columns())
    assert found.table.schema.field("counts").type == pa.int64()


def test_all_gzip_members_are_read() -> None:
    """A file of several gzip members, also with zeros after them, is read to its end."""
    content = gzip.compress(HEADER) + gzip.compress(ROW) * 3 + bytes(16)

    assert rows(batches(content)) == [SEEN] * 3


def test_types() -> None:
    """Dates are DATE, counts and identifiers BIGINT, money is exact, text stays as written."""
    names = ["date", "app_apple_identifier", "platform_version", "territory", "purchases"]
    names += ["proceeds_in_usd", "sales_in_usd"]
    header = b"Date\tApp Apple Identifier\tPlatform Version\tTerritory\tPurchases"
    header += b"\tProceeds in USD\tSales in USD\n"
    line = b"2026-11-20\t9223372036854775807\t1.10\tNA\t-3\t0.1\t-12345678901234567890.123456789\n"
    money = Decimal("-12345678901234567890.123456789")
    expected = (date(2026, 11, 20), 2**63 - 1, "1.10", "NA", -3, Decimal("0.1"), money)

    found = batch(header + line, PURCHASES)

    assert rows([found], names) == [expected]
    assert found.unparsed == []
    assert found.table.schema.field("sales_in_usd").type == pa.decimal128(38, 9)


@pytest.mark.parametrize("empty", [pytest.param(b"", id="bare"), pytest.param(b'""', id="quoted")])
def test_empty_is_null(empty: bytes) -> None:
    """An empty field is NULL in every type; a space, NULL and NA are text."""
    line = b"\t".join([empty] * 3) + b"\n"
    texts = b"\t \t\n\tNULL\t\n\tNA\t\n"

    assert rows([batch(HEADER + line)]) == [(None, None, None)]
    assert territories(HEADER + line + texts) == [None, " ", "NULL", "NA"]


def test_missing_and_new_columns() -> None:
    """A column that Apple drops is NULL, typed; one that it adds comes last and is text."""
    found = batch(b"Date\tChurn Count\tTerritory\n2026-11-20\t007\tNA\n")

    assert found.table.schema.names == [*DOWNLOADS.table_columns(), "churn_count"]
    assert rows([found], ["counts", "churn_count"]) == [(None, "007")]
    assert found.table.schema.field("counts").type == pa.int64()


def test_report_without_entry_is_typed_by_names() -> None:
    """In a report that the catalogue lacks, dates and counts are known by their names."""
    text = b"Date\tSession Count\tUnique Devices\tUnique Identifier\n2026-11-20\t3\t2\tx-1\n"
    names = ["date", "session_count", "unique_devices", "unique_identifier"]

    found = batch(text, UNKNOWN)

    assert rows([found], names) == [(date(2026, 11, 20), 3, 2, "x-1")]
    assert found.date_columns == ["date"]


def test_columns_of_one_name_are_all_kept() -> None:
    """Columns whose names are equal in the table get numbers; no value is lost."""
    found = batch(b"Date\tNote\tnote\tNote 2\n2026-11-20\ta\tb\tc\n")

    assert rows([found], ["note", "note_2", "note_2_2"]) == [("a", "b", "c")]


@pytest.mark.slow
def test_two_thousand_columns() -> None:
    """A header of 2,000 columns is read, and its batches stay small."""
    header = "\t".join(["Date", *(f"Column {n}" for n in range(1999))])
    line = "\t".join(["2026-11-20", *(str(n) * 3 for n in range(1999))])
    content = gzip.compress("\n".join([header, *[line] * 3000]).encode(), compresslevel=1)

    found = batches(content, UNKNOWN)

    assert sum(each.table.num_rows for each in found) == 3000
    assert found[0].table["column_1998"][0].as_py() == "199819981998"
    assert max(each.table.nbytes for each in found) < 50_000_000


def test_unparsed_values_are_null_and_named() -> None:
    """A value that is not of its column's type is NULL, and reported with line, column and text."""
    lines = b"2026-02-30\tNA\t1,000\n2026-11-20\tNA\t7\n20.11.2026\tNA\t7.5\n0000-01-01\tNA\t\n"
    expected = [
        UnparsedValue(2, "date", "2026-02-30"),
        UnparsedValue(4, "date", "20.11.2026"),
        UnparsedValue(5, "date", "0000-01-01"),
        UnparsedValue(2, "counts", "1,000"),
        UnparsedValue(4, "counts", "7.5"),
    ]

    found = batch(HEADER + lines)

    assert found.unparsed == expected
    assert rows([found]) == [(None, "NA", None), SEEN, *[(None, "NA", None)] * 2]


def test_the_year_zero_is_unparsed() -> None:
    """A date that no destination can hold is reported, although Arrow can."""
    found = batch(HEADER + ROW + b"0000-01-01\tNA\t7\n")

    assert found.unparsed == [UnparsedValue(3, "date", "0000-01-01")]
    assert rows([found]) == [SEEN, (None, "NA", 7)]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("NaN", id="nan"),
        pytest.param("$1.00", id="currency"),
        pytest.param("0.1234567891", id="ten decimals"),
        pytest.param("1" * 30, id="thirty digits"),
    ],
)
def test_money_is_exact_or_unparsed(text: str) -> None:
    """Money that DECIMAL(38, 9) cannot hold exactly is reported, never rounded."""
    found = batch(f"Date\tSales in USD\n2026-11-20\t{text}\n".encode(), PURCHASES)

    assert rows([found], ["sales_in_usd"]) == [(None,)]
    assert found.unparsed == [UnparsedValue(2, "sales_in_usd", text)]


def test_lines_of_unparsed_values_count_over_batches() -> None:
    """In a file of several batches an unparsed value is named by its line in the file."""
    count = BATCH_ROWS * 2 + 10
    content = gzip.compress(HEADER + ROW * count + b"2026-11-20\tNA\tmany\n", compresslevel=1)

    found = batches(content)

    assert len(found) > 1
    assert [u for b in found for u in b.unparsed] == [UnparsedValue(count + 2, "counts", "many")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", 7),
        ("-7", -7),
        ("+7", 7),
        ("007", 7),
        ("389.0", 389),
        ("-5.00", -5),
        (str(2**63 - 1), 2**63 - 1),
    ]
    + [(text, None) for text in ("0x10", "0X10", "5.5", "1e3", "+", "+-7", "1_0", " 7", "\u0663")]
    + [(str(2**63), None)],
)
@pytest.mark.parametrize("other", ["1", "odd"])
def test_whole_numbers(text: str, expected: int | None, other: str) -> None:
    """Decimal digits after at most a sign are a number, also with zeros after a point."""
    lines = f"2026-11-20\tNA\t{text}\n2026-11-20\tNA\t{other}\n"
    found = batch(HEADER + lines.encode())

    assert rows([found], ["counts"])[0] == (expected,)
    assert (expected is None) == (UnparsedValue(2, "counts", text) in found.unparsed)


def test_many_bad_values_are_not_quadratic() -> None:
    """100,000 different unparsed values take seconds, not hours."""
    lines = b"".join(b"2026-11-20\tNA\tx%d\n" % n for n in range(100_000))
    content = gzip.compress(HEADER + lines, compresslevel=1)
    began = time.process_time()

    found = [u for b in batches(content) for u in b.unparsed]

    assert found[99_999] == UnparsedValue(100_001, "counts", "x99999")
    assert time.process_time() - began < 10


def test_dates_of_a_batch() -> None:
    """Each row has a date; those without one have the default."""
    text = HEADER + ROW * 2 + b"2026-11-21\tNA\t1\n\tNA\t1\nsoon\tNA\t1\n"
    default = date(2026, 11, 22)
    expected = Counter({date(2026, 11, 20): 2, date(2026, 11, 21): 1, default: 2})

    found = batch(text).days(default)

    assert Counter(found.to_pylist()) == expected


def test_dates_without_a_date_column() -> None:
    """In a file without the report's date column all rows have the default."""
    default = date(2026, 11, 22)

    found = batch(b"Territory\tCounts\nNA\t1\nUS\t2\n").days(default)

    assert [default] * 2 == found.to_pylist()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "no header", id="nothing"),
        pytest.param(gzip.compress(b""), "no header", id="empty gzip"),
        pytest.param(gzip.compress(b"\n" + ROW), "no header", id="blank first line"),
        pytest.param(gzip.compress(b"\xef\xbb\xbf\n"), "no header", id="only a byte order mark"),
        pytest.param(HEADER + ROW, "not a whole gzip file", id="not gzip"),
        pytest.param(gzip.compress(HEADER + ROW)[:-4], "not a whole gzip file", id="cut"),
        pytest.param(
            gzip.compress(HEADER) + gzip.compress(ROW)[:-20],
            "not a whole gzip file",
            id="cut member",
        ),
        pytest.param(
            gzip.compress(HEADER) + b"garbage!", "not a whole gzip file", id="garbage after"
        ),
        pytest.param(
            gzip.compress(HEADER + ROW)[:-8] + bytes(8), "not a whole gzip file", id="wrong crc"
        ),
        pytest.param(gzip.compress(b"a\xff\tb\n"), "header is not UTF-8", id="header not utf-8"),
        pytest.param(gzip.compress(b'"Date\tCounts\n'), "header cannot be read", id="open quote"),
        pytest.param(gzip.compress(b"Date\tCounts\r1\t2\r"), "header cannot be read", id="cr only"),
        pytest.param(gzip.compress(b"a" * 300_000), "first line is longer", id="endless header"),
        pytest.param(
            gzip.compress(HEADER + ROW + b"2026-11-20\tN\xffA\t1\n"),
            "line 3 is not UTF-8",
            id="row not utf-8",
        ),
        pytest.param(
            gzip.compress(HEADER + ROW * 2 + b"\tN\0A\t1\n"), "line 4 has a NUL", id="nul"
        ),
        pytest.param(
            gzip.compress(HEADER + ROW + b"2026-11-20\tNA\n"),
            "line 3 has 2 fields, the header 3: '2026-11-20.tNA'",
            id="too few fields",
        ),
        pytest.param(
            gzip.compress(HEADER + ROW * 100_000 + b"2026-11-20\tNA\t1\t2\n" + ROW),
            "line 100002 has 4 fields, the header 3",
            id="too many fields",
        ),
    ],
)
def test_malformed_files_are_refused(content: bytes, message: str) -> None:
    """What is not a whole gzip table of one width is an error that says what, and where."""
    with pytest.raises(FileFormatError, match=message):
        batches(content)


def test_damage_after_the_first_batch_is_noticed() -> None:
    """A file that is damaged at its end raises, although its beginning was read."""
    content = gzip.compress(HEADER + ROW * BATCH_ROWS * 2, compresslevel=1)
    found = read_batches(io.BytesIO(content[:-9]), DOWNLOADS)

    assert next(found).table.num_rows >= BATCH_ROWS
    with pytest.raises(FileFormatError, match="not a whole gzip file"):
        list(found)


def test_inflation_is_limited() -> None:
    """A small file that inflates to more than is allowed stops at the limit."""
    bomb = gzip.compress(HEADER + ROW * 1_000_000, compresslevel=9)

    with pytest.raises(FileFormatError, match="more than the 5000000 bytes allowed"):
        batches(bomb, max_inflated_bytes=5_000_000)


def test_long_lines_are_read() -> None:
    """A line of several megabytes is read whole."""
    text = HEADER + ROW + b"2026-11-20\t" + b"x" * 5_000_000 + b"\t7\n" + ROW

    assert [len(each or "") for each in territories(text)] == [2, 5_000_000, 2]


def test_endless_lines_are_refused() -> None:
    """A line without end is an error, before it fills memory."""
    with pytest.raises(FileFormatError, match=f"longer than {MAX_RECORD_BYTES}"):
        batches(gzip.compress(HEADER + b"x" * (MAX_RECORD_BYTES + 2_000_000), compresslevel=1))


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file() -> None:
    """A file of 200 MB is read within a fraction of that memory."""
    lines = (b"2026-11-20\t" + b"x" * 989 + b"\t7\n") * 200_000
    content = gzip.compress(HEADER + lines, compresslevel=1)
    del lines
    before = pa.total_allocated_bytes()
    peak = 0
    tracemalloc.start()
    try:
        for each in read_batches(io.BytesIO(content), DOWNLOADS):
            assert each.table.num_rows > 0
            peak = max(peak, pa.total_allocated_bytes() - before)
        python_peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak + python_peak < 100_000_000


def test_read_header_of_a_large_file() -> None:
    """The header of a large file is read without reading the file to its end."""
    content = gzip.compress(HEADER + ROW * 1_000_000, compresslevel=1)[:-100]

    assert read_header(io.BytesIO(content)) == list(FIELDS)


def test_the_file_stays_open() -> None:
    """A file can be read again after its header was."""
    file = io.BytesIO(gzip.compress(HEADER + ROW))
    read_header(file)
    file.seek(0)

    assert rows(read_batches(file, DOWNLOADS)) == [SEEN]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param('"a\tb"', "a\tb", id="tab in quotes"),
        pytest.param('"a\nb"', "a\nb", id="line end in quotes"),
        pytest.param('"a ""b"" c"', 'a "b" c', id="doubled quotes"),
        pytest.param('5" screen', '5" screen', id="quote within a field"),
        pytest.param('"Best" of 2026', '"Best" of 2026', id="quotes around a word"),
        pytest.param('"open', '"open', id="quote never closed"),
        pytest.param('"a\r\nb"', "a\r\nb", id="crlf in quotes"),
    ],
)
def test_quotes(written: str, expected: str) -> None:
    """A field is quoted if its quotes are as a CSV writer puts them; else they are characters."""
    text = HEADER + f"2026-11-20\t{written}\t7\n".encode() * 2

    assert territories(text) == [expected, expected]


def test_open_quotes_do_not_swallow_rows() -> None:
    """Rows whose fields begin with a quote that never closes stay rows, in a file of any size."""
    line = b'2026-11-20\t"open\t7\n'
    long = b"2026-11-20\t" + b"x" * 10_000 + b"\t7\n"
    count = MAX_RECORD_BYTES // len(long) + 200
    text = HEADER + line + ROW + long * count + line + ROW

    assert Counter(territories(text)) == {'"open': 2, "NA": 2, "x" * 10_000: count}


def test_stray_and_real_quotes_in_one_file() -> None:
    """Fields with stray quotes do not spoil quoted ones with line ends, wherever blocks end."""
    title = "a\n" + "x" * 30_000
    lines = b'2026-11-20\t"Best" of\t7\n' + f'2026-11-20\t"{title}"\t7\n'.encode()

    assert Counter(territories(HEADER + lines * 200)) == {'"Best" of': 200, title: 200}


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """Rows of equal width, none of them blank, with all that makes a CSV writer quote."""
    width = draw(st.integers(2, 4))
    # no carriage returns: the csv writer of Python 3.11 leaves them bare, which no reader undoes
    characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0\r")
    field = st.text(st.one_of(st.sampled_from('"\t\n, '), characters), max_size=6)
    return draw(st.lists(st.lists(field, min_size=width, max_size=width), max_size=8))


def written(table: list[list[str]], delimiter: str, quoting: Any) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\n", quoting=quoting).writerows(table)
    return text.getvalue()


@settings(max_examples=150, deadline=None)
@given(
    table=tables(),
    delimiter=st.sampled_from("\t,"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    cuts=st.lists(st.integers(1, 40), max_size=4),
    block_bytes=st.integers(1, 50),
)
@example(table=[["a\nb", '"\t"']], delimiter="\t", quoting=csv.QUOTE_ALL, cuts=[], block_bytes=3)
def test_round_trip(
    table: list[list[str]], delimiter: str, quoting: Any, cuts: list[int], block_bytes: int
) -> None:
    """What Python's csv module writes is read back unchanged, wherever members and blocks end."""
    width = len(table[0]) if table else 2
    header = [f"Text {n}" for n in range(width)]
    text = delimiter.join(header) + "\n" + written(table, delimiter, quoting)
    oracle = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))[1:]
    schema = ReportSchema("Texts", None, tuple(header), 0, 0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "app_store_connect.report_files.records.BLOCK_BYTES", max(block_bytes, len(header) * 8)
        )
        found = batches(b"".join(members(text.encode(), cuts)), schema)

    assert rows(found, unique_columns(header)) == [
        tuple(field or None for field in line) for line in oracle
    ]


def members(content: bytes, sizes: list[int]) -> Iterator[bytes]:
    for size in sizes:
        yield gzip.compress(content[:size])
        content = content[size:]
    yield gzip.compress(content)
