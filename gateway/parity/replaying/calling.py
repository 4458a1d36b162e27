"""One request through an ASGI app in process, as uvicorn would hand it over. Nothing is added to it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from starlette.types import ASGIApp, Message, Scope

from ..exchange import Headers, Request, Response

LONGEST = 8 * 1024 * 1024
"""Bytes of a body that are read; what is longer is cut there."""
GRACE_S = 1.0
"""Seconds that an app has to end once its client has left."""
CLIENT = ("127.0.0.1", 50000)
SERVER = ("127.0.0.1", 8000)


@dataclass(slots=True)
class Called:
    """What came of a call."""

    response: Response | None
    error: str | None
    duration: float
    hung: bool = False
    """No answer began in time."""
    is_over: bool = True
    """Whether the app has ended; one that has not makes its process unfit for another request."""


async def call(app: ASGIApp, request: Request, state: dict[str, Any], limit: float) -> Called:
    """Ask, read the answer to its end or for `limit` seconds, leave. Exceptions of the app are its answer's."""
    wire = Wire(request)
    began = perf_counter()
    task = asyncio.create_task(_run(app, scope_of(request, state), wire))
    await asyncio.wait({task}, timeout=limit)
    if not task.done():
        await _leave(task, wire)
    ended = wire.ended or perf_counter()
    hung = wire.was_left and not wire.has_begun
    return Called(wire.response, wire.error, ended - began, hung=hung, is_over=task.done())


async def _run(app: ASGIApp, scope: Scope, wire: Wire) -> None:
    try:
        await app(scope, wire.receive, wire.send)
    except Exception as error:  # noqa: BLE001 - the app's own: it is what is observed
        if not wire.was_left:
            wire.error = f"{type(error).__name__}: {error}"
    finally:
        wire.over.set()


async def _leave(task: asyncio.Task[None], wire: Wire) -> None:
    """The client leaves; an app that does not notice is cancelled."""
    wire.leave()
    await asyncio.wait({task}, timeout=GRACE_S)
    if not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=GRACE_S)


class Wire:
    """The client's end of one exchange."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._was_read = False
        self._status = 0
        self._headers: Headers = ()
        self._pieces: list[bytes] = []
        self._length = 0
        self.over = asyncio.Event()
        self.was_left = False
        self.is_whole = False
        self.ended = 0.0
        """When the last byte came."""
        self.error: str | None = None

    @property
    def has_begun(self) -> bool:
        return self._status != 0

    @property
    def response(self) -> Response | None:
        if not self.has_begun:
            return None
        body = b"" if self._request.method == "HEAD" else b"".join(self._pieces)[:LONGEST]
        return Response(self._status, self._headers, body, is_cut=self.was_left and not self.is_whole)

    async def receive(self) -> Message:
        if not self._was_read:
            self._was_read = True
            return {"type": "http.request", "body": self._request.body, "more_body": False}
        await self.over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """As uvicorn, silent once the client has left."""
        if self.was_left or self.is_whole:
            return
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = tuple((bytes(name).lower(), bytes(value)) for name, value in message.get("headers", ()))
        elif message["type"] == "http.response.body":
            self._take(message)

    def _take(self, message: Message) -> None:
        body = bytes(message.get("body", b""))
        self._pieces.append(body)
        self._length += len(body)
        if not message.get("more_body", False):
            self.is_whole = True
            self.ended = perf_counter()
            self.over.set()
        elif self._length > LONGEST:
            self.leave()

    def leave(self) -> None:
        """What still comes is not wanted."""
        self.was_left = True
        self.ended = perf_counter()
        self.over.set()


def scope_of(request: Request, state: dict[str, Any]) -> Scope:
    """The scope that uvicorn builds, for a client on the loopback."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": SERVER,
        "client": CLIENT,
        "scheme": "http",
        "method": request.method,
        "root_path": "",
        "path": request.path,
        "raw_path": request.target.partition(b"?")[0],
        "query_string": request.query,
        "headers": [(name.lower(), value) for name, value in request.headers],
        "state": state.copy(),
    }
