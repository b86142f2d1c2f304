"""Segments from Apple's store to a verified temporary file.

A signed URL lives for five minutes and is itself the permission: no token, cookie or stored
password goes with it (the store answers 400 to an Authorization header), and no message shows it.
"""

import hashlib
import logging
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO
from urllib.parse import urljoin

import requests
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_random_exponential

from ..entities import ReportSegment
from ..errors import (
    ChecksumError,
    DownloadError,
    SegmentError,
    UntrustedUrlError,
)
from ..redaction import protect_logs
from .credentials import is_safe_transport, origin_of
from .http import (
    SAFE_TRANSPORT,
    BrokenTransferError,
    chunks_of,
    new_session,
    no_answer,
    timeouts,
)

logger = logging.getLogger(__name__)

MAX_URL_AGE_SECONDS = 240.0
"""Of the 300 that Apple gives; an older URL is renewed before it is tried."""
SPOOL_BYTES = 8 * 1024 * 1024
"""Larger files go to disk, readable by this user alone."""
TRIES = 5
MAX_REDIRECTS = 3
_MAX_REFUSAL_BYTES = 4096
_REFUSAL_CODE = re.compile(rb"<Code>([A-Za-z]{1,64})</Code>")  # the rest may quote the signature


@dataclass(frozen=True, slots=True)
class ListedSegment:
    """A segment with the moment its URL was made, on the downloader's clock."""

    segment: ReportSegment
    listed_at: float


class _RetryableError(Exception):
    """One try failed; raise `error` if it was the last."""

    def __init__(self, error: SegmentError) -> None:
        self.error = error
        super().__init__(str(error))


class SegmentDownloader:
    """Fetches segments, many at a time. `read_segment` gives a segment with a fresh URL."""

    def __init__(
        self,
        read_segment: Callable[[str], ReportSegment],
        *,
        clock: Callable[[], float] = time.monotonic,
        backoff_seconds: float = 1.0,
        timeout_seconds: float = 60.0,
    ) -> None:
        self._read_segment = read_segment
        self.clock = clock
        self._backoff = wait_random_exponential(multiplier=backoff_seconds, max=20)
        self._timeout = timeout_seconds
        protect_logs()
        self._session = new_session()
        self._session.auth = _no_auth

    @contextmanager
    def open(self, listed: ListedSegment) -> Iterator[tuple[ReportSegment, IO[bytes]]]:
        """The whole file, its size and checksum verified, at its beginning; gone on leaving.

        The segment that comes with it is the one verified against: Apple may have re-published it,
        with another checksum, since it was listed.

        Raises:
            SegmentError: the file could not be had, or not as listed, also not with a fresh URL.
            UntrustedUrlError: the URL, or where the store redirects, is not https.
            ApiError, UnavailableError, BudgetExhaustedError: a fresh URL could not be had.
        """
        with tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES, prefix="asc-segment-") as file:
            segment = self._fetch(listed, file)
            file.seek(0)
            yield segment, file

    def _fetch(self, listed: ListedSegment, file: IO[bytes]) -> ReportSegment:
        segment, made_at = listed.segment, listed.listed_at
        try:
            for attempt in Retrying(
                retry=retry_if_exception_type(_RetryableError),
                stop=stop_after_attempt(TRIES),
                wait=self._backoff,
                reraise=True,
            ):
                with attempt:
                    is_first = attempt.retry_state.attempt_number == 1
                    if not is_first or self.clock() - made_at > MAX_URL_AGE_SECONDS:
                        segment, made_at = self._renewed(segment), self.clock()
                    self._try(segment, file)
        except _RetryableError as error:
            raise error.error from None
        return segment

    def _renewed(self, segment: ReportSegment) -> ReportSegment:
        fresh = self._read_segment(segment.id)
        if fresh.id != segment.id:
            raise DownloadError(segment.id, f"Apple gives segment {fresh.id} in its place")
        return fresh

    def _try(self, segment: ReportSegment, file: IO[bytes]) -> None:
        file.seek(0)
        file.truncate()
        algorithm = segment.checksum_algorithm
        digest = hashlib.new(algorithm, usedforsecurity=False) if algorithm else None
        size = 0
        try:
            with self._get(segment) as response:
                for chunk in chunks_of(response):
                    size += len(chunk)
                    if size > segment.size_in_bytes:
                        break
                    if digest:
                        digest.update(chunk)
                    file.write(chunk)
        except (requests.RequestException, BrokenTransferError) as error:
            is_known = isinstance(error, BrokenTransferError)
            problem = str(error) if is_known else no_answer(error, "and the proxy")
            raise _RetryableError(DownloadError(segment.id, problem)) from None
        if size != segment.size_in_bytes:
            came = f"only {size}" if size < segment.size_in_bytes else "more"
            problem = f"{came} of the {segment.size_in_bytes} bytes listed came"
            raise _RetryableError(ChecksumError(segment.id, problem))
        if digest and digest.hexdigest() != segment.checksum.lower():
            problem = f"its {algorithm} is {digest.hexdigest()}, listed is {segment.checksum}"
            raise _RetryableError(ChecksumError(segment.id, problem))
        if not digest:
            logger.warning("segment %s: checksum of an unknown kind, not compared", segment.id)

    def _get(self, segment: ReportSegment) -> requests.Response:
        url = _checked(segment, segment.url)
        for _ in range(MAX_REDIRECTS + 1):
            response = self._ask(segment, url)
            if not response.is_redirect:
                return _accepted(response, segment)
            response.close()
            location = response.headers["Location"].encode("latin-1").decode(errors="replace")
            url = _checked(segment, location, base=url)
        raise DownloadError(segment.id, "the store redirects without end")

    def _ask(self, segment: ReportSegment, url: str) -> requests.Response:
        try:
            return self._session.get(
                url,
                headers={"Accept-Encoding": "identity"},  # hash the bytes as they are stored
                proxies={"http": ""},  # plain http is for this very machine, so no proxy sees it
                timeout=timeouts(self._timeout),
                stream=True,
                allow_redirects=False,
            )
        except ValueError:  # requests takes an address apart in another way
            raise _unreadable(segment) from None


def _checked(segment: ReportSegment, url: str, *, base: str = "") -> str:
    """The absolute URL, if nobody can read or change its content on the way."""
    try:
        absolute = urljoin(base, url)
        is_safe, origin = is_safe_transport(absolute), origin_of(absolute)
    except ValueError:
        raise _unreadable(segment) from None
    is_downgrade = base.startswith("https:") and not origin.startswith("https:")
    if is_downgrade or not is_safe:
        allowed = "https after https" if is_downgrade else SAFE_TRANSPORT
        raise UntrustedUrlError(f"segment {segment.id}", origin, allowed)
    return absolute


def _unreadable(segment: ReportSegment) -> DownloadError:
    return DownloadError(segment.id, "its URL, or where the store redirects, cannot be read")


def _accepted(response: requests.Response, segment: ReportSegment) -> requests.Response:
    """Any refusal may be the URL's age or the store's moment: each is tried with a fresh URL."""
    if response.status_code == requests.codes.ok:
        return response
    start = b""
    with response:
        for chunk in chunks_of(response):
            start += chunk
            if len(start) >= _MAX_REFUSAL_BYTES:
                break
    code = _REFUSAL_CODE.search(start)
    answer = f"{response.status_code} {code[1].decode()}" if code else str(response.status_code)
    problem = f"the store answered {answer} for {segment.path}"
    raise _RetryableError(DownloadError(segment.id, problem))


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps requests from taking a password for the store's host out of ~/.netrc."""
    return request
