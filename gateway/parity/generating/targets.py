"""Each method of each rule with a request that should be welcome there, from which all others are made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from ...inventory import flask_routes
from ...routing import own_methods, request_rules
from ..case import Step
from ..judging.secret_names import is_secret
from .declared_fields import CSRF_FIELD
from .drafts import Draft
from .input_cases import FILE
from .parameters import Parameter, ViewReading
from .path_values import good_values, path_of
from .plausible import fits, good_text, good_value
from .seen import Seen, is_credential
from .view_reading import read_hooks, read_view

WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
MOST_SEEN = 3
"""Bodies of the samples that are tried as good ones."""


@dataclass(frozen=True, slots=True)
class Target:
    """One method of one rule."""

    method: str
    rule: Rule
    reading: ViewReading
    values: Mapping[str, str]
    """A text for each variable of the rule."""
    bare: Draft
    """Without a body."""
    good: tuple[Draft, ...]
    query: Mapping[str, str]
    fields: Mapping[str, Any]
    """Of the good JSON body or form."""
    before: tuple[Step, ...] = ()
    """What has to be asked first, on either side: a login, the page with the form."""

    @property
    def key(self) -> str:
        return f"{self.method} {self.rule.rule}"


def targets_of(app: Flask, seen: Seen) -> Iterator[Target]:
    """Every method of every rule that gets requests, in the app's order; HEAD and OPTIONS are no targets."""
    routes = zip(request_rules(app.url_map), flask_routes(app.url_map), strict=True)
    for rule, route in routes:
        if route.hidden_by is None:
            for method in sorted(own_methods(rule) - {"HEAD", "OPTIONS"}):
                yield _target(app, rule, method, seen)


def _target(app: Flask, rule: Rule, method: str, seen: Seen) -> Target:
    reading = read_view(app.view_functions[rule.endpoint], method)
    values = good_values(rule, seen.variables, _static_folder(app, str(rule.endpoint)))
    key = (method, rule.rule)
    query = next(iter(seen.queries.get(key, ())), None)
    if query is None:
        query = {one.name: good_text(one) for one in reading.at("query") if not is_secret(one.name)}
    bare = Draft(method, path_of(rule, values)).with_query(query.items())
    before: tuple[Step, ...] = ()
    credential = seen.credential(key, _asks_with(app, rule, reading))
    has_csrf = method in WITH_BODY and any(one.name == CSRF_FIELD for one in reading.at("form"))
    if has_csrf and "GET" in (rule.methods or ()):
        before, bare = _with_csrf(app, bare)
    elif credential is not None:
        before, bare = credential.steps, replace(bare, headers=(*bare.headers, *credential.headers))
    bodies = list(_bodies(reading, seen.bodies.get(key, ()))) if method in WITH_BODY else [{}]
    good = tuple(dict.fromkeys(_filled(bare, reading, fields) for fields in bodies))
    return Target(method, rule, reading, values, bare, good, query, bodies[0], before)


def _bodies(reading: ViewReading, seen: tuple[Mapping[str, Any], ...]) -> Iterator[Mapping[str, Any]]:
    """Those that were seen and look right, the fullest first; else one of plausible values."""
    known = {one.name: one for one in reading.at("json", "form")}
    right = [body for body in seen if all(fits(value, known[name]) for name, value in body.items() if name in known)]
    fullest = sorted(right, key=lambda body: (-len(known.keys() & body.keys()), len(body)))[:MOST_SEEN]
    yield from fullest or [{one.name: _plausible(one) for one in known.values()}]


def _plausible(one: Parameter) -> Any:
    if one.name == CSRF_FIELD:
        return "{{csrf}}"
    return good_text(one) if one.where == "form" else good_value(one)


def _filled(bare: Draft, reading: ViewReading, fields: Mapping[str, Any]) -> Draft:
    """With the body that the view reads; one that reads a file or a form beside it means these."""
    if bare.method not in WITH_BODY:
        return bare
    if files := reading.at("file"):
        return bare.with_parts(replace(FILE, name=one.name) for one in files)
    if reading.reads("form") and not reading.reads("json"):
        return bare.with_form((name, str(value)) for name, value in fields.items())
    if reading.reads("json") or fields:
        return bare.with_json(dict(fields))
    return replace(bare, body=b"text", content_type="text/plain") if reading.reads("body") else bare


def _with_csrf(app: Flask, bare: Draft) -> tuple[tuple[Step, ...], Draft]:
    """The page with the form first: its token and its session."""
    session = app.config["SESSION_COOKIE_NAME"]
    page = replace(bare, method="GET").step(("csrf", f"body.{CSRF_FIELD}"), ("session", f"cookie.{session}"))
    return (page,), bare.with_header("Cookie", f"{session}={{{{session}}}}")


def _asks_with(app: Flask, rule: Rule, reading: ViewReading) -> frozenset[str]:
    """The headers by which the view, or a hook around it that decides for it, tells who asks; in lower case."""
    scopes = (None, *(name for name in app.before_request_funcs if name and str(rule.endpoint).startswith(f"{name}.")))
    hooks = read_hooks(hook for scope in scopes for hook in app.before_request_funcs.get(scope, ()))
    left = {one.name for one in hooks.parameters if (one.where, one.type) == ("g", "set")}
    used = {one.name for one in reading.parameters if (one.where, one.type) == ("g", "read")}
    decides = left & used or {401, 403} & set(hooks.statuses)
    return _identifying(reading) | (_identifying(hooks) if decides else frozenset())


def _identifying(reading: ViewReading) -> frozenset[str]:
    headers = {one.name.lower() for one in reading.at("header") if is_credential(one.name)}
    by_cookie = reading.reads("session") or any(is_secret(one.name) for one in reading.at("cookie"))
    return frozenset(headers | {"cookie"} if by_cookie else headers)


def _static_folder(app: Flask, endpoint: str) -> str | None:
    if endpoint == "static":
        return app.static_folder
    blueprint = app.blueprints.get(endpoint.removesuffix(".static"))
    return blueprint.static_folder if blueprint and endpoint.endswith(".static") else None
