"""What samples tell: values of path variables, bodies and queries by route; credentials with how to get them. Pure."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, RequestRedirect

from ..case import Case, Step
from ..cases.bodies import FORM_TYPE, media_type_of
from ..exchange import Headers, Request, values_of
from ..judging.secret_names import is_secret

_NAME = re.compile(rb"\{\{([\w.-]+)\}\}")
_Key = tuple[str, str]
"""Method and rule."""


@dataclass(frozen=True, slots=True)
class Credential:
    """Headers that a request was let in with, and the steps that gave what stands in them."""

    steps: tuple[Step, ...]
    headers: Headers


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of each route, by method and rule."""

    variables: Mapping[tuple[str, str], tuple[str, ...]]
    """Rule and variable -> texts in a path, the most frequent first."""
    bodies: Mapping[_Key, tuple[Mapping[str, Any], ...]]
    """JSON objects and forms."""
    queries: Mapping[_Key, tuple[Mapping[str, str], ...]]
    keeps: Mapping[_Key, tuple[tuple[str, str], ...]]
    credentials: Mapping[_Key, Credential]
    """One that begins with a login rather than one that was written down, the most frequent of these."""

    def credential(self, key: _Key, wanted: frozenset[str]) -> Credential | None:
        """The one of that route, else one with a `wanted` header of the route whose rule begins the most alike."""
        others = [other for other, one in self.credentials.items() if wanted & _header_names(one)]
        if key in self.credentials or not others:
            return self.credentials.get(key)
        return self.credentials[max(others, key=lambda other: _common(other[1], key[1]))]


def read_samples(samples: Sequence[Case], url_map: Map) -> Seen:
    """Only cases with their own credential count: a spoilt one says nothing of what is right."""
    variables: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    bodies: dict[_Key, list[Mapping[str, Any]]] = defaultdict(list)
    queries: dict[_Key, list[Mapping[str, str]]] = defaultdict(list)
    keeps: dict[_Key, tuple[tuple[str, str], ...]] = {}
    credentials: dict[_Key, Counter[Credential]] = defaultdict(Counter)
    for case in samples:
        for at, step in enumerate(case.steps if case.credential == "given" else ()):
            found = _matched(step.request, url_map)
            if found is None:
                continue
            key, values = found
            for name, text in values:
                variables[key[1], name][text] += 1
            bodies[key] += _body(step.request)
            queries[key] += _query(step.request)
            keeps.setdefault(key, step.keep)
            if headers := credential_headers(step.request):
                credentials[key][Credential(needed_steps(case.steps[:at], headers), headers)] += 1
    ordered = {name: tuple(text for text, _ in counter.most_common()) for name, counter in variables.items()}
    best = {key: max(counter, key=lambda one: (bool(one.steps), counter[one])) for key, counter in credentials.items()}
    return Seen(ordered, _frozen(bodies), _frozen(queries), keeps, best)


def _header_names(credential: Credential) -> set[str]:
    return {name.decode("latin-1").lower() for name, _ in credential.headers}


def credential_headers(request: Request) -> Headers:
    """The headers by which an app may know who asks."""
    return tuple((name, value) for name, value in request.headers if is_credential(name.decode("latin-1")))


def is_credential(name: str) -> bool:
    """Whether a header says who asks; a CSRF token says only from where."""
    return name.lower() == "cookie" or (is_secret(name) and not is_csrf(name))


def is_csrf(name: str) -> bool:
    """Whether a header or field of this name carries a CSRF token."""
    squeezed = re.sub(r"[^a-z]", "", name.lower())
    return "csrf" in squeezed or "xsrf" in squeezed or squeezed == "authenticitytoken"


def needed_steps(steps: Sequence[Step], headers: Headers) -> tuple[Step, ...]:
    """Those of the steps before a request whose kept values stand in its headers, directly or not."""
    wanted = set(_names(headers))
    needed: list[Step] = []
    for step in reversed(steps):
        if wanted & {name for name, _ in step.keep}:
            wanted = wanted - {name for name, _ in step.keep} | names_in(step.request)
            needed.insert(0, step)
    return tuple(needed)


def names_in(request: Request) -> set[str]:
    """Every `{{name}}` of a request."""
    return {*_names(request.headers), *_found(request.target), *_found(request.body)}


def _names(headers: Headers) -> Iterator[str]:
    return (name for _, value in headers for name in _found(value))


def _found(raw: bytes) -> Iterator[str]:
    return (name.decode() for name in _NAME.findall(raw))


def _matched(request: Request, url_map: Map) -> tuple[_Key, list[tuple[str, str]]] | None:
    adapter = url_map.bind("gateway.test")
    try:
        rule, values = adapter.match(request.path, method=request.method, return_rule=True)
    except (HTTPException, RequestRedirect):
        return None
    converters = rule._converters  # noqa: SLF001 - as gateway.matcher has it
    texts = [(name, converters[name].to_url(value)) for name, value in values.items() if name in converters]
    return (request.method, rule.rule), [(name, text) for name, text in texts if "%7B%7B" not in text]


def _body(request: Request) -> Iterator[Mapping[str, Any]]:
    kind = media_type_of(b"".join(values_of(request.headers, b"content-type")[:1]).decode("latin-1"))
    try:
        if kind.endswith("json"):
            value = json.loads(request.body)
        elif kind == FORM_TYPE:
            value = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        else:
            return
    except (ValueError, RecursionError):
        return
    if isinstance(value, dict) and value:
        yield value


def _query(request: Request) -> Iterator[Mapping[str, str]]:
    pairs = dict(parse_qsl(request.query.decode("latin-1"), keep_blank_values=True))
    if pairs:
        yield pairs


def _frozen(lists: Mapping[_Key, Iterable[Any]]) -> dict[_Key, tuple[Any, ...]]:
    return {key: tuple(values) for key, values in lists.items()}


def _common(one: str, other: str) -> int:
    """Characters that both begin with."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
