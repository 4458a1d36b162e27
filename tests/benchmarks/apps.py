"""The smallest useful app on each side, the gateway over both, and the Flask app behind plain a2wsgi."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from typing import Any

from a2wsgi import WSGIMiddleware
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from flask import Flask, Response, jsonify, request
from starlette.types import Receive, Scope, Send

from gateway import Gateway
from gateway.bridge.environ import build_environ
from gateway.bridge.request_body import MAX_MEMORY_BYTES, Spool, read_body

SMALL = {"id": 7, "message": "hello"}
TEN_KB = {"rows": [{"id": number, "name": f"row {number}", "price": "1.10", "done": False} for number in range(170)]}
PIECE = b"x" * 65536

new = FastAPI()
legacy = Flask(__name__)
legacy.json.sort_keys = False  # type: ignore[attr-defined]  # of DefaultJSONProvider


@new.get("/new")
async def new_small() -> JSONResponse:
    return JSONResponse(SMALL)


@legacy.get("/small")
def small() -> Response:
    return jsonify(SMALL)


@legacy.get("/10kb")
def ten_kb() -> Response:
    return jsonify(TEN_KB)


@legacy.get("/download")
def download() -> Response:
    def pieces() -> Iterator[bytes]:
        for _ in range(16):
            yield PIECE

    return Response(pieces(), headers={"Content-Length": str(16 * len(PIECE))})


@legacy.get("/long")
def long() -> Response:
    """200 MB: more than any buffer holds for a client that does not read."""
    return Response(PIECE for _ in range(3200))


@legacy.post("/upload")
def upload() -> str:
    return str(len(request.get_data()))


@legacy.get("/sleep")
def sleep() -> str:
    time.sleep(0.2)
    return "slept"


@legacy.get("/burn")
def burn() -> str:
    """20 ms of this thread's CPU, however long that takes."""
    end = time.thread_time() + 0.02
    while time.thread_time() < end:
        pass
    return "burnt"


routes = {"GET /new": "new"}
gateway = Gateway.of_apps(legacy=legacy, new=new, routes=routes)
plain = FastAPI()
plain.get("/new")(new_small)
plain.mount("/", WSGIMiddleware(legacy))  # type: ignore[arg-type]  # a2wsgi types ASGI in words of its own


SPOOL = Spool(2 * MAX_MEMORY_BYTES, 100 * MAX_MEMORY_BYTES)


async def inline(scope: Scope, receive: Receive, send: Send) -> None:
    """The Flask app on the event loop itself: it blocks everybody else; a bridge can hardly use less CPU."""
    if scope["type"] == "lifespan":
        return
    body = await read_body(scope, dict(scope["headers"]), receive, SPOOL) if scope["method"] == "POST" else io.BytesIO()
    head: list[Any] = []

    def start_response(*status_and_headers: Any) -> Any:
        head[:] = status_and_headers

    pieces = legacy(build_environ(scope, body), start_response)
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in head[1]]
    await send({"type": "http.response.start", "status": int(head[0][:3]), "headers": headers})
    for piece in pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body"})
    if close := getattr(pieces, "close", None):
        close()


BODIES = {
    "/small": [json.dumps(SMALL).encode()],
    "/10kb": [json.dumps(TEN_KB).encode()],
    "/download": [PIECE] * 16,
}


async def floor(scope: Scope, receive: Receive, send: Send) -> None:
    """The same bytes by the least that an ASGI app can do: what no bridge under uvicorn can save."""
    if scope["type"] == "lifespan":
        return
    received, more = 0, scope["method"] == "POST"
    while more:
        message = await receive()
        received, more = received + len(message["body"]), message["more_body"]
    bodies = BODIES.get(scope["path"]) or [b"%d" % received]
    headers = [(b"content-length", b"%d" % sum(map(len, bodies)))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for body in bodies[:-1]:
        await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body", "body": bodies[-1]})
