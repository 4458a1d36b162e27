"""The words of routing: Backend, Mode, Route. Values only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from ..errors import Fault

WEBSOCKET = "WS"
"""The pseudo-method of a websocket handshake, as the map writes it."""
METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", WEBSOCKET}
    | {"PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "SEARCH"}
)
"""Those of RFC 9110, RFC 5789, WebDAV's, and the pseudo-method of websockets; others are known once an app has them."""
RESERVED_PREFIX = "/_gateway"
_CUSTOMARY = "GET HEAD POST PUT PATCH DELETE"


class Backend(Enum):
    """An implementation that can serve a request."""

    LEGACY = "legacy"
    NEW = "new"


class Mode(Enum):
    """The life of a route, in this order."""

    LEGACY = "legacy"
    CANARY = "canary"
    NEW = "new"

    @property
    def backends(self) -> frozenset[Backend]:
        """The backends whose answers clients see."""
        return _BACKENDS[self]


_BACKENDS = {
    Mode.LEGACY: frozenset({Backend.LEGACY}),
    Mode.CANARY: frozenset({Backend.LEGACY, Backend.NEW}),
    Mode.NEW: frozenset({Backend.NEW}),
}
FUTURE_MODES = {"shadow": 'mirrors nothing yet; it comes with live rollout; write "legacy"'}
"""Words that are no modes yet, with what is said of them."""


@dataclass(frozen=True, slots=True)
class SourceLine:
    """Say where a route was written: for faults, never for routing."""

    path: str = "<routes>"
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """One entry of the map, or (`listed=False`) a rule of the Flask app that the map does not name."""

    methods: frozenset[str] | None
    """Upper case, HEAD wherever GET is; None is every method."""
    rule: str
    mode: Mode
    percent: float = 0.0
    """Of a canary: the share of sticky keys that the new side answers, 0 to 100."""
    sticky: str = "client"
    """Of a canary: `client`, `cookie:NAME` or `header:NAME`, which keeps a client on its side."""
    listed: bool = True
    source: SourceLine = SourceLine()

    @property
    def key(self) -> str:
        """Return the route as the map writes it: `GET,POST /feedback`, or the bare rule for every method."""
        return route_key(self.methods, self.rule)

    @property
    def backend(self) -> Backend | None:
        """Return the one backend that answers, or None where a canary has to choose."""
        (first, *more) = self.mode.backends
        return None if more else first

    def fault(self, message: str) -> Fault:
        """Return a fault at the line where the route was written."""
        return Fault(self.source.path, self.source.line, f'routes."{self.key}"', message)


def is_reserved(rule: str) -> bool:
    """Tell whether a rule is the gateway's own prefix, or below it."""
    return f"{rule}/".startswith(f"{RESERVED_PREFIX}/")


def route_key(methods: Iterable[str] | None, rule: str) -> str:
    """Return `METHODS RULE` as the map writes it; GET implies HEAD."""
    return rule if methods is None else f"{','.join(format_methods(methods))} {rule}"


def format_methods(methods: Iterable[str]) -> list[str]:
    """Return the methods in the customary order, without the HEAD that GET implies."""
    names = set(methods)
    return sorted(names - {"HEAD"} if "GET" in names else names, key=lambda name: (_CUSTOMARY.find(name) % 99, name))
