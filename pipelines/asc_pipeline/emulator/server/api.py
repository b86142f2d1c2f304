"""Apple's analytics endpoints over a world."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import unquote, urlsplit

from asc_pipeline.emulator.server.documents import (
    Refused,
    Resource,
    forbidden,
    json_answer,
    no_resource,
    page_of,
    paging,
)
from asc_pipeline.emulator.server.queries import PARAMETERS, Query
from asc_pipeline.emulator.server.resources import (
    app_resource,
    create_request,
    instance_resource,
    report_resource,
    request_resource,
    segment_resource,
)
from asc_pipeline.emulator.server.wire import Answer, Request
from asc_pipeline.emulator.world.entities import WorldInstance, WorldRequest
from asc_pipeline.emulator.world.world import World


@dataclass(frozen=True, slots=True)
class _Call:
    request: Request
    id: str
    query: Query


@dataclass(frozen=True, slots=True)
class Api:
    """Answers requests that are already known to carry a good token.

    `origin` is the address of the API; `sign` turns the path of a file into a signed URL.
    """

    world: World
    origin: str
    sign: Callable[[str], str]
    today: Callable[[], date]

    def answer(self, request: Request) -> Answer:
        """Apple's answer; raises `Refused` for all that Apple refuses."""
        template, resource_id = _matched(request.target)
        endpoint = ENDPOINTS.get((request.method, template))
        if endpoint is None:
            detail = f"The resource does not allow '{request.method}'"
            raise forbidden("FORBIDDEN_ERROR", detail)
        call = _Call(request, resource_id, Query(request.query, PARAMETERS[template]))
        with self.world.lock:
            return endpoint(self, call)

    def list_apps(self, call: _Call) -> Answer:
        found = [
            app_resource(app)
            for app in self.world.apps.values()
            if call.query.selects(id=app.id, bundleId=app.bundle_id)
        ]
        return self._page(call, found)

    def list_requests(self, call: _Call) -> Answer:
        if call.id not in self.world.apps:
            raise no_resource("apps", call.id)
        return self._page(call, [request_resource(r) for r in self.world.requests_of(call.id)])

    def read_request(self, call: _Call) -> Answer:
        return self._one(call, request_resource(self._request(call.id)))

    def create_request(self, call: _Call) -> Answer:
        request = create_request(self.world, call.request.body, self.today())
        return self._one(call, request_resource(request), status=201)

    def delete_request(self, call: _Call) -> Answer:
        self.world.delete_request(self._request(call.id))
        return Answer(204, content_type=None)

    def list_reports(self, call: _Call) -> Answer:
        return self._page(call, [report_resource(r) for r in self._request(call.id).reports])

    def list_instances(self, call: _Call) -> Answer:
        """In the order of their ids: Apple documents no order, so none may be relied on."""
        report = self.world.reports.get(call.id)
        if report is None or report.request.is_deleted:
            raise no_resource("analyticsReports", call.id)
        found = [
            instance_resource(i)
            for i in sorted(report.instances, key=lambda i: i.id)
            if i.is_listed and call.query.selects(granularity=i.granularity)
        ]
        return self._page(call, found)

    def read_instance(self, call: _Call) -> Answer:
        return self._one(call, instance_resource(self._instance(call.id)))

    def list_segments(self, call: _Call) -> Answer:
        segments = self._instance(call.id).segments
        return self._page(call, [segment_resource(s, self.sign) for s in segments])

    def read_segment(self, call: _Call) -> Answer:
        segment = self.world.segments.get(call.id)
        if segment is None or not segment.instance.is_reachable:
            raise no_resource("analyticsReportSegments", call.id)
        return self._one(call, segment_resource(segment, self.sign))

    def _request(self, request_id: str) -> WorldRequest:
        for request in self.world.requests:
            if request.id == request_id and not request.is_deleted:
                return request
        raise no_resource("analyticsReportRequests", request_id)

    def _instance(self, instance_id: str) -> WorldInstance:
        instance = self.world.instances.get(instance_id)
        if instance is None or not instance.is_reachable:
            raise no_resource("analyticsReportInstances", instance_id)
        return instance

    def _one(self, call: _Call, resource: Resource, *, status: int = 200) -> Answer:
        data = resource.render(self.origin, call.query.fields(resource.kind))
        return json_answer(status, {"data": data, "links": data["links"]})

    def _page(self, call: _Call, resources: list[Resource]) -> Answer:
        query, url = call.query, self.origin + call.request.path
        page = page_of(resources, query.limit, query.cursor)
        data = [each.render(self.origin, query.fields(each.kind)) for each in page]
        told = paging(url, query.given, limit=query.limit, total=len(resources))
        return json_answer(200, {"data": data, **told})


ENDPOINTS: Mapping[tuple[str, str], Callable[[Api, _Call], Answer]] = {
    ("GET", "/v1/apps"): Api.list_apps,
    ("GET", "/v1/apps/{id}/analyticsReportRequests"): Api.list_requests,
    ("POST", "/v1/analyticsReportRequests"): Api.create_request,
    ("GET", "/v1/analyticsReportRequests/{id}"): Api.read_request,
    ("DELETE", "/v1/analyticsReportRequests/{id}"): Api.delete_request,
    ("GET", "/v1/analyticsReportRequests/{id}/reports"): Api.list_reports,
    ("GET", "/v1/analyticsReports/{id}/instances"): Api.list_instances,
    ("GET", "/v1/analyticsReportInstances/{id}"): Api.read_instance,
    ("GET", "/v1/analyticsReportInstances/{id}/segments"): Api.list_segments,
    ("GET", "/v1/analyticsReportSegments/{id}"): Api.read_segment,
}
"""Those of Apple's endpoints that the loader asks."""

_PATTERNS = {
    template: re.compile(re.escape(template).replace(r"\{id\}", "([^/]+)"))
    for template in PARAMETERS
}


def _matched(target: str) -> tuple[str, str]:
    """The endpoint's template, and the id in the path (empty if the template has none)."""
    path = urlsplit(target).path
    for template, pattern in _PATTERNS.items():
        if match := pattern.fullmatch(path):
            return template, unquote("".join(match.groups()))
    detail = "The path provided does not match a defined resource type."
    raise Refused(404, "NOT_FOUND", "The specified resource does not exist", detail)
