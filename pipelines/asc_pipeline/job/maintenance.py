"""Upkeep of the destination, before, between and after the batches."""

from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from tenacity import (
    Retrying,
    retry_if_exception_type,
    retry_if_result,
    stop_after_attempt,
    wait_random,
)

from app_store_connect.errors import DatabaseLostError, DestinationError, Failure
from app_store_connect.tables import PLAIN
from app_store_connect.views.create import analyze, create_views
from app_store_connect.warehouse.connection import Warehouse, is_lock_timeout
from app_store_connect.warehouse.ledger import ALL_LOADS
from asc_pipeline.truth.checked import first_unchecked
from asc_pipeline.truth.repair import newest_load, remove_equal_keys, take_back
from asc_pipeline.truth.row_counts import RowCounts, count_rows
from asc_pipeline.truth.sweeping import remove_superseded, sweep_incomplete, sweep_superseded

TRIES = 5
"""Of a statement that other writers may have been in the way of, on a shared destination."""
CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far the clocks of machines that write to one place may be apart; a run waits so long."""
CLOCK_STEP = 0.01
"""Seconds: a load begins after the newest one, not in the same moment."""
_PAUSE = wait_random(0.1, 0.5)  # seconds

T = TypeVar("T")


class Upkeep:
    """Repairs and views of one run.

    On a destination that others may write to at this moment (`sweep_after` given), rows of loads
    that never completed are left alone until they are that old.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        *,
        sweep_after: timedelta | None,
        database: Path | None,
        clock: Callable[[], datetime],
        wait: Callable[[float], None],
        keep_superseded_days: int | None = None,
        table_format: str = PLAIN,
    ) -> None:
        self._warehouse = warehouse
        self._sweep_after = sweep_after
        self._is_shared = sweep_after is not None
        self._database = database
        self._clock = clock
        self._keep_superseded_days = keep_superseded_days
        self._table_format = table_format
        self._wait = wait
        self._file = _identity(database)
        self._columns: dict[str, list[str]] | None = None
        self._since = ALL_LOADS
        self.checked_at: datetime | None = None
        self.views: list[str] = []
        self.failures: list[Failure] = []

    def check_clock(self) -> None:
        """Wait until a load that begins now is later than every load that there is.

        Of two loads of a segment the later one counts, and the clock says which that is. A clock
        that was ahead once, here or on another machine, leaves loads behind that lie in the future.

        Raises:
            DestinationError: they lie farther in the future than a run waits.
        """
        while newest := newest_load(self._warehouse):
            now = self._clock()
            ahead = float(newest) - now.timestamp()
            if ahead < 0:
                return
            if ahead > CLOCK_TOLERANCE.total_seconds():
                when = datetime.fromtimestamp(float(newest), UTC).isoformat(" ", "seconds")
                raise DestinationError(
                    f"the newest load there is of {when}, but this machine's clock says"
                    f" {now.isoformat(' ', 'seconds')}: set the clock right, or wait until then"
                )
            self._wait(ahead + CLOCK_STEP)

    def check_file(self) -> None:
        """Raises DatabaseLostError if the loaded rows have gone with the file."""
        if self._file != _identity(self._database):
            raise DatabaseLostError(str(self._database))

    def recover(self, *, of_all_loads: bool = False) -> RowCounts:
        """Remove what no view shows, and a last load that a run which died left in pieces: that
        first, while what it replaced is still there. Says what else is not as it was loaded.
        """
        began = self._clock()
        before = None
        if self._sweep_after is not None:
            before = str((began - self._sweep_after).timestamp())
        since = self._since = ALL_LOADS if of_all_loads else self.first_unchecked()
        self._tried(lambda: sweep_incomplete(self._warehouse, before, since))
        self._tried(lambda: remove_equal_keys(self._warehouse, since))
        counts = self._tried(lambda: count_rows(self._warehouse, since))
        self._tried(lambda: take_back(self._warehouse, counts))
        self._tried(lambda: sweep_superseded(self._warehouse, self._today, since))
        self.checked_at = began
        return counts

    def first_unchecked(self) -> str:
        """The load id from which on loads are to be checked. Of a file of one's own all are: DuckDB
        counts its rows at once, and a lake is swept by its files.
        """
        if self._sweep_after is None or not self._warehouse.database.can_delete:
            return ALL_LOADS
        margin = self._sweep_after
        return self._tried(lambda: first_unchecked(self._warehouse, self._clock(), margin))

    def refresh(self, *, is_last: bool = False) -> None:
        """Make or renew the views where a table or a column has come, and at last in any case.

        Raises:
            DatabaseLostError: the loaded rows have gone with the file.
            DestinationError: the destination failed.
        """
        self.check_file()
        columns = self._warehouse.columns()
        if is_last or not self.views or columns != self._columns:
            self.views = self._views(TRIES if is_last and self._is_shared else 1)
            self._columns = columns
        if is_last and self.views:
            self._warehouse.database.publish()
            self._keep_safe_tables()

    def _keep_safe_tables(self) -> None:
        """In a lake, where engines see no views."""
        if self._warehouse.database.can_delete:
            return
        from asc_pipeline.lake_tables.keep import SafeTables  # databases do without its imports

        tables = SafeTables(
            self._warehouse,
            self._table_format,
            clock=self._clock,
            keep_for=self._sweep_after or timedelta(),
        )
        self.failures += tables.keep()

    def _views(self, tries: int) -> list[str]:
        """Other writers may be in the way of a single view too."""
        retrying = Retrying(
            retry=retry_if_result(lambda made: self._may_be_made()),
            stop=stop_after_attempt(tries),
            wait=_PAUSE,
            retry_error_callback=lambda last: last.outcome and last.outcome.result(),
        )
        return retrying(self._tried, self._created)

    def _may_be_made(self) -> bool:
        """Whether to try again: some views failed, and no other session holds them locked."""
        is_in_use = any(each.error and is_lock_timeout(each.error) for each in self.failures)
        return bool(self.failures) and not is_in_use

    def _created(self) -> list[str]:
        self.failures = []
        return create_views(self._warehouse, self.failures.append)

    def finish(self, *, has_loaded: bool, report_tables: Collection[str]) -> None:
        """Remove rows that later loads replaced, and superseded ones as configured.

        `report_tables` have got rows: where a planner needs to know, it is told.
        """
        if has_loaded:
            self._tried(lambda: sweep_superseded(self._warehouse, self._today, self._since))
            self._tried(lambda: analyze(self._warehouse, report_tables))
        if self._keep_superseded_days is not None:
            before = self._today - timedelta(days=self._keep_superseded_days)
            self._tried(lambda: remove_superseded(self._warehouse, before, self._today))

    @property
    def _today(self) -> date:
        return self._clock().date()

    def _tried(self, action: Callable[[], T]) -> T:
        retrying = Retrying(
            retry=retry_if_exception_type(DestinationError),
            stop=stop_after_attempt(TRIES if self._is_shared else 1),
            wait=_PAUSE,
            reraise=True,
        )
        return retrying(action)


def _identity(database: Path | None) -> tuple[int, int] | None:
    if database is None:
        return None
    try:
        found = database.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
