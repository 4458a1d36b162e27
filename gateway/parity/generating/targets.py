"""Each method of each rule with a request that should be welcome there, from which all others are made.

Parts follow from each other in this order: the credential, the samples by rank and the best of them, the state, path,
query and body, and last the steps that have to come before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from ...apps.inventory import flask_routes
from ...http.message import FORM_TYPE
from ...http.secret_names import is_secret
from ...routing.compiler import own_methods, request_rules
from ..corpus.case import Step, captured_names, names_in, steps_capturing, used_names
from .column_values import Databases, Values, read_values, values_from
from .declared_fields import CSRF_FIELD
from .odd_requests import FILE
from .parameters import Parameter, ViewReading
from .path_values import path_of, valid_values
from .plausible import fits, type_of, valid_text, valid_value
from .request_builder import RequestBuilder
from .samples import Credential, RouteKey, Sample, Samples, is_credential
from .view_reading import read_hooks, read_view

WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
MAX_SAMPLE_BODIES = 3
"""Bodies of the samples that are tried as valid ones."""


@dataclass(frozen=True)
class Target:
    """One method of one rule; each part of its valid requests is worked out once, from the parts that it names."""

    method: str
    rule: Rule
    reading: ViewReading
    """What the view reads of a request."""
    app: Flask
    samples: Samples
    values: Values
    """Values of the databases, for parameters of queries."""

    @property
    def key(self) -> str:
        """Return the route's key in the map, `GET /todos`."""
        return " ".join(self.route)

    @property
    def route(self) -> RouteKey:
        """Return method and rule, by which samples are found."""
        return self.method, self.rule.rule

    # --- what samples lend ---

    @cached_property
    def credential(self) -> Credential | None:
        """The credential that lets the valid requests in; a page with a form gives its own session."""
        if self._has_form_page:
            return None
        functions, endpoint = self.app.before_request_funcs, str(self.rule.endpoint)
        scopes = (None, *(name for name in functions if name and endpoint.startswith(f"{name}.")))
        hooks = read_hooks(hook for scope in scopes for hook in functions.get(scope, ()))
        left = {one.name for one in hooks.parameters if (one.where, one.type) == ("g", "set")}
        used = {one.name for one in self.reading.parameters if (one.where, one.type) == ("g", "read")}
        decides = left & used or {401, 403} & set(hooks.statuses)
        # The headers by which the view, or a hook around it that decides for it, tells who asks.
        wanted = _identifying(self.reading) | (_identifying(hooks) if decides else frozenset())
        return self.samples.credential(self.route, wanted)

    @cached_property
    def ranked(self) -> list[Sample]:
        """The route's samples: those that were let in as most are, that look valid and that say the most come first."""
        known = self._known("query", "json", "form")

        def score(sample: Sample) -> tuple[bool, bool, int, bool]:
            is_valid = _are_valid(sample.query, known) and _are_valid(sample.body, known)
            said = _count_said(sample.query, known) + _count_said(sample.body, known)
            return sample.credential == self.credential, is_valid, said, sample.has_captured_path

        return sorted(self.samples.by_route.get(self.route, ()), key=score, reverse=True)

    @cached_property
    def base(self) -> Sample | None:
        """The best sample of the route; else one of another method, which lends its path."""
        others = (one for key, found in self.samples.by_route.items() if key[1] == self.rule.rule for one in found)
        return next(iter(self.ranked), None) or max(others, key=lambda one: one.has_captured_path, default=None)

    @cached_property
    def askable(self) -> list[Sample]:
        """Samples of the route whose captured values the base's earlier steps give."""
        return [one for one in self.ranked if self.base and one.captured_inputs <= captured_names(self.base.earlier)]

    @cached_property
    def state(self) -> str | None:
        """The state of the sample whose login, or else whose path, the cases have; else that of all of the route."""
        base, credential = self.base, self.credential
        if credential is None:
            lends = base is not None and (base.path_values or base.captured_inputs)
            return base.state if base and lends else self.samples.state(self.route)
        names = names_in(value for _, value in credential.headers)
        if base and (base.credential == credential or (names and names <= captured_names(base.earlier))):
            return base.state
        return credential.state

    # --- what is valid ---

    @cached_property
    def path_values(self) -> dict[str, str]:
        """A text for each variable of the rule."""
        owner, _, view = str(self.rule.endpoint).rpartition(".")
        scaffold = self.app.blueprints.get(owner) if owner else self.app
        folder = scaffold.static_folder if scaffold and view == "static" else None
        return valid_values(self.rule, self.base.path_values if self.base else {}, folder)

    @cached_property
    def database_values(self) -> dict[str, tuple[str, ...]]:
        """Values of a database by the parameter of the query that may find them, those of the state's own first."""
        found = {}
        for name, one in self._known("query").items():
            texts, kind = values_from(self.values, self.state, name), type_of(one)
            if kind == "int":
                texts = tuple(text for text in texts if text.isdecimal())
            if texts and kind in {"int", "text", ""}:
                found[name] = texts
        return found

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The fullest query of a sample that looks valid; else values from the database, else plausible ones."""
        known = self._known("query")
        fit = [one.query for one in self.askable if _are_valid(one.query, known) and _count_said(one.query, known)]
        if fit:
            return max(fit, key=lambda query: _count_said(query, known))
        return {
            name: self.database_values[name][0]
            if name in self.database_values and one.default is None and not one.interesting
            else valid_text(one)
            for name, one in known.items()
            if not is_secret(name)
        }

    @cached_property
    def without_body(self) -> RequestBuilder:
        """The valid requests without a body."""
        request = RequestBuilder(self.method, path_of(self.rule, self.path_values)).with_query(self.query.items())
        if self._has_form_page:
            return request.with_header("Cookie", f"{self._session_cookie}={{{{session}}}}")
        return replace(request, headers=self.credential.headers) if self.credential else request

    @cached_property
    def bodies(self) -> list[dict[str, Any]]:
        """The fields of each valid body: of samples, the best sample's first, then the fullest; else plausible ones."""
        if self.method not in WITH_BODY:
            return [{}]
        known = self._known("json", "form")
        token = {CSRF_FIELD: "{{csrf}}"} if self._has_form_page else {}
        fit = [{**one.body, **token} for one in self.askable if one.body and _are_valid(one.body, known)]
        fullest = sorted(fit[1:], key=lambda body: -_count_said(body, known))
        plausible = {
            name: "{{csrf}}" if name == CSRF_FIELD else valid_text(one) if one.where == "form" else valid_value(one)
            for name, one in known.items()
        }
        return ([*fit[:1], *fullest] or [plausible])[:MAX_SAMPLE_BODIES]

    @property
    def body_fields(self) -> Mapping[str, Any]:
        """Return keys and values of the first valid request's JSON body or form."""
        return self.bodies[0]

    @cached_property
    def valid(self) -> tuple[RequestBuilder, ...]:
        """Requests that should be welcome, the likeliest first; there is one at least."""
        return tuple(dict.fromkeys(self._with_body(fields) for fields in self.bodies))

    @cached_property
    def preceding_steps(self) -> tuple[Step, ...]:
        """The requests to ask first, on either side: a login, what the path names, the page with the form."""
        page: tuple[Step, ...] = ()
        if self._has_form_page:
            without_header = replace(self.without_body, method="GET", headers=())
            page = (without_header.step(("csrf", f"body.{CSRF_FIELD}"), ("session", f"cookie.{self._session_cookie}")),)
        names = {name for one in self.valid for name in used_names(one.step().request)} - captured_names(page)
        own = steps_capturing(self.base.earlier, names) if self.base else ()
        lent = self.credential.steps if self.credential and names - captured_names(own) else ()
        return (*dict.fromkeys((*lent, *own)), *page)

    def _with_body(self, fields: Mapping[str, Any]) -> RequestBuilder:
        """Return the request with the body that the view reads; a view that reads files and a form too means files."""
        reading, request = self.reading, self.without_body
        if self.method not in WITH_BODY:
            return request
        if files := reading.at("file"):
            return request.with_parts(replace(FILE, name=one.name) for one in files)
        if self._sends_form:
            return request.with_form((name, str(value)) for name, value in fields.items())
        if reading.reads("json") or fields:
            return request.with_json(dict(fields))
        return replace(request, body=b"text", content_type="text/plain") if reading.reads("body") else request

    def _known(self, *locations: str) -> dict[str, Parameter]:
        return {one.name: one for one in self.reading.at(*locations)}

    @property
    def _sends_form(self) -> bool:
        """Tell whether fields go as a form: the view reads one, or nothing known, and the best sample sends one."""
        if self.reading.reads("json"):
            return False
        return self.reading.reads("form") or any(one.step.request.media_type == FORM_TYPE for one in self.ranked[:1])

    @property
    def _has_form_page(self) -> bool:
        """Whether a GET of the path gives the form, with the CSRF token that the view wants, to whoever asks.

        Where a sample logs in before it has the token, its own steps are the way.
        """
        has_token = self.method in WITH_BODY and any(one.name == CSRF_FIELD for one in self.reading.at("form"))
        return (
            has_token
            and "GET" in (self.rule.methods or ())
            and not any(map(_logs_in, self.samples.by_route.get(self.route, ())))
        )

    @property
    def _session_cookie(self) -> str:
        return str(self.app.config["SESSION_COOKIE_NAME"])


def targets_of(app: Flask, samples: Samples, databases: Databases) -> Iterator[Target]:
    """Yield every method of every rule that gets requests, in the app's order; HEAD and OPTIONS are no targets."""
    routes = zip(request_rules(app.url_map), flask_routes(app.url_map), strict=True)
    found = [
        (rule, method, read_view(app.view_functions[rule.endpoint], method))
        for rule, route in routes
        if route.hidden_by is None and rule.endpoint in app.view_functions  # a rule may only redirect
        for method in sorted((own_methods(rule) or {"GET", "POST"}) - {"HEAD", "OPTIONS"})
    ]
    values = read_values(databases, (one.name for _, _, reading in found for one in reading.at("query")))
    yield from (Target(method, rule, reading, app, samples, values) for rule, method, reading in found)


def _logs_in(sample: Sample) -> bool:
    """Tell whether a sample has a captured CSRF token, and a credential that it got by more than a GET."""
    steps = sample.credential.steps if sample.credential else ()
    return "{{" in str(sample.body.get(CSRF_FIELD, "")) and any(step.request.method != "GET" for step in steps)


def _identifying(reading: ViewReading) -> frozenset[str]:
    headers = {one.name.lower() for one in reading.at("header") if is_credential(one.name)}
    by_cookie = reading.reads("session") or any(is_secret(one.name) for one in reading.at("cookie"))
    return frozenset(headers | {"cookie"} if by_cookie else headers)


def _are_valid(given: Mapping[str, Any], known: Mapping[str, Parameter]) -> bool:
    """Tell whether every value that the view reads may be a valid one."""
    return all(fits(value, known[name]) for name, value in given.items() if name in known)


def _count_said(given: Mapping[str, Any], known: Mapping[str, Parameter]) -> int:
    """Return how many values the view reads; where it reads nothing that is known, how many there are at all."""
    names = known.keys() & given.keys() or given.keys()
    return sum(given[name] not in (None, "", [], {}) for name in names)
