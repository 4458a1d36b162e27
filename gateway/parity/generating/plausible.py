"""Values that a view may like, and values that it may not, from a parameter's type, name and limits. Pure."""

from __future__ import annotations

import re
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
_GOOD: dict[str, Any] = {"int": 1, "float": 1.5, "bool": True, "list": ["a"], "object": {"a": 1}}
_PYTHON: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "list": (list,),
    "object": (dict,),
}
_WRONG: dict[str, tuple[Any, ...]] = {
    "text": (None, 1, True, [], {}, "", " ", UNICODE, "1", LONG, "a\nb", "a\x00b"),
    "int": (None, "1", "abc", 1.0, 1.5, True, [], 0, -1, HUGE, "", "1_0", " 1 "),
    "float": (None, "1.5", "abc", 1, True, -1.5, 0, [], 1e300, ""),
    "bool": (None, "yes", "true", "", 1, 0, "false", []),
    "list": (None, {}, "a", [], [None], [[["deep"]]], 1),
    "object": (None, [], "a", {}, 1, True),
    "": (None, 1, "1", 1.0, True, [], {}, "", UNICODE, LONG),
}
_WRONG_TEXTS: dict[str, tuple[str, ...]] = {
    "int": ("abc", "", "-1", "0", "1.0", "1.5", "1e3", "0x10", "1_0", " 1 ", "\u0661", str(HUGE), "+1"),
    "float": ("abc", "", "1", "-1.5", "nan", "inf", "1e5", "1,5"),
    "bool": ("true", "false", "0", "1", "maybe", ""),
}
_ANY_TEXT = ("", UNICODE, " a b ", "a+b&c=d", LONG, "0", "null", "<b>'\"", "a\nb")


def good_value(parameter: Parameter) -> Any:
    """A JSON value that most views would take: the default's type, a choice, a value within the limits."""
    kind = type_of(parameter)
    limits = [value for value in parameter.interesting if not _is_run(value)]
    if isinstance(parameter.default, str | int | float) and parameter.default and not limits:
        return parameter.default
    if texts := [value for value in limits if isinstance(value, str)]:
        return texts[0]
    if kind in {"int", "float"} and limits:
        return sorted(limits)[len(limits) // 2]
    if kind in _GOOD:
        return _GOOD[kind]
    named = next((text for shape, text in _BY_NAME.items() if re.search(shape, parameter.name, re.IGNORECASE)), None)
    text = named or f"A {re.sub(r'[^a-z]+', ' ', parameter.name.lower()).strip() or 'text'}"
    longest = [len(value) for value in parameter.interesting if _is_run(value)]
    return text[: max(max(longest) - 1, 1)] if longest else text


def good_text(parameter: Parameter) -> str:
    """The same as a query or a form has it."""
    value = good_value(parameter)
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def wrong_values(parameter: Parameter) -> tuple[Any, ...]:
    """JSON values at the limits, of other types, and odd ones."""
    return distinct((*parameter.interesting, *_WRONG[type_of(parameter)]))


def wrong_texts(parameter: Parameter) -> tuple[str, ...]:
    """The same as texts."""
    odd = _WRONG_TEXTS.get(type_of(parameter), _ANY_TEXT)
    return tuple(dict.fromkeys((*map(str, parameter.interesting), *odd)))


def type_of(parameter: Parameter) -> str:
    """What the view says, or what the name suggests."""
    named = (kind for shape, kind in _TYPES_BY_NAME.items() if re.search(shape, parameter.name))
    return parameter.type or next(named, "text" if parameter.where == "json" else "")


def fits(value: Any, parameter: Parameter) -> bool:
    """Whether a value that was seen may be a good one."""
    if isinstance(value, str) and not value.strip():
        return False
    choices = [one for one in parameter.interesting if isinstance(one, str) and not _is_run(one)]
    if choices and value not in choices:
        return False
    if not parameter.type or parameter.where != "json":
        return True
    return isinstance(value, _PYTHON[parameter.type]) and isinstance(value, bool) is (parameter.type == "bool")


def shown(value: Any) -> str:
    """A value in the name of a case, short and on one line."""
    text = ascii(value) if isinstance(value, str) else str(value)
    if isinstance(value, str) and len(value) > 30:
        return f"{len(value)} characters"
    return {"None": "null", "True": "true", "False": "false"}.get(text, text)[:40]


def shown_text(text: str) -> str:
    """A text of a path, a query or a form in the name of a case: bare where that can be read."""
    return text if text.isascii() and text.isprintable() and 0 < len(text) <= 30 and " " not in text else shown(text)


def _is_run(value: Any) -> bool:
    """Whether it is a text that only its length makes interesting."""
    return isinstance(value, str) and (not value or set(value) == {"x"})
