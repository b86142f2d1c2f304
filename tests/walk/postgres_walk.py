"""The walk of two jobs that load into one Postgres at the same time."""

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.conftest import KEYS, key_of
from tests.faults.test_postgres import Server
from tests.walk.apple import WatchedApple
from tests.walk.jobs import Worker
from tests.walk.kills import Killer
from tests.walk.machine import OFTEN, OPERATIONS, SEEDS, AppleWalk
from tests.walk.orders import Order
from tests.walk.walker import Ran, Walker
from tests.walk.warehouse import Query

psycopg2 = pytest.importorskip("psycopg2")
WRITERS = 2
SESSIONS = "select count(*) from pg_stat_activity where datname = current_database()"


class Database:
    """An empty database on a server."""

    def __init__(self, server: Server) -> None:
        name = f"walk_{time.monotonic_ns()}"
        connection = psycopg2.connect(server.address("postgres"))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"create database {name}")
        connection.close()
        self.address = server.address(name)

    @contextmanager
    def connected(self) -> Iterator[Query]:
        connection = psycopg2.connect(self.address)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:

                def query(statement: str) -> list[tuple[Any, ...]]:
                    cursor.execute(statement)
                    return list(cursor.fetchall())

                yield query
        finally:
            connection.close()

    def wait_for_sessions(self) -> None:
        """Until what a process that was killed had sent is done or undone."""
        with self.connected() as query:
            while query(SESSIONS) != [(1,)]:
                time.sleep(0.05)


RUNS = ["run_two", "run_two", "run_two_alike", "run_one", "run_two_of_which_one_is_killed"]


class PostgresWalk(AppleWalk):
    """Apple, and two users who know nothing of each other. Each asks an Apple of its own, over the
    same account, so that what each was told is known.
    """

    server: Server

    def __init__(self) -> None:
        super().__init__()
        self.database = Database(self.server)
        self.apples = [WatchedApple(self.account.world).start() for _ in range(WRITERS)]
        self._walker = Walker(self.account, self.database)
        self._workers: dict[int, Worker] = {}

    @property
    def walker(self) -> Walker:
        return self._walker

    def teardown(self) -> None:
        try:
            self.run_whole(0)
        finally:
            for worker in self._workers.values():
                worker.close()
            for apple in self.apples:
                apple.stop()
            super().teardown()

    def run_whole(self, seed: int) -> None:
        orders = [self.order(seed), self.order(seed + 1)]
        self.learn("run of two", *self.run_both(orders))

    def run_both(self, orders: Sequence[Order], chance: random.Random | None = None) -> list[Ran]:
        """Each by a writer; with `chance` the first one is killed."""
        killer = None
        for number, order in enumerate(orders):
            self.apples[number].begin_run()
            worker = self._worker(number)
            if chance and not number:
                killer = Killer(worker, self.apples[number], chance)
            worker.begin(replace(order, destination="postgres"))
        runs = []
        for number, order in enumerate(orders):
            ended = self._workers[number].end()
            if killer and not number:
                killer.stop()
            if killer and killer.has_fired and not number:
                self._workers.pop(number).close()
            else:
                assert ended, "a process ended that nobody killed"
                assert ended.is_whole, f"{order} {ended}"
            runs.append(Ran(order, self.apples[number].told(), ended))
        self.database.wait_for_sessions()
        return runs

    def _worker(self, number: int) -> Worker:
        if number not in self._workers:
            env = {
                **key_of(self.apples[number]),
                "DLT_DATA_DIR": str(self.folder / f"dlt{number}"),
                "DESTINATION__POSTGRES__CREDENTIALS": self.database.address,
                # the walk's days are ahead of the loads, which are of today
                f"{KEYS}SWEEP_AFTER_HOURS": "100000",
            }
            self._workers[number] = Worker(env)
        return self._workers[number]

    def run_two(self, seed: int) -> None:
        self.run_whole(seed)

    def run_two_alike(self, seed: int) -> None:
        order = self.order(seed)
        self.learn("run of two alike", *self.run_both([order, order]))

    def run_one(self, seed: int) -> None:
        self.learn("run of one", *self.run_both([self.order(seed)]))

    def run_two_of_which_one_is_killed(self, seed: int) -> None:
        orders = [self.order(seed), self.order(seed + 1)]
        chance = random.Random(seed)  # noqa: S311  # no secret
        self.learn("run of two, one killed", *self.run_both(orders, chance))

    @rule(what=st.sampled_from([*OPERATIONS, *OFTEN, *RUNS, *RUNS]), seed=SEEDS)
    def step(self, what: str, seed: int) -> None:
        self.act(what, seed)
