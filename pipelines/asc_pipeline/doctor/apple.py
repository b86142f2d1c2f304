"""Checks of the API keys: whether Apple accepts them, and their rights to read."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from requests import Response

from app_store_connect.api.auth import TokenAuth
from app_store_connect.api.budget import RequestBudget, parse_rate_limit
from app_store_connect.api.client import AppStoreConnectClient
from app_store_connect.api.credentials import Credentials
from app_store_connect.api.http import BrokenTransferError, exchange, new_session
from app_store_connect.api.keys import DEFAULT_KEY, apps_to_ask
from app_store_connect.api.responses import TransientError, document_of
from app_store_connect.configuration.keys import KeySettings, UsableKeys
from app_store_connect.entities import App
from app_store_connect.errors import (
    AppStoreConnectError,
    UnauthorizedError,
)
from asc_pipeline.doctor.apps import AppChecks, refused
from asc_pipeline.doctor.check import Check, Level
from asc_pipeline.doctor.judgement import (
    judge_apps,
    judge_budget,
    judge_clock,
    judge_missing_apps,
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


def check_keys(
    keys: Sequence[KeySettings], base_url: str, app_ids: Sequence[str], now: Clock
) -> Iterator[Check]:
    """The checks of each key and of its apps, and the apps that no key sees.

    Args:
        app_ids: only these apps; none for all that the keys see.
    """
    usable = UsableKeys(keys, base_url)
    for name, error in usable.errors.items():
        yield Check(_subject("settings", name), Level.ERROR, str(error), key=name)
    for notice in usable.notices:
        yield Check("settings", Level.WARNING, notice)
    seen: list[Sequence[App] | None] = []
    for key, credentials in usable.keys:
        if (chosen := apps_to_ask(key.app_ids, app_ids)) is None:
            continue
        checks = _KeyChecks(credentials, chosen, now)
        yield from (_named(each, key.name) for each in checks.run())
        seen.append(checks.apps)
    asked = app_ids or [each for key, _ in usable.keys for each in key.app_ids]
    found = {app.id for apps in seen for app in apps or ()}
    if None not in seen and (missing := sorted({*asked} - found)):
        yield judge_missing_apps(missing, is_run_refused=bool(app_ids))


def _named(check: Check, name: str) -> Check:
    """With the name of the key, which the subject shows where keys have names."""
    return replace(check, subject=_subject(check.subject, name), key=name)


def _subject(subject: str, name: str) -> str:
    if name == DEFAULT_KEY:
        return subject
    return f"key {name}" if subject == "key" else f"{subject}, key {name}"


class _KeyChecks:
    """The checks of one key; those of its apps follow if Apple accepts it.

    `apps` are those that Apple listed; None until it did.
    """

    def __init__(self, credentials: Credentials, app_ids: Sequence[str], now: Clock) -> None:
        self.apps: list[App] | None = None
        self._credentials = credentials
        self._app_ids = app_ids
        self._now = now

    def run(self) -> Iterator[Check]:
        credentials = self._credentials
        try:
            answer, correction = _probe(credentials, self._now), timedelta(0)
            if answer.ahead is not None:
                clock = judge_clock(answer.ahead)
                yield clock
                if clock.level is Level.ERROR and isinstance(answer.refusal, UnauthorizedError):
                    correction = answer.ahead  # or a good key would look like a wrong one
                    answer = _probe(credentials, lambda: self._now() - correction)
        except BrokenTransferError as error:
            yield Check("key", Level.ERROR, f"Apple cannot be asked: {error}")
            return
        yield _of_key(credentials, answer, ", by Apple's clock" if correction else "")
        if not isinstance(answer.refusal, UnauthorizedError):
            yield judge_budget(parse_rate_limit(answer.rate_limit))
        if not answer.refusal:
            yield from self._of_apps(_client(credentials, lambda: self._now() - correction))

    def _of_apps(self, client: AppStoreConnectClient) -> Iterator[Check]:
        try:
            self.apps = client.list_apps(app_ids=self._app_ids)
        except AppStoreConnectError as error:
            yield refused("apps", "list apps", error)
            return
        yield judge_apps(len(self.apps), len(self._app_ids))
        yield from AppChecks(client).run(self.apps)


def _of_key(credentials: Credentials, answer: _Answer, by: str) -> Check:
    if isinstance(answer.refusal, TransientError):
        level = Level.WARNING if answer.refusal.status == 429 else Level.ERROR
        return Check("key", level, f"not known: {answer.refusal}", "run this again later")
    if answer.refusal:
        return Check("key", Level.ERROR, str(answer.refusal))
    kind = "team" if credentials.issuer_id else "individual"
    return Check("key", Level.OK, f"Apple accepts {kind} key {credentials.key_id}{by}")


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
