"""Many small tables into few large ones: each that dlt is given costs it about a millisecond."""

import threading
from collections.abc import Iterator
from enum import Enum

import pyarrow as pa

MAX_GATHERED_ROWS = 128 * 1024


class Mark(Enum):
    """Stands among the items of a resource."""

    END = "no more items come"
    ALL_DONE = "and those that came are done"


class Gathering:
    """The tables of one load package, kept until there are enough rows. Threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tables: dict[str, list[pa.Table]] = {}
        self._rows = 0
        self._open_items = 1  # the end

    def begin(self) -> None:
        """Each item that comes, and each part that one falls into."""
        with self._lock:
            self._open_items += 1

    def finish(self) -> bool:
        """Each of them when it is done, and the end; says whether this was the last."""
        with self._lock:
            self._open_items -= 1
            return not self._open_items

    def add(self, name: str, rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
        """Keep rows of a table; gives what is to be written now."""
        with self._lock:
            kept = self._tables.setdefault(name, [])
            if kept and kept[0].schema != rows.schema:
                ready = {name: self._tables.pop(name)}
                self._tables[name] = [rows]
                self._rows += rows.num_rows - sum(each.num_rows for each in ready[name])
            else:
                kept.append(rows)
                self._rows += rows.num_rows
                ready = self._take_all() if self._rows >= MAX_GATHERED_ROWS else {}
        return _whole(ready)

    def rest(self) -> Iterator[tuple[str, pa.Table]]:
        """All that is still kept."""
        with self._lock:
            return _whole(self._take_all())

    def _take_all(self) -> dict[str, list[pa.Table]]:
        taken, self._tables, self._rows = self._tables, {}, 0
        return taken


def _whole(tables: dict[str, list[pa.Table]]) -> Iterator[tuple[str, pa.Table]]:
    for name, parts in tables.items():
        yield name, parts[0] if len(parts) == 1 else pa.concat_tables(parts).combine_chunks()
