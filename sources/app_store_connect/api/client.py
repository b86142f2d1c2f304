"""The endpoints of App Store Connect that lead to segments, over HTTP, as Apple's nouns.

Paths, parameters and statuses: Apple's OpenAPI description 4.4.1. Every list is read to its last
page or raises: a failed page is never a shorter list. Of an item that is not as described `odd` is
told; by default it is raised.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from urllib.parse import quote

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
from ..errors import MalformedResponseError
from .auth import TokenAuth
from .budget import RequestBudget
from .credentials import Credentials
from .requester import Params, Requester
from .responses import Document, Item, data_of, items_by_id, next_link

PAGE_LIMIT = "200"
MAX_PAGES = 500
IDS_PER_FILTER = 100
"""Apps in the filter of one request, so that its URL stays well under servers' limits."""

_FIELDS_REQUESTS = {"fields[analyticsReportRequests]": "accessType,stoppedDueToInactivity"}
_FIELDS_INSTANCES = {"fields[analyticsReportInstances]": "granularity,processingDate"}
_FIELDS_SEGMENTS = {"fields[analyticsReportSegments]": "checksum,sizeInBytes,url"}


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
        self._requester = Requester(
            credentials,
            self.budget,
            auth or TokenAuth(credentials),
            backoff_seconds=backoff_seconds,
            timeout_seconds=timeout_seconds,
        )

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
        document = self._requester.ask("POST", self._url(path), body={"data": data})
        return ReportRequest.from_api(data_of(document, dict, path), app_id=app_id)

    def delete_report_request(self, report_request_id: str) -> None:
        """`DELETE /v1/analyticsReportRequests/{id}`. Needs a key of the role Admin."""
        self._requester.ask(
            "DELETE", self._url(_path("/v1/analyticsReportRequests/{}", report_request_id))
        )

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
        return data_of(self._requester.ask("GET", self._url(path), params), dict, path)

    def _list(
        self, path: str, params: Params, parse: Callable[[Any], Item], odd: Odd
    ) -> list[Item]:
        items: dict[str, Item] = {}
        url: str | None = self._url(path)
        asked: set[str] = set()
        pending: Params | None = {**params, "limit": PAGE_LIMIT}  # links.next has its own
        while url:
            asked.add(url)
            document = self._requester.ask("GET", url, pending)
            page = items_by_id(data_of(document, list, path), parse, odd)
            is_repeated = bool(page) and page.keys() <= items.keys()
            items |= page
            url, pending = next_link(document, url, origin=self._credentials.origin), None
            if url and (is_repeated or url in asked or len(asked) == MAX_PAGES):
                raise MalformedResponseError(path, "its pages never end")
        return list(items.values())


def _path(template: str, resource_id: str) -> str:
    return template.format(quote(resource_id, safe=""))
