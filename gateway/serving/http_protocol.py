"""uvicorn's HTTP protocol, where it loses what a client sent: a request during the end, a body beside `Upgrade`.

uvicorn closes connections without a request at once, also those whose request is on its way. httptools ends a request
at the head when that offers another protocol, and tells of trailers as of headers.
"""

from __future__ import annotations

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LINGER_SECONDS = 1.0
"""Seconds for which a connection without a request is kept open after the server was told to end."""
FRAMING = (b"content-length", b"transfer-encoding")
INVALID = "Invalid HTTP request received."


class HTTPProtocol(HttpToolsProtocol):
    """A request that comes after `shutdown` is still answered; one that offers an upgrade keeps its body."""

    is_ending = False
    is_resuming = False
    """Whether the parser is fed a head again, of a request that has begun already."""

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        try:
            while data:
                try:
                    self.parser.feed_data(data)
                    return
                except httptools.HttpParserUpgrade as upgrade:
                    if self._should_upgrade():
                        self.handle_websocket_upgrade()
                        return
                    self._resume_after_head()
                    data = data[upgrade.args[0] :]
        except httptools.HttpParserError:
            self.logger.warning(INVALID)
            self.send_400_response(INVALID)

    def _resume_after_head(self) -> None:
        """Have a new parser where the old one should be: a server may decline an upgrade (RFC 9110, 7.8)."""
        framing = [b"%b: %b\r\n" % header for header in self.headers if header[0] in FRAMING]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's
        self.is_resuming = True
        try:
            self.parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n" % b"".join(framing))
        finally:
            self.is_resuming = False

    def on_headers_complete(self) -> None:
        if self.is_resuming:
            return
        super().on_headers_complete()
        if not self.parser.should_upgrade():
            self.headers = []  # of the trailers, which are no headers (RFC 9110, 6.5.1)
        if self.is_ending and self.cycle is not None:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        if not self.parser.should_upgrade():  # else its body may follow
            super().on_message_complete()

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
