"""Apple's JSON documents: resources, pages of them, and errors."""

import base64
import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from asc_pipeline.emulator.server.wire import Answer

Document = dict[str, Any]

DEFAULT_LIMIT = 50


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource before it is rendered: all its attributes, and the names of its relationships."""

    kind: str
    id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    relationships: tuple[str, ...] = ()

    def render(self, origin: str, fields: Collection[str] | None = None) -> Document:
        """The resource with the asked fields only; None asks for all."""
        own = f"{origin}/v1/{self.kind}/{self.id}"
        attributes = {
            name: value
            for name, value in self.attributes.items()
            if (fields is None or name in fields) and value is not None
        }
        relationships = {
            name: {"links": {"self": f"{own}/relationships/{name}", "related": f"{own}/{name}"}}
            for name in self.relationships
            if fields is None or name in fields
        }
        document: Document = {"type": self.kind, "id": self.id}
        if attributes:
            document["attributes"] = attributes
        if relationships:
            document["relationships"] = relationships
        return {**document, "links": {"self": own}}

    def linkage(self) -> Document:
        return {"type": self.kind, "id": self.id}


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: the items on it, and where it stands."""

    items: Sequence[Resource]
    limit: int
    total: int
    next_cursor: str | None


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
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.parameter = parameter
        self.headers = headers
        super().__init__(f"{status} {code}")

    def answer(self) -> Answer:
        error: Document = {
            "id": str(uuid.uuid4()),
            "status": str(self.status),
            "code": self.code,
            "title": self.title,
            "detail": self.detail,
        }
        if self.parameter:
            error["source"] = {"parameter": self.parameter}
        return json_answer(self.status, {"errors": [error]}, headers=self.headers)


def json_answer(
    status: int, document: Document, *, headers: tuple[tuple[str, str], ...] = ()
) -> Answer:
    return Answer(status, json.dumps(document).encode(), headers=headers)


def page_of(resources: Sequence[Resource], limit: int, cursor: str | None) -> Page:
    """The page that `cursor` names; the first without one."""
    start = _offset(cursor)
    rest = len(resources) > start + limit
    return Page(
        items=resources[start : start + limit],
        limit=limit,
        total=len(resources),
        next_cursor=_cursor(start + limit) if rest else None,
    )


def page_links(page: Page, prefix: str, path: str, query: Mapping[str, str]) -> Document:
    """`self` as asked, and `next` with the cursor in place of the last one."""
    links: Document = {"self": _url(prefix, path, query)}
    if page.next_cursor:
        following = {**query, "cursor": page.next_cursor, "limit": str(page.limit)}
        links["next"] = _url(prefix, path, following)
    return links


def page_meta(page: Page) -> Document:
    paging: Document = {"total": page.total, "limit": page.limit}
    if page.next_cursor:
        paging["nextCursor"] = page.next_cursor
    return {"paging": paging}


def no_resource(kind: str, resource_id: str) -> Refused:
    detail = f"There is no resource of type '{kind}' with id '{resource_id}'"
    return Refused(404, "NOT_FOUND", "The specified resource does not exist", detail)


def invalid_parameter(name: str, detail: str) -> Refused:
    title = "A parameter has an invalid value"
    return Refused(400, "PARAMETER_ERROR.INVALID", title, detail, parameter=name)


def _url(prefix: str, path: str, query: Mapping[str, str]) -> str:
    return f"{prefix}{path}" + (f"?{urlencode(query)}" if query else "")


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
