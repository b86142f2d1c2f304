"""Which failures of the latest runs no later run has mended. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_EARLY_EXIT_CODES = (2, 3)
"""Of a run that was refused, or ended at its budget: nobody knows how much it asked for."""


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

    A later run was, if it was for the app, and for the same selection or for everything. One that
    ended early mended no failure, but tells of the end itself.

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
        ended = [each for each in later if each.exit_code not in _EARLY_EXIT_CODES]
        open_failures += _open(told.get(run.load_id, ()), run, _apps(ended))
        is_early = run.exit_code in _EARLY_EXIT_CODES and run.load_id not in told
        if is_early and not _is_covered(run, _apps(later)):
            ended_early.append(run)
    return open_failures, ended_early


def _apps(runs: Iterable[RunEnd]) -> frozenset[int] | None:
    """None for all apps."""
    apps = [each.app_ids for each in runs]
    return None if None in apps else frozenset[int]().union(*filter(None, apps))


def _is_covered(run: RunEnd, apps: frozenset[int] | None) -> bool:
    return apps is None or bool(apps and run.app_ids is not None and run.app_ids <= apps)


def _open(
    failures: Iterable[FailureCount], run: RunEnd, apps: frozenset[int] | None
) -> Iterator[FailureCount]:
    is_covered = _is_covered(run, apps)
    for each in failures:
        if not (is_covered if each.app_id is None else apps is None or each.app_id in apps):
            yield each
