"""Which failures a later run has mended, by how it ended, for which apps and which selection."""

import pytest

from asc_pipeline.alerts.runs import FailureCount, RunEnd, failed_still

FAILED = FailureCount("1", 7, "App Crashes", "App Crashes of app 7", "cut", 1)
OF_NO_APP = FailureCount("1", None, None, "the list of apps", "cut", 1)


def run(
    load_id: str, exit_code: int, *app_ids: int, selection: str | None = None, reason: str = ""
) -> RunEnd:
    return RunEnd(load_id, exit_code, reason or None, frozenset(app_ids) or None, selection)


@pytest.mark.parametrize(
    ("later", "is_open"),
    [
        (run("2", 0), False),
        (run("2", 1), False),
        (run("2", 0, 7, 8), False),
        (run("2", 0, 8), True),
        (run("2", 0, selection="{}"), True),
        (run("2", 3), True),
        (run("2", 2, 7), True),
    ],
)
def test_failure_of_an_app(later: RunEnd, is_open: bool) -> None:
    """A later run that ended at its budget may not have asked for the instance again."""
    failures, _ = failed_still([later, run("1", 1)], [FAILED])

    assert ([FAILED] if is_open else []) == failures


@pytest.mark.parametrize(
    ("first", "later", "is_open"),
    [
        (run("1", 1), run("2", 0), False),
        (run("1", 1), run("2", 0, 7), True),
        (run("1", 1, 7), run("2", 0, 7, 8), False),
        (run("1", 1, 7, 8), run("2", 0, 7), True),
    ],
)
def test_failure_of_no_app(first: RunEnd, later: RunEnd, is_open: bool) -> None:
    """It is over when a later run was for all apps of that one."""
    failures, _ = failed_still([later, first], [OF_NO_APP])

    assert ([OF_NO_APP] if is_open else []) == failures


def test_last_early_end_is_told() -> None:
    """Several runs ended at their budget: the last one is told, and none after a whole run."""
    early = [run(str(number), 3, reason="budget") for number in (3, 2, 1)]

    assert ([], [early[0]]) == failed_still(early, [])
    assert ([], []) == failed_still([run("4", 0), *early], [])
