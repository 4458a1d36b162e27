"""One request's turn through a worker: queued, run, streamed; left by its client at any time."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
from collections.abc import Callable
from enum import Enum, auto
from typing import IO
from wsgiref.types import WSGIApplication

from starlette.types import Receive, Scope, Send

from .environ import build_environ
from .response import WSGIResponse, run_app
from .response_channel import ResponseChannel, call_on
from .streaming_body import ClientGoneError, StreamingBody

LOGGER = logging.getLogger("gateway.bridge")
FAILED_LATE = "the WSGI app failed after its answer"
FAILED_FOR_NOBODY = "the WSGI app failed for a client that has left"

FLASK_CONTEXTS = frozenset({"flask.app_ctx", "flask.request_ctx"})


def request_context() -> contextvars.Context:
    """What the request's task knows, but for a Flask context pushed outside: its `g` would be every request's."""
    context = contextvars.copy_context()
    if not any(variable.name in FLASK_CONTEXTS for variable in context):
        return context
    clean = contextvars.Context()
    for variable, value in context.items():
        if variable.name not in FLASK_CONTEXTS:
            clean.run(variable.set, value)
    return clean


class State(Enum):
    """Where a turn is; only the event loop changes it."""

    QUEUED = auto()
    RUNNING = auto()
    STREAMING = auto()
    OVER = auto()


class WSGICall:
    """`run` is the worker's; all else the loop's."""

    def __init__(
        self,
        app: WSGIApplication,
        scope: Scope,
        body: IO[bytes],
        on_long: Callable[[WSGICall], None],
        on_end: Callable[[WSGICall], None],
    ) -> None:
        """`on_long` is called once the answer has outgrown its buffer, `on_end` once the worker is free again."""
        self._loop = asyncio.get_running_loop()
        self._app = app
        self._scope = scope
        self._body = body
        self._incoming = body.incoming if isinstance(body, StreamingBody) else None
        self._context = request_context()
        self._on_long = on_long
        self._on_end = on_end
        self._outbox = ResponseChannel(self._loop, self._became_long, self._ended)
        self._receive: Receive | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._listening = True
        self.state = State.QUEUED
        self.since = 0.0
        """When the state began, in the loop's time."""
        self.has_begun = False
        """Whether the head of the answer is out."""
        self.was_refused = False

    @property
    def is_live(self) -> bool:
        """Whether its body is still on the way: it runs as slowly as its client sends."""
        return self._incoming is not None

    @property
    def is_abandoned(self) -> bool:
        """Whether the client has left and the worker has not noticed yet."""
        return self._outbox.is_abandoned

    def run(self) -> None:
        """The worker's part: the app, to its end."""
        error: Exception | None = None
        try:
            if not self._outbox.is_abandoned:
                environ = build_environ(self._scope, self._body)
                self._context.run(run_app, self._app, environ, WSGIResponse(self._outbox, self._scope["method"]))
        except Exception as failed:  # noqa: BLE001 - the app's own; the loop raises it to the server
            error = failed
        finally:
            self._close_body()
            self._outbox.finish(error)

    async def answer(self, receive: Receive, send: Send) -> None:
        """Send what the worker answers, until its end or the client's.

        An exception of the app goes to the server, which cuts the answer off there. Once the answer is whole it is
        logged: the server would close a connection on which the next request may already run.
        """
        self._receive = receive
        if self._incoming is not None:
            self._watch()
        outbox = self._outbox
        whole = finished = False
        try:
            while not finished and not outbox.is_abandoned:
                messages, finished = await outbox.take()
                for message in messages:
                    self.has_begun = True
                    await send(message)
                    whole = message["type"] == "http.response.body" and not message.get("more_body", False)
            if outbox.error is not None and not outbox.is_abandoned:
                if not whole:
                    raise outbox.error
                LOGGER.error(FAILED_LATE, exc_info=outbox.error)
        finally:
            self._listening = False
            if self._watcher is not None:
                self._watcher.cancel()
            if self._incoming is not None:
                self._incoming.cut()
            if not outbox.finished:
                self._leave()

    def watch(self) -> None:
        """From now on notice when the client leaves; of a body on its way no sooner than the answer has begun."""
        if self._incoming is None:
            self._watch()
        elif self.has_begun:
            self._incoming.look_ahead(self._outbox.answered)

    def refuse(self) -> None:
        """No worker will take it."""
        self.was_refused = True
        self.drop()

    def drop(self) -> None:
        """Take it out of the queue."""
        self._close_body()
        self._outbox.finish(None)

    def _watch(self) -> None:
        if self._watcher is None and self._receive is not None and self._listening:
            self._watcher = self._loop.create_task(self._leave_with_client(self._receive))

    async def _leave_with_client(self, receive: Receive) -> None:
        if self._incoming is not None:
            await self._incoming.follow()
        else:
            while (await receive())["type"] != "http.disconnect":
                pass
        self._leave()

    def _leave(self) -> None:
        self._outbox.leave()
        if self.state is State.QUEUED:
            self.drop()

    def _close_body(self) -> None:
        with contextlib.suppress(BufferError):  # the app has kept a view of it: it goes with the view
            self._body.close()

    def _became_long(self) -> None:
        call_on(self._loop, self._on_long, self)

    def _ended(self) -> None:
        error = self._outbox.error
        if error is not None and self._outbox.is_abandoned and not isinstance(error, ClientGoneError):
            LOGGER.error(FAILED_FOR_NOBODY, exc_info=error)
        self._on_end(self)
