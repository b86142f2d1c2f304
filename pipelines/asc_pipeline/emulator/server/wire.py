"""Requests, answers, and the local HTTP server between them."""

import contextlib
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

LOOPBACK = "127.0.0.1"

Header = tuple[str, str]


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
    """An answer to send."""

    status: int
    body: bytes = field(default=b"", repr=False)
    content_type: str | None = "application/json"
    headers: tuple[Header, ...] = ()

    def send(self, connection: BaseHTTPRequestHandler) -> None:
        """Write the answer to the client's connection."""
        self.send_head(connection)
        connection.wfile.write(self.body)

    def send_head(self, connection: BaseHTTPRequestHandler) -> None:
        connection.send_response_only(self.status)
        if "Date" not in dict(self.headers):
            connection.send_header("Date", connection.date_time_string())
        if self.content_type:
            connection.send_header("Content-Type", self.content_type)
        for name, value in (*self.framing(), *self.headers):
            connection.send_header(name, value)
        connection.end_headers()

    def framing(self) -> tuple[Header, ...]:
        """The header that says where the body ends."""
        if self.status == HTTPStatus.NO_CONTENT:
            return ()
        return (("Content-Length", str(len(self.body))),)


class LocalServer(ThreadingHTTPServer):
    """An HTTP/1.1 server on the loopback interface that hands every request to one function."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, respond: Callable[[Request], Answer]) -> None:
        self.respond = respond
        self._connections: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__((LOOPBACK, 0), _Handler)
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def origin(self) -> str:
        return f"http://{LOOPBACK}:{self.server_port}"

    def server_bind(self) -> None:
        """Bind without asking the name service for a name, which may take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, self.server_address[1]

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the server and every connection that a client keeps open."""
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
        """Show every error except that of a client that hangs up."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.title(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self.rfile.read(length))
        cast(LocalServer, self.server).respond(request).send(self)

    do_GET = do_POST = do_DELETE = _handle  # noqa: N815  http.server's names

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the terminal belongs to the job."""
