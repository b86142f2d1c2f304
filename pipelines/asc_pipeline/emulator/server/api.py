"""Apple's analytics endpoints over a world."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import unquote, urlsplit

from asc_pipeline.emulator.server.documents import (
    Document,
    Page,
    Refused,
    Resource,
    json_answer,
    page_links,
    page_meta,
    page_of,
)
from asc_pipeline.emulator.server.queries import PARAMETERS, Query
from asc_pipeline.emulator.server.resources import (
    Shelf,
    app_resource,
    create_request,
    instance_resource,
    report_resource,
    request_resource,
    segment_resource,
)
from asc_pipeline.emulator.server.wire import Answer, Request
from asc_pipeline.emulator.world.world import World

_INCLUDED_REPORTS = 10


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The context of the endpoints: addresses, signatures, the day, rights."""

    origin: str
    sign: Callable[[str], str]
    today: Callable[[], date]
    may_write: bool
    has_relative_links: bool


@dataclass(frozen=True, slots=True)
class _Call:
    request: Request
    id: str
    query: Query


_Endpoint = Callable[["Api", _Call], Answer]


class Api:
    """Answers requests that are already known to carry a good token."""

    def __init__(self, world: World, surroundings: Surroundings) -> None:
        self._world = world
        self._around = surroundings
        self._shelf = Shelf(world)

    def answer(self, request: Request) -> Answer:
        """Apple's answer; raises `Refused` for all that Apple refuses."""
        template, resource_id = _matched(request.target)
        endpoint = _ENDPOINTS.get((request.method, template))
        if endpoint is None:
            raise _not_allowed(request)
        call = _Call(request, resource_id, Query(request.query, PARAMETERS[template]))
        with self._world.lock:
            return endpoint(self, call)

    def list_apps(self, call: _Call) -> Answer:
        resources = [app_resource(app) for app in self._world.apps.values()]
        found = [
            r
            for r in resources
            if call.query.selects(
                id=r.id, **{name: r.attributes[name] for name in ("name", "bundleId", "sku")}
            )
        ]
        order = call.query.given.get("sort", "")
        if order:
            by = order.lstrip("-")
            found.sort(key=lambda r: r.attributes[by] or "", reverse=order.startswith("-"))
        return self._page(call, found)

    def read_app(self, call: _Call) -> Answer:
        return self._one(call, app_resource(self._shelf.app(call.id)))

    def list_requests(self, call: _Call) -> Answer:
        self._shelf.app(call.id)
        found = [
            request_resource(request)
            for request in self._world.requests_of(call.id)
            if call.query.selects(accessType=request.access_type)
        ]
        return self._page(call, found)

    def read_request(self, call: _Call) -> Answer:
        return self._one(call, request_resource(self._shelf.request(call.id)))

    def create_request(self, call: _Call) -> Answer:
        self._check_role()
        request = create_request(self._world, call.request.body, self._around.today())
        return self._one(call, request_resource(request), status=201)

    def delete_request(self, call: _Call) -> Answer:
        self._check_role()
        self._world.delete_request(self._shelf.request(call.id))
        return Answer(204, content_type=None)

    def list_reports(self, call: _Call) -> Answer:
        found = [
            report_resource(report)
            for report in self._shelf.request(call.id).reports
            if call.query.selects(name=report.name, category=report.category)
        ]
        return self._page(call, found)

    def read_report(self, call: _Call) -> Answer:
        return self._one(call, report_resource(self._shelf.report(call.id)))

    def list_instances(self, call: _Call) -> Answer:
        """In the order of their ids: Apple documents no order, so none may be relied on."""
        found = [
            instance_resource(i)
            for i in sorted(self._shelf.report(call.id).instances, key=lambda i: i.id)
            if i.is_listed
            and call.query.selects(granularity=i.granularity, processingDate=i.processing_date)
        ]
        return self._page(call, found)

    def read_instance(self, call: _Call) -> Answer:
        return self._one(call, instance_resource(self._shelf.instance(call.id)))

    def list_segments(self, call: _Call) -> Answer:
        segments = self._shelf.instance(call.id).segments
        return self._page(call, [segment_resource(s, self._around.sign) for s in segments])

    def read_segment(self, call: _Call) -> Answer:
        segment = self._shelf.segment(call.id)
        return self._one(call, segment_resource(segment, self._around.sign))

    def _check_role(self) -> None:
        if not self._around.may_write:
            raise forbidden("FORBIDDEN_ERROR")

    def _one(self, call: _Call, resource: Resource, *, status: int = 200) -> Answer:
        data = self._rendered(call, resource)
        own = {"self": f"{self._around.origin}/v1/{resource.kind}/{resource.id}"}
        document: Document = {"data": data, **self._included(call, [resource], [data])}
        return json_answer(status, {**document, "links": own})

    def _page(self, call: _Call, resources: list[Resource]) -> Answer:
        page = page_of(resources, call.query.limit, call.query.cursor)
        if "/relationships/" in call.request.path:
            return self._paged(call, page, {"data": [r.linkage() for r in page.items]})
        data = [self._rendered(call, resource) for resource in page.items]
        return self._paged(call, page, {"data": data, **self._included(call, page.items, data)})

    def _paged(self, call: _Call, page: Page, document: Document) -> Answer:
        prefix = "" if self._around.has_relative_links else self._around.origin
        links = page_links(page, prefix, call.request.path, call.query.given)
        return json_answer(200, {**document, "links": links, "meta": page_meta(page)})

    def _rendered(self, call: _Call, resource: Resource) -> Document:
        return resource.render(self._around.origin, call.query.fields(resource.kind))

    def _included(
        self, call: _Call, resources: Iterable[Resource], data: list[Document]
    ) -> Document:
        """With `include=reports`, the first reports of each request, named in it and added."""
        if "include" not in call.query.given:
            return {}
        limit = int(call.query.given.get("limit[reports]", _INCLUDED_REPORTS))
        included: list[Document] = []
        for resource, rendered in zip(resources, data, strict=True):
            reports = [report_resource(r) for r in self._shelf.request(resource.id).reports]
            relation = rendered.get("relationships", {}).get("reports")
            if relation is None:
                continue
            relation["data"] = [report.linkage() for report in reports[:limit]]
            relation["meta"] = {"paging": {"total": len(reports), "limit": limit}}
            included += [self._rendered(call, report) for report in reports[:limit]]
        return {"included": included}


_ENDPOINTS: Mapping[tuple[str, str], _Endpoint] = {
    ("GET", "/v1/apps"): Api.list_apps,
    ("GET", "/v1/apps/{id}"): Api.read_app,
    ("GET", "/v1/apps/{id}/analyticsReportRequests"): Api.list_requests,
    ("GET", "/v1/apps/{id}/relationships/analyticsReportRequests"): Api.list_requests,
    ("POST", "/v1/analyticsReportRequests"): Api.create_request,
    ("GET", "/v1/analyticsReportRequests/{id}"): Api.read_request,
    ("DELETE", "/v1/analyticsReportRequests/{id}"): Api.delete_request,
    ("GET", "/v1/analyticsReportRequests/{id}/reports"): Api.list_reports,
    ("GET", "/v1/analyticsReportRequests/{id}/relationships/reports"): Api.list_reports,
    ("GET", "/v1/analyticsReports/{id}"): Api.read_report,
    ("GET", "/v1/analyticsReports/{id}/instances"): Api.list_instances,
    ("GET", "/v1/analyticsReports/{id}/relationships/instances"): Api.list_instances,
    ("GET", "/v1/analyticsReportInstances/{id}"): Api.read_instance,
    ("GET", "/v1/analyticsReportInstances/{id}/segments"): Api.list_segments,
    ("GET", "/v1/analyticsReportInstances/{id}/relationships/segments"): Api.list_segments,
    ("GET", "/v1/analyticsReportSegments/{id}"): Api.read_segment,
}
_PATTERNS = {
    template: re.compile(re.escape(template).replace(r"\{id\}", "([^/]+)"))
    for template in PARAMETERS
}


def forbidden(code: str) -> Refused:
    detail = "The API key in use does not allow this request"
    return Refused(403, code, "This request is forbidden for security reasons", detail)


def _matched(target: str) -> tuple[str, str]:
    """The endpoint's template, and the id in the path (empty if the template has none)."""
    path = urlsplit(target).path
    for template, pattern in _PATTERNS.items():
        if match := pattern.fullmatch(path):
            return template, unquote("".join(match.groups()))
    detail = "The path provided does not match a defined resource type."
    raise Refused(404, "NOT_FOUND", "The specified resource does not exist", detail)


def _not_allowed(request: Request) -> Refused:
    detail = f"The resource does not allow '{request.method}'"
    return Refused(403, "FORBIDDEN_ERROR", "The given operation is not allowed", detail)
