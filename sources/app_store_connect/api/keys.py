"""The API keys of a run, each with its own client and request budget, and the apps of each."""

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from .client import AppStoreConnectClient
from .download import SegmentDownloader

DEFAULT_KEY = "default"
"""The name of the key that stands in the configuration without one."""
DEFAULT_WORKERS = 8
"""Requests and downloads at once."""


def apps_to_ask(own: tuple[str, ...], asked: Sequence[str]) -> tuple[str, ...] | None:
    """Those of the apps asked for that a key is for, empty for all; None if it is for none.

    Args:
        own: the only apps that the key is for; empty for all.
        asked: empty for all.
    """
    if not own or not asked:
        return tuple(asked or own)
    return tuple(each for each in asked if each in own) or None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key; `app_ids` are the only ones that it is for, if there are any."""

    name: str
    client: AppStoreConnectClient
    downloader: SegmentDownloader
    app_ids: tuple[str, ...] = ()


class ApiKeys:
    """The keys, at least one. An app is read with one of them; threads share it.

    `configured` names the keys of the configuration, each once; a run may use some alone. `notices`
    are about these keys.
    """

    def __init__(
        self,
        keys: Sequence[ApiKey],
        workers: int = DEFAULT_WORKERS,
        configured: Collection[str] = (),
        notices: Sequence[str] = (),
    ) -> None:
        self.all = tuple(keys)
        self.notices = notices
        self.configured = configured
        self.workers = workers
        """Requests and downloads at once, of each key."""
        self.stopped: dict[str, Exception] = {}
        """Keys, by name, with which nothing more is asked in this run."""
        self._owners: dict[str, ApiKey] = {}
        self._listing: dict[str, set[str]] = {key.name: set() for key in self.all}
        """Of each key the instances that were given to a worker and are not listed yet."""
        self._lock = threading.Lock()

    @property
    def first(self) -> ApiKey:
        return self.all[0]

    @property
    def is_single(self) -> bool:
        return len(self.all) == 1

    @property
    def all_workers(self) -> int:
        return self.workers * len(self.all)

    def assign(self, apps: Mapping[str, Sequence[str]]) -> None:
        """Decide with which key each app is read: the first that is for it, else that sees it.

        Args:
            apps: of each app the names of the keys that see it.
        """
        for app_id, names in apps.items():
            seeing = [key for key in self.all if key.name in names]
            seeing.sort(key=lambda key: app_id not in key.app_ids)
            self._owners[app_id] = seeing[0]

    def of(self, app_id: str) -> ApiKey:
        return self._owners.get(app_id, self.first)

    def stop(self, key: ApiKey, error: Exception) -> bool:
        """Ask nothing more with this key in this run. Returns whether that stops every key."""
        with self._lock:
            self.stopped.setdefault(key.name, error)
            return len(self.stopped) == len(self.all)

    def is_stopped(self, app_id: str) -> bool:
        return self.of(app_id).name in self.stopped

    def is_busy(self, app_id: str) -> bool:
        """Whether the app's key has its share of the workers, so that others should go first: all
        that it has may wait for its budget.
        """
        key = self.of(app_id)
        taken = max(len(self._listing[key.name]), key.client.budget.waiting)
        return not self.is_single and taken >= self.workers

    def begin_listing(self, app_id: str, instance_id: str) -> None:
        """An instance is given to a worker, which is to ask for its segments."""
        with self._lock:
            self._listing[self.of(app_id).name].add(instance_id)

    def end_listing(self, app_id: str, instance_id: str) -> None:
        with self._lock:
            self._listing[self.of(app_id).name].discard(instance_id)

    def begin_run(self) -> None:
        self.stopped.clear()
        for instances in self._listing.values():
            instances.clear()
        for key in self.all:
            key.client.budget.begin_run()

    def cancel(self) -> None:
        """Wake all that wait for a budget, for good."""
        for key in self.all:
            key.client.budget.cancel()

    @property
    def requests_made(self) -> int:
        return sum(key.client.budget.requests_made for key in self.all)

    @property
    def remaining(self) -> int | None:
        """The rest of all budgets by Apple's answers; None if no answer has it."""
        said = [key.client.budget.remaining for key in self.all]
        known = [each for each in said if each is not None]
        return sum(known) if known else None
