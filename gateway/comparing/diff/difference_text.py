"""Set what both sides have against each other, in words that can be stored and shown: bounded, encodable. Pure."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, zip_longest
from typing import TypeVar

from ...http.message import json_bytes
from ..result import Difference

T = TypeVar("T")
MAX_TEXT_CHARS = 2_000
"""Characters of one text of a difference; of a longer one its beginning, its length and its digest are kept."""
_EXCERPT = re.compile(r".* \.\.\. \([\d,]+ characters, sha256 [0-9a-f]{12}\)", re.DOTALL)


def unequal(where: str, control: str | None, candidate: str | None) -> Iterator[Difference]:
    """Yield the difference between two texts, None where one is absent; nothing when they are equal."""
    if control != candidate:
        yield Difference(where, _bounded(control), _bounded(candidate))


def unequal_bytes(where: str, control: bytes, candidate: bytes) -> Iterator[Difference]:
    """Yield the difference between two bodies: as text where both are, else by length, digest and where they part."""
    if control == candidate:
        return
    texts = _text(control), _text(candidate)
    if None in texts:
        pairs = enumerate(zip(control, candidate, strict=False))
        offset = next((at for at, (a, b) in pairs if a != b), min(len(control), len(candidate)))
        texts = _binary(control, offset), _binary(candidate, offset)
    yield from unequal(where, *texts)


def paired(
    control: Iterable[T], candidate: Iterable[T], *, key: Callable[[T], object]
) -> Iterator[tuple[T | None, T | None]]:
    """Yield what has the same key on both sides together, then the rest in order: another key is another value.

    Where one side has more than the other, None stands for what the other lacks.
    """
    by_key: dict[object, deque[T]] = defaultdict(deque)
    for other in candidate:
        by_key[key(other)].append(other)
    alone = []
    for one in control:
        if by_key[key(one)]:
            yield one, by_key[key(one)].popleft()
        else:
            alone.append(one)
    yield from zip_longest(alone, chain.from_iterable(by_key.values()))


def quoted(text: str) -> str:
    """Return the text as a JSON string; escaped only where it could not be written otherwise."""
    return json_bytes(text).decode()


def described(words: str) -> str:
    """Return words that stand for a value that is not shown itself, in the form `(3 items)`."""
    return f"({words})"


def is_whole(text: str) -> bool:
    """Tell whether a text of a difference is all that stands there: no description, nor the beginning alone."""
    is_excerpt = len(text) > MAX_TEXT_CHARS and _EXCERPT.fullmatch(text) is not None
    return not is_excerpt and not (text.startswith("(") and text.endswith(")"))


def _bounded(text: str | None) -> str | None:
    if text is None:
        return None
    text = text.encode("utf-8", "backslashreplace").decode()
    if len(text) <= MAX_TEXT_CHARS:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return f"{text[:MAX_TEXT_CHARS]} ... ({len(text):,} characters, sha256 {digest})"


def _text(body: bytes) -> str | None:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _binary(body: bytes, offset: int) -> str:
    digest = hashlib.sha256(body).hexdigest()[:12]
    return described(f"{len(body):,} bytes, sha256 {digest}, other from byte {offset:,} on")
