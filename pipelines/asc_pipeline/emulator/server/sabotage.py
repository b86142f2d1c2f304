"""Applies the faults of the API to its answers."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from asc_pipeline.emulator.server.api import forbidden
from asc_pipeline.emulator.server.budget import rate_limited
from asc_pipeline.emulator.server.documents import Refused, no_resource
from asc_pipeline.emulator.server.faults import Fault
from asc_pipeline.emulator.server.tokens import unauthorized
from asc_pipeline.emulator.server.wire import Answer, Delivery, Request

_HTML = "text/html; charset=utf-8"
_GATEWAY_PAGE = b"<html><head><title>%b</title></head><body><h1>%b</h1></body></html>"

UNDESCRIBED = frozenset({"500", "502", "503", "html", "truncated", "reset", "lost", "redirect"})
"""Faults whose answers are on purpose not as Apple describes them."""


@dataclass(frozen=True, slots=True)
class Saboteur:
    """Turns a good answer, or the making of one, into the faulty one."""

    elsewhere: str
    pause: Callable[[float], None]

    def answer(self, fault: Fault, request: Request, good: Callable[[], Answer]) -> Answer:
        """The spoilt answer; refusals are raised as Apple's own are."""
        if refusal := _refusal(fault, request):
            raise refusal
        match fault.kind:
            case "500":
                error = Refused(
                    500, "UNEXPECTED_ERROR", "An unexpected error occurred.", "Try again"
                )
                return error.answer()
            case "502" | "503":
                return Answer(int(fault.kind), _page("Service Unavailable"), _HTML)
            case "html":
                return Answer(200, _page("Maintenance"), _HTML)
            case "reset":
                return Answer(200, delivery=Delivery.RESET_BEFORE)
            case "lost":
                good()
                return Answer(200, delivery=Delivery.RESET_BEFORE)
            case "redirect":
                target = f"{self.elsewhere}{request.target}"
                return Answer(302, content_type=None, headers=(("Location", target),))
            case "slow":
                self.pause(fault.delay.total_seconds())
                return good()
        return self._spoilt(fault, request, good())

    def _spoilt(self, fault: Fault, request: Request, good: Answer) -> Answer:
        if not good.body:
            return good
        if fault.kind == "truncated":
            return Answer(good.status, good.body[: len(good.body) // 2])
        document = json.loads(good.body)
        links = document.setdefault("links", {})
        match fault.kind:
            case "empty":
                document["data"] = []
                links.pop("next", None)
            case "foreign_next":
                links["next"] = f"{self.elsewhere}{request.target}"
            case "loop":
                links["next"] = links.get("self")
            case "malformed":
                document["data"] = _without_attributes(document.get("data", []))
        return Answer(good.status, json.dumps(document).encode())


def _refusal(fault: Fault, request: Request) -> Refused | None:
    match fault.kind:
        case "unauthorized":
            return unauthorized()
        case "forbidden":
            return forbidden(fault.code)
        case "not_found":
            kind, resource_id = (*request.path.split("/")[2:4], "")[:2]
            return no_resource(kind, resource_id)
        case "rate_limited":
            return rate_limited(fault.retry_after)
    return None


def _without_attributes(data: Any) -> Any:
    if isinstance(data, list):
        return [_without_attributes(item) for item in data]
    return {name: value for name, value in data.items() if name != "attributes"}


def _page(title: str) -> bytes:
    return _GATEWAY_PAGE % (title.encode(), title.encode())
