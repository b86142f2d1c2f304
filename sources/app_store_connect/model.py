"""Apple's nouns as values: parsed once, at the border, and trusted afterwards.

Attribute names and enumerations follow Apple's OpenAPI description, version 4.4.1. There every
attribute is optional; what the loader cannot do without is required here, and its absence is a
`MalformedResponseError`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

from app_store_connect.errors import MalformedResponseError

T = TypeVar("T")


class AccessType(StrEnum):
    """What a report request orders: data from now on, or all that Apple still has, once."""

    ONGOING = "ONGOING"
    ONE_TIME_SNAPSHOT = "ONE_TIME_SNAPSHOT"


class Granularity(StrEnum):
    """What one row of a report sums over."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"


@dataclass(frozen=True, slots=True)
class App:
    """An app that the key may see. `id` is the App Apple Identifier, digits kept as text."""

    id: str
    name: str | None
    bundle_id: str | None
    sku: str | None
    primary_locale: str | None

    @classmethod
    def from_api(cls, item: Mapping[str, Any]) -> Self:
        attributes = _attributes(item, "apps")
        return cls(
            id=_required(item, "id", "apps"),
            name=attributes.get("name"),
            bundle_id=attributes.get("bundleId"),
            sku=attributes.get("sku"),
            primary_locale=attributes.get("primaryLocale"),
        )


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """Apple's standing order for one app. A stopped one gets no new instances."""

    id: str
    app_id: str
    access_type: AccessType
    is_stopped: bool

    @classmethod
    def from_api(cls, item: Mapping[str, Any], *, app_id: str) -> Self:
        kind = "analyticsReportRequests"
        attributes = _attributes(item, kind)
        return cls(
            id=_required(item, "id", kind),
            app_id=app_id,
            access_type=_parsed(AccessType, attributes, "accessType", kind),
            is_stopped=bool(attributes.get("stoppedDueToInactivity")),
        )


@dataclass(frozen=True, slots=True)
class Report:
    """One named data set under a report request. Its id is another with every request.

    `known_as` is the catalogue's name of a report that Apple has renamed, if its id tells.
    """

    id: str
    report_request_id: str
    name: str
    category: str | None
    known_as: str | None = None

    @classmethod
    def from_api(cls, item: Mapping[str, Any], *, report_request_id: str) -> Self:
        attributes = _attributes(item, "analyticsReports")
        return cls(
            id=_required(item, "id", "analyticsReports"),
            report_request_id=report_request_id,
            name=_required(attributes, "name", "analyticsReports"),
            category=attributes.get("category"),
        )


@dataclass(frozen=True, slots=True)
class ReportInstance:
    """A report computed on `processing_date`, at one granularity. Apple keeps it for 35 days."""

    id: str
    report_id: str
    granularity: Granularity
    processing_date: date

    @classmethod
    def from_api(cls, item: Mapping[str, Any], *, report_id: str) -> Self:
        kind = "analyticsReportInstances"
        attributes = _attributes(item, kind)
        return cls(
            id=_required(item, "id", kind),
            report_id=report_id,
            granularity=_parsed(Granularity, attributes, "granularity", kind),
            processing_date=_parsed(date.fromisoformat, attributes, "processingDate", kind),
        )


@dataclass(frozen=True, slots=True)
class ReportSegment:
    """One gzip file of an instance. Checksum and size are those of the compressed bytes."""

    id: str
    checksum: str
    size_in_bytes: int
    url: str = field(repr=False)  # signed: whoever has it can read the file for five minutes

    @property
    def path(self) -> str:
        """The URL's path, without its signature: safe to log."""
        return urlsplit(self.url).path

    @classmethod
    def from_api(cls, item: Mapping[str, Any]) -> Self:
        kind = "analyticsReportSegments"
        attributes = _attributes(item, kind)
        return cls(
            id=_required(item, "id", kind),
            checksum=_required(attributes, "checksum", kind),
            size_in_bytes=_parsed(_size, attributes, "sizeInBytes", kind),
            url=_required(attributes, "url", kind),
        )


def _attributes(item: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    if not isinstance(item, Mapping):
        raise MalformedResponseError(kind, "an item is not an object")
    attributes = item.get("attributes") or {}
    if not isinstance(attributes, Mapping):
        raise MalformedResponseError(kind, "attributes is not an object")
    return attributes


def _required(values: Mapping[str, Any], name: str, kind: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedResponseError(kind, f"{name} is missing")
    return value


def _size(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("not a size in bytes")
    return int(value)


def _parsed(parse: Callable[[Any], T], values: Mapping[str, Any], name: str, kind: str) -> T:
    try:
        return parse(values[name])
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedResponseError(kind, f"{name} is not as described: {error!r}") from error
