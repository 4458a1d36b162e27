"""The gateway's own answers, under its reserved prefix: is the process alive, and may it get traffic."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from ..routing.route import RESERVED_PREFIX
from .http_protocol import STOPPING


def probes(status: Callable[[], dict[str, Any]]) -> Mapping[str, ASGIApp]:
    """Return the apps of `/health` (200 while the process lives) and `/ready` (503 until `status` says `ready`)."""

    async def health(scope: Scope, _receive: Receive, send: Send) -> None:
        await _answer_get(scope, send, 200, {"live": True})

    async def ready(scope: Scope, _receive: Receive, send: Send) -> None:
        body = status()
        if STOPPING in scope.get("extensions", ()):
            body["ready"] = False
        await _answer_get(scope, send, 200 if body["ready"] else 503, body)

    return {"/health": health, "/ready": ready}


async def not_found(scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer 404, for a path below the reserved prefix where nothing is mounted."""
    await _answer(scope, send, 404, {"error": f"the gateway has {RESERVED_PREFIX}/health and {RESERVED_PREFIX}/ready"})


async def _answer_get(scope: Scope, send: Send, status: int, body: dict[str, Any]) -> None:
    if scope["method"] in ("GET", "HEAD"):
        await _answer(scope, send, status, body)
    else:
        await _answer(scope, send, 405, {"error": "a probe is a GET"}, (b"allow", b"GET, HEAD"))


async def _answer(scope: Scope, send: Send, status: int, body: dict[str, Any], *headers: tuple[bytes, bytes]) -> None:
    content = (json.dumps(body) + "\n").encode()
    head = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
        (b"cache-control", b"no-store"),
        *headers,
    ]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})
