"""What to ask a pipeline after its run."""

from collections.abc import Iterator

from dlt import Pipeline

from .errors import ConfigurationError, Failure, IncompleteLoadError
from .extract.report_resource import LEDGER
from .reading import FAILURES


def raise_for_failures(pipeline: Pipeline) -> None:
    """Raise if the pipeline's last run could not load all that was due.

    Raises:
        IncompleteLoadError: it names them; the rest is loaded, and the next run tries again.
        ConfigurationError: dlt has no trace of a run, so that nothing is known.
    """
    if failures := list(_failures(pipeline)):
        raise IncompleteLoadError(failures)


def _failures(pipeline: Pipeline) -> Iterator[Failure]:
    trace = pipeline.last_trace
    if trace is None or (info := trace.last_extract_info) is None:
        raise ConfigurationError(
            f"dlt has no trace of a run of pipeline {pipeline.pipeline_name}: run it first, with"
            " enable_runtime_trace under [runtime] as it is by default"
        )
    for steps in info.metrics.values():
        for step in steps:
            if found := step["resource_metrics"].get(LEDGER):
                yield from map(_failure, found.custom_metrics.get(FAILURES, ()))


def _failure(told: dict[str, str]) -> Failure:
    return Failure(told["what"], told["reason"])
