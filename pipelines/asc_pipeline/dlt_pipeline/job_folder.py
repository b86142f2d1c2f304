"""The folder in which a run of the job works, which is dlt's for the pipeline.

Nothing in the folder counts: what is loaded is asked of the destination. So every run begins with
an empty one, which drops what a dead run left, and a run that finds it in use takes another. It is
not where dlt keeps pipelines, one of which may have the same name and be at work.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from dlt.common.pipeline import get_dlt_pipelines_dir
from filelock import FileLock, Timeout

from app_store_connect.errors import DestinationError
from asc_pipeline.dlt_pipeline.workspace import PIPELINE_NAME

FOLDER = f"{PIPELINE_NAME}_job"
_PRIVATE = f"{PIPELINE_NAME}-"
PRIVATE_MODE = 0o700


@contextmanager
def empty_pipelines_dir() -> Iterator[Path]:
    """The job's own folder below dlt's, or a private one while another run is in it. No other user
    can open it.

    Raises:
        DestinationError: the folder cannot be written, or is another user's.
    """
    usual = Path(get_dlt_pipelines_dir()).with_name(FOLDER)
    with ExitStack() as stack:
        try:
            usual.mkdir(parents=True, exist_ok=True)
            usual.chmod(PRIVATE_MODE)  # dlt's files in it, which hold all rows, are for everybody
            is_free = stack.enter_context(_locked(usual / PIPELINE_NAME))
            folder = usual if is_free else stack.enter_context(_private_dir(usual))
        except OSError as error:
            raise DestinationError(f"dlt's folder {usual} cannot be written: {error}") from error
        if is_free:
            _remove_dead(usual)
            shutil.rmtree(usual / PIPELINE_NAME, ignore_errors=True)
        yield folder


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    lock = FileLock(f"{folder}.lock")
    try:
        held = lock.acquire(blocking=False)
    except Timeout:
        yield False
        return
    with held:
        yield True


@contextmanager
def _private_dir(usual: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=_PRIVATE, dir=usual))
    with _locked(folder):
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    Path(f"{folder}.lock").unlink(missing_ok=True)


def _remove_dead(usual: Path) -> None:
    """The private folders of runs that were killed."""
    for lock in usual.glob(f"{_PRIVATE}*.lock"):
        with _locked(lock.with_suffix("")) as is_dead:
            if is_dead:
                shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
                lock.unlink(missing_ok=True)
