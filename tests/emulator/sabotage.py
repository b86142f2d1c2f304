"""Faults applied to the answers of the API, and to those of the store."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

from asc_pipeline.emulator.server import wire
from asc_pipeline.emulator.server.budget import rate_limited
from asc_pipeline.emulator.server.documents import Refused, forbidden, no_resource
from asc_pipeline.emulator.server.signing import StoreRefused
from asc_pipeline.emulator.server.store import refusal
from asc_pipeline.emulator.server.tokens import unauthorized
from asc_pipeline.emulator.server.wire import Request
from tests.emulator.faults import Fault
from tests.emulator.wire import Answer, Delivery, spoilt

_HTML = "text/html; charset=utf-8"
_GATEWAY_PAGE = b"<html><head><title>%b</title></head><body><h1>%b</h1></body></html>"
_NOT_ALLOWED = "The API key in use does not allow this request"

UNDESCRIBED = frozenset({"500", "502", "503", "html", "truncated", "reset", "lost", "redirect"})
"""Faults whose answers are on purpose not as Apple describes them."""

_STORE_REFUSALS = {
    "500": StoreRefused(500, "InternalError", "We encountered an internal error. Try again."),
    "503": StoreRefused(503, "SlowDown", "Please reduce your request rate."),
    "expired": StoreRefused(403, "AccessDenied", "Request has expired"),
    "forbidden": StoreRefused(403, "AccessDenied", "Access Denied"),
    "not_found": StoreRefused(404, "NoSuchKey", "The specified key does not exist."),
}


def of_api(
    fault: Fault, request: Request, elsewhere: str, good: Callable[[], wire.Answer]
) -> Answer:
    """The faulty answer, made with or without the good one. `elsewhere` is a foreign origin."""
    if refused := _refusal(fault, request):
        return spoilt(refused.answer(), fault.kind)
    match fault.kind:
        case "502" | "503":
            return Answer(int(fault.kind), _page("Service Unavailable"), _HTML, fault=fault.kind)
        case "html":
            return Answer(200, _page("Maintenance"), _HTML, fault=fault.kind)
        case "reset":
            return Answer(200, delivery=Delivery.RESET_BEFORE, fault=fault.kind)
        case "lost":
            good()
            return Answer(200, delivery=Delivery.RESET_BEFORE, fault=fault.kind)
        case "redirect":
            location = ("Location", f"{elsewhere}{request.target}")
            return Answer(302, content_type=None, headers=(location,), fault=fault.kind)
    answer = spoilt(good(), fault.kind)
    if fault.kind == "slow" or not answer.body:
        return answer
    return dataclasses.replace(answer, body=_misleading(fault, request, elsewhere, answer.body))


def of_store(fault: Fault, good: Callable[[], wire.Answer], other: Callable[[], bytes]) -> Answer:
    """The faulty answer. `other` gives the content of another segment."""
    if refused := _STORE_REFUSALS.get(fault.kind):
        return spoilt(refusal(refused), fault.kind)
    answer = spoilt(good(), fault.kind)
    if answer.status != 200:
        return answer
    body, delivery = answer.body, answer.delivery
    match fault.kind:
        case "cut":
            delivery = Delivery.CUT
        case "cut_chunked":
            body, delivery = body[: len(body) // 2], Delivery.CHUNKED
        case "reset":
            delivery = Delivery.RESET_MIDWAY
        case "flip":
            body = _flipped(body)
        case "empty":
            body = b""
        case "other_segment":
            body = other()
    return dataclasses.replace(answer, body=body, delivery=delivery)


def _refusal(fault: Fault, request: Request) -> Refused | None:
    match fault.kind:
        case "500":
            title = "An unexpected error occurred."
            return Refused(500, "UNEXPECTED_ERROR", title, "Try again")
        case "unauthorized":
            return unauthorized()
        case "forbidden":
            return forbidden(fault.code, _NOT_ALLOWED)
        case "not_found":
            kind, resource_id = (*request.path.split("/")[2:4], "")[:2]
            return no_resource(kind, resource_id)
        case "rate_limited":
            wait = fault.retry_after
            seconds = [] if wait is None else [("Retry-After", str(round(wait.total_seconds())))]
            return rate_limited(*seconds)
    return None


def _misleading(fault: Fault, request: Request, elsewhere: str, body: bytes) -> bytes:
    if fault.kind == "truncated":
        return body[: len(body) // 2]
    document = json.loads(body)
    links = document.setdefault("links", {})
    match fault.kind:
        case "empty":
            document["data"] = []
            links.pop("next", None)
        case "foreign_next":
            links["next"] = f"{elsewhere}{request.target}"
        case "loop":
            links["next"] = links.get("self")
        case "malformed":
            document["data"] = _without_attributes(document.get("data", []))
    return json.dumps(document).encode()


def _without_attributes(data: Any) -> Any:
    if isinstance(data, list):
        return [_without_attributes(item) for item in data]
    return {name: value for name, value in data.items() if name != "attributes"}


def _flipped(body: bytes) -> bytes:
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 0x10]) + body[middle + 1 :]


def _page(title: str) -> bytes:
    return _GATEWAY_PAGE % (title.encode(), title.encode())
