"""Which partitions of a safe table have to be written again.

A partition has the rows of one app and month that the report's view shows. Its version is a hash of
the keys of their slices and of the table's columns, so that equal versions have equal rows.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from app_store_connect.errors import DestinationError
from app_store_connect.tables import SLICE_KEY
from app_store_connect.views.owners import SLICES_VIEW

APP_ID, MONTH, VERSION = "_app_id", "_month", "_version"
PARTITION_COLUMNS = (APP_ID, MONTH, VERSION)

SHOWN_SLICES = f"""
    select table_name, app_id, strftime(date, '%Y-%m') as month,
        string_agg(cast({SLICE_KEY} as text), ' ' order by {SLICE_KEY}) as slice_keys
    from shown.{SLICES_VIEW} where is_shown
    group by table_name, app_id, month
"""


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """The rows of an app whose dates are in one month, such as 2026-11."""

    app_id: int
    month: str


Versions = Mapping[Partition, str]


@dataclass(frozen=True, slots=True)
class Change:
    """The versions that come, and those that go; a partition that has lost its rows only goes."""

    new: Versions
    old: Versions

    @property
    def partitions(self) -> list[Partition]:
        return sorted({*self.new, *self.old})


class SafeTable(Protocol):
    """A safe table in one format, as it is at the moment in which it is opened."""

    @property
    def versions(self) -> Versions: ...

    def replace(self, change: Change, rows: pa.RecordBatchReader) -> None:
        """Put these rows in the place of the old versions, so that readers see all or nothing.

        Raises:
            ChangedMeanwhileError: another writer was faster.
        """

    def clean(self, before: float) -> None:
        """Delete files that no reader needs any more; `before` is the time of the oldest reader."""


class ChangedMeanwhileError(DestinationError):
    """Another writer has written the table since it was opened."""


def version_of(slice_keys: str, columns: Sequence[str]) -> str:
    return hashlib.sha256(f"{slice_keys} {[*columns]}".encode()).hexdigest()[:16]


def change_of(stored: Versions, wanted: Versions) -> Change:
    new = {each: version for each, version in wanted.items() if stored.get(each) != version}
    old = {each: version for each, version in stored.items() if wanted.get(each) != version}
    return Change(new, old)
