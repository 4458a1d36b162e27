"""Values of an earlier answer that a later request sends become kept values: `{{session}}` instead of the cookie. Pure.

Only the obvious ones: cookies by name, an `id` in a path below its answer's, tokens of 16 characters or more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote_plus

from ...http.headers import replace_cookie_values
from ...http.message import Exchange, Request, Response
from ...http.secret_names import CREDENTIALS, is_secret
from ..replaying.captures import ATTRIBUTE, INPUT
from .case import Step

SHORTEST_TOKEN = 16
"""Characters from which on a value is no coincidence."""
_UUID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Source:
    """A value that an answer gave."""

    step: int
    place: str
    value: bytes
    path: bytes = b""
    """Of an id: the path below which it counts."""

    @property
    def key(self) -> tuple[str, bytes, bytes]:
        """A later answer's value takes its place: of a cookie or a token any, of an id the same one."""
        return self.place, self.path, self.value if self.path else b""


def link(exchanges: Sequence[Exchange]) -> tuple[Step, ...]:
    """All of them as the steps of one case."""
    links = _Links(exchanges)
    return links.steps(range(len(exchanges)))


def link_each(exchanges: Sequence[Exchange]) -> tuple[tuple[Step, ...], ...]:
    """For each of them the steps of a case of its own: those whose values it needs, in order, and itself."""
    links = _Links(exchanges)
    return tuple(links.steps(links.needed(at)) for at in range(len(exchanges)))


class _Links:
    """Which request sends what an earlier answer gave."""

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        self._names: dict[_Source, str] = {}
        self._uses: list[tuple[_Source, ...]] = []
        self._requests: list[Request] = []
        sources: dict[tuple[str, bytes, bytes], _Source] = {}
        for at, exchange in enumerate(exchanges):
            used, request = self._linked(exchange.request, list(sources.values()))
            self._uses.append(used)
            self._requests.append(request)
            found = _sources(at, exchange)
            sources |= {source.key: source for source in found}

    def needed(self, at: int) -> tuple[int, ...]:
        """The numbers of the steps that this one needs, itself the last."""
        before = {number for source in self._uses[at] for number in self.needed(source.step)}
        return (*sorted(before), at)

    def steps(self, numbers: Sequence[int]) -> tuple[Step, ...]:
        """These requests in order, each with what a later one of them needs of its answer."""
        used = [source for number in numbers for source in self._uses[number]]
        return tuple(Step(self._requests[number], self._keep(number, used)) for number in numbers)

    def _keep(self, number: int, used: list[_Source]) -> tuple[tuple[str, str], ...]:
        wanted = dict.fromkeys(source for source in used if source.step == number)
        return tuple((self._names[source], source.place) for source in wanted)

    def _linked(self, request: Request, sources: list[_Source]) -> tuple[tuple[_Source, ...], Request]:
        used = []
        for source in sorted(sources, key=lambda source: -len(source.value)):
            name = self._names.get(source) or self._free_name(source)
            linked = _replaced(request, source, b"{{%b}}" % name.encode())
            if linked != request:
                self._names[source] = name
                used.append(source)
                request = linked
        return tuple(used), request

    def _free_name(self, source: _Source) -> str:
        base = re.sub(r"[^\w.-]", "_", source.place.partition(".")[2]) or "kept"
        taken, name, number = set(self._names.values()), base, 1
        while name in taken:
            number += 1
            name = f"{base}_{number}"
        return name


# --- what an answer gives ---


def _sources(at: int, exchange: Exchange) -> Iterator[_Source]:
    response = exchange.response
    for cookie in response.set_cookies:
        if cookie.name and cookie.value.strip('"'):
            yield _Source(at, f"cookie.{cookie.name}", cookie.value.encode("latin-1"))
    if response.media_type.endswith("json"):
        yield from _json_sources(at, exchange.request, response)
    elif response.media_type == "text/html":
        yield from _inputs(at, response)


def _json_sources(at: int, request: Request, response: Response) -> Iterator[_Source]:
    tree = response.json
    for key, value in tree.items() if isinstance(tree, dict) else ():
        if not re.fullmatch(r"[\w-]+", key):
            continue
        if key == "id" and _is_id(value):
            path = request.target.partition(b"?")[0].rstrip(b"/")
            yield _Source(at, "body.id", str(value).encode(), path + b"/")
        elif isinstance(value, str) and is_secret(key) and len(value) >= SHORTEST_TOKEN and value.isascii():
            yield _Source(at, f"body.{key}", value.encode())


def _is_id(value: Any) -> bool:
    if isinstance(value, str):
        return _UUID.fullmatch(value) is not None
    return isinstance(value, int) and not isinstance(value, bool)


def _inputs(at: int, response: Response) -> Iterator[_Source]:
    """The CSRF token of a form."""
    for found in INPUT.finditer(response.body):
        given = {name.lower(): value for name, value in ATTRIBUTE.findall(found[0])}
        name, value = given.get(b"name", b"").decode("latin-1"), given.get(b"value", b"")
        if re.fullmatch(r"[\w-]+", name) and is_secret(name) and len(value) >= SHORTEST_TOKEN:
            yield _Source(at, f"body.{name}", value)


# --- where a request sends it ---


def _replaced(request: Request, source: _Source, shown: bytes) -> Request:
    if source.place == "body.id":
        return replace(request, target=_in_path(request.target, source, shown))
    headers = tuple((name, _in_header(name.lower(), value, source, shown)) for name, value in request.headers)
    body = request.body
    if len(source.value) >= SHORTEST_TOKEN:
        for written in {source.value, quote_plus(source.value).encode()}:
            body = body.replace(written, shown)
    return replace(request, headers=headers).with_body(body)


def _in_path(target: bytes, source: _Source, shown: bytes) -> bytes:
    path, mark, query = target.partition(b"?")
    if not path.startswith(source.path):
        return target
    segments = path[len(source.path) :].split(b"/")
    if segments[0] == source.value:
        segments[0] = shown
    return source.path + b"/".join(segments) + mark + query


def _in_header(name: bytes, value: bytes, source: _Source, shown: bytes) -> bytes:
    if name == b"cookie":
        given = source.place.encode("latin-1"), source.value
        return replace_cookie_values(value, lambda key, text: shown if (b"cookie." + key, text) == given else text)
    is_one = name.decode("latin-1") in CREDENTIALS or is_secret(name.decode("latin-1"))
    return value.replace(source.value, shown) if is_one and len(source.value) >= SHORTEST_TOKEN else value
