"""The WSGI app as an ASGI app: a2wsgi, corrected. PEP 3333 is the law; where it is silent, what gunicorn does.

Four parts, each replaceable alone: `build_environ`, `Body` (wsgi.input), `Response` (start_response), `Handoff`.
"""

from __future__ import annotations

import asyncio
import contextvars
import io
import re
import sys
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, ParamSpec, TypeVar, cast
from urllib.parse import quote, unquote_to_bytes
from wsgiref.types import WSGIApplication, WSGIEnvironment
from wsgiref.util import FileWrapper

from a2wsgi import WSGIMiddleware
from starlette.types import Message, Receive, Scope, Send
from werkzeug.exceptions import ClientDisconnected

P = ParamSpec("P")
T = TypeVar("T")

PIECE = 64 * 1024
"""Bytes that `Body.read` asks for at a time."""

HOST = re.compile(r"\[?([^\[\]]+?)\]?(?::(\d+))?")
STATUS = re.compile(r"([1-5]\d\d)(?: .*)?")
TOKEN = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)  # RFC 9110, 5.6.2
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

# PEP 3333 forbids an app these of the connection; the server writes its own `date` and `server`. gunicorn drops all.
SERVERS_OWN = {"connection", "keep-alive", "te", "trailers", "transfer-encoding", "upgrade", "date", "server"}
SERVERS_OWN |= {"proxy-authenticate", "proxy-authorization"}


class CutUploadError(ClientDisconnected, ConnectionError):
    """The client left before the end of its request body: Flask answers 400, a raw WSGI app sees an OSError."""

    description = "The client left before the end of its request body."


class RawBody(io.RawIOBase):
    """The request body in the chunks that the server hands over."""

    def __init__(self, receive: Callable[[], Message]) -> None:
        super().__init__()
        self._receive = receive
        self._chunk = memoryview(b"")
        self._complete = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while not self._chunk and not self._complete:
            self._chunk = self._next_chunk()
        size = min(len(buffer), len(self._chunk))
        buffer[:size], self._chunk = self._chunk[:size], self._chunk[size:]
        return size

    def _next_chunk(self) -> memoryview:
        message = self._receive()
        if message["type"] == "http.disconnect":
            self._receive = lambda: message  # every later read fails alike; not all servers say it twice
            raise CutUploadError
        self._complete = not message.get("more_body", False)
        return memoryview(message.get("body", b""))


class Body(io.BufferedReader):
    """wsgi.input: answers as io.BytesIO over the whole body would, and never takes a cut body for a whole one."""

    def read(self, size: int | None = -1, /) -> bytes:
        """In pieces: BufferedReader would first allocate the whole size, which may only be what a client claims."""
        left = sys.maxsize if size is None or size < 0 else size
        pieces = []
        while piece := super().read(min(left, PIECE)):
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)

    def readlines(self, hint: int | None = -1, /) -> list[bytes]:
        """BytesIO stops when `hint` bytes are reached, BufferedReader when they are passed."""
        lines = []
        left = hint if hint is not None and hint > 0 else sys.maxsize
        for line in self:
            lines.append(line)
            left -= len(line)
            if left <= 0:
                break
        return lines


def build_environ(scope: Scope, body: io.BufferedIOBase) -> WSGIEnvironment:
    """The environ that gunicorn would build, as far as ASGI carries it: an absolute-form target comes as its path."""
    raw_path = trusted_raw_path(scope)
    query = scope["query_string"].decode("latin-1")
    target = raw_path.decode("latin-1") + (query and f"?{query}")
    root = scope.get("root_path", "").rstrip("/").encode()
    script_name, path_info = split_script_name(root, unquote_to_bytes(raw_path))
    headers = header_variables(scope["headers"])
    server_name, server_port = server_address(scope, headers.get("HTTP_HOST", ""))
    return {
        "asgi.scope": scope,
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": script_name.decode("latin-1"),
        "PATH_INFO": path_info.decode("latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": target,
        "REQUEST_URI": target,
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server_name,
        "SERVER_PORT": server_port,
        **client_variables(scope),
        **headers,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": body,
        "wsgi.input_terminated": True,  # the server knows where the body ends, chunked or not
        "wsgi.errors": sys.stderr,
        "wsgi.file_wrapper": FileWrapper,
        "wsgi.multithread": True,
        # Nothing tells how many processes the server runs. An app that hears False may keep its state in one of them.
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def trusted_raw_path(scope: Scope) -> bytes:
    """`raw_path`, unless someone rewrote `path` and left it behind: the app must see the path that was routed."""
    raw_path: bytes = scope.get("raw_path") or b""
    agrees = unquote_to_bytes(raw_path).decode("utf-8", "replace") == scope["path"]
    return raw_path if agrees else quote(scope["path"]).encode()


def split_script_name(script_name: bytes, path: bytes) -> tuple[bytes, bytes]:
    """The script name ends where a segment ends. A path outside it comes from a proxy that has removed it already."""
    inside = path == script_name or path.startswith(script_name + b"/")
    return script_name, path.removeprefix(script_name) if inside else path


def header_variables(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """CGI variables of the headers; one with an underscore is dropped, as it would pass for the one with a dash."""
    values: dict[str, list[str]] = {}
    for name, value in headers:
        if b"_" not in name:
            values.setdefault(header_variable(name), []).append(value.strip(b" \t").decode("latin-1"))
    # HTTP/2 sends a cookie a line (RFC 9113, 8.2.3).
    return {name: ("; " if name == "HTTP_COOKIE" else ",").join(lines) for name, lines in values.items()}


def header_variable(name: bytes) -> str:
    """`HTTP_` and the name, but for the two that CGI knows without it (RFC 3875, 4.1)."""
    variable = name.upper().replace(b"-", b"_").decode("latin-1")
    return variable if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{variable}"


def server_address(scope: Scope, host: str) -> tuple[str, str]:
    """SERVER_NAME and SERVER_PORT; a unix socket has neither, so there the Host header has to tell them."""
    name, port = scope.get("server") or (None, None)
    if name is not None and port is not None:
        return name, str(port)
    asked = HOST.fullmatch(host)
    default = "443" if scope.get("scheme") == "https" else "80"
    return (asked[1], asked[2] or default) if asked else ("localhost", default)


def client_variables(scope: Scope) -> dict[str, str]:
    """The client's address; over a unix socket it is empty, but there."""
    if not scope.get("client"):
        return {"REMOTE_ADDR": ""}
    address, port = scope["client"]
    return {"REMOTE_ADDR": address, "REMOTE_PORT": str(port)}


class Response:
    """What the app has answered so far. The headers wait for the first byte of the body: a failure before is a 500."""

    def __init__(self, send: Callable[[Message], None]) -> None:
        self._send = send
        self._start: Message | None = None
        self._begun = False

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], object]:
        error = exc_info[1] if exc_info else None
        if error is not None and self._begun:
            raise error.with_traceback(exc_info[2])
        if error is None and self._start is not None:
            raise AssertionError("start_response was called twice, the second time without exc_info")
        self._start = response_start(status, headers)
        return self.write

    def write(self, chunk: bytes) -> None:
        self._begin()
        self._send({"type": "http.response.body", "body": chunk, "more_body": True})

    def end(self) -> None:
        self._begin()
        self._send({"type": "http.response.body", "body": b""})

    def _begin(self) -> None:
        if self._start is None:
            raise AssertionError("the WSGI app answered without a call of start_response")
        if not self._begun:
            self._begun = True
            self._send(self._start)


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
            (name.lower().encode("latin-1"), value.strip(" \t").encode("latin-1"))
            for name, value in headers
            if name.lower() not in SERVERS_OWN
        ],
    }


def run(app: WSGIApplication, environ: WSGIEnvironment, response: Response) -> None:
    """One request through the app, to its end, in the calling thread. The app's exceptions are the caller's."""
    try:
        chunks = app(environ, response.start_response)
        try:
            for chunk in chunks:
                if chunk:
                    response.write(chunk)
            response.end()
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
    except StopIteration as error:  # asyncio cannot carry one: the request would never end
        raise RuntimeError("the WSGI app raised StopIteration") from error


class Handoff:
    """What a worker thread asks of the event loop, waiting for the answer; refused once the request is over there."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.over = False

    def from_worker(self, function: Callable[P, Awaitable[T]]) -> Callable[P, T]:
        async def on_loop(*args: P.args, **kwargs: P.kwargs) -> T:
            if self.over:
                raise ConnectionAbortedError("the server has ended this request")
            return await function(*args, **kwargs)

        def wait(*args: P.args, **kwargs: P.kwargs) -> T:
            return asyncio.run_coroutine_threadsafe(on_loop(*args, **kwargs), self.loop).result()

        return wait


class WSGIBridge(WSGIMiddleware):
    """Serves a WSGI app from `workers` threads of its own."""

    def __init__(self, app: WSGIApplication, *, workers: int = 10) -> None:
        super().__init__(cast(Any, app), workers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # type: ignore[override]
        if scope["type"] == "http":
            return await self._answer(scope, receive, send)
        try:
            await super().__call__(cast(Any, scope), cast(Any, receive), cast(Any, send))
        finally:
            if scope["type"] == "lifespan":
                self.close()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        handoff = Handoff()
        environ = build_environ(scope, Body(RawBody(handoff.from_worker(receive))))
        response = Response(handoff.from_worker(send))
        context = contextvars.copy_context()
        try:
            await handoff.loop.run_in_executor(
                self.executor, context.run, run, cast(WSGIApplication, self.app), environ, response
            )
        finally:
            handoff.over = True

    def close(self) -> None:
        """Idle threads end, requests still queued are dropped.

        Does not wait for running ones: nothing can force a thread to end, and a stuck one would block the event loop.
        """
        self.executor.shutdown(wait=False, cancel_futures=True)
