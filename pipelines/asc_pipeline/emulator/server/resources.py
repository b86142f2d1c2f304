"""The world's entities as Apple's resources, and Apple's rules for creating report requests."""

import json
from collections.abc import Callable
from datetime import date, timedelta

from app_store_connect.entities import AccessType, App
from asc_pipeline.emulator.server.documents import Refused, Resource
from asc_pipeline.emulator.world.entities import (
    WorldInstance,
    WorldReport,
    WorldRequest,
    WorldSegment,
)
from asc_pipeline.emulator.world.world import World

SNAPSHOT_INTERVAL = timedelta(days=31)


def app_resource(app: App) -> Resource:
    names = {"name": app.name, "bundleId": app.bundle_id, "sku": app.sku}
    return Resource("apps", app.id, {**names, "primaryLocale": app.primary_locale})


def request_resource(request: WorldRequest) -> Resource:
    attributes = {
        "accessType": str(request.access_type),
        "stoppedDueToInactivity": request.is_stopped,
    }
    return Resource("analyticsReportRequests", request.id, attributes)


def report_resource(report: WorldReport) -> Resource:
    attributes = {"name": report.name, "category": report.category}
    return Resource("analyticsReports", report.id, attributes)


def instance_resource(instance: WorldInstance) -> Resource:
    attributes = {
        "granularity": str(instance.granularity),
        "processingDate": instance.processing_date.isoformat(),
    }
    return Resource("analyticsReportInstances", instance.id, attributes)


def segment_resource(segment: WorldSegment, sign: Callable[[str], str]) -> Resource:
    attributes = {
        "checksum": segment.checksum,
        "sizeInBytes": segment.size_in_bytes,
        "url": sign(segment.path),
    }
    return Resource("analyticsReportSegments", segment.id, attributes)


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
    world.add_all_reports(request)
    return request


def _blocks(request: WorldRequest, access_type: AccessType, today: date) -> bool:
    """Whether the app cannot have a new request beside this one.

    A deleted snapshot still blocks the next one for a month.
    """
    if request.access_type != access_type:
        return False
    if not request.is_deleted:
        return True
    is_snapshot = access_type is AccessType.ONE_TIME_SNAPSHOT
    return is_snapshot and (request.created or today) > today - SNAPSHOT_INTERVAL


def _ordered(body: bytes) -> tuple[str, AccessType]:
    """The app and access type that a request body orders."""
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
