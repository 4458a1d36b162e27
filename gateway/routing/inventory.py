"""The routes and hooks of both apps. Values only: `gateway.apps` reads them off the apps."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass

from werkzeug.routing import Map, Rule

from .route import route_key


@dataclass(frozen=True, slots=True)
class AppRoute:
    """A route as one app registers it."""

    methods: frozenset[str] | None
    """None is every method, as of a mounted app."""
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
    """Of the new side's routes: what takes a path, as Starlette compiles it."""

    @property
    def key(self) -> str:
        return route_key(self.methods, self.rule)

    @property
    def is_documentation(self) -> bool:
        """Whether FastAPI made this route by itself: /docs, /redoc, /openapi.json."""
        return self.name.startswith("fastapi.applications:")

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
    mounts: tuple[Rule, ...] = ()
    """Bound rules of WSGI apps that answer below a prefix before the Flask app is asked."""
    legacy: tuple[AppRoute, ...] = ()
    new: tuple[AppRoute, ...] = ()
    hooks: tuple[Hook, ...] = ()
