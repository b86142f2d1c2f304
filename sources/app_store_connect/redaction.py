"""Keeps the signatures of segment URLs out of other libraries' log lines."""

import logging
import re

_SIGNED_QUERY = re.compile(r"\?\S*X-Amz-\S*", re.IGNORECASE)


def redacted(text: str) -> str:
    """The text with the query string of every signed URL cut off."""
    return _SIGNED_QUERY.sub("?(signature removed)", text)


class SignatureFilter(logging.Filter):
    """Rewrites a record before any handler sees it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(redacted(a) if isinstance(a, str) else a for a in record.args)
        record.msg = redacted(str(record.msg))
        return True


def protect_logs() -> None:
    """urllib3 logs every request's address, with its query, at level DEBUG."""
    for name in ("urllib3.connectionpool", "urllib3.util.retry"):
        library = logging.getLogger(name)
        if not any(isinstance(each, SignatureFilter) for each in library.filters):
            library.addFilter(SignatureFilter())
