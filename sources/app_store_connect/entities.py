"""Apple's nouns as values: parsed once, at the border, and trusted afterwards.

Attribute names and enumerations follow Apple's OpenAPI description, version 4.4.1. There every
attribute is optional; what the loader cannot do without is required here, and its absence is a
`MalformedResponseError`. So is a value that is new, or too large for a table. A text on which
nothing depends is None if it is no text, and `odd` is told.
"""

import re
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

from .errors import MalformedResponseError

T = TypeVar("T")
Odd = Callable[[MalformedResponseError], None]
"""Called with each item that is not as described; the others are read."""

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)
"""Processing dates between which Python and every destination can count days back and forth."""
_APP_ID = re.compile("[0-9]{1,18}")  # a BIGINT in every table
_MAX_SIZE = 2**63 - 1


def refuse(error: MalformedResponseError) -> None:
    """As `odd`: nothing beside it is wanted."""
    raise error


def pass_over(error: MalformedResponseError) -> None:
    """As `odd`, where it was or will be named elsewhere."""


_ALGORITHMS = {32: "md5", 40: "sha1", 64: "sha256"}
_HEX_DIGITS = re.compile(r"[0-9a-fA-F]+")


class AccessType(StrEnum):
    """The data that a report request orders: from now on, or once all that Apple still has."""

    ONGOING = "ONGOING"
    ONE_TIME_SNAPSHOT = "ONE_TIME_SNAPSHOT"


class Granularity(StrEnum):
    """The span that one row of a report sums up."""

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
    def from_api(cls, item: Mapping[str, Any], *, odd: Odd = refuse) -> Self:
        given = _Item.of(item, "apps")
        if not _APP_ID.fullmatch(given.id):
            raise given.problem(f"id is no number: {reprlib.repr(given.id)}")
        return cls(
            id=given.id,
            name=given.text("name", odd),
            bundle_id=given.text("bundleId", odd),
            sku=given.text("sku", odd),
            primary_locale=given.text("primaryLocale", odd),
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
        given = _Item.of(item, "analyticsReportRequests")
        return cls(
            id=given.id,
            app_id=app_id,
            access_type=given.parsed(AccessType, "accessType"),
            is_stopped=given.parsed(_flag, "stoppedDueToInactivity", absent=False),
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
    def from_api(
        cls, item: Mapping[str, Any], *, report_request_id: str, odd: Odd = refuse
    ) -> Self:
        given = _Item.of(item, "analyticsReports")
        return cls(
            id=given.id,
            report_request_id=report_request_id,
            name=given.parsed(_text, "name"),
            category=given.text("category", odd),
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
        given = _Item.of(item, "analyticsReportInstances")
        return cls(
            id=given.id,
            report_id=report_id,
            granularity=given.parsed(Granularity, "granularity"),
            processing_date=given.parsed(_day, "processingDate"),
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

    @property
    def checksum_algorithm(self) -> str | None:
        """The algorithm of the checksum, by its form; None if it cannot be compared."""
        is_hex = _HEX_DIGITS.fullmatch(self.checksum)
        return _ALGORITHMS.get(len(self.checksum)) if is_hex else None

    @classmethod
    def from_api(cls, item: Mapping[str, Any]) -> Self:
        given = _Item.of(item, "analyticsReportSegments")
        return cls(
            id=given.id,
            checksum=given.parsed(_text, "checksum"),
            size_in_bytes=given.parsed(_size, "sizeInBytes"),
            url=given.parsed(_text, "url"),
        )


@dataclass(frozen=True, slots=True)
class _Item:
    """An item of an answer, its id checked and its attributes not yet."""

    kind: str
    id: str
    attributes: Mapping[str, Any]

    @classmethod
    def of(cls, item: Any, kind: str) -> Self:
        if not isinstance(item, Mapping):
            raise MalformedResponseError(kind, f"an item is not an object: {reprlib.repr(item)}")
        item_id = item.get("id")
        if not isinstance(item_id, str) or not item_id:
            raise MalformedResponseError(kind, f"id is missing: {reprlib.repr(item_id)}")
        attributes = item.get("attributes")
        if not isinstance(attributes, Mapping | None):
            problem = f"attributes is not an object: {reprlib.repr(attributes)}"
            raise MalformedResponseError(kind, problem, item_id)
        return cls(kind, item_id, attributes or {})

    def problem(self, text: str) -> MalformedResponseError:
        return MalformedResponseError(self.kind, text, self.id)

    def text(self, name: str, odd: Odd) -> str | None:
        value = self.attributes.get(name)
        if isinstance(value, str | None):
            return value
        odd(self.problem(f"{name} is no text, and left empty: {reprlib.repr(value)}"))
        return None

    def parsed(self, parse: Callable[[Any], T], name: str, *, absent: T | None = None) -> T:
        value = self.attributes.get(name)
        if value is None and absent is not None:
            return absent
        try:
            return parse(value)
        except (TypeError, ValueError):
            state = "missing" if value in (None, "") else "not as described"
            raise self.problem(f"{name} is {state}: {reprlib.repr(value)}") from None


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("no text")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("neither true nor false")
    return value


def _size(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MAX_SIZE:
        raise ValueError("not a size in bytes")
    return int(value)


def _day(value: Any) -> date:
    day = date.fromisoformat(value)
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError("no day of Apple's")
    return day
