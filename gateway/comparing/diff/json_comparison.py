"""Two JSON values, location by location: `1`, `1.0`, `1e0`, `true` and `"1"` all differ, and absent is not null. Pure.

A number is kept as its own text, for its text is what a client gets. The order of keys does not count.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal, DecimalException
from typing import Any, NamedTuple

from ..result import Difference, member
from .difference_text import described, quoted, unequal

_ABSENT = object()


class Number(NamedTuple):
    """A number, or NaN, Infinity and -Infinity, as it was written; equal to no text, and to no other spelling."""

    text: str


class Repeated(tuple[Any, ...]):
    """The values of a key that stands more than once in one object, in order; clients take the last, most of them."""

    __slots__ = ()


def read_json(body: bytes) -> Any:
    """Return the value with its numbers as `Number`, and keys that stand twice as `Repeated`.

    Raises ValueError when it is not JSON, RecursionError when it is too deep.
    """
    return parse_json(body.decode(json.detect_encoding(body)))


def parse_json(text: str) -> Any:
    """Return the value of a text as `read_json` does of bytes; a byte order mark is not JSON. Raises what that does."""
    return _DECODER.decode(text)


def compare_json(where: str, control: Any, candidate: Any, *, canonical: bool = False) -> Iterator[Difference]:
    """Yield every difference of two values that `read_json` gave; `canonical` compares numbers by value, `1` is `1.0`.

    Lists of different lengths differ once at the list's own location `(3 items)`, and in the items that both have.
    """
    if control == candidate:
        return
    if isinstance(control, dict) and isinstance(candidate, dict):
        for key in dict.fromkeys((*control, *candidate)):
            pair = control.get(key, _ABSENT), candidate.get(key, _ABSENT)
            yield from compare_json(member(where, key), *pair, canonical=canonical)
    elif isinstance(control, list) and isinstance(candidate, list):
        if len(control) != len(candidate):
            lengths = ("1 item" if len(items) == 1 else f"{len(items):,} items" for items in (control, candidate))
            yield from unequal(where, *map(described, lengths))
        for index, pair in enumerate(zip(control, candidate, strict=False)):
            yield from compare_json(f"{where}[{index}]", *pair, canonical=canonical)
    elif not (canonical and type(control) is type(candidate) is Number and is_one_number(control.text, candidate.text)):
        yield from unequal(where, json_text(control), json_text(candidate))


def json_text(value: Any) -> str | None:
    """Return the value's JSON text; None for an absent one."""
    write = _WRITERS.get(type(value))
    return None if value is _ABSENT else write(value) if write else json.dumps(value)


def is_one_number(one: str, other: str) -> bool:
    """Tell whether two texts are of one number, however it is written; False where one of them is none."""
    try:
        return Decimal(one) == Decimal(other)
    except DecimalException:  # no number, or an exponent beyond any
        return False


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    values: dict[str, list[Any]] = {}
    for key, value in pairs:
        values.setdefault(key, []).append(value)
    return {key: Repeated(every) if len(every) > 1 else every[0] for key, every in values.items()}


_DECODER = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=Number, object_pairs_hook=_object)
_WRITERS: dict[type, Callable[[Any], str]] = {
    Number: lambda number: str(number.text),
    str: quoted,
    list: lambda items: f"[{', '.join(map(str, map(json_text, items)))}]",
    dict: lambda members: f"{{{', '.join(f'{quoted(key)}: {json_text(value)}' for key, value in members.items())}}}",
    Repeated: lambda values: f"{' and again '.join(map(str, map(json_text, values)))}",
}
