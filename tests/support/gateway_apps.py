"""Two sides for the gateway's tests that say who answers, and a client that calls an ASGI app without a server."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import flask
from fastapi import FastAPI, Request, WebSocket
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from werkzeug.routing import BaseConverter, Map

from gateway import Gateway
from gateway.apps.project import Project
from gateway.config.map_file import parse_map
from tests.support.servers import PATIENCE_SECONDS

# --- a client without a server ---

Pairs = tuple[tuple[bytes, bytes], ...]
CLIENT = ("192.0.2.1", 50000)


@dataclass(frozen=True)
class Reply:
    """What an ASGI app sent."""

    status: int
    headers: Pairs
    body: bytes

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value.decode("latin-1") for key, value in self.headers if key == name.encode()]


def scope_of(method: str, path: str, *headers: str, **more: Any) -> Scope:
    """An HTTP scope; headers as `Name: value`."""
    pairs = (header.split(": ", 1) for header in headers)
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs],
        "client": CLIENT,
        "server": ("a.test", 80),
        **more,
    }


async def nothing_more() -> Message:
    await asyncio.sleep(0)  # who asks again and again for a client that leaves must not hold the loop
    return {"type": "http.request", "body": b"", "more_body": False}


async def reply_to(app: ASGIApp, scope: Scope) -> Reply:
    sent: list[Message] = []
    unread = [await nothing_more()]

    async def receive() -> Message:
        if not unread:
            await asyncio.Event().wait()  # the client stays; a middleware of Starlette's may wait for it to go
        return unread.pop()

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start, *rest = sent
    return Reply(start["status"], tuple(start["headers"]), b"".join(message.get("body", b"") for message in rest))


def ask(app: ASGIApp, method: str, path: str, *headers: str, **more: Any) -> Reply:
    """The app's answer to one request; its exceptions are the caller's."""
    return asyncio.run(reply_to(app, scope_of(method, path, *headers, **more)))


@asynccontextmanager
async def running(app: ASGIApp) -> AsyncIterator[None]:
    """The app between the end of its startup and the end of its shutdown."""
    asked: asyncio.Queue[Message] = asyncio.Queue()
    said: asyncio.Queue[str] = asyncio.Queue()

    async def send(message: Message) -> None:
        said.put_nowait(message["type"])

    lifespan = asyncio.create_task(app({"type": "lifespan", "state": {}}, asked.get, send))
    asked.put_nowait({"type": "lifespan.startup"})
    assert await asyncio.wait_for(said.get(), PATIENCE_SECONDS) == "lifespan.startup.complete"
    yield
    asked.put_nowait({"type": "lifespan.shutdown"})
    assert await asyncio.wait_for(said.get(), PATIENCE_SECONDS) == "lifespan.shutdown.complete"
    await lifespan


# --- sides that a test calls in its own process ---


class Noting:
    """An ASGI app that keeps what it was called with, and answers `new`."""

    def __init__(self) -> None:
        self.calls: list[tuple[Scope, Receive, Send]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.calls.append((scope, receive, send))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-side", b"new")]})
        await send({"type": "http.response.body", "body": b"new"})


class Marked:
    """An ASGI app whose answers carry `X-Side: new`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-side", b"new")]
            await send(message)

        await self.app(scope, receive, marked)


def fastapi_side(*routes: str) -> FastAPI:
    """A FastAPI app of routes `METHODS /path`, whose answers carry `X-Side: new`."""
    app = FastAPI(openapi_url=None)
    app.add_middleware(Marked)
    for route in routes:
        methods, _, path = route.partition(" ")
        app.add_api_route(path, lambda: "new", methods=methods.split(","))
    return app


def flask_side(*rules: str) -> flask.Flask:
    """A Flask app of rules `METHODS /rule`, whose answers carry `X-Side: legacy`."""
    app = flask.Flask("flask_side")
    for rule in rules:
        methods, _, path = rule.partition(" ")
        app.add_url_rule(path, rule, lambda **_variables: "legacy", methods=methods.split(","))

    @app.after_request
    def mark(response: flask.Response) -> flask.Response:
        response.headers["X-Side"] = "legacy"
        return response

    return app


def gateway_of(text: str, legacy: Any = None, new: ASGIApp | None = None, **options: Any) -> Gateway:
    """A gateway of the text of a map file, over apps that are there already."""
    return Gateway(Project.of(parse_map(text, "map.toml"), legacy, new), **options)


# --- sides that a server imports ---


class Moody(BaseConverter):
    """A converter that takes no rule."""

    def __init__(self, _map: Map) -> None:
        raise RuntimeError("not today")


legacy = flask.Flask(__name__)
legacy.url_map.converters["moody"] = Moody
opened = threading.Event()


@legacy.get("/who")
def legacy_who() -> dict[str, Any]:
    return {"side": "legacy", "pid": os.getpid()}


@legacy.get("/slow")
def slow() -> dict[str, Any]:
    """Answers once /open was asked for in the same process."""
    sys.stderr.write("/slow has begun\n")
    return {"side": "legacy", "opened": opened.wait(10)}


@legacy.post("/open")
def open_slow() -> str:
    opened.set()
    return ""


@legacy.route("/echo", methods=["GET", "POST"])
def echo() -> dict[str, Any]:
    request = flask.request
    return {
        "path": request.path,
        "query": request.args.to_dict(flat=False),
        "form": request.form.to_dict(flat=False),
        "files": {name: file.read().decode() for name, file in request.files.items()},
        "json": request.get_json(silent=True),
        "length": request.content_length,
        "cookies": request.cookies,
        "root": request.root_url,
        "address": request.remote_addr,
        "x": request.headers.get("X-Word"),
    }


@legacy.get("/items/")
def items() -> str:
    return "all items, <b>é</b>"


@legacy.get("/items/<int:number>")
def item(number: int) -> str:
    return f"item {number}"


@legacy.get("/files/<path:name>")
def file_name(name: str) -> dict[str, str]:
    return {"name": name}


@legacy.get("/status/<int:code>")
def status(code: int) -> None:
    flask.abort(code)


@legacy.get("/exit/<int:code>")
def exit_at_once(code: int) -> str:
    os._exit(code)


@legacy.get("/fail")
def fail() -> None:
    raise RuntimeError("the view has failed")


@legacy.get("/redirect")
def redirect() -> Any:
    return flask.redirect("/items/?a=1")


@legacy.get("/stream")
def stream() -> flask.Response:
    return flask.Response((f"line {number}\n" for number in range(3)), mimetype="text/plain")


@legacy.get("/cookies")
def cookies() -> flask.Response:
    response = flask.Response("two")
    response.set_cookie("a", "1", httponly=True)
    response.set_cookie("b", "é")
    return response


@legacy.get("/source")
def source() -> flask.Response:
    return flask.send_file(__file__, mimetype="text/plain")


@legacy.delete("/items/<int:number>")
def delete(number: int) -> tuple[str, int, dict[str, str]]:
    return "", 204, {"X-Number": str(number), "X-Word": "caf\xe9"}


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, str]]:
    print("the new side is up", flush=True)  # noqa: T201 - the server's log is where a test looks
    yield {"colour": "blue"}
    print("the new side is down", flush=True)  # noqa: T201


new = FastAPI(lifespan=lifespan)


@new.get("/who")
async def new_who() -> dict[str, Any]:
    return {"side": "new", "pid": os.getpid()}


@new.get("/slow")
async def new_slow() -> dict[str, Any]:
    return {"side": "new"}


@new.get("/state")
async def state(request: Request) -> dict[str, Any]:
    return {"colour": request.state.colour, "loop": type(asyncio.get_running_loop()).__module__}


@new.websocket("/live")
async def live(socket: WebSocket) -> None:
    await socket.accept(subprotocol="chat")
    await socket.send_text(f"{socket.url.path} heard {await socket.receive_text()}")
    await socket.close(4001)


async def without_lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    """The new side as it was before ASGI had lifespans."""
    assert scope["type"] == "http"
    await new(scope, receive, send)
