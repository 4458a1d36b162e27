"""Each method of each rule with a request that should be welcome there, from which all others are made."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from ...apps.inventory import flask_routes
from ...http.message import Request
from ...http.secret_names import is_secret
from ...routing.compiler import own_methods, request_rules
from ..corpus.case import Step
from .column_values import Databases, Values, read_values, values_from
from .declared_fields import CSRF_FIELD
from .input_cases import FILE
from .parameters import Parameter, ViewReading
from .path_values import good_values, path_of
from .plausible import fits, good_text, good_value, type_of
from .request_builder import Draft
from .samples import Credential, Sample, Seen, is_credential, names_in, names_in_texts, names_kept, steps_for
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
    found: Mapping[str, tuple[str, ...]]
    """Values of its query that stand in a database."""
    fields: Mapping[str, Any]
    """Of the good JSON body or form."""
    before: tuple[Step, ...] = ()
    """What has to be asked first, on either side: a login, the page with the form."""
    state: str | None = None
    """What its cases start from, `Case.state`."""

    @property
    def key(self) -> str:
        return f"{self.method} {self.rule.rule}"


def targets_of(app: Flask, seen: Seen, databases: Databases) -> Iterator[Target]:
    """Every method of every rule that gets requests, in the app's order; HEAD and OPTIONS are no targets."""
    routes = zip(request_rules(app.url_map), flask_routes(app.url_map), strict=True)
    found = [
        (rule, method, read_view(app.view_functions[rule.endpoint], method))
        for rule, route in routes
        if route.hidden_by is None
        for method in sorted(own_methods(rule) - {"HEAD", "OPTIONS"})
    ]
    values = read_values(databases, (one.name for _, _, reading in found for one in reading.at("query")))
    yield from (_target(app, rule, method, reading, seen, values) for rule, method, reading in found)


def _target(app: Flask, rule: Rule, method: str, reading: ViewReading, seen: Seen, values: Values) -> Target:
    key = (method, rule.rule)
    has_csrf = method in WITH_BODY and any(one.name == CSRF_FIELD for one in reading.at("form"))
    has_page = has_csrf and "GET" in (rule.methods or ())
    credential = None if has_page else seen.credential(key, _asks_with(app, rule, reading))
    samples = _best_first(seen.samples.get(key, ()), credential, reading)
    base = _base(samples, rule, seen)
    state = _state(key, credential, base, seen)
    variables = good_values(rule, base.variables if base else {}, _static_folder(app, str(rule.endpoint)))
    askable = [one for one in samples if base and _kept_in(one) <= names_kept(base.earlier)]
    found = {
        one.name: texts for one in reading.at("query") if (texts := _texts(one, values_from(values, state, one.name)))
    }
    query = _query(reading, askable, found)
    bare = Draft(method, path_of(rule, variables)).with_query(query.items())
    page: tuple[Step, ...] = ()
    if has_page:
        page, bare = _with_csrf(app, bare)
    elif credential is not None:
        bare = replace(bare, headers=(*bare.headers, *credential.headers))
    bodies = list(_bodies(reading, askable, has_page=has_page)) if method in WITH_BODY else [{}]
    good = tuple(dict.fromkeys(_filled(bare, reading, fields) for fields in bodies))
    before = (*_before(good, credential, base, page), *page)
    return Target(method, rule, reading, variables, bare, good, query, found, bodies[0], before, state)


# --- what samples lend ---


def _best_first(samples: Sequence[Sample], credential: Credential | None, reading: ViewReading) -> list[Sample]:
    """Those that were let in as most are, that look right and that say the most; the first of equal ones."""
    known = {one.name: one for one in reading.at("query", "json", "form")}

    def merit(sample: Sample) -> tuple[bool, bool, int, bool]:
        is_right = _is_right(sample.query, known) and _is_right(sample.body, known)
        said = _said(sample.query, known) + _said(sample.body, known)
        return sample.credential == credential, is_right, said, sample.has_kept_path

    return sorted(samples, key=merit, reverse=True)


def _base(samples: Sequence[Sample], rule: Rule, seen: Seen) -> Sample | None:
    """The best sample of the route; else one that lends its path, of another method."""
    return next(iter(samples), None) or max(seen.at_rule(rule.rule), key=lambda one: one.has_kept_path, default=None)


def _is_right(given: Mapping[str, Any], known: Mapping[str, Parameter]) -> bool:
    return all(fits(value, known[name]) for name, value in given.items() if name in known)


def _said(given: Mapping[str, Any], known: Mapping[str, Parameter]) -> int:
    """How many values there are that the view reads; where it reads nothing that is known, how many at all."""
    names = known.keys() & given.keys() or given.keys()
    return sum(given[name] not in (None, "", [], {}) for name in names)


def _kept_in(sample: Sample) -> set[str]:
    """The kept values of its query and its body."""
    return names_in_texts((*sample.query.values(), json.dumps(sample.body, ensure_ascii=False)))


def _state(key: tuple[str, str], credential: Credential | None, base: Sample | None, seen: Seen) -> str | None:
    """Of the sample whose login, or else whose path, the cases have; else that of all samples of the route."""
    if credential is not None:
        return base.state if base is not None and _leads_in(base, credential) else credential.state
    return base.state if base is not None and (base.variables or _kept_in(base)) else seen.state(key)


def _leads_in(base: Sample, credential: Credential) -> bool:
    """Whether what comes before the sample gives the credential."""
    names = names_in(Request("", b"", credential.headers))
    return base.credential == credential or (bool(names) and names <= names_kept(base.earlier))


def _before(
    good: Iterable[Draft], credential: Credential | None, base: Sample | None, page: tuple[Step, ...]
) -> tuple[Step, ...]:
    """What gives the kept values of the good requests, but for those of the page."""
    names = {name for draft in good for name in names_in(draft.step().request)} - names_kept(page)
    own = steps_for(base.earlier, names) if base is not None else ()
    lent = credential.steps if credential is not None and names - names_kept(own) else ()
    return tuple(dict.fromkeys((*lent, *own)))


# --- what is good ---


def _query(reading: ViewReading, samples: Sequence[Sample], found: Mapping[str, tuple[str, ...]]) -> Mapping[str, str]:
    """The fullest that was seen and looks right; else one of values that are there, or plausible."""
    known = {one.name: one for one in reading.at("query")}
    right = [sample.query for sample in samples if _is_right(sample.query, known) and _said(sample.query, known)]
    if right:
        return max(right, key=lambda query: _said(query, known))
    return {name: _good_text(one, found.get(name, ())) for name, one in known.items() if not is_secret(name)}


def _good_text(one: Parameter, found: tuple[str, ...]) -> str:
    return found[0] if found and one.default is None and not one.interesting else good_text(one)


def _texts(one: Parameter, found: tuple[str, ...]) -> tuple[str, ...]:
    """Those that a parameter of its type may have."""
    kind = type_of(one)
    if kind == "int":
        return tuple(text for text in found if text.isdecimal())
    return found if kind in {"", "text"} else ()


def _bodies(reading: ViewReading, samples: Sequence[Sample], *, has_page: bool) -> Iterator[Mapping[str, Any]]:
    """Those that were seen and look right, the best sample's first, then the fullest; else one of plausible values."""
    known = {one.name: one for one in reading.at("json", "form")}
    token = {CSRF_FIELD: "{{csrf}}"} if has_page else {}
    right = [{**sample.body, **token} for sample in samples if sample.body and _is_right(sample.body, known)]
    first, rest = right[:1], sorted(right[1:], key=lambda body: -_said(body, known))
    yield from [*first, *rest][:MOST_SEEN] or [{one.name: _plausible(one) for one in known.values()}]


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
