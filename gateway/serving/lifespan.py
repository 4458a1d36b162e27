"""Runs the new app's lifespan as the server's own, with the gateway's start and stop inside it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Step = Callable[[], Awaitable[None]]


async def _nothing() -> None:
    """Begin or end nothing besides the app."""


class Lifespan:
    """One pass through the lifespan protocol. `start` runs once both apps are up, `stop` before they go down."""

    def __init__(self, app: ASGIApp | None, start: Step = _nothing, stop: Step = _nothing) -> None:
        self._app = app
        self._start = start
        self._stop = stop
        self._asked = False
        self._answered = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward scope (its state too) and messages; an app that knows no lifespan is served without one."""

        async def receive_noted() -> Message:
            self._asked = True
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self._stop()
            return message

        async def send_noted(message: Message) -> None:
            self._answered = True
            if message["type"] == "lifespan.startup.complete":
                await self._start()
            await send(message)

        if self._app is not None:
            try:
                await self._app(scope, receive_noted, send_noted)
            except Exception as error:
                if self._answered:
                    raise
                # An app that fails once asked to start has failed; before that it knows no lifespan (ASGI spec).
                if self._asked:
                    await send({"type": "lifespan.startup.failed", "message": f"{type(error).__name__}: {error}"})
                    raise
        if not self._answered:
            await self._without_app(receive_noted, send_noted)

    async def _without_app(self, receive: Receive, send: Send) -> None:
        if not self._asked:
            await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
