"""A Flask app that waits, streams and hangs as it is told to, behind the bridge; beside it a plain ASGI side that
tells what is held, which no worker of the bridge can delay."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

import flask
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from gateway.bridge import BridgeLimits, WSGIBridge, scheduler

BLOCK = 16 * 1024
NAMES = ("begun", "torn_down", "closed", "opened", "ended", "held", "uploads", "whole")

legacy = flask.Flask(__name__)
gate = threading.Event()
"""Held views wait for it."""


class Tally:
    """Counts by name, from any thread."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, name: str) -> None:
        with self._lock:
            self._counts[name] += 1

    def shown(self) -> dict[str, int]:
        with self._lock:
            return {name: self._counts[name] for name in NAMES}


tally = Tally()


def blocks(seed: int, count: int) -> Iterator[bytes]:
    """A body of which no two blocks are alike, so that none can be lost, doubled or exchanged unseen."""
    return (sha256(b"%d/%d" % (seed, index)).digest() * (BLOCK // 32) for index in range(count))


# --- the Flask app ---


@legacy.before_request
def count_begun() -> None:
    tally.add("begun")


@legacy.teardown_request
def count_torn_down(_error: BaseException | None) -> None:
    tally.add("torn_down")


@legacy.after_request
def count_closed(response: flask.Response) -> flask.Response:
    response.call_on_close(lambda: tally.add("closed"))
    return response


@legacy.get("/ping")
def ping() -> str:
    return "pong"


@legacy.get("/held")
def held() -> str:
    tally.add("held")
    return "let go" if gate.wait(600) else "forgotten"


@legacy.get("/slow/<float:seconds>")
def slow(seconds: float) -> str:
    threading.Event().wait(seconds)
    return "slow but whole"


@legacy.get("/until/<path:file>")
def until(file: str) -> str:
    """Answers once the file is there."""
    while not Path("/", file).exists():
        threading.Event().wait(0.02)
    return "late but whole"


@legacy.get("/download/<int:seed>/<int:count>")
def download(seed: int, count: int) -> flask.Response:
    return flask.Response(counted(blocks(seed, count)), headers={"Content-Length": str(count * BLOCK)})


@legacy.post("/upload")
def upload() -> dict[str, object]:
    tally.add("uploads")
    digest, length = sha256(), 0
    while piece := flask.request.stream.read(64 * 1024):
        digest.update(piece)
        length += len(piece)
    tally.add("whole")
    return {"length": length, "sha256": digest.hexdigest()}


@legacy.post("/too_large")
def too_large() -> tuple[str, int]:
    """Refuses a body without a look at it."""
    return "too large", 413


@legacy.post("/echo")
def echo() -> flask.Response:
    """Answers while it reads."""
    stream = flask.request.stream
    return flask.Response(iter(lambda: stream.read(10_000), b""))


@legacy.post("/lines")
def read_lines() -> dict[str, object]:
    stream = flask.request.stream
    first, some = stream.readline(), stream.readlines(100)
    rest = [*stream]
    return {"first": len(first), "some": len(some), "rest": len(rest), "end": len(stream.read())}


@legacy.route("/stream/<kind>", methods=["GET", "POST"])
def stream(kind: str) -> flask.Response:
    """Never ends: "fast" yields crumbs at once, "big" whole blocks, "slow" a line 50 times a second."""
    return flask.Response(counted({"fast": crumbs, "big": lambda: blocks(0, 10**9), "slow": lines}[kind]()))


def crumbs() -> Iterator[bytes]:
    while True:
        yield b"crumb"


def lines() -> Iterator[bytes]:
    while True:
        threading.Event().wait(0.02)
        yield b"line\n"


def counted(chunks: Iterator[bytes]) -> Iterator[bytes]:
    tally.add("opened")
    try:
        yield from chunks
    finally:
        tally.add("ended")
        sys.stderr.write("a stream has ended\n")


@legacy.get("/ask_itself")
def ask_itself() -> dict[str, int]:
    """What this very service answers to a request that one of its views makes, once all have begun."""
    tally.add("held")
    gate.wait(600)
    connection = http.client.HTTPConnection("127.0.0.1", int(flask.request.environ["SERVER_PORT"]), timeout=600)
    try:
        connection.request("GET", "/slow/0.1", headers={"Connection": "close"})
        return {"inner": connection.getresponse().status}
    finally:
        connection.close()


@legacy.get("/stuck/<how>")
def stuck(how: str) -> str:
    """Never answers, whatever becomes of its client."""
    tally.add("held")
    if how == "spinning":
        while True:
            pass
    threading.Event().wait()
    return "never"


def endless_head(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """An endless body that nobody may see: by HEAD, or past its Content-Length."""
    start_response("200 OK", [("Content-Length", "5")])
    return counted(crumbs())


views: list[memoryview] = []


def keep_view(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Keeps the request body from being closed."""
    views.append(environ["wsgi.input"].getbuffer())
    start_response("200 OK", [])
    return [bytes(views[-1])]


RAW = {"/endless_head": endless_head, "/keep_view": keep_view}


def wsgi(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    return RAW.get(environ["PATH_INFO"], legacy)(environ, start_response)


# --- the ASGI side ---

scheduler.IDLE_THREAD_SECONDS = float(os.environ.get("IDLE_THREAD_SECONDS", scheduler.IDLE_THREAD_SECONDS))
bridge = WSGIBridge(wsgi, limits=BridgeLimits(**json.loads(os.environ.get("LIMITS", "{}"))))


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    path = scope.get("path", "")
    if path == "/new":
        await JSONResponse({"side": "new"})(scope, receive, send)
    elif path.startswith("/control/"):
        await JSONResponse(control(path))(scope, receive, send)
    elif scope.get("query_string") == b"send=fails":
        await bridge(scope, receive, failing(send))
    elif scope.get("query_string") == b"cancelled":
        await cancelled(scope, receive, send)
    else:
        await bridge(scope, receive, send)


def control(path: str) -> dict[str, object]:
    if path == "/control/open":
        gate.set()
    elif path == "/control/shut":
        gate.clear()
    elif path == "/control/no_threads":
        threading.stack_size(1 << 45)  # more than there is: no thread can start
    elif path == "/control/threads":
        threading.stack_size(0)
    gauges = asdict(bridge.gauges)
    names = [thread.name for thread in threading.enumerate()]
    return {"pid": os.getpid(), "gauges": gauges, "tally": tally.shown(), "threads": names}


async def cancelled(scope: Scope, receive: Receive, send: Send) -> None:
    """A request that its server cancels, soon after its answer has begun."""
    async with asyncio.timeout(None) as limit:

        async def send_and_reckon(message: Message) -> None:
            await send(message)
            if message["type"] == "http.response.start":
                limit.reschedule(asyncio.get_running_loop().time() + 0.1)

        await bridge(scope, receive, send_and_reckon)


def failing(send: Send) -> Send:
    """A `send` whose server fails at the third message."""
    sent = 0

    async def send_twice(message: Message) -> None:
        nonlocal sent
        sent += 1
        if sent == 3:
            raise RuntimeError("the server has failed")
        await send(message)

    return send_twice
