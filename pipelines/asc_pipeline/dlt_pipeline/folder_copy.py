"""The last run of the job where dlt's own commands look for it: `dlt pipeline asc_segments info`.

The job works in a folder of its own, see `job_folder`. At the end it copies what dlt's commands
read to the place of dlt's pipelines. No run reads the copy: the destination alone says which
segments are loaded.
"""

import hashlib
import logging
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dlt import Pipeline
from dlt.common.pipeline import (
    ExtractInfo,
    LoadInfo,
    NormalizeInfo,
    StepInfo,
    get_dlt_pipelines_dir,
)
from dlt.common.runtime.exec_info import get_execution_context
from dlt.common.utils import uniq_id
from dlt.pipeline.trace import PipelineStepTrace, PipelineTrace, save_trace
from filelock import FileLock

from asc_pipeline.dlt_pipeline.job_folder import PRIVATE_MODE

logger = logging.getLogger(__name__)

MOST_STEPS = 99
"""Of a trace: extract, normalize and load of the last 33 batches."""
_STATE, _MARK = "state.json", "of_the_job"
_STEPS: dict[type, Any] = {ExtractInfo: "extract", NormalizeInfo: "normalize", LoadInfo: "load"}

Steps = Sequence[StepInfo[Any]]


def copy_for_dlt(pipeline: Pipeline, steps: Steps) -> None:
    """Put a copy of the pipeline's folder, with a trace of these steps, where dlt looks for it.

    A folder there that a pipeline of the user's has written stays as it is.
    """
    place = Path(get_dlt_pipelines_dir())
    target = place / pipeline.pipeline_name
    try:
        place.mkdir(parents=True, exist_ok=True)
        with FileLock(place / f".{pipeline.pipeline_name}.lock"):
            if target.exists() and not _is_of_the_job(target):
                return
            new = Path(tempfile.mkdtemp(prefix=f".{pipeline.pipeline_name}-", dir=place))
            shutil.copytree(pipeline.working_dir, new, dirs_exist_ok=True)
            new.chmod(PRIVATE_MODE)  # the copy has the mode of what it is copied from
            if steps:
                save_trace(str(new), _trace_of(pipeline, steps))
            (new / _MARK).write_text(_digest(new))
            shutil.rmtree(target, ignore_errors=True)
            new.rename(target)
    except OSError as error:  # the run is none the worse for it
        logger.debug("no copy for dlt's commands", exc_info=error)


def _trace_of(pipeline: Pipeline, steps: Steps) -> PipelineTrace:
    """Without the settings that dlt read, and without errors, which may quote them."""
    return PipelineTrace(
        uniq_id(),
        pipeline.pipeline_name,
        get_execution_context(),
        min(step.started_at for step in steps),
        [
            PipelineStepTrace(
                uniq_id(), _STEPS[type(step)], step.started_at, step.finished_at, step
            )
            for step in steps
        ],
        max(step.finished_at for step in steps),
        [],
    )


def _is_of_the_job(folder: Path) -> bool:
    """Whether nothing but the job has written the pipeline's state there."""
    mark = folder / _MARK
    return mark.is_file() and mark.read_text() == _digest(folder)


def _digest(folder: Path) -> str:
    state = folder / _STATE
    return hashlib.sha256(state.read_bytes() if state.is_file() else b"").hexdigest()
