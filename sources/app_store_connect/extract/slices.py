"""Slices: the rows of one date in one load of a segment. Each raw row has the key of its slice."""

import threading
import time
from datetime import UTC, date, datetime

import pyarrow as pa

from ..catalog import ColumnType
from ..tables import LOAD_ID, SLICE_KEY

PROVENANCE = ((SLICE_KEY, ColumnType.BIGINT), (LOAD_ID, ColumnType.TEXT))
"""The columns behind Apple's own. `_dlt_load_id` is for dlt's tools, and for the removal of rows of
loads that never completed."""
SHOWN_PROVENANCE = {
    "_app_id": "app_id",
    "_instance_id": "instance_id",
    "_processing_date": "processing_date",
    "_segment_id": "segment_id",
    "_segment_checksum": "checksum",
    LOAD_ID: LOAD_ID,
}
"""The columns of a row's slice that the views show: the name in the view, the name in
`tables.SLICES`."""

KEYS_A_BLOCK = 1 << 13
_FIRST_MICROSECOND = int(datetime(2020, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000


class SliceKeys:
    """Keys that grow with time: 50 bits for the microsecond in which a block of keys begins, enough
    until 2055, and 13 for the keys in it. Threads share it.

    Two writers that begin a block in the same microsecond have equal keys. That is seen after the
    load, which is taken back and made again with a block of its own.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next = self._end = 0

    def take(self) -> int:
        with self._lock:
            if self._next == self._end:
                now = time.time_ns() // 1000 - _FIRST_MICROSECOND
                self._next = max(now * KEYS_A_BLOCK, self._end)
                self._end = self._next + KEYS_A_BLOCK
            self._next += 1
            return self._next - 1


class SegmentSlices:
    """The slices of one load of a segment, as its rows come."""

    def __init__(self, keys: SliceKeys) -> None:
        self._keys = keys
        self._by_date: dict[date | None, int] = {}

    def key(self, day: date | None) -> int:
        """The key of a date's slice; without a date that of a segment without rows."""
        if day not in self._by_date:
            self._by_date[day] = self._keys.take()
        return self._by_date[day]

    def stamped(self, rows: pa.Table, days: pa.Array, load_id: str, *, encode: bool) -> pa.Table:
        """The rows, which have these dates, with the columns of `PROVENANCE` behind the others.

        `encode`: as dictionaries where it is text.
        """
        dates = days.dictionary_encode()
        keys = pa.array(map(self.key, dates.dictionary.to_pylist()), pa.int64())
        load = pa.repeat(pa.scalar(load_id), rows.num_rows)
        columns = [keys.take(dates.indices), load.dictionary_encode() if encode else load]
        fields = [
            pa.field(name, column.type, nullable=False)
            for (name, _), column in zip(PROVENANCE, columns, strict=True)
        ]
        return pa.Table.from_arrays(
            [*rows.columns, *columns], schema=pa.schema([*rows.schema, *fields])
        )
