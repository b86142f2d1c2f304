"""Checks of one API key: whether Apple accepts it, and its rights to read."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from requests import Response

from app_store_connect.api.auth import TokenAuth
from app_store_connect.api.budget import RequestBudget, parse_rate_limit
from app_store_connect.api.client import AppStoreConnectClient
from app_store_connect.api.credentials import Credentials
from app_store_connect.api.http import BrokenTransferError, exchange, new_session
from app_store_connect.api.responses import TransientError, document_of
from app_store_connect.entities import App, Report, ReportRequest
from app_store_connect.errors import AppStoreConnectError, ForbiddenError, UnauthorizedError
from asc_pipeline.doctor.check import Check, Level
from asc_pipeline.doctor.judgement import (
    judge_budget,
    judge_clock,
    judge_ordering,
    judge_reports,
    judge_requests,
    title_of,
)

_TIMEOUT_SECONDS = 20.0
_BACKOFF_SECONDS = 0.1
_MOST_BYTES = 1 << 20
_MARGIN = timedelta(seconds=1)
"""Of Apple's `Date`, which has no fractions of a second."""

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class _Answer:
    """Apple's answer to one request: the refusal, if it is one, and its headers."""

    refusal: Exception | None
    rate_limit: str | None
    ahead: timedelta | None


def check_key(
    credentials: Credentials, app_ids: Sequence[str], now: Clock, name: str = ""
) -> Iterator[Check]:
    """The checks of a key; those of its apps follow if Apple accepts it.

    Args:
        app_ids: only these apps; none for all that the key sees.
        name: of the key, where there are several.
    """
    subject = f"key {name}".strip()
    try:
        answer, correction = _probe(credentials, now), timedelta(0)
        if answer.ahead is not None:
            clock = judge_clock(answer.ahead)
            yield clock
            if clock.level is Level.ERROR and isinstance(answer.refusal, UnauthorizedError):
                correction = answer.ahead  # or a good key would look like a wrong one
                answer = _probe(credentials, lambda: now() - correction)
    except BrokenTransferError as error:
        yield Check(subject, Level.ERROR, f"Apple cannot be asked: {error}")
        return
    if isinstance(answer.refusal, TransientError):
        level = Level.WARNING if answer.refusal.status == 429 else Level.ERROR
        yield Check(subject, level, f"not known: {answer.refusal}", "run this again later")
    elif answer.refusal:
        yield Check(subject, Level.ERROR, str(answer.refusal))
    else:
        by = ", by Apple's clock" if correction else ""
        kind = "team" if credentials.issuer_id else "individual"
        yield Check(subject, Level.OK, f"Apple accepts {kind} key {credentials.key_id}{by}")
    if not isinstance(answer.refusal, UnauthorizedError):
        yield judge_budget(parse_rate_limit(answer.rate_limit))
    if not answer.refusal:
        yield from _checks_of_apps(_client(credentials, lambda: now() - correction), app_ids)


def _probe(credentials: Credentials, now: Clock) -> _Answer:
    with new_session() as session:
        session.trust_env = credentials.base_url.startswith("https:")
        response, body = exchange(
            session,
            "GET",
            f"{credentials.base_url}/v1/apps",
            timeout_seconds=_TIMEOUT_SECONDS,
            max_bytes=_MOST_BYTES,
            params={"limit": "1"},
            auth=TokenAuth(credentials, now=now),
        )
    refusal: Exception | None = None
    try:
        document_of(response, body)
    except (TransientError, AppStoreConnectError) as error:
        refusal = error
    return _Answer(refusal, response.headers.get("X-Rate-Limit"), _ahead(response, now()))


def _ahead(response: Response, now: datetime) -> timedelta | None:
    """How far this machine's clock is before that of the answer, if it tells."""
    try:
        return now - parsedate_to_datetime(response.headers["Date"]) - _MARGIN / 2
    except (KeyError, ValueError, TypeError):
        return None


def _client(credentials: Credentials, now: Clock) -> AppStoreConnectClient:
    return AppStoreConnectClient(
        credentials,
        budget=RequestBudget(0.0),
        auth=TokenAuth(credentials, now=now),
        backoff_seconds=_BACKOFF_SECONDS,
        timeout_seconds=_TIMEOUT_SECONDS,
    )


def _checks_of_apps(client: AppStoreConnectClient, app_ids: Sequence[str]) -> Iterator[Check]:
    """Ends at the first refusal that every further request would meet as well."""
    try:
        apps = client.list_apps(app_ids=app_ids)
    except AppStoreConnectError as error:
        yield Check("apps", Level.ERROR, f"the key may not list apps: {error}")
        return
    state = f"the key sees {len(apps)} apps"
    missing = sorted({*app_ids} - {each.id for each in apps})
    if missing or not apps:
        yield Check("apps", Level.ERROR, f"{state}, and not {', '.join(missing) or 'any app'}")
    else:
        yield Check("apps", Level.OK, state)
    checks: list[Check] = []
    has_requests = False
    for app in apps:
        try:
            requests = client.list_report_requests(app.id)
        except AppStoreConnectError as error:
            yield _refused(app, "list report requests", error)
            continue
        has_requests = has_requests or bool(requests)
        checks.append(judge_requests(app, requests))
        yield checks[-1]
        yield from _checks_of_reports(client, app, requests)
    if checks:
        yield judge_ordering(checks, has_requests=has_requests)


def _checks_of_reports(
    client: AppStoreConnectClient, app: App, requests: Sequence[ReportRequest]
) -> Iterator[Check]:
    live = [each for each in requests if not each.is_stopped] or list(requests)
    reports: list[Report] = []
    try:
        for request in live[:1]:
            reports = client.list_reports(request.id)
            yield judge_reports(app, reports)
        for report in reports[:1]:
            client.list_instances(report.id)
    except AppStoreConnectError as error:
        yield _refused(app, "read reports", error)


def _refused(app: App, what: str, error: AppStoreConnectError) -> Check:
    may_not = f"the key may not {what}" if isinstance(error, ForbiddenError) else f"cannot {what}"
    return Check(title_of(app), Level.ERROR, f"{may_not}: {error}")
