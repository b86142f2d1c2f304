"""What the other destinations are compared with: DuckDB keeps every value as it was."""

import pytest

from tests.asking import StartApple
from tests.conftest import Job
from tests.destinations.worlds import TYPES_QUESTION, expected_types, world_of_types
from tests.worlds import PURCHASES


@pytest.mark.slow
def test_types(job: Job, start_apple: StartApple) -> None:
    """Decimals, dates, bigints and texts come back as they were."""
    result = job.run(start_apple(world_of_types()), "--report", PURCHASES)

    assert 0 == result.exit_code
    assert expected_types() == job.query(TYPES_QUESTION)
