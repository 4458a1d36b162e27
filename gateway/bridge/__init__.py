"""The WSGI app as an ASGI app: a2wsgi's middleware with its environ, body, responder and threads replaced.

PEP 3333 is the law; where it is silent, what gunicorn does (docs/bridge.md).
"""

from __future__ import annotations

import asyncio
from typing import Any, cast
from wsgiref.types import WSGIApplication

from a2wsgi import WSGIMiddleware
from starlette.types import Message, Receive, Scope, Send

from ..config.bridge_limits import BridgeLimits
from .environ import is_ambiguous
from .request_body import read_body
from .scheduler import Gauges, Scheduler
from .streaming_body import ClientGoneError
from .wsgi_call import WSGICall

__all__ = ["BridgeLimits", "ClientGoneError", "Gauges", "WSGIBridge"]

MIB = 1024 * 1024
BUSY = b"The service is busy; try again in a moment.\n"
AMBIGUOUS = b"Host and Content-Type must stand once.\n"


class WSGIBridge(WSGIMiddleware):
    """Serves a WSGI app from threads of its own."""

    def __init__(self, app: WSGIApplication, *, limits: BridgeLimits | None = None) -> None:
        super().__init__(cast(Any, app))
        self._limits = limits or BridgeLimits()
        self._workers: Scheduler | None = None

    @property
    def gauges(self) -> Gauges | None:
        """How busy it is; None before the first request and after the last."""
        return None if self._workers is None else self._workers.gauges

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # type: ignore[override]
        if scope["type"] == "http":
            return await self._answer(scope, receive, send)
        try:
            await super().__call__(cast(Any, scope), cast(Any, receive), cast(Any, send))
        finally:
            if scope["type"] == "lifespan":
                self.close()

    def close(self) -> None:
        """Ends idle threads and refuses what is queued. Waits a moment for busy ones; nothing can force one."""
        if self._workers is not None:
            self._workers.close()
            self._workers = None

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if is_ambiguous(scope):
            for message in plain_response(400, AMBIGUOUS):
                await send(message)
            return
        if self._workers is None:
            self._workers = Scheduler(asyncio.get_running_loop(), self._limits)
        workers = self._workers
        try:
            body = await read_body(scope, receive, self._limits.spool_mib * MIB)
        except ClientGoneError:
            return
        turn = WSGICall(cast(WSGIApplication, self.app), scope, body, workers.to_streams, workers.done)
        workers.submit(turn)
        await turn.answer(receive, send)
        if turn.was_refused and not turn.is_abandoned:
            for message in plain_response(503, BUSY, (b"retry-after", b"1")):
                await send(message)


def plain_response(status: int, text: bytes, *more: tuple[bytes, bytes]) -> tuple[Message, Message]:
    """The bridge's own, to a request that never reaches the app."""
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(text)), *more]
    start = {"type": "http.response.start", "status": status, "headers": headers}
    return start, {"type": "http.response.body", "body": text}
