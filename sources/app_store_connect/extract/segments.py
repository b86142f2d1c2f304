"""Which segments of an instance to load. Pure: checksums in, ids out."""

from dataclasses import dataclass

from ..instances import Checksums


@dataclass(frozen=True, slots=True)
class SegmentChoice:
    """The segments to load, and those that Apple has withdrawn."""

    changed: tuple[str, ...]
    withdrawn: tuple[str, ...]


def choose_segments(listed: Checksums, loaded: Checksums) -> SegmentChoice:
    """Which segments to load, being new or having a new checksum, and which Apple withdrew.

    One file under several ids counts once.
    """
    chosen = _without_copies(listed, loaded)
    return SegmentChoice(
        changed=tuple(id_ for id_, checksum in chosen.items() if loaded.get(id_) != checksum),
        withdrawn=tuple(id_ for id_ in loaded if id_ not in chosen),
    )


def _without_copies(listed: Checksums, loaded: Checksums) -> Checksums:
    """The segments with one id for each checksum: a loaded one if there is any, else the least."""
    chosen: dict[str, str] = {}
    for id_ in sorted(listed, key=lambda id_: (loaded.get(id_) != listed[id_], id_)):
        chosen.setdefault(listed[id_], id_)
    return {id_: checksum for id_, checksum in listed.items() if chosen[checksum] == id_}
