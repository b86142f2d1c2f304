"""Masks secrets in all output: the destination's, and the signatures of segment URLs.

All output of the commands passes `without_secrets`, in `streams`, so no message can forget it.
"""

import json
import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus, unquote, unquote_plus

MASK = "***"
_SHORTEST = 4
"""Shorter texts stand in too many words. They are masked where a pattern recognises them."""
_SHORTEST_INSIDE_WORDS = 8
_MOST_SIGNS = 40
"""Of a secret that is divided into pieces, so that a key of many lines makes a thousand at most."""

_QUERY = re.compile(r"\?\S+")
_TALKATIVE = ("connection", "connectionpool", "poolmanager", "response", "util.retry")

_NAMES = (
    "password|passwd|passphrase|secret|token|access_?key|account_?key|api_?key|sas|sig|signature"
)
_SECRET_NAME = re.compile(rf"({_NAMES}|private_key)$", re.IGNORECASE)
_SEVERAL = re.compile(r"(credentials|connection_string|conn_str|_url|_dsn|_uri)$", re.IGNORECASE)
# Neither value holds a quote or backslash, which end a text in JSON: it stays JSON.
_NAMED = re.compile(rf"((?:{_NAMES}|pwd)\s*=\s*)('[^'\"\\\n]*'|[^\s&;,'\"\\]+)", re.IGNORECASE)
_USER = re.compile(r"(://[^\s:/?#@'\"\\]*:)[^\s/'\"\\]+(?=@)")
_JWT = re.compile(r"\beyJ[\w-]{8,}\.[\w-]+(\.[\w-]*)?")
_BEFORE_PASSWORD = re.compile(r"(?:[\w+.-]*:?/{1,3})?[^:/?#@\s]*:")
_DELIMITERS = re.compile(r"[\s@:/?#%&=+,;'\"\\]+")

_known: re.Pattern[str] | None = None
_forms: set[str] = set()


def without_secrets(text: str) -> str:
    """The text with a mask for each secret that is known, or recognised by the words before it."""
    if _known:
        text = _known.sub(MASK, text)
    text = _USER.sub(rf"\1{MASK}", text)
    return _JWT.sub(MASK, _NAMED.sub(rf"\1{MASK}", text))


def start_with_environment() -> None:
    """Forget the secrets of an earlier command; read those of destinations in the environment.

    The parts of Apple's key are checked, and kept out of messages, by `credentials`.
    """
    _forms.clear()
    _remember({})
    for name, value in os.environ.items():
        if not name.startswith("SOURCES__"):
            remember(name, value)


def remember(name: str, value: object) -> None:
    """Mask the secret in this setting from now on, in each way in which it may be written."""
    secrets = set(secrets_of(name, value))
    shown = unquote(value) if isinstance(value, str) else ""
    for secret in sorted(secrets, key=len, reverse=True):
        shown = shown.replace(unquote(secret), " ")
    shown = f"{name} {shown}".casefold()  # of the host's name nobody can tell that it is a password
    forms = {form for secret in secrets for form in _written(secret)}
    _remember(form for form in forms if form.casefold() not in shown)


def secrets_of(name: str, value: object) -> Iterator[str]:
    """The secrets in a setting: all of it, or some parts of a table or connection string."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from secrets_of(str(key), each)
    elif isinstance(value, str) and _SECRET_NAME.search(name):
        yield value.strip()
    elif isinstance(value, str) and _SEVERAL.search(name):
        try:
            table = json.loads(value)
        except ValueError:
            table = None
        yield from secrets_of(name, table) if isinstance(table, dict) else _parts(value)


def _parts(connection: str) -> Iterator[str]:
    """Possible passwords in a connection string, well-formed or not."""
    yield from (match[2].strip("'") for match in _NAMED.finditer(connection))
    if before := _BEFORE_PASSWORD.match(connection):
        rest = connection[before.end() :]
        yield from (rest[: at.start()] for at in re.finditer("@", rest))


def _written(secret: str) -> set[str]:
    """A secret as it may stand in a message. Where a library divides an address at a sign in the
    password, its message has a piece of it.
    """
    plain = {secret, unquote(secret), unquote_plus(secret)}
    encoded = {write(each) for each in plain for write in (quote, quote_plus, _quote_all)}
    pieces = {piece for each in plain for piece in _pieces(each)}
    escaped = {write(each)[1:-1] for each in plain | pieces for write in (json.dumps, repr, ascii)}
    return {form for form in encoded | pieces | escaped if len(form) >= _SHORTEST}


def _pieces(secret: str) -> Iterator[str]:
    """The stretches of it that begin and end at a sign that divides addresses."""
    signs = list(_DELIMITERS.finditer(secret))[:_MOST_SIGNS]
    ends = [*(sign.start() for sign in signs), len(secret)]
    for start in (0, *(sign.end() for sign in signs)):
        yield from (secret[start:end] for end in ends if end > start)


def _quote_all(text: str) -> str:
    return quote(text, safe="")


def _remember(forms: Iterable[str]) -> None:
    global _known  # one pattern for the process, as its streams are
    _forms.update(forms)
    longest_first = sorted(_forms, key=len, reverse=True)
    _known = re.compile("|".join(map(_pattern, longest_first))) if longest_first else None


def _pattern(form: str) -> str:
    pattern = re.escape(form)
    return pattern if len(form) >= _SHORTEST_INSIDE_WORDS else rf"(?<!\w){pattern}(?!\w)"


def redacted(text: str) -> str:
    """The text with every query string cut off: a store may call its signature anything."""
    return _QUERY.sub("?(query removed)", text)


class QueryFilter(logging.Filter):
    """Rewrites a record, with whatever its arguments contribute, before any handler sees it."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if (safe := redacted(message)) != message:
            record.msg, record.args = safe, ()
        return True


def protect_logs() -> None:
    """urllib3 logs every request's address, with its query, at level DEBUG."""
    for name in _TALKATIVE:
        library = logging.getLogger(f"urllib3.{name}")
        if not any(isinstance(each, QueryFilter) for each in library.filters):
            library.addFilter(QueryFilter())
