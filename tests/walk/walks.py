"""How a walk is begun."""

import os

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.walk.machine import STEPS, AppleWalk

STEPS_A_WALK = 100
SEEDS = [int(each) for each in os.environ.get("WALK_SEEDS", "").split()] or list(range(1, 21))


def walk_of(machine: type[AppleWalk], number: int, *, steps: int, examples: int = 2) -> None:
    """The first example of hypothesis is its simplest, so it takes two for a random one."""
    STEPS.clear()
    run_state_machine_as_test(
        seed(number)(type(machine.__name__, (machine,), {})),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        ),
    )
    print(f"seed {number}: {STEPS.total()} steps, {dict(STEPS)}")  # noqa: T201  # shown by -s
