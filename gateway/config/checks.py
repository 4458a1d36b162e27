"""Check the values of settings: a check gives its complaint about a wrong value, and none about a right one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..errors import suggest

Check = Callable[[Any], str]
"""Returns what is wrong with a value and what to write instead; an empty text when nothing is."""


def must(allows: Callable[[Any], bool], otherwise: str, *, shows_value: bool = True) -> Check:
    """Return a check that complains `VALUE otherwise`, or `otherwise` alone, where `allows` is false for a value."""
    return lambda value: "" if allows(value) else f"{format_value(value)} {otherwise}" if shows_value else otherwise


def of_type(kind: type, otherwise: str, *, shows_value: bool = True) -> Check:
    """Return a check for a value of a type; not for numbers, for true and false are some in Python."""
    return must(lambda value: isinstance(value, kind), otherwise, shows_value=shows_value)


def text(otherwise: str, *, shows_value: bool = True) -> Check:
    """Return a check for a text of more than blanks."""
    return must(lambda value: isinstance(value, str) and bool(value.strip()), otherwise, shows_value=shows_value)


def matching(pattern: str, otherwise: str) -> Check:
    """Return a check for a text that a regular expression matches as a whole."""
    return must(lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None, otherwise)


def number(allows: Callable[[float], bool], otherwise: str) -> Check:
    """Return a check for a number that `allows` is true for."""
    return must(lambda value: type(value) in (int, float) and allows(value), otherwise)


def count(otherwise: str) -> Check:
    """Return a check for a whole number above 0."""
    return must(lambda value: type(value) is int and value > 0, otherwise)


def tables(otherwise: str, min_length: int = 0) -> Check:
    """Return a check for a list of at least so many tables."""

    def allows(value: Any) -> bool:
        return isinstance(value, list) and len(value) >= min_length and all(isinstance(one, dict) for one in value)

    return must(allows, otherwise, shows_value=False)


def word(words: Iterable[str], gone: Mapping[str, str] | None = None) -> Check:
    """Return a check for one of some words; `gone` has what is to be said of words of older versions."""
    known = tuple(words)
    choices = ", ".join(f'"{one}"' for one in known)

    def check(value: Any) -> str:
        if value in known:
            return ""
        if not isinstance(value, str):
            return f"{format_value(value)} is none of {choices}"
        return f'"{value}" {(gone or {}).get(value) or f"is none of {choices}{suggest(value, known)}"}'

    return check


FLAG = of_type(bool, "is not true or false")


def format_value(value: Any) -> str:
    """Return a value nearly as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
