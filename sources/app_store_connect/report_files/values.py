"""Columns of text into columns of their types, so that one odd value costs only itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_INTEGER = re.compile(r"([+-]?[0-9]+)(?:\.0+)?")
_FIRST_DAY = -719_162
"""0001-01-01 in days from 1970: Arrow parses the year 0, which no destination can hold."""


@dataclass(frozen=True, slots=True)
class UnparsedValue:
    """A text that is not of its column's type. `line` counts records, the header being line 1."""

    line: int
    column: str
    text: str


def typed(
    texts: pa.Table, types: Mapping[str, pa.DataType], first_line: int
) -> tuple[pa.Table, list[UnparsedValue]]:
    """The table in these columns; a column that it lacks is NULL, as is a text not of its type.

    Args:
        first_line: the line of the first row in its file.
    """
    columns = dict(zip(texts.column_names, texts.columns, strict=True))
    arrays: list[pa.ChunkedArray | pa.Array] = []
    unparsed: list[UnparsedValue] = []
    for name, kind in types.items():
        column = columns.get(name)
        if column is None:
            arrays.append(pa.nulls(texts.num_rows, kind))
            continue
        try:
            arrays.append(_strictly(column, kind))
        except pa.ArrowInvalid:
            array, bad_rows = _leniently(column, kind)
            arrays.append(array)
            bad_texts = column.take(bad_rows)
            unparsed += [
                UnparsedValue(first_line + row, name, text)
                for row, text in zip(bad_rows.to_pylist(), bad_texts.to_pylist(), strict=True)
            ]
    return pa.Table.from_arrays(arrays, names=list(types)), unparsed


def _value(text: str, arrow_type: pa.DataType) -> Any:
    if arrow_type == pa.int64():
        if not (whole := _INTEGER.fullmatch(text)):
            raise ValueError(text)
        text = whole[1].removeprefix("+")
    return pa.scalar(text).cast(arrow_type).as_py()


def _strictly(texts: pa.ChunkedArray, arrow_type: pa.DataType) -> pa.ChunkedArray:
    if arrow_type == texts.type:
        return texts
    typed = texts.cast(arrow_type)
    if arrow_type == pa.int64() and any(
        pc.any(pc.starts_with(texts, each)).as_py() for each in ("0x", "0X")
    ):
        raise pa.ArrowInvalid("hexadecimal digits, which Arrow reads")
    if arrow_type == pa.date32():
        first = pc.min(typed.cast(pa.int32())).as_py()
        if first is not None and first < _FIRST_DAY:
            raise pa.ArrowInvalid("a date before the year 1")
    return typed


def _leniently(texts: pa.ChunkedArray, arrow_type: pa.DataType) -> tuple[pa.Array, pa.Array]:
    """Cast each distinct text alone. Returns the values, with NULL for a text that cannot be cast,
    and the rows of such texts.
    """
    encoded = texts.combine_chunks().dictionary_encode()
    bad: list[str] = []
    values: list[Any] = []
    for text in encoded.dictionary.to_pylist():
        try:
            values.append(_value(text, arrow_type))
        except (ValueError, OverflowError):
            values.append(None)
            bad.append(text)
    typed = pa.array(values, arrow_type).take(encoded.indices)
    is_bad = pc.is_in(texts, value_set=pa.array(bad, pa.string()))
    return typed, pc.indices_nonzero(is_bad)
