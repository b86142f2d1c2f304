"""An App Store Connect that says what it told, and is told when it is asked."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from asc_pipeline.emulator.server.budget import Budget
from asc_pipeline.emulator.server.wire import Answer, Request
from tests.emulator import Emulator, World

EXPANDED = "App Crashes Expanded"
ONGOING, SNAPSHOT = "ONGOING", "ONE_TIME_SNAPSHOT"
UNLIMITED = 10**9


@dataclass
class Told:
    """What one job was told: the whole lists, by what they are lists of."""

    requests: dict[str, set[str]] = field(default_factory=dict)
    """App id to its report requests."""
    instances: dict[str, set[str]] = field(default_factory=dict)
    """Report id to its instances."""
    segments: dict[str, dict[str, str]] = field(default_factory=dict)
    """Instance id to its segments, each with its checksum."""


class WatchedApple(Emulator):
    """Calls `on_request` before each answer, of API and store, with the number of the request."""

    def __init__(self, world: World) -> None:
        super().__init__(world, hourly_limit=UNLIMITED)
        self.on_request: Callable[[int], None] = lambda number: None
        self._numbers = itertools.count(1)

    def begin_run(self, budget: int = UNLIMITED) -> None:
        """Forget what was asked before, and allow so many requests from now on."""
        self.forget()
        self._numbers = itertools.count(1)
        self.budget = Budget(self.clock, {"hour": budget})

    def told(self) -> Told:
        found = Told()
        for each in self.exchanges:
            if each.status != 200 or each.method != "GET":
                continue
            data = json.loads(each.response_body)["data"]
            match each.path.strip("/").split("/"):
                case ["v1", "apps", app_id, "analyticsReportRequests"]:
                    found.requests.setdefault(app_id, set()).update(item["id"] for item in data)
                case ["v1", "analyticsReports", report_id, "instances"]:
                    found.instances.setdefault(report_id, set()).update(item["id"] for item in data)
                case ["v1", "analyticsReportInstances", instance_id, "segments"]:
                    found.segments.setdefault(instance_id, {}).update(
                        {item["id"]: item["attributes"]["checksum"] for item in data}
                    )
        return found

    def answer_api(self, request: Request) -> Answer:
        self.on_request(next(self._numbers))
        return super().answer_api(request)

    def answer_store(self, request: Request) -> Answer:
        self.on_request(next(self._numbers))
        return super().answer_store(request)
