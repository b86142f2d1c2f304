"""Ends a process of the job at a random moment."""

import random
import threading
import time
from signal import SIGKILL

from tests.walk.apple import WatchedApple
from tests.walk.jobs import Worker


class Killer:
    """Kills a worker some time after one of its requests."""

    def __init__(self, worker: Worker, apple: WatchedApple, chance: random.Random) -> None:
        self._worker = worker
        self._apple = apple
        self._last = chance.choice([chance.randint(1, 30), chance.randint(10, 60)])
        self._delay = chance.random() ** 2 * chance.choice([0.1, 3.0])
        self._stopped = threading.Event()
        self._heard = threading.Event()
        self.has_fired = False
        self._thread = threading.Thread(target=self._wait, daemon=True)
        apple.on_request = self._on_request
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._heard.set()
        self._thread.join()
        self._apple.on_request = lambda number: None

    def _on_request(self, number: int) -> None:
        if number == self._last:
            self._heard.set()

    def _wait(self) -> None:
        self._heard.wait()
        if not self._stopped.wait(self._delay):
            self.has_fired = True
            self._worker.send(SIGKILL)
            time.sleep(0.05)
