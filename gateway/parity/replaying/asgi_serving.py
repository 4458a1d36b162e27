"""An ASGI app in a side's process: its lifespan, its requests, all on one event loop as under uvicorn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any
from wsgiref.types import WSGIApplication

from starlette.types import ASGIApp, Message, Scope

from ...http.message import Request
from ...serving.lifespan import Lifespan
from .case_runner import Answering
from .client import GRACE_S, Called, Wire, scope_of, text_of
from .messages import Ask
from .wsgi_serving import call_wsgi


class StartError(Exception):
    """The app's lifespan failed."""


LEFT_S = 1.0
"""Seconds for the tasks that a request leaves behind: what they do is its own effect, not the next one's. One that goes
on is the app's from then on, and no later request waits for it."""


async def serve_asgi(
    app: ASGIApp, answering: Answering, connection: Connection, beside: WSGIApplication | None = None
) -> None:
    """Start the app, answer cases until the parent closes the connection, stop it. Raises StartError.

    `beside` answers what the new app does not have yet.
    """
    messages = _messages(connection)
    async with lifespan(app) as state:

        async def ask(request: Request, by_legacy: bool) -> Called:
            if by_legacy and beside is not None:
                return await asyncio.to_thread(call_wsgi, beside, request, answering.limit)
            return await call(app, request, state, answering.limit)

        connection.send(answering.ready())
        with suppress(BrokenPipeError):  # the parent has hung up on what it had asked ahead
            while (asked := await messages.get()) is not None:
                connection.send(await answering.answer(asked, ask))


async def call(app: ASGIApp, request: Request, state: dict[str, Any], limit: float) -> Called:
    """Ask, read the answer to its end or for `limit` seconds, leave. Exceptions of the app are its answer's."""
    wire, before = AsyncWire(request), asyncio.all_tasks()
    task = asyncio.create_task(_run(app, scope_of(request, state), wire))
    await asyncio.wait({task}, timeout=limit)
    if not task.done():
        await _leave(task, wire)
    elif left := asyncio.all_tasks() - before:
        await asyncio.wait(left, timeout=LEFT_S)
    return wire.called(is_over=task.done())


async def _run(app: ASGIApp, scope: Scope, wire: AsyncWire) -> None:
    try:
        await app(scope, wire.receive, wire.send)
    except Exception as error:  # noqa: BLE001 - the app's own: it is what is observed
        if not wire.was_left:
            wire.error = text_of(error)
    finally:
        wire.over.set()


async def _leave(task: asyncio.Task[None], wire: AsyncWire) -> None:
    """The client leaves; an app that does not notice is cancelled."""
    wire.leave()
    await asyncio.wait({task}, timeout=GRACE_S)
    if not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=GRACE_S)


class AsyncWire(Wire):
    """With ASGI's two channels."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self._was_read = False
        self.over = asyncio.Event()

    async def receive(self) -> Message:
        if not self._was_read:
            self._was_read = True
            return {"type": "http.request", "body": self.request.body, "more_body": False}
        await self.over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.take(message)

    def _end(self) -> None:
        super()._end()
        self.over.set()


@asynccontextmanager
async def lifespan(app: ASGIApp) -> AsyncIterator[dict[str, Any]]:
    """The app's own, as a server runs it; gives the state for its requests. Raises StartError."""
    state: dict[str, Any] = {}
    asked: asyncio.Queue[Message] = asyncio.Queue()
    told: asyncio.Queue[Message] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": state}

    async def run() -> None:
        try:
            await Lifespan(app)(scope, asked.get, told.put)
        finally:
            await told.put({"type": "over"})

    task = asyncio.create_task(run())
    await asked.put({"type": "lifespan.startup"})
    answer = await told.get()
    if answer["type"] != "lifespan.startup.complete":
        (failed,) = await asyncio.gather(task, return_exceptions=True)
        raise StartError(text_of(failed) if failed else answer.get("message", "its lifespan ended"))
    yield state
    await asked.put({"type": "lifespan.shutdown"})
    await asyncio.wait({task}, timeout=GRACE_S)


def _messages(connection: Connection) -> asyncio.Queue[Ask | None]:
    """What the parent asks; None once it has hung up."""
    messages: asyncio.Queue[Ask | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        try:
            messages.put_nowait(connection.recv())
        except (EOFError, OSError):
            loop.remove_reader(connection.fileno())
            messages.put_nowait(None)

    loop.add_reader(connection.fileno(), read)
    return messages
