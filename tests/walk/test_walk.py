"""Random walks over what Apple and the user do: after each run everything shown is true.

A walk that fails prints its seed and its steps: `WALK_SEEDS=7 make test ARGS="-m slow -k walk"`
repeats the one of seed 7, and WALK_LOG=1 tells of each step.
"""

import pytest

from tests.walk.duckdb_walk import DuckWalk
from tests.walk.walks import SEEDS, STEPS_A_WALK, walk_of


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("number", SEEDS)
def test_walk(number: int) -> None:
    """Whatever Apple and the user did, each view shows what the rules say of what Apple told."""
    walk_of(DuckWalk, number, steps=STEPS_A_WALK)
