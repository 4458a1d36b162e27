"""Plain ASGI middleware: nothing between the app and its client is buffered."""

import time
from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


def with_headers(add: Callable[[MutableHeaders], None], send: Send) -> Send:
    """A `send` that lets `add` change the headers of the response on its way out."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            add(MutableHeaders(scope=message))
        await send(message)

    return send_with_headers


class ProcessTime:
    """Adds X-Process-Time, the seconds until the response starts."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()

        def add(headers: MutableHeaders) -> None:
            headers["X-Process-Time"] = f"{time.perf_counter() - started:.6f}"

        await self.app(scope, receive, with_headers(add, send))


class NoSniff:
    """Tells browsers to believe the content type."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        def add(headers: MutableHeaders) -> None:
            headers["X-Content-Type-Options"] = "nosniff"

        await self.app(scope, receive, with_headers(add, send))
