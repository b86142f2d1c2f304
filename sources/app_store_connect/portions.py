"""Small segments together, as one piece of work: a task of dlt's pool costs more than a small file.

Few enough that workers can share what an instance has, and that no signed URL waits long.
"""

from collections.abc import Iterable, Iterator

from app_store_connect.download import ListedSegment

MAX_SEGMENTS, MAX_BYTES = 10, 64 * 1024


def portions(segments: Iterable[ListedSegment]) -> Iterator[list[ListedSegment]]:
    """All of them in order, each portion as soon as it is full: by number, or by size as listed."""
    portion: list[ListedSegment] = []
    size = 0
    for each in segments:
        portion.append(each)
        size += each.segment.size_in_bytes
        if len(portion) == MAX_SEGMENTS or size >= MAX_BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion
