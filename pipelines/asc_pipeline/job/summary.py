"""The account of a run: as an object, and as JSON."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app_store_connect.api.keys import ApiKeys
from app_store_connect.entities import AccessType
from app_store_connect.errors import (
    ApiError,
    BudgetExhaustedError,
    ConfigurationError,
    Failure,
    ForbiddenError,
    UnauthorizedError,
    UnavailableError,
)
from app_store_connect.extract.outcome import Outcome
from app_store_connect.planning.listing import Listing
from app_store_connect.planning.options import Options
from app_store_connect.planning.selection import Selection
from app_store_connect.planning.units import Unit
from asc_pipeline.text import package_version

OK, INCOMPLETE, UNUSABLE, OUT_OF_BUDGET, INTERRUPTED = 0, 1, 2, 3, 130


def exit_code_of(error: Exception) -> int:
    """The exit code of a command that this error ended."""
    is_users = isinstance(error, (ConfigurationError, UnauthorizedError, ForbiddenError))
    return UNUSABLE if is_users else INCOMPLETE


@dataclass(slots=True)
class Summary:
    """The account of a run. `selection` is None if it ended before selecting."""

    run_id: str
    started_at: datetime
    destination: str
    dataset: str
    outcome: Outcome
    keys: ApiKeys
    options: Options = field(default_factory=Options)
    is_for_all_apps: bool = True
    location: str = ""
    checked_at: datetime | None = None
    """When the run compared loads with the ledger; None if it did not come so far."""
    unsound: set[str] = field(default_factory=set)
    """Ids of instances that had lost rows by `checked_at`, and that Apple still listed."""
    listing: Listing = field(default_factory=Listing)
    selection: Selection | None = None
    units: list[Unit] = field(default_factory=list)
    """Of a plan."""
    views: list[str] = field(default_factory=list)
    seconds: float = 0.0
    is_interrupted: bool = False

    @property
    def version(self) -> str:
        return package_version()

    @property
    def failures(self) -> list[Failure]:
        stopped = self.listing.stopped_ongoing
        return [*self.listing.failures, *stopped, *self.outcome.failures, *self._rest()]

    def _rest(self) -> list[Failure]:
        """Apple's refusal that ended the run early, which is no single instance's failure."""
        stopped = self.keys.stopped.items() if not self.keys.is_single else ()
        told = {each.what for each in self.listing.failures}
        found = [(f"key {name}", error) for name, error in stopped if f"key {name}" not in told]
        if self.keys.is_single and self.outcome.stopped_by:
            found = [("this run", self.outcome.stopped_by)]
        return [
            Failure(f"the rest of {what}", str(error), error)
            for what, error in found
            if isinstance(error, (ApiError, UnavailableError))
        ]

    @property
    def notices(self) -> list[str]:
        return [*self.listing.notices, *self._stopped_snapshots(), *self.outcome.notices]

    def _stopped_snapshots(self) -> list[str]:
        """A snapshot brings nothing new in any case, so that it is stopped is no failure."""
        return [
            f"Apple stopped snapshot {request.id} of app {request.app_id} for inactivity; to have a"
            " new one run once with `--create-requests ONE_TIME_SNAPSHOT` and an Admin key, at most"
            " once in 31 days"
            for request in self.listing.stopped
            if request.access_type is AccessType.ONE_TIME_SNAPSHOT
        ]

    @property
    def exit_code(self) -> int:
        """As the contract has it."""
        if self.is_interrupted:
            return INTERRUPTED
        stops = [self.outcome.stopped_by, *self.keys.stopped.values()]
        if any(isinstance(each, BudgetExhaustedError) for each in stops):
            return OUT_OF_BUDGET
        return INCOMPLETE if self.failures or self.outcome.stopped_by else OK

    @property
    def instances(self) -> int:
        return len({each.item.listed.instance.id for each in self.outcome.completed})

    @property
    def planned_requests(self) -> int:
        """One for each instance whose segments are to be listed, if a page holds them."""
        return len(self.selection.due) if self.selection else 0

    def as_json(self) -> dict[str, Any]:
        loaded = self.outcome.completed
        selection = self.selection
        return {
            "exit_code": self.exit_code,
            "run_id": self.run_id,
            "started_at": self.started_at.isoformat(timespec="seconds"),
            "version": self.version,
            "apps": len(set(self._app_ids())),
            "reports": len({report.name for _, report in self.listing.wanted}),
            "instances": self.instances,
            "instances_listed": selection.listed if selection else None,
            "instances_due": len(selection.due) if selection else None,
            "segments": len(loaded),
            "rows": sum(each.row_count for each in loaded),
            "bytes": sum(each.segment.size_in_bytes for each in loaded),
            "unparsed_values": sum(each.unparsed for each in loaded),
            "unverified_segments": sum(each.segment.checksum_algorithm is None for each in loaded),
            "requests_used": self.keys.requests_made,
            "requests_left": self.keys.remaining,
            "units": [unit.as_json() for unit in self.units],
            "failures": [{"what": each.what, "why": each.why} for each in self.failures],
            "notices": self.notices,
            "stopped_by": str(self.outcome.stopped_by) if self.outcome.stopped_by else None,
            "destination": self.destination,
            "location": self.location,
            "dataset": self.dataset,
            "views": self.views,
            "seconds": round(self.seconds, 1),
        }

    def _app_ids(self) -> list[str]:
        listed = [item.app_id for item in self.listing.instances]
        return [*(app.id for app in self.listing.apps), *listed]
