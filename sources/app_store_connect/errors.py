"""The errors of this package, in one small tree, sorted by who must act.

Every message names the thing, its state and the next step; the parts are fields as well. No message
contains a key, a token or the signature of a URL.
"""

import shlex
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "dlt-app-store-connect"
ASKS_AGAIN = "the next run asks again"
TRIES_AGAIN = "the next run tries again"
RUN_LATER = "run again later, nothing is lost"
_LONGEST_ID = 100  # in a message; Apple's have some 40 characters
_MOST_NAMED = 5  # failures, in a message


class AppStoreConnectError(Exception):
    """The root of all errors that this package raises on purpose."""


# The user must act: wrong usage, configuration or credentials.


class ConfigurationError(AppStoreConnectError):
    """Something that the user set, or did not set, keeps anything from being loaded."""


class CredentialsError(ConfigurationError):
    """A part of the API key is missing or cannot be used."""


class UnknownReportError(ConfigurationError):
    """A report was asked for that neither Apple nor the catalogue knows."""

    def __init__(self, name: str, near: Sequence[str]) -> None:
        self.name = name
        self.near = tuple(near)
        hint = f"Did you mean {_listed(near)}? " if near else ""
        super().__init__(
            f"no report is called {name!r}. {hint}`--report '*' --plan` lists what Apple offers"
        )


class UnknownAppError(ConfigurationError):
    """An app was asked for that the key does not see."""

    def __init__(self, apps: Sequence[str]) -> None:
        self.apps = tuple(apps)
        super().__init__(
            f"the key sees no app {_listed(apps)}; check the id (App Store Connect, App"
            " Information, Apple ID or Bundle ID) and, for an individual key, which apps its user"
            " may see"
        )


class WrongAppError(ConfigurationError):
    """Something was asked for as one app's that Apple listed as another one's."""

    def __init__(self, what: str, app_id: str, given: Sequence[str]) -> None:
        self.what = what
        self.app_id = app_id
        self.given = tuple(given)
        super().__init__(
            f"{what} is of app {app_id!r}, as an earlier run saw it listed, and not of"
            f" {_listed(given)}; correct --app-id or leave it out"
        )


class NoReportRequestError(ConfigurationError):
    """None of the apps has a report request, so Apple prepares no reports for them."""

    def __init__(self, app_ids: Sequence[str]) -> None:
        self.app_ids = tuple(app_ids)
        super().__init__(
            f"Apple prepares no analytics reports for app {_listed(app_ids)}: there is no report"
            " request. Run once with --create-requests and a key of the role Admin; the first"
            " reports come one to two days later"
        )


class DestinationError(ConfigurationError):
    """The destination cannot be opened or written."""


class DatabaseLostError(DestinationError):
    """The DuckDB file is not the one any more that this run opened."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(
            f"the DuckDB file {path} was removed or replaced while the run wrote to it, and what"
            " was loaded went with it; the next run loads it again"
        )


class NotLoadedError(DestinationError):
    """The destination does not hold an instance that Apple is about to be told to delete."""

    def __init__(self, instance: str, problem: str) -> None:
        self.instance = instance
        self.problem = problem
        super().__init__(
            f"{instance} {problem}, so nothing is deleted at Apple; remove its rows from"
            " analytics_report_segments, if it has any, and run again to load it anew"
        )


# Apple's answer to a request.


class ApiError(AppStoreConnectError):
    """Apple refused a request: `status`, Apple's `code` and `detail`, and the path asked for."""

    def __init__(self, path: str, status: int, code: str, detail: str, advice: str = "") -> None:
        self.path = path
        self.status = status
        self.code = code
        self.detail = detail
        self.advice = advice
        message = f"{path}: Apple answered {status} {code}"
        super().__init__("; ".join(part for part in (message, detail, advice) if part))


class UnauthorizedError(ApiError):
    """401: Apple does not accept the token."""


class ForbiddenError(ApiError):
    """403: the key's role does not allow this, or an agreement waits to be signed."""


class NotFoundError(ApiError):
    """404: Apple does not have it, or has it no longer."""


class ConflictError(ApiError):
    """409: an entity of this kind exists already, or existed within the last month."""


class UnavailableError(AppStoreConnectError):
    """Apple gave no usable answer, in several tries: 5xx, cut connection, not JSON."""

    _start = ""

    def __init__(self, path: str, reason: str, tries: int) -> None:
        self.path = path
        self.reason = reason
        self.tries = tries
        count = "1 try" if tries == 1 else f"{tries} tries"
        super().__init__(f"{self._start}{path}: {reason} ({count}); {ASKS_AGAIN}")


class ApiDownError(UnavailableError):
    """The same of several requests in a row: it is not about this one."""

    _start = "requests in a row got no usable answer, the last was "


class MalformedResponseError(AppStoreConnectError):
    """Apple's answer is JSON, but lacks an attribute that its own description promises.

    `item_id` is that of the item which does, if it is about a single one that has an id.
    """

    def __init__(self, kind: str, problem: str, item_id: str | None = None) -> None:
        self.kind = kind
        self.problem = problem
        self.item_id = item_id
        self.what = f"{kind} {item_id[:_LONGEST_ID]}" if item_id else kind
        super().__init__(f"an answer about {self.what} is not as Apple describes it: {problem}")


class UntrustedUrlError(AppStoreConnectError):
    """Apple's answer points where the token, or a download, must not go."""

    def __init__(self, what: str, origin: str, allowed: str) -> None:
        self.what = what
        self.origin = origin
        self.allowed = allowed
        super().__init__(f"{what} points to {origin}; refused, only {allowed} is allowed")


class BudgetExhaustedError(AppStoreConnectError):
    """The hourly number of requests of the key is used up, and waiting longer was not allowed."""

    def __init__(self, wait_seconds: float, max_wait_seconds: float) -> None:
        self.wait_seconds = wait_seconds
        self.max_wait_seconds = max_wait_seconds
        super().__init__(
            f"Apple's request budget of this key is used up for about {wait_seconds:.0f} s, and"
            f" --max-wait allows {max_wait_seconds:.0f} s more; {RUN_LATER}"
        )


# A segment's file.


class SegmentError(AppStoreConnectError):
    """A segment could not be loaded; its instance stays unloaded until a later run succeeds."""

    def __init__(self, segment_id: str, problem: str) -> None:
        self.segment_id = segment_id
        self.problem = problem
        super().__init__(f"segment {segment_id}: {problem}; {TRIES_AGAIN}")


class DownloadError(SegmentError):
    """The file could not be fetched whole."""


class ChecksumError(SegmentError):
    """The file came, more than once, with another size or MD5 than Apple lists."""


class MalformedFileError(SegmentError):
    """The file has the size and MD5 that Apple lists, but is not a gzip table with one width."""


FATAL = (UnauthorizedError, BudgetExhaustedError, ApiDownError)
"""Errors that every other request would meet as well."""


# How a run reports an error.


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that could not be loaded, and why. It is tried again by the next run."""

    what: str
    why: str
    error: Exception | None = field(default=None, repr=False, compare=False)
    app_id: str | None = None
    report_name: str | None = None
    instance_id: str | None = None
    segment_id: str | None = None


class IncompleteLoadError(AppStoreConnectError):
    """A run could not load all that was due. What it names comes with the next run."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        self.failures = tuple(failures)
        shown = "; ".join(f"{each.what}: {each.why}" for each in failures[:_MOST_NAMED])
        more = f"; and {len(failures) - _MOST_NAMED} more" if len(failures) > _MOST_NAMED else ""
        super().__init__(f"{len(failures)} not loaded: {shown}{more}")


def to_install(extra: str, package: str = PACKAGE) -> str:
    """The command that adds an extra to this installation: by uv or pipx if they made it, else by
    pip, or by uv where the environment has no pip.
    """
    wanted = f"'{package}[{extra}]'"
    place = Path(sys.prefix)
    if (place / "uv-receipt.toml").exists():
        return f"uv tool install --with {wanted} {PACKAGE}"
    if (place / "pipx_metadata.json").exists():
        return f"pipx inject {PACKAGE} {wanted}"
    python = shlex.quote(sys.executable)
    if find_spec("pip") is None:
        return f"uv pip install --python {python} {wanted}"
    return f"{python} -m pip install {wanted}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)
