"""The routes and hooks of both apps. Values only: `gateway.apps` reads them off the apps."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass

from werkzeug.routing import Map, Rule

from .route import WEBSOCKET, route_key

MOUNTED = "(?=/.*$)"
"""Stands in the pattern of a route behind its mount's own: a mount takes no path with a newline in it."""


@dataclass(frozen=True, slots=True)
class AppRoute:
    """A route as one app registers it."""

    methods: frozenset[str] | None
    """None is every method of HTTP, as of a mounted app."""
    rule: str
    """In Flask's syntax, the new side's routes too."""
    name: str
    """Flask's endpoint, or module and name of the new side's function."""
    shape: Hashable
    """Equal for routes at the same paths: of Flask routes by their converters too, between the apps by the outline,
    `/todos/<>`, for the new side keeps its types in signatures."""
    hidden_by: str | None = None
    """The earlier route that takes its requests, where the app registers one."""
    pattern: re.Pattern[str] | None = None
    """Of the new side's routes: what takes a path, as Starlette compiles it; behind the host, where there is one."""
    host: str = ""
    """Of the new side's routes: the host that alone it answers for (Starlette's `Host`)."""
    has_websockets: bool = False
    """Whether it takes websockets beside HTTP, as a mounted app does."""
    is_remainder: bool = False
    """Whether it is what a mounted app or a class answers where none of its own routes or methods does: 404 or 405."""
    has_cors: bool = False
    """Whether it is a mounted app that answers every preflight by itself, as `Inventory.new_has_cors`."""
    is_conditional: bool = False
    """Whether it may refuse what its pattern takes, by a `matches` of the app's own."""
    is_loose: bool = False
    """Whether its pattern is not that of its path, and may take others: without regard to case, say."""
    is_last: bool = False
    """Whether it is asked after all others, as a frontend is: nobody may take its path, for whatever method."""

    @property
    def key(self) -> str:
        key = route_key(self.methods, self.rule)
        return f"{key} (host {self.host})" if self.host else key

    @property
    def can_belong(self) -> bool:
        """Whether a line of the map can have it: no line speaks of a host, and a remainder answers nothing."""
        return not self.host and not self.is_remainder

    @property
    def is_documentation(self) -> bool:
        """Whether FastAPI made this route by itself: /docs, /redoc, /openapi.json."""
        return self.name.startswith("fastapi.applications:")

    @property
    def answers_http(self) -> bool:
        """Whether it takes requests, be it websockets beside them."""
        return self.methods is None or WEBSOCKET not in self.methods

    def answers(self, method: str) -> bool:
        """Tell whether it takes requests of this method, or websockets."""
        if self.methods is None:
            return method != WEBSOCKET or self.has_websockets
        return method in self.methods

    def takes(self, methods: frozenset[str] | None) -> bool:
        """Tell whether this route takes every one of the methods, HEAD aside."""
        if self.methods is None:
            return True
        return methods is not None and methods - {"HEAD"} <= self.methods


@dataclass(frozen=True, slots=True)
class Hook:
    """Code that Flask runs around views, and that no route of the new side runs."""

    kind: str
    """`before_request`, `after_request`, `teardown_request`, `teardown_appcontext`, `url_value_preprocessor` or
    `wsgi middleware`."""
    name: str
    """`module:qualname`, as the map's `[hooks]` names it."""
    scope: str | None
    """The blueprint whose views it runs around; None is every view."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """Hold what both apps have, in one notation: all that routing and a check of the map need to know of them."""

    url_map: Map | None = None
    """The Flask app's own rules, which the table is made of; None where the legacy app is no Flask app."""
    has_legacy: bool = False
    is_by_host: bool = False
    """Whether the Flask app has rules that hang on the host."""
    new_root_path: str = ""
    """The prefix that the FastAPI app takes from paths by itself (`FastAPI(root_path=...)`)."""
    new_lists_routes: bool = False
    """Whether the new app has a list of routes, be it empty: of another one nothing is known."""
    new_has_cors: bool = False
    """Whether Starlette's CORSMiddleware stands before the new app's routes: it answers every preflight by itself."""
    mounts: tuple[Rule, ...] = ()
    """Bound rules of WSGI apps that answer below a prefix before the Flask app is asked."""
    legacy: tuple[AppRoute, ...] = ()
    new: tuple[AppRoute, ...] = ()
    hooks: tuple[Hook, ...] = ()
