"""The awkward Flask app's answers: what real apps return, send, stream and raise, the same at every run."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import flask

from tests.support.awkward_flask import app

LETTERS = bytes(range(97, 123)) * 4
CHANGED = datetime(2024, 2, 29, 12, 30, tzinfo=UTC)


@app.get("/tuple")
def tuples() -> Any:
    return {"made": True}, 201, {"X-Made": "1"}


@app.get("/status/<int:code>")
def status(code: int) -> flask.Response:
    return flask.Response(b"a body", code)


@app.get("/named-status")
def named_status() -> flask.Response:
    return flask.Response("teapot", "299 Rather Fine")


@app.get("/set-cookies")
def set_cookies() -> flask.Response:
    response = flask.make_response("cookies")
    response.set_cookie("plain", "a b;c")
    response.set_cookie("full", "\u00e9", expires=CHANGED, secure=True, httponly=True, samesite="Strict", path="/x")
    response.delete_cookie("gone")
    return response


@app.get("/headers-out")
def headers_out() -> flask.Response:
    response = flask.Response("headers", headers=[("X-Twice", "1"), ("x-twice", "2"), ("X-Latin", "caf\xe9")])
    response.vary.add("Cookie")
    response.cache_control.no_store = True
    response.headers.add("Link", "</a>", rel="next")
    response.headers.add("Link", "</b>")
    return response


@app.get("/unicode-header")
def unicode_header() -> flask.Response:
    return flask.Response("never sent", headers={"X-Snow": "\u2603"})


@app.get("/session")
def session() -> dict[str, Any]:
    flask.session.update(flask.request.args)
    flask.session["visits"] = flask.session.get("visits", 0) + 1
    flask.flash("hello")
    return dict(flask.session)


@app.get("/session/read")
def read_session() -> dict[str, Any]:
    return {"flashed": flask.get_flashed_messages(), "visits": flask.session.get("visits")}


@app.get("/session/end")
def end_session() -> str:
    flask.session.clear()
    return "cleared"


@app.get("/redirect/<int:code>")
def redirect(code: int) -> Any:
    return flask.redirect(flask.url_for("path", rest="a b", _external=bool(flask.request.args)), code)


@app.get("/branch/")
def branch() -> str:
    return "the branch"


@app.get("/abort/<int:code>")
def abort(code: int) -> str:
    flask.abort(code)


@app.get("/abort/answer")
def abort_with_an_answer() -> str:
    flask.abort(flask.Response("my own", 409, {"X-Own": "1"}))


@app.get("/fail")
def fail() -> str:
    raise ValueError("a view failed")


@app.get("/fail/known")
def fail_known() -> str:
    raise LookupError("known")


@app.errorhandler(LookupError)
def known(error: LookupError) -> Any:
    return f"handled {error}", 418


@app.get("/nothing")
def nothing() -> Any:
    return None


@app.get("/file")
def file() -> flask.Response:
    return flask.send_file(
        io.BytesIO(LETTERS),
        mimetype="text/plain",
        etag="letters",
        last_modified=CHANGED,
        conditional=True,
        download_name="l\u00e9tters.txt",
        as_attachment="attach" in flask.request.args,
    )


@app.get("/directory/<path:name>")
def directory(name: str) -> flask.Response:
    """Files of this directory: with a descriptor, so that a server may use sendfile."""
    return flask.send_from_directory(Path(__file__).parent, name)


@app.get("/etag")
def etag() -> flask.Response:
    response = flask.make_response("tagged")
    response.add_etag()
    return response.make_conditional(flask.request, complete_length=6, accept_ranges=True)


@app.get("/stream")
def stream() -> flask.Response:
    @flask.stream_with_context
    def chunks() -> Iterator[str]:
        yield f"for {flask.request.args['name']}, "
        yield ""
        yield f"visit {flask.session.get('visits', 0)}, "
        yield flask.url_for("stream")

    return flask.Response(chunks(), mimetype="text/plain")


@app.get("/stream/without-context")
def stream_without_context() -> flask.Response:
    return flask.Response((str(flask.has_request_context()) for _ in range(2)), mimetype="text/plain")


@app.get("/stream/failing/<int:after>")
def stream_failing(after: int) -> flask.Response:
    def chunks() -> Iterator[str]:
        for index in range(after):
            yield f"chunk {index} "
        raise ValueError("a stream failed")

    return flask.Response(chunks(), mimetype="text/plain")


@app.get("/stream/events")
def events() -> flask.Response:
    return flask.Response((f"data: {n}\n\n" for n in range(3)), mimetype="text/event-stream")
