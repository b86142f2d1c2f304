"""The walk of two jobs that write to one Postgres at the same time."""

import pytest

from tests.faults.test_postgres import Server, server  # noqa: F401  # a fixture, by its name
from tests.walk.postgres_walk import PostgresWalk
from tests.walk.walks import SEEDS, STEPS_A_WALK, walk_of


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.xdist_group("postgres")
@pytest.mark.parametrize("number", SEEDS[:5])
def test_two_writers(number: int, server: Server) -> None:  # noqa: F811  # as above
    """The same of two jobs that write to one Postgres at the same time."""
    PostgresWalk.server = server
    walk_of(PostgresWalk, number, steps=STEPS_A_WALK)
