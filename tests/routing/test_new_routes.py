"""A new-side route answers only the requests of its own line; everything else is the default's."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import Iterable
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse
from flask import Flask
from starlette.applications import Starlette
from starlette.routing import Route
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.routing import BaseConverter, Map, RequestRedirect, Rule

from gateway import Gateway
from gateway.errors import MapError
from gateway.routing.new_routes import rule_outline, types_of
from gateway.routing.route import Backend
from gateway.routing.table import RouteTable
from tests.support.gateway_apps import reply_to, scope_of


def flask_of(*rules: str) -> Flask:
    """Each as in a map, `"POST /x"` or a bare rule for GET; `"ANY /x"` has no methods. Views answer `flask RULE`."""
    app = Flask("legacy", static_folder=None)
    for number, text in enumerate(rules):
        methods, _, rule = text.rpartition(" ")
        view = partial("flask {}".format, text)
        if methods == "ANY":
            app.view_functions[f"view{number}"] = view
            app.url_map.add(Rule(rule, endpoint=f"view{number}"))
        else:
            app.add_url_rule(rule, f"view{number}", view, methods=methods.split(",") if methods else ["GET"])
    return app


def fastapi_of(*rules: str) -> FastAPI:
    """Each as FastAPI has it, `"POST /x/{y}"`; `{y!int}` is typed in the signature. Endpoints answer `new RULE`."""
    app = FastAPI(openapi_url=None)
    for text in rules:
        methods, _, path = text.rpartition(" ")
        if methods == "MOUNT":
            app.mount(path, Starlette(routes=[Route("/{below:path}", answer_of(text))]))
            continue
        own = methods.split(",") if methods else ["GET"]
        typed = re.findall(r"{(\w+)!int}", path)
        endpoint = typed_answer_of(text, typed) if typed else answer_of(text)
        app.add_api_route(path.replace("!int", ""), endpoint, methods=own)
    return app


def answer_of(text: str) -> Any:
    async def answer(request: Request) -> PlainTextResponse:  # noqa: ARG001 - Starlette's own routes want it
        return PlainTextResponse(f"new {text}")

    return answer


def typed_answer_of(text: str, names: list[str]) -> Any:
    source = f"async def answer({', '.join(f'{name}: int' for name in names)}): return PlainTextResponse(said)"
    scope = {"PlainTextResponse": PlainTextResponse, "said": f"new {text}"}
    exec(source, scope)
    return scope["answer"]


def answers(gateway: Gateway, requests: Iterable[str]) -> dict[str, str]:
    """What each `METHOD PATH` is answered with: the body of a 200, else the status."""

    async def ask_all() -> dict[str, str]:
        found = {}
        for request in requests:
            answer = await reply_to(gateway, scope_of(*request.split(" ", 1)))
            found[request] = answer.body.decode() if answer.status == 200 else str(answer.status)
        return found

    return asyncio.run(ask_all())


NAMES = ("/items/<int:i>", "/items/<name>")

CASES = {
    "a typed sibling that the map keeps": (
        NAMES, ("/items/{i!int}", "/items/{name}"), {"GET /items/<name>": "new"}, "legacy",
        {"GET /items/7": "flask /items/<int:i>", "GET /items/+7": "flask /items/<name>",
         "GET /items/7.0": "flask /items/<name>",
         "GET /items/ 7": "flask /items/<name>", "GET /items/7\n": "flask /items/<name>",
         "GET /items/a": "flask /items/<name>"},
    ),
    "the same, where FastAPI has it last": (
        NAMES, ("/items/{name}", "/items/{i!int}"), {"GET /items/<name>": "new"}, "legacy",
        {"GET /items/7": "flask /items/<int:i>", "GET /items/+7": "new /items/{name}",
         "GET /items/a": "new /items/{name}"},
    ),
    "a typed port of an untyped rule is its own": (
        ("/items/<key>",), ("/items/{key!int}",), {"GET /items/<key>": "new"}, "legacy",
        {"GET /items/7": "new /items/{key!int}"},
    ),
    "methods that no line names": (
        ("/open",), ("/open", "DELETE,POST /open"), {"GET /open": "new"}, "legacy",
        {"GET /open": "new /open", "DELETE /open": "405", "POST /open": "405"},
    ),
    "HEAD and OPTIONS stay with Flask": (
        ("/open",), ("/open",), {"GET /open": "new"}, "legacy", {"HEAD /open": "", "OPTIONS /open": ""},
    ),
    "HEAD moves where the new side has it": (
        ("/open",), ("GET,HEAD /open",), {"GET /open": "new"}, "legacy", {"HEAD /open": "new GET,HEAD /open"},
    ),
    "a catch-all before the line's own": (
        ("/a/<x>",), ("/{everything:path}", "/a/{x}"), {"GET /a/<x>": "new"}, "legacy", {"GET /a/b": "flask /a/<x>"},
    ),
    "a catch-all behind it": (
        ("/a/<x>",), ("/a/{x}", "/{everything:path}"), {"GET /a/<x>": "new"}, "legacy",
        {"GET /a/b": "new /a/{x}", "GET /c": "404"},
    ),
    "a static route before a variable": (
        ("/a/<x>",), ("/a/me", "/a/{x}"), {"GET /a/<x>": "new"}, "legacy",
        {"GET /a/b": "new /a/{x}", "GET /a/me": "flask /a/<x>"},
    ),
    "a static route that has its line": (
        ("/a/<x>",), ("/a/me", "/a/{x}"), {"GET /a/<x>": "new", "GET /a/me": "new"}, "legacy",
        {"GET /a/b": "new /a/{x}", "GET /a/me": "new /a/me"},
    ),
    "the own route refuses what the rule takes": (
        ("/a/<x>",), ("/a/{x:int}", "/{one}/{two}"), {"GET /a/<x>": "new"}, "legacy",
        {"GET /a/7": "new /a/{x:int}", "GET /a/b": "flask /a/<x>"},
    ),
    "a mounted app": (
        ("/files/<path:name>",), ("MOUNT /files/private", "/files/{name:path}"),
        {"GET /files/<path:name>": "new"}, "legacy",
        {"GET /files/a": "new /files/{name:path}", "GET /files/private/a": "flask /files/<path:name>"},
    ),
    "a slash missing, and a route there": (
        ("/users/",), ("/users", "/users/"), {"GET /users/": "new"}, "legacy",
        {"GET /users/": "new /users/", "GET /users": "308"},
    ),
    "slashes doubled": (
        ("/a/<x>", "/b"), ("/{any:path}", "/a/{x}", "/b"), {"GET /a/<x>": "new", "GET /b": "new"}, "legacy",
        {"GET //b": "flask /b", "GET //a/1": "flask /a/<x>", "GET /a//1": "308"},
    ),
    "slashes doubled, and nothing there": (
        ("/b",), ("/b",), {"GET /b": "new"}, "legacy", {"GET //b": "flask /b", "GET /b": "new /b"},
    ),
    "a slash too many, and a catch-all": (
        ("/users",), ("/users", "/users/{p:path}"), {"GET /users": "new"}, "legacy", {"GET /users": "new /users"},
    ),
    "a rule without methods": (
        ("ANY /report", "/<name>"), ("GET,POST /{name}",), {"GET /<name>": "new"}, "legacy",
        {"GET /report": "flask ANY /report", "POST /report": "flask ANY /report", "PURGE /report": "flask ANY /report",
         "GET /else": "new GET,POST /{name}", "POST /else": "405"},
    ),
    "one method of a rule without methods": (
        ("ANY /report",), ("POST /report",), {"POST /report": "new"}, "legacy",
        {"GET /report": "flask ANY /report", "POST /report": "new POST /report"},
    ),
    "default new: what the map keeps": (
        ("/admin", "/items/<int:i>"), ("/admin", "DELETE /admin", "/items/{i!int}", "/free"),
        {"GET /admin": "legacy", "GET /items/<int:i>": "legacy"}, "new",
        {"GET /admin": "flask /admin", "GET /admin\n": "404", "DELETE /admin\n": "404",
         "GET /items/+7": "404", "GET /free": "new /free",
         "DELETE /admin": "405", "GET /items/7": "flask /items/<int:i>"},
    ),
    "default new: what no line names is the new side's": (
        ("/a", "/b/<x>"), ("/a", "/b/{x}", "/c"), {}, "new",
        {"GET /a": "new /a", "GET /b/1": "new /b/{x}", "GET /c": "new /c", "GET /d": "404"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("flask", "fastapi", "routes", "default", "right"), CASES.values(), ids=CASES.keys())
def test_who_answers(
    flask: tuple[str, ...], fastapi: tuple[str, ...], routes: dict[str, str], default: str, right: dict[str, str]
) -> None:
    gateway = Gateway.of_apps(flask_of(*flask), fastapi_of(*fastapi), routes, default)
    assert answers(gateway, right) == right


def test_what_is_mounted_beside_flask_stays_there() -> None:
    legacy = flask_of("/<page>", "/files/<path:name>")
    legacy.wsgi_app = DispatcherMiddleware(
        legacy.wsgi_app, {"/metrics": flask_of("/", "/x"), "/files/admin": flask_of("/jobs")}
    )  # type: ignore[method-assign]
    new = fastapi_of("/{page}", "/files/{name:path}")
    gateway = Gateway.of_apps(legacy, new, {"GET /<page>": "new", "GET /files/<path:name>": "new"})
    right = {
        "GET /a": "new /{page}",
        "GET /metrics": "308",
        "GET /metrics/": "flask /",
        "POST /metrics/x": "405",
        "GET /metrics/x": "flask /x",
        "GET /metrics2": "new /{page}",
        "GET /files/a": "new /files/{name:path}",
        "GET /files/admin/jobs": "flask /jobs",
        "GET /files/admin/": "404",
    }
    assert answers(gateway, right) == right


@pytest.mark.parametrize("settings", [{"host": "api.a.test"}, {"subdomain": "api"}])
def test_lines_of_an_app_that_routes_by_host_stay_on_legacy(settings: dict[str, str]) -> None:
    legacy = Flask("legacy", static_folder=None, host_matching="host" in settings, subdomain_matching=True)
    legacy.url_map.add(Rule("/a", endpoint="a", **settings))
    with pytest.raises(MapError, match=r'rules by host, .*leave it on "legacy"'):
        Gateway.of_apps(legacy, fastapi_of("/a"), {"GET /a": "new"})
    Gateway.of_apps(legacy, fastapi_of("/a"), {"GET /a": "legacy"})


def test_a_method_is_whatever_an_app_has() -> None:
    legacy = flask_of("PURGE /page", "UNLINK /page")
    gateway = Gateway.of_apps(legacy, fastapi_of("PURGE /page"), {"PURGE /page": "new", "UNLINK /page": "legacy"})
    assert answers(gateway, ["PURGE /page"]) == {"PURGE /page": "new PURGE /page"}
    with pytest.raises(MapError, match='unknown method "PURGES"; did you mean "PURGE"'):
        Gateway.of_apps(legacy, None, {"PURGES /page": "legacy"})


def test_a_slash_that_flask_does_not_mind_reaches_no_other_route() -> None:
    legacy = flask_of()
    legacy.url_map.strict_slashes = False
    for rule in ("/users", "/a/<x>", "/s/"):
        legacy.add_url_rule(rule, rule, lambda rule=rule, **_: f"flask {rule}")
    new = fastapi_of("/users", "/a/{x}", "/s/", "/{any:path}")
    gateway = Gateway.of_apps(legacy, new, {"GET /users": "new", "GET /a/<x>": "new", "GET /s/": "new"})
    right = {
        "GET /users/": "flask /users",
        "GET /a/1/": "flask /a/<x>",
        "GET /s": "flask /s/",
        "GET /users": "new /users",
    }
    assert answers(gateway, right) == right


def test_a_prefix_that_fastapi_takes_away_by_itself_reaches_no_other_route() -> None:
    new = fastapi_of("/items", "/api/items")
    new.root_path = "/api"
    gateway = Gateway.of_apps(flask_of("/items", "/api/items"), new, {"GET /items": "legacy", "GET /api/items": "new"})
    right = {"GET /items": "flask /items", "GET /api/items": "flask /api/items"}
    assert answers(gateway, right) == right


class Slug(BaseConverter):
    regex = r"[^/]+"


class Matching(BaseConverter):
    def __init__(self, url_map: Map, pattern: str) -> None:
        super().__init__(url_map)
        self.regex = pattern


def test_converters_with_brackets_and_slashes_in_their_patterns() -> None:
    legacy = flask_of()
    legacy.url_map.converters.update(slug=Slug, re=Matching)
    rules = ("/p/<slug:s>", '/q/<any("<b>","c"):s>', '/r/<re("(?P<y>a)b"):s>', '/s/<re("[^<>]+"):s>')
    for rule in rules:
        legacy.add_url_rule(rule, rule, lambda rule=rule, **_: f"flask {rule}")
    new = fastapi_of("/p/{s}", "/q/{s}", "/r/{s}", "/s/{s}")
    gateway = Gateway.of_apps(legacy, new, dict.fromkeys((f"GET {rule}" for rule in rules), "new"))
    right = {"GET /p/1": "new /p/{s}", "GET /q/c": "new /q/{s}", "GET /r/ab": "new /r/{s}", "GET /s/1": "new /s/{s}"}
    assert answers(gateway, right) == right


def test_methods_that_clients_invent_are_not_remembered() -> None:
    gateway = Gateway.of_apps(flask_of("/a"), fastapi_of("/a", "/b"), {"GET /a": "legacy"}, "new")
    table = gateway.project.table
    for number in range(50):
        table.match(f"M{number}", "/nowhere")
    assert len(table.new_routes._contenders) == 1


# --- generated pairs of apps ---

FLASK_PARTS = (
    "a",
    "b",
    "c.d",
    "<x>",
    "<int:x>",
    "<float:x>",
    "<path:x>",
    "<any(a,b):x>",
    "<string(length=1):x>",
    "v<x>",
)
FASTAPI_PARTS = ("a", "b", "c.d", "{x}", "{x!int}", "{x:int}", "{x:float}", "{x:path}", "v{x}")
PORT = re.compile(r"<([^<>:]*:?)(\w)>")
PORTED = {
    "": ("{%s}", "{%s!int}"),
    "int:": ("{%s!int}", "{%s:int}", "{%s}"),
    "path:": ("{%s:path}",),
    "float:": ("{%s}",),
}
PORTED |= {"any(a,b):": ("{%s}",), "string(length=1):": ("{%s}",)}
SEGMENTS = ("a", "b", "c.d", "7", "+7", "7.5", " 7", "7\n", "va", "xyz", "", "a\nb")
METHODS = ("GET", "POST", "GET,HEAD", "DELETE", "GET,POST")
ASKED = ("GET", "GET", "GET", "POST", "HEAD", "DELETE", "OPTIONS", "PURGE")


class Pair:
    """A Flask app, a FastAPI app and a map, all drawn."""

    def __init__(self, drawn: random.Random) -> None:
        def rules(parts: tuple[str, ...], methods: tuple[str, ...], most: int) -> list[str]:
            found = []
            for _ in range(drawn.randint(1, most)):
                chosen = [drawn.choice(parts) for _ in range(drawn.randint(1, 3))]
                named = [part.replace("x", "xyz"[at]) if part[0] in "<{v" else part for at, part in enumerate(chosen)]
                found.append(f"{drawn.choice(methods)} /{'/'.join(named)}{drawn.choice(['', '', '/'])}")
            return list(dict.fromkeys(found))

        flask = rules(FLASK_PARTS, (*METHODS, "ANY"), 6)
        ports = [PORT.sub(lambda found: drawn.choice(PORTED[found[1]]) % found[2], rule) for rule in flask]
        fastapi = [*(rule.replace("ANY ", "GET ") for rule in ports), *rules(FASTAPI_PARTS, METHODS, 4)]
        drawn.shuffle(fastapi)
        self.legacy, self.new = flask_of(*flask), fastapi_of(*dict.fromkeys(fastapi))
        self.default = drawn.choice(["legacy", "legacy", "new"])
        listed = [rule for rule in self.legacy.url_map.iter_rules() if drawn.random() < 0.7]
        self.routes = {
            f"{','.join(sorted(rule.methods - {'OPTIONS'}))} {rule.rule}" if rule.methods else rule.rule: drawn.choice(
                ["new", "new", "new", "legacy"]
            )
            for rule in listed
        }

    def path(self, drawn: random.Random) -> str:
        """A path that some rule of the Flask app may take, with odd values in it."""
        rule = drawn.choice([rule.rule for rule in self.legacy.url_map.iter_rules()])
        return re.sub(r"<[^<>]*>", lambda _: drawn.choice(SEGMENTS), rule) + drawn.choice(
            ["", "", "", "", "\n", "/", "/b"]
        )

    def gateway(self) -> Gateway | None:
        """None where the drawn map is one that is refused."""
        try:
            return Gateway.of_apps(self.legacy, self.new, self.routes, self.default)
        except MapError:
            return None


def line_of(table: RouteTable, method: str, path: str) -> Rule | None:
    """The rule that Werkzeug picks for a request among Flask's own, or redirects it to."""
    bound = Map([rule.empty() for rule, _ in table.entries if rule.endpoint is not None])
    try:
        return bound.bind("a.test").match(path, method, return_rule=True)[0]
    except RequestRedirect as redirect:
        return line_of(table, method, unquote(urlsplit(redirect.new_url).path))
    except HTTPException:
        return None


def check_pairs(seed: int, requests: int) -> Counter[str]:
    drawn, counts = random.Random(seed), Counter[str]()
    while counts["asked"] < requests:
        pair = Pair(drawn)
        if (gateway := pair.gateway()) is None:
            continue
        table = gateway.project.table
        paths = [pair.path(drawn) for _ in range(150)]
        counts["asked"] += len(paths)
        for request, said in answers(gateway, [f"{drawn.choice(ASKED)} {path}" for path in paths]).items():
            method, path = request.split(" ", 1)
            if not said.startswith("new "):
                continue
            counts["new"] += 1
            text = said.removeprefix("new ")
            endpoint = next(have for have in gateway.project.inventory.new if said_of(have.rule, text))
            match = table.match(method, path)
            where = f"seed {seed}: {method} {path!r} -> {text}, map {pair.routes}, default {pair.default}"
            assert match.backend is Backend.NEW, where
            line = line_of(table, method, path)
            if line is None:
                assert pair.default == "new", where
                counts["no line"] += 1
                continue
            assert match.route is not None, where
            assert match.route.mode.value == "new", where
            if pair.default == "legacy" or rule_outline(line) == endpoint.shape:
                assert rule_outline(line) == endpoint.shape, where
            own_types = types_of(endpoint.rule)
            entries = ((rule, route.methods) for rule, route in table.entries)
            types = {types_of(rule.rule) for rule, methods in entries if methods is None or method in methods}
            assert own_types not in types or own_types == types_of(line.rule) or pair.default == "new", where
    return counts


def said_of(rule: str, text: str) -> bool:
    """Whether the inventory's rule is that of a drawn route."""
    path = text.rpartition(" ")[2]
    for converter in ("!int", ":int", ":float", ":path", ""):
        path = re.sub(rf"{{(\w){converter}}}", rf"<{converter[1:]}{':' * bool(converter)}\1>", path)
    return rule == path


def test_no_endpoint_answers_what_its_line_did_not_send() -> None:
    counts = check_pairs(1, 1500)
    assert counts["new"] > 40


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 6))
def test_no_endpoint_answers_what_its_line_did_not_send_in_twenty_thousand_requests(seed: int) -> None:
    check_pairs(seed, 5000)


@pytest.mark.parametrize(
    ("rule", "types"),
    [
        ("/a/<x>", "/a/<>"),
        ("/a/<string:x>", "/a/<>"),
        ("/a/<default:x>/b", "/a/<>/b"),
        ("/a/<int(min=1):x>", "/a/<int>"),
        ("/a/<substring:x>", "/a/<substring>"),
        ('/a/<any("<b>", "c"):x>.<path:y>', "/a/<any>.<path>"),
    ],
)
def test_types_are_the_converters_names(rule: str, types: str) -> None:
    assert types_of(rule) == types
