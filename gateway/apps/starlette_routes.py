"""Read the routes of the new app as Starlette looks through them, those of routers, mounted apps, hosts and frontends.

What no line of the map can have is listed too, in its place, for it takes requests before what stands behind it: what a
mounted app answers where its routes end, what belongs to one host, a route of an unknown kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import fastapi.routing
from starlette.endpoints import HTTPEndpoint
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import PARAM_REGEX, BaseRoute, Host, Match, Mount, Route, WebSocketRoute, compile_path

from ..routing.inventory import MOUNTED, AppRoute
from ..routing.route import METHODS, WEBSOCKET
from .loading import layers_of, qualified_name
from .path_parameters import converter_of, types_of_parameters

_EXAMPLES = {":int": "7", ":float": "1.5", ":uuid": "6a1f0f0e-8c1a-4b57-9f0e-0123456789ab", ":path": "a/b"}
_REST = "/(?P<path>.*)$"
"""Ends the pattern of a mount."""


class _ServedRoute:
    """Account for a route as `RouteContext` does: FastAPI before 0.137 lists each route as it serves it."""

    def __init__(self, route: Any, **known: Any) -> None:
        self.original_route = route
        self.__dict__.update(known)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original_route, name, None)


_iter_route_contexts = getattr(fastapi.routing, "iter_route_contexts", partial(map, _ServedRoute))


@dataclass(frozen=True, slots=True)
class _Place:
    """Say where an app stands in the new side."""

    path: str = ""
    pattern: str = ""
    """Takes the path, behind the host; without names, for a path may have one of them twice."""
    host: str = ""
    around: tuple[Any, ...] = ()
    """The apps around it, outermost first."""

    def compiled(self, pattern: re.Pattern[str]) -> re.Pattern[str]:
        """Return the whole pattern of a route here, of its own one."""
        if not self.pattern:
            return pattern
        return re.compile(f"^{self.pattern}{pattern.pattern.removeprefix('^')}", pattern.flags)

    def mounting(self, mount: Any, pattern: re.Pattern[str]) -> _Place:
        """Return the place of the app that is mounted here."""
        own = _nameless(self.compiled(pattern).pattern.removesuffix(_REST)) + MOUNTED
        return replace(self, path=f"{self.path}{mount.path}", pattern=own)

    def serving(self, host: Host) -> _Place:
        """Return the place of the app that this host has here."""
        name = _nameless(host.host_regex.pattern).removesuffix("$")
        return replace(self, pattern=f"(?i:{name}){self.pattern}", host=host.host, around=(*self.around, host))


Read = tuple[AppRoute, Any, tuple[Any, ...]]
"""A route, FastAPI's own account of it (`RouteContext`), and the apps around it, outermost first."""


_Earlier = tuple[Any, re.Pattern[str], str]
"""A route that is asked before another one, its pattern and its key."""


def new_routes(app: Any) -> Iterator[AppRoute]:
    """Yield the new side's routes in their order, those of lazily included routers and of mounted apps too."""
    return (route for route, _, _ in new_contexts(app))


def new_contexts(app: Any, place: _Place | None = None) -> Iterator[Read]:
    """Yield each route with FastAPI's own account of it, and the apps around it, outermost first."""
    place = place or _Place()
    place = replace(place, around=(*place.around, *layers_of(app)))
    lister = lister_of(app)
    earlier: list[_Earlier] = []
    for context in _iter_route_contexts(getattr(lister, "routes", ())):
        read = list(_read(context, place))
        if not _has_pattern(context):
            yield from read
            continue
        if not isinstance(context.original_route, Mount):
            (route, *more), *remainder = read
            hidden_by = _hider(earlier, context.path, route.methods)
            read = [(replace(route, hidden_by=hidden_by), *more), *remainder]
        yield from read
        if not read[-1][0].is_conditional:
            earlier.append((context, context.path_regex, read[-1][0].key))
    frontends = _frontends(getattr(lister, "router", lister))
    for frontend in sorted(frontends, key=lambda each: len(each.path.rstrip("/")), reverse=True):
        yield replace(_app_route(frontend, place), is_last=True), frontend, place.around


def lister_of(app: Any) -> Any:
    """Return the app itself or the one inside it that lists routes, None where none does."""
    return next((layer for layer in layers_of(app) if _lists_routes(layer)), None)


def _lists_routes(app: Any) -> bool:
    """Tell whether an app has a list of routes, and not something else of that name."""
    routes = getattr(app, "routes", None)
    return isinstance(routes, list | tuple) and (not routes or any(isinstance(each, BaseRoute) for each in routes))


def root_path_of(app: Any) -> str:
    """Return the prefix that an app takes from paths by itself, without a slash at its end."""
    prefixes = (getattr(layer, "root_path", "") for layer in layers_of(app))
    return next((prefix.rstrip("/") for prefix in prefixes if isinstance(prefix, str) and prefix), "")


def has_cors(app: Any) -> bool:
    """Tell whether Starlette's CORSMiddleware is around an app's routes: it answers a preflight before any of them."""
    layers = tuple(layers_of(app))
    added = (each.cls for layer in layers for each in getattr(layer, "user_middleware", ()))
    return any(isinstance(kind, type) and issubclass(kind, CORSMiddleware) for kind in (*map(type, layers), *added))


def _read(context: Any, place: _Place) -> Iterator[Read]:
    """Yield what one route of an app takes: itself, or what it leads to and then the remainder, which is nobody's."""
    original = context.original_route
    if isinstance(original, Host) and not place.host:
        within = place.serving(original)
        yield from new_contexts(context.app, within)
        yield _everything(context, within)
    elif not _has_pattern(context):
        yield _everything(context, place)
    elif isinstance(original, Mount):
        inside = original if original.routes and _lists_routes(original) else context.app
        route, lists = _app_route(context, place), lister_of(inside) is not None
        is_followed = _is_followed(route, context.app)
        if lists and not any(each is context.app for each in place.around):  # one inside itself has no end
            for inner, *more in new_contexts(inside, place.mounting(context, context.path_regex)):
                yield inner if is_followed else _anywhere_below(route, inner), *more
        below = replace(route, is_remainder=lists or not is_followed, has_cors=has_cors(context.app))
        yield below, context, place.around
    else:
        route = _app_route(context, place)
        yield route, context, place.around
        if route.answers_http and route.methods != (declared := _declared(context)):  # the class refuses the others
            yield replace(route, methods=declared, is_remainder=True), context, place.around


def _has_pattern(context: Any) -> bool:
    """Tell whether a route is of a known kind, which finds its requests by a pattern."""
    is_known = isinstance(context.original_route, Route | WebSocketRoute | Mount)
    return is_known and isinstance(getattr(context, "path_regex", None), re.Pattern)


def _is_followed(mount: AppRoute, app: Any) -> bool:
    """Tell whether a mounted app finds its routes by what is left of the path, in the one way that there is to read it.

    A prefix that takes slashes may end at several of them, a `matches` of the app's own anywhere, and an app with a
    root path looks behind that instead.
    """
    prefix = mount.rule.removesuffix("/<path:path>")
    return "<path:" not in prefix and not mount.is_conditional and root_path_of(app) in ("", prefix)


def _anywhere_below(mount: AppRoute, route: AppRoute) -> AppRoute:
    """Return a route of a mounted app that is not followed: it may take whatever the mount does, and no line has it."""
    return replace(route, pattern=mount.pattern, is_loose=True, is_conditional=True, is_remainder=True)


def _app_route(context: Any, place: _Place) -> AppRoute:
    """Return the route of one context; of a mounted app or a frontend, the rule of everything below it."""
    original, endpoint = context.original_route, context.endpoint
    is_mount = isinstance(original, Mount)
    served = f"{context.path}{'/{path:path}' if is_mount else ''}"
    types: dict[str, Any] = {}
    with suppress(Exception):  # a stranger's annotations: evaluating them runs its code
        types = types_of_parameters(context.dependant)
    rule = _rule(f"{place.path}{served}", types)
    declared, has = _declared(context), _methods_of_class(endpoint)
    methods = has if declared is None or has is None else declared & has
    return AppRoute(
        frozenset({WEBSOCKET}) if isinstance(original, WebSocketRoute) else methods or declared,
        rule,
        qualified_name(endpoint) if endpoint else context.name or "",
        _outline(rule),
        pattern=place.compiled(context.path_regex),
        host=place.host,
        has_websockets=is_mount,
        is_loose=context.path_regex != compile_path(served)[0],
        is_conditional=not str(original.matches.__module__).startswith(("fastapi.", "starlette.")),
    )


def _everything(context: Any, place: _Place) -> Read:
    """Return the route of what may take any path here, and belongs to no line."""
    name, pattern = qualified_name(context.original_route), re.compile(f"^{place.pattern}/")
    rule = _rule(f"{place.path}/{{path:path}}", {})
    shape = _outline(rule)
    route = AppRoute(None, rule, name, shape, None, pattern, place.host, has_websockets=True, is_remainder=True)
    return route, context, place.around


def _frontends(router: Any) -> Iterator[_ServedRoute]:
    """Yield the frontends of a FastAPI router and of those that it includes, which are no routes of it."""
    for group in getattr(router, "_iter_low_priority_routes", tuple)():
        original, prefix = getattr(group, "original_route", group), getattr(group, "frontend_prefix", "")
        for route in original.routes:
            path = f"{prefix}{route.path}".rstrip("/")
            pattern = re.compile(f"^{re.escape(path)}(?:/(?s:.*))?$")
            known = {"path": f"{path}/{{path:path}}", "path_regex": pattern, "name": "frontend"}
            yield _ServedRoute(route, dependencies=group.dependencies, **known)


def _rule(path: str, types: dict[str, Any]) -> str:
    """Return a path in Flask's syntax, each parameter typed by its convertor or else by these types.

    A name that is there already, for mounts may repeat one, gets a `_`: Flask has each only once.
    """
    names: set[str] = set()

    def variable(found: re.Match[str]) -> str:
        converter, name = converter_of((found[2] or "")[1:], types.get(found[1])), found[1]
        while name in names:
            name += "_"
        names.add(name)
        return f"<{converter}{name}>"

    return str(PARAM_REGEX.sub(variable, path))


def _outline(rule: str) -> str:
    return re.sub(r"<(path:)?[^<>]*>", lambda found: "<path>" if found[1] else "<>", rule)


def _nameless(pattern: str) -> str:
    return re.sub(r"\?P<\w+>", "", pattern.removeprefix("^"))


def _declared(context: Any) -> frozenset[str] | None:
    """Return the methods that a route is asked for, None for every one."""
    return frozenset(context.methods) if context.methods else None


def _methods_of_class(endpoint: Any) -> frozenset[str] | None:
    """Return the methods that a Starlette class has, HEAD where it has GET; None of what may answer every method."""
    if not (isinstance(endpoint, type) and issubclass(endpoint, HTTPEndpoint)):
        return None
    if endpoint.dispatch is not HTTPEndpoint.dispatch:
        return None
    own = {method for method in METHODS - {WEBSOCKET} if hasattr(endpoint, method.lower())}
    return frozenset({*own, "HEAD"} if "GET" in own else own) or None


def _hider(earlier: Sequence[_Earlier], path: str, methods: frozenset[str] | None) -> str | None:
    """Return the key of the first route that takes an example of the path for each of the methods, None without one."""
    example = PARAM_REGEX.sub(lambda found: _EXAMPLES.get(found[2], "example-1"), path)
    # The pattern alone first: `matches` of each earlier route would take seconds for a thousand routes.
    near = ((other, key) for other, pattern, key in earlier if pattern.match(example))
    return next((key for other, key in near if _takes(other, example, methods)), None)


def _takes(other: Any, example: str, methods: frozenset[str] | None) -> bool:
    """Tell whether a route answers this path for every one of the methods; every method is more than it can say."""
    kind = "websocket" if methods and WEBSOCKET in methods else "http"
    scope: dict[str, Any] = {"type": kind, "path": example, "root_path": "", "headers": []}
    matches = (other.matches({**scope, "method": method})[0] for method in methods or ())
    return methods is not None and all(match is Match.FULL for match in matches)
