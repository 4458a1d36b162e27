"""List what both apps have: their routes, in one notation, each beside its like, and the Flask hooks around them."""

from __future__ import annotations

import inspect
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from flask import Flask
from werkzeug.routing import Map, Rule

from ..routing.compiler import hidden_rules, own_methods, request_rules
from ..routing.inventory import AppRoute, Hook, Inventory
from ..routing.matcher import shape_of
from ..routing.route import Backend, Route, format_methods, route_key
from ..routing.table import RouteTable
from .loading import flask_app_of, layers_of, qualified_name
from .starlette_routes import has_cors, lister_of, new_routes, root_path_of


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


def take_inventory(legacy: Any, new: Any) -> Inventory:
    """Return what both apps have; either may be None. Of a WSGI app that is no Flask app nothing is listed."""
    flask_app = flask_app_of(legacy)
    if flask_app is None:
        return with_new_side(Inventory(has_legacy=legacy is not None), new)
    url_map, hooks = flask_app.url_map, tuple(hook for hook, _ in hook_functions(legacy))
    mounts = tuple(mount_rules(legacy))
    mounted = (AppRoute(None, rule.rule, str(rule.endpoint), shape_of(rule)) for rule in mounts)
    found = Inventory(
        url_map,
        has_legacy=True,
        is_by_host=url_map.host_matching or any(rule.subdomain for rule in request_rules(url_map)),
        mounts=mounts,
        legacy=(*mounted, *flask_routes(url_map)),
        hooks=hooks,
    )
    return with_new_side(found, new)


def with_new_side(inventory: Inventory, new: Any) -> Inventory:
    """Return the inventory with what the new app has now: its startup may have added routes."""
    return replace(
        inventory,
        new=tuple(new_routes(new)),
        new_root_path=root_path_of(new),
        new_lists_routes=lister_of(new) is not None,
        new_has_cors=has_cors(new),
    )


def list_rows(table: RouteTable, inventory: Inventory) -> tuple[Row, ...]:
    """Return every route of the table, then what only the new side has and the map does not list."""
    by_shape: dict[Hashable, list[AppRoute]] = {}
    for have in inventory.legacy:
        by_shape.setdefault(have.shape, []).append(have)
    rows = []
    for entry, (rule, route) in enumerate(table.entries):
        flask, fastapi = by_shape.get(shape_of(rule), []), table.new_routes.of_entry(entry)
        wanted = route.methods or frozenset().union(*(have.methods or () for have in flask))
        both = (_implementation(wanted, have) for have in (flask, fastapi))
        rows.append(Row(route.key, route, *both))
    reached = {id(have) for row in rows for have in row.new.routes}
    unlisted = (have for have in inventory.new if id(have) not in reached and not have.is_remainder)
    return (*rows, *(Row(have.key, None, Implementation((), ()), Implementation((have,), ())) for have in unlisted))


def flask_routes(url_map: Map) -> Iterator[AppRoute]:
    """Yield Flask's rules in their order, the methods that Flask adds by itself left out."""
    rules = [(rule, own_methods(rule)) for rule in request_rules(url_map)]
    hidden = dict(hidden_rules(rules))
    earlier: dict[Hashable, list[AppRoute]] = {}
    for at, (rule, methods) in enumerate(rules):
        same = earlier.setdefault(shape_of(rule), [])
        hidden_by = next((route.key for route in same if route.takes(methods)), None)
        if at in hidden:
            hider, its_methods = rules[hidden[at]]
            hidden_by = route_key(its_methods, hider.rule)
        same.append(AppRoute(methods, rule.rule, str(rule.endpoint), shape_of(rule), hidden_by))
        yield same[-1]


def mount_rules(legacy: Any) -> Iterator[Rule]:
    """Yield bound rules, each prefix that a DispatcherMiddleware gives to another WSGI app, and all below it."""
    for layer in layers_of(legacy):
        if isinstance(mounts := getattr(layer, "mounts", None), Mapping):
            for prefix, app in sorted(mounts.items()):
                rules = (Rule(f"{prefix}{end}", endpoint=qualified_name(app)) for end in ("/", "/<path:path>"))
                yield from Map(list(rules), strict_slashes=False).iter_rules()


def hook_functions(legacy: Any) -> Iterator[tuple[Hook, Any]]:
    """Yield each hook around the views of a Flask app with its function, then what wraps the app, outermost first."""
    app: Flask = flask_app_of(legacy)
    registered: dict[str, Mapping[str | None, Iterable[Any]]] = {
        "url_value_preprocessor": app.url_value_preprocessors,
        "before_request": app.before_request_funcs,
        "after_request": app.after_request_funcs,
        "teardown_request": app.teardown_request_funcs,
    }
    for kind, by_scope in registered.items():
        for scope, functions in by_scope.items():
            yield from ((Hook(kind, qualified_name(function), scope), function) for function in functions)
    for function in app.teardown_appcontext_funcs:
        yield Hook("teardown_appcontext", qualified_name(function), None), function
    outside = takewhile(lambda layer: layer is not app, layers_of(legacy))
    inside = takewhile(lambda layer: layer is not app, layers_of(app.wsgi_app))
    for layer in (*outside, *inside):
        if inspect.unwrap(getattr(layer, "__func__", layer)) is not Flask.wsgi_app:
            yield Hook("wsgi middleware", qualified_name(layer), None), layer


def hooks_around(hooks: Iterable[Hook], endpoint: str) -> Iterator[Hook]:
    """Yield the hooks that run around a view: the app's, its blueprint's and those of the blueprints around that."""
    return (hook for hook in hooks if hook.scope is None or endpoint.startswith(f"{hook.scope}."))


def _implementation(wanted: frozenset[str], have: Sequence[AppRoute]) -> Implementation:
    """Return what an app has for a route.

    `wanted` are the methods of the route; of one that names none, those that the Flask app takes there.
    """
    routes = tuple(found for found in have if not wanted or any(map(found.answers, wanted)))
    missing = (method for method in wanted - {"HEAD"} if not any(found.answers(method) for found in have))
    return Implementation(routes, tuple(format_methods(missing)))
