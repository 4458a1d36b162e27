"""The smallest case that still shows a difference: fewer steps, headers, parameters and keys, shorter values. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count, takewhile
from typing import Any

from ...http.message import FORM_TYPE, Request, json_bytes
from ..corpus.case import Case

MAX_TRIES = 200
"""Calls of `still_differs`: each one is a replay."""
_NEEDED = frozenset({b"host", b"content-type", b"content-length", b"transfer-encoding"})


def shrink(case: Case, still_differs: Callable[[Case], bool], *, max_tries: int = MAX_TRIES) -> Case:
    """Take away whatever can go while `still_differs`, which is asked at most `max_tries` times.

    The case itself is taken to differ. Its name, source and credential stay.
    """
    tries = count(1)
    while True:
        smaller = takewhile(lambda _: next(tries) <= max_tries, _smaller(case))
        found = next(filter(still_differs, smaller), None)
        if found is None:
            return case
        case = found


def _smaller(case: Case) -> Iterator[Case]:
    """Yield every case with one thing less, the boldest first: half of the steps, all but one, a smaller request."""
    steps, number = case.steps, len(case.steps)
    if number > 3:
        yield from (replace(case, steps=half) for half in (steps[number // 2 :], steps[: number // 2]))
    if number > 1:
        yield from (replace(case, steps=steps[:at] + steps[at + 1 :]) for at in range(number))
    for at, step in enumerate(steps):
        for request in _smaller_requests(step.request):
            yield replace(case, steps=(*steps[:at], replace(step, request=request), *steps[at + 1 :]))


def _smaller_requests(request: Request) -> Iterator[Request]:
    path, _, query = request.target.partition(b"?")
    if query:
        yield replace(request, target=path)
        pairs = query.split(b"&")
        yield from (replace(request, target=path + b"?" + rest) for rest in _fewer_pairs(pairs))
    for at, (name, _) in enumerate(request.headers):
        if name.lower() not in _NEEDED:
            yield replace(request, headers=request.headers[:at] + request.headers[at + 1 :])
    yield from map(request.with_body, _smaller_bodies(request))


def _smaller_bodies(request: Request) -> Iterator[bytes]:
    kind, body = request.media_type, request.body
    if not body:
        return
    if kind == FORM_TYPE:
        yield from _fewer_pairs(body.split(b"&"))
        return
    try:
        value = request.json if kind.endswith("json") else None
        texts = list(map(json_bytes, _smaller_values(value)))
    except (ValueError, RecursionError):
        texts = []
    # Written without spaces it may be shorter already; a try must never give the same again.
    yield from (
        text for text in dict.fromkeys(texts) if len(text) < len(body) or (text < body and len(text) == len(body))
    )
    if not texts and not kind.startswith("multipart"):
        yield from dict.fromkeys((b"", body[: len(body) // 2]))


def _fewer_pairs(pairs: list[bytes]) -> Iterator[bytes]:
    """Yield all without each pair, then with each value shorter."""
    if len(pairs) > 1:
        yield from (b"&".join(pairs[:at] + pairs[at + 1 :]) for at in range(len(pairs)))
    for at, pair in enumerate(pairs):
        name, sign, value = pair.partition(b"=")
        for shorter in _shorter(value.decode("latin-1")) if b"{{" not in value and b"%" not in value else ():
            yield b"&".join([*pairs[:at], name + sign + shorter.encode("latin-1"), *pairs[at + 1 :]])


def _smaller_values(value: Any) -> Iterator[Any]:
    """Yield every JSON value with one thing less; numbers nearer to zero, of a negative one its opposite."""
    if isinstance(value, dict):
        yield from ({key: given for key, given in value.items() if key != gone} for gone in value)
        yield from ({**value, key: less} for key, given in value.items() for less in _smaller_values(given))
    elif isinstance(value, list):
        yield from (value[:at] + value[at + 1 :] for at in range(len(value)))
        for at, given in enumerate(value):
            yield from ([*value[:at], less, *value[at + 1 :]] for less in _smaller_values(given))
    elif isinstance(value, str):
        yield from _shorter(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        kind = type(value)
        yield from dict.fromkeys(kind(value - gone) for gone in _halves(int(value)))
        if value < 0:
            yield -value
        if 0 < abs(value) < 1:
            yield kind(0)


def _shorter(text: str) -> Iterator[str]:
    """Yield nothing, half, three quarters ... one character less; what holds a captured value stays whole."""
    if text and "{{" not in text:
        yield from dict.fromkeys(text[: len(text) - gone] for gone in _halves(len(text)))


def _halves(number: int) -> Iterator[int]:
    """Yield 7, 3, 1 for 7; nothing for a number below 1."""
    while number > 0:
        yield number
        number //= 2
