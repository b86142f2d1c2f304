"""Lakes for tests: a format of tables at a place, and the DuckDB file that a run leaves behind."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
import s3fs

from tests.conftest import KEYS, Job
from tests.emulator import World
from tests.faults.exact import expected
from tests.faults.s3 import KEY_ID, S3, SECRET
from tests.worlds import differences

FORMATS = ("parquet", "delta", "iceberg")
TO_FILES = ("--destination", "filesystem")
RAW = "app_store_connect_raw"


@dataclass(frozen=True)
class Place:
    """Where a lake is, and what is needed to read it."""

    url: str
    store: S3 | None = None

    @property
    def environment(self) -> dict[str, str]:
        """For dlt, whose own way of naming it this is."""
        own = "DESTINATION__FILESYSTEM__"
        found = {f"{own}BUCKET_URL": self.url}
        if self.store:
            found |= {
                f"{own}CREDENTIALS__AWS_ACCESS_KEY_ID": KEY_ID,
                f"{own}CREDENTIALS__AWS_SECRET_ACCESS_KEY": SECRET,
                f"{own}CREDENTIALS__ENDPOINT_URL": self.store.origin,
                f"{own}CREDENTIALS__REGION_NAME": "us-east-1",
                f"{own}DELTALAKE_STORAGE_OPTIONS": json.dumps({"AWS_ALLOW_HTTP": "true"}),
            }
        return found

    def connect(self, file: Path) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(str(file), read_only=True)
        if self.store:
            connection.register_filesystem(
                s3fs.S3FileSystem(
                    key=KEY_ID,
                    secret=SECRET,
                    endpoint_url=self.store.origin,
                    skip_instance_cache=True,
                )
            )
        return connection


class LakeJob(Job):
    """The job with a lake for its destination; asked through the DuckDB file that it leaves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, place: Place, table_format: str) -> None:
        super().__init__(monkeypatch, Path("asc_segments_lake.duckdb").absolute())
        self.place = place
        self.table_format = table_format
        for name, value in (place.environment | {f"{KEYS}TABLE_FORMAT": table_format}).items():
            monkeypatch.setenv(name, value)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with self.place.connect(self.database) as connection:
            return connection.execute(statement).fetchall()


def lake_flaws(job: Job, world: World) -> list[str]:
    """What a lake shows wrongly: views that are not the truth, a ledger that is not Apple's list.

    Raw rows that count no longer may stay, since nothing is deleted there.
    """
    ledger = Counter(
        job.query(
            "select segment_id, checksum, instance_id, row_count from ("
            f"from {RAW}.analytics_report_segments qualify 1 = row_number() over ("
            "partition by segment_id order by _dlt_load_id desc)) where checksum is not null"
        )
    )
    wanted = Counter(expected(world))
    found = [f"view: {name}" for name in differences(job, world)]
    found += [f"ledger missing: {each}" for each in wanted - ledger]
    return found + [f"ledger too many: {each}" for each in ledger - wanted]
