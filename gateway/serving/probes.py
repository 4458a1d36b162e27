"""The gateway's own answers, under its reserved prefix: is the process alive, and may it get traffic."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from ..bridge import Gauges
from ..config.map_file import MigrationMap
from ..routing.route import RESERVED_PREFIX

MAX_FAULTS = 20
"""Faults of a map that the probe names; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Status:
    """What the probes tell: `ready` is False until both apps are up, and again once the process is stopping."""

    ready: bool
    legacy: str
    new: str
    map: MigrationMap
    """The map in force."""
    faults: tuple[str, ...]
    """Where the newest map file is wrong; the one above is still in force. What is wrong is in the log alone: a
    message may quote a value of the map, and anybody may ask a probe."""
    bridge: Gauges | None = None
    """How busy the Flask app's workers are; None while none has run."""
    gauges: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def probes(status: Callable[[], Status]) -> Mapping[str, ASGIApp]:
    """Return the apps of `/health` (200 while the process lives) and `/ready` (503 until it may serve)."""

    async def health(scope: Scope, _receive: Receive, send: Send) -> None:
        await _answer_get(scope, send, 200, {"live": True})

    async def ready(scope: Scope, _receive: Receive, send: Send) -> None:
        now = status()
        faults = {"count": len(now.faults), "at": now.faults[:MAX_FAULTS]}
        map_ = {"path": now.map.path, "version": now.map.version, "routes": len(now.map.routes), "faults": faults}
        body = {
            "ready": now.ready,
            "legacy": now.legacy,
            "new": now.new,
            "map": map_,
            "bridge": None if now.bridge is None else asdict(now.bridge),
            **now.gauges,
        }
        await _answer_get(scope, send, 200 if now.ready else 503, body)

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
