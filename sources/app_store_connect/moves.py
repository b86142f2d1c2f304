"""Segments that Apple lists under more than one instance, or under another one than before."""

from collections.abc import Iterable

from app_store_connect.selection import AppTable, InstanceToLoad, Rank, Selection


class Moves:
    """Which instance has which segment in a run: of those that list it, the newest.

    A segment that leaves one instance and comes to another is never removed in between. Not safe to
    share between threads by itself.
    """

    def __init__(self) -> None:
        self.holders: dict[str, Rank] = {}
        self._begun: set[str] = set()
        self._waiting: set[str] = set()
        self._lost: dict[str, set[str]] = {}
        self._items: dict[str, InstanceToLoad] = {}
        self._unlisted: set[AppTable] = set()
        self._settled: dict[AppTable, list[InstanceToLoad]] = {}
        self._losers: dict[str, Rank] = {}
        self._denied: list[tuple[str, Rank, InstanceToLoad]] = []

    def expect(self, selection: Selection) -> None:
        """Note which instances this run does not look at, unless one of their like loses a segment,
        and of which tables it does not see all instances.
        """
        self._unlisted |= selection.unseen
        for each in selection.settled:
            self._settled.setdefault(each.listed.app_table, []).append(each)

    def must_wait(self, item: InstanceToLoad, lost: Iterable[str]) -> bool:
        """Whether there are instances to look at before what this one lost is taken away."""
        found = set(lost) if item.listed.app_table in self._settled else set()
        self._losers |= dict.fromkeys(found, item.listed.rank)
        return bool(found)

    def take_settled(self, item: InstanceToLoad) -> list[InstanceToLoad]:
        """The instances that this one has to wait for."""
        return self._settled.pop(item.listed.app_table, [])

    def held(self, item: InstanceToLoad, segment_ids: Iterable[str]) -> set[str]:
        """Those that a newer instance has. Notes them, in case it turns out to have lost them."""
        found = set()
        for segment_id in segment_ids:
            holder = self.holders.get(segment_id) or item.holders.get(segment_id)
            if holder and holder > item.listed.rank and self._losers.get(segment_id) != holder:
                found.add(segment_id)
                self._denied.append((segment_id, holder, item))
        return found

    def begin(self, item: InstanceToLoad, fresh: set[str], lost: Iterable[str]) -> None:
        """Note what is to be loaded of an instance, and what Apple lists no more for it."""
        own_id = item.listed.instance.id
        self._begun |= fresh
        self._lost[own_id] = set(lost)
        self._items[own_id] = item
        self._losers |= dict.fromkeys(self._lost[own_id], item.listed.rank)
        if fresh:
            self._waiting.add(own_id)

    def gone(self, own_id: str) -> set[str]:
        """What an instance lost that no other has begun to load."""
        return self._lost.get(own_id, set()) - self._begun

    def not_listed(self, item: InstanceToLoad) -> None:
        """What its like lost may have gone to this instance, whose segments are not known."""
        self._unlisted.add(item.listed.app_table)

    def withdrawn(self, complete: set[str]) -> set[str]:
        """What instances lost and no other took, unless what is new of them is not `complete`, or
        another one that may have it could not be listed.
        """
        settled = {
            own_id
            for own_id in self._lost.keys() - (self._waiting - complete)
            if self._items[own_id].listed.app_table not in self._unlisted
        }
        return {lost for own_id in settled for lost in self._lost[own_id]} - self._begun

    def take_freed(self) -> list[InstanceToLoad]:
        """Instances that were denied a segment which its holder lost since."""
        freed = [each for each in self._denied if self._losers.get(each[0]) == each[1]]
        self._denied = [each for each in self._denied if each not in freed]
        return list({item.listed.instance.id: item for _, _, item in freed}.values())
