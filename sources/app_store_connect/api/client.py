"""The endpoints of App Store Connect that lead to segments, over HTTP, as Apple's nouns.

Paths, parameters and statuses: Apple's OpenAPI description 4.4.1. Every list is read to its last
page or raises: a failed page is never a shorter list. Of an item that is not as described `odd` is
told; by default it is raised.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception_type
from tenacity.wait import wait_random_exponential

from ..entities import (
    AccessType,
    App,
    Granularity,
    Odd,
    Report,
    ReportInstance,
    ReportRequest,
    ReportSegment,
    refuse,
)
from ..errors import (
    ApiDownError,
    ApiError,
    MalformedResponseError,
    UnavailableError,
)
from .auth import TokenAuth
from .budget import RequestBudget
from .credentials import Credentials
from .http import BrokenTransferError, exchange, new_session
from .responses import (
    TOO_MANY_REQUESTS,
    Document,
    Item,
    TransientError,
    data_of,
    document_of,
    items_by_id,
    next_link,
    retry_after_of,
)

logger = logging.getLogger(__name__)

DEFAULT_WORKERS = 8
"""Requests and downloads at once."""
PAGE_LIMIT = "200"
MAX_PAGES = 500
MAX_DOCUMENT_BYTES = 64 * 1024 * 1024
"""A page of 200 items has some hundred kilobytes."""
TRIES = 6
LONGEST_BACKOFF_SECONDS = 30.0
"""A longer pause, which only an answer asks for, is a wait: counted, and told."""
MAX_UNAVAILABLE = 10
"""After so many requests in a row without a usable answer, one is asked again that had one."""
REFUSED_PAUSE_SECONDS = 12.0
"""After a 429 although the budget has a rest: all tries together outlast a limit by the minute."""
IDS_PER_FILTER = 100
"""Apps in the filter of one request, so that its URL stays well under servers' limits."""

_FIELDS_REQUESTS = {"fields[analyticsReportRequests]": "accessType,stoppedDueToInactivity"}
_FIELDS_INSTANCES = {"fields[analyticsReportInstances]": "granularity,processingDate"}
_FIELDS_SEGMENTS = {"fields[analyticsReportSegments]": "checksum,sizeInBytes,url"}

Params = Mapping[str, str]


class AppStoreConnectClient:
    """Safe to share between threads. Methods raise the errors under "Apple's answer" in `errors`.

    `backoff_seconds` scales the pauses between tries; 0 tries again at once.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        budget: RequestBudget | None = None,
        auth: TokenAuth | None = None,
        backoff_seconds: float = 1.0,
        timeout_seconds: float = 60.0,
    ) -> None:
        self._credentials = credentials
        self.budget = budget or RequestBudget()
        self._auth = auth or TokenAuth(credentials)
        self._backoff = wait_random_exponential(
            multiplier=backoff_seconds, max=LONGEST_BACKOFF_SECONDS
        )
        self._refused_pause = REFUSED_PAUSE_SECONDS * backoff_seconds
        self._timeout = timeout_seconds
        self._unavailable = 0
        self._answered: tuple[str, Params | None] = self._url("/v1/apps"), {"limit": "1"}
        self._lock = threading.Lock()
        self._session = new_session()
        # A proxy from the environment must not see unencrypted requests to this very machine.
        self._session.trust_env = credentials.base_url.startswith("https:")

    def list_apps(
        self,
        *,
        app_ids: Iterable[str] = (),
        bundle_ids: Iterable[str] = (),
        odd: Odd = refuse,
    ) -> list[App]:
        """`GET /v1/apps`: those with the given ids and bundle ids, or all that the key sees."""
        parse = partial(App.from_api, odd=odd)
        fields = {"fields[apps]": "name,bundleId,sku,primaryLocale"}
        filters = [
            {f"filter[{name}]": ",".join(values[start : start + IDS_PER_FILTER])}
            for name, values in (("id", list(app_ids)), ("bundleId", list(bundle_ids)))
            for start in range(0, len(values), IDS_PER_FILTER)
        ]
        found: dict[str, App] = {}
        for chosen in filters or [{}]:
            apps = self._list("/v1/apps", fields | chosen, parse, odd)
            found |= {app.id: app for app in apps}
        return list(found.values())

    def list_report_requests(self, app_id: str, *, odd: Odd = refuse) -> list[ReportRequest]:
        """`GET /v1/apps/{id}/analyticsReportRequests`"""
        path = _path("/v1/apps/{}/analyticsReportRequests", app_id)
        parse = partial(ReportRequest.from_api, app_id=app_id)
        return self._list(path, _FIELDS_REQUESTS, parse, odd)

    def read_report_request(self, report_request_id: str, *, app_id: str) -> ReportRequest:
        """`GET /v1/analyticsReportRequests/{id}`. Apple does not say which app it is for."""
        path = _path("/v1/analyticsReportRequests/{}", report_request_id)
        return ReportRequest.from_api(self._read(path, _FIELDS_REQUESTS), app_id=app_id)

    def create_report_request(self, app_id: str, access_type: AccessType) -> ReportRequest:
        """`POST /v1/analyticsReportRequests`. Needs a key of the role Admin."""
        path = "/v1/analyticsReportRequests"
        app = {"data": {"type": "apps", "id": app_id}}
        data = {
            "type": "analyticsReportRequests",
            "attributes": {"accessType": access_type.value},
            "relationships": {"app": app},
        }
        document = self._ask("POST", self._url(path), body={"data": data})
        return ReportRequest.from_api(data_of(document, dict, path), app_id=app_id)

    def delete_report_request(self, report_request_id: str) -> None:
        """`DELETE /v1/analyticsReportRequests/{id}`. Needs a key of the role Admin."""
        self._ask("DELETE", self._url(_path("/v1/analyticsReportRequests/{}", report_request_id)))

    def list_reports(self, report_request_id: str, *, odd: Odd = refuse) -> list[Report]:
        """`GET /v1/analyticsReportRequests/{id}/reports`"""
        path = _path("/v1/analyticsReportRequests/{}/reports", report_request_id)
        parse = partial(Report.from_api, report_request_id=report_request_id, odd=odd)
        return self._list(path, {"fields[analyticsReports]": "name,category"}, parse, odd)

    def list_instances(
        self, report_id: str, granularities: Iterable[Granularity] = (), *, odd: Odd = refuse
    ) -> list[ReportInstance]:
        """`GET /v1/analyticsReports/{id}/instances`, in no order that Apple promises."""
        chosen = ",".join(granularities)
        filters = {"filter[granularity]": chosen} if chosen else {}
        path = _path("/v1/analyticsReports/{}/instances", report_id)
        parse = partial(ReportInstance.from_api, report_id=report_id)
        return self._list(path, _FIELDS_INSTANCES | filters, parse, odd)

    def read_instance(self, instance_id: str) -> ReportInstance:
        """`GET /v1/analyticsReportInstances/{id}`. Apple does not say which report it is of."""
        item = self._read(_path("/v1/analyticsReportInstances/{}", instance_id), _FIELDS_INSTANCES)
        return ReportInstance.from_api(item, report_id="")

    def list_segments(self, instance_id: str) -> list[ReportSegment]:
        """`GET /v1/analyticsReportInstances/{id}/segments`. The URLs live for five minutes.

        An odd one is refused with all others: an instance is loaded whole or not at all.
        """
        path = _path("/v1/analyticsReportInstances/{}/segments", instance_id)
        return self._list(path, _FIELDS_SEGMENTS, ReportSegment.from_api, refuse)

    def read_segment(self, segment_id: str) -> ReportSegment:
        """`GET /v1/analyticsReportSegments/{id}`: the same segment with a fresh URL."""
        path = _path("/v1/analyticsReportSegments/{}", segment_id)
        return ReportSegment.from_api(self._read(path, _FIELDS_SEGMENTS))

    def _url(self, path: str) -> str:
        return self._credentials.base_url + path

    def _read(self, path: str, params: Params) -> Document:
        return data_of(self._ask("GET", self._url(path), params), dict, path)

    def _list(
        self, path: str, params: Params, parse: Callable[[Any], Item], odd: Odd
    ) -> list[Item]:
        items: dict[str, Item] = {}
        url: str | None = self._url(path)
        asked: set[str] = set()
        pending: Params | None = {**params, "limit": PAGE_LIMIT}  # links.next has its own
        while url:
            asked.add(url)
            document = self._ask("GET", url, pending)
            page = items_by_id(data_of(document, list, path), parse, odd)
            is_repeated = bool(page) and page.keys() <= items.keys()
            items |= page
            url, pending = next_link(document, url, origin=self._credentials.origin), None
            if url and (is_repeated or url in asked or len(asked) == MAX_PAGES):
                raise MalformedResponseError(path, "its pages never end")
        return list(items.values())

    def _ask(
        self, method: str, url: str, params: Params | None = None, body: Document | None = None
    ) -> Document:
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
            self.budget.sleep(seconds)
        else:
            self.budget.pause(seconds)

    def _is_over(self, state: RetryCallState) -> bool:
        """After all tries, one where Apple is down, or when Apple wants the next one later than can
        be waited for.
        """
        if state.attempt_number >= TRIES or self._unavailable > MAX_UNAVAILABLE:
            return True
        seconds = state.upcoming_sleep
        return seconds > LONGEST_BACKOFF_SECONDS and not self.budget.may_pause(seconds)

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        status, retry_after = getattr(error, "status", None), getattr(error, "retry_after", None)
        pause = self._backoff(state)
        if status == TOO_MANY_REQUESTS:
            pause = self._refused_pause
        elif retry_after is not None:
            pause = retry_after
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
            elif response.status_code != TOO_MANY_REQUESTS or not self.budget.is_exhausted():
                return document_of(response, body)

    def _send(
        self, method: str, url: str, params: Params | None, document: Document | None
    ) -> tuple[requests.Response, bytes]:
        turn = self.budget.wait_for_turn()
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
            self.budget.note(turn, None)
            if isinstance(error, BrokenTransferError):
                raise TransientError(str(error)) from None
            raise
        self.budget.note(
            turn,
            response.headers.get("X-Rate-Limit", ""),
            is_refused=response.status_code == TOO_MANY_REQUESTS,
            retry_after=retry_after_of(response),
        )
        return response, body


def _path(template: str, resource_id: str) -> str:
    return template.format(quote(resource_id, safe=""))
