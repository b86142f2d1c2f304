"""Answers that do not reach the client whole."""

import os
import socket
import struct
from dataclasses import dataclass
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler

from asc_pipeline.emulator.server import wire
from asc_pipeline.emulator.server.wire import Header


class Delivery(Enum):
    """How much of an answer reaches the client."""

    WHOLE = auto()
    CHUNKED = auto()
    CUT = auto()
    RESET_BEFORE = auto()
    RESET_MIDWAY = auto()


@dataclass(frozen=True, slots=True)
class Answer(wire.Answer):
    """`Content-Length` tells of the whole body, whatever is delivered. `fault` is the kind of the
    fault that spoilt the answer.
    """

    delivery: Delivery = Delivery.WHOLE
    fault: str | None = None

    def send(self, connection: BaseHTTPRequestHandler) -> None:
        if self.delivery is Delivery.RESET_BEFORE:
            return _reset(connection)
        self.send_head(connection)
        if self.delivery is Delivery.CHUNKED:
            connection.wfile.write(_chunked(self.body))
        elif self.delivery is Delivery.WHOLE:
            connection.wfile.write(self.body)
        else:
            connection.wfile.write(self.body[: len(self.body) // 2])
            connection.close_connection = True
            if self.delivery is Delivery.RESET_MIDWAY:
                _reset(connection)
        return None

    def framing(self) -> tuple[Header, ...]:
        if self.delivery is Delivery.CHUNKED:
            return (("Transfer-Encoding", "chunked"),)
        return wire.Answer.framing(self)  # a dataclass with slots has no super() without arguments


def spoilt(answer: wire.Answer, fault: str, delivery: Delivery = Delivery.WHOLE) -> Answer:
    """The answer, marked with the kind of a fault."""
    told = (answer.status, answer.body, answer.content_type, answer.headers)
    return Answer(*told, delivery, fault)


def _reset(connection: BaseHTTPRequestHandler) -> None:
    """Drop the connection with RST, as a dying load balancer does."""
    connection.close_connection = True
    connection.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.connection.detach())


def _chunked(body: bytes, size: int = 65536) -> bytes:
    parts = (body[start : start + size] for start in range(0, len(body), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
