"""Cases from the FastAPI app's OpenAPI schema: Schemathesis reads it, Hypothesis draws from it, by seed."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from werkzeug.routing import Map, Rule

from ...apps.loading import layers_of
from ...apps.starlette_routes import new_routes
from ...http.message import Request
from ...http.multipart import BOUNDARY
from ...routing.inventory import AppRoute
from ...routing.route import WEBSOCKET
from ..corpus.case import Case, Step
from ..corpus.case_reading import HOST
from .path_values import VARIABLE
from .samples import Credential, Samples, read_samples
from .variation import Group

MAX_VALID, MAX_INVALID = 4, 8
"""Cases of each operation that fit its schema, and that do not."""
DRAWS = 4
"""Times as many are drawn, for many are alike."""
_BASE = "http://gateway.test"
_SENT = frozenset({"content-type", "content-length", "cookie"})
"""Headers that follow from what was drawn; the others are the client library's own."""


def generate_from_schema(new: Any, cases: Sequence[Case], seed: int) -> tuple[Case, ...]:
    """Return requests that fit each operation's schema, ones that break it, and sequences through its id.

    At most `MAX_VALID` and `MAX_INVALID` of an operation. Names have the rule in Flask's syntax, `POST /todos: fits the
    schema`. `cases` lend credentials and values of path variables. An app without a schema gives none.
    """
    app = next((layer for layer in layers_of(new) if hasattr(layer, "openapi")), None)
    if app is None:
        return ()
    import schemathesis

    routes = [
        route for route in new_routes(app) if route.can_belong and route.methods and WEBSOCKET not in route.methods
    ]
    rules = [Rule(route.rule, methods=route.methods, endpoint=route.name) for route in routes]
    samples = read_samples(cases, Map(rules))
    found: Any = schemathesis.openapi.from_dict(app.openapi())
    read = (operation for result in found.get_all_operations() if (operation := result.ok()) is not None)
    operations = [_operation(operation, routes, samples, seed) for operation in read]
    single = (case for operation in operations for case in operation.cases())
    return tuple({case.name: case for case in (*single, *_sequences(operations))}.values())


@dataclass(frozen=True, slots=True)
class _Operation:
    """One operation with its requests."""

    method: str
    rule: str
    valid: tuple[Request, ...]
    invalid: tuple[Request, ...]
    credential: Credential | None
    state: str | None

    def step(self, request: Request, *captures: tuple[str, str]) -> Step:
        """Return the step that sends the credential in place of what was drawn for one."""
        headers = self.credential.headers if self.credential else ()
        own = {name.lower() for name, _ in headers}
        drawn = tuple(header for header in request.headers if header[0].lower() not in own)
        return Step(replace(request, headers=(*drawn, *headers)), captures)

    def cases(self) -> Iterator[Case]:
        """Yield each request as a case."""
        for label, drawn in (("fits the schema", self.valid), ("breaks the schema", self.invalid)):
            for number, request in enumerate(drawn, 1):
                yield self.case(label + (f" {number}" if number > 1 else ""), self.step(request))

    def case(self, label: str, *steps: Step) -> Case:
        """Return the case of these steps, after the credential's own."""
        name, origin = f"{self.method} {self.rule}: {label}", f"{Group.SCHEMA}: {label}"
        before = self.credential.steps if self.credential else ()
        return Case(name, (*before, *steps), "schema", self.state, origin=origin)


def _operation(operation: Any, routes: Sequence[AppRoute], samples: Samples, seed: int) -> _Operation:
    from schemathesis import GenerationMode

    method, path = operation.method.upper(), operation.path
    # A path of the schema has lost the converters that the route's rule has.
    same = (one.rule for one in routes if VARIABLE.sub(r"{\1}", one.rule) == path and method in (one.methods or ()))
    rule = next(same, re.sub(r"{(\w+)}", r"<\1>", path))
    own_seed = zlib.crc32(f"{seed} {method} {rule}".encode())
    known: dict[str, Any] = {}
    for parameter in operation.path_parameters:
        if texts := samples.path_texts.get((rule, parameter.name)):
            known[parameter.name] = texts[0]
        elif parameter.definition.get("schema", {}).get("type") == "integer":
            known[parameter.name] = 1  # likely to be there
    valid = _drawn(operation, GenerationMode.POSITIVE, MAX_VALID, own_seed, known)
    invalid = _drawn(operation, GenerationMode.NEGATIVE, MAX_INVALID, own_seed, {})
    wanted = frozenset({"authorization", "cookie"} if operation.definition.raw.get("security") else ())
    credential = samples.credential((method, rule), wanted)
    state = samples.state((method, rule)) if credential is None else credential.state
    return _Operation(method, rule, valid, invalid, credential, state)


def _drawn(operation: Any, mode: Any, count: int, seed: int, known: Mapping[str, Any]) -> tuple[Request, ...]:
    """Return different requests, drawn by seed alone; none where the schema leaves no room for them."""
    import hypothesis
    from hypothesis.errors import Unsatisfiable

    found: dict[Request, None] = {}

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count * DRAWS,
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
    """Return the request that the client library would send, without what it adds of its own."""
    import requests

    prepared = requests.Request(**drawn.as_transport_kwargs(base_url=_BASE)).prepare()
    body: Any = prepared.body or b""
    own = {name.lower() for name in (drawn.headers or {})} | _SENT
    headers = tuple((_bytes(name).lower(), _bytes(value)) for name, value in prepared.headers.items())
    kept = tuple((name, value) for name, value in headers if name.decode("latin-1") in own)
    request = Request(prepared.method or "GET", _bytes(prepared.path_url), (HOST, *kept), _bytes(body))
    drawn = request.boundary.encode("latin-1")
    if not drawn:
        return request
    fixed = BOUNDARY.encode().ljust(len(drawn), b"-")[: len(drawn)]  # the drawn boundary is random beyond the seed
    headers = tuple((name, value.replace(drawn, fixed)) for name, value in request.headers)
    return replace(request, headers=headers, body=request.body.replace(drawn, fixed))


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8")


def _sequences(operations: Sequence[_Operation]) -> Iterator[Case]:
    """Yield create, then each thing that can be asked of what was created, then read it again."""
    for create in (one for one in operations if one.method == "POST" and one.valid):
        item = re.compile(rf"{re.escape(create.rule.rstrip('/'))}/<(?:[^<>]*:)?\w+>/?")
        items = [one for one in operations if item.fullmatch(one.rule) and one.valid]
        steps = [one.step(_of_created(one.valid[0])) for one in sorted(items, key=lambda one: one.method == "DELETE")]
        read = [one.step(_of_created(one.valid[0])) for one in items if one.method == "GET"]
        if items:
            first = create.step(create.valid[0], ("id", "body.id"))
            yield create.case("fits the schema, then all of its id", first, *steps, *read)


def _of_created(request: Request) -> Request:
    """Return the request with the captured id as the last segment of its path."""
    path, mark, query = request.target.partition(b"?")
    return replace(request, target=path.rstrip(b"/").rpartition(b"/")[0] + b"/{{id}}" + mark + query)
