"""What samples tell: values of path variables, bodies and queries by route; credentials with how to get them. Pure."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, RequestRedirect

from ...http.message import FORM_TYPE, Headers, Request
from ...http.secret_names import is_secret
from ..corpus.case import Case, Step

_NAME = re.compile(rb"\{\{([\w.-]+)\}\}")
_MARK = 899_917_000
"""What stands for the first kept value of a path while its rule is looked for."""
_Key = tuple[str, str]
"""Method and rule."""


@dataclass(frozen=True, slots=True)
class Credential:
    """Headers that a request was let in with, and the steps that gave what stands in them."""

    steps: tuple[Step, ...]
    headers: Headers
    state: str | None = field(default=None, compare=False)
    """Of the case that it is of."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One request of a case, with all that came before it."""

    captures: tuple[tuple[str, str], ...]
    earlier: tuple[Step, ...]
    state: str | None
    variables: Mapping[str, str]
    """Texts in its path, `{{id}}` where that was kept."""
    query: Mapping[str, str]
    body: Mapping[str, Any]
    """A JSON object or a form."""
    credential: Credential | None

    @property
    def has_kept_path(self) -> bool:
        return any("{{" in text for text in self.variables.values())


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of each route, by method and rule."""

    samples: Mapping[_Key, tuple[Sample, ...]]
    variables: Mapping[tuple[str, str], tuple[str, ...]]
    """Rule and variable -> texts in a path, the most frequent first."""
    credentials: Mapping[_Key, Credential]
    """One that begins with a login rather than one that was written down, the most frequent of these."""

    def credential(self, key: _Key, wanted: frozenset[str]) -> Credential | None:
        """The one of that route, else one with a `wanted` header of the route whose rule begins the most alike."""
        others = [other for other, one in self.credentials.items() if wanted & _header_names(one)]
        if key in self.credentials or not others:
            return self.credentials.get(key)
        return self.credentials[max(others, key=lambda other: _common(other[1], key[1]))]

    def at_rule(self, rule: str) -> tuple[Sample, ...]:
        """Of every method."""
        return tuple(sample for key, samples in self.samples.items() if key[1] == rule for sample in samples)

    def state(self, key: _Key) -> str | None:
        """The one from which all cases that ask the route start."""
        states = {sample.state for sample in self.samples.get(key, ())}
        return states.pop() if len(states) == 1 else None


def read_samples(samples: Sequence[Case], url_map: Map) -> Seen:
    """Only cases with their own credential count: a spoilt one says nothing of what is right, nor one that was found.

    Nor does a request whose kept values no step before it gives.
    """
    found: dict[_Key, list[Sample]] = defaultdict(list)
    variables: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for case in samples:
        is_right = case.credential == "given" and case.source != "counterexample"
        for at, step in enumerate(case.steps if is_right else ()):
            matched = _matched(step.request, url_map)
            if matched is None or not names_in(step.request) <= names_kept(case.steps[:at]):
                continue
            key, values = matched
            found[key].append(_sample(case, at, values))
            for name, text in values.items():
                if "{{" not in text:
                    variables[key[1], name][text] += 1
    ordered = {name: tuple(text for text, _ in counter.most_common()) for name, counter in variables.items()}
    credentials = {key: best for key, ones in found.items() if (best := _best_credential(ones)) is not None}
    return Seen({key: tuple(ones) for key, ones in found.items()}, ordered, credentials)


def _sample(case: Case, at: int, variables: Mapping[str, str]) -> Sample:
    step, earlier = case.steps[at], case.steps[:at]
    headers = credential_headers(step.request)
    credential = Credential(needed_steps(earlier, headers), headers, case.state) if headers else None
    query = dict(step.request.query_pairs)
    return Sample(step.captures, earlier, case.state, variables, query, _body(step.request), credential)


def _best_credential(samples: Iterable[Sample]) -> Credential | None:
    counter = Counter(sample.credential for sample in samples if sample.credential is not None)
    return max(counter, key=lambda one: (bool(one.steps), counter[one]), default=None)


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
    return steps_for(steps, set(_names(headers)))


def steps_for(steps: Sequence[Step], names: Set[str]) -> tuple[Step, ...]:
    """Those of the steps that give the kept values of these names, directly or not."""
    wanted = set(names)
    needed: list[Step] = []
    for step in reversed(steps):
        if wanted & {name for name, _ in step.captures}:
            wanted = wanted - {name for name, _ in step.captures} | names_in(step.request)
            needed.insert(0, step)
    return tuple(needed)


def names_kept(steps: Iterable[Step]) -> set[str]:
    """Every name under which one of the steps keeps a value."""
    return {name for step in steps for name, _ in step.captures}


def names_in(request: Request) -> set[str]:
    """Every `{{name}}` of a request."""
    return {*_names(request.headers), *_found(request.target), *_found(request.body)}


def names_in_texts(texts: Iterable[str]) -> set[str]:
    """Every `{{name}}` of some texts."""
    return {name for text in texts for name in _found(text.encode("utf-8", "surrogatepass"))}


def _names(headers: Headers) -> Iterator[str]:
    return (name for _, value in headers for name in _found(value))


def _found(raw: bytes) -> Iterator[str]:
    return (name.decode() for name in _NAME.findall(raw))


def _matched(request: Request, url_map: Map) -> tuple[_Key, dict[str, str]] | None:
    """Method and rule, and the text of each variable; a kept value is taken for a number."""
    adapter = url_map.bind("gateway.test")
    marks = {f"{{{{{name}}}}}": str(_MARK + at) for at, name in enumerate(_found(request.target))}
    path = request.path
    for kept, mark in marks.items():
        path = path.replace(kept, mark)
    try:
        rule, values = adapter.match(path, method=request.method, return_rule=True)
    except (HTTPException, RequestRedirect):
        return None
    converters = rule._converters  # noqa: SLF001 - as gateway.matcher has it
    texts = {name: converters[name].to_url(value) for name, value in values.items() if name in converters}
    for kept, mark in marks.items():
        texts = {name: text.replace(mark, kept) for name, text in texts.items()}
    return (request.method, rule.rule), texts


def _body(request: Request) -> Mapping[str, Any]:
    """A JSON object or a form; empty for anything else."""
    if request.media_type == FORM_TYPE:
        return dict(request.fields)
    value = request.json if request.media_type.endswith("json") else None
    return value if isinstance(value, dict) else {}


def _common(one: str, other: str) -> int:
    """Characters that both begin with."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
