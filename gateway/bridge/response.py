"""What a WSGI app answers, as ASGI messages: start_response, write and iteration as PEP 3333 has them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Protocol
from wsgiref.types import WSGIApplication, WSGIEnvironment

from starlette.types import Message

from .streaming_body import ClientGoneError

# A 1xx is no answer yet, and uvicorn knows nothing beyond 599.
STATUS = re.compile(r"([2-5][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?")
TOKEN = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)  # RFC 9110, 5.6.2
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

# PEP 3333 forbids an app these of the connection; the server writes its own `date` and `server`. gunicorn drops all.
SERVERS_OWN = {b"connection", b"keep-alive", b"te", b"trailers", b"transfer-encoding", b"upgrade", b"date", b"server"}
SERVERS_OWN |= {b"proxy-authenticate", b"proxy-authorization"}
NO_BODY = frozenset({204, 304})


class MessageSink(Protocol):
    """Where an answer goes."""

    @property
    def is_abandoned(self) -> bool:
        """Whether nobody wants more of it."""

    def hold(self, message: Message) -> None:
        """Keep a message to travel with the next."""

    def put(self, message: Message) -> None:
        """Hand a body message over. Raises ClientGoneError."""


class WSGIResponse:
    """One answer. Its head waits for the first byte of the body: a failure before is the server's 500."""

    def __init__(self, outbox: MessageSink, method: str) -> None:
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
        if exc_info:
            if self._begun:
                raise exc_info[1].with_traceback(exc_info[2])
        elif self._start is not None:
            raise AssertionError("start_response was called twice, the second time without exc_info")
        self._start, self._left = response_start(status, headers)
        return self.write

    def send(self, chunks: Iterable[bytes]) -> None:
        """The whole body. An empty chunk sends nothing, not even the head."""
        for chunk in chunks:
            if chunk and self.ended:  # PEP 3333: nobody will read it, and what follows may have no end
                break
            if chunk != b"":
                self.write(chunk)
            elif self._outbox.is_abandoned:
                raise ClientGoneError("the client left before the end of the answer")
        self._end()

    def write(self, chunk: bytes) -> None:
        if not isinstance(chunk, bytes):
            raise TypeError(f"a WSGI app answers bytes, not {type(chunk).__name__}")
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

    def _end(self) -> None:
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


def response_start(status: str, headers: Iterable[tuple[str, str]]) -> tuple[Message, int | None]:
    """The ASGI message, and the length of the body if the app promises one.

    What a server would refuse is refused here, where it can still become a 500.
    """
    matched = STATUS.fullmatch(status)
    if matched is None:
        raise ValueError(f"invalid status {status!r}")
    code, sent, lengths = int(matched[1]), [], set()
    for name, value in headers:
        if CONTROL.search(value):
            raise ValueError(f"invalid response header {name!r}")
        header = header_name(name), value.strip(" \t").encode("latin-1")
        if header[0] == b"content-length":
            lengths.add(header[1])
            if code in NO_BODY:  # uvicorn would want the bytes
                continue
        if header[0] not in SERVERS_OWN:
            sent.append(header)
    return {"type": "http.response.start", "status": code, "headers": sent}, promised(lengths)


@lru_cache(1000)
def header_name(name: str) -> bytes:
    """In lower case, as ASGI has it. Raises ValueError for what is no field name (RFC 9110, 5.1)."""
    if not TOKEN.fullmatch(name):
        raise ValueError(f"invalid response header {name!r}")
    return name.lower().encode("latin-1")


def promised(lengths: set[bytes]) -> int | None:
    """The one number that Content-Length may give."""
    if not lengths:
        return None
    length, *others = lengths
    if others or not length.isdigit():
        raise ValueError("invalid Content-Length")
    return int(length)


def run_app(app: WSGIApplication, environ: WSGIEnvironment, response: WSGIResponse) -> None:
    """One request through the app, to its end, in the calling thread. Its exceptions are the caller's, as Exception."""
    try:
        chunks = app(environ, response.start_response)
        try:
            response.send(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
    except StopIteration as error:  # asyncio cannot carry one: the request would never end
        raise RuntimeError("the WSGI app raised StopIteration") from error
    except Exception:
        raise
    except BaseException as error:  # SystemExit would end the event loop, and the new side with it
        raise RuntimeError(f"the WSGI app raised {type(error).__name__}") from error
