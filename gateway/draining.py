"""uvicorn's HTTP protocol with a softer end: a client is told to leave before its connection is closed.

uvicorn closes connections without a request at once, also those whose request is on its way: it would be lost.
"""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LINGER_S = 1.0
"""Seconds for which a connection without a request is kept open after the server was told to end."""


class DrainingProtocol(HttpToolsProtocol):
    """A request that comes after `shutdown` is still answered, with `connection: close`."""

    is_ending = False

    def shutdown(self) -> None:
        self.is_ending = True
        if self._is_idle():
            self.loop.call_later(LINGER_S, self._close_if_idle)
        else:
            super().shutdown()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self.is_ending and self.cycle is not None:
            self.cycle.keep_alive = False

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _close_if_idle(self) -> None:
        if self._is_idle() and not self.transport.is_closing():
            self.transport.close()
