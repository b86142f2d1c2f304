"""The progress of a run, as it is reported to a display."""

import logging
from typing import Protocol

from app_store_connect.errors import Failure
from app_store_connect.extract.outcome import Outcome
from asc_pipeline.text import counted

logger = logging.getLogger(__name__)

FOR_THE_CLOCK = "the newest load lies in the future by this machine's clock"


class Progress(Protocol):
    """A display of a run. `changed` and `failed` are called from any thread."""

    def phase(self, what: str) -> None: ...
    def begin(self, instances: int, outcome: Outcome) -> None: ...
    def changed(self) -> None: ...
    def failed(self, failure: Failure) -> None: ...
    def waiting(self, seconds: float, why: str) -> None: ...
    def say(self, text: str) -> None: ...
    def close(self) -> None: ...


class LoggedProgress:
    """The display of a run that is a function call: lines of Python's log."""

    def phase(self, what: str) -> None:
        logger.info("%s", what)

    def begin(self, instances: int, outcome: Outcome) -> None:
        logger.info("%s to load or check", counted(instances, "instance"))

    def changed(self) -> None:
        pass

    def failed(self, failure: Failure) -> None:
        logger.warning("not loaded: %s: %s", failure.what, failure.why)

    def waiting(self, seconds: float, why: str) -> None:
        logger.warning("%s: %.0f s", why, seconds)

    def say(self, text: str) -> None:
        logger.warning("%s", text)

    def close(self) -> None:
        pass
