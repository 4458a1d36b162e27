"""What the gateway learns from an answer on its way out, and the two headers that it may add. Bodies pass untouched."""

from __future__ import annotations

import time
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..config.map_file import MigrationMap
from ..http.scope import client_address
from ..routing.route import Backend
from ..routing.table import Match
from . import access_log


class Answer:
    """One answer of a side, watched until its end."""

    def __init__(self, match: Match, backend: Backend, map_: MigrationMap, path: str) -> None:
        self._match = match
        self._backend = backend
        self._map = map_
        self._path = path
        self._status: int | None = None
        self._error: str | None = None

    async def serve(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Let `app` answer, then log the request. Its exceptions pass through."""

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._status = message["status"]
                message = {**message, "headers": list(self._headers(message.get("headers", ())))}
            await send(message)

        began = time.perf_counter()
        try:
            await app(scope, receive, watched)
        except Exception as error:
            self._error = type(error).__name__
            raise
        finally:
            if access_log.enabled():
                access_log.write(self._line(scope, time.perf_counter() - began))

    def _headers(self, headers: Iterable[tuple[bytes, bytes]]) -> Iterable[tuple[bytes, bytes]]:
        allow = set(self._match.allow)
        for name, value in headers:
            if allow and name.lower() == b"allow":
                allow |= {method.strip() for method in value.decode("latin-1").split(",") if method.strip()}
            else:
                yield name, value
        if allow:
            yield b"allow", ", ".join(sorted(allow)).encode("latin-1")
        if self._map.served_by_header:
            yield b"x-served-by", self._backend.value.encode()

    def _line(self, scope: Scope, seconds: float) -> access_log.AccessLine:
        route = self._match.route
        return access_log.AccessLine(
            request_id=access_log.request_id(scope),
            client=client_address(scope),
            method=scope["method"],
            path=self._path,
            status=self._status,
            side=self._backend.value,
            route=route.key if route else None,
            mode=route.mode.value if route and route.listed else "default",
            map=self._map.version,
            ms=round(seconds * 1000, 2),
            error=self._error,
        )
