"""A random walk short enough for each change."""

import pytest

from tests.walk.duckdb_walk import DuckWalk
from tests.walk.walks import walk_of


@pytest.mark.slow
@pytest.mark.nightly
def test_short_walk() -> None:
    """After twelve steps each view shows what the rules say of what Apple told."""
    walk_of(DuckWalk, 1, steps=12)
