"""How work is divided among dlt's threads: many wait for the network, one a core computes."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from ..api.download import ListedSegment

MAX_SEGMENTS, MAX_BYTES = 10, 64 * 1024
"""Of a group. Few, so that no signed URL waits long."""
T = TypeVar("T")


class CpuLimit:
    """Limits CPU-bound work to one thread a core: more would only wait for Python's lock. Waiting
    for the network is not limited.
    """

    def __init__(self, threads: int | None = None) -> None:
        self._free = threading.Semaphore(threads or os.cpu_count() or 1)

    def each(self, work: Iterator[T]) -> Iterator[T]:
        """The items of `work`, each computed under the limit. Others may compute between two."""
        while True:
            with self._free:
                try:
                    found = next(work)
                except StopIteration:
                    return
            yield found


def grouped(
    segments: Iterable[ListedSegment], are_others_busy: Callable[[], bool]
) -> Iterator[list[ListedSegment]]:
    """Segments in order, small ones in groups: a task of dlt's pool costs more than a small file.

    A group ends after `MAX_SEGMENTS`, at `MAX_BYTES` as listed, or when other workers have nothing
    to do, which is asked after every segment.
    """
    group: list[ListedSegment] = []
    size = 0
    for each in segments:
        group.append(each)
        size += each.segment.size_in_bytes
        if len(group) == MAX_SEGMENTS or size >= MAX_BYTES or not are_others_busy():
            yield group
            group, size = [], 0
    if group:
        yield group
