"""List what both apps have: their routes, in one notation, each beside its like, and the Flask hooks around them."""

from __future__ import annotations

import inspect
import re
import uuid
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any, get_type_hints

import fastapi.routing
from flask import Flask
from starlette.routing import Match, Mount, WebSocketRoute, compile_path
from werkzeug.routing import Map, Rule

from ..routing.compiler import hidden_rules, own_methods, request_rules
from ..routing.inventory import AppRoute, Hook, Inventory
from ..routing.matcher import shape_of
from ..routing.route import WEBSOCKET, Backend, Route, format_methods, route_key
from ..routing.table import RouteTable
from .loading import flask_app_of, layers_of

if TYPE_CHECKING:
    from fastapi.routing import RouteContext

_NEW_VARIABLE = re.compile(r"{(\w+)(?::(\w+))?}")
_CONVERTERS = {"int": "int:", "float": "float:", "uuid": "uuid:", "path": "path:"}
_TYPES: dict[Any, str] = {int: "int:", float: "float:", uuid.UUID: "uuid:"}
_EXAMPLES = {"int": "7", "float": "1.5", "uuid": "6a1f0f0e-8c1a-4b57-9f0e-0123456789ab", "path": "a/b"}


class _ServedRoute:
    """Account for a route as `RouteContext` does: FastAPI before 0.137 lists each route as it serves it."""

    def __init__(self, route: Any) -> None:
        self.original_route = route

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original_route, name, None)


_iter_route_contexts = getattr(fastapi.routing, "iter_route_contexts", partial(map, _ServedRoute))


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
        return Inventory(has_legacy=legacy is not None, new=tuple(new_routes(new)), new_root_path=_root_path(new))
    url_map, hooks = flask_app.url_map, tuple(hook for hook, _ in hook_functions(legacy))
    mounts = tuple(mount_rules(legacy))
    mounted = (AppRoute(None, rule.rule, str(rule.endpoint), shape_of(rule)) for rule in mounts)
    return Inventory(
        url_map,
        has_legacy=True,
        is_by_host=url_map.host_matching or any(rule.subdomain for rule in request_rules(url_map)),
        mounts=mounts,
        legacy=(*mounted, *flask_routes(url_map)),
        new=tuple(new_routes(new)),
        new_root_path=_root_path(new),
        hooks=hooks,
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
        both = (_implementation(route, wanted, have) for have in (flask, fastapi))
        rows.append(Row(route.key, route, *both))
    reached = {id(have) for row in rows for have in row.new.routes}
    unlisted = (have for have in inventory.new if id(have) not in reached)
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


def new_routes(app: Any) -> Iterator[AppRoute]:
    """Yield the new side's routes in their order, those of lazily included routers and of mounted apps too."""
    return (route for route, _, _ in new_contexts(app))


def new_contexts(
    app: Any, prefix: str = "", around: tuple[Any, ...] = ()
) -> Iterator[tuple[AppRoute, RouteContext, tuple[Any, ...]]]:
    """Yield each route with FastAPI's own account of it, and the apps around it, outermost first."""
    layers = tuple(layers_of(app))
    contexts = list(_iter_route_contexts(next((layer.routes for layer in layers if hasattr(layer, "routes")), ())))
    around = (*around, *layers)
    patterns = [getattr(context, "path_regex", None) for context in contexts]
    for at, context in enumerate(contexts):
        if context.path is None:
            continue
        route = _app_route(context, prefix)
        if isinstance(context.original_route, Mount):
            inside = list(new_contexts(context.original_route, f"{prefix}{context.path}", around))
            yield from inside or [(route, context, around)]
        else:
            # The pattern alone first: `matches` of each earlier route would take seconds for a thousand routes.
            example = _NEW_VARIABLE.sub(lambda found: _EXAMPLES.get(found[2], "example-1"), context.path)
            before = zip(contexts[:at], patterns, strict=False)
            earlier = (other for other, pattern in before if pattern is None or pattern.match(example))
            hider = next((other for other in earlier if _takes(other, example, route.methods)), None)
            hidden_by = None if hider is None else _app_route(hider, prefix).key
            yield replace(route, hidden_by=hidden_by), context, around


def _root_path(new: Any) -> str:
    prefixes = (getattr(layer, "root_path", "") for layer in layers_of(new))
    return next((prefix.rstrip("/") for prefix in prefixes if isinstance(prefix, str) and prefix), "")


def mount_rules(legacy: Any) -> Iterator[Rule]:
    """Yield bound rules, each prefix that a DispatcherMiddleware gives to another WSGI app, and all below it."""
    for layer in layers_of(legacy):
        if isinstance(mounts := getattr(layer, "mounts", None), Mapping):
            for prefix, app in sorted(mounts.items()):
                rules = (Rule(f"{prefix}{end}", endpoint=_qualified(app)) for end in ("/", "/<path:path>"))
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
            yield from ((Hook(kind, _qualified(function), scope), function) for function in functions)
    for function in app.teardown_appcontext_funcs:
        yield Hook("teardown_appcontext", _qualified(function), None), function
    outside = takewhile(lambda layer: layer is not app, layers_of(legacy))
    inside = takewhile(lambda layer: layer is not app, layers_of(app.wsgi_app))
    for layer in (*outside, *inside):
        if inspect.unwrap(getattr(layer, "__func__", layer)) is not Flask.wsgi_app:
            yield Hook("wsgi middleware", _qualified(layer), None), layer


def hooks_around(hooks: Iterable[Hook], endpoint: str) -> Iterator[Hook]:
    """Yield the hooks that run around a view: the app's, its blueprint's and those of the blueprints around that."""
    return (hook for hook in hooks if hook.scope is None or endpoint.startswith(f"{hook.scope}."))


def _implementation(route: Route, wanted: frozenset[str], have: Sequence[AppRoute]) -> Implementation:
    """Return what an app has for a route.

    `wanted` are the methods of the route; of one that names none, those that the Flask app takes there.
    """
    if any(found.methods is None for found in have):
        return Implementation(tuple(have), ())
    routes = tuple(found for found in have if route.methods is None or route.methods & (found.methods or frozenset()))
    taken = {method for found in routes for method in found.methods or ()}
    return Implementation(routes, tuple(format_methods(wanted - {"HEAD"} - taken)))


def _app_route(context: RouteContext, prefix: str) -> AppRoute:
    """Return the route of one context; of a mounted app, the rule of everything below it."""
    below = "/{path:path}" if isinstance(context.original_route, Mount) else ""
    path = f"{prefix}{context.path}{below}"
    outline = _NEW_VARIABLE.sub(lambda found: "<path>" if found[2] == "path" else "<>", path)
    endpoint = context.endpoint
    types: dict[str, Any] = {}
    with suppress(Exception):  # a stranger's annotations: evaluating them runs its code
        types = get_type_hints(endpoint) if endpoint is not None else {}

    def variable(found: re.Match[str]) -> str:
        """Return a parameter in Flask's syntax, typed in its path or in the endpoint's signature."""
        convertor, name = found[2], found[1]
        return f"<{_CONVERTERS.get(convertor, '') if convertor else _TYPES.get(types.get(name), '')}{name}>"

    rule = _NEW_VARIABLE.sub(variable, path)
    pattern = compile_path(path)[0]
    name = _qualified(endpoint) if endpoint else context.name or ""
    if isinstance(context.original_route, WebSocketRoute):
        return AppRoute(frozenset({WEBSOCKET}), rule, name, outline, pattern=pattern)
    return AppRoute(frozenset(context.methods) if context.methods else None, rule, name, outline, pattern=pattern)


def _takes(other: RouteContext, example: str, methods: frozenset[str] | None) -> bool:
    """Tell whether a route answers this path for every one of the methods; every method is more than it can say."""
    kind = "websocket" if methods and WEBSOCKET in methods else "http"
    scope: dict[str, Any] = {"type": kind, "path": example, "root_path": "", "headers": []}
    matches = (other.matches({**scope, "method": method})[0] for method in methods or ())
    return methods is not None and all(match is Match.FULL for match in matches)


def _qualified(thing: Any) -> str:
    """Return `module:qualname` of a function or class; of a partial or an instance, that of what it wraps or is."""
    thing = getattr(thing, "func", thing)
    if not hasattr(thing, "__qualname__"):
        thing = type(thing)
    return f"{thing.__module__}:{thing.__qualname__}"
