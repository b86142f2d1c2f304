"""Where a run works: dlt's folder for the pipeline, and the destination, opened and explained.

Nothing in the folder counts: what is loaded is asked of the destination. So every run begins with
an empty one, which drops what a dead run left, and a run that finds it in use takes another.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import dlt
from dlt import Pipeline
from dlt.common.exceptions import DltException
from dlt.common.pipeline import get_dlt_pipelines_dir
from filelock import FileLock, Timeout

from app_store_connect.errors import DestinationError
from app_store_connect.ledger import Ledger

PIPELINE_NAME = "asc_segments"
_DATASET = re.compile(r"[a-z_][a-z0-9_]*")
_REASON = "The actual reason given is: "


@contextmanager
def empty_pipelines_dir() -> Iterator[Path]:
    """dlt's usual folder, so that `dlt pipeline asc_segments info` finds the run, or a private one.

    Raises:
        DestinationError: the folder cannot be written.
    """
    usual = Path(get_dlt_pipelines_dir())
    lock = FileLock(usual / f"{PIPELINE_NAME}.lock")
    try:
        usual.mkdir(parents=True, exist_ok=True)
        lock.acquire(blocking=False)
    except Timeout:
        with tempfile.TemporaryDirectory(prefix=f"{PIPELINE_NAME}-") as private:
            yield Path(private)
        return
    except OSError as error:
        raise DestinationError(f"dlt's folder {usual} cannot be written: {error}") from error
    with lock:
        shutil.rmtree(usual / PIPELINE_NAME, ignore_errors=True)
        yield usual


def make_pipeline(destination: str, dataset: str, pipelines_dir: Path) -> Pipeline:
    """Raises DestinationError if dlt has no such destination, or the job cannot work with it."""
    _check_names(destination, dataset)
    try:
        pipeline = dlt.pipeline(
            PIPELINE_NAME,
            destination=destination,
            dataset_name=f"{dataset}_raw",
            pipelines_dir=str(pipelines_dir),
        )
        stem = Path(location_of(pipeline)).stem if destination == "duckdb" else ""
    except DltException as error:
        raise DestinationError(
            f"destination {destination!r} cannot be used: {_first_line(str(error))}"
        ) from error
    if stem in (dataset, f"{dataset}_raw"):
        raise DestinationError(
            f"the DuckDB file and a dataset are both called {stem}, which DuckDB cannot tell apart;"
            " take another --dataset"
        )
    return pipeline


def _check_names(destination: str, dataset: str) -> None:
    if not _DATASET.fullmatch(dataset):
        raise DestinationError(
            f"dataset {dataset!r} cannot be used: take lower case letters, digits and underscores"
        )
    if destination.rpartition(".")[2] == "filesystem":
        raise DestinationError(
            "destination 'filesystem' has no views, and the job cannot see there what is loaded;"
            " the source alone can write to it"
        )


@contextmanager
def opened(ledger: Ledger) -> Iterator[None]:
    """Raises DestinationError if the destination cannot be opened for writing."""
    with ExitStack() as stack:
        try:
            stack.enter_context(ledger.open())
        except Exception as error:  # whatever the destination's driver raises
            raise destination_error(error) from error
        yield


def destination_error(error: Exception) -> DestinationError:
    """What keeps a destination from being opened, in words that say what to do."""
    reason = _first_line(str(error).rpartition(_REASON)[2])
    if "Could not set lock" in reason:
        return DestinationError(
            "the DuckDB file is in use by another process: close it there, or wait for the other"
            f" run to end ({reason})"
        )
    return DestinationError(
        f"the destination cannot be opened for writing: {reason}; check its address, credentials,"
        " rights and free space"
    )


def location_of(pipeline: Pipeline) -> str:
    """The destination's database, as a user would open it; empty where there is no such thing."""
    credentials: Any = getattr(pipeline.destination_client().config, "credentials", None)
    return str(getattr(credentials, "database", "") or "")


def _first_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[0].strip() if lines else ""
