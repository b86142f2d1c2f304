"""Apple's lists of many items at once, each with the key of its app."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from ..api.client import AppStoreConnectClient
from ..api.keys import ApiKey, ApiKeys, apps_to_ask
from ..entities import App, Odd, Report, ReportRequest
from ..errors import FATAL, AppStoreConnectError, Failure, MalformedResponseError
from .listing import Listing

MAX_NAMES = 12

In = TypeVar("In", App, ReportRequest, tuple[ReportRequest, Report])
Out = TypeVar("Out")


@contextmanager
def list_reader(keys: ApiKeys, listing: Listing) -> Iterator["ListReader"]:
    """A reader with threads for each key."""
    with ExitStack() as stack:
        pools = {
            key.name: stack.enter_context(ThreadPoolExecutor(keys.workers, "list"))
            for key in keys.all
        }
        try:
            yield ListReader(keys, listing, pools)
        except KeyboardInterrupt:
            keys.cancel()  # leaving the pools waits for threads, which wait for Apple
            raise


@dataclass(frozen=True, slots=True)
class ListReader:
    """Reads lists side by side. A list that cannot be read becomes a failure of the listing; an
    error is raised only if no key is left to ask with.
    """

    keys: ApiKeys
    listing: Listing
    pools: Mapping[str, ThreadPoolExecutor]
    incomplete: set[str] = field(default_factory=set)
    """The lists with items that could not be read. Absence from such a list proves nothing."""

    def apps(
        self, app_ids: Sequence[str], bundle_ids: Sequence[str]
    ) -> list[tuple[ApiKey, list[App]]]:
        """Of each key the apps that it sees of those with the given ids and bundle ids, or all."""
        odd: list[MalformedResponseError] = []
        futures = []
        for key in self.keys.all:
            chosen = apps_to_ask(key.app_ids, app_ids)
            if chosen is not None:
                ask = partial(key.client.list_apps, app_ids=chosen, bundle_ids=bundle_ids)
                futures.append((key, self.pools[key.name].submit(ask, odd=odd.append)))
        found = []
        for key, future in futures:
            try:
                found.append((key, future.result()))
            except AppStoreConnectError as error:
                self._stop(key, error)
        self._leave_out("the list of apps", odd)
        return found

    def each(
        self,
        items: Iterable[In],
        ask: Callable[[AppStoreConnectClient, In, Odd], Out],
        describe: Callable[[In], str],
    ) -> list[tuple[In, Out]]:
        """Ask for every item side by side. A refusal is a failure of that item; order is kept.

        Of an answer's parts that are not as described each is a failure, and the rest is taken.
        """
        odd: list[list[MalformedResponseError]] = []
        futures = []
        for item in items:
            odd.append([])
            key = self.keys.of(_app_id(item))
            future = self.pools[key.name].submit(ask, key.client, item, odd[-1].append)
            futures.append((item, future))
        found = []
        try:
            for (item, future), left_out in zip(futures, odd, strict=True):
                app_id = _app_id(item)
                if self.keys.is_stopped(app_id):
                    future.cancel()
                    self.listing.apps_in_part.add(app_id)
                    continue
                try:
                    found.append((item, future.result()))
                except AppStoreConnectError as error:
                    self.listing.apps_in_part.add(app_id)
                    self.fail(describe(item), error, app_id)
                else:
                    if left_out:
                        self.listing.apps_in_part.add(app_id)
                    self._leave_out(describe(item), left_out)
        finally:
            for _, future in futures:
                future.cancel()
        return found

    def fail(self, what: str, error: AppStoreConnectError, app_id: str | None = None) -> None:
        if isinstance(error, FATAL):
            self._stop(self.keys.of(app_id) if app_id else self.keys.first, error)
        else:
            self.listing.failures.append(Failure(what, str(error), error, app_id=app_id))

    def _leave_out(self, where: str, odd: list[MalformedResponseError]) -> None:
        if not odd:
            return
        self.incomplete.add(where)
        self.listing.failures += [
            Failure(f"{error.what} in {where}", str(error), error) for error in odd[:MAX_NAMES]
        ]
        if len(odd) > MAX_NAMES:
            what = f"{len(odd) - MAX_NAMES} more in {where}"
            self.listing.failures.append(Failure(what, "nor are they as Apple describes them"))

    def _stop(self, key: ApiKey, error: AppStoreConnectError) -> None:
        """Go on with the other keys; raises the error if there are none."""
        is_told = key.name in self.keys.stopped
        if self.keys.stop(key, error):
            raise error
        if not is_told:
            self.listing.failures.append(Failure(f"key {key.name}", str(error), error))


def _app_id(item: App | ReportRequest | tuple[ReportRequest, Report]) -> str:
    if isinstance(item, App):
        return item.id
    return (item if isinstance(item, ReportRequest) else item[0]).app_id
