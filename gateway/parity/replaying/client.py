"""The client's end of one exchange with an app in process. Nothing is added to the request."""

from __future__ import annotations

import re
from collections.abc import Container
from contextlib import suppress
from threading import Thread, Timer
from threading import enumerate as enumerate_threads
from time import perf_counter
from typing import Any

from starlette.types import Message, Scope
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from ...comparing.observation import Observation
from ...http.message import Headers, Request, Response

MAX_BODY_BYTES = 8 * 1024 * 1024
"""Size of a body that is read; what is longer is cut there."""
LEFTOVER_SECONDS = 1.0
"""Time for the tasks and threads that a request leaves behind: what they do is its own effect, not the next one's. One
that goes on is the app's from then on, and no later request waits for it."""
_LASTING: set[str] = set()
"""Kinds of threads that were waited for in vain."""
_POOLED = ("ThreadPoolExecutor", "AnyIO worker thread", "asyncio_")
GRACE_SECONDS = 1.0
"""Time that an app has to end once its client has left."""


class ClientEnd:
    """Collects an app's answer from ASGI's messages, as uvicorn does."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self._status = 0
        self._headers: Headers = ()
        self._pieces: list[bytes] = []
        self._length = 0
        self.was_left = False
        """Whether the client has gone: what still comes is not wanted."""
        self.is_whole = False
        self.is_over = True
        """Whether the app has ended once the call is; one that has not makes its process unfit for another request."""
        self.error: str | None = None
        self.began = perf_counter()
        self._ended = 0.0

    def observation(self) -> Observation:
        """Return what has come so far, as all that there is, without effects."""
        response = None
        if self._status:
            body = b"" if self.request.method == "HEAD" else b"".join(self._pieces)[:MAX_BODY_BYTES]
            response = Response(self._status, self._headers, body, is_cut=self.was_left and not self.is_whole)
        return Observation(response, self.error, (self._ended or perf_counter()) - self.began)

    def take(self, message: Message) -> None:
        """Take a message of the app; nothing happens once the client has left or has its whole answer."""
        if self.was_left or self.is_whole:
            return
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = tuple((bytes(name).lower(), bytes(value)) for name, value in message.get("headers", ()))
        elif message["type"] == "http.response.body":
            body = bytes(message.get("body", b""))
            self._pieces.append(body)
            self._length += len(body)
            if not message.get("more_body", False):
                self.is_whole = True
                self._ended = perf_counter()
            elif self._length > MAX_BODY_BYTES:
                self.leave()

    def leave(self) -> None:
        """Hang up: what comes after is not wanted."""
        self.was_left = True
        self._ended = self._ended or perf_counter()


def threads_since(before: Container[Thread]) -> list[Thread]:
    """Return the running threads that are not among those before and may end soon.

    Left out are workers of pools, timers, and threads of a kind that has outlived its request once: they go on.
    """
    found = (one for one in enumerate_threads() if one not in before and not isinstance(one, Timer))
    return [one for one in found if not one.name.startswith(_POOLED) and _kind_of(one) not in _LASTING]


def wait_for_threads(before: Container[Thread]) -> None:
    """Wait for those that are not among the threads before, and for those that they start, LEFTOVER_SECONDS at most."""
    until = perf_counter() + LEFTOVER_SECONDS
    while (left := threads_since(before)) and perf_counter() < until:
        left[0].join(max(until - perf_counter(), 0))
    _LASTING.update(map(_kind_of, left))


def _kind_of(thread: Thread) -> str:
    """Return the name without its number: `Thread- (send)` of each that calls `send`."""
    return re.sub(r"\d+", "", thread.name)


def format_error(error: BaseException) -> str:
    """Return `ValueError: no such book`."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 - of its own __str__
        return type(error).__name__


def scope_of(request: Request, state: dict[str, Any]) -> Scope:
    """Return the scope that uvicorn builds, for a proxy on the loopback, which it trusts by default.

    `state` is the app's lifespan's.
    """
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "scheme": "http",
        "method": request.method,
        "root_path": "",
        "path": request.path,
        "raw_path": request.target.partition(b"?")[0],
        "query_string": request.query,
        "headers": [(name.lower(), value) for name, value in request.headers],
        "state": state.copy(),
    }
    if any(name.startswith(b"x-forwarded-") for name, _ in scope["headers"]):
        with suppress(StopIteration):  # it awaits nothing
            ProxyHeadersMiddleware(_take_scope)(scope, _nothing, _nothing).send(None)  # type: ignore[arg-type]
    return scope


async def _take_scope(*_: Any) -> None:
    """Stand for the app behind uvicorn's middleware, which changes the scope in place."""


async def _nothing(*_: Any) -> Any:
    """Stand for channels that nobody uses."""
