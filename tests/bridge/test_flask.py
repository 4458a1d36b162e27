"""Flask behind the gateway: contexts, teardown and close() as under gunicorn, also for a client that leaves."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextvars import ContextVar
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import flask
import pytest
from starlette.types import Message

from gateway.bridge import WSGIBridge
from tests.bridge.differential.servers import serve_bridged, serve_gunicorn
from tests.support.awkward_answers import app
from tests.support.servers import PATIENCE_SECONDS, Server, ask, request


@pytest.fixture(scope="module")
def bridged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve_bridged(tmp_path_factory.mktemp("map")) as server:
        yield server


@pytest.fixture(scope="module")
def gunicorn() -> Iterator[Server]:
    with serve_gunicorn() as server:
        yield server


@pytest.fixture(params=["gunicorn", "bridged"])
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(request.param)
    return found


def events(server: Server, name: str, *awaited: str) -> list[str]:
    """What was noted of a request, once all that is awaited was; a second request shows that nothing came twice."""
    for event in awaited:
        server.wait_for_log(rf"\[{name}: {event}\]")
    ask(server, request(f"/short?id={name}-after"))
    server.wait_for_log(rf"\[{name}-after: response closed\]")
    lines = server.log().splitlines()
    return sorted(line[len(name) + 3 : -1] for line in lines if line.startswith(f"[{name}: "))


ALL = ["app torn down", "generator closed", "response closed", "torn down"]


@pytest.mark.process
def test_teardown_and_close_run_once(server: Server) -> None:
    ask(server, request("/short?id=short"))
    assert events(server, "short", "response closed") == ["app torn down", "response closed", "torn down"]


@pytest.mark.process
def test_teardown_and_close_run_once_when_the_client_leaves_a_stream(server: Server) -> None:
    with socket.create_connection((server.host, server.port), PATIENCE_SECONDS) as connection:
        connection.sendall(request("/long?id=left"))
        assert b"xxx" in connection.recv(100_000) + connection.recv(100_000)
    assert events(server, "left", *ALL) == ALL


@pytest.mark.process
def test_teardown_runs_once_when_the_client_leaves_before_the_answer(server: Server) -> None:
    ask(server, request("/gate/shut"))
    with socket.create_connection((server.host, server.port), PATIENCE_SECONDS) as connection:
        connection.sendall(request("/gate/wait?id=early"))
        server.wait_for_log(r"\[early: waiting\]")
    ask(server, request("/gate/open"))
    assert events(server, "early", "app torn down") == ["app torn down", "torn down", "waiting"]


@pytest.mark.process
def test_what_follows_the_last_byte_runs(server: Server) -> None:
    assert ask(server, request("/measured?id=measured")).body == b"halfhalf"
    wanted = ["after the last byte", "app torn down", "torn down"]
    assert sorted(events(server, "measured", *wanted)) == sorted(wanted)


@pytest.mark.process
def test_a_stream_is_sent_as_it_comes(server: Server) -> None:
    ask(server, request("/gate/shut"))
    with socket.create_connection((server.host, server.port), PATIENCE_SECONDS) as connection:
        connection.sendall(request("/gate/stream"))
        received = b""
        while b"at once" not in received:
            received += connection.recv(1000)
        ask(server, request("/gate/open"))
        while piece := connection.recv(1000):
            received += piece
    assert b"after the gate: True" in received


@pytest.mark.process
def test_a_stream_of_nothing_ends_when_its_client_leaves(bridged: Server) -> None:
    """Better than gunicorn, which sends nothing for an empty chunk and so never hears of it."""
    with socket.create_connection((bridged.host, bridged.port), PATIENCE_SECONDS) as connection:
        connection.sendall(request("/silent?id=silent"))
        bridged.wait_for_log(r"\[silent: polling\]")
    bridged.wait_for_log(r"\[silent: generator closed\]")


# --- contexts, in this process ---


async def get(bridge: WSGIBridge, target: str) -> bytes:
    """The body of a bridged request."""
    sent: list[Message] = []

    async def receive() -> Message:
        return await asyncio.Future[Message]()

    async def send(message: Message) -> None:
        sent.append(message)

    url = urlsplit(target)
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": url.path,
        "headers": [(b"host", b"a.test")],
    }
    await bridge({**scope, "query_string": url.query.encode()}, receive, send)
    return b"".join(message.get("body", b"") for message in sent)


def test_a_context_that_a_client_preserves_is_its_own() -> None:
    with app.test_client() as client:
        assert client.get("/touch").json == [None]
        assert asyncio.run(get(WSGIBridge(app), "/touch?other")) == b"[null]\n"
        assert (flask.request.query_string, flask.g.mine) == (b"", "mine")
        assert client.get("/touch").json == [None]


def test_an_app_context_around_the_service_is_not_the_requests() -> None:
    """`app.app_context().push()` at import is common; its `g` must not become every client's."""
    with app.app_context():
        bridge = WSGIBridge(app)

        async def twice() -> list[bytes]:
            return [await get(bridge, "/touch"), await get(bridge, "/touch")]

        assert asyncio.run(twice()) == [b"[null]\n"] * 2
        assert "mine" not in flask.g


level = ContextVar("level", default=0)


def climb(_environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    start_response("200 OK", [])
    level.set(level.get() + 1)
    return [str(level.get()).encode()]


@pytest.mark.parametrize("outside", [0, 5])
def test_context_variables_flow_in_and_not_out(outside: int) -> None:
    wsgi: WSGIApplication = climb

    async def twice() -> list[bytes]:
        level.set(outside)
        bridge = WSGIBridge(wsgi)
        answers = [await get(bridge, "/"), await get(bridge, "/")]
        assert level.get() == outside
        return answers

    assert asyncio.run(twice()) == [str(outside + 1).encode()] * 2
