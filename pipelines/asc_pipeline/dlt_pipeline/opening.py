"""Opening the destination: how long to wait for it, and why it cannot be opened."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dlt import Pipeline
from dlt.common.exceptions import DltException
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_delay,
    wait_fixed,
)

from app_store_connect.dlt_errors import shortened
from app_store_connect.errors import ConfigurationError, DestinationError
from app_store_connect.tables import ICEBERG, PLAIN
from app_store_connect.warehouse.connection import Warehouse
from app_store_connect.warehouse.database import IN_USE, is_lake
from app_store_connect.warehouse.duckdb_settings import tune
from asc_pipeline.dlt_pipeline.workspace import (
    is_without_file,
    make_pipeline,
    nothing_loaded,
    reader_of_lake_file,
)

_NEXT_STEPS = (
    ("no space left", "free space on its disk"),
    ("not a valid DuckDB database", "move that file away, or name another one"),
    (
        "Corrupt database file|Could not read enough bytes",
        "restore it from a backup, or move it away and load again what Apple still lists",
    ),
    (
        "database file with version number",
        "a newer DuckDB wrote it: upgrade this one, pip install --upgrade duckdb",
    ),
    ("is a directory", "it is a folder: name a file in it"),
    (
        "Corrupt WAL file",
        "move that file, whose name ends in .wal, away and keep the database: what it held of the"
        " last run is loaded again",
    ),
    (
        "sqlite_scanner",
        "if the file is SQLite and no DuckDB database, name another one; for a catalogue in SQLite"
        " install the extension before",
    ),
    ("download extension", "let this machine reach the address, or install the extension before"),
    (r"\.duckdb_extension", "install the extension for this version of DuckDB"),
    (
        "unique file handle conflict",
        "a DuckDB file as the catalogue of a DuckLake takes one connection, and the job needs two:"
        " set destination.ducklake.credentials.catalog to SQLite or Postgres",
    ),
    (r'database ".*" does not exist', "create that database, or name another one"),
    (
        r'authentication failed|role ".*" does not exist',
        "check user and password in the configuration",
    ),
    # of a Unix socket; libpq begins its refusals of user and database in the same way
    ("connection to server on socket", "check host and port, and that the server runs"),
    ("no such file or directory", "make the folder that it is to be in, or name another one"),
    (
        "could not translate host name",
        "check the host; signs such as @ in a password are to be written as %40 and so on",
    ),
    ("connection refused", "check host and port, and that the server runs"),
    ("permission denied", "let the user that runs the job read and write it"),
    ("read-only", "let the user that runs the job write it"),
)
"""By words of DuckDB, Postgres and the system, as patterns; any other gets the general advice."""
_EMPTY_BYTES = 12_288
"""Of a DuckDB file without a table: three headers."""
_HELD = "the DuckDB file is in use by another process"
_PROCESS = re.compile(r"PID \d+")
_REASON = "The actual reason given is: "
POLL_SECONDS = 0.5
"""How often to look whether a DuckDB file is free."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a DuckDB file that another process has open, or an Iceberg lake that it
    writes to. `say` is told once which process that is.
    """

    seconds: float = 0.0
    say: Callable[[str], None] = lambda text: None
    sleep: Callable[[float], None] = time.sleep


@contextmanager
def opened(
    warehouse: Warehouse,
    table_format: str | None = PLAIN,
    patience: Patience | None = None,
    *,
    new_file: Path | None = None,
    is_plan: bool = False,
) -> Iterator[None]:
    """The open warehouse.

    Args:
        table_format: of the tables that are to be written; None for a reader.
        patience: how long to wait for what another process has to itself.
        new_file: a DuckDB file that was not there before. It is removed if it is of no use.
        is_plan: nothing will be written, and no other writer is kept out.

    Raises:
        ConfigurationError: the destination cannot be opened, or not be written in that format.
    """
    patience = patience or Patience()
    with ExitStack() as stack:
        try:
            _when_free(lambda: stack.enter_context(warehouse.open()), patience)
            tune(warehouse.client)
            if table_format is not None:
                warehouse.database.check_format(table_format)
                if table_format == ICEBERG and not is_plan:
                    stack.enter_context(_only_writer(warehouse, patience))
        except ConfigurationError:
            if new_file:
                _remove_beginning(new_file)
            raise
        except Exception as error:  # whatever the destination's driver raises
            if new_file and IN_USE not in str(error):
                _remove_beginning(new_file)
            raise destination_error(error) from error
        yield


def _remove_beginning(file: Path) -> None:
    """Remove a DuckDB file without a table, which no later run could open if it is unfinished."""
    with suppress(OSError):
        if file.stat().st_size <= _EMPTY_BYTES:
            file.unlink()


def _only_writer(warehouse: Warehouse, patience: Patience) -> AbstractContextManager[None]:
    from asc_pipeline.dlt_pipeline.writer_lock import only_writer  # databases do without it

    lake: Any = warehouse.database
    return only_writer(lake.files, patience)


@contextmanager
def reading(
    destination: str, dataset: str, *, has_marts: bool = False
) -> Iterator[tuple[Pipeline, ConfigurationError]]:
    """A pipeline that only reads the job's data, and the error to raise where there is none. The
    marts of a lake are in the DuckDB file beside it.

    Raises:
        ConfigurationError: there is no DuckDB file.
    """
    with TemporaryDirectory(prefix="asc-reader-") as folder:
        pipeline = make_pipeline(destination, dataset, Path(folder), is_reader=True)
        if has_marts and is_lake(pipeline):
            pipeline = reader_of_lake_file(pipeline)
        nothing = nothing_loaded(pipeline, dataset)
        if is_without_file(pipeline):
            raise nothing
        yield pipeline, nothing


def _when_free(action: Callable[[], None], patience: Patience) -> None:
    def tell(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if state.attempt_number == 1:
            process = _PROCESS.search(str(error))
            named = f" ({process[0]})" if process else ""
            patience.say(f"waiting up to {patience.seconds:.0f} s: {_HELD}{named}")

    retrying = Retrying(
        retry=retry_if_exception(lambda error: IN_USE in str(error)),
        stop=stop_after_delay(patience.seconds),
        wait=wait_fixed(POLL_SECONDS),
        sleep=patience.sleep,
        before_sleep=tell,
        reraise=True,
    )
    retrying(action)


def synchronise(pipeline: Pipeline) -> None:
    """Raises DestinationError if dlt cannot read its own tables there, or not use its folder."""
    if "'" in pipeline.working_dir and _loads_by_statement(pipeline):
        raise DestinationError(
            f"dlt's folder {pipeline.working_dir} has an apostrophe in its path, and dlt cannot"
            " load files of such a path into DuckDB: set DLT_DATA_DIR to another folder"
        )
    try:
        pipeline.sync_destination()
    except (DltException, OSError) as error:
        raise destination_error(error.__cause__ or error) from error


def _loads_by_statement(pipeline: Pipeline) -> bool:
    """Whether dlt 1.31 writes the path of a file into a statement, and does not escape it."""
    return pipeline.destination.capabilities().sqlglot_dialect == "duckdb"


def destination_error(error: BaseException) -> DestinationError:
    """Why a destination cannot be opened, with the next step."""
    reason = shortened(str(error).rpartition(_REASON)[2])
    if IN_USE in reason:
        return DestinationError(f"{_holder(reason)}; close it there, or wait for that run to end")
    return DestinationError(f"the destination cannot be opened: {reason}; {_next_step(reason)}")


def _holder(reason: str) -> str:
    lock = shortened(reason[reason.index(IN_USE) :])
    lock = lock.partition(" However, ")[0]  # the advice that follows is for reading only
    return f"{_HELD} ({lock})"


def _next_step(reason: str) -> str:
    found = (step for words, step in _NEXT_STEPS if re.search(words, reason, re.IGNORECASE))
    return next(found, "check its address, credentials, rights and free space")
