"""One request to App Store Connect until it has an answer: token, budget, retries, and the rule by
which Apple is down.
"""

import logging
import threading
from collections.abc import Mapping
from urllib.parse import urlsplit

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception_type
from tenacity.wait import wait_random_exponential

from ..errors import ApiDownError, ApiError, UnavailableError
from .auth import TokenAuth
from .budget import RequestBudget
from .credentials import Credentials
from .http import BrokenTransferError, exchange, new_session
from .responses import (
    TOO_MANY_REQUESTS,
    Document,
    TransientError,
    document_of,
    retry_after_of,
)

logger = logging.getLogger(__name__)

MAX_DOCUMENT_BYTES = 64 * 1024 * 1024
"""A page of 200 items has some hundred kilobytes."""
TRIES = 6
LONGEST_BACKOFF_SECONDS = 30.0
"""A longer pause, which only an answer asks for, is a wait: counted, and told."""
MAX_UNAVAILABLE = 10
"""After so many requests in a row without a usable answer, one is asked again that had one."""
REFUSED_PAUSE_SECONDS = 12.0
"""After a 429 although the budget has a rest: all tries together outlast a limit by the minute."""

Params = Mapping[str, str]


class Requester:
    """Asks with one key. Threads share it."""

    def __init__(
        self,
        credentials: Credentials,
        budget: RequestBudget,
        auth: TokenAuth,
        *,
        backoff_seconds: float,
        timeout_seconds: float,
    ) -> None:
        self._budget = budget
        self._auth = auth
        self._backoff = wait_random_exponential(
            multiplier=backoff_seconds, max=LONGEST_BACKOFF_SECONDS
        )
        self._refused_pause = REFUSED_PAUSE_SECONDS * backoff_seconds
        self._timeout = timeout_seconds
        self._unavailable = 0
        apps = credentials.base_url + "/v1/apps"
        self._answered: tuple[str, Params | None] = apps, {"limit": "1"}
        self._lock = threading.Lock()
        self._session = new_session()
        # A proxy from the environment must not see unencrypted requests to this very machine.
        self._session.trust_env = credentials.base_url.startswith("https:")

    def ask(
        self, method: str, url: str, params: Params | None = None, body: Document | None = None
    ) -> Document:
        """The document of the answer. Raises the errors under "Apple's answer" in `errors`."""
        retrying = self._retrying()
        try:
            document = retrying(self._ask_once, method, url, params, body)
        except TransientError as error:
            tries = retrying.statistics["attempt_number"]
            raise self._given_up(urlsplit(url).path, error.reason, tries) from None
        except ApiError:
            self._unavailable = 0
            raise
        self._unavailable = 0
        if method == "GET":
            self._answered = url, params
        return document

    def _retrying(self) -> Retrying:
        return Retrying(
            retry=retry_if_exception_type(TransientError),
            stop=self._is_over,
            wait=self._pause,
            sleep=self._sleep,
            reraise=True,
        )

    def _given_up(self, path: str, reason: str, tries: int) -> UnavailableError:
        """Apple is down only if a request fails as well that was answered before in this run.

        One thread asks, and the others wait for it: so they leave the budget alone.
        """
        with self._lock:
            self._unavailable += 1
            if self._unavailable == MAX_UNAVAILABLE and not self._still_answers():
                self._unavailable += 1
            is_down = self._unavailable > MAX_UNAVAILABLE
        return (ApiDownError if is_down else UnavailableError)(path, reason, tries)

    def _still_answers(self) -> bool:
        """A refusal is an answer, too. Before the first answer the list of apps is asked."""
        try:
            self._retrying()(self._ask_once, "GET", *self._answered, None)
        except TransientError:
            return False
        except ApiError:
            pass
        self._unavailable = 0
        return True

    def _sleep(self, seconds: float) -> None:
        if seconds <= LONGEST_BACKOFF_SECONDS:
            self._budget.sleep(seconds)
        else:
            self._budget.pause(seconds)

    def _is_over(self, state: RetryCallState) -> bool:
        """After all tries, one where Apple is down, or when Apple wants the next one later than can
        be waited for.
        """
        if state.attempt_number >= TRIES or self._unavailable > MAX_UNAVAILABLE:
            return True
        seconds = state.upcoming_sleep
        return seconds > LONGEST_BACKOFF_SECONDS and not self._budget.may_pause(seconds)

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        status, retry_after = getattr(error, "status", None), getattr(error, "retry_after", None)
        pause = self._backoff(state)
        if status == TOO_MANY_REQUESTS:
            pause = self._refused_pause
        elif retry_after is not None:
            pause = retry_after
        if status != TOO_MANY_REQUESTS:
            self._budget.tell_retry(str(error))
        logger.info("try %d: %s; again in %.1f s", state.attempt_number, error, pause)
        return pause

    def _ask_once(
        self, method: str, url: str, params: Params | None, document: Document | None
    ) -> Document:
        """One answer, but for two that ask for more: 401, and a 429 that can be waited out."""
        is_renewed = False
        while True:
            response, body = self._send(method, url, params, document)
            if response.status_code == requests.codes.unauthorized and not is_renewed:
                self._auth.renew(response.request.headers.get("Authorization"))
                is_renewed = True
            elif response.status_code != TOO_MANY_REQUESTS or not self._budget.is_exhausted():
                return document_of(response, body)

    def _send(
        self, method: str, url: str, params: Params | None, document: Document | None
    ) -> tuple[requests.Response, bytes]:
        turn = self._budget.wait_for_turn()
        try:
            response, body = exchange(
                self._session,
                method,
                url,
                timeout_seconds=self._timeout,
                max_bytes=MAX_DOCUMENT_BYTES,
                params=params,
                json=document,
                auth=self._auth,
            )
        except BaseException as error:
            self._budget.note(turn, None)
            if isinstance(error, BrokenTransferError):
                raise TransientError(str(error)) from None
            raise
        self._budget.note(
            turn,
            response.headers.get("X-Rate-Limit", ""),
            is_refused=response.status_code == TOO_MANY_REQUESTS,
            retry_after=retry_after_of(response),
        )
        return response, body
