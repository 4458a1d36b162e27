"""What watches requests: one mechanism for the access log, the recorder and whatever comes later.

An observer is asked at the head of each request whether it wants it, and told after the last byte. It may drop, never
delay, fail or alter: its exceptions are logged and never reach a client, and bodies are kept only up to what it asked.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..http.message import Headers, Request, Response
from ..routing.decision import Decision

LOGGER = logging.getLogger("gateway")


@dataclass(frozen=True, slots=True)
class Capture:
    """How much of a request an observer wants to see."""

    request_body_bytes: int = 0
    """Bytes of the request body to keep at most; 0 keeps none."""
    response_body_bytes: int = 0

    def __post_init__(self) -> None:
        """Raise TypeError for what is no number of bytes."""
        if not isinstance(self.request_body_bytes, int) or not isinstance(self.response_body_bytes, int):
            raise TypeError(f"a capture is two numbers of bytes, not {self}")


NOTHING_OF_BODIES = Capture()
_STATUS_OF = {"websocket.accept": 101, "websocket.close": 403}
"""What the server answers a handshake with, by what the app says first of it."""


class Served(NamedTuple):
    """One request after its last byte."""

    decision: Decision
    scope: Scope
    """As the server made it; to be read only."""
    status: int | None
    """None when the connection ended before any answer."""
    seconds: float
    """From the request's head to the end of the answer."""
    error: BaseException | None
    """What the side let out."""
    request: Request | None = None
    """With its whole body; None where nobody asked for it, or the body was longer than that or not read to its end."""
    response: Response | None = None
    """With its whole body, or cut at the most that anybody asked for; None where nobody asked for it."""


class Observer(Protocol):
    """Something that watches requests."""

    def wants(self, decision: Decision, scope: Scope) -> Capture | None:
        """Return how much of this request to keep, None for a request that is of no interest. Under a microsecond."""

    def finished(self, served: Served) -> None:
        """Take note of a request, on the event loop after its last byte: must not block."""


Watching = tuple[tuple[Observer, Capture], ...]
"""The observers that want a request, each with what it wants to see of it."""


def wanted_by(observers: tuple[Observer, ...], decision: Decision, scope: Scope) -> Watching:
    """Return who wants this request. An observer that fails does not, and is logged."""
    found = []
    for observer in observers:
        try:
            capture = observer.wants(decision, scope)
            if capture is not None and not isinstance(capture, Capture):
                raise TypeError(f"`wants` returns a Capture or None, not {capture!r}")
        except Exception as error:  # noqa: BLE001 - an observer's fault is never a client's
            _log_failure(observer, error)
        else:
            if capture is not None:
                found.append((observer, capture))
    return tuple(found)


async def serve_observed(
    app: ASGIApp, decision: Decision, watching: Watching, scope: Scope, receive: Receive, send: Send
) -> None:
    """Let the app answer, then tell the observers. The app's exceptions pass through."""
    bodies = None if all(capture is NOTHING_OF_BODIES for _, capture in watching) else _Bodies(watching)
    if bodies is not None:
        receive, send = bodies.receiving(receive), bodies.sending(send)
    status: int | None = None

    def noting_status(message: Message) -> Awaitable[None]:
        nonlocal status
        if status is None:
            status = message["status"] if "status" in message else _STATUS_OF.get(message["type"])
        return send(message)

    error: BaseException | None = None
    began = time.perf_counter()
    try:
        await app(scope, receive, noting_status)
    except BaseException as raised:
        error = raised
        raise
    finally:
        seconds = time.perf_counter() - began
        request = response = None
        if bodies is not None:
            request, response = bodies.request(decision.method, scope), bodies.response()
        served = Served(decision, scope, status, seconds, error, request, response)
        for observer, _ in watching:
            try:
                observer.finished(served)
            except Exception as fault:  # noqa: BLE001 - an observer's fault is never a client's
                _log_failure(observer, fault)


def _log_failure(observer: Observer, error: Exception) -> None:
    LOGGER.warning("%s failed: %s: %s", type(observer).__name__, type(error).__name__, error)


class _Bodies:
    """Keep the bodies of one request, up to what observers want; every message passes on untouched."""

    def __init__(self, watching: Watching) -> None:
        self._head: Message = {}
        self._asked = _Body(max(capture.request_body_bytes for _, capture in watching))
        self._answered = _Body(max(capture.response_body_bytes for _, capture in watching))

    def receiving(self, receive: Receive) -> Receive:
        async def watched() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                self._asked.take(message)
            return message

        return watched

    def sending(self, send: Send) -> Send:
        def watched(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                self._head = message
            elif message["type"] == "http.response.body":
                self._answered.take(message)
            return send(message)

        return watched

    def request(self, method: str, scope: Scope) -> Request | None:
        if not self._asked.limit:
            return None
        headers = _pairs(scope["headers"])
        names = {name for name, _ in headers}
        announces_body = b"transfer-encoding" in names or (b"content-length", b"0") not in headers
        has_body = announces_body and not names.isdisjoint((b"content-length", b"transfer-encoding"))
        if self._asked.is_cut or (has_body and not self._asked.is_whole):
            return None
        raw = bytes(scope.get("raw_path") or scope["path"].encode())
        query = bytes(scope.get("query_string", b""))
        return Request(method, raw + (b"?" + query if query else b""), headers, self._asked.content)

    def response(self) -> Response | None:
        if not self._head or not self._answered.limit:
            return None
        body = self._answered
        headers = _pairs(self._head.get("headers", ()))
        return Response(self._head["status"], headers, body.content, is_cut=body.is_cut or not body.is_whole)


class _Body:
    """A body as far as it was seen, up to a limit; nothing is kept of a longer one."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.is_whole = False
        self.is_cut = False
        self._pieces: list[bytes] = []
        self._size = 0

    @property
    def content(self) -> bytes:
        return b"".join(self._pieces)

    def take(self, message: Message) -> None:
        piece = message.get("body", b"")
        self._size += len(piece)
        if self._size <= self.limit:
            self._pieces.append(piece)
        else:
            self.is_cut = True
            self._pieces.clear()
        self.is_whole = not message.get("more_body", False)


def _pairs(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    return tuple((bytes(name), bytes(value)) for name, value in headers)
