"""What goes to a worker at once."""

import pytest

from app_store_connect.api.download import ListedSegment
from app_store_connect.entities import ReportSegment
from app_store_connect.extract.workers import MAX_BYTES, grouped


def listed(number: int, size: int) -> ListedSegment:
    return ListedSegment(ReportSegment(f"s-{number}", "0" * 32, size, "https://s3/x.gz"), 0.0)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([], []),
        ([1], [1]),
        ([100] * 25, [10, 10, 5]),
        ([MAX_BYTES] * 3, [1, 1, 1]),
        ([100, MAX_BYTES, 100, 100], [2, 2]),
        ([MAX_BYTES // 2] * 5, [2, 2, 1]),
        ([0] * 10, [10]),
    ],
)
def test_portions(sizes: list[int], expected: list[int]) -> None:
    """Small segments share a worker, large ones do not; all come, in order."""
    segments = [listed(number, size) for number, size in enumerate(sizes)]
    found = list(grouped(segments, lambda: True))
    assert [len(group) for group in found] == expected
    assert [each for group in found for each in group] == segments


def test_others_are_not_busy() -> None:
    """Then each segment is for another worker; that changes while segments come."""
    answers = iter([False, False, True, True, False, True])
    segments = [listed(number, 100) for number in range(6)]
    found = grouped(segments, lambda: next(answers))
    assert [1, 1, 3, 1] == [len(group) for group in found]
