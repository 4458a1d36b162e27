"""A map with the two apps that it names, loaded once: what every command and the service work on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from ..config.map_file import MigrationMap, ParsedMap, decode_map, parse_map, read_map
from ..errors import Fault, ImportAppError, MapError
from ..routing.inventory import Inventory
from ..routing.route import Backend
from ..routing.table import RouteTable
from .inventory import Row, list_rows, take_inventory, with_new_side
from .loading import flask_app_of, import_app, is_asgi

_NEEDS_RESTART = {"gateway.legacy": "legacy", "gateway.new": "new", "bridge": "limits"}
"""Settings of the map that a running process has taken already, with the field that holds each."""


@dataclass(frozen=True)
class Project:
    """A map without faults, its apps, and the table that both give. `load_project` makes it from a file."""

    map: MigrationMap
    legacy: Any
    """The WSGI app; None where the map names none."""
    new: ASGIApp | None
    """The ASGI app; None where the map names none."""
    inventory: Inventory
    table: RouteTable

    @classmethod
    def of(cls, parsed: ParsedMap, legacy: Any, new: ASGIApp | None) -> Project:
        """Return the project of a parsed map and loaded apps.

        Raises MapError with the faults of the text, of the rules and of missing apps together.
        """
        inventory = take_inventory(legacy, new)
        table = _compiled(parsed.map, inventory, [*parsed.faults, *_missing_apps(parsed.map, legacy, new)])
        return cls(parsed.map, legacy, new, inventory, table)

    @property
    def root(self) -> Path:
        """The map's directory, from which relative paths of the map start."""
        return Path(self.map.path).parent

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Every route of both apps with what each has for it."""
        return list_rows(self.table, self.inventory)

    @property
    def kept_by_flask(self) -> tuple[str, ...]:
        """Keys of lines that ask for the new side where it has no such route, so that Flask goes on answering."""
        new_routes, is_asked = self.table.new_routes, self.inventory.has_legacy and bool(self.inventory.new)
        return tuple(
            route.key
            for at, (rule, route) in enumerate(self.table.entries)
            if is_asked and route.listed and Backend.NEW in route.mode.backends
            if not new_routes.of_entry(at)
            and any(new_routes.flask_has(rule, method) for method in route.methods or ("GET",))
        )

    def once_started(self) -> Project:
        """Return the project with the routes that the new app has now: its startup may have added some.

        Raises MapError as `of` does.
        """
        inventory = with_new_side(self.inventory, self.new)
        if inventory == self.inventory:
            return self
        return replace(self, inventory=inventory, table=_compiled(self.map, inventory, []))

    def with_map(self, parsed: ParsedMap) -> Project:
        """Return the project with another version of its map, the apps as they are loaded.

        Where only modes have changed the compiled matcher is kept. Raises MapError as `of` does, and where the map asks
        for what needs a restart.
        """
        restart = "a change here needs a restart; put the old value back until then"
        faults = list(parsed.faults)
        faults += (
            Fault(parsed.map.path, None, key, restart)
            for key, name in _NEEDS_RESTART.items()
            if getattr(parsed.map, name) != getattr(self.map, name)
        )
        faults += _missing_apps(parsed.map, self.legacy, self.new)
        table = None
        if not faults and parsed.map.default is self.map.default:
            table = self.table.with_modes(parsed.map.routes, parsed.map.version)
        return replace(self, map=parsed.map, table=table or _compiled(parsed.map, self.inventory, faults))


def load_project(path: str | Path) -> Project:
    """Return the project of a map file: its map read, its apps imported.

    Raises MapError with every fault of the map, ImportAppError when an import string gives no app.
    """
    return load_parsed(parse_map(decode_map(read_map(path), path), str(path)))


def load_parsed(parsed: ParsedMap) -> Project:
    """Return the project of a parsed map. A name that gives no app is reported together with the map's other faults."""
    try:
        legacy, new = (
            None if name is None else import_app(name, f"gateway.{key}")
            for key, name in (("legacy", parsed.map.legacy), ("new", parsed.map.new))
        )
    except ImportAppError as error:
        if not parsed.faults:
            raise
        raise MapError((*parsed.faults, Fault(parsed.map.path, None, "", str(error)))) from error
    if legacy is not None and is_asgi(legacy):
        raise ImportAppError(f'gateway.legacy: "{parsed.map.legacy}" is an ASGI app; the Flask app belongs here')
    if new is not None and flask_app_of(new) is not None and not is_asgi(new):
        raise ImportAppError(f'gateway.new: "{parsed.map.new}" is a Flask app; the FastAPI app belongs here')
    return Project.of(parsed, legacy, new)


def _compiled(map_: MigrationMap, inventory: Inventory, faults: list[Fault]) -> RouteTable:
    """Return the table of a map; raises MapError with these faults and those of the rules, if there are any."""
    try:
        table = RouteTable.compile(map_.routes, inventory, default=map_.default, version=map_.version)
    except MapError as error:
        raise MapError((*faults, *error.faults)) from None
    if faults:
        raise MapError(tuple(faults))
    return table


def _missing_apps(map_: MigrationMap, legacy: Any, new: ASGIApp | None) -> Iterator[Fault]:
    absent = {backend for backend, app in ((Backend.LEGACY, legacy), (Backend.NEW, new)) if app is None}
    if map_.default in absent:
        yield Fault(map_.path, None, "gateway.default", f"there is no {map_.default.value} app to answer by default")
    for route in map_.routes:
        for backend in route.mode.backends & absent:
            yield route.fault(f'"{route.mode.value}" needs a {backend.value} app; name one under [gateway]')
