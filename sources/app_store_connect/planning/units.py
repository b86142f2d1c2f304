"""A plan divided into units of work, over which any scheduler can map."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..api.keys import ApiKeys
from .listing import Listing
from .selection import Selection

APPS_LISTED = 1
LISTED_OF_AN_APP = 2
"""Requests: its report requests, and their reports."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Apps to load with one key, by a run with `--key` and `--app-id`, and the requests of that."""

    key: str
    app_ids: list[str]
    requests: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def units_of_work(listing: Listing, selection: Selection, keys: ApiKeys) -> list[Unit]:
    """The apps of which something is due, in units of at most as many requests as Apple allows the
    key in an hour. An app that needs more is a unit of its own: its run stops, the next goes on.
    """
    units: list[Unit] = []
    costs = _costs(listing, selection)
    for key in keys.all:
        own = {app_id: cost for app_id, cost in costs.items() if keys.of(app_id) is key}
        units += _units_of_key(key.name, own, key.client.budget.hourly_limit)
    return units


def _costs(listing: Listing, selection: Selection) -> Counter[str]:
    """The requests of a run for each app of which something is due."""
    due = Counter(item.listed.app_id for item in selection.due)
    lists = Counter(request.app_id for request, _ in listing.wanted)
    return Counter({app: LISTED_OF_AN_APP + lists[app] + due[app] for app in sorted(due)})


def _units_of_key(key: str, costs: Mapping[str, int], most: int) -> list[Unit]:
    units: list[Unit] = []
    for app_id, cost in costs.items():
        if not units or units[-1].requests + cost > most:
            units.append(Unit(key, [], APPS_LISTED))
        last = units[-1]
        units[-1] = Unit(key, [*last.app_ids, app_id], last.requests + cost)
    return units
