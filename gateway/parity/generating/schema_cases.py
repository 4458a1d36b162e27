"""Cases from the FastAPI app's OpenAPI schema: Schemathesis reads it, Hypothesis draws from it, by seed."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

from werkzeug.routing import Map, Rule

from ...apps.inventory import new_routes
from ...apps.loading import layers_of
from ...http.message import Request
from ...http.multipart import BOUNDARY
from ...routing.inventory import AppRoute
from ...routing.route import WEBSOCKET
from ..corpus.case import Case, Step
from ..corpus.case_reading import HOST
from .samples import Credential, Seen, read_samples

GOOD, BAD = 4, 8
"""Cases of each operation that fit its schema, and that do not."""
DRAWN = 4
"""Times as many are drawn, for many are alike."""
MISSING = 'no cases from the OpenAPI schema: they need Schemathesis, pip install "migration-gateway[generate]"'
_BASE = "http://gateway.test"
_VARIABLE = re.compile(r"<(?:[^<>]*:)?(\w+)>")
_SENT = frozenset({"content-type", "content-length", "cookie"})
"""Headers that follow from what was drawn; the others are the client library's own."""


def can_read_schemas() -> bool:
    """Whether the extra is installed; `MISSING` says what to do where it is not."""
    return find_spec("schemathesis") is not None


def generate_from_schema(new: Any, samples: Sequence[Case], seed: int) -> tuple[Case, ...]:
    """For each operation up to `GOOD` requests that fit its schema, `BAD` that do not, and sequences through its id.

    Names have the rule in Flask's syntax, `POST /todos: fits the schema`. An app without a schema gives none, as does a
    missing extra.
    """
    app = next((layer for layer in layers_of(new) if hasattr(layer, "openapi")), None)
    if app is None or not can_read_schemas():
        return ()
    routes = [route for route in new_routes(app) if route.methods and WEBSOCKET not in route.methods]
    seen = read_samples(
        samples, Map([Rule(route.rule, methods=route.methods, endpoint=route.name) for route in routes])
    )
    operations = [_operation(drawn, routes, seen, seed) for drawn in _operations(app.openapi())]
    single = (case for operation in operations for case in _single(operation))
    return tuple({case.name: case for case in (*single, *_sequences(operations))}.values())


@dataclass(frozen=True, slots=True)
class _Operation:
    """One operation with its requests."""

    method: str
    rule: str
    good: tuple[Request, ...]
    bad: tuple[Request, ...]
    credential: Credential | None
    state: str | None

    @property
    def before(self) -> tuple[Step, ...]:
        return self.credential.steps if self.credential else ()

    def step(self, request: Request, *keep: tuple[str, str]) -> Step:
        """With the credential in place of what was drawn for one."""
        headers = self.credential.headers if self.credential else ()
        own = {name.lower() for name, _ in headers}
        drawn = tuple(header for header in request.headers if header[0].lower() not in own)
        return Step(replace(request, headers=(*drawn, *headers)), keep)


def _operations(schema: Mapping[str, Any]) -> Iterator[Any]:
    import schemathesis

    found: Any = schemathesis.openapi.from_dict(dict(schema))
    yield from (operation for result in found.get_all_operations() if (operation := result.ok()) is not None)


def _operation(operation: Any, routes: Sequence[AppRoute], seen: Seen, seed: int) -> _Operation:
    from schemathesis import GenerationMode

    method = operation.method.upper()
    rule = _rule(method, operation.path, routes)
    own_seed = zlib.crc32(f"{seed} {method} {rule}".encode())
    good = _drawn(operation, GenerationMode.POSITIVE, GOOD, own_seed, _known_values(operation, rule, seen))
    bad = _drawn(operation, GenerationMode.NEGATIVE, BAD, own_seed, {})
    wanted = frozenset({"authorization", "cookie"} if operation.definition.raw.get("security") else ())
    credential = seen.credential((method, rule), wanted)
    state = seen.state((method, rule)) if credential is None else credential.state
    return _Operation(method, rule, good, bad, credential, state)


def _rule(method: str, path: str, routes: Sequence[AppRoute]) -> str:
    """The route's rule in Flask's syntax; a path of the schema has lost its converters."""
    same = (
        route.rule for route in routes if _VARIABLE.sub(r"{\1}", route.rule) == path and method in (route.methods or ())
    )
    return next(same, re.sub(r"{(\w+)}", r"<\1>", path))


def _known_values(operation: Any, rule: str, seen: Seen) -> dict[str, Any]:
    """Path variables that are likely to be there: seen ones, else 1 for an integer."""
    known: dict[str, Any] = {}
    for parameter in operation.path_parameters:
        texts = seen.variables.get((rule, parameter.name), ())
        if texts:
            known[parameter.name] = texts[0]
        elif parameter.definition.get("schema", {}).get("type") == "integer":
            known[parameter.name] = 1
    return known


def _drawn(operation: Any, mode: Any, count: int, seed: int, known: Mapping[str, Any]) -> tuple[Request, ...]:
    """Different requests, drawn by seed alone; none where the schema leaves no room for them."""
    import hypothesis
    from hypothesis.errors import Unsatisfiable

    found: dict[Request, None] = {}

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count * DRAWN,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(operation.as_strategy(generation_mode=mode))
    def draw(drawn: Any) -> None:
        if isinstance(drawn.path_parameters, dict):
            drawn.path_parameters.update(known)
        found[_request(drawn)] = None

    try:
        draw()
    except Unsatisfiable:
        return ()
    return tuple(found)[:count]


def _request(drawn: Any) -> Request:
    """As the client library would send it, without what that adds of its own."""
    import requests

    prepared = requests.Request(**drawn.as_transport_kwargs(base_url=_BASE)).prepare()
    body: Any = prepared.body or b""
    own = {name.lower() for name in (drawn.headers or {})} | _SENT
    headers = tuple((_bytes(name).lower(), _bytes(value)) for name, value in prepared.headers.items())
    kept = tuple((name, value) for name, value in headers if name.decode("latin-1") in own)
    return _with_fixed_boundary(
        Request(prepared.method or "GET", _bytes(prepared.path_url), (HOST, *kept), _bytes(body))
    )


def _with_fixed_boundary(request: Request) -> Request:
    """Multipart boundaries are random; one of the same length is not."""
    drawn = request.boundary.encode("latin-1")
    if not drawn:
        return request
    fixed = BOUNDARY.encode().ljust(len(drawn), b"-")[: len(drawn)]
    headers = tuple((name, value.replace(drawn, fixed)) for name, value in request.headers)
    return replace(request, headers=headers, body=request.body.replace(drawn, fixed))


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8")


def _single(operation: _Operation) -> Iterator[Case]:
    for words, drawn in (("fits the schema", operation.good), ("breaks the schema", operation.bad)):
        for at, request in enumerate(drawn, 1):
            name = f"{operation.method} {operation.rule}: {words}" + (f" {at}" if at > 1 else "")
            yield Case(name, (*operation.before, operation.step(request)), "schema", operation.state)


def _sequences(operations: Sequence[_Operation]) -> Iterator[Case]:
    """Create, then each thing that can be asked of what was created, then read it again."""
    for create in (one for one in operations if one.method == "POST" and one.good):
        item = re.compile(rf"{re.escape(create.rule.rstrip('/'))}/<(?:[^<>]*:)?\w+>/?")
        items = [one for one in operations if item.fullmatch(one.rule) and one.good]
        steps = [one.step(_of_created(one.good[0])) for one in sorted(items, key=lambda one: one.method == "DELETE")]
        read = [one.step(_of_created(one.good[0])) for one in items if one.method == "GET"]
        if items:
            first = create.step(create.good[0], ("id", "body.id"))
            yield Case(
                f"POST {create.rule}: fits the schema, then all of its id",
                (*create.before, first, *steps, *read),
                "schema",
                create.state,
            )


def _of_created(request: Request) -> Request:
    """The path's last segment is the kept id."""
    path, mark, query = request.target.partition(b"?")
    return replace(request, target=path.rstrip(b"/").rpartition(b"/")[0] + b"/{{id}}" + mark + query)
