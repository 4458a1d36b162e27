"""A Flask app that uses of Flask what real apps use: what its requests bring, and what happens around its views."""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import TimestampSigner
from werkzeug.middleware.proxy_fix import ProxyFix

from tests.support.apps import probe

app = flask.Flask(__name__, static_folder=None)
app.secret_key = "awkward"
app.config.update(MAX_FORM_MEMORY_SIZE=2000, MAX_CONTENT_LENGTH=300_000)


class Timeless(TimestampSigner):
    """Signs the same cookie the same at any time."""

    def get_timestamp(self) -> int:
        return 0


class TimelessSessions(SecureCookieSessionInterface):
    def get_signing_serializer(self, app: flask.Flask) -> Any:
        serializer = super().get_signing_serializer(app)
        assert serializer is not None
        serializer.signer = Timeless
        return serializer


app.session_interface = TimelessSessions()


@app.route("/method", methods=["GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND", "QUERY", "TRACE"])
def method() -> str:
    return f"{flask.request.method} {flask.request.get_data()!r}"


@app.route("/path/<path:rest>")
def path(rest: str) -> list[str]:
    request = flask.request
    return [rest, request.path, request.full_path, request.url, request.base_url, request.root_path]


@app.get("/segment/<name>/<int:number>")
def segment(name: str, number: int) -> list[Any]:
    return [name, number]


@app.get("/any/<path:_rest>/end")
def ends(_rest: str) -> str:
    return flask.request.path


@app.get("/args")
def args() -> dict[str, list[str]]:
    return flask.request.args.to_dict(flat=False)


@app.get("/where")
def where() -> dict[str, Any]:
    request = flask.request
    names = ("host", "host_url", "url_root", "scheme", "is_secure", "remote_addr", "access_route", "script_root")
    return {name: getattr(request, name) for name in names}


@app.get("/headers")
def headers() -> list[list[str]]:
    return sorted([name, value] for name, value in flask.request.headers if name not in ("Host", "Connection"))


@app.get("/parsed")
def parsed() -> dict[str, Any]:
    request = flask.request
    return {
        "accept": request.accept_mimetypes.best,
        "languages": list(request.accept_languages.values()),
        "authorization": request.authorization and request.authorization.parameters,
        "range": request.range and request.range.ranges,
        "none match": sorted(request.if_none_match.as_set()),
        "agent": request.user_agent.string,
        "referrer": request.referrer,
        "mimetype": request.mimetype,
    }


@app.get("/cookies")
def cookies() -> dict[str, list[str]]:
    return flask.request.cookies.to_dict(flat=False)


@app.post("/form")
def form() -> dict[str, Any]:
    files = {
        name: [
            [file.filename, file.mimetype, hashlib.sha256(file.read()).hexdigest()[:8]]
            for file in flask.request.files.getlist(name)
        ]
        for name in flask.request.files
    }
    return {"form": flask.request.form.to_dict(flat=False), "files": files}


@app.post("/json")
def read_json() -> Any:
    return {"got": flask.request.get_json()}


@app.post("/json/silent")
def read_json_silently() -> Any:
    return {"got": flask.request.get_json(silent=True, force=True)}


@app.post("/data")
def data() -> dict[str, Any]:
    request = flask.request
    return {"length": request.content_length, "data": request.get_data(as_text=True), "form": len(request.form)}


@app.post("/stream-in")
def stream_in() -> dict[str, Any]:
    pieces = [len(piece) for piece in iter(lambda: flask.request.stream.read(1000), b"")]
    return {"pieces": pieces, "exhausted": flask.request.stream.read(1) == b""}


@app.post("/small-only")
def small_only() -> str:
    flask.request.max_content_length = 10
    return flask.request.get_data(as_text=True)


@app.post("/unread")
def unread() -> str:
    return "not read"


# --- around the views ---


@app.get("/touch")
def touch() -> list[Any]:
    """What one request puts into `g` is not the next one's."""
    found = flask.g.get("mine")
    flask.g.mine = "mine"
    return [found]


gate = threading.Event()


@app.get("/gate/wait")
def wait_at_the_gate() -> str:
    note("waiting")
    return str(gate.wait(5))


@app.get("/gate/stream")
def stream_through_the_gate() -> flask.Response:
    def chunks() -> Iterator[str]:
        yield "at once"
        yield f", after the gate: {gate.wait(5)}"

    return flask.Response(chunks())


@app.get("/gate/open")
def open_the_gate() -> str:
    gate.set()
    return "open"


@app.get("/gate/shut")
def shut_the_gate() -> str:
    gate.clear()
    return "shut"


@app.get("/short")
def short() -> flask.Response:
    response = flask.make_response("short")
    response.call_on_close(partial(later(), "response closed"))
    flask.after_this_request(said_after)
    return response


@app.get("/long")
def long() -> flask.Response:
    """As good as endless."""
    note = later()

    def chunks() -> Iterator[bytes]:
        try:
            for _ in range(1_000_000):
                yield b"x" * 1000
        finally:
            note("generator closed")

    response = flask.Response(chunks())
    response.call_on_close(partial(note, "response closed"))
    return response


@app.get("/silent")
def silent() -> flask.Response:
    """Polls for news that never come; its chunks are empty."""
    note, news = later(), threading.Event()

    def chunks() -> Iterator[bytes]:
        note("polling")
        try:
            while not news.wait(0.01):
                yield b""
        finally:
            note("generator closed")

    return flask.Response(chunks())


@app.get("/measured")
def measured() -> flask.Response:
    """Does something after the last byte that it has promised."""
    note = later()

    def chunks() -> Iterator[bytes]:
        yield b"half"
        yield b"half"
        yield b""
        note("after the last byte")

    return flask.Response(chunks(), headers={"Content-Length": "8"})


def said_after(response: flask.Response) -> flask.Response:
    response.headers["X-After"] = "1"
    return response


@app.before_request
def remember_who() -> None:
    flask.g.id = flask.request.args.get("id")


@app.teardown_request
def torn_down(_error: BaseException | None) -> None:
    note("torn down")


@app.teardown_appcontext
def app_torn_down(_error: BaseException | None) -> None:
    note("app torn down")


def note(event: str) -> None:
    """On stderr, for who asks by `?id=`."""
    if flask.g.get("id"):
        sys.stderr.write(f"[{flask.g.id}: {event}]\n")


def later() -> Callable[[str], None]:
    """`note` for when the context is gone."""
    name = flask.g.get("id")
    return lambda event: name and sys.stderr.write(f"[{name}: {event}]\n")


probe_behind_a_proxy = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1, x_port=1, x_prefix=1)


@probe
def proxied(environ: Any, start_response: Any) -> Any:
    """The Flask app as behind one trusted proxy, below this name."""
    environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix("/proxied")
    return probe_behind_a_proxy(environ, start_response)
