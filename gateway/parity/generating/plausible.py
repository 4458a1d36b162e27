"""Values that a view should take, and odd ones, from a parameter's type, name and limits. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from statistics import median_high
from typing import Any

from .parameters import Parameter, distinct

HUGE = 10**20
LONG = "x" * 3000
UNICODE = "é☃😀"
_BY_NAME = {
    r"e?mail": "parity.check@example.org",
    r"pass(word)?|pwd": "a-long-Passw0rd",
    r"url|link|website": "https://example.org/a",
    r"birth|date|day|since|until": "2024-02-29",
    r"phone|mobile": "+4915112345678",
    r"zip|post(al)?_?code": "10115",
    r"country|lang|locale": "en",
    r"currency": "EUR",
    r"colou?r": "red",
    r"uuid|guid": "6a1f0f0e-8c1a-4b57-9f0e-0123456789ab",
    r"file(name)?|path": "example.txt",
}
_TYPES_BY_NAME = {
    r"(^|_)(id|count|limit|page|size|per_page|offset|age|quantity|qty|number|year|stock|amount)$": "int",
    r"(^|_)(price|rate|percent|lat|lon|lng|total|weight)$": "float",
    r"^(is|has|can)_|^(done|active|enabled|completed|published|archived)$": "bool",
    r"(^|_)(tags|items|ids)$": "list",
}
_BY_TYPE: dict[str, Any] = {"int": 1, "float": 1.5, "bool": True, "list": ["a"], "object": {"a": 1}}
_PYTHON: dict[str, Any] = {"text": str, "int": int, "float": int | float, "bool": bool, "list": list, "object": dict}
_ODD_VALUES: dict[str, tuple[Any, ...]] = {
    "text": (None, 1, True, [], {}, "", " ", UNICODE, "1", LONG, "a\nb", "a\x00b"),
    "int": (None, "1", "abc", 1.0, 1.5, True, [], 0, -1, HUGE, "", "1_0", " 1 "),
    "float": (None, "1.5", "abc", 1, True, -1.5, 0, [], 1e300, ""),
    "bool": (None, "yes", "true", "", 1, 0, "false", []),
    "list": (None, {}, "a", [], [None], [[["deep"]]], 1),
    "object": (None, [], "a", {}, 1, True),
    "": (None, 1, "1", 1.0, True, [], {}, "", UNICODE, LONG),
}
_ODD_TEXTS: dict[str, tuple[str, ...]] = {
    "int": ("abc", "", "-1", "0", "1.0", "1.5", "1e3", "0x10", "1_0", " 1 ", "\u0661", str(HUGE), "+1"),
    "float": ("abc", "", "1", "-1.5", "nan", "inf", "1e5", "1,5"),
    "bool": ("true", "false", "0", "1", "maybe", ""),
}
_ANY_TEXT = ("", UNICODE, " a b ", "a+b&c=d", LONG, "0", "null", "<b>'\"", "a\nb")


def valid_value(parameter: Parameter) -> Any:
    """Return a JSON value that most views would take."""
    return next(value for source in _PRECEDENCE if (value := source(parameter)) is not None)


def valid_text(parameter: Parameter) -> str:
    """Return `valid_value` as a query or a form has it."""
    value = valid_value(parameter)
    return str(value).lower() if isinstance(value, bool) else str(value)


def odd_values(parameter: Parameter) -> tuple[Any, ...]:
    """Return JSON values at the limits, of other types, and odd ones."""
    return distinct((*parameter.interesting, *_ODD_VALUES[type_of(parameter)]))


def odd_texts(parameter: Parameter) -> tuple[str, ...]:
    """Return texts for a query or a form: those at the limits, and odd ones."""
    odd = _ODD_TEXTS.get(type_of(parameter), _ANY_TEXT)
    return tuple(dict.fromkeys((*map(str, parameter.interesting), *odd)))


def type_of(parameter: Parameter) -> str:
    """Return the type that the view says, or else the one that the name suggests; empty where neither does."""
    named = (kind for shape, kind in _TYPES_BY_NAME.items() if re.search(shape, parameter.name))
    return parameter.type or next(named, "text" if parameter.where == "json" else "")


def fits(value: Any, parameter: Parameter) -> bool:
    """Tell whether a value that a sample has sent may be a valid one."""
    if isinstance(value, str) and not value.strip():
        return False
    choices = [one for one in _limits(parameter) if isinstance(one, str)]
    if choices and value not in choices:
        return False
    if not parameter.type or parameter.where != "json":
        return True
    return isinstance(value, _PYTHON[parameter.type]) and isinstance(value, bool) is (parameter.type == "bool")


def format_value(value: Any) -> str:
    """Return a value for the name of a case, short and on one line."""
    if isinstance(value, str) and len(value) > 30:
        return f"{len(value)} characters"
    text = ascii(value) if isinstance(value, str) else str(value)
    return {"None": "null", "True": "true", "False": "false"}.get(text, text)[:40]


def format_text(text: str) -> str:
    """Return a text of a path, a query or a form for the name of a case: bare where that can be read."""
    is_plain = text.isascii() and text.isprintable() and 0 < len(text) <= 30 and " " not in text
    return text if is_plain else format_value(text)


def _text(parameter: Parameter) -> str:
    """Return a text that the name suggests, no longer than the view's limits of length allow."""
    words = re.sub(r"[^a-z]+", " ", parameter.name.lower()).strip() or "text"
    named = (text for shape, text in _BY_NAME.items() if re.search(shape, parameter.name, re.IGNORECASE))
    text = next(named, f"A {words}")
    longest = max((len(value) for value in parameter.interesting if _is_run(value)), default=None)
    return text if longest is None else text[: max(longest - 1, 1)]


_PRECEDENCE: tuple[Callable[[Parameter], Any], ...] = (
    # What the view takes by itself; not beside limits, which a default such as -1 may lie outside of.
    lambda one: (isinstance(one.default, str | int | float) and not _limits(one) and one.default) or None,
    # A text that the view compares with, whatever its type and name.
    lambda one: next((value for value in _limits(one) if isinstance(value, str)), None),
    # The middle one of the numbers that it compares with, which is the safest.
    lambda one: median_high(_limits(one)) if _limits(one) and type_of(one) in {"int", "float"} else None,
    # The type, before what the name suggests for a text: `is_email_sent` is no address.
    lambda one: _BY_TYPE.get(type_of(one)),
    _text,
)
"""What gives a valid value, in this order: the first that gives one decides. What the code says goes before names."""


def _limits(parameter: Parameter) -> list[Any]:
    """Return the values at which a view turns, but for texts that only show a limit of length."""
    return [value for value in parameter.interesting if not _is_run(value)]


def _is_run(value: Any) -> bool:
    """Tell whether a value is a text that only its length makes interesting."""
    return isinstance(value, str) and (not value or set(value) == {"x"})
