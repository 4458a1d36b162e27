"""What can stand for a variable of a rule: texts that its converter takes, and texts at its edges. Percent-encoded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
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
from .plausible import HUGE, good_text

UNKNOWN = "999983"
_VARIABLE = re.compile(r"<(?:[^<>]*:)?(\w+)>")
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
    """The path with these texts in it as they stand, however wrong they are."""
    return _VARIABLE.sub(lambda found: values[found[1]], rule.rule)


def good_values(rule: Rule, seen: Mapping[str, str], folder: str | None) -> dict[str, str]:
    """A text for each variable: one that was seen, else one that is likely to be there. `folder` is of static files."""
    return {name: seen.get(name) or _first(name, converter, folder) for name, converter in converters_of(rule).items()}


def edges(rule: Rule) -> Iterator[tuple[str, str]]:
    """(variable, text) of every edge, the unknown one first."""
    for name, converter in converters_of(rule).items():
        if not isinstance(converter, AnyConverter | UUIDConverter | FloatConverter):
            yield name, UNKNOWN
        known = next((texts for kind, texts in _EDGES.items() if isinstance(converter, kind)), _TEXTS)
        yield from ((name, text) for text in known)


def _first(name: str, converter: BaseConverter, folder: str | None) -> str:
    candidates = (*_file_in(folder), *_special(converter), "1", _text(name), "a", "1.5", _UUID)
    return next((quote(text) for text in candidates if _takes(converter, text)), "1")


def _special(converter: BaseConverter) -> tuple[str, ...]:
    if isinstance(converter, AnyConverter):
        return tuple(sorted(converter.items))
    if isinstance(converter, IntegerConverter):
        smallest = max(converter.min or 1, 1)
        return (str(smallest).zfill(converter.fixed_digits or 0),)
    return ("a/b.txt",) if isinstance(converter, PathConverter) else ()


def _text(name: str) -> str:
    return good_text(Parameter(name, "path", "text")).replace("A ", "a-", 1).replace(" ", "-")


def _file_in(folder: str | None) -> tuple[str, ...]:
    if folder is None or not Path(folder).is_dir():
        return ()
    return tuple(path.relative_to(folder).as_posix() for path in sorted(Path(folder).rglob("*")) if path.is_file())[:1]


def _takes(converter: Any, text: str) -> bool:
    try:
        converter.to_python(text)
    except (ValidationError, ValueError):
        return False
    return re.fullmatch(converter.regex, text) is not None
