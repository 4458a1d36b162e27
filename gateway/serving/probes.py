"""The gateway's own answers, under its reserved prefix: is the process alive, and may it get traffic."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from starlette.types import Scope, Send

from ..bridge import Gauges
from ..routing.route import RESERVED_PREFIX


@dataclass(frozen=True, slots=True)
class Status:
    """What the probes tell: `ready` is False until both apps are up, and again once the process is stopping."""

    ready: bool
    legacy: str
    new: str
    map: str
    version: str
    routes: int
    faults: tuple[str, ...]
    """What is wrong with the newest map file; the version above is still in force."""
    bridge: Gauges | None = None
    """How busy the Flask app's workers are; None while none has run."""


def is_reserved(path: str) -> bool:
    """Whether the path belongs to the gateway itself."""
    return path.startswith(RESERVED_PREFIX) and path[len(RESERVED_PREFIX) :][:1] in ("", "/")


async def answer_probe(status: Status, path: str, scope: Scope, send: Send) -> None:
    """Answer `/_gateway/health` (200 while the process lives) and `/_gateway/ready` (503 until it may serve)."""
    code, body = _answer(status, path.removeprefix(RESERVED_PREFIX), scope["method"])
    content = (json.dumps(body) + "\n").encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
        (b"cache-control", b"no-store"),
        *([(b"allow", b"GET, HEAD")] if code == 405 else []),
    ]
    await send({"type": "http.response.start", "status": code, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})


def _answer(status: Status, path: str, method: str) -> tuple[int, dict[str, Any]]:
    if path not in ("/health", "/ready"):
        return 404, {"error": f"the gateway has {RESERVED_PREFIX}/health and {RESERVED_PREFIX}/ready"}
    if method not in ("GET", "HEAD"):
        return 405, {"error": "a probe is a GET"}
    if path == "/health":
        return 200, {"live": True}
    return (200 if status.ready else 503), {
        "ready": status.ready,
        "legacy": status.legacy,
        "new": status.new,
        "map": {
            "path": status.map,
            "version": status.version,
            "routes": status.routes,
            "faults": list(status.faults),
        },
        "bridge": None if status.bridge is None else asdict(status.bridge),
    }
