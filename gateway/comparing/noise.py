"""Learn what the control says differently when it is asked again: a candidate may differ there, and only there. Pure.

Noise is learned word by word: of `"at 10:04:05 by ann"` the numbers may be noise, and `by bob` is still a difference.
Status, errors, authentication, media types, names and attributes of cookies and the shape of JSON are never noise.
"""

from __future__ import annotations

import re
from collections import defaultdict

from ..http.message import json_value
from .diff.comparison import compare
from .diff.difference_text import is_whole
from .observation import Compared
from .result import Difference, field_of

MIN_REPEATS = 3
"""Repeats that are needed; with fewer nothing is noise."""
_COVERABLE = re.compile(
    r"body(?:[.\[].*)?|header\..+|cookie\..+\.(?:value|expires)|effect\.rows\..+\..+|effect\.(?:outbound|files|errors)",
    re.DOTALL,
)
_NEVER = frozenset({"body.bytes", "header.content-length", "header.content-type", "header.www-authenticate"})
_WHOLE = re.compile(r"body|effect\.(?:outbound|files|errors)")
"""Locations of many values in one text: here noise is only ever words within a constant frame."""
_MAX_FRAMES = 2
"""Frames that a value can have and still be of a kind: `10:04:05` and `10:04:05.5`. One with more is a random text."""
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?")
_UNIT = r"(?:ms|us|ns|s|min|h|[kMG]i?B|B|px|%)"
_WORD = re.compile(rf"(?<![\d.]){_NUMBER.pattern}(?!\.?\d)(?={_UNIT}?\b)|\w+")
"""A decimal is one word, and the unit after it another: a measured time is `6`, `5.79` or `4e-05ms`."""
_OPAQUE_WORD = re.compile(r"[\w+/=-]+")
"""A word of a cookie's value: a token in base64 has no frame but its dots."""
_JSON_KINDS = {str: "string", int: "number", float: "number", bool: "boolean"}


def may_be_noise(where: str) -> bool:
    """Tell whether a difference there may turn out to be noise: only then is it worth asking the control again."""
    return where not in _NEVER and _COVERABLE.fullmatch(where) is not None


class Noise:
    """Know where the control disagrees with itself on one request, and what it says there."""

    def __init__(self, compared: Compared, json_mode: str) -> None:
        self._seen: dict[str, list[str | None]] = defaultdict(list)  # by location, and by field
        self._answers = len(compared.repeats) + 1
        method = compared.control_request.method
        for repeat in compared.repeats if len(compared.repeats) >= MIN_REPEATS else ():
            for difference in compare(compared.control, repeat, method=method, json_mode=json_mode):
                for location in {difference.where, field_of(difference.where)}:
                    self._seen[location] += (difference.control, difference.candidate)

    def reason_for(self, difference: Difference) -> str:
        """Return why a difference between control and candidate is only noise, or "" when it is not.

        Where the control disagrees with itself in one item of a list, the field may be noise in other items too.
        """
        where = difference.where
        seen = self._seen.get(where) or self._seen.get(field_of(where)) or []
        texts = [difference.control, difference.candidate, *seen]
        if not seen or not may_be_noise(where):
            return ""
        known = [text for text in texts if text is not None and is_whole(text)]
        if len(known) < len(texts) or not _are_of_one_kind(where, known):
            return ""
        control, candidate, *others = known
        word = _OPAQUE_WORD if where.startswith("cookie.") else _WORD
        if not _is_one_of(candidate, [control, *others], word, is_framed=_WHOLE.fullmatch(where) is not None):
            return ""
        return f"legacy's own noise: {len({control, *others})} values here in {self._answers} answers"


def _are_of_one_kind(where: str, texts: list[str]) -> bool:
    """Tell whether texts of a JSON body are of one type, and targets of a redirect have one path."""
    if where == "header.location":
        return len({text.partition("?")[0] for text in texts}) == 1
    if not where.startswith("body"):
        return True
    kinds = {_JSON_KINDS.get(type(json_value(text))) for text in texts}
    return len(kinds) < 2 and (where == "body" or None not in kinds)


def _is_one_of(candidate: str, control: list[str], word: re.Pattern[str], *, is_framed: bool) -> bool:
    """Tell whether a text could be one more of the control's: in a frame of theirs, with the words that never vary."""
    frames = {word.sub("w", text) for text in control}
    if len(frames) > _MAX_FRAMES:
        return not is_framed
    if word.sub("w", candidate) not in frames:
        return False
    if len(frames) > 1:
        return not is_framed
    columns = zip(*map(word.findall, control), strict=True)
    return all(_is_alike(one, set(column)) for one, column in zip(word.findall(candidate), columns, strict=True))


def _is_alike(word: str, control: set[str]) -> bool:
    """Tell whether a word may stand where these did: any, where they vary; a number of about their size for numbers."""
    if len(control) == 1:
        return word in control
    if not all(map(_NUMBER.fullmatch, control)):
        return True
    if all(other.isdigit() for other in control):
        return word.isdigit() and min(map(len, control)) - 3 < len(word) < max(map(len, control)) + 3
    sizes = [float(other) for other in control]
    return _NUMBER.fullmatch(word) is not None and min(sizes) / 100 <= float(word) <= max(sizes) * 100
