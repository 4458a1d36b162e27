"""What a server that speaks WSGI gets of the gateway: one sentence that helps, not a TypeError for each request."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Iterable
from functools import cache, partial
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

LOGGER = logging.getLogger("gateway")
ADVICE = (
    "the gateway is an ASGI app and this server speaks WSGI: run `gateway serve`, or give the server an ASGI worker, "
    "as `gunicorn -k uvicorn.workers.UvicornWorker`"
)


class ASGIOnly(partial[Awaitable[None]]):
    """The call of an ASGI app, which refuses that of a WSGI server.

    A partial of a coroutine function is one to every server that looks (`inspect.iscoroutinefunction`).
    """

    def __call__(self, /, *arguments: Any, **keywords: Any) -> Any:
        """Return what the app does of (scope, receive, send), or the refusal of (environ, start_response)."""
        if len(arguments) == 2 and not keywords:
            return refuse(*arguments)
        return super().__call__(*arguments, **keywords)


def refuse(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer 500 with what to do, which is logged once."""
    log_advice()
    text = f"{ADVICE}\n".encode()
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(text)))]
    start_response("500 Internal Server Error", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [text]


@cache
def log_advice() -> None:
    """Log what to do, the first time."""
    LOGGER.error(ADVICE)
