"""List what can stand for a variable of a rule: texts that its converter takes, and its edges. Percent-encoded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from urllib.parse import quote

from werkzeug.routing import (
    AnyConverter,
    BaseConverter,
    FloatConverter,
    IntegerConverter,
    PathConverter,
    Rule,
    UUIDConverter,
    ValidationError,
)

from ...routing.matcher import converters_of
from .parameters import Parameter
from .plausible import HUGE, valid_text

UNKNOWN = "999983"
VARIABLE = re.compile(r"<(?:[^<>]*:)?(\w+)>")
_UUID = "6a1f0f0e-8c1a-4b57-9f0e-0123456789ab"
_NUMBERS = ("0", "-1", "+1", "1_0", "1.0", "abc", str(HUGE), "%D9%A1", "", "1%0A", "1%2F2", "%201", "%00")
_TEXTS = ("", "%0A", "a%2Fb", "%C3%A9%E2%98%83", "%FF", "x" * 300, "..", "a%20b", "a+b", "%00", "-", "%25")
_EDGES: dict[type[BaseConverter], tuple[str, ...]] = {
    IntegerConverter: _NUMBERS,
    FloatConverter: ("1", "-1.5", "1e5", "nan", "abc", "", "1.5%0A", "1_0.5", "%D9%A1.5", "1.", "00.50"),
    UUIDConverter: (_UUID.replace("-", ""), _UUID.upper(), f"%7B{_UUID}%7D", "zz", "", f"{_UUID}%0A", _UUID[:-1]),
    PathConverter: ("", "..%2F..%2Fetc%2Fpasswd", "%2E%2E/x", "a//b", "a/", "/a", "a%0A", "%C3%A9", "x" * 300, ".x"),
    AnyConverter: ("none-of-them", "", "%0A"),
}


def path_of(rule: Rule, values: Mapping[str, str]) -> str:
    """Return the path with these texts in it as they stand, however wrong they are."""
    return VARIABLE.sub(lambda found: values[found[1]], rule.rule)


def valid_values(rule: Rule, known: Mapping[str, str], folder: str | None) -> dict[str, str]:
    """Return a text for each variable: the one in `known`, else one that is likely to be there.

    `folder` is the one whose files the rule gives, where it does.
    """
    return {name: known.get(name) or _likely(name, one, folder) for name, one in converters_of(rule).items()}


def edges(rule: Rule) -> Iterator[tuple[str, str]]:
    """Yield (variable, text) of every edge, an unknown but possible value first."""
    for name, converter in converters_of(rule).items():
        if not isinstance(converter, AnyConverter | UUIDConverter | FloatConverter):
            yield name, UNKNOWN
        known = next((texts for kind, texts in _EDGES.items() if isinstance(converter, kind)), _TEXTS)
        yield from ((name, text) for text in known)


def _likely(name: str, converter: BaseConverter, folder: str | None) -> str:
    """Return the first candidate that the converter takes."""
    named = valid_text(Parameter(name, "path", "text")).replace("A ", "a-", 1).replace(" ", "-")
    candidates = ["1", named, "a", "1.5", _UUID]
    if isinstance(converter, AnyConverter):
        candidates[:0] = sorted(converter.items)
    elif isinstance(converter, IntegerConverter):
        candidates.insert(0, str(max(converter.min or 1, 1)).zfill(converter.fixed_digits or 0))
    elif isinstance(converter, PathConverter):
        candidates.insert(0, "a/b.txt")
    if folder is not None and Path(folder).is_dir():
        files = (path.relative_to(folder).as_posix() for path in sorted(Path(folder).rglob("*")) if path.is_file())
        candidates[:0] = islice(files, 1)
    for text in candidates:
        with suppress(ValidationError, ValueError):
            converter.to_python(text)
            if re.fullmatch(converter.regex, text):
                return quote(text)
    return "1"
