"""Learn from samples: values of path variables, bodies and queries by route; credentials with how to get them. Pure."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from os.path import commonprefix
from typing import Any, Self

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, RequestRedirect

from ...http.message import FORM_TYPE, Headers, Request
from ...http.secret_names import is_secret
from ...routing.matcher import converters_of
from ..corpus.case import Case, Step, captured_names, names_in, steps_capturing, used_names

_FIRST_STANDIN = 899_917_000
"""Number that stands for the first captured value of a path while its rule is looked for."""
RouteKey = tuple[str, str]
"""Method and rule."""


@dataclass(frozen=True, slots=True)
class Credential:
    """Headers that a request was let in with, and the steps that gave what stands in them."""

    steps: tuple[Step, ...]
    headers: Headers
    state: str | None = field(default=None, compare=False)
    """State from which the case starts that lends it."""
    case: str = field(default="", compare=False)
    """Name of that case."""

    @classmethod
    def of(cls, case: Case, at: int) -> Self | None:
        """Return what the step of that number is sent with, None where it is sent without any."""
        headers = credential_headers(case.steps[at].request)
        if not headers:
            return None
        # Those of the steps before it whose captured values stand in the headers, directly or not.
        steps = steps_capturing(case.steps[:at], names_in(value for _, value in headers))
        return cls(steps, headers, case.state, case.name)


@dataclass(frozen=True)
class Sample:
    """One request of a case, with all that came before it."""

    step: Step
    earlier: tuple[Step, ...]
    state: str | None
    path_values: Mapping[str, str]
    """Texts in its path by variable, `{{id}}` where that was captured."""
    credential: Credential | None

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The last value of each name of its query."""
        return dict(self.step.request.query_pairs)

    @cached_property
    def body(self) -> Mapping[str, Any]:
        """Keys and values of a JSON object or a form; nothing of any other body."""
        request = self.step.request
        if request.media_type == FORM_TYPE:
            return dict(request.fields)
        value = request.json if request.media_type.endswith("json") else None
        return value if isinstance(value, dict) else {}

    @property
    def has_captured_path(self) -> bool:
        """Whether a value in the path was captured."""
        return any("{{" in text for text in self.path_values.values())

    @property
    def captured_inputs(self) -> set[str]:
        """Names of the captured values of its query and its body."""
        texts = (*self.query.values(), json.dumps(self.body, ensure_ascii=False))
        return names_in(text.encode("utf-8", "surrogatepass") for text in texts)


@dataclass(frozen=True, slots=True)
class Samples:
    """Everything that samples tell of each route."""

    by_route: Mapping[RouteKey, tuple[Sample, ...]]
    path_texts: Mapping[tuple[str, str], tuple[str, ...]]
    """Texts in a path by rule and variable, the most frequent first."""
    credentials: Mapping[RouteKey, Credential]
    """One of each route: of a login rather than one that was written down, of these the most frequent."""

    def credential(self, key: RouteKey, wanted: frozenset[str]) -> Credential | None:
        """Return that route's own, else one with a `wanted` header of the route whose rule begins the most alike."""
        others = [
            other
            for other, one in self.credentials.items()
            if any(name.decode("latin-1").lower() in wanted for name, _ in one.headers)
        ]
        if key in self.credentials or not others:
            return self.credentials.get(key)
        alike = max(others, key=lambda other: len(commonprefix([other[1], key[1]])))  # noqa: RUF071 - by character
        return self.credentials[alike]

    def state(self, key: RouteKey) -> str | None:
        """Return the state from which all cases that ask the route start; None where they start from several."""
        states = {sample.state for sample in self.by_route.get(key, ())}
        return states.pop() if len(states) == 1 else None


def read_samples(cases: Sequence[Case], url_map: Map) -> Samples:
    """Return what the cases tell of the routes of a map.

    Cases whose credential is not their own say nothing of what is valid, nor do counterexamples, nor a request with
    captured values that no step before it gives.
    """
    found: dict[RouteKey, list[Sample]] = defaultdict(list)
    texts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for case in cases:
        for at, step in enumerate(case.steps if case.credential == "given" and case.source != "counterexample" else ()):
            matched, earlier = _matched(step.request, url_map), case.steps[:at]
            if matched is None or not used_names(step.request) <= captured_names(earlier):
                continue
            key, path_values = matched
            found[key].append(Sample(step, earlier, case.state, path_values, Credential.of(case, at)))
            for name, text in path_values.items():
                if "{{" not in text:
                    texts[key[1], name][text] += 1
    credentials: dict[RouteKey, Credential] = {}
    for key, samples in found.items():
        if counts := Counter(sample.credential for sample in samples if sample.credential is not None):
            credentials[key] = max(counts, key=lambda one: (bool(one.steps), counts[one]))
    ordered = {variable: tuple(text for text, _ in counter.most_common()) for variable, counter in texts.items()}
    return Samples({key: tuple(samples) for key, samples in found.items()}, ordered, credentials)


def credential_headers(request: Request) -> Headers:
    """Return the headers by which an app may know who asks."""
    return tuple((name, value) for name, value in request.headers if is_credential(name.decode("latin-1")))


def is_credential(name: str) -> bool:
    """Tell whether a header says who asks; a CSRF token says only from where."""
    return name.lower() == "cookie" or (is_secret(name) and not is_csrf(name))


def is_csrf(name: str) -> bool:
    """Tell whether a header or field of this name carries a CSRF token."""
    squeezed = re.sub(r"[^a-z]", "", name.lower())
    return "csrf" in squeezed or "xsrf" in squeezed or squeezed == "authenticitytoken"


def _matched(request: Request, url_map: Map) -> tuple[RouteKey, dict[str, str]] | None:
    """Return the route that takes a request, and the text of each variable; a captured value is taken for a number."""
    names = sorted(names_in([request.target]))
    standins = {f"{{{{{name}}}}}": str(_FIRST_STANDIN + at) for at, name in enumerate(names)}
    path = request.path
    for hole, standin in standins.items():
        path = path.replace(hole, standin)
    try:
        rule, values = url_map.bind("gateway.test").match(path, method=request.method, return_rule=True)
    except (HTTPException, RequestRedirect):
        return None
    converters = converters_of(rule)
    texts = {name: converters[name].to_url(value) for name, value in values.items() if name in converters}
    for hole, standin in standins.items():
        texts = {name: text.replace(standin, hole) for name, text in texts.items()}
    return (request.method, rule.rule), texts
