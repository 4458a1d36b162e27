"""The new app's lifespan runs as the server's own: its state, its failures and its end are the process's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway import Gateway
from gateway.apps.project import Project
from gateway.config.map_file import parse_routes
from gateway.routing.route import Backend
from gateway.serving.lifespan import Lifespan
from tests.support.gateway_apps import Noting, fastapi_side, flask_side, reply_to, running, scope_of
from tests.support.servers import ask, fail_to_serve, request, serve_gateway

STARTUP = "lifespan.startup"
SHUTDOWN = "lifespan.shutdown"
COMPLETE = [f"{STARTUP}.complete", f"{SHUTDOWN}.complete"]


# --- the conversation ---


async def well_behaved(_scope: Scope, receive: Receive, send: Send) -> None:
    for asked in (STARTUP, SHUTDOWN):
        assert await receive() == {"type": asked}
        await send({"type": f"{asked}.complete"})


async def fails_unasked(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise LookupError("no such protocol")


async def returns_unasked(_scope: Scope, _receive: Receive, _send: Send) -> None:
    return


async def returns_once_asked(_scope: Scope, receive: Receive, _send: Send) -> None:
    await receive()


async def fails_once_asked(_scope: Scope, receive: Receive, _send: Send) -> None:
    await receive()
    raise LookupError("no database")


async def says_that_it_failed(_scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": f"{STARTUP}.failed", "message": "no database"})
    raise LookupError("no database")


async def fails_at_its_end(scope: Scope, receive: Receive, send: Send) -> None:
    await well_behaved(scope, receive, send)
    raise LookupError("no end")


def noting(noted: list[str], what: str) -> Callable[[], Awaitable[None]]:
    async def note() -> None:
        noted.append(what)

    return note


def converse(app: Lifespan | Gateway) -> tuple[list[Message], Exception | None]:
    """What is sent to a server that asks for both, and what is raised at it."""
    sent: list[Message] = []
    asked = iter([{"type": STARTUP}, {"type": SHUTDOWN}])

    async def receive() -> Message:
        return next(asked)

    async def send(message: Message) -> None:
        sent.append(message)

    try:
        asyncio.run(app({"type": "lifespan", "state": {}}, receive, send))
    except LookupError as error:
        return sent, error
    return sent, None


@pytest.mark.parametrize("app", [None, well_behaved, fails_unasked, returns_unasked, returns_once_asked])
def test_an_app_that_starts_or_knows_no_lifespan(app: ASGIApp | None) -> None:
    noted: list[str] = []
    lifespan = Lifespan(app, noting(noted, "start"), noting(noted, "stop"))
    sent, error = converse(lifespan)
    assert ([message["type"] for message in sent], error, noted) == (COMPLETE, None, ["start", "stop"])


@pytest.mark.parametrize(
    ("app", "message"),
    [(fails_once_asked, "LookupError: no database"), (says_that_it_failed, "no database")],
)
def test_an_app_that_fails_to_start(app: ASGIApp, message: str) -> None:
    noted: list[str] = []
    lifespan = Lifespan(app, noting(noted, "start"), noting(noted, "stop"))
    sent, error = converse(lifespan)
    assert sent == [{"type": f"{STARTUP}.failed", "message": message}]
    assert (str(error), noted) == ("no database", [])


def test_a_failure_after_the_end_is_the_servers() -> None:
    sent, error = converse(Gateway.of_apps(new=fails_at_its_end, default="new"))
    assert [message["type"] for message in sent] == COMPLETE
    assert str(error) == "no end"


def test_the_app_gets_the_very_scope() -> None:
    app, scope = Noting(), {"type": "lifespan", "state": {}}

    async def forget(_message: Message) -> None:
        pass

    async def nothing() -> Message:
        return {"type": STARTUP}

    asyncio.run(Gateway.of_apps(new=app, default="new")(scope, nothing, forget))
    assert app.calls[0][0] is scope


class Stepping:
    """A service that tells its steps, and fails at one of them."""

    def __init__(self, name: str, told: list[str], fails: str = "") -> None:
        self.name, self.told, self.fails = name, told, fails

    async def start(self) -> None:
        if self.fails == "start":
            raise LookupError("no start")
        self.told.append(f"{self.name} starts")

    async def stop(self, _seconds: float) -> None:
        if self.fails == "stop":
            raise LookupError("no stop")
        if self.fails == "hang":
            await asyncio.Event().wait()
        self.told.append(f"{self.name} stops")


@pytest.mark.parametrize(
    ("fails", "said"),
    [("stop", "Stepping did not stop: LookupError: no stop"), ("hang", "Stepping did not stop: TimeoutError: ")],
)
def test_a_service_that_does_not_stop_keeps_nobody_else_from_it(
    fails: str, said: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("gateway.serving.gateway.STOP_SECONDS", 0.05)
    told: list[str] = []

    async def new(scope: Scope, receive: Receive, send: Send) -> None:
        await well_behaved(scope, receive, send)
        told.append("the app ends")

    services = [Stepping("one", told), Stepping("two", told, fails), Stepping("three", told)]
    sent, error = converse(Gateway(Project.of(parse_routes({}, "new"), None, new), services=services))
    assert ([message["type"] for message in sent], error) == (COMPLETE, None)
    assert told == ["one starts", "two starts", "three starts", "one stops", "three stops", "the app ends"]
    assert [record.message for record in caplog.records] == [said]


def test_a_service_that_does_not_start_stops_those_before_it() -> None:
    told: list[str] = []
    services = [Stepping("one", told), Stepping("two", told, "start"), Stepping("three", told)]
    _, error = converse(Gateway(Project.of(parse_routes({}, "new"), None, well_behaved), services=services))
    assert (str(error), told) == ("no start", ["one starts", "one stops"])


# --- routes that a startup adds ---


def added(*paths: str, first: bool = False) -> FastAPI:
    """An app whose startup adds these routes, behind those that it has or before them."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        router = APIRouter()
        for path in paths:
            router.add_api_route(path, lambda: "late")
        had = list(app.router.routes)
        app.include_router(router)
        if first:
            app.router.routes[:] = [*app.router.routes[len(had) :], *had]
        yield

    return FastAPI(openapi_url=None, lifespan=lifespan)


@pytest.mark.parametrize("has_routes", [False, True])
@pytest.mark.parametrize(
    ("paths", "lines", "right"),
    [
        (("/a",), {"GET /a": "new"}, {"/a": b'"late"', "/b": b"legacy"}),
        (("/{any}", "/a"), {"GET /a": "new"}, {"/a": b"legacy", "/b": b"legacy"}),
        (("/{any:path}",), {"GET /b": "new"}, {"/a": b"legacy", "/b": b"legacy"}),
    ],
)
def test_routes_that_a_startup_adds_are_held_against_the_map(
    paths: tuple[str, ...], lines: dict[str, str], right: dict[str, bytes], has_routes: bool
) -> None:
    new = added(*paths, first=True)
    if has_routes:
        new.add_api_route("/b", lambda: "early")
    gateway = Gateway.of_apps(flask_side("GET /a", "GET /b"), new, lines)

    async def ask_all() -> dict[str, bytes]:
        before = (await reply_to(gateway, scope_of("GET", "/a"))).body
        assert before == b"legacy"
        async with running(gateway):
            return {path: (await reply_to(gateway, scope_of("GET", path))).body for path in right}

    assert asyncio.run(ask_all()) == right


def test_an_app_that_a_startup_mounts_takes_what_stands_behind_it() -> None:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.mount("/p", FastAPI(openapi_url=None))
        app.add_api_route("/p/a", lambda: "late")
        yield

    gateway = Gateway.of_apps(flask_side("GET /p/a"), FastAPI(lifespan=lifespan), {"GET /p/a": "new"})

    async def start() -> bytes:
        async with running(gateway):
            return (await reply_to(gateway, scope_of("GET", "/p/a"))).body

    assert asyncio.run(start()) == b"legacy"


def test_a_startup_that_adds_nothing_keeps_the_table() -> None:
    gateway = Gateway.of_apps(flask_side("GET /a"), fastapi_side("GET /a"), {"GET /a": "new"})
    before = gateway.project

    async def start() -> None:
        async with running(gateway):
            assert gateway.project is before

    asyncio.run(start())


def test_a_change_of_the_map_keeps_what_a_startup_has_added() -> None:
    gateway = Gateway.of_apps(flask_side("GET /a"), added("/a"), {"GET /a": "legacy"})

    async def start() -> None:
        async with running(gateway):
            changed = gateway.project.with_map(parse_routes({"GET /a": "new"}, "legacy"))
            assert changed.table.match("GET", "/a").backend is Backend.NEW

    asyncio.run(start())


def test_the_bridges_threads_end_with_the_process() -> None:
    gateway = Gateway.of_apps(legacy=flask_side("GET /a"), new=fastapi_side())

    async def start_and_stop() -> None:
        assert gateway._bridge is not None
        async with running(gateway):
            assert (await reply_to(gateway, scope_of("GET", "/a"))).body == b"legacy"
            assert gateway._bridge._scheduler is not None
        assert gateway._bridge._scheduler is None

    asyncio.run(start_and_stop())


# --- the real process ---


def map_of(directory: Path, legacy: str, new: str) -> Path:
    file = directory / "map.toml"
    file.write_text(
        f'[gateway]\nlegacy = "{legacy}"\nnew = "{new}"\n[routes]\n"GET /state" = "new"\n"GET /who" = "new"\n'
    )
    return file


@pytest.mark.process
def test_the_lifespan_runs_and_its_state_reaches_requests(tmp_path: Path) -> None:
    with serve_gateway(
        map_of(tmp_path, "tests.support.gateway_apps:legacy", "tests.support.gateway_apps:new")
    ) as server:
        server.wait_for_log("the new side is up")
        assert json.loads(ask(server, request("/state")).body)["colour"] == "blue"
        assert "the new side is down" not in server.log()
    assert server.log().count("the new side is up") == server.log().count("the new side is down") == 1


@pytest.mark.process
def test_an_app_without_lifespan_is_served(tmp_path: Path) -> None:
    with serve_gateway(
        map_of(tmp_path, "tests.support.gateway_apps:legacy", "tests.support.gateway_apps:without_lifespan")
    ) as server:
        assert json.loads(ask(server, request("/who")).body)["side"] == "new"
        assert ask(server, request("/_gateway/ready")).status == 200


@pytest.mark.process
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_failing_startup_stops_the_process_with_its_reason(tmp_path: Path, workers: str) -> None:
    (tmp_path / "failing.py").write_text(
        "from contextlib import asynccontextmanager\n"
        "from fastapi import FastAPI\n\n"
        "@asynccontextmanager\n"
        "async def lifespan(app):\n"
        "    raise RuntimeError('no database at db.test')\n"
        "    yield\n\n"
        "app = FastAPI(lifespan=lifespan)\n"
    )
    ended = fail_to_serve(map_of(tmp_path, "tests.support.gateway_apps:legacy", "failing:app"), "--workers", workers)
    assert ended.returncode == 3
    assert "RuntimeError: no database at db.test\n" in ended.stderr
