"""The world's entities as Apple's resources, and Apple's rules for creating requests."""

import json
from collections.abc import Callable
from datetime import date, timedelta

from app_store_connect.entities import AccessType, App
from asc_pipeline.emulator.server.documents import Refused, Resource, no_resource
from asc_pipeline.emulator.world.entities import (
    WorldInstance,
    WorldReport,
    WorldRequest,
    WorldSegment,
)
from asc_pipeline.emulator.world.report_names import REPORT_NAMES
from asc_pipeline.emulator.world.world import World

SNAPSHOT_INTERVAL = timedelta(days=31)


def app_resource(app: App) -> Resource:
    attributes = {
        "name": app.name,
        "bundleId": app.bundle_id,
        "sku": app.sku,
        "primaryLocale": app.primary_locale,
    }
    return Resource("apps", app.id, attributes, ("analyticsReportRequests",))


def request_resource(request: WorldRequest) -> Resource:
    attributes = {
        "accessType": str(request.access_type),
        "stoppedDueToInactivity": request.is_stopped,
    }
    return Resource("analyticsReportRequests", request.id, attributes, ("reports",))


def report_resource(report: WorldReport) -> Resource:
    attributes = {"name": report.name, "category": report.category}
    return Resource("analyticsReports", report.id, attributes, ("instances",))


def instance_resource(instance: WorldInstance) -> Resource:
    attributes = {
        "granularity": str(instance.granularity),
        "processingDate": instance.processing_date.isoformat(),
    }
    return Resource("analyticsReportInstances", instance.id, attributes, ("segments",))


def segment_resource(segment: WorldSegment, sign: Callable[[str], str]) -> Resource:
    attributes = {
        "checksum": segment.checksum,
        "sizeInBytes": segment.size_in_bytes,
        "url": sign(segment.path),
    }
    return Resource("analyticsReportSegments", segment.id, attributes)


class Shelf:
    """Finds a resource; refuses with 404 one that does not exist, or no longer."""

    def __init__(self, world: World) -> None:
        self.world = world

    def app(self, app_id: str) -> App:
        if app_id not in self.world.apps:
            raise no_resource("apps", app_id)
        return self.world.apps[app_id]

    def request(self, request_id: str) -> WorldRequest:
        for request in self.world.requests:
            if request.id == request_id and not request.is_deleted:
                return request
        raise no_resource("analyticsReportRequests", request_id)

    def report(self, report_id: str) -> WorldReport:
        report = self.world.reports.get(report_id)
        if report is None or report.request.is_deleted:
            raise no_resource("analyticsReports", report_id)
        return report

    def instance(self, instance_id: str) -> WorldInstance:
        instance = self.world.instances.get(instance_id)
        if instance is None or not instance.is_reachable:
            raise no_resource("analyticsReportInstances", instance_id)
        return instance

    def segment(self, segment_id: str) -> WorldSegment:
        segment = self.world.segments.get(segment_id)
        if segment is None or not segment.instance.is_reachable:
            raise no_resource("analyticsReportSegments", segment_id)
        return segment


def create_request(world: World, body: bytes, today: date) -> WorldRequest:
    """A new request with all reports, empty as yet; 409 where Apple would not make it."""
    app_id, access_type = _ordered(body)
    if app_id not in world.apps:
        raise Refused(
            409,
            "ENTITY_ERROR.RELATIONSHIP.INVALID",
            "The provided entity includes a relationship with an invalid value",
            f"There is no resource of type 'apps' with id '{app_id}'",
        )
    if any(_blocks(r, access_type, today) for r in world.requests if r.app_id == app_id):
        raise Refused(
            409,
            "STATE_ERROR",
            "The request cannot be fulfilled because of the state of another resource.",
            "You already have such an entity",
        )
    request = world.add_request(app_id, access_type, created=today)
    for name, category in REPORT_NAMES:
        world.add_report(request, name, category)
    return request


def _blocks(request: WorldRequest, access_type: AccessType, today: date) -> bool:
    if request.access_type != access_type:
        return False
    if not request.is_deleted:
        return True
    is_snapshot = access_type is AccessType.ONE_TIME_SNAPSHOT
    return is_snapshot and (request.created or today) > today - SNAPSHOT_INTERVAL


def _ordered(body: bytes) -> tuple[str, AccessType]:
    """Which app and access type a request body orders."""
    try:
        data = json.loads(body)["data"]
        app = data["relationships"]["app"]["data"]
        if data["type"] != "analyticsReportRequests" or app["type"] != "apps":
            raise ValueError
        return str(app["id"]), AccessType(data["attributes"]["accessType"])
    except (ValueError, KeyError, TypeError):
        raise Refused(
            400,
            "ENTITY_INVALID",
            "JSON processing failed",
            "The request entity is not a valid analyticsReportRequests document",
        ) from None
