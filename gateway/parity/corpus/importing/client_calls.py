"""Requests of Werkzeug's test client, Flask's too, as they reach the app; the test sees nothing of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import werkzeug.test
from werkzeug.wsgi import ClosingIterator

from ....http.message import Request, Response


@dataclass(slots=True)
class Call:
    """One request of a test, with as much of its answer as the test has read."""

    request: Request
    status: int = 0
    headers: tuple[tuple[bytes, bytes], ...] = ()
    pieces: list[bytes] = field(default_factory=list)

    @property
    def response(self) -> Response:
        """Return the answer as far as it is there."""
        return Response(self.status, self.headers, b"".join(self.pieces))


@contextmanager
def observed_clients(before: Callable[[Any], object], seen: Callable[[Call], object]) -> Iterator[None]:
    """Give `before` the app ahead of each request, and `seen` the request ahead of its answer, while it lasts."""
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

        def observed_body() -> Iterator[bytes]:
            for piece in body:
                call.pieces.append(piece)
                yield piece

        return ClosingIterator(observed_body(), getattr(body, "close", None)), status, headers

    werkzeug.test.run_wsgi_app = observed  # Client looks it up there for each request, also when it follows a redirect
    try:
        yield
    finally:
        werkzeug.test.run_wsgi_app = run


def request_of(environ: dict[str, Any]) -> Request:
    """Return the request of a WSGI environment (PEP 3333), its body left to be read again."""
    headers = [
        (name[5:].replace("_", "-").lower(), value) for name, value in environ.items() if name.startswith("HTTP_")
    ]
    own = ("CONTENT_TYPE", "CONTENT_LENGTH")
    headers += [(key.replace("_", "-").lower(), environ[key]) for key in own if environ.get(key)]
    pairs = tuple((name.encode("latin-1"), str(value).encode("latin-1")) for name, value in headers)
    return Request(environ["REQUEST_METHOD"], _target(environ), pairs, _body(environ))


def _target(environ: dict[str, Any]) -> bytes:
    """Return the target as the test wrote it where the client kept that, else quoted again."""
    path = str(environ.get("REQUEST_URI", "")).partition("?")[0]
    if not path.startswith("/") or path.startswith("//") or environ.get("SCRIPT_NAME"):
        decoded = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        path = quote(decoded.encode("latin-1"), safe="/:@!$&'()*+,;=~")
    query = environ.get("QUERY_STRING", "")
    return f"{path or '/'}{'?' + query if query else ''}".encode("latin-1")


def _body(environ: dict[str, Any]) -> bytes:
    """Return the body where the stream can be rewound; another one is the app's alone to read."""
    stream: Any = environ.get("wsgi.input")
    try:
        at = stream.tell()
        body = bytes(stream.read())
        stream.seek(at)
    except (AttributeError, OSError):
        return b""
    return body
