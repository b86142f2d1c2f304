"""Keeps the signatures of segment URLs out of other libraries' log lines."""

import logging
import re

_QUERY = re.compile(r"\?\S+")
_TALKATIVE = ("connection", "connectionpool", "poolmanager", "response", "util.retry")


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
