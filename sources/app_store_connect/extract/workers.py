"""Threads that wait for the network are many, those that work are as many as there are cores."""

import os
import threading
from collections.abc import Iterator
from typing import TypeVar

T = TypeVar("T")


class Turns:
    """Lets so many threads work at a time: more of them only take Python's lock from each other."""

    def __init__(self, threads: int | None = None) -> None:
        self._free = threading.Semaphore(threads or os.cpu_count() or 1)

    def each(self, work: Iterator[T]) -> Iterator[T]:
        """What `work` gives, each in a turn of its own; between two of them others may go on."""
        while True:
            with self._free:
                try:
                    found = next(work)
                except StopIteration:
                    return
            yield found
