"""A case: requests in sequence, with values of one answer used in the next. Values only."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from ...http.message import Request

_HOLE = re.compile(rb"\{\{[^{}]*\}\}")


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a case. `{{name}}` in its target, header values or body stands for a captured value."""

    request: Request
    captures: tuple[tuple[str, str], ...] = ()
    """(name, place in this step's answer): `("id", "body.id")`, `("csrf", "cookie.csrftoken")`, `("etag",
    "header.etag")`. Each side captures its own."""
    by_legacy: bool = False
    """Whether only Flask has its route: legacy answers it beside the candidate too, as it does behind the gateway."""


@dataclass(frozen=True, slots=True)
class Case:
    """A sequence of requests that both sides answer from the same state."""

    name: str
    """Unique in a corpus; stable, for evidence and resumption name it."""
    steps: tuple[Step, ...]
    source: str = "written"
    """`written`, `recorded`, `har`, `access-log`, `postman`, `tests`, `generated`, `schema`, `counterexample`."""
    state: str | None = None
    """File name below `states/` of the corpus: the database at the start, where that is not the run's own."""
    credential: str = "given"
    """`given`, or how the credential of the last request was spoilt: `anonymous`, `wrong`, `other-user`, `no-csrf`."""
    origin: str = field(default="", compare=False)
    """What made the case, in plain words: `json field title: empty`, `HAR entry 12 of shop.har`, `written in
    corpus/todos.toml`. It changes nothing of what is asked, so two cases that differ only in it are equal."""

    @property
    def is_generated(self) -> bool:
        """Whether nobody has written or recorded it: the run made it up."""
        return self.source in ("generated", "schema")


def example(request: Request) -> Request:
    """The request with a number in the place of each captured value, which nobody knows before it is asked."""
    return replace(request, target=_HOLE.sub(b"1", request.target))


def uses(request: Request, name: str) -> bool:
    """Whether the request has a place for a captured value."""
    hole = b"{{%s}}" % name.encode()
    return any(hole in text for text in (request.target, request.body, *(value for _, value in request.headers)))


def fill(request: Request, kept: dict[str, str]) -> Request:
    """The request with every `{{name}}` replaced, its length kept right. A name that nobody kept stays as it is."""

    def filled(raw: bytes) -> bytes:
        for name, value in kept.items():
            raw = raw.replace(b"{{%s}}" % name.encode(), value.encode("utf-8", "surrogateescape"))
        return raw

    headers = tuple((name, filled(value)) for name, value in request.headers)
    return replace(request, target=filled(request.target), headers=headers).with_body(filled(request.body))
