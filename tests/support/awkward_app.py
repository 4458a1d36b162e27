"""A WSGI app that does what PEP 3333 allows and few apps do, and some of what it forbids, beside a Flask app.

The first segment of the path names the probe; what names none goes to Flask.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import unquote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tests.support.apps import APPS, PLAIN, probe
from tests.support.awkward_answers import app

SHOWN = "REQUEST_METHOD SCRIPT_NAME PATH_INFO QUERY_STRING CONTENT_TYPE CONTENT_LENGTH SERVER_PROTOCOL"


@probe
def alive(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [*PLAIN, ("Content-Length", "5")])
    return [b"alive"]


@probe
def show(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The variables that `X-Show` names, else the request line's."""
    names = environ.get("HTTP_X_SHOW", SHOWN).split()
    return plain(repr([environ.get(name) for name in names]), start_response)


@probe
def show_headers(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """What the request's headers became."""
    names = sorted(name for name in environ if name.startswith(("HTTP_", "CONTENT_")))
    return plain(repr([f"{name}={environ[name]}" for name in names]), start_response)


@probe
def show_types(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Each variable's name and type; the type of wsgi.* objects is the server's own affair."""
    plainly = (str, bool, tuple)
    types = {name: type(value).__name__ for name, value in environ.items() if isinstance(value, plainly)}
    others = sorted(name for name in environ if name not in types)
    return plain(f"{sorted(types.items())} {others}", start_response)


@probe
def echo(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    body = environ["wsgi.input"].read()
    start_response("200 OK", [*PLAIN, ("Content-Length", str(len(body)))])
    return [body]


@probe
def echo_pieces(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    """Reads and answers in turns."""
    start_response("200 OK", PLAIN)
    while piece := environ["wsgi.input"].read(7):
        yield piece


@probe
def read_after_start(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    start_response("200 OK", PLAIN)
    yield b"first, "
    yield environ["wsgi.input"].read()


@probe
def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[Any]:
    """Answers as the JSON in the query says: status, headers, chunks to write, chunks to return."""
    wanted = json.loads(unquote(environ["QUERY_STRING"]))
    headers = [(name, value) for name, value in wanted.get("headers", PLAIN)]
    write = start_response(wanted.get("status", "200 OK"), headers)
    for chunk in wanted.get("write", ()):
        write(encoded(chunk))
    return KINDS[wanted.get("as", "list")]([encoded(chunk) for chunk in wanted.get("chunks", ["body"])])


def encoded(chunk: Any) -> Any:
    """JSON has no bytes: a string stands for its bytes, {"raw": x} for x itself."""
    return chunk["raw"] if isinstance(chunk, dict) else chunk.encode("latin-1") if isinstance(chunk, str) else chunk


KINDS: dict[str, Callable[[list[Any]], Any]] = {
    "list": list,
    "tuple": tuple,
    "iterator": iter,
    "generator": lambda chunks: (chunk for chunk in chunks),
    "the first": lambda chunks: chunks[0],
    "repeated": lambda chunks: chunks * 100,
    "one large": lambda chunks: [chunks[0] * 100_000],
    "none": lambda _chunks: None,
    "bytearrays": lambda chunks: [bytearray(chunk) for chunk in chunks],
    "memoryviews": lambda chunks: [memoryview(chunk) for chunk in chunks],
}


@probe
def header_iterator(_environ: WSGIEnvironment, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", iter([*PLAIN, ("X-Late", "1")]))
    return [b"body"]


@probe
def long_header(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [*PLAIN, ("X-Long", "a" * 20_000)])
    return [b"body"]


@probe
def headers_changed_later(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    headers = [*PLAIN]
    start_response("200 OK", headers)
    headers.append(("X-Late", "1"))
    return [b"body"]


@probe
def start_without_exception(_environ: WSGIEnvironment, start_response: Any) -> Iterable[bytes]:
    """PEP 3333: a second call needs exc_info; a triple of nothing is no exception."""
    start_response("200 OK", PLAIN)
    start_response("404 Not Found", PLAIN, (None, None, None))
    return [b"body"]


@probe
def start_first_with_exception(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    try:
        raise LookupError("known")
    except LookupError:
        start_response("404 Not Found", PLAIN, sys.exc_info())
    return [b"not found"]


@probe
def write_then_replace(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", PLAIN)(b"written")
    try:
        raise LookupError("too late")
    except LookupError:
        start_response("500 Internal Server Error", PLAIN, sys.exc_info())
    return [b"never sent"]


@probe
def write_in_generator(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    write = start_response("200 OK", PLAIN)
    write(b"one ")
    yield b"two "
    write(b"three ")
    yield b"four"


@probe
def write_after_the_length(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    write = start_response("200 OK", [*PLAIN, ("Content-Length", "4")])
    write(b"bo")
    write(b"dy")
    write(b"more")
    return [b"still more"]


@probe
def fail_within_length(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    start_response("200 OK", [*PLAIN, ("Content-Length", "8")])
    yield b"half"
    raise ValueError("failed within the length")


@probe
def fail_after_length(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    start_response("200 OK", [*PLAIN, ("Content-Length", "4")])
    yield b"full"
    raise ValueError("failed after the length")


@probe
class Counted:
    """An iterable with a length, a context and more attributes than a server needs."""

    def __init__(self, _environ: WSGIEnvironment, start_response: StartResponse) -> None:
        self.left = [b"one ", b"two"]
        start_response("200 OK", PLAIN)

    def __len__(self) -> int:
        return 2

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if not self.left:
            raise StopIteration
        return self.left.pop(0)


@probe
class Indexed:
    """Iterable by __getitem__ only, as wsgiref's FileWrapper once was."""

    def __init__(self, _environ: WSGIEnvironment, start_response: StartResponse) -> None:
        start_response("200 OK", PLAIN)

    def __getitem__(self, index: int) -> bytes:
        return [b"zero ", b"one"][index]


@probe
def wrap_real_file(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A file with a descriptor, read from its fifth byte on; the query may promise a length."""
    length = [("Content-Length", environ["QUERY_STRING"])] if environ["QUERY_STRING"] else []
    start_response("200 OK", [*PLAIN, *length])
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the wrapper closes it
    file.write(b"skip" + bytes(range(256)) * 100)
    file.seek(4)
    blocks: Iterable[bytes] = environ["wsgi.file_wrapper"](file)
    return blocks


@probe
def wrap_and_slice(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The wrapper as an iterator in an app's hands."""
    blocks = environ["wsgi.file_wrapper"](io.BytesIO(b"abcdef"), 2)
    return plain(repr([next(blocks), list(blocks)]), start_response)


@probe
def early_hints(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    if "wsgi.early_hints" in environ:
        environ["wsgi.early_hints"]([("Link", "</style.css>; rel=preload")])
    return plain("hinted", start_response)


@probe
def change_environ(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """PEP 3333: the environ is a plain dict, the app's to change."""
    found = type(environ) is dict and "mine" not in environ
    environ["mine"] = environ.pop("PATH_INFO")
    return plain(repr(found), start_response)


@probe
def input_keywords(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    return plain(repr(environ["wsgi.input"].read(size=3)), start_response)


@probe
def input_next(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    return plain(repr([next(environ["wsgi.input"]), environ["wsgi.input"].read()]), start_response)


@probe
def input_names(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    names = ("read", "readline", "readlines", "__iter__", "seek")
    return plain(repr([name for name in names if hasattr(environ["wsgi.input"], name)]), start_response)


@probe
def log_error(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    errors = environ["wsgi.errors"]
    errors.write("one \xe9 \u2603\n")
    errors.writelines(["two\n", "three\n"])
    errors.flush()
    return plain("logged", start_response)


def plain(text: str, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", PLAIN)
    return [text.encode()]


class Probes:
    """The probes in front of another app."""

    def __init__(self, other: WSGIApplication) -> None:
        self.other = other

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        name = environ.get("PATH_INFO", "").split("/", 2)[1:2]
        return APPS.get(name[0] if name else "", self.other)(environ, start_response)


app.wsgi_app = Probes(app.wsgi_app)  # type: ignore[method-assign]
