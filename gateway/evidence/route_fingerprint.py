"""Fingerprints of the code that serves a route on each side: its handler, all that runs around it, and what sets the
app up: Flask's `config` and JSON, the new app's lifespan."""

from __future__ import annotations

import ast
import sys
import tokenize
import types
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from flask import Flask

from ..apps.inventory import hook_functions, hooks_around
from ..apps.loading import flask_app_of
from ..apps.starlette_routes import new_contexts
from ..routing.inventory import AppRoute
from .fingerprint import digest, fingerprint
from .own_code import OwnCode, is_own
from .settings import settings_in

_OPTIONS = (
    "dependencies",
    "response_model",
    "response_model_include",
    "response_model_exclude",
    "response_model_by_alias",
    "response_model_exclude_unset",
    "response_model_exclude_defaults",
    "response_model_exclude_none",
    "status_code",
    "max_body_size",
)
"""Options that a FastAPI route may have been given elsewhere than at its function."""
_JSON_SETTINGS = (bool, int, float, str, type(None), types.FunctionType)


class RouteFingerprints:
    """The fingerprints of both apps' routes; each source file is read once."""

    def __init__(self, legacy: Any, new: Any, legacy_module: str = "", new_module: str = "") -> None:
        """Take both apps and the modules of their import strings: of an app that lists no routes its package counts."""
        self._legacy, self._new = legacy, new
        self._modules = (legacy_module, new_module)
        self._code = OwnCode()
        self._flask: Flask | None = flask_app_of(legacy)
        self._hooks = list(hook_functions(legacy)) if self._flask is not None else []
        self._contexts = list(new_contexts(new))
        self._within = [legacy_module, self._flask.import_name] if self._flask is not None else []
        modules = self._code.loaded_with(self._within)
        self._settings = frozenset(snippet for module in modules for snippet in settings_in(module))

    def control(self, routes: Iterable[AppRoute]) -> str:
        """Return the digest of the legacy side: the views of these routes, the hooks and error handlers around them."""
        app, endpoints = self._flask, [route.name for route in routes]
        if app is None:
            return self._package(self._modules[0], self._legacy)
        known = [hook for hook, _ in self._hooks]
        run = {hook for endpoint in endpoints for hook in hooks_around(known, endpoint)}
        hooks = [function for hook, function in self._hooks if hook in run]
        around = [list(_around(app, endpoint)) for endpoint in endpoints]
        kinds = [type(app), type(app.json), type(app.session_interface), app.request_class, app.response_class]
        converters = sorted(app.url_map.converters.items())
        on_json = sorted(getattr(app.json, "__dict__", {}).items())  # `app.json.sort_keys = False` and its like
        json_settings = {name: value for name, value in on_json if isinstance(value, _JSON_SETTINGS)}
        views = map(app.view_functions.get, endpoints)
        things = [*views, hooks, around, [*kinds, converters], json_settings, self._settings]
        return fingerprint(*things, code=self._code, within=self._within)

    def candidate(self, routes: Iterable[AppRoute]) -> str:
        """Return the digest of the new side: the endpoints of these routes, their dependencies and what is around."""
        wanted = {(route.key, route.name) for route in routes}
        if not self._contexts:
            return self._package(self._modules[1], self._new)
        parts = []
        for route, context, around in self._contexts:
            if (route.key, route.name) in wanted:
                options = [(name, getattr(context, name, None)) for name in _OPTIONS]
                response_class = getattr(context, "response_class", None)
                mounted = getattr(context.original_route, "app", None) if context.endpoint is None else None
                endpoint = [context.endpoint, mounted, options, getattr(response_class, "value", response_class)]
                parts.append((endpoint, list(map(_outside, around))))
        return fingerprint(parts, code=self._code, within=self._modules[1:])

    def _package(self, module: str, app: Any) -> str:
        """Return the digest of all files of a module's top-level package, and of what it and the app name elsewhere."""
        top = sys.modules.get(module.partition(".")[0])
        directories = getattr(top, "__path__", ()) if top is not None and is_own(top.__name__) else ()
        texts = []
        for path in sorted(path for directory in directories for path in Path(directory).rglob("*.py")):
            with tokenize.open(path) as opened:
                texts.append(f"{path.name} {ast.dump(ast.parse(opened.read()))}")
        named = [sys.modules[module]] if module in sys.modules else []
        return digest([fingerprint(app, *named, code=self._code), *texts])


def _around(app: Flask, endpoint: str) -> Iterator[Any]:
    """Yield the error handlers and context processors of the app and of the blueprints around a view."""
    blueprints = {*app.error_handler_spec, *app.template_context_processors} - {None}
    for scope in (None, *sorted(blueprints, key=str)):
        if scope is None or endpoint.startswith(f"{scope}."):
            yield [[(code, kinds) for code, kinds in app.error_handler_spec.get(scope, {}).items()]]
            yield app.template_context_processors.get(scope, [])


def _outside(app: Any) -> list[Any]:
    """Return what one app runs around its routes, and before the first of them; for middleware, itself."""
    middleware = [tuple(each) for each in getattr(app, "user_middleware", ())]  # Starlette's own account of it
    handlers = list(getattr(app, "exception_handlers", {}).items())
    lifespan = getattr(getattr(app, "router", None), "lifespan_context", None)
    return [app, middleware, handlers, lifespan, getattr(app, "dependency_overrides", None)]
