"""The Flask app of the facts: an endpoint for each thing that a Flask app and its FastAPI port answer differently."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import flask
from flask import Blueprint, Flask, Response, abort, jsonify, redirect, request, session, url_for
from flask_cors import CORS

from tests.comparing.causes.facts.values import PRODUCT, RETURNED, VALUES

TAGS = {"amber", "blue", "cyan", "dun", "ecru"}


def create_app(*, debug: bool = False) -> Flask:
    """The app; `debug` is FLASK_DEBUG=1."""
    app = Flask(__name__)
    app.secret_key = "facts"
    app.debug = debug
    CORS(app, resources={r"/cors/.*": {"origins": ["https://good.test"]}}, supports_credentials=True)
    for part in (answers, errors, routes, parameters, bodies, cookies, headers, files):
        app.register_blueprint(part)
    return app


answers = Blueprint("answers", __name__)


@answers.get("/value/<name>")
@answers.get("/annotated/<name>")
def value(name: str) -> Any:
    return VALUES[name]()


@answers.get("/returned/<name>")
@answers.get("/returned-dict/<name>")
def returned(name: str) -> Any:
    return RETURNED[name]()


@answers.get("/jsonify")
def jsonified() -> Response:
    return jsonify(b=1, a=2)


@answers.get("/product")
def product() -> Any:
    return PRODUCT


@answers.get("/product/bad")
def bad_product() -> Any:
    return PRODUCT | {"price": "many"}


@answers.delete("/product")
def delete_product() -> Any:
    return "", 204


@answers.get("/plain")
def plain() -> str:
    return "hello"


@answers.get("/stream")
def stream() -> Response:
    def pieces() -> Iterator[bytes]:
        yield from (b"one", b"", b"two")

    return Response(pieces(), mimetype="text/plain")


@answers.get("/clock")
def clock() -> Any:
    return {"now": datetime.now(UTC).isoformat()}


@answers.get("/uuid")
def new_uuid() -> Any:
    return {"id": str(uuid.uuid4())}


@answers.get("/set-order")
def set_order() -> Any:
    return {"tags": list(TAGS)}


errors = Blueprint("errors", __name__)


@errors.before_app_request
def guard() -> Any:
    if request.path.startswith("/guarded") and request.headers.get("Authorization") != "Bearer good":
        return {"detail": "who are you?"}, 401
    return None


@errors.post("/guarded")
def guarded() -> Any:
    return {"n": request.get_json()["n"]}


@errors.get("/abort/<int:code>")
def stop(code: int) -> Any:
    abort(code)


@errors.get("/abort/custom")
def stop_with_words() -> Any:
    abort(400, "custom msg")


@errors.get("/boom")
@errors.get("/cors/boom")
def boom() -> Any:
    raise RuntimeError("boom")


@errors.get("/helper-abort")
def helper_abort() -> Any:
    abort(404)


@errors.get("/secured/<scheme>")
def secured(scheme: str) -> Any:
    return {"error": f"{scheme} credentials are missing"}, 401


@errors.post("/sign-in")
def sign_in() -> Any:
    form = request.get_json()
    if set(form) != {"name", "password"}:
        abort(400)
    return {"name": form["name"]}


routes = Blueprint("routes", __name__)


@routes.route("/slash/", methods=["GET", "POST"])
@routes.route("/noslash", methods=["GET", "POST"])
@routes.get("/only")
def here() -> Any:
    return {"query": request.query_string.decode()}


@routes.get("/p/<name>")
def named(name: str) -> Any:
    return jsonify(name)


@routes.get("/int/<int:n>")
@routes.get("/converted/<int:n>")
@routes.get("/n/<int:n>", endpoint="n")
@routes.get("/float/<float:n>")
@routes.get("/uuid/<uuid:n>")
def number(n: Any) -> Any:
    return {"n": n}


@routes.get("/path/<path:rest>")
def path(rest: str) -> Any:
    return {"rest": rest}


@routes.get("/order/<int:n>")
def order(n: int) -> Any:
    return {"n": n}


@routes.get("/order/new")
def new_order() -> Any:
    return {"new": True}


@routes.get("/moved")
def moved() -> Any:
    return redirect("/only")


@routes.get("/url")
def url() -> Any:
    return {"url": url_for("routes.n", n=5, x="a b")}


parameters = Blueprint("parameters", __name__)


@parameters.get("/query/text")
def text() -> Any:
    return {"a": request.args.get("a", "none")}


@parameters.get("/query/required")
def required() -> Any:
    return {"a": request.args["a"]}


@parameters.get("/query/int")
def integer() -> Any:
    return {"n": request.args.get("n", 7, type=int)}


@parameters.get("/query/float")
def floating() -> Any:
    return {"n": request.args.get("n", 7.0, type=float)}


@parameters.get("/query/bool")
def boolean() -> Any:
    return {"n": request.args.get("n", False, type=bool)}


@parameters.post("/form")
def form() -> Any:
    return {"a": request.form["a"], "b": request.form.get("b", "default")}


@parameters.post("/form/lenient")
def lenient_form() -> Any:
    return {"a": len(request.form.get("a", "none"))}


@parameters.post("/upload")
def upload() -> Any:
    file = request.files["f"]
    return {"filename": file.filename, "size": len(file.read())}


bodies = Blueprint("bodies", __name__)


@bodies.post("/any")
def anything() -> Any:
    return {"sent": request.get_json()}


@bodies.post("/model/<kind>")
def model(kind: str) -> Any:
    return {"v": request.get_json()["v"], "kind": kind}


cookies = Blueprint("cookies", __name__)


def answered() -> Response:
    return flask.make_response({"ok": True})


@cookies.get("/cookie/set")
def set_cookie() -> Any:
    response = answered()
    response.set_cookie("a", "b")
    return response


@cookies.get("/cookie/aged")
def aged_cookie() -> Any:
    response = answered()
    response.set_cookie("a", "b", max_age=3600, secure=True, httponly=True, samesite="Strict")
    return response


@cookies.get("/cookie/delete")
def delete_cookie() -> Any:
    response = answered()
    response.delete_cookie("d")
    return response


@cookies.get("/cookie/unicode")
def unicode_cookie() -> Any:
    response = answered()
    response.set_cookie("a", "\u00e9\u2603")
    return response


@cookies.get("/cookie/read")
def read_cookies() -> Any:
    return dict(request.cookies)


@cookies.get("/session/write")
def write_session() -> Any:
    session["user"] = "ann"
    return {"ok": True}


@cookies.get("/session/read")
def read_session() -> Any:
    return {"user": session.get("user")}


headers = Blueprint("headers", __name__)


@headers.get("/headers/one")
def one() -> Any:
    return {"one": request.headers.get("X-One")}


@headers.get("/headers/under")
def under() -> Any:
    return {"under": request.headers.get("X_Under"), "dashed": request.headers.get("X-Under")}


@headers.get("/headers/echo")
def echo() -> Any:
    return {"one": request.headers["X-One"]}, {"X-Echo": request.headers["X-One"]}


@headers.get("/headers/snow")
def snow() -> Any:
    return {"ok": True}, {"X-Snow": "\u2603"}


@headers.get("/info")
def whereabouts() -> Any:
    return {"host": request.host, "url": request.url}


@headers.get("/cors/item")
def cors_item() -> Any:
    return {"ok": True}


files = Blueprint("files", __name__)


@files.get("/download")
def download() -> Any:
    return flask.send_file(io.BytesIO(b"content"), as_attachment=True, download_name="\u00e9 x.txt")


@files.get("/tagged")
def tagged() -> Any:
    response = jsonify(a=1)
    response.add_etag()
    return response.make_conditional(request)
