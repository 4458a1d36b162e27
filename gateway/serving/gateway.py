"""The gateway: one ASGI app over two. It reads a request, picks a side and hands everything over untouched."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from ..apps.loading import import_app, url_map_of
from ..bridge import WSGIBridge
from ..config.map_file import MigrationMap, ParsedMap, decode_map, parse_map, parse_routes, read_map
from ..errors import Fault, ImportAppError, MapError
from ..http.scope import first_header, path_of
from ..routing import canary
from ..routing.route import Backend
from ..routing.table import Match, RouteTable
from . import access_log
from .lifespan import Lifespan
from .map_watcher import changes
from .probes import Status, answer_probe, is_reserved
from .response_headers import Answer

LOGGER = logging.getLogger("gateway")


@dataclass(frozen=True, slots=True)
class Live:
    """What is in force; swapped whole, in one assignment, so a request sees one map from its head to its end."""

    map: MigrationMap
    table: RouteTable


class Gateway:
    """Serves each request by the side that the map says. `create_app` builds it from a file."""

    def __init__(
        self,
        *,
        legacy: Any = None,
        new: ASGIApp | None = None,
        routes: Mapping[str, Any] | ParsedMap | None = None,
        default: str = "legacy",
    ) -> None:
        """`legacy` is a WSGI callable, `new` an ASGI one; `routes` is what stands under `[routes]` in a file.

        Raises MapError with every fault of the routes.
        """
        draft = routes if isinstance(routes, ParsedMap) else parse_routes(routes or {}, default)
        self._bridge = None if legacy is None else WSGIBridge(legacy, limits=draft.map.limits)
        self._sides: dict[Backend, ASGIApp | None] = {Backend.LEGACY: self._bridge, Backend.NEW: new}
        self.legacy = legacy
        self.new = new
        self._url_map = url_map_of(legacy)
        self._live = self._compile(draft)
        self._faults: tuple[Fault, ...] = ()
        self._up = False
        self._source: tuple[Path, bytes] | None = None
        self._watching: asyncio.Task[None] | None = None

    @property
    def live(self) -> Live:
        """The map and the table in force."""
        return self._live

    @property
    def status(self) -> Status:
        """What `/_gateway/ready` tells."""
        up = "up" if self._up else "down"
        legacy, new = ("absent" if side is None else up for side in self._sides.values())
        in_force = self._live.map
        faults = tuple(str(fault) for fault in self._faults)
        gauges = None if self._bridge is None else self._bridge.gauges
        return Status(self._up, legacy, new, in_force.path, in_force.version, len(in_force.routes), faults, gauges)

    def follow(self, path: Path, text: bytes) -> None:
        """While serving, put each good change of this file in force; `text` is what was last read of it."""
        self._source = (path, text)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection. Exceptions are the side's own and pass through to the server."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        elif scope["type"] == "lifespan":
            await Lifespan(self._sides[Backend.NEW], self._start, self._stop)(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        live = self._live
        path = path_of(scope)
        if is_reserved(path):
            await answer_probe(self.status, path, scope, send)
            return
        match = live.table.match(scope["method"], path)
        if match.route is None and scope["method"] == "OPTIONS":
            match = _options(live.table, match, path, scope)
        backend = match.backend or (live.table.default if match.route is None else canary.choose(match.route, scope))
        side = self._sides[backend]
        assert side is not None, "a map whose sides are not all there is refused"
        if match.allow or live.map.served_by_header or access_log.enabled():
            await Answer(match, backend, live.map, path).serve(side, scope, receive, send)
        else:
            await side(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """WSGI has no websockets: they are the new side's, listed or not."""
        new = self._sides[Backend.NEW]
        if new is not None:
            await new(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1000})

    def _start(self) -> None:
        self._up = True
        if self._source is not None:
            self._watching = asyncio.get_running_loop().create_task(self._follow(*self._source))

    def _stop(self) -> None:
        self._up = False
        if self._watching is not None:
            self._watching.cancel()
        if self._bridge is not None:
            self._bridge.close()

    async def _follow(self, path: Path, last: bytes) -> None:
        async for text in changes(path, last):
            try:
                self._live = self._changed(parse_map(decode_map(text, path), str(path)))
            except MapError as error:
                self._refuse(error.faults)
            except Exception as error:  # noqa: BLE001 - whatever a file does to its readers, the next one is read too
                self._refuse((Fault(str(path), None, "", f"cannot be read: {type(error).__name__}: {error}"),))
            else:
                self._faults = ()
                LOGGER.info("map version %s is in force", self._live.map.version)

    def _refuse(self, faults: tuple[Fault, ...]) -> None:
        self._faults = faults
        for fault in faults:
            LOGGER.error("map refused, version %s stays in force: %s", self._live.map.version, fault)

    def _changed(self, draft: ParsedMap) -> Live:
        """As `_compile`, for a process whose apps are loaded already."""
        now = self._live.map
        keys = {"gateway.legacy": "legacy", "gateway.new": "new", "bridge": "limits"}
        moved = [key for key, name in keys.items() if getattr(draft.map, name) != getattr(now, name)]
        faults = tuple(
            Fault(draft.map.path, None, key, "a change here needs a restart; put the old value back until then")
            for key in moved
        )
        return self._compile(replace(draft, faults=draft.faults + faults))

    def _compile(self, draft: ParsedMap) -> Live:
        """Raises MapError with the faults of the text, of the rules and of the sides together."""
        faults = [*draft.faults, *self._missing_sides(draft.map)]
        try:
            table = RouteTable.compile(draft.map.routes, default=draft.map.default, url_map=self._url_map)
        except MapError as error:
            raise MapError((*faults, *error.faults)) from None
        if faults:
            raise MapError(tuple(faults))
        return Live(draft.map, table)

    def _missing_sides(self, map_: MigrationMap) -> Iterator[Fault]:
        absent = {backend for backend, side in self._sides.items() if side is None}
        if map_.default in absent:
            yield Fault(
                map_.path, None, "gateway.default", f"there is no {map_.default.value} app to answer by default"
            )
        for route in map_.routes:
            for backend in route.mode.needs & absent:
                yield route.fault(f'"{route.mode.value}" needs a {backend.value} app; name one under [gateway]')


def create_app(path: str | Path = "migration_map.toml", *, watch: bool = True) -> Gateway:
    """The gateway of a map file, an ASGI app for any server. While it serves it follows the file, unless told not to.

    Raises MapError with every fault of the map, ImportAppError when it names no app.
    """
    text = read_map(path)
    draft = parse_map(decode_map(text, path), str(path))
    legacy, new = import_sides(draft)
    gateway = Gateway(legacy=legacy, new=new, routes=draft)
    if watch:
        gateway.follow(Path(path), text)
    return gateway


def import_sides(draft: ParsedMap) -> tuple[Any, ASGIApp | None]:
    """The two apps that a map names. A name that fails is reported together with the map's other faults."""
    try:
        legacy, new = (
            None if name is None else import_app(name, f"gateway.{key}")
            for key, name in (("legacy", draft.map.legacy), ("new", draft.map.new))
        )
    except ImportAppError as error:
        if not draft.faults:
            raise
        raise MapError((*draft.faults, Fault(draft.map.path, None, "", str(error)))) from error
    return legacy, new


def _options(table: RouteTable, match: Match, path: str, scope: Scope) -> Match:
    """A CORS preflight goes where the request that it asks for would go."""
    asked = first_header(scope, b"access-control-request-method")
    return match if asked is None else table.match(asked.decode("latin-1"), path)
