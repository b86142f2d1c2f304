"""Apple's answers become values at the border, or an error that says what is missing."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest

from app_store_connect.entities import (
    AccessType,
    App,
    Granularity,
    Report,
    ReportInstance,
    ReportRequest,
    ReportSegment,
)
from app_store_connect.errors import MalformedResponseError

Parse = Callable[[Mapping[str, Any]], object]

SEGMENT = {"checksum": "a" * 32, "sizeInBytes": 156, "url": "https://s3/x.gz?X-Amz-Signature=s3"}
INSTANCE = {"granularity": "DAILY", "processingDate": "2026-11-20"}


def item(**attributes: Any) -> dict[str, Any]:
    return {"type": "things", "id": "1", "attributes": attributes}


def request_from(data: Mapping[str, Any]) -> ReportRequest:
    return ReportRequest.from_api(data, app_id="15")


def report_from(data: Mapping[str, Any]) -> Report:
    return Report.from_api(data, report_request_id="q")


def instance_from(data: Mapping[str, Any]) -> ReportInstance:
    return ReportInstance.from_api(data, report_id="r1-q")


@pytest.mark.parametrize(
    ("parse", "data", "expected"),
    [
        pytest.param(
            App.from_api,
            item(name="Tester", bundleId="com.example", sku="T", primaryLocale="en-US"),
            App("1", "Tester", "com.example", "T", "en-US"),
            id="app",
        ),
        pytest.param(App.from_api, {"id": "1"}, App("1", None, None, None, None), id="bare app"),
        pytest.param(
            request_from,
            item(accessType="ONGOING", stoppedDueToInactivity=True),
            ReportRequest("1", "15", AccessType.ONGOING, True),
            id="stopped request",
        ),
        pytest.param(
            request_from,
            item(accessType="ONE_TIME_SNAPSHOT"),
            ReportRequest("1", "15", AccessType.ONE_TIME_SNAPSHOT, False),
            id="request",
        ),
        pytest.param(
            report_from,
            item(name="App Crashes", category="APP_USAGE"),
            Report("1", "q", "App Crashes", "APP_USAGE"),
            id="report",
        ),
        pytest.param(
            instance_from,
            item(**INSTANCE),
            ReportInstance("1", "r1-q", Granularity.DAILY, date(2026, 11, 20)),
            id="instance",
        ),
        pytest.param(
            ReportSegment.from_api,
            item(**SEGMENT),
            ReportSegment("1", "a" * 32, 156, "https://s3/x.gz?X-Amz-Signature=s3"),
            id="segment",
        ),
    ],
)
def test_items_are_parsed(parse: Parse, data: Mapping[str, Any], expected: object) -> None:
    """What Apple describes is read, and what may be absent is None."""
    assert parse(data) == expected


@pytest.mark.parametrize(
    ("parse", "data", "problem"),
    [
        pytest.param(App.from_api, {"attributes": {}}, "id is missing", id="no id"),
        pytest.param(App.from_api, {"id": 5}, "id is missing", id="id not text"),
        pytest.param(App.from_api, [], "not an object", id="item not an object"),
        pytest.param(
            App.from_api, {"id": "1", "attributes": "x"}, "not an object", id="attributes are text"
        ),
        pytest.param(request_from, item(), "accessType", id="no access type"),
        pytest.param(request_from, item(accessType="DAILY"), "accessType", id="odd access type"),
        pytest.param(report_from, item(name=""), "name is missing", id="empty report name"),
        pytest.param(
            instance_from, item(**INSTANCE | {"granularity": None}), "granularity", id="granularity"
        ),
        pytest.param(
            instance_from,
            item(**INSTANCE | {"processingDate": "20 Nov"}),
            "processingDate",
            id="processing date",
        ),
        *(
            pytest.param(
                ReportSegment.from_api,
                item(**SEGMENT | {"sizeInBytes": size}),
                "sizeInBytes",
                id=f"size {size}",
            )
            for size in (None, "156", 1.5, True, -1)
        ),
        pytest.param(
            ReportSegment.from_api, item(**SEGMENT | {"url": None}), "url is missing", id="no url"
        ),
        pytest.param(
            ReportSegment.from_api, item(**SEGMENT | {"checksum": ""}), "checksum", id="no checksum"
        ),
    ],
)
def test_what_is_needed_is_required(parse: Parse, data: Mapping[str, Any], problem: str) -> None:
    """An answer that lacks what the loader needs is an error that names it, not a default."""
    with pytest.raises(MalformedResponseError, match=problem):
        parse(data)


def test_a_segment_does_not_show_its_signature() -> None:
    """Neither the repr of a segment nor its path has the signed query."""
    segment = ReportSegment.from_api(item(**SEGMENT))

    assert segment.path == "/x.gz"
    assert "Signature" not in repr(segment)
