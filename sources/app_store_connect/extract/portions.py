"""Small segments together, as one piece of work: a task of dlt's pool costs more than a small file.

Few enough that no signed URL waits long, and only while there is other work for the other workers.
"""

from collections.abc import Callable, Iterable, Iterator

from app_store_connect.api.download import ListedSegment

MAX_SEGMENTS, MAX_BYTES = 10, 64 * 1024


def portions(
    segments: Iterable[ListedSegment], are_others_busy: Callable[[], bool]
) -> Iterator[list[ListedSegment]]:
    """All of them in order, so many in a portion, or what passes so many bytes as listed.

    One each while others are not busy: that is asked anew after every segment.
    """
    portion: list[ListedSegment] = []
    size = 0
    for each in segments:
        portion.append(each)
        size += each.segment.size_in_bytes
        if len(portion) == MAX_SEGMENTS or size >= MAX_BYTES or not are_others_busy():
            yield portion
            portion, size = [], 0
    if portion:
        yield portion
