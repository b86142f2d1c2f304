"""Guards all output: it masks secrets, and a stream that cannot be written ends no run.

With a full disk, or a pipe that nobody reads, output is given up silently on stderr; on stdout this
is told and makes an exit code of 0 a 1.
"""

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, TextIO, cast

from app_store_connect.redaction import start_with_environment, without_secrets

_UNWRITTEN = 1


class _Guarded:
    """Passes all but secrets on to a stream. Once that cannot be written, its file is /dev/null: so
    what is still in a buffer, or written past this object, does no harm either.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.failure: OSError | None = None

    def write(self, text: str) -> int:
        with self._given_up():
            self._stream.write(without_secrets(text))
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
    start_with_environment()
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
    except Exception:
        sys.excepthook = _print_traceback  # Python prints it after these streams are given back
        raise
    finally:
        errors.flush()
        sys.stdout, sys.stderr = before


def _print_traceback(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    sys.stderr.write(without_secrets("".join(traceback.format_exception(kind, error, trace))))


def _open_what_is_closed() -> None:
    """A stream closed by the caller is /dev/null, before a database's file gets its number."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
