"""The store behind the signed URLs: gzip files, and S3's refusals."""

import hashlib
from xml.sax.saxutils import escape  # nosec B406 # writes XML, parses none

from asc_pipeline.emulator.server.signing import Signer, StoreRefused
from asc_pipeline.emulator.server.wire import Answer, Request
from asc_pipeline.emulator.world.world import World

_SERVER = ("Server", "AmazonS3")
_BOTH_AUTHORIZED = (
    "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query"
    " string parameter or the Authorization header should be specified"
)


def answer(world: World, signer: Signer, request: Request) -> Answer:
    """The file that a signed URL names, or S3's refusal."""
    try:
        if "Authorization" in request.headers:
            raise StoreRefused(400, "InvalidArgument", _BOTH_AUTHORIZED)
        signer.check(request.method, request.path, request.query)
        with world.lock:
            segment = world.files.get(request.path)
        if segment is None:
            raise StoreRefused(404, "NoSuchKey", "The specified key does not exist.")
    except StoreRefused as error:
        return refusal(error)
    content = segment.content()
    etag = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
    return Answer(200, content, "application/gzip", (("ETag", etag), _SERVER))


def refusal(error: StoreRefused) -> Answer:
    xml = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{error.code}</Code><Message>{escape(error.message)}</Message>"
        "<RequestId>EMULATOR0000000</RequestId></Error>"
    )
    return Answer(error.status, xml.encode(), "application/xml", (_SERVER,))
