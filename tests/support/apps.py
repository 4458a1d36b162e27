"""Small WSGI and ASGI apps, each awkward in one way. `probes` serves them all, by the first segment of the path."""

from __future__ import annotations

import io
import json
import sys
import threading
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from typing import Any
from urllib.parse import unquote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import flask

from gateway.bridge import WSGIBridge

colour = ContextVar("colour", default="none")

PLAIN = [("Content-Type", "text/plain")]

APPS: dict[str, WSGIApplication] = {}


def probe(app: WSGIApplication) -> WSGIApplication:
    """Serves the app under its own name."""
    APPS[app.__name__] = app
    return app


@probe
def show_environ(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "application/json")])
    shown = {key: value for key, value in environ.items() if isinstance(value, str | bool | tuple)}
    return [json.dumps(shown).encode()]


@probe
def call_input(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answers what wsgi.input answers to the calls in the query: [["readline", 5], ["read"]]."""
    calls = json.loads(unquote(environ["QUERY_STRING"]))
    answers = [getattr(environ["wsgi.input"], name)(*arguments) for name, *arguments in calls]
    start_response("200 OK", PLAIN)
    return [repr(answers).encode()]


@probe
def iterate_input(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    lines = list(environ["wsgi.input"])
    start_response("200 OK", PLAIN)
    return [repr(lines).encode()]


@probe
def read_cut(environ: WSGIEnvironment, _start_response: StartResponse) -> Iterable[bytes]:
    body = environ["wsgi.input"].read()
    raise RuntimeError(f"a body of {len(body)} bytes was taken for complete")


@probe
def two_starts(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", PLAIN)
    start_response("201 Created", PLAIN)
    return [b"never sent"]


@probe
def replaced_start(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("X-First", "1")])
    try:
        raise LookupError("replaced")
    except LookupError:
        start_response("404 Not Found", [("X-Second", "2")], sys.exc_info())
    yield b"the second answer"


@probe
def late_start(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", PLAIN)
    yield b"sent"
    try:
        raise LookupError("too late to replace")
    except LookupError:
        start_response("500 Internal Server Error", PLAIN, sys.exc_info())
    yield b"never sent"


@probe
def bare_status(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("202", PLAIN)
    return [b"accepted"]


@probe
def no_start(_environ: WSGIEnvironment, _start_response: StartResponse) -> Iterable[bytes]:
    return [b"no status"]


@probe
def no_start_no_body(_environ: WSGIEnvironment, _start_response: StartResponse) -> Iterable[bytes]:
    return []


@probe
def start_in_generator(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("203 Late", PLAIN)
    yield b"late "
    yield b""
    yield b"start"


@probe
def write_and_return(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    write = start_response("200 OK", PLAIN)
    write(b"written, ")
    return [b"returned"]


@probe
def write_nothing_and_fail(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", PLAIN)(b"")
    raise ValueError("failed after write")


@probe
def fail_at_once(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", PLAIN)
    raise ValueError("failed at once")


@probe
def fail_before_first_chunk(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    start_response("200 OK", PLAIN)
    raise ValueError("failed before the first chunk")
    yield b"never sent"


@probe
def fail_after_empty_chunk(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    start_response("200 OK", PLAIN)
    yield b""
    raise ValueError("failed after an empty chunk")


@probe
def fail_after_two_chunks(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    start_response("200 OK", PLAIN)
    yield b"one "
    yield b"two"
    raise ValueError("failed after two chunks")


@probe
def stop_iteration(_environ: WSGIEnvironment, _start_response: StartResponse) -> Iterable[bytes]:
    return next(iter([]))


@probe
class Closing:
    """A body that says on stderr when it is closed, and fails there if the query is "fail"."""

    def __init__(self, environ: WSGIEnvironment, start_response: StartResponse) -> None:
        self.query = environ["QUERY_STRING"]
        start_response("200 OK", [*PLAIN, ("Content-Length", "4")])

    def __iter__(self) -> Iterator[bytes]:
        return iter([b"bo", b"dy"])

    def close(self) -> None:
        sys.stderr.write(f"closed {self.query}\n")
        if self.query == "fail":
            raise ValueError("failed in close")


@probe
def servers_headers(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    own = [("Transfer-Encoding", "chunked"), ("Connection", "Keep-Alive"), ("Date", "yesterday"), ("Server", "mine")]
    start_response("200 OK", [*own, ("Content-Length", "2"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2 ")])
    return [b"ok"]


@probe
def header_injection(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("X-Split", "a\r\nSet-Cookie: b=1")])
    return [b"never sent"]


@probe
def status_out_of_range(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("20 Low", PLAIN)
    return [b"never sent"]


@probe
def wrap_file(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", PLAIN)
    blocks: Iterable[bytes] = environ["wsgi.file_wrapper"](io.BytesIO(b"a" * 250), 100)
    return blocks


flask_app = flask.Flask(__name__)


@flask_app.post("/flask/echo")
def echo() -> dict[str, Any]:
    return {"length": flask.request.content_length, "body": flask.request.get_data(as_text=True)}


@flask_app.get("/flask/cookies")
def cookies() -> dict[str, str]:
    return flask.request.cookies.to_dict()


@flask_app.after_request
def say_status(response: flask.Response) -> flask.Response:
    sys.stderr.write(f"flask answered {response.status_code}\n")
    return response


APPS["flask"] = flask_app


def probes(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    name = environ["PATH_INFO"].split("/")[1]
    return APPS[name](environ, start_response)


bridged = WSGIBridge(probes)


# Apps that a test calls in its own process.


class Endless:
    """A body as good as endless that shows when it was closed; its second chunk waits for `gate`."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.closed = threading.Event()

    def __call__(self, _environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", PLAIN)
        try:
            yield b"first"
            self.gate.wait(120)
            for _ in range(10_000):
                yield b"more"
        finally:
            self.closed.set()


class Gated:
    """A body that waits for `gate`, and says whether it was opened in time."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.gate = threading.Event()

    def __call__(self, _environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.entered.set()
        start_response("200 OK", PLAIN)
        return [b"opened" if self.gate.wait(120) else b"not opened"]


def show_colour(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", PLAIN)
    return [colour.get().encode()]
