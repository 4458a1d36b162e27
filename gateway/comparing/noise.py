"""Legacy's own noise: what it says differently when asked again. A candidate may differ there, and only there. Pure.

Learned word by word: of `"at 10:04:05 by ann"` the numbers may be noise, and `by bob` is still a difference. Never
noise: status, errors, authentication, media types, names and attributes of cookies, the shape of JSON.
"""

from __future__ import annotations

import re
from collections import defaultdict

from .compared import Compared
from .diff.comparison import every_difference
from .diff.difference_text import is_described, is_excerpt
from .location import field_of
from .result import Difference

MIN_REPEATS = 3
"""Twins that are needed; with fewer nothing is noise."""
_COVERABLE = re.compile(
    r"body(?:[.\[].*)?|header\..+|cookie\..+\.(?:value|expires)|effect\.rows\..+\..+|effect\.(?:outbound|files|errors)",
    re.DOTALL,
)
_NEVER = frozenset({"body.bytes", "header.content-length", "header.content-type", "header.www-authenticate"})
_WHOLE = re.compile(r"body|effect\.(?:outbound|files|errors)")
"""Places of many values in one text: here noise is only ever words within a constant frame."""
_MAX_FRAMES = 2
"""Frames that a value can have and still be of a kind: `10:04:05` and `10:04:05.5`. One with more is a random text."""
_WORD = re.compile(r"\w+")
_OPAQUE_WORD = re.compile(r"[\w+/=-]+")
"""Of a cookie's value: a token in base64 has no frame but its dots."""
_JSON_KINDS = (
    ("string", re.compile(r'".*"', re.DOTALL)),
    ("number", re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")),
    ("boolean", re.compile(r"true|false")),
)


def may_be_noise(where: str) -> bool:
    """Whether a difference there may turn out to be noise: only then is it worth to ask again."""
    return where not in _NEVER and _COVERABLE.fullmatch(where) is not None


class Noise:
    """Where legacy disagrees with itself on one request, and what it says there."""

    def __init__(self, step: Compared, json_mode: str) -> None:
        self._at: dict[str, list[str | None]] = defaultdict(list)
        self._of_field: dict[str, list[str | None]] = defaultdict(list)
        self._twins = len(step.repeats)
        method = step.control_request.method
        for repeat in step.repeats if self._twins >= MIN_REPEATS else ():
            for difference in every_difference(step.control, repeat, method=method, json_mode=json_mode):
                texts = difference.control, difference.candidate
                self._at[difference.where] += texts
                self._of_field[field_of(difference.where)] += texts

    def covers(self, difference: Difference) -> str:
        """Why a difference between control and candidate is only noise; empty when it is not.

        Where legacy disagrees with itself in one item of a list, the same field of the other items may be noise too.
        """
        where = difference.where
        legacy = self._at.get(where) or self._of_field.get(field_of(where)) or []
        texts = [difference.control, difference.candidate, *legacy]
        if not legacy or not may_be_noise(where):
            return ""
        known = [text for text in texts if text is not None and not is_described(text) and not is_excerpt(text)]
        if len(known) < len(texts) or not _are_of_one_kind(where, known):
            return ""
        control, candidate, *others = known
        word = _OPAQUE_WORD if where.startswith("cookie.") else _WORD
        if not _is_one_of(candidate, [control, *others], word, is_framed=_WHOLE.fullmatch(where) is not None):
            return ""
        return f"legacy's own noise: {len({control, *others})} values here in {self._twins + 1} answers"


def _are_of_one_kind(where: str, texts: list[str]) -> bool:
    """Whether texts of a JSON body are of one type, and targets of a redirect one path."""
    if where == "header.location":
        return len({text.partition("?")[0] for text in texts}) == 1
    kinds = {_json_kind(text) for text in texts} if where.startswith("body") else set()
    return len(kinds) < 2 and (where == "body" or None not in kinds)


def _json_kind(text: str) -> str | None:
    return next((kind for kind, pattern in _JSON_KINDS if pattern.fullmatch(text)), None)


def _is_one_of(candidate: str, legacy: list[str], word: re.Pattern[str], *, is_framed: bool) -> bool:
    """Whether a text could be another of legacy's: a frame of theirs, and the same words where theirs are the same."""
    frames = {word.sub("w", text) for text in legacy}
    if len(frames) > _MAX_FRAMES:
        return not is_framed
    if word.sub("w", candidate) not in frames:
        return False
    if len(frames) > 1:
        return not is_framed
    columns = zip(*map(word.findall, legacy), strict=True)
    return all(_is_alike(one, set(column)) for one, column in zip(word.findall(candidate), columns, strict=True))


def _is_alike(word: str, legacy: set[str]) -> bool:
    """One of legacy's words; or another, where they vary, but a number for numbers and of about their size."""
    if len(legacy) == 1:
        return word in legacy
    if not all(other.isdigit() for other in legacy):
        return True
    return word.isdigit() and min(map(len, legacy)) - 3 < len(word) < max(map(len, legacy)) + 3
