"""The lock of an Iceberg lake, whose tables have no catalogue in which two writers could agree.

The lock is a file in the lake, which its holder writes anew every few seconds. Clocks are not
compared: who finds the lock watches it, and takes it over once it has stayed the same for long.
"""

import json
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from app_store_connect.errors import DestinationError
from app_store_connect.warehouse.files import LakeFiles, file_errors

if TYPE_CHECKING:
    from asc_pipeline.dlt_pipeline.opening import Patience

logger = logging.getLogger(__name__)

LOCK = "_writer.json"
"""Behind the name of the raw dataset, and beside its folder, which dlt wants to make itself."""
BEAT_SECONDS = 5.0
DEAD_AFTER_SECONDS = 30.0
"""A lock that stays the same for this long has no holder any more."""
SETTLE_SECONDS = 1.0
"""Of two runs that take over a lock at once the later one has it, which both see after this."""
POLL_SECONDS = 0.5


@contextmanager
def only_writer(files: LakeFiles, patience: "Patience") -> Iterator[None]:
    """Hold the lock; wait for it as long as `patience` says.

    Raises:
        DestinationError: another run holds it, or it cannot be written.
    """
    lock = _Lock(files)
    with file_errors():
        lock.take(patience)
    ended = threading.Event()
    beats = threading.Thread(target=lock.renew_until, args=(ended,), daemon=True)
    beats.start()
    try:
        yield
    finally:
        ended.set()
        beats.join()
        with suppress(DestinationError), file_errors():  # a lock that stays is dead in a moment
            lock.free()


class _Lock:
    def __init__(self, files: LakeFiles) -> None:
        self._files = files
        client = files.client
        self._folder = client.bucket_path
        self._place = str(client.pathlib.join(self._folder, f"{client.dataset_name}{LOCK}"))
        self._token = uuid4().hex
        self._beats = 0

    def take(self, patience: "Patience") -> None:
        begin = seen_at = time.monotonic()
        seen = b""
        while not self._is_made():
            found, now = self._read(), time.monotonic()
            if found != seen:
                seen, seen_at = found, now
            if now - seen_at >= DEAD_AFTER_SECONDS or _is_dead(found):
                self._write()
                patience.sleep(SETTLE_SECONDS)
                if self._is_mine():
                    return
            if now - begin >= patience.seconds:
                raise DestinationError(self._refusal(found))
            if begin == seen_at:
                patience.say(f"waiting up to {patience.seconds:.0f} s: {_holder(found)}")
            patience.sleep(POLL_SECONDS)

    def renew_until(self, ended: threading.Event) -> None:
        while not ended.wait(BEAT_SECONDS):
            try:
                self._write()
            except Exception as error:  # each driver has its own; the next beat tries again
                logger.debug("lock not renewed", exc_info=error)

    def free(self) -> None:
        if self._is_mine():
            self._files.system.rm_file(self._place)

    def _is_made(self) -> bool:
        """Whether there was no lock, and now there is this one."""
        if not self._files.client.is_local_filesystem:
            with suppress(OSError):  # SeaweedFS and Amazon answer 412
                self._files.system.pipe_file(self._place, self._content(), mode="create")
            return self._is_mine()
        self._files.system.makedirs(self._folder, exist_ok=True)
        try:
            with open(self._place, "xb") as file:
                file.write(self._content())
        except FileExistsError:
            return False
        return True

    def _content(self) -> bytes:
        self._beats += 1
        holder = {"host": socket.gethostname(), "process": os.getpid()}
        return json.dumps({"token": self._token, **holder, "beats": self._beats}).encode()

    def _write(self) -> None:
        self._files.system.pipe_file(self._place, self._content())

    def _read(self) -> bytes:
        self._files.forget()
        try:
            return bytes(self._files.system.cat_file(self._place))
        except FileNotFoundError:
            return b""

    def _is_mine(self) -> bool:
        return _told(self._read()).get("token") == self._token

    def _refusal(self, found: bytes) -> str:
        return (
            f"{_holder(found)}: an Iceberg lake takes one writer at a time; wait until that run"
            f" ends or, if it was killed, run again with --wait {2 * DEAD_AFTER_SECONDS:.0f}"
        )


def _told(content: bytes) -> dict[str, Any]:
    """Empty where the file is gone or half written."""
    try:
        found: dict[str, Any] = json.loads(content)
    except ValueError:
        return {}
    return found


def _holder(content: bytes) -> str:
    told = _told(content)
    return f"another run writes to this lake (process {told.get('process')} on {told.get('host')})"


def _is_dead(content: bytes) -> bool:
    """Whether the holder was a process of this machine that is no more."""
    told = _told(content)
    if told.get("host") != socket.gethostname():
        return False
    if told["process"] == os.getpid():  # of a container, in which every run has this number
        return True
    try:
        os.kill(told["process"], 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False
