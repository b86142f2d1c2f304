"""As many threads at work as there are turns."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from app_store_connect.extract.workers import CpuLimit


@pytest.mark.parametrize("turns", [1, 3])
def test_turns(turns: int) -> None:
    """Never more at once, nothing lost, and a turn is free again after an error."""
    counted = threading.Lock()
    at_work: list[int] = []
    most = 0

    def work(number: int) -> Iterator[int]:
        nonlocal most
        for step in range(20):
            with counted:
                at_work.append(number)
                most = max(most, len(at_work))
            threading.Event().wait(0.001)
            with counted:
                at_work.remove(number)
            yield step
        raise ValueError(number)

    def read(number: int) -> list[int]:
        seen: list[int] = []
        with suppress(ValueError):
            for step in own.each(work(number)):
                seen.append(step)  # what came before the error
        return seen

    own = CpuLimit(turns)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(read, range(8)))

    assert turns == most
    assert [list(range(20))] * 8 == results
    assert list(range(3)) == list(own.each(iter(range(3))))
