"""What fault tests share: a job that does not wait, and places that faults may be put."""

import pytest

from tests.conftest import KEYS


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The job tries again at once, and takes a silence of half a second for one that lasts."""
    monkeypatch.setenv(f"{KEYS}BACKOFF_SECONDS", "0")
    monkeypatch.setenv(f"{KEYS}REQUEST_TIMEOUT_SECONDS", "0.5")
