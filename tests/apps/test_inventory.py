"""What both apps have: the routes that their frameworks would serve, and every hook that a flip would lose."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest
from fastapi import APIRouter, FastAPI, WebSocket
from fastapi.testclient import TestClient
from flask import Blueprint, Flask, Response
from flask_cors import CORS
from starlette.endpoints import HTTPEndpoint
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Route
from starlette.staticfiles import StaticFiles
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import Map, Rule

from gateway.apps.inventory import flask_routes, hooks_around, take_inventory
from gateway.apps.starlette_routes import new_routes
from gateway.routing.inventory import AppRoute, Hook
from gateway.routing.outline import rule_outline
from tests.support.versions import INCLUDES_LAZILY

HERE = __name__


def bare_fastapi() -> FastAPI:
    return FastAPI(openapi_url=None)


def view(**_variables: Any) -> str:
    return "seen"


def keys(routes: Iterable[AppRoute]) -> list[str]:
    return [route.key for route in routes]


def hidden(routes: Iterable[AppRoute]) -> dict[str, str]:
    return {route.key: route.hidden_by for route in routes if route.hidden_by is not None}


# --- the new side ---


def test_the_documentation_that_fastapi_makes_is_listed_and_known_as_such() -> None:
    routes = list(new_routes(FastAPI()))
    assert keys(routes) == ["GET /openapi.json", "GET /docs", "GET /docs/oauth2-redirect", "GET /redoc"]
    assert all(route.is_documentation for route in routes)
    assert keys(new_routes(bare_fastapi())) == []


def test_lazily_included_routers_are_listed_with_all_their_prefixes() -> None:
    app, outer, inner = bare_fastapi(), APIRouter(prefix="/outer"), APIRouter(prefix="/inner")
    inner.get("/first")(view)
    outer.include_router(inner, prefix="/mid")
    outer.get("/own")(view)
    app.include_router(outer, prefix="/api")
    app.include_router(inner)
    inner.post("/late")(view)
    listed = [
        "GET /api/outer/mid/inner/first",
        "POST /api/outer/mid/inner/late",
        "GET /api/outer/own",
        "GET /inner/first",
        "POST /inner/late",
    ]
    assert keys(new_routes(app)) == [key for key in listed if INCLUDES_LAZILY or "/late" not in key]


def test_methods_websockets_and_classes_are_listed_as_they_answer() -> None:
    app, router = bare_fastapi(), APIRouter()

    class Everything(HTTPEndpoint):
        pass

    async def live(websocket: WebSocket, room: str) -> None: ...

    app.api_route("/multi", methods=["GET", "POST", "delete"])(view)
    app.head("/multi")(view)
    router.websocket("/live/{room}")(live)
    app.include_router(router, prefix="/ws")
    app.add_route("/plain", view, methods=["PUT"])
    app.add_route("/class", Everything)
    assert keys(new_routes(app)) == [
        "GET,POST,DELETE /multi",
        "HEAD /multi",
        "WS /ws/live/<room>",
        "PUT /plain",
        "/class",
    ]
    assert hidden(new_routes(app)) == {}


def test_mounted_apps_are_listed_by_their_routes_or_as_everything_below_them(tmp_path: Path) -> None:
    app, router, sub = bare_fastapi(), APIRouter(), bare_fastapi()
    sub.get("/items/{item_id}")(view)
    sub.mount("/deep", StaticFiles(directory=tmp_path))
    router.mount("/files", StaticFiles(directory=tmp_path))
    app.mount("/sub", sub, name="sub")
    app.include_router(router, prefix="/api")
    app.mount("/static", StaticFiles(directory=tmp_path), name="static")
    routes = list(new_routes(app))
    assert keys(routes) == [
        "GET /sub/items/<item_id>",
        "/sub/deep/<path:path>",
        "/sub/<path:path>",
        *(["/api/files/<path:path>"] if INCLUDES_LAZILY else []),
        "/static/<path:path>",
    ]
    assert [route.is_remainder for route in routes if route.rule == "/sub/<path:path>"] == [True]
    static = AppRoute(None, "/static/<path:path>", "static", "/static/<path>", has_websockets=True)
    assert replace(routes[-1], pattern=None) == static


def test_middleware_around_a_mounted_app_hides_nothing_and_a_mount_in_a_mount_is_followed() -> None:
    app, sub, deep = bare_fastapi(), bare_fastapi(), bare_fastapi()
    deep.get("/x")(view)
    sub.mount("/deep", CORSMiddleware(deep))
    app.mount("/sub", CORSMiddleware(CORSMiddleware(sub)))
    assert keys(new_routes(app)) == ["GET /sub/deep/x", "/sub/deep/<path:path>", "/sub/<path:path>"]
    (route, *_), path = new_routes(app), "/sub/deep/x"
    assert route.pattern is not None
    assert [bool(route.pattern.match(each)) for each in (path, f"{path}/", "/deep/x", f"{path}y")] == [True] + [
        False
    ] * 3


def test_routes_by_host_are_listed_with_it_and_what_nobody_knows_takes_everything() -> None:
    class Unknown(BaseRoute):
        pass

    app, api = bare_fastapi(), bare_fastapi()
    api.get("/x")(view)
    app.host("{name}.test", api)
    app.router.routes.append(Unknown())
    app.get("/y")(view)
    routes = list(new_routes(app))
    assert keys(routes) == [
        "GET /x (host {name}.test)",
        "/<path:path> (host {name}.test)",
        "/<path:path>",
        "GET /y",
    ]
    assert [route.can_belong for route in routes] == [False, False, False, True]
    assert routes[0].pattern is not None
    assert [bool(routes[0].pattern.match(each)) for each in ("API.test/x", "api.tests/x", "/x")] == [True, False, False]


def test_a_name_that_a_mount_repeats_is_told_apart_for_flask_has_each_once() -> None:
    app, sub = bare_fastapi(), bare_fastapi()
    sub.get("/{x}/{y:int}/{x_}")(view)
    app.mount("/{x}", sub)
    rules = [route.rule for route in new_routes(app)]
    assert rules == ["/<x>/<x_>/<int:y>/<x__>", "/<x>/<path:path>"]
    Map([Rule(rule) for rule in rules])


def test_what_only_looks_like_a_list_of_routes_is_none_and_an_app_inside_itself_ends() -> None:
    class Other:
        routes: ClassVar = {"/x": view}

    class Patternless(Route):
        def __init__(self) -> None: ...

    app = bare_fastapi()
    app.mount("/other", Other())  # type: ignore[arg-type]
    app.mount("/self", app)
    app.router.routes.append(Patternless())
    routes = list(new_routes(app))
    assert keys(routes) == ["/other/<path:path>", "/self/<path:path>", "/<path:path>"]
    assert [route.can_belong for route in routes] == [True, False, False]


def test_a_class_is_listed_with_its_methods_and_the_rest_that_it_refuses() -> None:
    class Some(HTTPEndpoint):
        def get(self) -> None: ...
        def purge(self) -> None: ...
        def report(self) -> None: ...

    class Own(Some):
        async def dispatch(self) -> None: ...

    app = bare_fastapi()
    app.add_route("/some", Some)
    app.add_route("/own", Own)
    app.add_route("/told", Some, methods=["GET"])
    app.add_route("/both", Some, methods=["GET", "POST"])
    app.add_route("/none", Some, methods=["POST"])
    routes = list(new_routes(app))
    assert keys(routes) == [
        "GET,REPORT /some",
        "/some",
        "/own",
        "GET /told",
        "GET /both",
        "GET,POST /both",
        "POST /none",
    ]
    assert [route.is_remainder for route in routes] == [False, True, False, False, False, True, False]


def test_types_of_paths_and_signatures_become_flasks_converters() -> None:
    app = bare_fastapi()

    def typed(a: int, b: float, c: uuid.UUID, d: str, e: Annotated[int, "documented"]) -> None: ...

    app.get("/{a}/{b}/{c}/{d}/{e}/{f}")(typed)
    app.get("/{a:int}/{b:float}/{c:uuid}/{d:path}")(view)
    first, second = new_routes(app)
    assert (first.rule, first.shape) == ("/<int:a>/<float:b>/<uuid:c>/<d>/<int:e>/<f>", "/<>/<>/<>/<>/<>/<>")
    assert (second.rule, second.shape) == ("/<int:a>/<float:b>/<uuid:c>/<path:d>", "/<>/<>/<>/<path>")
    assert first.name == f"{HERE}:test_types_of_paths_and_signatures_become_flasks_converters.<locals>.typed"


def test_a_signature_that_cannot_be_read_leaves_bare_variables() -> None:
    app = bare_fastapi()

    class Endpoint:
        __annotations__ = {"x": "NoSuchType"}

        async def __call__(self, x: Any = None) -> None: ...

    app.add_route("/{x}", functools.partial(view))
    app.add_api_route("/y/{x}", Endpoint())
    assert keys(new_routes(app)) == ["GET /<x>", "GET /y/<x>"]


def test_asgi_middleware_around_the_app_hides_nothing() -> None:
    app = bare_fastapi()
    app.get("/x")(view)
    assert keys(new_routes(CORSMiddleware(CORSMiddleware(app)))) == ["GET /x"]


def test_a_bare_asgi_app_lists_nothing() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None: ...

    assert keys(new_routes(app)) == []
    assert keys(new_routes(None)) == []


def test_a_route_behind_one_that_takes_its_requests_is_hidden_as_fastapi_serves_it(tmp_path: Path) -> None:
    app, router = bare_fastapi(), APIRouter(prefix="/users")

    def answering(text: str) -> Callable[..., str]:
        return lambda: text

    router.get("/{name}")(answering("first"))
    app.include_router(router)
    app.get("/users/me")(answering("hidden"))
    app.post("/users/me")(answering("seen"))
    app.api_route("/users/you", methods=["GET", "PUT"])(answering("seen"))
    app.get("/files/{path:path}")(answering("first"))
    app.get("/files/{number:int}")(answering("hidden"))
    app.get("/numbers/{number:int}")(answering("first"))
    app.get("/numbers/{name}")(answering("seen"))
    app.mount("/static", StaticFiles(directory=tmp_path))
    app.get("/static/x")(answering("hidden"))
    assert hidden(new_routes(app)) == {
        "GET /users/me": "GET /users/<name>",
        "GET /files/<int:number>": "GET /files/<path:path>",
        "GET /static/x": "/static/<path:path>",
    }
    with TestClient(app) as client:
        assert [client.get(path).json() for path in ("/users/me", "/files/7")] == ["first", "first"]
        assert client.post("/users/me").json() == client.put("/users/you").json() == "seen"
        assert client.get("/numbers/a").json() == "seen"
        assert client.get("/static/x").status_code == 404


def test_an_app_mounted_at_the_root_hides_all_that_follows(tmp_path: Path) -> None:
    app = bare_fastapi()
    app.get("/before")(view)
    app.mount("/", StaticFiles(directory=tmp_path), name="site")
    app.get("/after")(view)
    assert hidden(new_routes(app)) == {"GET /after": "/<path:path>"}


def test_a_websocket_is_hidden_only_by_a_websocket() -> None:
    app = bare_fastapi()

    async def live(websocket: WebSocket) -> None: ...

    app.get("/{anything}")(view)
    app.websocket("/live")(live)
    assert hidden(new_routes(app)) == {}
    app.websocket("/{room}")(live)
    app.websocket("/other")(live)
    assert hidden(new_routes(app)) == {"WS /other": "WS /<room>"}


# --- the Flask app ---


def flask_of(*rules: str) -> Flask:
    app = Flask(__name__, static_folder=None)
    for text in rules:
        methods, _, rule = text.rpartition(" ")
        app.add_url_rule(rule, text.replace(".", "_"), view, methods=methods.split(",") if methods else None)
    return app


def test_flasks_rules_are_listed_in_order_without_the_options_that_flask_adds() -> None:
    app = flask_of("/<x>", "GET,POST /form", "OPTIONS,DELETE /own")
    routes = list(flask_routes(app.url_map))
    assert [(route.key, route.name) for route in routes] == [
        ("GET /<x>", "/<x>"),
        ("GET,POST /form", "GET,POST /form"),
        ("DELETE,OPTIONS /own", "OPTIONS,DELETE /own"),
    ]
    assert not any(route.is_documentation for route in routes)


def test_the_static_folder_and_blueprints_are_listed_by_their_endpoints() -> None:
    app, parent, child = Flask(__name__), Blueprint("parent", __name__), Blueprint("child", __name__)
    child.add_url_rule("/x", "seen", view)
    parent.register_blueprint(child, url_prefix="/child")
    app.register_blueprint(parent, url_prefix="/parent")
    assert [(route.key, route.name) for route in flask_routes(app.url_map)] == [
        ("GET /static/<path:filename>", "static"),
        ("GET /parent/child/x", "parent.child.seen"),
    ]


def test_rules_that_answer_no_request_are_not_listed() -> None:
    app = flask_of("/x")
    app.url_map.add(Rule("/socket", endpoint="socket", methods=["GET"], websocket=True))
    app.url_map.add(Rule("/elsewhere", endpoint="elsewhere", methods=["GET"], build_only=True))
    assert keys(flask_routes(app.url_map)) == ["GET /x"]


def test_a_flask_rule_behind_one_that_takes_its_requests_is_hidden_as_flask_serves_it() -> None:
    app = flask_of("GET,POST /a/<x>", "/a/<y>", "DELETE /a/<z>", "/b/<name>", "/b/<uuid:id>", "/b/<int:id>", "/b/c")
    assert hidden(flask_routes(app.url_map)) == {"GET /a/<y>": "GET,POST /a/<x>", "GET /b/<uuid:id>": "GET /b/<name>"}
    adapter = app.url_map.bind("a.test")
    assert adapter.match("/a/1")[0] == "GET,POST /a/<x>"
    assert adapter.match(f"/b/{uuid.UUID(int=0)}")[0] == "/b/<name>"
    assert adapter.match("/b/7")[0] == "/b/<int:id>"


@pytest.mark.parametrize(
    ("rule", "outline"),
    [
        ("/todos/<int:todo_id>/", "/todos/<>/"),
        ("/<a>.<b>", "/<>.<>"),
        ("/files/<path:name>", "/files/<path>"),
        ("/<any('a','b>'):x>", "/<>"),
        ("/<any(a,b):x>/<string(length=2):y>", "/<>/<>"),
    ],
)
def test_an_outline_has_only_what_both_frameworks_know(rule: str, outline: str) -> None:
    (bound,) = flask_of(rule).url_map.iter_rules()
    assert rule_outline(bound) == outline


# --- hooks ---


def load_user() -> None: ...
def add_header(response: Response) -> Response:
    return response


def tidy(error: BaseException | None) -> None: ...
def take_language(endpoint: str | None, values: dict[str, Any] | None) -> None: ...


class Extension:
    def check(self) -> None: ...
    def __call__(self) -> None: ...


def hooked() -> Flask:
    app, parent, child = flask_of("/x"), Blueprint("parent", __name__), Blueprint("child", __name__)
    app.before_request(load_user)
    app.before_request(Extension().check)
    app.before_request(Extension())
    app.after_request(functools.partial(add_header))
    app.teardown_request(tidy)
    app.teardown_appcontext(tidy)
    app.url_value_preprocessor(take_language)
    parent.before_request(load_user)
    child.after_request(add_header)
    child.before_app_request(load_user)
    child.add_url_rule("/c", "view", view)
    parent.add_url_rule("/p", "view", view)
    parent.register_blueprint(child)
    app.register_blueprint(parent)
    return app


def flask_hooks(legacy: Any) -> tuple[Hook, ...]:
    return take_inventory(legacy, None).hooks


def test_every_hook_of_the_app_and_its_blueprints_is_listed_by_where_it_is_written() -> None:
    assert list(flask_hooks(hooked())) == [
        Hook("url_value_preprocessor", f"{HERE}:take_language", None),
        Hook("before_request", f"{HERE}:load_user", None),
        Hook("before_request", f"{HERE}:Extension.check", None),
        Hook("before_request", f"{HERE}:Extension", None),
        Hook("before_request", f"{HERE}:load_user", None),
        Hook("before_request", f"{HERE}:load_user", "parent"),
        Hook("after_request", f"{HERE}:add_header", None),
        Hook("after_request", f"{HERE}:add_header", "parent.child"),
        Hook("teardown_request", f"{HERE}:tidy", None),
        Hook("teardown_appcontext", f"{HERE}:tidy", None),
    ]


@pytest.mark.parametrize(
    ("endpoint", "scopes"),
    [
        ("view", {None}),
        ("parent.view", {None, "parent"}),
        ("parent.child.view", {None, "parent", "parent.child"}),
        ("parental.view", {None}),
        ("parent", {None}),
    ],
)
def test_around_a_view_run_the_hooks_of_the_app_and_of_its_blueprints(endpoint: str, scopes: set[str | None]) -> None:
    assert {hook.scope for hook in hooks_around(flask_hooks(hooked()), endpoint)} == scopes


def test_an_app_without_hooks_lists_none() -> None:
    assert list(flask_hooks(flask_of("/x"))) == []


def test_the_hook_of_flask_cors_is_listed() -> None:
    app = flask_of("/x")
    CORS(app)
    name = "flask_cors.extension:make_after_request_function.<locals>.cors_after_request"
    assert list(flask_hooks(app)) == [Hook("after_request", name, None)]


class Authenticate:
    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return self.app(environ, start_response)  # type: ignore[no-any-return]


def timed(app: Any) -> Any:
    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return app(environ, start_response)  # type: ignore[no-any-return]

    return answer


class Overriding(Flask):
    def wsgi_app(self, environ: Any, start_response: Any) -> Any:
        return super().wsgi_app(environ, start_response)


PROXY_FIX = "werkzeug.middleware.proxy_fix:ProxyFix"


@pytest.mark.parametrize(
    ("wrap", "names"),
    [
        (lambda app: ProxyFix(Authenticate(app)), [PROXY_FIX, f"{HERE}:Authenticate"]),
        (timed, [f"{HERE}:timed.<locals>.answer"]),
    ],
)
def test_wsgi_middleware_is_a_hook_layer_by_layer_outermost_first(wrap: Callable[[Any], Any], names: list[str]) -> None:
    app = flask_of("/x")
    app.wsgi_app = wrap(app.wsgi_app)  # type: ignore[method-assign]
    assert list(flask_hooks(app)) == [Hook("wsgi middleware", name, None) for name in names]


def test_wsgi_middleware_outside_the_app_object_is_a_hook_too() -> None:
    app = flask_of("/x")
    for legacy in (ProxyFix(Authenticate(app)), ProxyFix(Authenticate(app.wsgi_app))):
        assert [hook.name for hook in flask_hooks(legacy)] == [PROXY_FIX, f"{HERE}:Authenticate"]


def test_a_flask_class_of_the_teams_own_may_wrap_its_requests() -> None:
    assert [hook.name for hook in flask_hooks(Overriding(__name__))] == [f"{HERE}:Overriding.wsgi_app"]


# --- both ---


def test_an_inventory_has_both_sides_and_the_hooks() -> None:
    legacy, new = hooked(), bare_fastapi()
    new.get("/x")(view)
    inventory = take_inventory(ProxyFix(legacy), new)
    assert keys(inventory.legacy) == ["GET /x", "GET /p", "GET /c"]
    assert keys(inventory.new) == ["GET /x"]
    assert len(inventory.hooks) == 11


def test_what_cannot_be_listed_is_left_out() -> None:
    inventory = take_inventory(timed(flask_of("/x")), None)
    assert (inventory.legacy, inventory.new, inventory.hooks) == ((), (), ())


@pytest.mark.parametrize(
    ("have", "methods", "takes"),
    [
        (None, {"GET"}, True),
        (None, None, True),
        ({"GET"}, {"GET", "HEAD"}, True),
        ({"GET"}, {"GET", "POST"}, False),
        ({"GET"}, None, False),
    ],
)
def test_a_route_takes_methods_head_aside(have: set[str] | None, methods: set[str] | None, takes: bool) -> None:
    route = AppRoute(None if have is None else frozenset(have), "/x", "x", "/x")
    assert route.takes(None if methods is None else frozenset(methods)) is takes
