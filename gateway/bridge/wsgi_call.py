"""One request to the WSGI app: a worker thread runs it, the event loop sends what it answers."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
from collections.abc import Callable
from functools import partial
from typing import IO
from wsgiref.types import ErrorStream, WSGIApplication

from starlette.types import Receive, Scope, Send

from .environ import build_environ
from .lanes import QUEUED, Call
from .response import WSGIResponse, run_app
from .response_channel import ResponseChannel
from .streaming_body import ClientGoneError, StreamingBody

LOGGER = logging.getLogger("gateway.bridge")
FAILED_LATE = "the WSGI app failed after its answer"
FAILED_FOR_NOBODY = "the WSGI app failed for a client that has left"

FLASK_CONTEXTS = frozenset({"flask.app_ctx", "flask.request_ctx"})


def request_context() -> contextvars.Context:
    """Return a copy of the task's context without Flask contexts pushed outside: their `g` would be every request's."""
    context = contextvars.copy_context()
    if FLASK_CONTEXTS.isdisjoint([variable.name for variable in context]):
        return context
    clean = contextvars.Context()
    for variable, value in context.items():
        if variable.name not in FLASK_CONTEXTS:
            clean.run(variable.set, value)
    return clean


class WSGICall(Call):
    """One request to the WSGI app. A worker thread calls `run`; all else belongs to the event loop."""

    def __init__(
        self,
        app: WSGIApplication,
        scope: Scope,
        body: IO[bytes],
        on_full: Callable[[WSGICall], None],
        on_end: Callable[[WSGICall], None],
        errors: ErrorStream | None = None,
    ) -> None:
        """Call `on_full` when the answer has filled its channel, `on_end` when no thread has the call any more."""
        super().__init__(isinstance(body, StreamingBody))
        self._loop = asyncio.get_running_loop()
        self._app = app
        self._scope = scope
        self._body = body
        self._errors = errors
        self._incoming = body.incoming if isinstance(body, StreamingBody) else None
        self._context = request_context()
        self._on_end = on_end
        self._channel = ResponseChannel(self._loop, partial(on_full, self), self._end)
        self._receive: Receive | None = None
        self._watcher: asyncio.Task[None] | None = None
        self.was_refused = False

    @property
    def is_abandoned(self) -> bool:
        """Whether the client has left; the thread may not have noticed yet."""
        return self._channel.is_abandoned

    def run(self) -> None:
        """Run the app to its end, in a worker thread."""
        error: Exception | None = None
        try:
            if not self._channel.is_abandoned:
                environ = build_environ(self._scope, self._body, self._errors)
                self._context.run(run_app, self._app, environ, WSGIResponse(self._channel, self._scope["method"]))
        except Exception as failed:  # noqa: BLE001 - the app's own; the loop raises it to the server
            error = failed
        finally:
            self._close_body()
            self._channel.finish(error)

    async def answer(self, receive: Receive, send: Send) -> None:
        """Send what the thread answers, until its end or the client's.

        An exception of the app is raised to the server, which cuts the answer off there. Once the answer is whole it
        is logged: the server would close a connection on which the next request may already run.
        """
        self._receive = receive
        if self._incoming is not None:
            self.watch()
        channel = self._channel
        is_whole = is_last = False
        try:
            while not is_last and not channel.is_abandoned:
                messages, is_last = await channel.take()
                for message in messages:
                    self.has_begun = True
                    await send(message)
                    is_whole = message["type"] == "http.response.body" and not message.get("more_body", False)
            if channel.error is not None and not channel.is_abandoned:
                if not is_whole:
                    raise channel.error
                LOGGER.error(FAILED_LATE, exc_info=channel.error)
        finally:  # by cancellation and by a `send` that fails, too: the thread has to hear of it
            self._receive = None
            if self._watcher is not None:
                self._watcher.cancel()
            if self._incoming is not None:
                self._incoming.cut()
            if not channel.is_finished:
                self._abandon()

    def watch(self) -> None:
        """Notice from now on when the client leaves; look behind a body on its way once the answer has begun."""
        if self._watcher is None and self._receive is not None:
            self._watcher = self._loop.create_task(self._abandon_with_client(self._receive))
        elif self._incoming is not None and self.has_begun:
            self._incoming.look_ahead(self._channel.put_bytes)

    def refuse(self) -> None:
        """End a call that no thread has had; a client that is still there is to be told 503."""
        self.was_refused = True
        self._close_body()
        self._channel.finish(None)

    async def _abandon_with_client(self, receive: Receive) -> None:
        if self._incoming is not None:
            await self._incoming.follow()
        else:
            while (await receive())["type"] != "http.disconnect":
                pass
        self._abandon()

    def _abandon(self) -> None:
        self._channel.abandon()
        if self.state is QUEUED:
            self._on_end(self)  # at once, or it might still be handed to a thread
            self.refuse()

    def _close_body(self) -> None:
        with contextlib.suppress(BufferError):  # the app has kept a view of it: it goes with the view
            self._body.close()

    def _end(self) -> None:
        error = self._channel.error
        if error is not None and self.is_abandoned and not isinstance(error, ClientGoneError):
            LOGGER.error(FAILED_FOR_NOBODY, exc_info=error)
        self._on_end(self)
