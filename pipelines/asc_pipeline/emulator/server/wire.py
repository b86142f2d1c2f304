"""Requests, answers, and the local HTTP server between them."""

import contextlib
import os
import socket
import struct
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

LOOPBACK = "127.0.0.1"


class Delivery(Enum):
    """How much of an answer reaches the client."""

    WHOLE = auto()
    CHUNKED = auto()
    CUT = auto()
    RESET_BEFORE = auto()
    RESET_MIDWAY = auto()


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it arrived. Header names are in Title-Case; repeated parameters are joined."""

    method: str
    target: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        query: dict[str, str] = {}
        for name, value in parse_qsl(urlsplit(self.target).query, keep_blank_values=True):
            query[name] = f"{query[name]},{value}" if name in query else value
        return query


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to send. `Content-Length` tells of the whole body, whatever is delivered."""

    status: int
    body: bytes = field(default=b"", repr=False)
    content_type: str | None = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    delivery: Delivery = Delivery.WHOLE


class LocalServer(ThreadingHTTPServer):
    """An HTTP/1.1 server on the loopback interface that hands every request to one function."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, respond: Callable[[Request], Answer], port: int = 0) -> None:
        self.respond = respond
        self._connections: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__((LOOPBACK, port), _Handler)
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def origin(self) -> str:
        return f"http://{LOOPBACK}:{self.server_port}"

    def server_bind(self) -> None:
        """Binds without asking the name service for a name, which may take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, self.server_address[1]

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the server and every connection that a client keeps open."""
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join()
        self.server_close()
        with self._guard:
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no error; anything else is a bug here and is shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.title(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self.rfile.read(length))
        self._send(cast(LocalServer, self.server).respond(request))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815  http.server's names

    def _send(self, answer: Answer) -> None:
        if answer.delivery is Delivery.RESET_BEFORE:
            return self._reset()
        head = self._head(answer)
        body = b"" if self.command == "HEAD" else answer.body
        if answer.delivery is Delivery.CHUNKED:
            self.wfile.write(head + _chunked(body))
        elif answer.delivery is Delivery.WHOLE:
            self.wfile.write(head + body)
        else:
            self.wfile.write(head + body[: len(body) // 2])
            self.close_connection = True
            if answer.delivery is Delivery.RESET_MIDWAY:
                self._reset()
        return None

    def _head(self, answer: Answer) -> bytes:
        lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
        lines += [f"Date: {self.date_time_string()}"]
        if answer.content_type:
            lines += [f"Content-Type: {answer.content_type}"]
        if answer.delivery is Delivery.CHUNKED:
            lines += ["Transfer-Encoding: chunked"]
        elif answer.status != HTTPStatus.NO_CONTENT:
            lines += [f"Content-Length: {len(answer.body)}"]
        lines += [f"{name}: {value}" for name, value in answer.headers]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def _reset(self) -> None:
        """Drops the connection with RST, as a dying load balancer does."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def log_message(self, format: str, *args: Any) -> None:
        """Logs nothing: exchanges are in the emulator's lists."""


def _chunked(body: bytes, size: int = 65536) -> bytes:
    parts = (body[start : start + size] for start in range(0, len(body), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
