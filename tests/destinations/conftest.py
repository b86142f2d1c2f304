"""Fixtures for the tests of several destinations."""

from pathlib import Path

import pytest

from tests.destinations.lakes import LakeJob, Place


@pytest.fixture(
    params=[
        "parquet",
        pytest.param("delta", marks=pytest.mark.slow),
        pytest.param("iceberg", marks=pytest.mark.slow),
    ]
)
def lake(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> LakeJob:
    """On the disk, in each format of tables."""
    return LakeJob(monkeypatch, Place(str(tmp_path / "lake")), request.param)
