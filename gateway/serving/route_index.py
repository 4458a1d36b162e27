"""Spares FastAPI asking its routes one by one: those whose path begins otherwise are left out, the order is kept.

Matching and answering stay FastAPI's. What no route of a known kind matches in full goes to FastAPI's own scan: 404,
405, redirects, odd paths, websockets.
"""

from __future__ import annotations

import copy
import operator
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from types import MethodType
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute, APIWebSocketRoute, _EffectiveRouteContext, _IncludedRouter
from starlette._utils import get_route_path
from starlette.routing import BaseRoute, Host, Match, Mount, Route, WebSocketRoute, compile_path
from starlette.types import Receive, Scope, Send

_KNOWN = {kind.matches for kind in (Route, WebSocketRoute, Mount, Host, APIRoute, APIWebSocketRoute)}
"""What matches by scope alone, so that being asked twice or not at all makes no difference."""


def index_routes(app: Any) -> None:
    """Have the app find its routes by an index, now and after routes are added. Its answers stay what they are.

    Raises ValueError when the app's router is not FastAPI's own, or has middleware inside.
    """
    router = app.router if isinstance(app, FastAPI) else None
    if router is not None and isinstance(router.middleware_stack, _IndexedRouter):
        return
    if type(router) is not APIRouter or router.middleware_stack != MethodType(APIRouter.app, router):
        raise ValueError("only a FastAPI app whose router is FastAPI's own, without middleware inside, can be indexed")
    router.middleware_stack = _IndexedRouter(router)


@dataclass(frozen=True, slots=True)
class _Leaf:
    """One route, with the routers around it that it is included by."""

    order: int
    listed: int
    """Where the route, or the outermost of those routers, stands in the app's list."""
    route: BaseRoute
    router: APIRouter | None
    """The app's router with this route alone; None when what it matches is its own affair."""


class _Only(_IncludedRouter):
    """An included router with one of its routes alone."""

    def __init__(self, around: _IncludedRouter, candidate: _EffectiveRouteContext | _IncludedRouter) -> None:
        super().__init__(around.original_router, around.include_context)
        self._only = [candidate]

    def effective_candidates(self) -> list[_EffectiveRouteContext | _IncludedRouter]:
        return self._only


class _IndexedRouter:
    """Stands where a router's scan stood."""

    def __init__(self, router: APIRouter) -> None:
        self._router = router
        self._routes: list[BaseRoute] = []
        self._included: tuple[APIRouter, ...] = ()
        self._version = -1
        self._leaves: dict[str, list[_Leaf]] = {}
        self._deepest = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        router = self._find(scope) if scope["type"] == "http" else None
        if router is None:
            await self._router.app(scope, receive, send)
        else:
            scope.setdefault("router", self._router)
            await router.app(scope, receive, send)

    def _find(self, scope: Scope) -> APIRouter | None:
        """Of the first route that matches in full; None when it takes a scan."""
        path = get_route_path(scope)
        if "\n" in path:  # Starlette's patterns end before a newline, too
            return None
        if self._routes != self._router.routes or self._version != self._count_changes():
            self._build()
        for leaf in self._candidates(path):
            if leaf.router is None or self._routes[leaf.listed] is not self._router.routes[leaf.listed]:
                return None
            if leaf.route.matches(scope)[0] is Match.FULL:
                return leaf.router
        return None

    def _candidates(self, path: str) -> list[_Leaf]:
        found = [leaves for start in _starts(path, self._deepest) if (leaves := self._leaves.get(start))]
        return found[0] if len(found) == 1 else sorted(chain(*found), key=operator.attrgetter("order"))

    def _count_changes(self) -> int:
        """Grows with each; of the app's own routes, a list that anybody may change, `_find` sees more."""
        return sum(router._routes_version for router in self._included)  # noqa: SLF001 - FastAPI's own cache reads it

    def _build(self) -> None:
        self._routes = list(self._router.routes)
        self._included = tuple(_included(self._router))
        self._version = self._count_changes()
        self._leaves = {}
        leaves = ((listed, leaf) for listed, route in enumerate(self._routes) for leaf in _unfold(route))
        for order, (listed, (route, inner)) in enumerate(leaves):
            router = copy.copy(self._router) if inner is not None else None
            if router is not None:
                router.routes = [route]
            self._leaves.setdefault(_beginning(inner), []).append(_Leaf(order, listed, route, router))
        self._deepest = max((start.count("/") for start in self._leaves), default=0)


def _included(router: APIRouter) -> Iterator[APIRouter]:
    yield router
    for route in router.routes:
        if isinstance(route, _IncludedRouter):
            yield from _included(route.original_router)


def _unfold(route: BaseRoute) -> Iterator[tuple[BaseRoute, Any]]:
    """Every route with what tells its path; None for a route of an unknown kind."""
    if not isinstance(route, _IncludedRouter):
        yield route, route if _is_known(route) else None
    elif type(route) is not _IncludedRouter or type(route.original_router) is not APIRouter:
        yield route, None
    else:
        for candidate in route.effective_candidates():
            if isinstance(candidate, _IncludedRouter):
                yield from ((_Only(route, child), inner) for child, inner in _unfold(candidate))  # type: ignore[arg-type]
            else:
                inner = candidate.starlette_route or candidate
                asked = candidate.starlette_route or candidate.original_route
                yield _Only(route, candidate), inner if _is_known(asked) else None


def _is_known(route: BaseRoute) -> bool:
    return type(route).matches in _KNOWN and "matches" not in vars(route)


def _beginning(route: Any) -> str:
    """The path of a static route; of another one what stands before the segment of its first parameter."""
    if route is None or isinstance(route, Host):
        return "/"
    path = f"{route.path}/{{path:path}}" if isinstance(route, Mount) else route.path
    if route.path_regex != compile_path(path)[0]:
        return "/"
    head, brace, _ = path.partition("{")
    return head[: head.rfind("/") + 1] if brace else head


def _starts(path: str, deepest: int) -> Iterator[str]:
    """All beginnings of the path that end with a slash, then itself."""
    end = 0
    for _ in range(deepest):
        end = path.find("/", end) + 1
        if not end:
            break
        yield path[:end]
    if end != len(path):
        yield path
