"""What a WSGI app answers, as ASGI messages: start_response, write and iteration as PEP 3333 has them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from wsgiref.types import WSGIApplication, WSGIEnvironment

from starlette.types import Message

from .outbox import Outbox

STATUS = re.compile(r"([1-5]\d\d)(?: .*)?")
TOKEN = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)  # RFC 9110, 5.6.2
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

# PEP 3333 forbids an app these of the connection; the server writes its own `date` and `server`. gunicorn drops all.
SERVERS_OWN = {"connection", "keep-alive", "te", "trailers", "transfer-encoding", "upgrade", "date", "server"}
SERVERS_OWN |= {"proxy-authenticate", "proxy-authorization"}
NO_BODY = frozenset({204, 304})


class Response:
    """One answer. Its head waits for the first byte of the body: a failure before is the server's 500."""

    def __init__(self, outbox: Outbox, method: str) -> None:
        self._outbox = outbox
        self._is_head = method == "HEAD"
        self._start: Message | None = None
        self._begun = False
        self.ended = False
        """Whether the client has all that it will get."""
        self._left: int | None = None
        """Bytes that Content-Length still promises; None without one."""

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], object]:
        error = exc_info[1] if exc_info else None
        if error is not None and self._begun:
            raise error.with_traceback(exc_info[2])
        if error is None and self._start is not None:
            raise AssertionError("start_response was called twice, the second time without exc_info")
        self._start = response_start(status, headers)
        self._left = content_length(self._start)
        return self.write

    def write(self, chunk: bytes) -> None:
        self._begin()
        if self.ended:
            return
        if self._left is not None:
            chunk = chunk[: self._left]
            self._left -= len(chunk)
            if self._left == 0:
                self._finish(chunk)
                return
        self._outbox.put({"type": "http.response.body", "body": chunk, "more_body": True})

    def end(self) -> None:
        self._begin()
        if self.ended:
            return
        if self._left:
            raise ConnectionError(f"the app promised {self._left} more bytes by its Content-Length")
        self._finish(b"")

    def _finish(self, chunk: bytes) -> None:
        self.ended = True
        self._outbox.put({"type": "http.response.body", "body": chunk})

    def _begin(self) -> None:
        if self._start is None:
            raise AssertionError("the WSGI app answered without a call of start_response")
        if not self._begun:
            self._begun = True
            self._outbox.hold(self._start)
            if self._is_head or self._start["status"] in NO_BODY:
                self._finish(b"")


def response_start(status: str, headers: list[tuple[str, str]]) -> Message:
    """The ASGI message. What a server would refuse is refused here, where it can still become a 500."""
    matched = STATUS.fullmatch(status)
    if matched is None:
        raise ValueError(f"invalid status {status!r}")
    for name, value in headers:
        if not TOKEN.fullmatch(name) or CONTROL.search(value):
            raise ValueError(f"invalid response header {name!r}")
    return {
        "type": "http.response.start",
        "status": int(matched[1]),
        "headers": [
            (lower.encode("latin-1"), value.strip(" \t").encode("latin-1"))
            for name, value in headers
            if (lower := name.lower()) not in SERVERS_OWN
        ],
    }


def content_length(start: Message) -> int | None:
    """What the head promises of the body, if it does."""
    for name, value in start["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return None


def run(app: WSGIApplication, environ: WSGIEnvironment, response: Response) -> None:
    """One request through the app, to its end, in the calling thread. The app's exceptions are the caller's."""
    try:
        chunks = app(environ, response.start_response)
        try:
            for chunk in chunks:
                if chunk:
                    response.write(chunk)
                if response.ended:  # PEP 3333: nobody will read the rest, and it may have no end
                    break
            response.end()
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
    except StopIteration as error:  # asyncio cannot carry one: the request would never end
        raise RuntimeError("the WSGI app raised StopIteration") from error
