"""The smallest useful app on each side, the gateway over both, and the Flask app behind plain a2wsgi."""

from __future__ import annotations

import time
from collections.abc import Iterator

from a2wsgi import WSGIMiddleware
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from flask import Flask, Response, jsonify, request

from gateway import Gateway

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
gateway = Gateway(legacy=legacy, new=new, routes=routes)
plain = FastAPI()
plain.get("/new")(new_small)
plain.mount("/", WSGIMiddleware(legacy))  # type: ignore[arg-type]  # a2wsgi types ASGI in words of its own
