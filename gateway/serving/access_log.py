"""One structured line a request: a JSON object on the logger `gateway.access`. Queries stay out: they hold secrets."""

from __future__ import annotations

import json
import logging
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from starlette.types import Scope

from ..http.scope import client_address, first_header
from ..routing.decision import Decision
from .observing import NOTHING_OF_BODIES, Capture, Served

LOGGER = logging.getLogger("gateway.access")


@dataclass(frozen=True, slots=True)
class AccessLine:
    """What one request came to."""

    request_id: str
    """The client's or proxy's X-Request-ID (at most 128 characters of it), else 16 random hexadecimal digits."""
    client: str | None
    method: str
    path: str
    status: int | None
    """None when the connection ended before any answer."""
    side: str
    route: str | None
    """The route as the map writes it; None where neither the map nor the Flask app names the path."""
    mode: str
    """The route's mode; `default` for what the map does not list."""
    map: str
    """Version of the map that routed the request."""
    ms: float
    """From the request's head to the end of the answer, in milliseconds."""
    error: str | None = None
    """Type of the exception that the side let out."""


class AccessLog:
    """An observer that logs each request; where nobody reads the logger it wants none."""

    def wants(self, _decision: Decision, _scope: Scope) -> Capture | None:
        """Return that the head is enough, or None while the logger is silent."""
        return NOTHING_OF_BODIES if LOGGER.isEnabledFor(logging.INFO) else None

    def finished(self, served: Served) -> None:
        """Log the line with the time of its writing (UTC, ISO 8601), absent fields left out."""
        decision, scope, route = served.decision, served.scope, served.decision.route
        line = AccessLine(
            request_id=request_id(scope),
            client=client_address(scope),
            method=decision.method,
            path=decision.path,
            status=served.status,
            side=decision.backend.value,
            route=route.key if route else None,
            mode=route.mode.value if route and route.listed else "default",
            map=decision.map_version,
            ms=round(served.seconds * 1000, 2),
            error=type(served.error).__name__ if isinstance(served.error, Exception) else None,
        )
        fields = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), **asdict(line)}
        LOGGER.info(json.dumps({name: value for name, value in fields.items() if value is not None}))


def request_id(scope: Scope) -> str:
    """Return the id that the request came with, or a new one."""
    given = first_header(scope, b"x-request-id")
    return given.decode("latin-1")[:128] if given else secrets.token_hex(8)
