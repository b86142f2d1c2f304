"""The walk of a user with a DuckDB file, whose runs are cut off now and then."""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.conftest import key_of
from tests.walk.apple import WatchedApple
from tests.walk.jobs import Worker, run_here
from tests.walk.kills import Killer
from tests.walk.machine import OFTEN, OPERATIONS, SEEDS, AppleWalk
from tests.walk.orders import Order, days_ahead
from tests.walk.walker import Ran, Walker
from tests.walk.warehouse import Query


class File:
    """A DuckDB file that is asked questions."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def connected(self) -> Iterator[Query]:
        if not self._path.exists():
            yield lambda statement: []
            return
        with duckdb.connect(str(self._path), read_only=True) as connection:
            yield lambda statement: connection.execute(statement).fetchall()


RUNS = ["run", "run", "run_by_id", "run_killed", "run_interrupted", "run_out_of_budget", "renew"]


class DuckWalk(AppleWalk):
    """Apple, and a user with a DuckDB file."""

    def __init__(self) -> None:
        super().__init__()
        path = self.folder / "walk.duckdb"
        self._env = {
            "DLT_DATA_DIR": str(self.folder / "dlt"),
            "DESTINATION__DUCKDB__CREDENTIALS": str(path),
        }
        os.environ.update(self._env)
        self.apple = WatchedApple(self.account.world)
        self.apple.start()
        os.environ.update(key_of(self.apple))
        self._walker = Walker(self.account, File(path))
        self._worker: Worker | None = None

    @property
    def walker(self) -> Walker:
        return self._walker

    def teardown(self) -> None:
        try:
            if self._worker:
                self._worker.close()
                self._worker = None
            self.run_whole(0, Order(days_ahead=days_ahead(self.account)))
        finally:
            self.apple.stop()
            super().teardown()

    def run_whole(self, seed: int, order: Order | None = None) -> None:
        order = order or self.order(seed)
        self.apple.begin_run()
        ended = run_here(order)
        assert ended.is_whole, f"{order} {ended}"
        self.learn("run", Ran(order, self.apple.told(), ended))

    def run(self, seed: int) -> None:
        self.run_whole(seed)

    def renew(self, seed: int) -> None:
        """The daily run, which may make a report request that was stopped anew."""
        if any(each.is_stopped and not each.is_deleted for each in self.account.world.requests):
            self.run_whole(seed, Order(days_ahead=days_ahead(self.account), is_renewing=True))

    def run_by_id(self, seed: int) -> None:
        """Of one instance, which no list may have had yet."""
        daily = self.order(seed)
        listed = [each for each in self.account.listed() if each.segments]
        if not listed:
            return
        instance = random.Random(seed).choice(listed)  # noqa: S311  # no secret
        order = replace(
            daily,
            since=None,
            until=None,
            access_types=Order.access_types,
            instance_ids=(instance.id,),
            reports=(instance.report.name,),
            app_ids=(instance.report.request.app_id,),
        )
        self.run_whole(seed, order)

    def run_out_of_budget(self, seed: int) -> None:
        order = self.order(seed)
        self.apple.begin_run(budget=random.Random(seed).randint(1, 60))  # noqa: S311  # no secret
        ended = run_here(order)
        self.learn("run out of budget", Ran(order, self.apple.told(), ended))

    def run_interrupted(self, seed: int) -> None:
        order, last = self.order(seed), random.Random(seed).randint(1, 60)  # noqa: S311  # no secret
        self.apple.begin_run()

        def arm(run: Any) -> None:
            def on_request(number: int) -> None:
                if number == last:
                    run.interrupt()

            self.apple.on_request = on_request

        try:
            ended = run_here(order, arm)
        finally:
            self.apple.on_request = lambda number: None
        self.learn("run interrupted", Ran(order, self.apple.told(), ended))

    def run_killed(self, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311  # no secret
        worker = self._worker or Worker({**self._env, **key_of(self.apple)})
        self._worker = worker
        order = self.order(seed)
        self.apple.begin_run()
        killer = Killer(worker, self.apple, chance)
        worker.begin(order)
        ended = worker.end()
        killer.stop()
        if killer.has_fired:
            worker.close()
            self._worker = None
        kind = "run killed" if killer.has_fired else "run in a process"
        self.learn(kind, Ran(order, self.apple.told(), ended))

    @rule(what=st.sampled_from([*OPERATIONS, *OFTEN, *RUNS, *RUNS]), seed=SEEDS)
    def step(self, what: str, seed: int) -> None:
        self.act(what, seed)
