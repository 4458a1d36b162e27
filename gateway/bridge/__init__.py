"""The WSGI app as an ASGI app: PEP 3333 is the law, and where it is silent, what gunicorn does (docs/bridge.md).

WSGIBridge is a2wsgi's WSGIMiddleware, by which this project promises to serve WSGI. What runs of a2wsgi: `__init__`
keeps the app, `__call__` answers the lifespan and refuses websockets. For an HTTP request nothing of it runs: the
modules of this package replace its environ, body, responder and threads, whose faults docs/bridge.md lists.
"""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace
from typing import IO, Any, cast
from wsgiref.types import ErrorStream, WSGIApplication

from a2wsgi import WSGIMiddleware
from starlette.types import Message, Receive, Scope, Send

from ..config.bridge_limits import BridgeLimits
from .environ import is_ambiguous
from .lanes import Lanes
from .request_body import Spool, may_have_body, read_body
from .scheduler import Gauges, Scheduler
from .streaming_body import ClientGoneError
from .wsgi_call import WSGICall

__all__ = ["BridgeLimits", "ClientGoneError", "Gauges", "WSGIBridge"]

MIB = 1024 * 1024
BUSY = b"The service is busy; try again in a moment.\n"
AMBIGUOUS = b"Host and Content-Type must stand once.\n"


class WSGIBridge(WSGIMiddleware):
    """An ASGI app that runs a WSGI app in threads of its own."""

    def __init__(
        self, app: WSGIApplication, *, limits: BridgeLimits | None = None, errors: ErrorStream | None = None
    ) -> None:
        """Serve a WSGI app within these limits; `errors` is its `wsgi.errors`, stderr where it is None."""
        super().__init__(cast(Any, app))
        self._limits = limits or BridgeLimits()
        self._spool = Spool(self._limits.spool_mib * MIB, self._limits.spool_total_mib * MIB)
        self._errors = errors
        self._scheduler: Scheduler | None = None

    @property
    def gauges(self) -> Gauges:
        """The load of the bridge; there is none before the first request and after the last."""
        idle = Gauges(limit=Lanes(self._limits).max_running)
        return replace(self._scheduler.gauges if self._scheduler else idle, spooled_bytes=self._spool.used_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # type: ignore[override]
        if scope["type"] == "http":
            return await self.answer(scope, receive, send)
        try:
            await super().__call__(cast(Any, scope), cast(Any, receive), cast(Any, send))
        finally:
            if scope["type"] == "lifespan":
                self.close()

    def close(self) -> None:
        """End idle threads and refuse what is queued. Waits a moment for busy threads; nothing can end one."""
        if self._scheduler is not None:
            self._scheduler.close()
            self._scheduler = None

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        headers = dict(scope["headers"])
        if len(headers) < len(scope["headers"]) and is_ambiguous(scope):
            for message in plain_response(400, AMBIGUOUS):
                await send(message)
            return
        loop = asyncio.get_running_loop()
        if self._scheduler is not None and self._scheduler.loop is not loop:  # a test client has one for each request
            self.close()
        scheduler = self._scheduler = self._scheduler or Scheduler(loop, self._limits)
        body: IO[bytes] = io.BytesIO()
        if may_have_body(scope, headers):
            try:
                body = await read_body(scope, headers, receive, self._spool)
            except ClientGoneError:
                return
        app = cast(WSGIApplication, self.app)
        call = WSGICall(app, scope, body, scheduler.to_streams, scheduler.done, self._errors)
        scheduler.submit(call)
        await call.answer(receive, send)
        if call.was_refused and not call.is_abandoned:
            for message in plain_response(503, BUSY, (b"retry-after", b"1")):
                await send(message)


def plain_response(status: int, text: bytes, *more: tuple[bytes, bytes]) -> tuple[Message, Message]:
    """Return the messages of an answer by the bridge itself, to a request that never reaches the app."""
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(text)), *more]
    start = {"type": "http.response.start", "status": status, "headers": headers}
    return start, {"type": "http.response.body", "body": text}
