"""uvicorn's HTTP protocol, where it loses what a client sent, or takes what no server should: heads without end.

uvicorn closes connections without a request at once, also those whose request is on its way. httptools ends a request
at the head when that offers another protocol, and tells of trailers as of headers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from ..bridge.request_body import UPGRADE_DECLINED

LINGER_SECONDS = 1.0
"""How long a connection stays open that has no request at the end of the server, or has had its last answer."""
FRAMING = (b"content-length", b"transfer-encoding")
CLOSING = (b"connection", b"close")
INVALID = "Invalid HTTP request received."
STOPPING = "gateway.stopping"
"""The ASGI extension of a request that came after the server was told to end."""
READ_BYTES = 65_536
"""What a transport hands over at once, at most: as much of a head may have come beyond a limit before it is seen."""


@dataclass(frozen=True, slots=True)
class HeadLimits:
    """Limit a request's head as gunicorn does; beyond, the answer is 431, for a target 414 (RFC 9110)."""

    field_bytes: int = 8_190
    """Of one field: name, value, colon and line end; of the target as well."""
    fields: int = 100


class _HeadTooLargeError(Exception):
    """Ends the parser's work on a head; the message is the answer's."""


class HTTPProtocol(HttpToolsProtocol):
    """A request that comes after `shutdown` is still answered; one that offers an upgrade keeps its body."""

    limits = HeadLimits()
    """Of every connection in the process; `gateway serve` sets them."""
    is_discarding = False
    """Whether the last answer is written or decided: what still comes is read to be forgotten, but not without end."""
    pending_bytes = 0
    """What has come of a field, a target or a trailer that is not whole yet; bodies do not count."""

    cycles_ahead: Sequence[RequestResponseCycle] = ()
    """The requests before the newest one, where several were under way at once."""

    is_ending = False
    is_resuming = False
    """Whether the parser is fed a head again, of a request that has begun already."""

    def data_received(self, data: bytes) -> None:
        if self.is_discarding:
            self._discard(len(data))
            return
        self._unset_keepalive_if_required()  # uvicorn's, as it begins itself: it has no public form
        try:
            while data:
                try:
                    self.pending_bytes += len(data)
                    self.parser.feed_data(data)
                    if self.pending_bytes > self.limits.field_bytes + READ_BYTES:
                        raise _HeadTooLargeError
                    return
                except httptools.HttpParserUpgrade as upgrade:
                    if self._should_upgrade():  # uvicorn's: it heeds whether websockets are served
                        self._upgrade()
                        return
                    self._resume_after_head()
                    data = data[upgrade.args[0] :]
        except _HeadTooLargeError:
            self._refuse_head()
        except httptools.HttpParserError as error:
            if isinstance(error.__context__, _HeadTooLargeError):
                self._refuse_head()
                return
            self._refuse(b"400 Bad Request", INVALID)

    def _refuse_head(self) -> None:
        """Answer 431, or 414 where the target is too long."""
        is_long = len(getattr(self, "url", b"")) > self.limits.field_bytes
        self._refuse(b"414 URI Too Long" if is_long else b"431 Request Header Fields Too Large")

    def _refuse(self, status: bytes, text: str = "") -> None:
        """Answer what the parser is at in its turn, and end the connection."""
        self.logger.warning(text or f"A request was refused: {status.decode()}")
        body = text.encode()
        kind = ((b"content-type", b"text/plain; charset=utf-8"),) if body else ()
        headers = (*self.server_state.default_headers, *kind, (b"content-length", b"%d" % len(body)), CLOSING)
        answer = b"HTTP/1.1 %b\r\n%b\r\n%b" % (status, b"".join(b"%b: %b\r\n" % header for header in headers), body)

        def answer_last() -> None:
            self.transport.write(answer)
            self._linger()

        self._end_with(answer_last)

    def _end_with(self, act: Callable[[], None]) -> None:
        """Act once every request that came whole is answered, in the place of one that did not; parse no more."""

        def take_turn() -> None:
            if not self.transport.is_closing():
                act()

        async def take_turn_as_app(*_: object) -> None:
            take_turn()

        self.is_discarding = True
        self.pending_bytes = 0
        cycle = self.cycle
        if cycle is not None and cycle.more_body:
            cycle.disconnected = True
            cycle.message_event.set()
            if self.pipeline:  # its newest request is the one
                self.pipeline[0] = (cycle, take_turn_as_app)
            elif cycle.response_started:  # no other answer can follow
                self._linger()
            else:
                take_turn()
        elif self._is_idle():
            take_turn()
        else:
            cycle.on_response = take_turn

    def _linger(self) -> None:
        """End the connection softly: a close with bytes unread is a reset, which takes the answer from the client."""
        self.cycle = None  # type: ignore[assignment]
        self.flow.resume_reading()
        self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def _discard(self, byte_count: int) -> None:
        if not self._is_idle():
            self.flow.pause_reading()
            return
        self.pending_bytes += byte_count
        if self.pending_bytes > self.limits.field_bytes + 2 * READ_BYTES:
            self.transport.abort()

    def on_url(self, url: bytes) -> None:
        self.url += url
        if len(self.url) > self.limits.field_bytes:
            raise _HeadTooLargeError

    def on_header(self, name: bytes, value: bytes) -> None:
        # What uvicorn does, written out: a call of `super` for each field takes one request in a hundred.
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        headers, limits = self.headers, self.limits
        headers.append((name, value))
        self.pending_bytes = 0
        if len(name) + len(value) + 4 > limits.field_bytes or len(headers) > limits.fields:
            raise _HeadTooLargeError

    def on_body(self, body: bytes) -> None:
        self.pending_bytes = 0
        super().on_body(body)

    def _resume_after_head(self) -> None:
        """Have a new parser where the old one should be: a server may decline an upgrade (RFC 9110, 7.8)."""
        self.cycle.scope["extensions"] = {UPGRADE_DECLINED: {}}
        framing = [b"%b: %b\r\n" % header for header in self.headers if header[0] in FRAMING]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's
        self.is_resuming = True
        try:
            self.parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n" % b"".join(framing))
        finally:
            self.is_resuming = False

    def _upgrade(self) -> None:
        """Have the library for websockets take the connection over, but not when the server ends."""
        if self.is_ending:
            self._refuse(b"503 Service Unavailable")
        else:
            self._end_with(self.handle_websocket_upgrade)

    def handle_websocket_upgrade(self) -> None:
        self.flow.resume_reading()
        # The library that answers says nothing at all to a handshake that announces a body.
        self.scope["headers"] = [header for header in self.headers if header[0] not in FRAMING]
        super().handle_websocket_upgrade()

    def on_headers_complete(self) -> None:
        if self.is_resuming:
            return
        before = self.cycle
        super().on_headers_complete()
        if self.pipeline:
            self.cycles_ahead = [*(cycle for cycle in self.cycles_ahead if not cycle.response_complete), before]
        self.pending_bytes = 0
        if not self.parser.should_upgrade():
            self.headers = []  # of the trailers, which are no headers (RFC 9110, 6.5.1)
        if self.is_ending and self.cycle is not None:
            self.cycle.keep_alive = False
            self.cycle.scope["extensions"] = {STOPPING: {}}

    def on_message_complete(self) -> None:
        if not self.parser.should_upgrade():  # else its body may follow
            self.cycle.more_body = False
            self.cycle.message_event.set()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        for cycle in self.cycles_ahead:  # uvicorn tells the newest request alone
            cycle.disconnected = True
            cycle.message_event.set()

    def shutdown(self) -> None:
        self.is_ending = True
        if self._is_idle():
            self.loop.call_later(LINGER_SECONDS, self._close_if_idle)
        else:
            super().shutdown()

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _close_if_idle(self) -> None:
        if self._is_idle() and not self.transport.is_closing():
            self.transport.close()
