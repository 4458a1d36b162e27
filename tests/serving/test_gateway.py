"""The gateway hands each request over untouched, to the side that the map says, and each side stays among its own."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import flask
import pytest
from fastapi import FastAPI, Request
from starlette.types import Message, Receive, Scope, Send

from gateway import Gateway, create_app
from gateway.errors import ImportAppError, MapError
from gateway.serving.access_log import AccessLog
from gateway.serving.observing import Observer
from tests.support.gateway_apps import Noting, ask, fastapi_side, flask_side, gateway_of, nothing_more, scope_of

DEFAULT_NEW = '[gateway]\ndefault = "new"\n'
WITH_HEADER = f"{DEFAULT_NEW}served_by_header = true\n"


# --- untouched ---


@pytest.mark.parametrize(
    ("text", "observers", "same_send"),
    [(DEFAULT_NEW, [], True), (WITH_HEADER, [], False), (DEFAULT_NEW, [AccessLog(len)], False)],
    ids=["nothing wanted", "header wanted", "log wanted"],
)
def test_the_new_side_is_called_with_the_very_objects(text: str, observers: list[Observer], same_send: bool) -> None:
    app, scope = Noting(), scope_of("GET", "/a", "Cookie: a=1", "X-Request-ID: 7", state={"pool": []})
    before = copy.deepcopy(scope)

    async def send(_message: Message) -> None:
        pass

    asyncio.run(gateway_of(text, new=app, observers=observers)(scope, nothing_more, send))
    ((seen_scope, seen_receive, seen_send),) = app.calls
    assert seen_scope is scope
    assert scope == before
    assert seen_receive is nothing_more
    assert (seen_send is send) == same_send


def test_the_legacy_side_sees_the_scope_and_leaves_it_as_it_is() -> None:
    seen: list[WSGIEnvironment] = []

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        seen.append(environ)
        start_response("200 OK", [])
        return []

    scope = scope_of("GET", "/a", "Cookie: a=1", root_path="/root")
    before = copy.deepcopy(scope)
    asyncio.run(Gateway.of_apps(legacy=app)(scope, nothing_more, _forget))
    assert seen[0]["asgi.scope"] is scope
    assert scope == before


@pytest.mark.parametrize("text", [DEFAULT_NEW, WITH_HEADER])
@pytest.mark.parametrize("kind", ["http", "websocket", "lifespan"])
def test_an_exception_of_the_new_side_is_the_servers(text: str, kind: str) -> None:
    error = LookupError("of the new side")

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        await receive()
        raise error

    with pytest.raises(LookupError) as caught:
        asyncio.run(gateway_of(text, new=app)({**scope_of("GET", "/a"), "type": kind}, nothing_more, _forget))
    assert caught.value is error


@pytest.mark.parametrize("text", ["[gateway]\n", "[gateway]\nserved_by_header = true\n"])
def test_an_exception_of_the_legacy_side_is_the_servers(text: str) -> None:
    error = LookupError("of the legacy side")

    def app(_environ: WSGIEnvironment, _start_response: StartResponse) -> Iterable[bytes]:
        raise error

    with pytest.raises(LookupError) as caught:
        ask(gateway_of(text, legacy=app), "GET", "/a")
    assert caught.value is error


# --- law 3 ---


def test_no_middleware_ever_sees_the_other_sides_traffic() -> None:
    heard: list[str] = []
    legacy, new = flask_side("GET,POST /split", "GET /old"), fastapi_side("GET /split", "GET /moved")
    _listen_in_flask(legacy, heard)
    _listen_in_fastapi(new, heard)
    gateway = Gateway.of_apps(legacy=legacy, new=new, routes={"GET /split": "new", "GET /moved": "new"})
    preflight = ("Origin: http://b.test", "Access-Control-Request-Method: GET")
    for method, path, headers, by_legacy, by_new in [
        ("GET", "/split", (), 0, 2),
        ("HEAD", "/moved", (), 0, 2),
        ("OPTIONS", "/split", preflight, 0, 2),
        ("POST", "/split", (), 5, 0),
        ("DELETE", "/split", (), 5, 0),
        ("OPTIONS", "/split", (), 5, 0),
        ("GET", "/nowhere", (), 5, 0),
        ("GET", "/_gateway/health", (), 0, 0),
    ]:
        heard.clear()
        ask(gateway, method, path, *headers)
        assert (method, path, heard) == (method, path, ["legacy"] * by_legacy + ["new"] * by_new)


def _listen_in_flask(app: flask.Flask, heard: list[str]) -> None:
    inner = app.wsgi_app

    def around(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        heard.append("legacy")
        return inner(environ, start_response)

    app.wsgi_app = around  # type: ignore[method-assign] # Flask's own way to wrap it
    app.before_request(lambda: heard.append("legacy"))
    app.after_request(lambda response: heard.append("legacy") or response)  # type: ignore[func-returns-value]
    app.teardown_request(lambda _error: heard.append("legacy"))
    app.teardown_appcontext(lambda _error: heard.append("legacy"))


def _listen_in_fastapi(app: FastAPI, heard: list[str]) -> None:
    class Around:
        def __init__(self, app: Any) -> None:
            self._app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            heard.append("new")
            await self._app(scope, receive, send)

    @app.middleware("http")
    async def count(request: Request, call_next: Any) -> Any:
        heard.append("new")
        return await call_next(request)

    app.add_middleware(Around)


# --- which side ---

LEGACY = ("POST /split", "GET /old", "GET /slashed-old/", "GET /")
NEW = ("GET /split", "GET /moved", "GET /slashed-moved/")
ROUTES = dict.fromkeys(LEGACY, "legacy") | dict.fromkeys(NEW, "new")
ASKS = "Access-Control-Request-Method: "


def both(default: str) -> Gateway:
    return Gateway.of_apps(legacy=flask_side(*LEGACY), new=fastapi_side(*NEW), routes=ROUTES, default=default)


@pytest.mark.parametrize("default", ["legacy", "new"])
@pytest.mark.parametrize(
    ("method", "path", "headers", "side"),
    [
        ("GET", "/old", (), "legacy"),
        ("GET", "/moved", (), "new"),
        ("HEAD", "/old", (), "legacy"),
        ("HEAD", "/split", (), "new"),
        ("POST", "/split", (), "legacy"),
        ("GET", "/unknown", (), "default"),
        ("POST", "/moved", (), "new"),
        ("POST", "/old", (), "legacy"),
        ("DELETE", "/split", (), "default"),
        ("OPTIONS", "/old", (), "legacy"),
        ("OPTIONS", "/moved", (), "new"),
        ("OPTIONS", "/split", (), "legacy"),
        ("OPTIONS", "/split", (f"{ASKS}GET",), "new"),
        ("OPTIONS", "/split", (f"{ASKS}HEAD",), "new"),
        ("OPTIONS", "/split", (f"{ASKS}POST",), "legacy"),
        ("OPTIONS", "/split", (f"{ASKS}DELETE",), "default"),
        ("OPTIONS", "/unknown", (f"{ASKS}GET",), "default"),
        ("GET", "/slashed-old", (), "legacy"),
        ("GET", "/slashed-moved", (), "new"),
        ("HEAD", "/slashed-moved", (), "new"),
        ("OPTIONS", "/slashed-moved", (f"{ASKS}GET",), "new"),
    ],
)
def test_side(default: str, method: str, path: str, headers: tuple[str, ...], side: str) -> None:
    expected = default if side == "default" else side
    assert ask(both(default), method, path, *headers).all("x-side") == [expected]


@pytest.mark.parametrize(
    ("default", "method", "path", "status", "allow"),
    [
        ("legacy", "DELETE", "/split", 405, {"GET", "HEAD", "OPTIONS", "POST"}),
        ("new", "DELETE", "/split", 405, {"GET", "HEAD", "POST"}),
        ("legacy", "OPTIONS", "/split", 200, {"GET", "HEAD", "OPTIONS", "POST"}),
        ("new", "OPTIONS", "/split", 200, {"GET", "HEAD", "OPTIONS", "POST"}),
        ("legacy", "DELETE", "/moved", 405, {"GET"}),
        ("legacy", "DELETE", "/old", 405, {"GET", "HEAD", "OPTIONS"}),
        ("new", "OPTIONS", "/old", 200, {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_allow_is_the_union_on_a_split_path_alone(
    default: str, method: str, path: str, status: int, allow: set[str]
) -> None:
    reply = ask(both(default), method, path)
    (value,) = reply.all("allow")
    assert (reply.status, set(value.split(", "))) == (status, allow)


def test_a_missing_slash_is_its_owners_redirect() -> None:
    gateway = both("legacy")
    assert [ask(gateway, "GET", f"/slashed-{name}").status for name in ("old", "moved")] == [308, 307]


@pytest.mark.parametrize(
    ("root_path", "path", "side"),
    [
        ("", "/moved", "new"),
        ("/pre", "/pre/moved", "new"),
        ("/pre/", "/pre/moved", "new"),
        ("/pre", "/moved", "new"),  # the proxy in front has stripped it
        ("/mov", "/moved", "new"),
        ("/pre", "/premoved", "legacy"),
        ("/pre", "/pre/pre/moved", "legacy"),
        ("/pre", "/pre", "legacy"),
        ("/moved", "/moved", "legacy"),
    ],
)
def test_root_path_ends_with_a_segment(root_path: str, path: str, side: str) -> None:
    assert ask(both("legacy"), "GET", path, root_path=root_path).all("x-side") == [side]


# --- websockets ---


@pytest.mark.parametrize(
    ("routes", "default", "is_served"),
    [
        ({"WS /chat": "new"}, "legacy", True),
        ({"/chat": "new"}, "legacy", True),
        ({}, "legacy", False),
        ({"GET /chat": "new"}, "legacy", False),
        ({"WS /other": "new"}, "legacy", False),
        ({}, "new", True),
        ({"GET /chat": "legacy"}, "new", True),
        ({"/chat": "legacy"}, "new", False),
    ],
)
def test_a_websocket_is_served_where_a_line_or_the_default_gives_it_to_the_new_side(
    routes: dict[str, str], default: str, is_served: bool
) -> None:
    scope = {**scope_of("GET", "/chat"), "type": "websocket"}
    del scope["method"]
    sent: list[str] = []
    lines: list[str] = []

    async def chat(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})

    async def send(message: Message) -> None:
        sent.append(message["type"])

    gateway = Gateway.of_apps(flask_side("GET /chat"), chat, routes, default, [AccessLog(lines.append)])
    asyncio.run(gateway(scope, nothing_more, send))
    assert sent == ["websocket.accept" if is_served else "websocket.close"]
    (line,) = map(json.loads, lines)
    assert (line["method"], line["side"], line["status"]) == ("WS", *(("new", 101) if is_served else ("legacy", 403)))


# --- what cannot be built ---


@pytest.mark.parametrize("rule", ["/_gateway", "/_gateway/", "/_gateway/health", "/_gateway/<name>"])
def test_the_map_cannot_route_the_reserved_prefix(rule: str) -> None:
    with pytest.raises(MapError) as caught:
        Gateway.of_apps(legacy=flask_side(), routes={f"GET {rule}": "legacy"})
    assert str(caught.value) == (
        f'Gateway(...): routes."GET {rule}": "/_gateway" is the gateway\'s own prefix; choose another path'
    )


def test_a_missing_side_is_fine_while_no_route_needs_it() -> None:
    new_alone = Gateway.of_apps(new=fastapi_side("GET /a"), routes={"GET /a": "new"}, default="new")
    legacy_alone = Gateway.of_apps(legacy=flask_side("GET /a"), routes={"GET /a": "legacy"})
    assert [ask(gateway, "GET", "/a").all("x-side") for gateway in (new_alone, legacy_alone)] == [["new"], ["legacy"]]


@pytest.mark.parametrize(
    ("sides", "message"),
    [
        ({}, "there is no legacy app to answer by default"),
        ({"default": "new"}, "there is no new app to answer by default"),
    ],
)
def test_no_side_for_the_default(sides: dict[str, Any], message: str) -> None:
    with pytest.raises(MapError) as caught:
        Gateway.of_apps(**sides)
    assert str(caught.value) == f"Gateway(...): gateway.default: {message}"


def test_every_route_that_lacks_its_side_is_named() -> None:
    canary = '{ mode = "canary", percent = 10 }'
    listed = f'"GET /a" = "new"\n"GET /b" = {canary}\n"GET /c" = "legacy"\n'
    with pytest.raises(MapError) as caught:
        gateway_of(f"[gateway]\n[routes]\n{listed}", legacy=flask_side())
    assert str(caught.value).splitlines() == [
        'map.toml:3: routes."GET /a": "new" needs a new app; name one under [gateway]',
        'map.toml:4: routes."GET /b": "canary" needs a new app; name one under [gateway]',
    ]
    with pytest.raises(MapError) as caught:
        gateway_of(f"{DEFAULT_NEW}[routes]\n{listed}", new=fastapi_side())
    assert str(caught.value).splitlines() == [
        f'map.toml:{line}: routes."GET /{path}": "{mode}" needs a legacy app; name one under [gateway]'
        for line, path, mode in ((5, "b", "canary"), (6, "c", "legacy"))
    ]


# --- create_app ---


def test_create_app_imports_both_sides_and_follows_the_file(tmp_path: Path) -> None:
    file = tmp_path / "map.toml"
    file.write_text('[gateway]\nlegacy = "tests.support.gateway_apps:legacy"\nnew = "tests.support.gateway_apps:new"\n')
    gateway = create_app(file)
    assert (gateway.project.legacy.name, type(gateway.project.new), gateway.project.map.path) == (
        "tests.support.gateway_apps", FastAPI, str(file),
    )  # fmt: skip
    assert [len(create_app(file, watch=watch)._services) for watch in (True, False)] == [1, 0]


def test_an_app_that_cannot_be_imported_is_reported_with_the_faults_of_the_map(tmp_path: Path) -> None:
    file = tmp_path / "map.toml"
    named = '[gateway]\nlegacy = "tests.support.gateway_apps:legcy"\n'
    wrong = 'gateway.legacy: module "tests.support.gateway_apps" has no attribute "legcy"; did you mean "legacy"?'
    file.write_text(named)
    with pytest.raises(ImportAppError) as failed:
        create_app(file)
    assert str(failed.value) == wrong
    file.write_text(f'{named}[routes]\n"GET /a" = "nwe"\n')
    with pytest.raises(MapError) as caught:
        create_app(file)
    assert str(caught.value).splitlines() == [
        f"{file}: {wrong}",
        f'{file}:4: routes."GET /a": "nwe" is none of "legacy", "canary", "new"; did you mean "new"?',
    ]


def test_a_text_that_is_no_toml_has_that_one_fault(tmp_path: Path) -> None:
    file = tmp_path / "map.toml"
    file.write_text('[gateway]\nlegacy = tests\n[routes]\n"GET /a" = "new"\n')
    with pytest.raises(MapError) as caught:
        create_app(file)
    assert str(caught.value) == f"{file}:2: not TOML: Invalid value at column 10; texts need quotes"


async def _forget(_message: Message) -> None:
    pass
