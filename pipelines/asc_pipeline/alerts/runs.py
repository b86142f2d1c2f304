"""Which failures of the latest runs no later run has mended. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_UNTOLD_EXIT_CODES = (2, 3)
"""Of a run that ended early without a single thing that failed."""


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ended, and its apps and selection: None if it was for everything."""

    load_id: str
    exit_code: int
    reason: str | None
    app_ids: frozenset[int] | None
    selection: str | None


@dataclass(frozen=True, slots=True)
class FailureCount:
    """Failures of a run: of an app and report together, else one thing."""

    load_id: str
    app_id: int | None
    report_name: str | None
    what: str
    reason: str
    count: int


def failed_still(
    runs: Sequence[RunEnd], failures: Iterable[FailureCount]
) -> tuple[list[FailureCount], list[RunEnd]]:
    """The failures, and the runs that ended early without one, that no later run was to mend.

    A later run was, if it was for the app, and for the same selection or for everything.

    Args:
        runs: the newest first.
    """
    told: dict[str, list[FailureCount]] = {}
    for each in failures:
        told.setdefault(each.load_id, []).append(each)
    open_failures: list[FailureCount] = []
    ended_early: list[RunEnd] = []
    for number, run in enumerate(runs):
        later = [each for each in runs[:number] if each.selection in (None, run.selection)]
        if any(each.app_ids is None for each in later):
            continue
        covered = frozenset[int]().union(*(each.app_ids or () for each in later))
        is_covered = bool(later) and run.app_ids is not None and run.app_ids <= covered
        open_failures += _open(told.get(run.load_id, ()), covered, is_covered=is_covered)
        if run.exit_code in _UNTOLD_EXIT_CODES and run.load_id not in told and not is_covered:
            ended_early.append(run)
    return open_failures, ended_early


def _open(
    failures: Iterable[FailureCount], covered: frozenset[int], *, is_covered: bool
) -> Iterator[FailureCount]:
    for each in failures:
        if not (is_covered if each.app_id is None else each.app_id in covered):
            yield each
