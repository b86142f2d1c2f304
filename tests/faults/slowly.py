"""A proxy in front of a local server that lets bodies through byte by byte, without an end."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

PAUSE_SECONDS = 0.05


class Dripping:
    """Use it as a context manager; `origin` is its address. While not `is_slow` it is a relay."""

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname or "", parts.port or 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ended = threading.Event()
        self.is_slow = True
        self.origin = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        """One request and one answer for each connection."""
        with (
            client,
            socket.create_connection(self._upstream) as server,
            contextlib.suppress(OSError),
        ):
            request = client.recv(65536)
            head, _, rest = request.partition(b"\r\n")
            server.sendall(head + b"\r\nConnection: close\r\n" + rest)
            server.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: server.recv(65536), b""))
            head, _, body = answer.partition(b"\r\n\r\n")
            client.sendall(head.replace(b"HTTP/1.1", b"HTTP/1.0", 1) + b"\r\n\r\n")
            if not self.is_slow:
                client.sendall(body)
                return
            for byte in body:
                client.sendall(bytes([byte]))
                if self._ended.wait(PAUSE_SECONDS):
                    return
