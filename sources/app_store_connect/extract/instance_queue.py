"""The instances that are due, key by key, so that none waits for the budget of another key."""

from collections import deque
from collections.abc import Iterable

from ..api.keys import ApiKeys
from ..instances import InstanceToLoad


class InstanceQueue:
    """Instances in order; of several keys one after the other in turn."""

    def __init__(self, keys: ApiKeys, items: Iterable[InstanceToLoad] = ()) -> None:
        self._keys = keys
        self._queues: dict[str, deque[InstanceToLoad]] = {}
        self.extend(items)

    def __bool__(self) -> bool:
        """Whether some are left of keys that are not stopped."""
        stopped = self._keys.stopped
        return any(queue for name, queue in self._queues.items() if name not in stopped)

    def extend(self, items: Iterable[InstanceToLoad]) -> None:
        for item in items:
            self._queue_of(item).append(item)

    def put_back(self, items: Iterable[InstanceToLoad]) -> None:
        """Before all others, in their order."""
        for item in reversed(list(items)):
            self._queue_of(item).appendleft(item)

    def put_last(self, table_name: str) -> None:
        """The instances of a table behind all others."""
        for name, queue in self._queues.items():
            last = sorted(queue, key=lambda each: each.listed.table_name == table_name)
            self._queues[name] = deque(last)

    def take(self) -> InstanceToLoad | None:
        """The next one; None while every key that has some has its share of the workers."""
        for name, queue in list(self._queues.items()):
            if queue and name not in self._keys.stopped:
                if self._keys.is_busy(queue[0].listed.app_id):
                    continue
                self._queues[name] = self._queues.pop(name)  # the others come first now
                item = queue.popleft()
                self._keys.begin_listing(item.listed.app_id, item.listed.instance.id)
                return item
        return None

    def _queue_of(self, item: InstanceToLoad) -> deque[InstanceToLoad]:
        return self._queues.setdefault(self._keys.of(item.listed.app_id).name, deque())
