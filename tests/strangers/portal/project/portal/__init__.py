"""An old portal: one Flask app mounted beside another, odd methods and rules, sessions on the server, two languages."""

import os
from datetime import date

import cachelib
from flask import Flask, Response, abort, g, make_response, redirect, request, session, url_for
from flask_babel import Babel, format_date, format_decimal, gettext
from flask_session import Session
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter, Rule, Submount

PEOPLE = {"root": "toor", "guest": "guest"}


class ListConverter(BaseConverter):
    regex = r"\w+(?:\+\w+)*"

    def to_python(self, value):
        return value.split("+")

    def to_url(self, values):
        return "+".join(map(str, values))


def best_locale():
    return session.get("language") or request.accept_languages.best_match(["de", "en"], "en")


def create_portal():
    app = Flask(__name__, static_url_path="/files", static_folder="files")
    app.config.update(
        SESSION_TYPE="cachelib",
        SESSION_CACHELIB=cachelib.FileSystemCache(os.environ.get("PORTAL_SESSIONS", "sessions"), threshold=100),
        SECRET_KEY="portal",
    )
    app.url_map.converters["list"] = ListConverter
    app.url_map.strict_slashes = False
    Session(app)
    Babel(app, locale_selector=best_locale)

    @app.before_request
    def language():
        if "lang" in request.args:
            session["language"] = request.args["lang"]
        g.visits = session["visits"] = session.get("visits", 0) + 1

    @app.after_request
    def stamp(response):
        response.headers.add("X-Portal", "1")
        response.headers.add("X-Portal", "2")
        return response

    @app.route("/")
    @app.route("/index", alias=True)
    @app.route("/home", redirect_to="/")
    def index():
        return f"{gettext('Hello')} {g.visits} {format_decimal(1234.5)} {format_date(date(2024, 5, 1))}"

    @app.route("/cache/<path:key>", methods=["GET", "PURGE", "LINK"])
    def cached(key):
        return Response(f"{request.method} {key}\n", mimetype="text/plain")

    @app.route("/sum/<list:numbers>")
    def total(numbers):
        return {"sum": sum(map(int, numbers))}

    @app.route("/login", methods=["POST", "GET"])
    def login():
        if request.method == "POST":
            if PEOPLE.get(request.values.get("user", "")) != request.values.get("password"):
                abort(401, response=make_response("who?", 401, {"WWW-Authenticate": 'Form realm="portal"'}))
            session["user"] = request.values["user"]
            return redirect(url_for("private", _external=True), 303)
        return '<form method="post"><input name="user"><input name="password" type="password"></form>'

    @app.route("/about")
    def about():
        return {"portal": 3, "pages": ["cache", "reports", "sum"]}

    @app.route("/private")
    def private():
        if "user" not in session:
            return redirect(url_for("login", next=request.full_path))
        return f"only for {session['user']}"

    @app.route("/logout", methods=["POST"])
    def logout():
        session.clear()
        return "", 204

    @app.endpoint("report")
    def report(year=2000, page="index"):
        return f"report of {year}: {page} by {request.method}"

    app.url_map.add(Rule("/report", endpoint="report"))
    rules = [Rule("/<int:year>", endpoint="report"), Rule("/<int:year>/<page>", endpoint="report")]
    app.url_map.add(Submount("/reports", rules))
    app.url_map.add(Rule("/paper/<int:year>", redirect_to="report/<year>", endpoint="report"))
    return app


def create_statistics():
    app = Flask("statistics")

    @app.route("/")
    def overview():
        return f"{request.script_root} {url_for('month', number=5)}"

    @app.route("/months/<int(min=1, max=12):number>")
    def month(number):
        return {"month": number}

    return app


def metrics(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain; version=0.0.4")])
    return [b"portal_up 1\n", environ["PATH_INFO"].encode("latin-1")]


def create_app():
    portal = create_portal()
    portal.wsgi_app = ProxyFix(portal.wsgi_app, x_prefix=1)
    return DispatcherMiddleware(portal, {"/statistics": create_statistics(), "/metrics": metrics})
