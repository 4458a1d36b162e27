"""Every route of the table and of both apps, with what each app has for it. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from ..routing.inventory import AppRoute, Inventory
from ..routing.matcher import shape_of
from ..routing.route import Backend, Route, format_methods
from ..routing.table import RouteTable
from .inventory import rule_outline


@dataclass(frozen=True, slots=True)
class Implementation:
    """Hold what one app has for a route."""

    routes: tuple[AppRoute, ...]
    missing: tuple[str, ...]
    """The methods of the route that the app does not take."""


@dataclass(frozen=True, slots=True)
class Row:
    """One route of either app, as `gateway routes` lists it."""

    key: str
    route: Route | None
    """None for a route of the new side that the map does not list, so that the default answers."""
    legacy: Implementation
    new: Implementation

    @property
    def is_flipped(self) -> bool:
        """Whether clients may get the new side's answer."""
        return self.route is not None and Backend.NEW in self.route.mode.backends


def list_rows(table: RouteTable, inventory: Inventory) -> tuple[Row, ...]:
    """Return every route of the table, then what only the new side has and the map does not list."""
    legacy, new = _by_shape(inventory.legacy), _by_shape(inventory.new)
    rows = []
    for rule, route in table.entries:
        flask, fastapi = legacy.get(shape_of(rule), []), new.get(rule_outline(rule), [])
        wanted = route.methods or frozenset().union(*(have.methods or () for have in flask))
        both = (_implementation(route, wanted, have) for have in (flask, fastapi))
        rows.append(Row(route.key, route, *both))
    reached = {id(have) for row in rows for have in row.new.routes}
    unlisted = (have for have in inventory.new if id(have) not in reached)
    return (*rows, *(Row(have.key, None, Implementation((), ()), Implementation((have,), ())) for have in unlisted))


def _by_shape(routes: Iterable[AppRoute]) -> dict[Hashable, list[AppRoute]]:
    found: dict[Hashable, list[AppRoute]] = {}
    for route in routes:
        found.setdefault(route.shape, []).append(route)
    return found


def _implementation(route: Route, wanted: frozenset[str], have: list[AppRoute]) -> Implementation:
    """Return what an app has for a route.

    `wanted` are the methods of the route; of one that names none, those that the Flask app takes there.
    """
    if any(found.methods is None for found in have):
        return Implementation(tuple(have), ())
    routes = tuple(found for found in have if route.methods is None or route.methods & (found.methods or frozenset()))
    taken = {method for found in routes for method in found.methods or ()}
    return Implementation(routes, tuple(format_methods(wanted - {"HEAD"} - taken)))
