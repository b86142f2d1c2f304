"""Output that cannot be written, to a full disk or a pipe that nobody reads, ends no run.

On stderr it is given up silently, on stdout it is told and makes an exit code of 0 a 1.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

_UNWRITTEN = 1


class _Guarded:
    """Passes all on to a stream. Once that cannot be written, its file is /dev/null: so what is
    still in a buffer, or written past this object, does no harm either.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.failure: OSError | None = None

    def write(self, text: str) -> int:
        with self._given_up():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._given_up():
            self._stream.flush()

    @contextmanager
    def _given_up(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.failure = self.failure or error
            with suppress(OSError), open(os.devnull, "wb") as null:
                os.dup2(null.fileno(), self._stream.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def guarded_streams() -> Iterator[None]:
    """For a whole program, which ends by SystemExit."""
    _open_what_is_closed()
    before = sys.stdout, sys.stderr
    out, errors = _Guarded(sys.stdout), _Guarded(sys.stderr)
    sys.stdout, sys.stderr = cast(TextIO, out), cast(TextIO, errors)
    try:
        yield
    except SystemExit as end:
        out.flush()
        if out.failure:
            errors.write(f"stdout could not be written: {out.failure.strerror}; all else is done\n")
            end.code = end.code or _UNWRITTEN
        raise
    finally:
        errors.flush()
        sys.stdout, sys.stderr = before


def _open_what_is_closed() -> None:
    """A stream closed by the caller is /dev/null, before a database's file gets its number."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
