"""Pings of a monitor such as Healthchecks: a run begins, a run has ended with this exit code.

The monitor is the only one who notices that the job did not run at all.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import requests

TIMEOUT_SECONDS = 10
INTERRUPTED = 130


class Ping:
    """The pings of one run. `notices` say which of them failed: that changes nothing else."""

    def __init__(self, url: str | None) -> None:
        self._url = url
        self._is_over = False
        self.notices: list[str] = []

    def start(self) -> None:
        self._send("start")

    def end(self, exit_code: int) -> None:
        """Only the first end counts."""
        if not self._is_over:
            self._is_over = True
            self._send(str(exit_code))

    def _send(self, signal: str) -> None:
        if not self._url:
            return
        try:
            # streamed: the body, of any length and speed, is not read
            with requests.get(
                _address(self._url, signal), timeout=TIMEOUT_SECONDS, stream=True
            ) as (answer):
                if answer.ok:
                    return
                reason = f"it answered {answer.status_code}"
        except (requests.RequestException, ValueError, OSError) as error:
            reason = type(error).__name__  # the text quotes the address
        self.notices.append(
            f"the ping {signal!r} did not reach ping_url: {reason}; check the address and the"
            " network"
        )


@contextmanager
def pinged(url: str | None, exit_code_of: Callable[[Exception], int]) -> Iterator[Ping]:
    """Ping the start, and the end if an error brings it before `Ping.end` is called."""
    ping = Ping(url)
    ping.start()
    try:
        yield ping
    except Exception as error:
        ping.end(exit_code_of(error))
        raise
    except KeyboardInterrupt:
        ping.end(INTERRUPTED)
        raise


def _address(url: str, signal: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{signal}"))
