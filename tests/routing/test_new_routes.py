"""A new-side route answers only the requests of its own line; everything else is the default's."""

from __future__ import annotations

import asyncio
import pathlib
import random
import re
import uuid
from collections import Counter
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import Enum, IntEnum
from functools import partial
from inspect import Parameter, Signature
from typing import Annotated, Any, Literal, NewType
from urllib.parse import unquote, urlsplit

import pytest
from fastapi import APIRouter, Depends, FastAPI, Path, Request, WebSocket
from fastapi.responses import PlainTextResponse
from fastapi.routing import APIRoute
from flask import Flask
from pydantic import UUID4, PositiveInt, conint
from starlette.applications import Starlette
from starlette.convertors import CONVERTOR_TYPES, Convertor
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Match, Mount, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from typing_extensions import TypeAliasType
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.routing import BaseConverter, Map, MapAdapter, RequestRedirect, Rule

from gateway import Gateway
from gateway.errors import MapError
from gateway.routing.outline import is_as_wide, rule_outline, takes_slash, types_of
from gateway.routing.route import Backend, Mode
from tests.support.gateway_apps import reply_to, scope_of

KEYWORD = Parameter.KEYWORD_ONLY
FLASKS = "flask /<y>/<x>"
HAS_FRONTENDS = hasattr(APIRouter, "frontend")
"""FastAPI of late serves a single-page app behind all its routes."""


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


class Number(IntEnum):
    SEVEN = 7


class Colour(Enum):
    A = "a"
    B = "b"


Identity = NewType("Identity", int)
TYPES: dict[str, Any] = {
    "int": int,
    "above": Annotated[int, Path(gt=0)],
    "alias": Annotated[Identity, "documented"],
    "pydantic": PositiveInt,
    "optional": int | None,
    "named": TypeAliasType("Named", int),
    "constrained": conint(gt=0),
    "numbers": Number,
    "float": float,
    "decimal": Decimal,
    "uuid": uuid.UUID,
    "uuid4": UUID4,
    "enum": Colour,
    "literal": Literal["a", "b"],
    "union": int | str,
    "text": Annotated[str, Path(max_length=99)],
    "day": date,
}
"""What a parameter is typed with, as `{x!above}`; `{x!dep}` is an int in a dependency, `{x!deeper}` in one of that."""


def fastapi_of(*rules: str) -> FastAPI:
    """Each as FastAPI has it, `"POST /x/{y}"`. Endpoints answer `new RULE`, those of mounts with their whole path.

    `MOUNT /p | GET /x` is a mounted app with its routes, `SUB` a FastAPI app, `ROUTER` an included router; `STATIC /p`
    is one that lists none, `CLASS GET /x` a class with these methods, `HOST a.test | GET /x` an app for one host,
    `PICKY /x` a route that refuses by itself.
    """
    app = FastAPI(openapi_url=None)
    add_routes(app, rules)
    return app


def add_routes(app: FastAPI, rules: Iterable[str]) -> None:
    for text in rules:
        rule, *inner = text.split(" | ")
        methods, _, path = rule.rpartition(" ")
        kind, _, own = methods.partition(" ")
        bare = re.sub(r"!\w+", "", path)
        if kind == "MOUNT":
            app.mount(bare, Starlette(routes=[inner_route(each, path) for each in inner or ["/{below:path}"]]))
        elif kind in ("ROUTER", "SUB"):
            below = APIRouter() if kind == "ROUTER" else FastAPI(openapi_url=None)
            for each in inner:
                its_methods, _, end = each.rpartition(" ")
                answer = answer_of(f"{its_methods} {path}{end}")
                below.add_api_route(end, answer, methods=its_methods.split(","))
            if isinstance(below, FastAPI):
                app.mount(bare, below)
            else:
                app.include_router(below, prefix=bare)
        elif kind == "HOST":
            app.host(path, Starlette(routes=[inner_route(each, "", f"HOST {path} ") for each in inner]))
        elif kind == "STATIC":
            app.mount(bare, answer_of(text, is_asgi=True))
        elif kind == "CLASS":
            handlers = {method.lower(): answer_of(text, is_method=True) for method in own.split(",") if method}
            app.add_route(bare, type("Endpoint", (HTTPEndpoint,), handlers))
        else:
            typed = re.findall(r"{(\w+)!(\w+)}", path)
            endpoint = typed_answer_of(text, typed) if typed else answer_of(text)
            app.router.add_api_route(
                bare,
                endpoint,
                methods=["GET"] if kind in ("", "PICKY") else kind.split(","),
                route_class_override=Picky if kind == "PICKY" else None,
            )


class Picky(APIRoute):
    """A route for those who ask for it by a header, of a team that versions its API so."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        asked = any(name == b"x-version" for name, _ in scope["headers"])
        return super().matches(scope) if asked else (Match.NONE, {})


def inner_route(text: str, prefix: str, said: str = "") -> Route:
    methods, _, path = text.rpartition(" ")
    answer = answer_of(f"{said}{methods}{' ' if methods else ''}{prefix}{path}")
    return Route(path, answer, methods=methods.split(",") if methods else None)


def answer_of(text: str, *, is_asgi: bool = False, is_method: bool = False) -> Any:
    async def answer(request: Request) -> PlainTextResponse:  # noqa: ARG001 - Starlette's own routes want it
        return PlainTextResponse(f"new {text}")

    async def method(_self: HTTPEndpoint, request: Request) -> PlainTextResponse:
        return await answer(request)

    async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await PlainTextResponse(f"new {text}")(scope, receive, send)

    return mounted if is_asgi else method if is_method else answer


def typed_answer_of(text: str, typed: list[tuple[str, str]]) -> Any:
    async def answer(**_values: Any) -> PlainTextResponse:
        return PlainTextResponse(f"new {text}")

    def needing(name: str, type_: Any) -> Any:
        def need(**_values: Any) -> None: ...

        need.__signature__ = Signature([Parameter(name, KEYWORD, annotation=type_)])  # type: ignore[attr-defined]
        return need

    def parameter(name: str, kind: str) -> Parameter:
        if kind == "dep":
            return Parameter(f"of_{name}", KEYWORD, default=Depends(needing(name, int)))
        if kind == "deeper":
            between = needing(name, str)
            deep = Parameter("deep", KEYWORD, default=Depends(needing(name, int)))
            between.__signature__ = Signature([*between.__signature__.parameters.values(), deep])
            return Parameter(f"of_{name}", KEYWORD, default=Depends(between))
        return Parameter(name, KEYWORD, annotation=TYPES[kind])

    answer.__signature__ = Signature([parameter(*each) for each in typed])  # type: ignore[attr-defined]
    return answer


def answers(gateway: Gateway, requests: Iterable[str], *headers: str) -> dict[str, str]:
    """What each `METHOD PATH` is answered with: the body of a 200, else the status; `@host` asks that host."""

    async def ask_all() -> dict[str, str]:
        found = {}
        for request in requests:
            asked, _, host = request.partition(" @")
            answer = await reply_to(gateway, scope_of(*asked.split(" ", 1), f"Host: {host or 'a.test'}", *headers))
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
    "a mounted app hides what stands behind it": (
        ("/p/<x>", "/p/<path:rest>"), ("MOUNT /p | GET /x", "/p/{x}", "/p/{rest:path}"),
        {"GET /p/<x>": "new", "GET /p/<path:rest>": "new"}, "legacy",
        {"GET /p/x": "flask /p/<x>", "GET /p/a": "flask /p/<x>", "GET /p/a/b": "flask /p/<path:rest>"},
    ),
    "a mounted app behind what it would hide": (
        ("/p/<x>", "/p/<path:rest>"), ("/p/{x}", "MOUNT /p | GET /x", "/p/{rest:path}"),
        {"GET /p/<x>": "new"}, "legacy",
        {"GET /p/x": "new /p/{x}", "GET /p/a/b": "flask /p/<path:rest>"},
    ),
    "a mounted app whose routes have their lines": (
        ("GET,POST /p/x", "/p/<y>"), ("MOUNT /p | GET /x | GET /y",), {"GET /p/x": "new"}, "legacy",
        {"GET /p/x": "new GET /p/x", "HEAD /p/x": "new GET /p/x", "POST /p/x": "flask GET,POST /p/x",
         "GET /p/y": "flask /p/<y>"},
    ),
    "a mounted app that would redirect": (
        ("/p/x", "/p/x/"), ("MOUNT /p | GET /x/",), {"GET /p/x": "new"}, "legacy", {"GET /p/x": "flask /p/x"},
    ),
    "one name twice in a mounted path": (
        ("/<a>/<b>", "/<a>/me"), ("MOUNT /{x} | GET /{x}",), {"GET /<a>/<b>": "new"}, "legacy",
        {"GET /1/2": "new GET /{x}/{x}", "GET /1/me": "flask /<a>/me"},
    ),
    "a mount that takes slashes": (
        ("/<a>/<b>/c",), ("MOUNT /{x:path} | GET /c", "/{a}/{b}/c"), {"GET /<a>/<b>/c": "new"}, "legacy",
        {"GET /1/2/c": "flask /<a>/<b>/c"},
    ),
    "a newline below a mount": (
        ("/<x>/<y>/c",), ("MOUNT /{x} | GET /{y}/c",), {"GET /<x>/<y>/c": "new"}, "legacy",
        {"GET /a/b\nb/c": "flask /<x>/<y>/c", "GET /a/b/c": "new GET /{x}/{y}/c"},
    ),
    "a mounted app that lists no routes": (
        ("/s/<path:name>", "/s/<x>/edit"), ("STATIC /s",), {"GET /s/<path:name>": "new"}, "legacy",
        {"GET /s/a": "new STATIC /s", "GET /s/a/b": "new STATIC /s", "GET /s/a/edit": "flask /s/<x>/edit",
         "POST /s/a": "405"},
    ),
    "one before the line's own route": (
        ("/s/<x>",), ("STATIC /s", "/s/{x}"), {"GET /s/<x>": "new"}, "legacy", {"GET /s/a": "flask /s/<x>"},
    ),
    "default new: behind a mounted app": (
        ("/p/<int:x>",), ("MOUNT /p | GET /{x:int}", "/p/{x!int}"), {"GET /p/<int:x>": "legacy"}, "new",
        {"GET /p/7": "flask /p/<int:x>", "GET /p/+7": "404", "GET /q": "404"},
    ),
    "default new: a mount that takes slashes": (
        ("/<path:x>/",), ("MOUNT /{x:path} | GET /",), {"GET /<path:x>/": "legacy"}, "new", {"GET ///": "404"},
    ),
    "default new: a mount that takes slashes and has no line": (
        ("/y",), ("MOUNT /{x:path} | GET /b",), {"GET /y": "legacy"}, "new", {"GET /a/b": "new GET /{x:path}/b"},
    ),
    "a route by host": (
        ("/x", "/y"), ("HOST api.test | GET /x", "/x", "/y"), {"GET /x": "new", "GET /y": "new"}, "legacy",
        {"GET /x": "new /x", "GET /x @api.test": "flask /x", "GET /x @API.test:8000": "flask /x",
         "GET /y @api.test": "flask /y", "GET /y @b.test": "new /y"},
    ),
    "a route by host behind the line's own": (
        ("/x", "/y"), ("/x", "HOST {any}.test | GET /y"), {"GET /x": "new", "GET /y": "new"}, "legacy",
        {"GET /x @api.test": "new /x", "GET /y @api.test": "flask /y"},
    ),
    "default new: what a host has beside the map's lines": (
        ("/x", "/items/<int:i>"), ("HOST api.test | GET /x | GET /{v} | GET /items/{i}",),
        {"GET /x": "legacy", "GET /items/<int:i>": "legacy"}, "new",
        {"GET /x @api.test": "flask /x", "GET /z @api.test": "new HOST api.test GET /{v}",
         "GET /items/+7 @api.test": "404"},
    ),
    "one route for two rules, both new": (
        NAMES, ("/items/{id}",), {"GET /items/<int:i>": "new", "GET /items/<name>": "new"}, "legacy",
        {"GET /items/7": "new /items/{id}", "GET /items/a": "new /items/{id}"},
    ),
    "one route for two rules, one new": (
        NAMES, ("/items/{id}",), {"GET /items/<int:i>": "new"}, "legacy",
        {"GET /items/7": "new /items/{id}", "GET /items/a": "flask /items/<name>"},
    ),
    "one route for two rules, the other new": (
        NAMES, ("/items/{id}",), {"GET /items/<name>": "new"}, "legacy",
        {"GET /items/7": "flask /items/<int:i>", "GET /items/a": "new /items/{id}"},
    ),
    "one typed route for two rules": (
        NAMES, ("/items/{id!int}",), {"GET /items/<int:i>": "new", "GET /items/<name>": "new"}, "legacy",
        {"GET /items/7": "new /items/{id!int}", "GET /items/a": "flask /items/<name>"},
    ),
    "one route for two rules of two variables": (
        ("/a/<int:x>/<y>", "/a/<x>/<y>"), ("/a/{x}/{y!int}",),
        {"GET /a/<int:x>/<y>": "new", "GET /a/<x>/<y>": "new"}, "legacy",
        {"GET /a/1/2": "new /a/{x}/{y!int}", "GET /a/b/2": "new /a/{x}/{y!int}"},
    ),
    "a single-page app": (
        ("/", "/<path:p>", "/api/x", "/login"), ("/api/x", "/login", "STATIC /"),
        {"GET /": "new", "GET /<path:p>": "new"}, "legacy",
        {"GET /": "new STATIC /", "GET /a": "new STATIC /", "GET /a/b.js": "new STATIC /", "GET /api/x": "flask /api/x",
         "GET /login": "flask /login", "POST /a": "405"},
    ),
    "a single-page app for its first page only": (
        ("/", "/<path:p>"), ("STATIC /",), {"GET /": "new"}, "legacy",
        {"GET /": "new STATIC /", "GET /a": "flask /<path:p>"},
    ),
    "a catch-all takes over both": (
        ("/", "/<path:p>"), ("/{p:path}",), {"GET /": "new", "GET /<path:p>": "new"}, "legacy",
        {"GET /": "new /{p:path}", "GET /a/b": "new /{p:path}"},
    ),
    "a catch-all before the first page's own": (
        ("/", "/<path:p>"), ("/{p:path}", "/"), {"GET /": "new", "GET /<path:p>": "new"}, "legacy",
        {"GET /": "flask /", "GET /a/b": "new /{p:path}"},
    ),
    "a catch-all with a variable takes over both": (
        ("/u/<x>/", "/u/<x>/<path:p>"), ("/u/{x}/{p:path}",), {"GET /u/<x>/": "new", "GET /u/<x>/<path:p>": "new"},
        "legacy", {"GET /u/1/": "new /u/{x}/{p:path}", "GET /u/1/2": "new /u/{x}/{p:path}", "GET /u/1": "308"},
    ),
    "an app mounted at the root hides what stands behind it": (
        ("/x", "/y"), ("MOUNT / | GET /x", "/y"), {"GET /x": "new", "GET /y": "new"}, "legacy",
        {"GET /x": "new GET //x", "GET /y": "flask /y"},
    ),
    "a catch-all takes over no other line": (
        ("/about",), ("STATIC /",), {"GET /about": "new"}, "legacy", {"GET /about": "flask /about"},
    ),
    "a class": (
        ("GET,POST /x", "PURGE /x"), ("CLASS GET /x", "POST /x"), {"GET,POST /x": "new"}, "legacy",
        {"GET /x": "new CLASS GET /x", "HEAD /x": "new CLASS GET /x", "POST /x": "flask GET,POST /x",
         "PURGE /x": "flask PURGE /x"},
    ),
    "a class before the line's own": (
        ("/a/<x>",), ("CLASS POST /a/{any}", "/a/{x}"), {"GET /a/<x>": "new"}, "legacy", {"GET /a/1": "flask /a/<x>"},
    ),
    "a route that refuses by itself": (
        ("/x", "/<y>"), ("PICKY /x", "/{y}"), {"GET /x": "new"}, "legacy", {"GET /x": "flask /x"},
    ),
    "a route that refuses by itself, before the line's own": (
        ("/x",), ("PICKY /{y}", "/x"), {"GET /x": "new"}, "legacy", {"GET /x": "flask /x"},
    ),
    "an app without routes": (("/x",), (), {"GET /x": "new"}, "legacy", {"GET /x": "flask /x"}),
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


NARROW = {
    **dict.fromkeys(
        ("int", "above", "alias", "pydantic", "optional", "named", "constrained", "numbers", "dep", "deeper"),
        ("int", "+7"),
    ),
    **dict.fromkeys(("float", "decimal"), ("float", "1e3")),
    **dict.fromkeys(("uuid", "uuid4"), ("uuid", "6A1F0F0E8C1A4B579F0E0123456789AB")),
    **dict.fromkeys(("enum", "literal"), ("any(a,b)", "c")),
}
"""Of each type the converter that asks for the same, and a path that Flask gives to `<name>`, FastAPI to it."""


@pytest.mark.parametrize(("type_", "converter", "odd"), [(type_, *row) for type_, row in NARROW.items()])
def test_a_route_whose_type_flask_has_a_converter_for_belongs_to_that_line(
    type_: str, converter: str, odd: str
) -> None:
    rule, typed = f"/items/<{converter}:i>", f"/items/{{i!{type_}}}"
    legacy, new = flask_of(rule, "/items/<name>"), fastapi_of(typed, "/items/{name}")
    for line, answered in (("/items/<name>", "flask"), (rule, "new")):
        gateway = Gateway.of_apps(legacy, new, {f"GET {line}": "new"})
        rows = {row.key: [have.rule for have in row.new.routes] for row in gateway.project.rows}
        assert rows == {f"GET {rule}": [f"/items/<{converter}:i>"], "GET /items/<name>": ["/items/<name>"]}
        assert answers(gateway, [f"GET /items/{odd}"]) == {f"GET /items/{odd}": "flask /items/<name>"}
        assert gateway.project.table.match("GET", f"/items/{EXAMPLES[converter]}").backend is Backend(
            {"flask": "legacy"}.get(answered, answered)
        )


EXAMPLES = {"int": "7", "float": "7.5", "uuid": "6a1f0f0e-8c1a-4b57-9f0e-0123456789ab", "any(a,b)": "a"}


def test_a_type_may_come_from_a_router_or_from_the_app() -> None:
    def need(i: int) -> None: ...

    class Needing:
        def __init__(self, i: int) -> None: ...

    router = APIRouter()
    router.add_api_route("/{i}", answer_of("late"))
    needing = FastAPI(openapi_url=None, dependencies=[Depends(Needing)])
    needing.add_api_route("/a/{i}", answer_of("early"))
    included = FastAPI(openapi_url=None)
    included.include_router(router, prefix="/a", dependencies=[Depends(need)])
    for new in (needing, included):
        assert [route.rule for route in Gateway.of_apps(flask_of(), new).project.inventory.new] == ["/a/<int:i>"]


@pytest.mark.parametrize(
    ("rule", "fastapi", "new"),
    [
        ("/u/<x>", "/u/{x}/{rest:path}", []),
        ("/u/<x>/", "/u/{x}/{rest:path}", ["/u/<x>/<path:rest>"]),
        ("/s", "STATIC /s", []),
        ("/s/", "STATIC /s", ["/s/<path:path>"]),
        ("/", "STATIC /", ["/<path:path>"]),
    ],
)
def test_what_takes_all_below_is_no_route_of_a_path_that_it_does_not_take(
    rule: str, fastapi: str, new: list[str]
) -> None:
    (row, *_) = Gateway.of_apps(flask_of(rule), fastapi_of(fastapi), {f"GET {rule}": "new"}).project.rows
    assert [have.rule for have in row.new.routes] == new


@pytest.mark.parametrize("type_", ["union", "text", "day"])
def test_a_route_of_another_type_belongs_to_the_line_that_takes_any_text(type_: str) -> None:
    gateway = Gateway.of_apps(flask_of(*NAMES), fastapi_of(f"/items/{{i!{type_}}}"), {"GET /items/<name>": "new"})
    assert gateway.project.table.match("GET", "/items/2024-01-02").backend is Backend.NEW


class Slashed(Convertor[str]):
    regex = r"(?:[a-z]+/)*\S+"

    def convert(self, value: str) -> str:
        return value


class Grouped(Slashed):
    regex = r"([a-z])\2|v[0-9]+(\.[0-9]+)?"


@pytest.mark.parametrize(
    ("fastapi", "routes", "right"),
    [
        (("/p/{x:slashed}", "/p/{x}/y"), {"GET /p/<x>/y": "new"}, {"GET /p/1/y": "flask /p/<x>/y"}),
        (("/p/{x:slashed}",), {"GET /p/<x>": "new"}, {"GET /p/1": "flask /p/<x>"}),
        (
            ("/p/{x:grouped}", "/p/{x}"),
            {"GET /p/<x>": "new"},
            {"GET /p/aa": "new /p/{x:grouped}", "GET /p/v1.2": "new /p/{x:grouped}", "GET /p/a": "new /p/{x}"},
        ),
        (("/{y:grouped}/{x}", "/p/{x}"), {"GET /p/<x>": "new"}, {"GET /p/a": "new /p/{x}"}),
        (("/{y:grouped}/{x}",), {"GET /<y>/<x>": "new"}, {"GET /vv/a": "new /{y:grouped}/{x}", "GET /va/a": FLASKS}),
        (("/{x:uuid}", "/p/{x}"), {"GET /p/<x>": "new"}, {"GET /p/a": "flask /p/<x>"}),
        (("MOUNT /{y:grouped} | GET /{x}",), {"GET /<y>/<x>": "new"}, {"GET /aa/b": "new GET /{y:grouped}/{x}"}),
    ],
)
def test_convertors_of_the_apps_own(
    fastapi: tuple[str, ...], routes: dict[str, str], right: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CONVERTOR_TYPES, "slashed", Slashed())
    monkeypatch.setitem(CONVERTOR_TYPES, "grouped", Grouped())
    monkeypatch.setitem(CONVERTOR_TYPES, "uuid", Slashed())
    legacy = flask_of("/p/<x>", "/p/<x>/y", "/<y>/<x>")
    assert answers(Gateway.of_apps(legacy, fastapi_of(*fastapi), routes), right) == right


@pytest.mark.parametrize(
    ("pattern", "takes"),
    [
        ("[^/]+", False), ("[^<>]+", True), (".*", True), (r"\d+\.\d+", False), (r"\S+", True), (r"\w+", False),
        ("[a-z0-9_-]+", False), ("[+-9]", True), (r"[\w/]+", True), (r"[^\]/]", False), (r"a\x2fb", True),
        (r"a\057b", True),
        ("(?:ab|c){2,3}", False), ("[]/]", True), (r"\D", True), ("a/b", True), (r"[^\W]", False), ("(a)\\1", False),
    ],
)  # fmt: skip
def test_a_pattern_takes_slashes_where_one_of_its_characters_may_be_one(pattern: str, takes: bool) -> None:
    assert takes_slash(pattern) is takes


def test_websockets_belong_to_websocket_routes_and_to_mounted_apps() -> None:
    async def live(websocket: WebSocket) -> None: ...

    class Live(WebSocketEndpoint): ...

    new = fastapi_of("CLASS GET /x", "STATIC /mounted", "MOUNT /routed | GET /x")
    new.add_route("/any", type("Any", (HTTPEndpoint,), {}))
    new.add_api_websocket_route("/live", live)
    new.router.routes.append(WebSocketRoute("/class", Live))
    lines = {f"WS {path}": "new" for path in ("/x", "/any", "/live", "/class", "/mounted/<path:p>", "/routed/<path:p>")}
    table = Gateway.of_apps(flask_of("ANY /any"), new, lines).project.table
    right = {
        "/x": "new", "/any": "legacy", "/live": "new", "/class": "new", "/mounted/a": "new", "/routed/x": "legacy",
    }  # fmt: skip
    assert {path: table.match("WS", path).backend.value for path in right} == right


def preflight(path: str, *more: str, origin: str = "http://b.test") -> Scope:
    headers = (f"Origin: {origin}",) if origin else ()
    return scope_of("OPTIONS", path, "Access-Control-Request-Method: GET", "Host: a.test", *headers, *more)


@pytest.mark.parametrize(
    ("fastapi", "has_cors", "origin", "side"),
    [
        (("/x",), False, "http://b.test", Backend.NEW),
        (("/x", "STATIC /"), False, "http://b.test", Backend.LEGACY),
        (("/x", "OPTIONS /{any:path}"), False, "http://b.test", Backend.LEGACY),
        (("/x", "OPTIONS /x"), False, "http://b.test", Backend.NEW),
        (("/x", "STATIC /"), True, "http://b.test", Backend.NEW),
        (("/x", "STATIC /"), True, "", Backend.LEGACY),
    ],
)
def test_a_preflight_goes_where_its_request_would_and_reaches_no_other_route(
    fastapi: tuple[str, ...], has_cors: bool, origin: str, side: Backend
) -> None:
    new = fastapi_of(*fastapi)
    if has_cors:
        new.add_middleware(CORSMiddleware, allow_origins=["http://b.test"])
    decision = Gateway.of_apps(flask_of("/x"), new, {"GET /x": "new"}).project.table.decide(
        preflight("/x", origin=origin)
    )
    assert (decision.backend, decision.reason) == (side, "preflight")


@pytest.mark.parametrize(("has_cors", "side"), [(False, Backend.LEGACY), (True, Backend.NEW)])
def test_a_mounted_app_may_answer_the_preflights_of_its_routes(has_cors: bool, side: Backend) -> None:
    new, below = fastapi_of(), fastapi_of("/x", "/y")
    if has_cors:
        below.add_middleware(CORSMiddleware, allow_origins=["http://b.test"])
    new.mount("/p", below)
    table = Gateway.of_apps(flask_of("/p/x", "/p/y"), new, {"GET /p/x": "new"}).project.table
    assert [table.decide(preflight(path)).backend for path in ("/p/x", "/p/y")] == [side, Backend.LEGACY]


@pytest.mark.parametrize("sticky", ["client", "cookie:sid", "header:X-User"])
@pytest.mark.parametrize("percent", [0, 50, 100])
def test_a_preflight_of_a_canary_goes_with_its_client_where_it_can_tell_and_else_with_the_last_one(
    sticky: str, percent: int
) -> None:
    canary = {"mode": "canary", "percent": percent, "sticky": sticky}
    table = Gateway.of_apps(flask_of("/x"), fastapi_of("/x"), {"GET /x": canary}).project.table
    for number in range(20):
        client = (f"10.0.0.{number}", 1)
        decision = table.decide({**preflight("/x"), "client": client})
        asked = table.decide(scope_of("GET", "/x", client=client))
        assert decision.backend is (asked.backend if sticky == "client" or percent != 50 else Backend.LEGACY)


def test_a_frontend_is_what_is_left(tmp_path: pathlib.Path) -> None:
    if not HAS_FRONTENDS:
        assert not hasattr(FastAPI(), "frontend")
        return
    (tmp_path / "index.html").write_text("new frontend")
    new = fastapi_of("/api/x", "POST /posted", "/slashed/", "/{one}/two")
    router = APIRouter()
    router.frontend("/admin", directory=tmp_path)
    new.frontend("/", directory=tmp_path, fallback="index.html")
    new.include_router(router, prefix="/in")
    legacy = flask_of("/", "/<path:p>", "/api/x", "/in/admin/<path:p>", "/<a>/two")
    lines = ("/", "/<path:p>", "/in/admin/<path:p>")
    gateway = Gateway.of_apps(legacy, new, {f"GET {line}": "new" for line in lines})
    assert [row.key for row in gateway.project.rows if row.is_flipped and not row.new.routes] == []
    right = {
        "GET /": "new frontend", "GET /a": "new frontend", "GET /a/b": "new frontend", "GET /api/x": "flask /api/x",
        "GET /in/admin/": "flask /<path:p>", "GET /posted": "flask /<path:p>", "GET /slashed": "flask /<path:p>",
        "GET /b/two": "flask /<a>/two", "GET /in/admin/x": "new frontend",
    }  # fmt: skip
    assert answers(gateway, right, "Accept: text/html") == right


@pytest.mark.parametrize(
    ("flask", "fastapi", "loosened", "right"),
    [
        (
            "/items/<x>",
            ("/ITEMS/me", "/items/{x}"),
            "(?i)",
            {"/items/me": "flask /items/<x>", "/items/a": "new /items/{x}"},
        ),
        ("/a/", ("/a", "/a/"), "/?", {"/a/": "flask /a/"}),
        ("/a/", ("/a/", "/a"), "/?", {"/a/": "new /a/"}),
    ],
)
def test_patterns_of_the_apps_own(flask: str, fastapi: tuple[str, ...], loosened: str, right: dict[str, str]) -> None:
    """A known way to make FastAPI mind neither case nor a slash."""
    new = fastapi_of(*fastapi)
    for route in new.routes:
        assert isinstance(route, Route)
        text = route.path_regex.pattern
        is_start = loosened.startswith("(")
        route.path_regex = re.compile(f"{loosened}{text}" if is_start else text.replace("$", f"{loosened}$"))
    gateway = Gateway.of_apps(flask_of(flask), new, {f"GET {flask}": "new"})
    found = answers(gateway, [f"GET {path}" for path in right])
    assert found == {f"GET {path}": answer for path, answer in right.items()}


def test_an_app_behind_middleware_that_hides_it_is_followed_where_its_mount_knows_its_routes() -> None:
    def hiding(app: Any) -> Any:
        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            await app(scope, receive, send)

        return call

    mount = Mount("/p", routes=[Route("/x", answer_of("x"))], middleware=[Middleware(hiding)])
    new = FastAPI(openapi_url=None, routes=[mount])
    gateway = Gateway.of_apps(flask_of("/p/x", "/p/y"), new, {"GET /p/x": "new", "GET /p/y": "new"})
    right = {"GET /p/x": "new x", "GET /p/y": "flask /p/y"}
    assert answers(gateway, right) == right


@pytest.mark.parametrize(("root_path", "answer"), [("", "new late"), ("/p", "new late"), ("/other", "flask /p/x")])
def test_a_mounted_app_with_a_root_path_looks_behind_that(root_path: str, answer: str) -> None:
    below, new = fastapi_of(), fastapi_of()
    below.root_path = root_path
    below.add_api_route("/x", answer_of("late"))
    below.add_api_route("/p/x", answer_of("other"))
    new.mount("/p", below)
    gateway = Gateway.of_apps(flask_of("/p/x"), new, {"GET /p/x": "new"})
    assert answers(gateway, ["GET /p/x"]) == {"GET /p/x": answer}


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
FASTAPI_PARTS = ("a", "b", "c.d", "{x}", "{x!int}", "{x!above}", "{x!dep}", "{x!enum}", "{x:int}", "{x:float}")
FASTAPI_PARTS += ("{x:path}", "v{x}")
PORT = re.compile(r"<([^<>:]*:?)(\w)>")
PORTED = {
    "": ("{%s}", "{%s!int}"),
    "int:": ("{%s!int}", "{%s:int}", "{%s!above}", "{%s!dep}", "{%s}"),
    "path:": ("{%s:path}",),
    "float:": ("{%s!float}", "{%s}"),
    "any(a,b):": ("{%s!enum}", "{%s}"),
    "string(length=1):": ("{%s}",),
}
SEGMENTS = ("a", "b", "c.d", "7", "+7", "7.5", " 7", "7\n", "va", "xyz", "", "a\nb")
METHODS = ("GET", "POST", "GET,HEAD", "DELETE", "GET,POST")
ASKED = ("GET", "GET", "GET", "POST", "HEAD", "DELETE", "OPTIONS", "PURGE")


def as_some_kind(rule: str, drawn: random.Random) -> str:
    """A route of FastAPI as it is, or below a mount, for one host, as a class, as an app that lists no routes."""
    methods, path = rule.split(" ")
    bare = re.sub(r"!\w+", "", path)
    first, _, rest = bare[1:].partition("/")
    return drawn.choice(
        [
            *[rule] * 15,
            f"MOUNT /{first} | {methods} /{rest}",
            f"MOUNT /{first} | GET /other | {methods} /{rest}",
            f"SUB /{first} | {methods} /{rest} | POST /b",
            f"ROUTER /{first} | {methods} /{rest} | GET /b",
            f"HOST b.test | {methods} {bare}",
            f"CLASS {methods} {bare}",
            f"STATIC {bare.rstrip('/')}",
        ]
    )


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
        fastapi = [as_some_kind(rule, drawn) for rule in fastapi]
        drawn.shuffle(fastapi)
        self.legacy, self.new = flask_of(*flask), fastapi_of(*dict.fromkeys(fastapi))
        self.fastapi = fastapi
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


def line_of(adapter: MapAdapter, method: str, path: str) -> Rule | None:
    """The rule that Werkzeug picks for a request among Flask's own, or redirects it to."""
    try:
        return adapter.match(path, method, return_rule=True)[0]
    except RequestRedirect as redirect:
        return line_of(adapter, method, unquote(urlsplit(redirect.new_url).path))
    except HTTPException:
        return None


TYPE_NAMES = {"above": "int", "dep": "int", "enum": "any"}


def drawn_types(text: str) -> str:
    """The rule of a drawn endpoint without names, `/a/<int>/<path>`, whatever the inventory says of it."""
    kind, path = text.split(" ", 1) if text.startswith("STATIC") else ("", text.rpartition(" ")[2])

    def typed(found: re.Match[str]) -> str:
        return f"<{TYPE_NAMES.get(found[1], found[1] or '')}>"

    return re.sub(r"{\w(?:[!:](\w+))?}", typed, path) + ("/<path>" if kind else "")


def check_pairs(seed: int, requests: int) -> Counter[str]:
    drawn, counts = random.Random(seed), Counter[str]()
    while counts["asked"] < requests:
        pair = Pair(drawn)
        if (gateway := pair.gateway()) is None:
            continue
        table = gateway.project.table
        news = {rule.rule for rule, route in table.entries if route.mode is not Mode.LEGACY}
        flasks = ((rule, route.methods) for rule, route in table.entries if rule.endpoint is not None)
        rules = Map([Rule(rule.rule, endpoint="", methods=methods) for rule, methods in flasks]).bind("a.test")
        paths = [f"{pair.path(drawn)}{drawn.choice(['', '', '', ' @b.test'])}" for _ in range(50)]
        counts["asked"] += len(paths)
        for request, said in answers(gateway, [f"{drawn.choice(ASKED)} {path}" for path in paths]).items():
            asked, _, host = request.partition(" @")
            method, path = asked.split(" ", 1)
            match, line = table.match(method, path, host), line_of(rules, method, path)
            where = f"seed {seed}: {request!r} -> {said}, {pair.fastapi}, map {pair.routes}, default {pair.default}"
            if not said.startswith("new "):
                is_refused = match.backend is Backend.NEW and said in ("307", "404", "405")
                assert not is_refused or line is None or pair.default == "new", where
                continue
            counts["new"] += 1
            text = said.removeprefix("new ")
            assert match.backend is Backend.NEW, where
            if line is None:
                assert pair.default == "new", where
                takes = (rule for rule, route in table.entries if route.methods is None or method in route.methods)
                kept = {types_of(rule.rule) for rule in takes if rule.rule not in news}
                assert drawn_types(text) not in kept, where
                counts["no line"] += 1
                continue
            assert match.route is not None, where
            assert match.route.mode.value == "new", where
            if pair.default == "new":
                continue
            counts["HOST" if text.startswith("HOST") else "CLASS" if text.startswith("CLASS") else "own"] += 1
            own_types, line_types = drawn_types(text), types_of(line.rule)
            outline, wanted = re.sub(r"<(?!path>)\w+>", "<>", own_types), rule_outline(line)
            if outline == f"{wanted.rstrip('/')}/<path>" != wanted:
                counts["all below"] += 1
                continue
            assert outline == wanted, where
            entries = ((rule, route.methods) for rule, route in table.entries)
            types = {types_of(rule.rule) for rule, methods in entries if methods is None or method in methods}
            assert own_types not in types or is_as_wide(own_types, line_types), where
    assert counts["HOST"] == 0
    return counts


def test_no_endpoint_answers_what_its_line_did_not_send() -> None:
    counts = check_pairs(1, 2500)
    assert counts["own"] > 20


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
