"""A case: requests in sequence, with values of one answer used in the next. Values only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field, replace

from ...http.message import Request

WRITING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
"""Methods of requests that change what later ones find."""
_HOLE = re.compile(rb"\{\{[^{}]*\}\}")
_NAME = re.compile(rb"\{\{([\w.-]+)\}\}")


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a case. `{{name}}` in its target, header values or body stands for a captured value."""

    request: Request
    captures: tuple[tuple[str, str], ...] = ()
    """(name, location in this step's answer): `("id", "body.id")`, `("csrf", "cookie.csrftoken")`, `("etag",
    "header.etag")`. Each side captures its own."""
    status: int | None = field(default=None, compare=False)
    """Status of the answer when it was recorded; None where nobody knows."""
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
    """`given`, or what stands for the credential of the last request: `anonymous`, `wrong`, `other-user`, `no-csrf`."""
    origin: str = field(default="", compare=False)
    """What made the case, in plain words: `json field title: empty`, `HAR entry 12 of shop.har`, `written in
    corpus/todos.toml`. It changes nothing of what is asked, so two cases that differ only in it are equal."""

    @property
    def is_generated(self) -> bool:
        """Whether the run made the case up: nobody has written or recorded it."""
        return self.source in ("generated", "schema")


def example(request: Request) -> Request:
    """Return the request with a number in the place of each captured value, which nobody knows before it is asked."""
    return replace(request, target=_HOLE.sub(b"1", request.target))


def used_names(request: Request) -> set[str]:
    """Return the name of every captured value that the request has a place for."""
    return names_in((request.target, request.body, *(value for _, value in request.headers)))


def names_in(texts: Iterable[bytes]) -> set[str]:
    """Return every name that stands as `{{name}}` in one of the texts."""
    return {name.decode() for text in texts for name in _NAME.findall(text)}


def captured_names(steps: Iterable[Step]) -> set[str]:
    """Return every name under which one of the steps captures a value."""
    return {name for step in steps for name, _ in step.captures}


def steps_capturing(steps: Sequence[Step], names: Set[str]) -> tuple[Step, ...]:
    """Return those of the steps that give the captured values of these names, directly or not, in their order.

    What was written before one of them stays: a login needs the sign-up, though nothing of its answer is used.
    """
    wanted = set(names)
    needed: list[Step] = []
    for step in reversed(steps):
        is_wanted = bool(wanted & captured_names([step]))
        if is_wanted or (needed and step.request.method in WRITING):
            wanted = wanted - captured_names([step]) | used_names(step.request)
            needed.insert(0, step)
    return tuple(needed)


def fill(request: Request, kept: dict[str, str]) -> Request:
    """Return the request with every `{{name}}` replaced and its length kept right; a name not in `kept` stays."""

    def filled(raw: bytes) -> bytes:
        for name, value in kept.items():
            raw = raw.replace(b"{{%s}}" % name.encode(), value.encode("utf-8", "surrogateescape"))
        return raw

    headers = tuple((name, filled(value)) for name, value in request.headers)
    return replace(request, target=filled(request.target), headers=headers).with_body(filled(request.body))
