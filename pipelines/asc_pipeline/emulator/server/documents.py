"""Apple's JSON documents: resources, pages of them, and errors."""

import base64
import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from asc_pipeline.emulator.server.wire import Answer, Header

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource with all its attributes, before it is rendered."""

    kind: str
    id: str
    attributes: Mapping[str, Any]

    def render(self, origin: str, fields: Collection[str] | None = None) -> Document:
        """The resource with these attributes only; None asks for all."""
        attributes = {
            name: value
            for name, value in self.attributes.items()
            if (fields is None or name in fields) and value is not None
        }
        return {
            "type": self.kind,
            "id": self.id,
            **({"attributes": attributes} if attributes else {}),
            "links": {"self": f"{origin}/v1/{self.kind}/{self.id}"},
        }


class Refused(Exception):  # noqa: N818  an answer, not a malfunction
    """Apple's refusal: becomes an error document with this status."""

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str,
        *,
        parameter: str | None = None,
        headers: tuple[Header, ...] = (),
    ) -> None:
        self.status = status
        self.headers = headers
        self._error = {"id": str(uuid.uuid4()), "status": str(status), "code": code}
        self._error |= {"title": title, "detail": detail}
        self._source = {"source": {"parameter": parameter}} if parameter else {}
        super().__init__(f"{status} {code}")

    def answer(self) -> Answer:
        document: Document = {"errors": [{**self._error, **self._source}]}
        return json_answer(self.status, document, headers=self.headers)


def json_answer(status: int, document: Document, *, headers: tuple[Header, ...] = ()) -> Answer:
    return Answer(status, json.dumps(document).encode(), headers=headers)


def page_of(resources: Sequence[Resource], limit: int, cursor: str | None) -> Sequence[Resource]:
    """The page that `cursor` names; the first without one."""
    start = _offset(cursor)
    return resources[start : start + limit]


def paging(url: str, query: Mapping[str, str], *, limit: int, total: int) -> Document:
    """`links.self` as asked, `links.next` with the cursor of the next page, and the total."""
    links: Document = {"self": url + (f"?{urlencode(query)}" if query else "")}
    meta: Document = {"total": total, "limit": limit}
    end = _offset(query.get("cursor")) + limit
    if end < total:
        meta["nextCursor"] = _cursor(end)
        following = {**query, "cursor": _cursor(end), "limit": str(limit)}
        links["next"] = f"{url}?{urlencode(following)}"
    return {"links": links, "meta": {"paging": meta}}


def no_resource(kind: str, resource_id: str) -> Refused:
    detail = f"There is no resource of type '{kind}' with id '{resource_id}'"
    return Refused(404, "NOT_FOUND", "The specified resource does not exist", detail)


def forbidden(code: str, detail: str) -> Refused:
    return Refused(403, code, "This request is forbidden for security reasons", detail)


def invalid_parameter(name: str, detail: str) -> Refused:
    title = "A parameter has an invalid value"
    return Refused(400, "PARAMETER_ERROR.INVALID", title, detail, parameter=name)


def _cursor(offset: int) -> str:
    return base64.urlsafe_b64encode(f'{{"offset":"{offset}"}}'.encode()).decode().rstrip("=")


def _offset(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return int(json.loads(base64.urlsafe_b64decode(padded))["offset"])
    except (ValueError, KeyError, TypeError):
        raise invalid_parameter("cursor", f"'{cursor}' is not a valid cursor") from None
