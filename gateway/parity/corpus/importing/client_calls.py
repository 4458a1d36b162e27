"""Requests of Werkzeug's test client, Flask's too, as they reach the app; the test sees nothing of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import quote

import werkzeug.test

from ....http.message import Exchange, Request, Response


@dataclass(slots=True)
class Call:
    """One request of a test; its answer is what the test has read of it."""

    request: Request
    status: int = 0
    headers: tuple[tuple[bytes, bytes], ...] = ()
    pieces: list[bytes] = field(default_factory=list)

    def exchange(self) -> Exchange:
        """Both, as far as they are there."""
        return Exchange(self.request, Response(self.status, self.headers, b"".join(self.pieces)))


@contextmanager
def observed_clients(before: Callable[[Any], object], seen: Callable[[Call], object]) -> Iterator[None]:
    """While it lasts, `before` gets the app ahead of each request, `seen` the request ahead of its answer."""
    run = werkzeug.test.run_wsgi_app

    def observed(app: Any, environ: dict[str, Any], buffered: bool = False) -> Any:
        call = Call(request_of(environ))
        before(app)
        seen(call)
        body, status, headers = run(app, environ, buffered=buffered)
        call.status = int(status.split(None, 1)[0])
        call.headers = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in headers)
        if isinstance(body, list):
            call.pieces += body
            return body, status, headers
        return _Observed(body, call.pieces), status, headers

    werkzeug.test.run_wsgi_app = observed  # Client looks it up there for each request, also when it follows a redirect
    try:
        yield
    finally:
        werkzeug.test.run_wsgi_app = run


def request_of(environ: dict[str, Any]) -> Request:
    """The request that a WSGI environment tells, its body left to be read again."""
    headers = [
        (name[5:].replace("_", "-").lower(), value) for name, value in environ.items() if name.startswith("HTTP_")
    ]
    own = ("CONTENT_TYPE", "CONTENT_LENGTH")
    headers += [(key.replace("_", "-").lower(), environ[key]) for key in own if environ.get(key)]
    pairs = tuple((name.encode("latin-1"), str(value).encode("latin-1")) for name, value in headers)
    return Request(environ["REQUEST_METHOD"], _target(environ), pairs, _body(environ))


def _target(environ: dict[str, Any]) -> bytes:
    """As the test wrote it where the client kept that, else quoted again."""
    path = str(environ.get("REQUEST_URI", "")).partition("?")[0]
    if not path.startswith("/") or path.startswith("//") or environ.get("SCRIPT_NAME"):
        decoded = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        path = quote(decoded.encode("latin-1"), safe="/:@!$&'()*+,;=~")
    query = environ.get("QUERY_STRING", "")
    return f"{path or '/'}{'?' + query if query else ''}".encode("latin-1")


def _body(environ: dict[str, Any]) -> bytes:
    """Of a stream that can be rewound; another one is the app's alone to read."""
    stream = environ.get("wsgi.input")
    if isinstance(stream, BytesIO):
        return stream.getvalue()[stream.tell() :]
    try:
        at = stream.tell()  # type: ignore[union-attr]
        body = bytes(stream.read())  # type: ignore[union-attr]
        stream.seek(at)  # type: ignore[union-attr]
    except (AttributeError, OSError):
        return b""
    return body


class _Observed:
    """A body that goes to the test piece by piece, each piece kept."""

    def __init__(self, body: Iterable[bytes], pieces: list[bytes]) -> None:
        self._body = body
        self._next = iter(body).__next__
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = self._next()
        self._pieces.append(piece)
        return piece

    def close(self) -> None:
        close = getattr(self._body, "close", None)
        if close is not None:
            close()
