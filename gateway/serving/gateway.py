"""The gateway: one ASGI app over two. It reads a request, picks a side and hands everything over untouched."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol, runtime_checkable
from wsgiref.types import ErrorStream

from starlette.types import ASGIApp, Receive, Scope, Send

from ..apps.project import Project, load_parsed
from ..bridge import WSGIBridge
from ..config.map_file import decode_map, parse_map, parse_routes, read_map
from ..errors import Fault, MapError
from ..routing.route import RESERVED_PREFIX, Backend
from .access_log import AccessLog
from .asgi_only import ASGIOnly
from .interpreter import made_to_stay
from .lifespan import Lifespan
from .line_writer import LineWriter
from .map_watcher import MapWatcher
from .observing import Observer, serve_observed, wanted_by
from .probes import not_found, probes
from .response_headers import adding_headers

LOGGER = logging.getLogger("gateway")
MAX_FAULTS = 20
"""Faults of a map that a probe names; the rest is counted."""
STOP_SECONDS = 5.0
"""Time that services get at the end of the process; one that takes a fifth more is left behind."""


@runtime_checkable
class Service(Protocol):
    """Something that the gateway starts once both apps are up and stops before they go down."""

    async def start(self) -> None:
        """Begin; must not take long, for the server waits."""

    async def stop(self, seconds: float) -> None:
        """End within this time; what is not done by then is given up."""


class Gateway:
    """Serves each request by the side that the map says. `create_app` makes it from a file."""

    def __init__(
        self,
        project: Project,
        *,
        observers: Iterable[Observer] = (),
        services: Iterable[Service] = (),
        reserved: Mapping[str, ASGIApp] | None = None,
        gauges: Mapping[str, Callable[[], Mapping[str, int]]] | None = None,
        errors: ErrorStream | None = None,
    ) -> None:
        """Serve a project, its requests watched by these `observers`.

        `services` run from the start of both apps to their end. `reserved` mounts apps below `/_gateway`, by what
        follows that prefix: `{"/metrics": app}`; a name that ends with a slash has all that is below it too.
        `gauges` are shown by `/_gateway/ready`. `errors` is the Flask app's `wsgi.errors`, stderr where it is None.
        """
        self._project = project
        self._call: Callable[..., Any] = ASGIOnly(Gateway._answer, self)
        legacy = project.legacy
        self._bridge = None if legacy is None else WSGIBridge(legacy, limits=project.map.limits, errors=errors)
        self._legacy = self._bridge and self._bridge.answer
        self._observers = tuple(observers)
        self._gauges = dict(gauges or {})
        self._services = list(services)
        self._started: list[Service] = []
        self._reserved = {**probes(lambda: self.status), **(reserved or {})}
        self._faults: tuple[Fault, ...] = ()
        self._up = False

    @classmethod
    def of_apps(
        cls,
        legacy: Any = None,
        new: ASGIApp | None = None,
        routes: Mapping[str, Any] | None = None,
        default: str = "legacy",
        observers: Iterable[Observer] = (),
    ) -> Gateway:
        """Return a gateway without a file. `legacy` is a WSGI callable, `new` an ASGI one.

        `routes` is what stands under `[routes]` in a file. Raises MapError with every fault of the routes.
        """
        return cls(Project.of(parse_routes(routes or {}, default), legacy, new), observers=observers)

    @property
    def project(self) -> Project:
        """The map in force with its apps and its table; replaced whole when the map changes."""
        return self._project

    @property
    def status(self) -> dict[str, Any]:
        """The answer of `/_gateway/ready`: `ready` from when both apps are up until the process is stopping."""
        sides = self._bridge, self._project.new
        legacy, new = ("absent" if side is None else "up" if self._up else "down" for side in sides)
        map_, bridge = self._project.map, None if self._bridge is None else self._bridge.gauges
        # Where the newest file is wrong; what is wrong may quote a value of the map, and anybody may ask a probe.
        faults = {"count": len(self._faults), "at": [fault.location for fault in self._faults[:MAX_FAULTS]]}
        return {
            "ready": self._up,
            "legacy": legacy,
            "new": new,
            "map": {"path": map_.path, "version": map_.version, "routes": len(map_.routes), "faults": faults},
            "bridge": bridge and asdict(bridge),
            **{name: read() for name, read in self._gauges.items()},
        }

    def follow(self, path: Path, text: bytes, last_good: Path | None = None) -> None:
        """Put each good change of this file in force while serving, and keep a copy of it in `last_good`.

        `text` is what was last read of the file, or what is in force instead of it.
        """
        watcher = MapWatcher(path, text, lambda changed: self._change_map(path, changed, last_good), self._refuse)
        self._services.append(watcher)

    @property
    def __call__(self) -> ASGIApp:
        """Serve one connection. Exceptions are the side's own and pass through to the server."""
        return self._call

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await Lifespan(self._project.new, self._start, self._stop)(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        project = self._project  # one read: a request sees one map from its head to its end
        decision = project.table.decide(scope)
        if decision.path.startswith(RESERVED_PREFIX) and (mounted := self._mounted(decision.path)) is not None:
            await (mounted if scope["type"] == "http" else refuse_websocket)(scope, receive, send)
            return
        side = project.new if decision.backend is Backend.NEW else self._legacy
        if side is not project.new and scope["type"] == "websocket":
            side = refuse_websocket  # WSGI has none
        assert side is not None, "a map whose sides are not all there is refused"
        observers = wanted_by(self._observers, decision, scope)
        if decision.allow or project.map.served_by_header:
            send = adding_headers(send, decision, served_by=project.map.served_by_header)
        if observers:
            await serve_observed(side, decision, observers, scope, receive, send)
        else:
            await side(scope, receive, send)

    def _mounted(self, path: str) -> ASGIApp | None:
        """Return the reserved app for a path; None for a path that only begins like the prefix."""
        below = path.removeprefix(RESERVED_PREFIX)
        if below and not below.startswith("/"):
            return None
        names = [name for name in self._reserved if below == name or (name.endswith("/") and below.startswith(name))]
        return self._reserved[max(names, key=len)] if names else not_found

    async def _start(self) -> None:
        self._call = self._answer  # the server speaks ASGI: no call need be looked at any more
        self._project = self._project.once_started()
        _tell_kept(self._project)
        for service in self._services:
            try:
                await service.start()
            except BaseException:
                await self._stop()
                raise
            self._started.append(service)
        self._up = True

    async def _stop(self) -> None:
        """Stop every service that was started; one that fails or hangs keeps neither others nor apps from it."""
        self._up = False
        if self._bridge is not None:
            self._bridge.close()
        stopping = (asyncio.wait_for(service.stop(STOP_SECONDS), 1.2 * STOP_SECONDS) for service in self._started)
        for service, ended in zip(self._started, await asyncio.gather(*stopping, return_exceptions=True), strict=True):
            if isinstance(ended, BaseException):
                LOGGER.error("%s did not stop: %s: %s", type(service).__name__, type(ended).__name__, ended)
        self._started.clear()

    def _change_map(self, path: Path, text: bytes, last_good: Path | None) -> None:
        """Put a map in force, or refuse it and say why. Called in the watcher's thread."""
        try:
            with made_to_stay():
                project = self._project.with_map(parse_map(decode_map(text, path), str(path)))
        except MapError as error:
            self._refuse(error.faults)
        except Exception as error:  # noqa: BLE001 - whatever a file does to its readers, the next one is read too
            self._refuse((Fault(str(path), None, "", f"cannot be read: {type(error).__name__}: {error}"),))
        else:
            self._project = project
            self._faults = ()
            _keep(text, last_good)
            LOGGER.info("map version %s is in force", project.map.version)
            _tell_kept(project)

    def _refuse(self, faults: tuple[Fault, ...]) -> None:
        self._faults = faults
        for fault in faults:
            LOGGER.error("map refused, version %s stays in force: %s", self._project.map.version, fault)


def _tell_kept(project: Project) -> None:
    """Warn of lines that ask for what the new app, as it is loaded, does not have: a flip would seem to do nothing."""
    if kept := project.kept_by_flask:
        named = ", ".join(kept[:5]) + (f" and {len(kept) - 5} more" if len(kept) > 5 else "")
        LOGGER.warning(
            "Flask goes on answering, for the new app has no such route: %s; restart to load a newer one", named
        )


async def refuse_websocket(_scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a handshake with 403, as a server answers one that is closed before it is accepted."""
    await receive()
    await send({"type": "websocket.close", "code": 1000})


def create_app(
    path: str | Path = "migration_map.toml",
    *,
    watch: bool = True,
    access_log: bool = False,
    observers: Iterable[Observer] = (),
    services: Iterable[Service] = (),
    errors: ErrorStream | None = None,
    last_good: Path | None = None,
) -> Gateway:
    """Return the gateway of a map file, an ASGI app for any server.

    It follows the file while it serves, if `watch`, and writes a JSON line a request on stdout, if `access_log`: a
    reader that stalls delays no answer, lines are dropped and counted in `/_gateway/ready`. `errors` is the Flask app's
    `wsgi.errors`, stderr where it is None. `last_good` is a file in which workers of one service keep the newest good
    text: one that starts while the map is bad serves by that. Raises MapError with every fault of the map,
    ImportAppError when it names no app.
    """
    try:
        text = read_map(path)
        project = load_parsed(parse_map(decode_map(text, path), str(path)))
    except MapError:
        if last_good is None or not last_good.is_file():
            raise
        text = last_good.read_bytes()
        project = load_parsed(parse_map(decode_map(text, path), str(path)))
    _keep(text, last_good)
    watching, gauges = list(observers), {}
    if access_log:
        writer = LineWriter(sys.stdout)
        watching.insert(0, AccessLog(writer.write))
        gauges["access_log"] = lambda: {"dropped": writer.dropped}
    running = (*services, *(one for one in watching if isinstance(one, Service)))
    gateway = Gateway(project, observers=watching, services=running, gauges=gauges, errors=errors)
    if watch:
        gateway.follow(Path(path), text, last_good)
    return gateway


def _keep(text: bytes, last_good: Path | None) -> None:
    """Write the copy whole or not at all: another process may be reading it. A full disk costs the copy alone."""
    if last_good is not None:
        written = last_good.with_name(f"{last_good.name}.{os.getpid()}")
        try:
            written.write_bytes(text)
            written.replace(last_good)
        except OSError as error:
            LOGGER.warning("the map in force could not be copied to %s: %s", last_good, error.strerror)
