"""The store behind the signed URLs: gzip files, S3's refusals, and the faults of a network."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from xml.sax.saxutils import escape  # nosec B406 # writes XML, parses none

from asc_pipeline.emulator.server.faults import Fault, Faults
from asc_pipeline.emulator.server.signing import Signer, StoreRefused
from asc_pipeline.emulator.server.wire import Answer, Delivery, Request
from asc_pipeline.emulator.world.entities import WorldSegment
from asc_pipeline.emulator.world.world import World

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_STATUS = {
    "AccessDenied": 403,
    "SignatureDoesNotMatch": 403,
    "InvalidArgument": 400,
    "NoSuchKey": 404,
    "InternalError": 500,
    "SlowDown": 503,
    "InvalidRange": 416,
}
_REFUSING_FAULTS = {
    "500": ("InternalError", "We encountered an internal error. Please try again."),
    "503": ("SlowDown", "Please reduce your request rate."),
    "expired": ("AccessDenied", "Request has expired"),
    "forbidden": ("AccessDenied", "Access Denied"),
    "not_found": ("NoSuchKey", "The specified key does not exist."),
}


@dataclass(frozen=True, slots=True)
class Download:
    """A request that reached the store. `segment_id` is None if the path is not a segment's."""

    segment_id: str | None
    path: str
    status: int
    headers: dict[str, str] = field(repr=False)
    at: datetime
    size_in_bytes: int
    fault: str | None = None


class Store:
    """Serves signed URLs, and nothing else."""

    def __init__(
        self,
        world: World,
        signer: Signer,
        faults: Faults,
        pause: Callable[[float], None],
    ) -> None:
        self._world = world
        self._signer = signer
        self._faults = faults
        self._pause = pause

    def answer(self, request: Request) -> tuple[Answer, WorldSegment | None, Fault | None]:
        """The answer, the segment it is about, and the fault that it suffered."""
        stored = self._world.stored(request.path)
        segment = stored[0] if stored else None
        fault = self._faults.take("store", request.method, request.path)
        try:
            if fault:
                self._refuse(fault)
            self._check(request)
            if stored is None:
                raise StoreRefused("NoSuchKey", "The specified key does not exist.")
            answer = _file(stored[0].content(stored[1]), request.headers.get("Range"))
        except StoreRefused as error:
            return _error(error.code, error.message), segment, fault
        return (self._spoilt(answer, fault, stored[0]) if fault else answer), segment, fault

    def _check(self, request: Request) -> None:
        if "Authorization" in request.headers:
            raise StoreRefused(
                "InvalidArgument",
                "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter,"
                " Signature query string parameter or the Authorization header should be specified",
            )
        self._signer.check(request.method, request.path, request.query)

    def _refuse(self, fault: Fault) -> None:
        if fault.kind == "slow":
            self._pause(fault.delay.total_seconds())
        if refusal := _REFUSING_FAULTS.get(fault.kind):
            raise StoreRefused(*refusal)

    def _spoilt(self, answer: Answer, fault: Fault, segment: WorldSegment) -> Answer:
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
                body = self._other(fault, segment).content()
        return Answer(answer.status, body, answer.content_type, answer.headers, delivery)

    def _other(self, fault: Fault, segment: WorldSegment) -> WorldSegment:
        if fault.segment_id:
            return self._world.segments[fault.segment_id]
        others = (s for s in self._world.segments.values() if s.checksum != segment.checksum)
        return next(others, segment)


def _flipped(body: bytes) -> bytes:
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 0x10]) + body[middle + 1 :]


def _file(content: bytes, wanted: str | None) -> Answer:
    etag = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
    headers = (("ETag", etag), ("Accept-Ranges", "bytes"), ("Server", "AmazonS3"))
    match = _RANGE.fullmatch(wanted or "")
    if match is None or match.group(0) == "bytes=-":
        return Answer(200, content, "application/gzip", headers)
    start, end = _span(match.group(1), match.group(2), len(content))
    if start >= end:
        raise StoreRefused("InvalidRange", "The requested range is not satisfiable")
    told = ("Content-Range", f"bytes {start}-{end - 1}/{len(content)}")
    return Answer(206, content[start:end], "application/gzip", (*headers, told))


def _span(first: str, last: str, size: int) -> tuple[int, int]:
    """The half-open span of bytes that a Range header asks for."""
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size


def _error(code: str, message: str) -> Answer:
    xml = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{escape(message)}</Message>"
        "<RequestId>EMULATOR0000000</RequestId></Error>"
    )
    return Answer(_STATUS[code], xml.encode(), "application/xml", (("Server", "AmazonS3"),))
