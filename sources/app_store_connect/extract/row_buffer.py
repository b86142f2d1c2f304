"""Many small tables into few large ones: each that dlt is given costs it about a millisecond."""

import threading
from collections import Counter

import pyarrow as pa

WHOLE_ROWS = 122_880
"""DuckDB's row group. Of a file in groups of another size it writes most rows twice, the second
time when it is closed: 8 CPU seconds instead of 4 for 2 million rows."""
MAX_GATHERED_ROWS = 2 * WHOLE_ROWS
MAX_GATHERED_BYTES = 128 * 1024 * 1024
"""Of all tables of a load package together; beyond either a resource writes its largest one."""


class BufferTotals:
    """The totals of all row buffers of one load package. Their threads share it.

    `open_items` are those that came and are not done.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.rows = 0
        self.bytes = 0
        self.open_items = 0


class RowBuffer:
    """The tables of one resource in one load package, kept until there are enough rows. Threads
    share it.
    """

    def __init__(self, totals: BufferTotals | None = None) -> None:
        self.totals = totals or BufferTotals()
        self._lock = self.totals.lock
        self._tables: dict[str, list[pa.Table]] = {}
        self._counts: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()
        self._open_items = 0
        self.begin()  # the end

    def begin(self) -> None:
        """Each item that comes, and each part that one falls into."""
        with self._lock:
            self._open_items += 1
            self.totals.open_items += 1

    def finish(self) -> bool:
        """Mark one item, or the end, as done. Returns True for the last one."""
        with self._lock:
            self._open_items -= 1
            self.totals.open_items -= 1
            return not self._open_items

    def add(self, name: str, rows: pa.Table) -> list[tuple[str, pa.Table]]:
        """Keep rows of a table; returns those to write now, in whole row groups if possible."""
        with self._lock:
            kept = self._tables.setdefault(name, [])
            ready = []
            if kept and kept[0].schema != rows.schema:
                ready.append((name, self._take(name)))
            self._tables.setdefault(name, []).append(rows)
            self._count(name, rows.num_rows, rows.nbytes)
            if self._counts[name] >= WHOLE_ROWS:
                ready.append((name, self._take(name, part=WHOLE_ROWS)))
            elif self.totals.rows > MAX_GATHERED_ROWS:
                ready.append(self._largest(self._counts))
            elif self.totals.bytes > MAX_GATHERED_BYTES:
                ready.append(self._largest(self._bytes))
        return [(each, _whole(parts)) for each, parts in ready]

    def rest(self) -> list[tuple[str, pa.Table]]:
        """All that is still kept."""
        with self._lock:
            return [(name, _whole(self._take(name))) for name in list(self._tables)]

    def _largest(self, sizes: Counter[str]) -> tuple[str, pa.Table]:
        name, _ = sizes.most_common(1)[0]
        return name, self._take(name)

    def _take(self, name: str, part: int = 1) -> pa.Table:
        """The rows of a table, as far as they fill parts of that many rows."""
        taken = pa.concat_tables(self._tables.pop(name))
        whole = taken.num_rows // part * part
        self._count(name, -self._counts[name], -self._bytes[name])
        if whole < taken.num_rows:
            rest = taken.slice(whole)
            self._tables[name] = [rest]
            self._count(name, rest.num_rows, rest.nbytes)
        return taken.slice(0, whole)

    def _count(self, name: str, rows: int, size: int) -> None:
        self._counts[name] += rows
        self._bytes[name] += size
        self.totals.rows += rows
        self.totals.bytes += size


def _whole(rows: pa.Table) -> pa.Table:
    """One chunk a column, so one dictionary: else Parquet takes the rows one by one."""
    return rows.combine_chunks()
