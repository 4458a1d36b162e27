"""What a WSGI app answers, as ASGI messages: start_response, write and iteration as in PEP 3333."""

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

# PEP 3333 forbids an app those of the connection; the server writes its own `date` and `server`. gunicorn drops all.
SERVERS_OWN = {b"connection", b"keep-alive", b"te", b"trailers", b"transfer-encoding", b"upgrade", b"date", b"server"}
SERVERS_OWN |= {b"proxy-authenticate", b"proxy-authorization"}
NO_BODY = frozenset({204, 304})


class MessageSink(Protocol):
    """Take an answer, message by message, as ResponseChannel does, whose methods say what each of these is for."""

    @property
    def is_abandoned(self) -> bool: ...
    def hold(self, message: Message) -> None: ...
    def put(self, message: Message) -> None: ...


class WSGIResponse:
    """One answer of a WSGI app. The head is sent with the first byte of the body: a failure before can be a 500."""

    def __init__(self, sink: MessageSink, method: str) -> None:
        self._sink = sink
        self._is_head = method == "HEAD"
        self._start: Message | None = None
        self._begun = False
        self.is_ended = False
        """Whether the client has all that it will get."""
        self._missing_bytes: int | None = None
        """What Content-Length promises and has not come yet; None without one."""

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], object]:
        """Keep the head for the first byte and return `write`. Raises what PEP 3333 says; ValueError for a bad head."""
        if exc_info:
            if self._begun:
                raise exc_info[1].with_traceback(exc_info[2])
        elif self._start is not None:
            raise AssertionError("start_response was called twice, the second time without exc_info")
        self._start, self._missing_bytes = response_start(status, headers)
        return self.write

    def send(self, chunks: Iterable[bytes]) -> None:
        """Send the whole body; an empty chunk sends nothing. Raises ConnectionError if Content-Length promised more."""
        for chunk in chunks:
            if chunk and self.is_ended:  # PEP 3333: nobody will read it, and what follows may have no end
                break
            if chunk != b"":
                self.write(chunk)
            elif self._sink.is_abandoned:
                raise ClientGoneError("the client left before the end of the answer")
        self._begin()
        if self._missing_bytes and not self.is_ended:
            raise ConnectionError(f"the app promised {self._missing_bytes} more bytes by its Content-Length")
        if not self.is_ended:
            self._finish(b"")

    def write(self, chunk: bytes) -> None:
        """Send a piece of the body, no more than Content-Length promises. Raises TypeError for what is not bytes."""
        if not isinstance(chunk, bytes):
            raise TypeError(f"a WSGI app answers bytes, not {type(chunk).__name__}")
        self._begin()
        if self.is_ended:
            return
        if self._missing_bytes is not None:
            chunk = chunk[: self._missing_bytes]
            self._missing_bytes -= len(chunk)
            if self._missing_bytes == 0:
                self._finish(chunk)
                return
        self._sink.put({"type": "http.response.body", "body": chunk, "more_body": True})

    def _finish(self, chunk: bytes) -> None:
        self.is_ended = True
        self._sink.put({"type": "http.response.body", "body": chunk})

    def _begin(self) -> None:
        if self._start is None:
            raise AssertionError("the WSGI app answered without a call of start_response")
        if not self._begun:
            self._begun = True
            self._sink.hold(self._start)
            if self._is_head or self._start["status"] in NO_BODY:
                self._finish(b"")


def response_start(status: str, headers: Iterable[tuple[str, str]]) -> tuple[Message, int | None]:
    """Return the ASGI message, and the length of the body if the app promises one.

    Raises ValueError for what a server would refuse: here it can still become a 500.
    """
    matched = STATUS.fullmatch(status)
    if matched is None:
        raise ValueError(f"invalid status {status!r}")
    code, sent, lengths = int(matched[1]), [], set()
    for name, value in headers:
        if not value.isprintable() and CONTROL.search(value):
            raise ValueError(f"invalid response header {name!r}")
        header = header_name(name), value.strip(" \t").encode("latin-1")
        if header[0] == b"content-length":
            lengths.add(header[1])
            if code in NO_BODY:  # uvicorn would want the bytes
                continue
        if header[0] not in SERVERS_OWN:
            sent.append(header)
    if len(lengths) > 1 or not all(map(bytes.isdigit, lengths)):
        raise ValueError("invalid Content-Length")
    return {"type": "http.response.start", "status": code, "headers": sent}, int(lengths.pop()) if lengths else None


@lru_cache(1000)
def header_name(name: str) -> bytes:
    """Return a header's name as ASGI has it, in lower case. Raises ValueError for no field name (RFC 9110, 5.1)."""
    if not TOKEN.fullmatch(name):
        raise ValueError(f"invalid response header {name!r}")
    return name.lower().encode("latin-1")


def run_app(app: WSGIApplication, environ: WSGIEnvironment, response: WSGIResponse) -> None:
    """Run one request through the app, to its end, in the calling thread. Raises what the app raises, as Exception."""
    try:
        chunks = app(environ, response.start_response)
        try:
            response.send(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
    except BaseException as error:
        if isinstance(error, Exception) and not isinstance(error, StopIteration):
            raise
        # SystemExit would end the event loop, and the new side with it; a StopIteration asyncio cannot carry.
        raise RuntimeError(f"the WSGI app raised {type(error).__name__}") from error
