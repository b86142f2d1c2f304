"""The query parameters that the emulator takes, and the refusal of all others."""

from collections.abc import Mapping

from app_store_connect.entities import Granularity
from asc_pipeline.emulator.server.documents import Refused, invalid_parameter

DEFAULT_LIMIT = 50
GREATEST_LIMIT = 200

Rules = Mapping[str, frozenset[str] | None]
"""A parameter's name to the values that it may have; None for free text."""

_PAGED: Rules = {"limit": None, "cursor": None}


def _fields(kind: str, names: str) -> Rules:
    return {f"fields[{kind}]": frozenset(names.split())}


_APP = _fields("apps", "name bundleId sku primaryLocale")
_REQUEST = _fields("analyticsReportRequests", "accessType stoppedDueToInactivity")
_REPORT = _fields("analyticsReports", "name category")
_INSTANCE = _fields("analyticsReportInstances", "granularity processingDate")
_SEGMENT = _fields("analyticsReportSegments", "checksum sizeInBytes url")
_GRANULARITIES = frozenset(map(str, Granularity))

PARAMETERS: Mapping[str, Rules] = {
    "/v1/apps": {"filter[id]": None, "filter[bundleId]": None, **_APP, **_PAGED},
    "/v1/apps/{id}/analyticsReportRequests": {**_REQUEST, **_PAGED},
    "/v1/analyticsReportRequests": {},
    "/v1/analyticsReportRequests/{id}": _REQUEST,
    "/v1/analyticsReportRequests/{id}/reports": {**_REPORT, **_PAGED},
    "/v1/analyticsReports/{id}/instances": {
        "filter[granularity]": _GRANULARITIES,
        **_INSTANCE,
        **_PAGED,
    },
    "/v1/analyticsReportInstances/{id}": _INSTANCE,
    "/v1/analyticsReportInstances/{id}/segments": {**_SEGMENT, **_PAGED},
    "/v1/analyticsReportSegments/{id}": _SEGMENT,
}
"""Paths with the parameters that the emulator takes: those of Apple's that the loader sends."""


class Query:
    """A query that its endpoint takes: checked once, then read by name."""

    def __init__(self, given: Mapping[str, str], rules: Rules) -> None:
        for name, value in given.items():
            if name not in rules:
                raise _illegal(name)
            _check(name, value, rules[name])
        self.given = dict(given)
        self.limit = int(self.given.get("limit", DEFAULT_LIMIT))
        self.cursor = self.given.get("cursor")

    def fields(self, kind: str) -> frozenset[str] | None:
        return self._values(f"fields[{kind}]")

    def selects(self, **attributes: object) -> bool:
        """Whether a resource with these attributes passes every `filter[...]` that is given."""
        return all(
            (wanted := self._values(f"filter[{name}]")) is None or str(value) in wanted
            for name, value in attributes.items()
        )

    def _values(self, name: str) -> frozenset[str] | None:
        """The comma separated values of a parameter; None if it is not given."""
        value = self.given.get(name)
        return None if value is None else frozenset(value.split(","))


def _check(name: str, value: str, allowed: frozenset[str] | None) -> None:
    if name == "limit" and not (value.isdecimal() and 1 <= int(value) <= GREATEST_LIMIT):
        raise invalid_parameter(name, f"'{value}' is not a number from 1 to {GREATEST_LIMIT}")
    if allowed is not None and (wrong := sorted(set(value.split(",")) - allowed)):
        names = ", ".join(sorted(allowed))
        raise invalid_parameter(name, f"'{wrong[0]}' is not a valid value; use one of {names}")


def _illegal(name: str) -> Refused:
    title = "A parameter is not allowed"
    detail = f"The parameter '{name}' can not be used with this request"
    return Refused(400, "PARAMETER_ERROR.ILLEGAL", title, detail, parameter=name)
