"""The parameters that each of Apple's endpoints takes, and the refusal of all others."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from asc_pipeline.emulator.server.documents import DEFAULT_LIMIT, Refused, invalid_parameter

Rule = frozenset[str] | int | None
"""An enumeration, the greatest number, or None for free text."""

Rules = Mapping[str, Rule]

_LIMIT = 200
_INCLUDED_LIMIT = 50
_PAGED: Rules = {"limit": _LIMIT, "cursor": None}


def _fields(kind: str, names: str) -> dict[str, Rule]:
    return {f"fields[{kind}]": frozenset(names.split())}


_REPORT_FIELDS = _fields("analyticsReports", "name category instances")
_REQUEST: Rules = {
    **_fields("analyticsReportRequests", "accessType stoppedDueToInactivity reports"),
    **_REPORT_FIELDS,
    "include": frozenset({"reports"}),
    "limit[reports]": _INCLUDED_LIMIT,
}
_SEGMENT: Rules = _fields("analyticsReportSegments", "checksum sizeInBytes url")
_INSTANCE: Rules = _fields("analyticsReportInstances", "granularity processingDate segments")
_APP: Rules = _fields(
    "apps",
    "accessibilityUrl name bundleId sku primaryLocale isOrEverWasMadeForKids subscriptionStatusUrl"
    " subscriptionStatusUrlVersion subscriptionStatusUrlForSandbox"
    " subscriptionStatusUrlVersionForSandbox contentRightsDeclaration streamlinedPurchasingEnabled"
    " analyticsReportRequests",
)
_CATEGORIES = frozenset(
    {"APP_USAGE", "APP_STORE_ENGAGEMENT", "COMMERCE", "FRAMEWORK_USAGE", "PERFORMANCE"}
)
_ORDERS = frozenset(sign + name for name in ("name", "bundleId", "sku") for sign in ("", "-"))

PARAMETERS: Mapping[str, Rules] = {
    "/v1/apps": {
        **{f"filter[{name}]": None for name in ("id", "name", "bundleId", "sku")},
        "sort": _ORDERS,
        **_APP,
        **_PAGED,
    },
    "/v1/apps/{id}": _APP,
    "/v1/apps/{id}/analyticsReportRequests": {
        "filter[accessType]": frozenset({"ONGOING", "ONE_TIME_SNAPSHOT"}),
        **_REQUEST,
        **_PAGED,
    },
    "/v1/apps/{id}/relationships/analyticsReportRequests": _PAGED,
    "/v1/analyticsReportRequests": {},
    "/v1/analyticsReportRequests/{id}": _REQUEST,
    "/v1/analyticsReportRequests/{id}/reports": {
        "filter[name]": None,
        "filter[category]": _CATEGORIES,
        **_REPORT_FIELDS,
        **_PAGED,
    },
    "/v1/analyticsReportRequests/{id}/relationships/reports": _PAGED,
    "/v1/analyticsReports/{id}": _REPORT_FIELDS,
    "/v1/analyticsReports/{id}/instances": {
        "filter[granularity]": frozenset({"DAILY", "WEEKLY", "MONTHLY"}),
        "filter[processingDate]": None,
        **_INSTANCE,
        **_PAGED,
    },
    "/v1/analyticsReports/{id}/relationships/instances": _PAGED,
    "/v1/analyticsReportInstances/{id}": _INSTANCE,
    "/v1/analyticsReportInstances/{id}/segments": {**_SEGMENT, **_PAGED},
    "/v1/analyticsReportInstances/{id}/relationships/segments": _PAGED,
    "/v1/analyticsReportSegments/{id}": _SEGMENT,
}
"""Paths with the parameters that the emulator takes: all that Apple describes, but of `/v1/apps`
only those that have to do with the app itself."""


class Query:
    """A query that its endpoint takes: checked once, then read by name."""

    def __init__(self, given: Mapping[str, str], rules: Rules) -> None:
        for name, value in given.items():
            if name not in rules:
                raise _illegal(name)
            _check(name, value, rules[name])
        self.given = dict(given)

    @property
    def limit(self) -> int:
        return int(self.given.get("limit", DEFAULT_LIMIT))

    @property
    def cursor(self) -> str | None:
        return self.given.get("cursor")

    def values(self, name: str) -> frozenset[str] | None:
        """The comma separated values of a parameter; None if it is not given."""
        value = self.given.get(name)
        return None if value is None else frozenset(value.split(","))

    def fields(self, kind: str) -> frozenset[str] | None:
        return self.values(f"fields[{kind}]")

    def selects(self, **attributes: Any) -> bool:
        """Whether a resource with these attributes passes every `filter[...]` that is given."""
        return all(
            (wanted := self.values(f"filter[{name}]")) is None or str(value) in wanted
            for name, value in attributes.items()
        )


def _check(name: str, value: str, rule: Rule) -> None:
    if isinstance(rule, int):
        if not value.isdecimal() or not 1 <= int(value) <= rule:
            detail = f"'{value}' is not a valid value for '{name}': it is to be 1 to {rule}"
            raise invalid_parameter(name, detail)
    elif rule is not None and (wrong := sorted(set(value.split(",")) - rule)):
        allowed = ", ".join(sorted(rule))
        raise invalid_parameter(name, f"'{wrong[0]}' is not a valid value; use one of {allowed}")
    if name == "filter[processingDate]":
        for part in value.split(","):
            _check_date(name, part)


def _check_date(name: str, value: str) -> None:
    try:
        date.fromisoformat(value)
    except ValueError:
        raise invalid_parameter(name, f"'{value}' is not a date of the form YYYY-MM-DD") from None


def _illegal(name: str) -> Refused:
    title = "A parameter is not allowed"
    detail = f"The parameter '{name}' can not be used with this request"
    return Refused(400, "PARAMETER_ERROR.ILLEGAL", title, detail, parameter=name)
