"""The options of a run, and the check of the arguments that they are made of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from inspect import signature
from typing import Any

from ..catalog import CATEGORIES
from ..entities import AccessType, Granularity
from ..errors import ConfigurationError
from ..instances import DEFAULT_RECHECK_DAYS

MAX_DAYS = 36_500
"""A century; dates end in the year 1."""


@dataclass(frozen=True, slots=True)
class Options:
    """The selection of a run. Empty: no restriction, or for `reports` the default ones."""

    app_ids: tuple[str, ...] = ()
    bundle_ids: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    granularities: tuple[Granularity, ...] = (Granularity.DAILY,)
    access_types: tuple[AccessType, ...] = tuple(AccessType)
    since: date | None = None
    until: date | None = None
    instance_ids: tuple[str, ...] = ()
    request_ids: tuple[str, ...] = ()
    create_requests: AccessType | None = None
    recheck_days: int = DEFAULT_RECHECK_DAYS

    def narrowing(self) -> dict[str, Any]:
        """The options beside the apps that differ from their defaults and leave something out."""
        others = {"app_ids", "bundle_ids", "create_requests", "recheck_days"}
        names = [each.name for each in fields(self) if each.name not in others]
        defaults = Options()
        found = {name: getattr(self, name) for name in names}
        return {name: each for name, each in found.items() if each != getattr(defaults, name)}


def options_of(
    *,
    app_ids: Any,
    bundle_ids: Any,
    reports: Any,
    categories: Any,
    granularities: Any,
    access_types: Any,
    since: Any,
    until: Any,
    recheck_days: int,
    instance_ids: Any = (),
    request_ids: Any = (),
    create_requests: Any = None,
) -> Options:
    """The options of the source or, with the last three, of the job.

    Raises:
        ConfigurationError: an argument is not of its kind, or has no effect beside another.
    """
    options = Options(
        app_ids=texts("app_ids", app_ids),
        bundle_ids=texts("bundle_ids", bundle_ids),
        reports=texts("reports", reports),
        categories=_among("categories", categories, CATEGORIES),
        granularities=tuple(map(Granularity, _among("granularities", granularities, Granularity))),
        access_types=tuple(map(AccessType, _among("access_types", access_types, AccessType))),
        since=_day("since", since),
        until=_day("until", until),
        instance_ids=texts("instance_ids", instance_ids),
        request_ids=texts("request_ids", request_ids),
        create_requests=_access_type("create_requests", create_requests),
        recheck_days=recheck_days,
    )
    check_days("recheck_days", recheck_days)
    _refuse_contradictions(options)
    return options


def options_from(arguments: Mapping[str, Any]) -> Options:
    """The options among named arguments that may have others. Raises as `options_of` does."""
    names = arguments.keys() & signature(options_of).parameters.keys()
    return options_of(**{name: arguments[name] for name in names})


def check_seconds(name: str, value: Any) -> None:
    """Raises ConfigurationError for anything but a number of 0 or more."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not value >= 0:  # NaN is neither
        raise ConfigurationError(f"{name} is {value!r}; it is 0 or more")


def check_days(name: str, value: Any) -> None:
    """Raises ConfigurationError for anything but a whole number from 0 to `MAX_DAYS`."""
    if type(value) is not int or not 0 <= value <= MAX_DAYS:
        raise ConfigurationError(f"{name} is {value!r}; it is a whole number from 0 to {MAX_DAYS}")


def _refuse_contradictions(options: Options) -> None:
    first, last = options.since, options.until
    if first and last and first > last:
        raise ConfigurationError(f"since, {first}, is after until, {last}: no instance can be due")
    if options.instance_ids and options.request_ids:
        raise ConfigurationError(
            "--instance-id takes exactly these instances, whatever their report request: leave out"
            " --request-id, or --instance-id"
        )
    given = {"--instance-id": options.instance_ids, "--request-id": options.request_ids}
    for option in (name for name, ids in given.items() if ids):
        if options.bundle_ids:
            raise ConfigurationError(
                f"{option} lists no apps, so --bundle-id finds none: name the app with --app-id"
            )
        if options.create_requests:
            raise ConfigurationError(
                f"{option} lists no report requests, so which are missing is not known: leave out"
                f" --create-requests, or {option}"
            )


def texts(name: str, values: Any) -> tuple[str, ...]:
    """A single text would be taken for a list of its letters."""
    if isinstance(values, str):
        raise ConfigurationError(f"{name} is the text {values!r}; give a list: [{values!r}]")
    if not isinstance(values, Iterable):
        raise ConfigurationError(f"{name} is {values!r}; give a list: ['{values}']")
    return tuple(str(each) for each in values)


def _access_type(name: str, value: Any) -> AccessType | None:
    return AccessType(_among(name, [value], AccessType)[0]) if value else None


def _among(name: str, values: Any, known: Iterable[str]) -> tuple[str, ...]:
    given = tuple(each.upper() for each in texts(name, values))
    if unknown := set(given) - set(known):
        raise ConfigurationError(
            f"{name} has {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}"
        )
    return given


def _day(name: str, value: Any) -> date | None:
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            raise ConfigurationError(f"{name} is {value!r}; a date is 2026-01-31") from None
    if isinstance(value, datetime):
        value = value.date()
    if value is not None and not isinstance(value, date):
        raise ConfigurationError(f"{name} is {value!r}; give a date")
    return value
