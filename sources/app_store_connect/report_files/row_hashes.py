"""The rows of a date, summed up in two numbers that do not depend on the order of the rows.

Apple writes the rows of each instance in another order, and gives them no key. Two instances that
tell the same of a date have equal sums; a date in which every row stands an even number of times
has parity 0.
"""

import functools
import hashlib
import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_FACTOR = 0xD6E8FEB86659FD93
_SUMMED_BITS = 0xFFFFFFFF
"""The sum takes 32 bits of each hash, so that 2^31 rows fit into a BIGINT without overflow."""
FEWEST_DOUBLED = 4
"""Two equal rows alone are more likely twins than a date that Apple wrote twice."""


@dataclass(frozen=True, slots=True)
class DateRows:
    """The rows of one date: their count, the sum and parity of their hashes, a measure's total."""

    count: int = 0
    hash_sum: int = 0
    parity: int = 0
    total: Decimal | None = None

    def __add__(self, other: "DateRows") -> "DateRows":
        totals = [each for each in (self.total, other.total) if each is not None]
        return DateRows(
            self.count + other.count,
            self.hash_sum + other.hash_sum,
            self.parity ^ other.parity,
            sum(totals, Decimal()) if totals else None,
        )

    @property
    def is_doubled(self) -> bool:
        """Whether every row stands an even number of times (two rows alone do not count)."""
        return self.count >= FEWEST_DOUBLED and self.parity == 0


ByDate = Mapping[date, DateRows]


def added(parts: Iterable[ByDate]) -> dict[date, DateRows]:
    """The rows of several parts together."""
    whole: dict[date, DateRows] = {}
    for part in parts:
        for day, rows in part.items():
            whole[day] = whole.get(day, DateRows()) + rows
    return whole


def rows_by_date(rows: pa.Table, days: pa.Array, measure: str | None = None) -> ByDate:
    """The rows of each date. `measure` names the column that is totalled."""
    hashed = pa.table({"day": days, "hash": _hashes(rows)})
    wanted = [("hash", "list")]
    if measure:
        hashed = hashed.append_column("measure", rows[measure])
        wanted.append(("measure", "sum"))
    grouped = hashed.group_by("day").aggregate(wanted).to_pylist()
    return {
        group["day"]: _date_rows(group["hash_list"], group.get("measure_sum")) for group in grouped
    }


def _date_rows(hashes: list[int], total: int | Decimal | None) -> DateRows:
    return DateRows(
        len(hashes),
        sum(each & _SUMMED_BITS for each in hashes),
        functools.reduce(operator.xor, hashes),
        None if total is None else Decimal(total),
    )


def _hashes(rows: pa.Table) -> pa.Array:
    """A hash of each row: the sum of the hashes of its values, mixed. NULL adds nothing, so that a
    column which comes later does not change the hash.
    """
    half, factor = pa.scalar(32, pa.uint64()), pa.scalar(_FACTOR, pa.uint64())
    whole = pa.repeat(pa.scalar(0, pa.uint64()), rows.num_rows)
    for name, column in zip(rows.column_names, rows.columns, strict=True):
        whole = pc.add(whole, _hashed(name, column))
    mixed = pc.multiply(pc.bit_wise_xor(whole, pc.shift_right(whole, half)), factor)
    return pc.bit_wise_xor(mixed, pc.shift_right(mixed, half))


def _hashed(name: str, column: pa.ChunkedArray) -> pa.Array:
    encoded = column.combine_chunks()
    if not pa.types.is_dictionary(encoded.type):
        encoded = encoded.dictionary_encode()
    values = encoded.dictionary.to_pylist()
    known = pa.array([*(_hash_of(name, value) for value in values), 0], pa.uint64())
    return known.take(encoded.indices.fill_null(len(values)))


@functools.lru_cache(maxsize=65_536)
def _hash_of(column: str, value: Any) -> int:
    text = f"{column}\0{value}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")
