"""The walk as a state machine of hypothesis: what every walk has, whatever it loads into."""

import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize

from tests.walk.account import Account
from tests.walk.orders import Order, draw_order
from tests.walk.walker import Ran, Walker

SEEDS = st.integers(0, 2**32 - 1)
Operation = Callable[[Account, random.Random], str | None]
OPERATIONS: dict[str, Operation] = {
    each.__name__: each
    for each in (
        Account.fill,  # the first is what hypothesis does most in its simplest walk
        Account.publish,
        Account.restate,
        Account.publish_again,
        Account.republish,
        Account.withdraw,
        Account.move,
        Account.split,
        Account.empty,
        Account.expire,
        Account.list_again,
        Account.snapshot,
        Account.request_again,
        Account.stop,
    )
}
OFTEN = ["publish", "publish", "republish", "withdraw", "restate"]
STEPS: Counter[str] = Counter()
"""How often each rule did something, over all walks of this process."""


class AppleWalk(RuleBasedStateMachine):
    """What Apple does. Subclasses add the runs of a job.

    Each has one rule, `step`, that does any of it: of several rules hypothesis would leave out half
    in most walks.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="asc-walk-"))
        self.account = Account()
        self.changes = 0

    def act(self, what: str, seed: int) -> None:
        if what in OPERATIONS:
            self.apply(OPERATIONS[what], seed)
        else:
            getattr(self, what)(seed)

    def apply(self, operation: Operation, seed: int) -> None:
        with self.account.world.lock:
            done = operation(self.account, random.Random(seed))  # noqa: S311  # no secret
        if done:
            self.changes += 1
            self.note(operation.__name__, done)

    def note(self, kind: str, what: str) -> None:
        STEPS[kind] += 1
        if "WALK_LOG" in os.environ:
            sys.stderr.write(f"{sum(STEPS.values())} {what}\n")

    @property
    def walker(self) -> Walker:
        raise NotImplementedError

    def order(self, seed: int) -> Order:
        """The next run's options, after a day at least."""
        if not self.changes:
            self.apply(Account.publish, seed)
        return draw_order(random.Random(seed), self.account)  # noqa: S311  # no secret

    def learn(self, kind: str, *runs: Ran) -> None:
        self.account.prune()
        self.changes = 0
        self.note(kind, f"{kind}: {', '.join(f'{run.order} {run.ended}' for run in runs)}")
        self.walker.learn(*runs)

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    @initialize(seed=SEEDS)
    def begin(self, seed: int) -> None:
        for number in range(3):
            self.apply(Account.publish, seed + number)
