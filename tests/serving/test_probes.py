"""The probes say whether the process lives and whether it may serve; nothing else under the prefix is the gateway's."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from gateway import Gateway
from gateway.serving.http_protocol import STOPPING
from tests.support.gateway_apps import Noting, Reply, ask, fastapi_side, flask_side, reply_to, running, scope_of

READY, HEALTH = "/_gateway/ready", "/_gateway/health"
NO_STORE = [(b"cache-control", b"no-store")]


def both() -> Gateway:
    return Gateway.of_apps(legacy=flask_side(), new=fastapi_side("GET /a"), routes={"GET /a": "new"})


def body(reply: Reply) -> Any:
    assert reply.all("content-type") == ["application/json"]
    assert reply.all("content-length") == [str(len(reply.body))]
    return json.loads(reply.body)


def test_live_before_any_startup() -> None:
    reply = ask(both(), "GET", HEALTH)
    assert (reply.status, body(reply), reply.all("cache-control")) == (200, {"live": True}, ["no-store"])


def test_ready_from_the_end_of_startup_until_the_shutdown_begins() -> None:
    seen: list[int] = []

    async def new(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        seen.append((await ready()).status)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        seen.append((await ready()).status)
        await send({"type": "lifespan.shutdown.complete"})

    async def ready() -> Reply:
        return await reply_to(gateway, scope_of("GET", READY))

    async def whole_life() -> None:
        seen.append((await ready()).status)
        async with running(gateway):
            seen.append((await ready()).status)
        seen.append((await ready()).status)

    gateway = Gateway.of_apps(legacy=flask_side(), new=new)
    asyncio.run(whole_life())
    assert seen == [503, 503, 200, 503, 503]


def test_not_ready_for_a_request_that_came_after_the_server_was_told_to_end() -> None:
    async def asked() -> Reply:
        async with running(gateway):
            return await reply_to(gateway, scope_of("GET", READY, extensions={STOPPING: {}}))

    gateway = both()
    reply = asyncio.run(asked())
    assert (reply.status, body(reply)["ready"]) == (503, False)


@pytest.mark.parametrize(
    ("gateway", "legacy", "new", "routes"),
    [
        (both(), "up", "up", 1),
        (Gateway.of_apps(legacy=flask_side("GET /unlisted")), "up", "absent", 0),
        (Gateway.of_apps(new=fastapi_side(), default="new"), "absent", "up", 0),
    ],
)
def test_ready_tells_the_sides_and_the_map(gateway: Gateway, legacy: str, new: str, routes: int) -> None:
    async def before_and_after() -> tuple[Reply, Reply]:
        before = await reply_to(gateway, scope_of("GET", READY))
        async with running(gateway):
            return before, await reply_to(gateway, scope_of("GET", READY))

    before, after = asyncio.run(before_and_after())
    map_ = {
        "path": "Gateway(...)",
        "version": gateway.project.map.version,
        "routes": routes,
        "faults": {"count": 0, "at": []},
    }
    idle = {"busy": 0, "streams": 0, "queued": 0, "oldest_wait_seconds": 0.0, "abandoned": 0, "limit": 8}
    bridge = None if legacy == "absent" else {**idle, "spooled_bytes": 0}
    assert body(after) == {"ready": True, "legacy": legacy, "new": new, "map": map_, "bridge": bridge}
    down = {name: "down" if side == "up" else side for name, side in (("legacy", legacy), ("new", new))}
    assert body(before) == {"ready": False, **down, "map": map_, "bridge": bridge}


@pytest.mark.parametrize("path", ["/_gateway", "/_gateway/", "/_gateway/helth", "/_gateway/health/", "/_gateway/a/b"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_probe_is_a_404_of_ours(method: str, path: str) -> None:
    reply = ask(both(), method, path)
    assert (reply.status, reply.all("x-side")) == (404, [])
    assert body(reply) == {"error": "the gateway has /_gateway/health and /_gateway/ready"}


@pytest.mark.parametrize("path", [HEALTH, READY])
@pytest.mark.parametrize("method", ["POST", "OPTIONS", "DELETE"])
def test_a_probe_is_a_get(method: str, path: str) -> None:
    reply = ask(both(), method, path)
    assert (reply.status, reply.all("allow"), body(reply)) == (405, ["GET, HEAD"], {"error": "a probe is a GET"})


@pytest.mark.parametrize("path", [HEALTH, READY, "/_gateway/helth"])
def test_head_is_get_without_a_body(path: str) -> None:
    gateway = both()
    head, get = ask(gateway, "HEAD", path), ask(gateway, "GET", path)
    assert (head.status, head.headers, head.body) == (get.status, get.headers, b"")


@pytest.mark.parametrize(
    "path", ["/_gatewayx", "/_gateway.txt", "/a/_gateway/health", "//_gateway/health", "/_GATEWAY"]
)
def test_what_only_looks_reserved_is_not_ours(path: str) -> None:
    assert ask(both(), "GET", path).all("x-side") == ["legacy"]


def test_the_prefix_stands_below_the_root_path() -> None:
    assert ask(both(), "GET", f"/pre{HEALTH}", root_path="/pre").status == 200


def test_a_probe_reaches_neither_side() -> None:
    app = Noting()
    ask(Gateway.of_apps(new=app, default="new"), "GET", HEALTH)
    assert app.calls == []
