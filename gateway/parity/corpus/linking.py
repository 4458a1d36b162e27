"""Values of an earlier answer that a later request sends become captures: `{{session}}` instead of the cookie. Pure.

Only the obvious ones: cookies by name, an `id` in a path below its answer's, tokens of 16 characters or more.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from urllib.parse import quote_plus

from ...http.headers import replace_cookie_values
from ...http.message import Exchange, Request
from ...http.redaction.secret_texts import UUID
from ...http.secret_names import CREDENTIALS, is_secret
from .case import Step

MIN_TOKEN_BYTES = 16
"""Length from which on a value is no coincidence."""


@dataclass(frozen=True, slots=True)
class _Source:
    """A value that an answer gave."""

    step: int
    location: str
    value: bytes
    path: bytes = b""
    """Path below which an id counts; empty for what counts everywhere."""

    @property
    def key(self) -> tuple[str, bytes, bytes]:
        """Return what a later value shares that takes the place of this one; ids share the value too."""
        return self.location, self.path, self.value if self.path else b""


def link(exchanges: Sequence[Exchange]) -> tuple[Step, ...]:
    """Return all exchanges as the steps of one case."""
    return _Links(exchanges).steps(range(len(exchanges)))


def link_each(exchanges: Sequence[Exchange]) -> tuple[tuple[Step, ...], ...]:
    """Return for each exchange the steps of a case of its own: those whose values it needs, in order, and itself."""
    links = _Links(exchanges)
    return tuple(links.steps(links.needed(at)) for at in range(len(exchanges)))


class _Links:
    """Which request sends what an earlier answer gave."""

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        self._names: dict[_Source, str] = {}
        self._uses: list[list[_Source]] = []
        self._requests: list[Request] = []
        self._statuses = [exchange.response.status or None for exchange in exchanges]
        sources: dict[tuple[str, bytes, bytes], _Source] = {}
        for at, exchange in enumerate(exchanges):
            request, used = exchange.request, []
            fit = (source for source in sources.values() if request.target.startswith(source.path))
            for source in sorted(fit, key=lambda one: -len(one.value)):
                wanted = re.sub(r"[^\w.-]", "_", source.location.partition(".")[2], flags=re.ASCII) or "kept"
                names = chain([wanted], (f"{wanted}_{number}" for number in count(2)))
                name = self._names.get(source) or next(name for name in names if name not in self._names.values())
                linked = _with_hole(request, source, b"{{%b}}" % name.encode())
                if linked != request:
                    self._names[source] = name
                    used.append(source)
                    request = linked
            self._uses.append(used)
            self._requests.append(request)
            sources |= {source.key: source for source in _sources(at, exchange)}

    def needed(self, at: int) -> tuple[int, ...]:
        """Return the numbers of the steps that a step needs, its own the last."""
        numbers, pending = {at}, [at]
        while pending:  # not recursive: each request may need the answer to the one before
            new = {source.step for source in self._uses[pending.pop()]} - numbers
            numbers |= new
            pending += new
        return tuple(sorted(numbers))

    def steps(self, numbers: Sequence[int]) -> tuple[Step, ...]:
        """Return these requests in order, each with what a later one of them needs of its answer."""
        captures: dict[int, dict[str, str]] = defaultdict(dict)
        for source in (source for number in numbers for source in self._uses[number]):
            captures[source.step][self._names[source]] = source.location
        return tuple(
            Step(self._requests[number], tuple(captures[number].items()), self._statuses[number]) for number in numbers
        )


def _sources(at: int, exchange: Exchange) -> Iterator[_Source]:
    """Yield what an answer gives: its cookies, the id and the tokens of a JSON object, the CSRF tokens of forms."""
    request, response = exchange.request, exchange.response
    for cookie in response.set_cookies:
        if cookie.name and cookie.value.strip('"'):
            yield _Source(at, f"cookie.{cookie.name}", cookie.value.encode("latin-1"))
    if response.media_type.endswith("json"):
        tree = response.json
        for key, value in tree.items() if isinstance(tree, dict) else ():
            if key == "id" and (type(value) is int or (isinstance(value, str) and UUID.fullmatch(value))):
                path = request.target.partition(b"?")[0].rstrip(b"/") + b"/"
                yield _Source(at, "body.id", str(value).encode(), path)
            elif isinstance(value, str) and value.isascii() and _is_token(key, value.encode()):
                yield _Source(at, f"body.{key}", value.encode())
    elif response.media_type == "text/html":
        for key, token in response.inputs:
            name = key.decode("latin-1")
            if _is_token(name, token):
                yield _Source(at, f"body.{name}", token)


def _is_token(name: str, value: bytes) -> bool:
    return re.fullmatch(r"[\w-]+", name) is not None and is_secret(name) and len(value) >= MIN_TOKEN_BYTES


def _with_hole(request: Request, source: _Source, hole: bytes) -> Request:
    """Return the request with the hole where it sends the value of the source."""
    if source.location == "body.id":
        path, mark, query = request.target.partition(b"?")
        segment, slash, rest = path.removeprefix(source.path).partition(b"/")
        is_sent = path.startswith(source.path) and segment == source.value
        return replace(request, target=source.path + hole + slash + rest + mark + query) if is_sent else request
    is_long = len(source.value) >= MIN_TOKEN_BYTES

    def in_header(name: str, value: bytes) -> bytes:
        if name == "cookie":
            given = source.location.encode("latin-1", "replace"), source.value
            return replace_cookie_values(value, lambda key, text: hole if (b"cookie." + key, text) == given else text)
        is_secret_header = name in CREDENTIALS or is_secret(name)
        return value.replace(source.value, hole) if is_secret_header and is_long else value

    headers = tuple((name, in_header(name.lower().decode("latin-1"), value)) for name, value in request.headers)
    body = request.body
    for written in {source.value, quote_plus(source.value).encode()} if is_long else ():
        body = body.replace(written, hole)
    return replace(request, headers=headers).with_body(body)
