"""An ASGI app in a side's process: its lifespan, its requests, all on one event loop as under uvicorn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from multiprocessing.connection import Connection
from threading import enumerate as enumerate_threads
from typing import Any
from wsgiref.types import WSGIApplication

from starlette.types import ASGIApp, Message, Scope

from ...errors import ReplayError
from ...http.message import Request
from ...serving.lifespan import Lifespan
from .case_runner import CaseRunner
from .client import GRACE_SECONDS, LEFTOVER_SECONDS, ClientEnd, format_error, scope_of, threads_since, wait_for_threads
from .messages import Ask
from .wsgi_serving import call_wsgi


async def serve_asgi(
    app: ASGIApp, runner: CaseRunner, connection: Connection, beside: WSGIApplication | None = None
) -> None:
    """Start the app, answer cases until the parent closes the connection, stop it. Raises ReplayError.

    `beside` answers what the new app does not have yet.
    """
    messages: asyncio.Queue[Ask | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        try:
            messages.put_nowait(connection.recv())
        except (EOFError, OSError):  # the parent has hung up
            loop.remove_reader(connection.fileno())
            messages.put_nowait(None)

    loop.add_reader(connection.fileno(), read)
    async with lifespan(app) as state:

        async def ask(request: Request, by_legacy: bool) -> ClientEnd:
            if by_legacy and beside is not None:
                return await asyncio.to_thread(call_wsgi, beside, request, runner.limit_seconds)
            return await call(app, request, state, runner.limit_seconds)

        connection.send(runner.ready())
        with suppress(BrokenPipeError):  # the parent has hung up on what it had asked ahead
            while (asked := await messages.get()) is not None:
                connection.send(await runner.answer(asked, ask))


async def call(app: ASGIApp, request: Request, state: dict[str, Any], limit_seconds: float) -> ClientEnd:
    """Ask, read the answer to its end or for so long, leave. What the app raises is the client's error."""
    client, before, threads = AsyncClientEnd(request), asyncio.all_tasks(), {*enumerate_threads()}
    task = asyncio.create_task(client.run(app, scope_of(request, state)))
    await asyncio.wait({task}, timeout=limit_seconds)
    if not task.done():
        client.leave()
        await asyncio.wait({task}, timeout=GRACE_SECONDS)
        if not task.done():  # an app that does not notice is cancelled
            task.cancel()
            await asyncio.wait({task}, timeout=GRACE_SECONDS)
    else:
        if left := asyncio.all_tasks() - before:
            await asyncio.wait(left, timeout=LEFTOVER_SECONDS)
        if threads_since(threads):
            await asyncio.to_thread(wait_for_threads, threads)
    client.is_over = task.done()
    return client


class AsyncClientEnd(ClientEnd):
    """The client's end as ASGI's two channels."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self._was_read = False
        self._is_over = asyncio.Event()

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        """Call the app; keep what it raises unless the client has left."""
        try:
            await app(scope, self.receive, self.send)
        except Exception as error:  # noqa: BLE001 - the app's own: it is what is observed
            if not self.was_left:
                self.error = format_error(error)
        finally:
            self._is_over.set()

    async def receive(self) -> Message:
        """Give the whole request, then, once the exchange is over, the disconnect."""
        if not self._was_read:
            self._was_read = True
            return {"type": "http.request", "body": self.request.body, "more_body": False}
        await self._is_over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take a message of the app."""
        self.take(message)
        if self.is_whole:
            self._is_over.set()

    def leave(self) -> None:
        """Hang up, which the app may notice."""
        super().leave()
        self._is_over.set()


@asynccontextmanager
async def lifespan(app: ASGIApp) -> AsyncIterator[dict[str, Any]]:
    """Run the app's lifespan as a server does; give the state for its requests. Raises ReplayError."""
    state: dict[str, Any] = {}
    received: asyncio.Queue[Message] = asyncio.Queue()
    sent: asyncio.Queue[Message] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": state}

    async def run() -> None:
        try:
            await Lifespan(app)(scope, received.get, sent.put)
        finally:
            await sent.put({"type": "over"})

    task = asyncio.create_task(run())
    await received.put({"type": "lifespan.startup"})
    answer = await sent.get()
    if answer["type"] != "lifespan.startup.complete":
        (failed,) = await asyncio.gather(task, return_exceptions=True)
        raise ReplayError(format_error(failed) if failed else answer.get("message", "its lifespan ended"))
    yield state
    await received.put({"type": "lifespan.shutdown"})
    await asyncio.wait({task}, timeout=GRACE_SECONDS)
