"""One conversation over a raw socket, told in one line: two servers agree when their lines are equal.

Left out of the line: Date and Server; reason phrase and case of header names, which ASGI cannot carry; where a body is
cut into chunks (RFC 9112, 7.1: it means nothing) and the hex case of their sizes; the place of Transfer-Encoding; and
`Connection: keep-alive`, which is HTTP/1.1's default: whether the connection really stays open is tried out.
The server's and the client's port stand as [srv] and [cli].
"""

from __future__ import annotations

import contextlib
import hashlib
import socket
import time
from dataclasses import dataclass

from tests.support.servers import PATIENCE_SECONDS, Server

ALIVE = b"GET /alive HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"
IS_ALIVE = "200 / content-type: text/plain / content-length: 5 / close / b'alive'"
UNTOLD = {"date", "server", "transfer-encoding", "connection"}
LONGEST = 700
"""Characters of a body that are told in full; of a longer one the beginning, size and digest."""


@dataclass(frozen=True)
class Case:
    """What a client sends, and how many answers it then waits for."""

    sent: tuple[bytes, ...]
    """Each piece after the first is sent when one more answer has come, be it a 100."""
    replies: int = 1
    is_head: bool = False
    half_close: bool = False
    """Whether the client then says that it has nothing more to send."""
    byte_by_byte: bool = False


class EndedError(Exception):
    """The server has closed; carries what came since the last complete piece."""


class Incoming:
    """The bytes from the server, taken piece by piece."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline
        self._held = b""

    def until(self, mark: bytes) -> bytes:
        while mark not in self._held:
            self._receive()
        found, _, self._held = self._held.partition(mark)
        return found

    def exactly(self, size: int) -> bytes:
        while len(self._held) < size:
            self._receive()
        found, self._held = self._held[:size], self._held[size:]
        return found

    def rest(self) -> bytes:
        try:
            while True:
                self._receive()
        except EndedError as ended:
            return bytes(ended.args[0])

    def _receive(self) -> None:
        self._connection.settimeout(max(self._deadline - time.monotonic(), 0.001))
        try:
            received = self._connection.recv(65536)
        except ConnectionResetError:
            received = b""
        if not received:
            held, self._held = self._held, b""
            raise EndedError(held)
        self._held += received


def converse(server: Server, case: Case, *, seconds: float = PATIENCE_SECONDS) -> str:
    """Every answer, and whether the connection is then open, closed, or out of step."""
    with socket.create_connection((server.host, server.port), seconds) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        incoming = Incoming(connection, time.monotonic() + seconds)
        told: list[str] = []
        try:
            _exchange(connection, incoming, case, told)
            told.append(_ending(connection, incoming))
        except TimeoutError:
            told.append("no end")
        ports = {server.port: "[srv]", connection.getsockname()[1]: "[cli]"}
    line = " // ".join(told)
    for port, name in ports.items():
        line = line.replace(str(port), name)
    return line


def _exchange(connection: socket.socket, incoming: Incoming, case: Case, told: list[str]) -> None:
    try:
        for piece in case.sent[:-1]:
            _send(connection, piece)
            told.append(read_reply(incoming, is_head=case.is_head))
        for piece in _pieces(case):
            _send(connection, piece)
        if case.half_close:
            connection.shutdown(socket.SHUT_WR)
        final = sum(not reply.startswith("1") for reply in told)
        while final < case.replies:
            told.append(read_reply(incoming, is_head=case.is_head))
            final += not told[-1].startswith("1")
    except EndedError as ended:
        if ended.args[0]:
            told.append(f"cut {ended.args[0]!r}")


def _pieces(case: Case) -> list[bytes]:
    last = case.sent[-1]
    return [last[i : i + 1] for i in range(len(last))] if case.byte_by_byte else [last]


def _send(connection: socket.socket, piece: bytes) -> None:
    # The server may close before it has heard all; what it said is still to be read.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(piece)


def _ending(connection: socket.socket, incoming: Incoming) -> str:
    try:
        _send(connection, ALIVE)
        reply = read_reply(incoming, is_head=False)
    except EndedError as ended:
        return f"out of step: {ended.args[0]!r}" if ended.args[0] else "closed"
    return "open" if reply == IS_ALIVE else f"out of step: {reply}"


def read_reply(incoming: Incoming, *, is_head: bool) -> str:
    """One answer, interim or final, as text."""
    line, *lines = incoming.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
    version, status, *_ = line.split(" ", 2)
    headers = [(name.lower(), value) for name, _, value in (entry.partition(": ") for entry in lines)]
    told = [status if version == "HTTP/1.1" else f"{version} {status}"]
    told += [_tell_header(name, value) for name, value in headers if name not in UNTOLD]
    if ("connection", "close") in headers:
        told.append("close")
    elif ("connection", "keep-alive") in headers and version != "HTTP/1.1":
        told.append("keep-alive")
    if not is_head and status not in ("100", "103", "204", "304"):
        told.append(_read_body(incoming, dict(headers)))
    return " / ".join(told)


def _tell_header(name: str, value: str) -> str:
    return f"{name}: {ascii(value)[1:-1]}"


def _read_body(incoming: Incoming, headers: dict[str, str]) -> str:
    if headers.get("transfer-encoding") == "chunked":
        return _read_chunks(incoming)
    if "content-length" not in headers:
        return _shorten(repr(incoming.rest())) + " until close"
    try:
        return _shorten(repr(incoming.exactly(int(headers["content-length"]))))
    except EndedError as ended:
        return _shorten(repr(ended.args[0])) + " cut"


def _read_chunks(incoming: Incoming) -> str:
    body, ending = b"", ""
    try:
        while size := int(incoming.until(b"\r\n"), 16):
            body += incoming.exactly(size)
            assert incoming.exactly(2) == b"\r\n", "a chunk that is longer than its size"
        assert incoming.until(b"\r\n") == b"", "no trailers were asked for"
    except EndedError:
        ending = " cut"
    return f"chunked {_shorten(repr(body))}{ending}"


def _shorten(told: str) -> str:
    if len(told) <= LONGEST:
        return told
    return f"{told[:40]}... ({len(told)}, {hashlib.sha256(told.encode()).hexdigest()[:12]})"
