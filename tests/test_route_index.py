"""An indexed app answers as FastAPI does: two apps built alike, one of them indexed, are asked the same."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Request, WebSocket
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway import create_app
from gateway.config.map_file import decode_map, draft_map
from gateway.errors import MapError
from gateway.serving.gateway import Gateway
from gateway.serving.route_index import _IndexedRouter, index_routes
from tests.gateway_apps import Reply, ask, reply_to, scope_of

SEGMENTS: tuple[str, ...] = ("a", "b", "a-b", "a.b", "é", "{x}", "{y}", "{n:int}", "{f:float}", "v{x}", "{x}.json")
SEGMENTS += ("{p:path}", "{q}-{r}")
METHODS = ("GET", "POST", "DELETE", "OPTIONS", "HEAD")
ASKED = ("a", "b", "a-b", "a.b", "é", "7", "1.5", "v1", "7.json", "x-y", "", "..", "a\n", "%2F", "A", "{x}")
HOSTS = ("a.test", "b.test")


class GatedRoute(APIRoute):
    """Matches by more than its path and counts how often it is asked."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        scope["asked"] = scope.get("asked", 0) + 1
        if (b"x-gate", b"open") not in scope["headers"]:
            return Match.NONE, {}
        return super().matches(scope)


async def needs_word(word: str = Header(default="")) -> str:
    if word == "no":
        raise HTTPException(403, "no")
    return word


def path_of(chance: random.Random, deepest: int = 3) -> str:
    segments: list[str] = []
    for _ in range(chance.randint(1, deepest)):
        segment = chance.choice(SEGMENTS)
        if not any(name in "/".join(segments) for name in names_of(segment)):
            segments.append(segment)
    return "/" + "/".join(segments) + chance.choice(("", "", "/"))


def names_of(segment: str) -> list[str]:
    return [part.split("}")[0].split(":")[0] for part in segment.split("{")[1:]]


def endpoint_of(number: int) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> dict[str, Any]:
        scope = request.scope
        told = {"number": number, "params": dict(request.path_params), "asked": scope.get("asked")}
        told |= {"route": scope["route"].path, "root": scope["root_path"], "url": str(request.url)}
        return told | {"for": str(request.app.url_path_for("first")), "router": len(request.scope["router"].routes)}

    return endpoint


async def plain(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{request.url.path} {request.path_params}")


async def live(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(f"{socket.url.path} {socket.path_params}")
    await socket.close()


def fill(chance: random.Random, router: APIRouter, count: int, numbers: Iterator[int], depth: int) -> None:
    for number in (next(numbers) for _ in range(count)):
        path, kind = path_of(chance), chance.random()
        methods = chance.sample(METHODS, chance.randint(1, 2))
        if kind < 0.7:
            router.add_api_route(path, endpoint_of(number), methods=methods, status_code=chance.choice((200, 201)))
        elif kind < 0.75:
            router.add_api_route(path, endpoint_of(number), dependencies=[Depends(needs_word)])
        elif kind < 0.8:
            router.add_route(path, plain, methods=methods)
        elif kind < 0.84 and depth == 0:
            router.mount(path.rstrip("/"), sub_app(chance, numbers))
        elif kind < 0.87:
            router.add_websocket_route(path, live)
        elif kind < 0.89:
            router.host("b.test", PlainTextResponse(f"host {number}"))
        elif kind < 0.9:
            router.add_api_route(path, endpoint_of(number), route_class_override=GatedRoute)
        elif depth < 3:
            inner = APIRouter(prefix=chance.choice(("", "/a", "/{tenant}")) if depth == 0 else "")
            fill(chance, inner, chance.randint(1, 6), numbers, depth + 1)
            dependencies = [Depends(needs_word)] if chance.random() < 0.3 else []
            router.include_router(inner, prefix=chance.choice(("", "/a", "/b/a")), dependencies=dependencies)


def sub_app(chance: random.Random, numbers: Iterator[int]) -> ASGIApp:
    if chance.random() < 0.5:
        return Starlette(routes=[Route("/a", plain), Route("/{x}", plain)])
    app = FastAPI(openapi_url=None)
    app.add_api_route("/first", endpoint_of(next(numbers)), name="first")
    fill(chance, app.router, 3, numbers, 1)
    return app


def app_of(seed: int) -> FastAPI:
    chance = random.Random(seed)
    app = FastAPI(redirect_slashes=chance.random() < 0.7)
    app.add_api_route("/first", endpoint_of(-1), name="first")
    fill(chance, app.router, 25, iter(range(10_000)), 0)
    return app


def scopes_of(seed: int, count: int) -> list[Scope]:
    chance = random.Random(f"scopes {seed}")
    return [scope_to(chance) for _ in range(count)]


def scope_to(chance: random.Random) -> Scope:
    path = "/".join(("", *chance.choices(ASKED, k=chance.randint(1, 4))))
    path = chance.choice((path, path, path, f"/a{path}", f"/pre{path}", f"/b/a{path}", f"{path}/", f"/{path}", "", "*"))
    headers = [f"Host: {chance.choice(HOSTS)}", f"Word: {chance.choice(('yes', 'no'))}"]
    if chance.random() < 0.2:
        headers.append("X-Gate: open")
    method = chance.choice((*METHODS, "GET", "GET", "BREW"))
    return scope_of(method, path, *headers, raw_path=path.encode(), root_path=chance.choice(("", "", "/pre")))


async def replies(app: ASGIApp, scopes: list[Scope]) -> list[Reply | str]:
    return [await reply_or_error(app, {**scope, "headers": list(scope["headers"])}) for scope in scopes]


async def reply_or_error(app: ASGIApp, scope: Scope) -> Reply | str:
    try:
        return await reply_to(app, scope)
    except Exception as error:  # noqa: BLE001 - whatever the app raises, both raise it
        return repr(error)


@pytest.mark.parametrize("seed", range(40))
def test_answers_as_fastapi(seed: int) -> None:
    plain_app, indexed = app_of(seed), app_of(seed)
    index_routes(indexed)
    scopes = scopes_of(seed, 150)
    expected = asyncio.run(replies(plain_app, scopes))
    assert asyncio.run(replies(indexed, scopes)) == expected


ODD: tuple[str, ...] = ("/first\n", "/r/7\n", "/r/7\n/", "/first/", "/first//", "//first", "/FIRST", "/first%2F")
ODD += ("", "*", "/", "//", "/r//")


@pytest.mark.parametrize("path", ODD)
def test_an_odd_path_is_answered_as_by_fastapi(path: str) -> None:
    assert ask(small(), "GET", path) == ask(small(indexed=False), "GET", path)


def test_a_static_route_takes_its_path_with_a_newline_too() -> None:
    app = FastAPI()
    app.add_api_route("/first", needs_word)
    app.add_route("/{x}", plain)
    index_routes(app)
    assert ask(app, "GET", "/first\n", "Word: static").body == b'"static"'


def test_the_generated_requests_meet_every_kind_of_answer() -> None:
    told = [reply for seed in range(10) for reply in asyncio.run(replies(app_of(seed), scopes_of(seed, 150)))]
    statuses = {reply.status for reply in told if isinstance(reply, Reply)}
    assert statuses >= {200, 201, 307, 403, 404, 405}


def small(*, indexed: bool = True) -> FastAPI:
    app, router = FastAPI(), APIRouter()
    router.add_api_route("/r/{x}", endpoint_of(1))
    app.add_api_route("/first", endpoint_of(0), name="first")
    app.include_router(router)
    app.add_api_websocket_route("/live/{x}", live)
    if indexed:
        index_routes(app)
    assert ask(app, "GET", "/first").status == 200
    return app


def number_at(app: FastAPI, path: str) -> int:
    with TestClient(app) as client:
        return int(client.get(path).json()["number"])


def test_a_route_that_comes_later_is_found() -> None:
    app = small()
    app.add_api_route("/later", endpoint_of(2))
    assert number_at(app, "/later") == 2


def test_a_route_that_an_included_router_gets_later_is_found() -> None:
    app = small()
    inner, innermost = APIRouter(), APIRouter()
    app.include_router(inner)
    inner.include_router(innermost)
    assert ask(app, "GET", "/first").status == 200
    innermost.add_api_route("/later", endpoint_of(3))
    assert number_at(app, "/later") == 3


def test_a_route_that_goes_first_goes_first() -> None:
    app = small()
    app.router.routes.insert(0, APIRoute("/first", endpoint_of(4)))
    assert number_at(app, "/first") == 4


def test_a_later_route_of_a_router_that_is_included_earlier_wins() -> None:
    app, outer, inner = FastAPI(), APIRouter(), APIRouter()
    outer.include_router(inner)
    app.include_router(outer)
    app.add_api_route("/first", endpoint_of(0), name="first")
    index_routes(app)
    assert number_at(app, "/first") == 0
    inner.add_api_route("/first", endpoint_of(6))
    assert number_at(app, "/first") == 6


def test_a_route_in_the_place_of_another_wins() -> None:
    app = small()
    app.router.routes[0] = APIRoute("/first", endpoint_of(7))
    assert number_at(app, "/first") == 7


def test_a_route_that_is_replaced_by_its_equal_is_gone() -> None:
    app = small()
    at, old = next((at, route) for at, route in enumerate(app.router.routes) if getattr(route, "path", "") == "/first")
    assert isinstance(old, APIRoute)
    new = APIRoute("/first", old.endpoint, dependencies=[Depends(needs_word)], name="first")
    assert new == old
    app.router.routes[at] = new
    assert ask(app, "GET", "/first", "Word: no").status == 403


def test_a_route_that_is_taken_away_is_gone() -> None:
    app = small()
    app.router.routes[:] = [route for route in app.router.routes if getattr(route, "path", "") != "/first"]
    assert ask(app, "GET", "/first").status == 404


def test_overridden_dependencies_and_websockets_work() -> None:
    app = small()
    app.add_api_route("/word", endpoint_of(5), dependencies=[Depends(needs_word)])
    app.dependency_overrides[needs_word] = lambda: "yes"
    with TestClient(app) as client:
        assert client.get("/word", headers={"Word": "no"}).status_code == 200
        with client.websocket_connect("/live/7") as socket:
            assert socket.receive_text() == "/live/7 {'x': '7'}"


class Telling(list[Any]):
    """Routes that tell when they are gone through one by one."""

    gone_through = 0

    def __iter__(self) -> Iterator[Any]:
        self.gone_through += 1
        return super().__iter__()


def test_routes_are_gone_through_only_for_what_has_no_full_match() -> None:
    app, router = FastAPI(), APIRouter()
    router.add_route("/r/{x}", plain)
    app.include_router(router)
    app.add_api_route("/first", needs_word)
    app.router.routes = routes = Telling(app.router.routes)
    index_routes(app)
    assert ask(app, "GET", "/first").status == 200
    for path, status, scans in (("/first", 200, 0), ("/r/7", 200, 0), ("/nothing", 404, 3), ("/r/7/", 307, 2)):
        routes.gone_through = 0
        assert ask(app, "GET", path).status == status
        assert routes.gone_through == scans, path


class Passing:
    """A middleware inside a router."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


class OwnRouter(APIRouter):
    """Not FastAPI's own."""


def with_middleware() -> FastAPI:
    app = FastAPI()
    app.router.middleware_stack = Passing(app.router.middleware_stack)
    return app


def with_router_of_its_own() -> FastAPI:
    app = FastAPI()
    app.router = OwnRouter()
    return app


@pytest.mark.parametrize("app", [with_middleware(), with_router_of_its_own(), Starlette(), Passing(FastAPI())])
def test_what_is_no_plain_fastapi_app_is_refused(app: Any) -> None:
    with pytest.raises(ValueError, match="can be indexed"):
        index_routes(app)


# --- the setting of the map ---

INDEXED = small(indexed=False)
REFUSED = PlainTextResponse("new")
SETTING = "index_new_routes = true\n"


def map_of(directory: Path, new: str, more: str = SETTING) -> Path:
    file = directory / "map.toml"
    file.write_text(f'[gateway]\ndefault = "new"\nnew = "tests.test_route_index:{new}"\n{more}')
    return file


def gateway_of(file: Path) -> Gateway:
    return create_app(file, watch=False)


def test_the_map_asks_for_the_index(tmp_path: Path) -> None:
    for _ in range(2):
        gateway = gateway_of(map_of(tmp_path, "INDEXED"))
        assert isinstance(gateway.new, FastAPI)
        assert isinstance(gateway.new.router.middleware_stack, _IndexedRouter)
        assert ask(gateway, "GET", "/first").status == 200


def test_the_map_is_refused_when_the_app_cannot_be_indexed(tmp_path: Path) -> None:
    file = map_of(tmp_path, "REFUSED")
    reason = "only a FastAPI app whose router is FastAPI's own, without middleware inside, can be indexed"
    with pytest.raises(MapError) as refused:
        gateway_of(file)
    assert [str(fault) for fault in refused.value.faults] == [
        f"{file}: gateway.index_new_routes: {reason}; remove the setting"
    ]
    assert ask(gateway_of(map_of(tmp_path, "REFUSED", "")), "GET", "/").status == 200


def test_a_fastapi_that_cannot_be_indexed_is_served_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("fastapi.routing._EffectiveRouteContext")
    monkeypatch.delitem(sys.modules, "gateway.serving.route_index")
    with pytest.raises(
        MapError, match=r"index_new_routes: cannot import name '_EffectiveRouteContext'.*remove the set"
    ):
        gateway_of(map_of(tmp_path, "INDEXED"))
    assert ask(gateway_of(map_of(tmp_path, "REFUSED", "")), "GET", "/").status == 200


def test_a_change_of_the_setting_needs_a_restart(tmp_path: Path) -> None:
    file = map_of(tmp_path, "REFUSED", "")
    gateway = gateway_of(file)
    text = decode_map(map_of(tmp_path, "REFUSED").read_bytes(), file)
    with pytest.raises(MapError, match=r"gateway\.index_new_routes: a change here needs a restart"):
        gateway._changed(draft_map(text, str(file)))
