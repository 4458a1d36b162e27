"""One structured line a request: a JSON object. Queries stay out: they hold secrets.

A line costs some two microseconds on the event loop: what is the same for every request of a route is formatted once,
request ids are drawn in batches, the time is formatted once a millisecond, and writing is a thread's.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from json.encoder import encode_basestring_ascii as quoted

from starlette.types import Scope

from ..routing.decision import Decision
from ..routing.route import Backend, Route
from .observing import NOTHING_OF_BODIES, Capture, Served

MAX_REQUEST_ID_CHARS = 128
_IDS = 512
"""Request ids that are drawn at once."""
_MAX_FIXED = 10_000
"""Routes and methods whose part of a line is kept; beyond, all are formatted anew."""


class AccessLog:
    """An observer that gives a line for each request to `write`. Fields that are absent are left out of a line.

    | field | is |
    |---|---|
    | `time` | of the writing: UTC, ISO 8601 with milliseconds |
    | `request_id` | the client's or proxy's X-Request-ID (at most 128 characters), else 16 random hexadecimal digits |
    | `client`, `method`, `path` | the address as the server knows it; the path below `root_path`, without its query |
    | `status` | absent when the connection ended before any answer |
    | `side` | `legacy` or `new` |
    | `route` | as the map writes it; absent where neither the map nor the Flask app names the path |
    | `mode` | of the route; `default` for what the map does not list |
    | `map` | version of the map that routed the request |
    | `ms` | from the request's head to the end of the answer |
    | `error` | type of the exception that the side let out |
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        """Give each line with its line end to `write`, on the event loop: it must not block."""
        self._write = write
        self._ids: list[str] = []
        self._second = 0
        self._millisecond = 0
        self._minute_text = ""
        self._time_text = ""
        self._fixed: dict[tuple[int, bool, str], tuple[Route | None, str, str]] = {}

    def wants(self, _decision: Decision, _scope: Scope) -> Capture | None:
        """Return that the head is enough."""
        return NOTHING_OF_BODIES

    def finished(self, served: Served) -> None:
        """Write the request's line."""
        decision, scope, status, seconds, error, _, _ = served
        route, method, version = decision.route, decision.method, decision.map_version
        key = id(route), decision.backend is Backend.NEW, method
        fixed = self._fixed.get(key)
        if fixed is None or fixed[0] is not route or fixed[1] is not version:  # an id may be used again
            if len(self._fixed) >= _MAX_FIXED:
                self._fixed.clear()
            fixed = self._fixed[key] = route, version, _fixed_text(decision)
        client = scope.get("client")
        client_text = f'"client": {quoted(client[0])}, ' if client else ""
        status_text = f'"status": {status}, ' if status is not None else ""
        # A cancelled request has no error.
        error_text = f', "error": "{type(error).__name__}"' if isinstance(error, Exception) else ""
        self._write(
            f'{{"time": "{self._time()}", "request_id": {self._request_id(scope)}, {client_text}{fixed[2]}, '
            f'"path": {quoted(decision.path)}, {status_text}"ms": {seconds * 1000:.2f}{error_text}}}\n'
        )

    def _time(self) -> str:
        millisecond = time.time_ns() // 1_000_000
        if millisecond != self._millisecond:
            self._millisecond = millisecond
            second, rest = divmod(millisecond, 1000)
            if second != self._second:
                self._second = second
                self._minute_text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._time_text = f"{self._minute_text}.{rest:03d}+00:00"
        return self._time_text

    def _request_id(self, scope: Scope) -> str:
        """Return the id that the request came with, or a new one, as JSON."""
        for name, value in scope["headers"]:
            if name == b"x-request-id" and value:
                return quoted(value.decode("latin-1")[:MAX_REQUEST_ID_CHARS])
        if not self._ids:
            drawn = os.urandom(8 * _IDS).hex()
            self._ids = [f'"{drawn[at : at + 16]}"' for at in range(0, 16 * _IDS, 16)]
        return self._ids.pop()


def _fixed_text(decision: Decision) -> str:
    """Return the part of a line that is the same for all requests of a route and method."""
    route = decision.route
    fields = {
        "method": decision.method,
        "side": decision.backend.value,
        "route": None if route is None else route.key,
        "mode": route.mode.value if route is not None and route.listed else "default",
        "map": decision.map_version,
    }
    return ", ".join(f'"{name}": {quoted(value)}' for name, value in fields.items() if value is not None)
